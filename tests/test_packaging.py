"""The package is what pyproject.toml lists: a folder that is not listed works in a checkout and misses the wheel."""

import ast
import fnmatch
import importlib
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FACE = ROOT / "src" / "revpath"
ROOMS = {f"revpath.{link.name}": link.name for link in sorted(FACE.iterdir()) if link.is_symlink()}
NOT_ROOMS = {"tests", "notebooks", "benchmarks", "docs", "build", "dist", "packaging"}


def sources() -> list[Path]:
    return sorted(path for room in ROOMS.values() for path in (ROOT / room).rglob("*.py"))


def test_every_room_is_linked_into_the_package_by_its_own_name():
    """The links are what setuptools, editors, type checkers and import-linter follow; Windows needs them switched on."""
    assert set(ROOMS.values()) == {"devices", "simulator", "ebm", "energy_models", "studies"}
    for room in ROOMS.values():
        assert (FACE / room).resolve() == ROOT / room
        assert not (FACE / room).readlink().is_absolute()
    assert (FACE / "py.typed").exists()


def test_every_folder_of_sources_is_a_package():
    """A folder of modules or data without __init__.py is there in a checkout and is left out of the wheel."""
    folders = {path.parent for room in ROOMS.values() for path in (ROOT / room).rglob("*") if path.is_file()}
    folders = {folder for folder in folders if folder.name != "__pycache__"}
    assert sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()) == []


def test_every_folder_at_the_top_with_sources_is_a_room_or_known_not_to_be():
    tops = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert tops - set(ROOMS.values()) <= NOT_ROOMS
    assert not list(ROOT.glob("*.py"))


def test_every_data_file_is_in_the_wheel():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    files = (path for room in ROOMS.values() for path in (ROOT / room).rglob("*") if path.is_file())
    known = {".py", ".pyc", ".nbi", ".nbc", ".md", ".orig", ".rej"}  # caches, notes to readers of the source, leftovers
    data = [path for path in files if path.suffix not in known]
    missing = [path for path in data if not any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)]
    assert data
    assert missing == []


def test_a_moved_path_still_leads_to_its_module_and_says_where_it_is():
    from revpath._moved import MOVED
    from revpath.devices.base import errors

    with pytest.warns(DeprecationWarning, match=r"revpath\.devices\.base\.errors now"):
        old = importlib.import_module("revpath.devices.errors")
    assert old is errors
    assert all(importlib.util.find_spec(f"revpath.{new}") for new in MOVED.values())
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("revpath.devices.nothing")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("simulator.noise", "Stream"),
        ("simulator.converters", "ADC"),
        ("devices.traces", "read_traces"),
        ("devices.laws", "Window"),
        ("ebm.synapses", "DigitalSynapses"),
        ("energy_models.gpu", "price_on_gpu"),
        ("studies.compare", "compare"),
    ],
)
def test_a_folder_shows_what_the_module_of_its_name_showed(folder, name):
    package = importlib.import_module(f"revpath.{folder}")
    assert getattr(package, name).__name__ == name
    assert name in dir(package)


def test_the_face_shows_the_names_of_the_first_hour():
    import revpath

    assert revpath.__version__ == PROJECT["project"]["version"]
    for name in revpath.__all__:
        assert getattr(revpath, name) is not None
        assert name in dir(revpath)


def test_siblings_are_imported_relatively():
    """Inside the rooms ruff's rule is off, since it cannot tell ``from ..devices`` from ``import devices``."""
    wrong = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module or "")
            bad = [name for name in names if name.split(".")[0] in {"revpath", *ROOMS.values()}]
            wrong += [f"{path.relative_to(ROOT)}:{node.lineno}: {name}" for name in bad]
    assert wrong == []


@pytest.mark.parametrize("where", ["tests/x.py", "benchmarks/x.py", "docs/x.py"])
@pytest.mark.parametrize("room", sorted(ROOMS.values()))
def test_ruff_refuses_the_bare_name_of_a_room(room, where):
    assert "TID251" in ruff_rules(f"import {room}\n\nprint({room})\n", where)
    assert "TID251" not in ruff_rules(f"import revpath.{room}\n\nprint(revpath.{room})\n", where)


def ruff_rules(source: str, where: str) -> set[str]:
    """The rules that ruff, as this project sets it up, finds broken in `source` if it stood at `where`."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format=json", "--stdin-filename", where, "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {found["code"] for found in json.loads(done.stdout)}


@pytest.mark.slow
def test_the_core_imports_without_optional_packages():
    optional = ["torch", "aihwkit", "dask"]
    rooms = [*ROOMS, "revpath.studies.commands.cli", "revpath.studies.compare.job"]
    code = f"import {', '.join(rooms)}, sys; print([m for m in {optional} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    core = {re.match(r"[\w.-]+", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert core.isdisjoint(optional)


def test_versions_agree():
    version = PROJECT["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == version
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == version
    for name in (".zenodo.json", "codemeta.json"):
        assert json.loads((ROOT / name).read_text(encoding="utf-8"))["version"] == version


def test_every_extra_of_all_exists_and_a_tag_names_the_version():
    extras = PROJECT["project"]["optional-dependencies"]
    named = re.fullmatch(r"revpath\[(.*)\]", extras["all"][0])[1].split(",")
    assert set(named) <= set(extras)
    git = ["git", "-C", str(ROOT), "tag", "--points-at", "HEAD", "v*"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    for tag in done.stdout.split():
        assert tag == f"v{PROJECT['project']['version']}"


def test_the_recipe_of_conda_has_every_dependency():
    import runpy

    made = runpy.run_path(str(ROOT / "packaging" / "make_recipe.py"))["recipe"](PROJECT["project"], "0" * 64)
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.match(r"[\w.-]+", requirement)[0]
        assert re.search(rf"^    - {name}(-base)? ", made, re.MULTILINE), name


def test_the_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_notebooks_are_kept_without_outputs():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        kept = [c for c in cells if c["cell_type"] == "code" and (c["outputs"] or c["execution_count"] is not None)]
        assert not kept, f"{path.name} holds outputs: jupyter nbconvert --clear-output --inplace {path.name}"
