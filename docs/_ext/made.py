"""Pages that are made when the site is built: the reference of every public name, the gallery, and copies of the notebooks."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import runpy
import shutil
import types
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOMS = ("devices", "simulator", "ebm", "energy_models", "studies")
MODULES = ("revpath.energy_models.records", "revpath.studies.tasks.text", "revpath.studies.tasks.images")
"""Modules, no folders, whose functions a user calls."""


def subjects() -> Iterator[str]:
    """The rooms, each followed by its folders, as far as they show names."""
    for room in ROOMS:
        package = importlib.import_module(f"revpath.{room}")
        yield package.__name__
        inside = sorted(
            info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if info.ispkg
        )
        yield from inside
        yield from (name for name in MODULES if name.startswith(f"revpath.{room}."))


def names_of(subject: str) -> list[str]:
    """Public functions and classes that a package or module shows, in the order of the alphabet."""
    module = importlib.import_module(subject)
    listed = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("_")]
    return sorted(name for name in listed if _documented(getattr(module, name), subject))


def _documented(value: object, subject: str) -> bool:
    if isinstance(value, types.ModuleType) or not (inspect.isclass(value) or inspect.isfunction(value)):
        return False
    home = getattr(value, "__module__", "")
    return home.startswith("revpath.") if "." not in subject[8:] else home.startswith(subject)


def write_reference(folder: Path) -> int:
    """One page a subject with a table of names; a name that several show stands under the first. The number of names."""
    folder.mkdir(exist_ok=True)
    seen: set[int] = set()
    pages = []
    for subject in subjects():
        module = importlib.import_module(subject)
        names = [name for name in names_of(subject) if id(getattr(module, name)) not in seen]
        seen |= {id(getattr(module, name)) for name in names}
        if not names:
            continue
        classes = [name for name in names if inspect.isclass(getattr(module, name))]
        functions = [name for name in names if name not in classes]
        lines = [subject, "=" * len(subject), "", f".. automodule:: {subject}", "   :no-members:", ""]
        lines += [f".. currentmodule:: {subject}", ""]
        for title, members in (("Classes", classes), ("Functions", functions)):
            if members:
                lines += [f".. rubric:: {title}", "", ".. autosummary::", "   :toctree: names", "   :nosignatures:", ""]
                lines += [f"   {name}" for name in members] + [""]
        (folder / f"{subject}.rst").write_text("\n".join(lines), encoding="utf-8")
        pages.append(subject)
    said = "Every public name, from its docstring; ``revpath`` itself shows the names of a first hour."
    head = f"API reference\n=============\n\n{said}\n\n"
    toctree = ".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {page}\n" for page in pages)
    (folder / "index.rst").write_text(head + toctree, encoding="utf-8")
    return len(seen)


def copy_notebooks(folder: Path) -> None:
    """The notebooks as pages, and a page that lists them by their titles."""
    folder.mkdir(exist_ok=True)
    names = []
    for notebook in sorted((DOCS.parent / "notebooks").glob("*.ipynb")):
        target = folder / notebook.name
        if not target.exists() or target.read_bytes() != notebook.read_bytes():
            shutil.copyfile(notebook, target)
        names.append(notebook.stem)
    head = "# Notebooks\n\nThin, each under two minutes on two cores; `revpath` runs in all of them as it is installed.\n\n"
    listed = "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"
    (folder / "index.md").write_text(head + listed, encoding="utf-8")


_LITERAL = re.compile(r"(``.*?``|:math:`[^`]*`)")


def _magnitudes(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """|x| in a docstring is a magnitude, not a substitution of reStructuredText."""
    inside = False  # of a block of mathematics
    for k, line in enumerate(lines):
        if line.strip():
            inside = line.startswith(".. math::") or (inside and line.startswith(" "))
        if "|" in line and not inside and not line.lstrip().startswith(">>>"):
            parts = _LITERAL.split(line)
            lines[k] = "".join(part if n % 2 else part.replace("|", "\\|") for n, part in enumerate(parts))


def _make(app: Sphinx) -> None:
    write_reference(DOCS / "reference")
    app.config.autosummary_generate = [str(page) for page in sorted((DOCS / "reference").glob("*.rst"))]
    copy_notebooks(DOCS / "notebooks")
    runpy.run_path(str(DOCS / "gallery.py"))["write_gallery"](DOCS / "gallery")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _magnitudes, priority=900)  # after numpydoc
    app.connect("builder-inited", _make, priority=100)  # before autosummary looks for pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
