"""The package is what pyproject.toml lists: a folder that is not listed works in a checkout and misses the wheel."""

import ast
import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
PACKAGES = SETUPTOOLS["packages"]
ROOMS = {name: folder for name, folder in SETUPTOOLS["package-dir"].items()}
NOT_ROOMS = {"tests", "notebooks", "benchmarks", "docs", "build", "dist"}


def folder_of(package: str) -> Path:
    """Where the source of ``revpath.room.sub`` stands."""
    room = ".".join(package.split(".")[:2])
    return ROOT / ROOMS[room] / Path(*package.split(".")[2:])


def packages_on_disk() -> set[str]:
    inits = (init for room in ROOMS.values() for init in (ROOT / room).rglob("__init__.py"))
    return {".".join(("revpath", *init.parent.relative_to(ROOT).parts)) for init in inits}


def sources() -> list[Path]:
    return sorted(path for room in ROOMS.values() for path in (ROOT / room).rglob("*.py"))


def test_every_package_folder_is_listed_and_every_listed_one_exists():
    assert set(PACKAGES) == packages_on_disk()
    assert len(PACKAGES) == len(set(PACKAGES))


def test_every_folder_of_sources_is_a_package():
    """A folder of modules without __init__.py imports in a checkout and is left out of the wheel."""
    folders = {path.parent for path in sources()}
    assert sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()) == []


def test_every_folder_at_the_top_with_sources_is_a_room_or_known_not_to_be():
    tops = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert tops - set(ROOMS.values()) <= NOT_ROOMS


def test_revpath_is_the_only_name_that_is_installed():
    assert [p for p in PACKAGES if not p.startswith("revpath.")] == []
    assert {name: f"revpath.{folder}" for name, folder in ROOMS.items()} == {name: name for name in ROOMS}
    assert "py-modules" not in SETUPTOOLS
    assert not list(ROOT.glob("*.py"))


def test_every_data_file_is_in_the_wheel():
    patterns = SETUPTOOLS["package-data"]
    missing = []
    for package in PACKAGES:
        for path in folder_of(package).iterdir():
            if path.is_dir() or path.suffix in (".py", ".orig", ".rej"):  # the last two are leftovers of a merge
                continue
            if not any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns.get(package, [])):
                missing.append(str(path.relative_to(ROOT)))
    data_outside_packages = [
        path
        for room in ROOMS.values()
        for path in (ROOT / room).rglob("*.toml")
        if not (path.parent / "__init__.py").exists()
    ]
    assert missing == []
    assert data_outside_packages == []


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


def test_the_core_imports_without_optional_packages():
    optional = ["torch", "aihwkit", "dask"]
    rooms = [*ROOMS, "revpath.studies.cli", "revpath.studies.compare"]
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
