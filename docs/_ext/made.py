"""Pages that are made when the site is built: the reference of every public name, the gallery, and copies of the notebooks."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import runpy
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
        target, text = folder / notebook.name, notebook.read_text(encoding="utf-8").replace("(../docs/", "(../")
        if not target.exists() or target.read_text(encoding="utf-8") != text:  # the cache of runs goes by content
            target.write_text(text, encoding="utf-8")
        names.append(notebook.stem)
    head = "# Notebooks\n\nThin, each under two minutes on two cores; `revpath` runs in all of them as it is installed.\n\n"
    listed = "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"
    (folder / "index.md").write_text(head + listed, encoding="utf-8")


def write_tables(page: Path) -> None:
    """How far the models can be trusted, in numbers of today's library: chips, trainings, claims."""
    from revpath.energy_models import retest, validation_table
    from revpath.energy_models.claims.table import claims_table
    from revpath.studies.commands.gpu_validation import metered_frame

    parts = [
        "# Tables of trust",
        "",
        "Made when the site is built; what they mean is told in [the page on trust](trust.md).",
    ]
    for title, command, frame in (
        ("Chips", "revpath validate --csv", validation_table()),
        ("Metered trainings", "revpath gpu --trainings --csv", metered_frame()),
        ("Published claims", "revpath claims --csv", claims_table(list(retest()))),
    ):
        parts += ["", f"## {title}", "", f"`{command}`", "", *_markdown(frame)]
    page.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _markdown(frame: Any) -> list[str]:
    rows = [list(frame.columns), ["---"] * len(frame.columns)]
    rows += [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    return ["| " + " | ".join(map(str, row)) + " |" for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    return re.sub(r"\s+", " ", str(value)).replace("|", r"\|").replace("$", r"\$")[:120]


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


def _signature(
    app: Sphinx, what: str, name: str, value: Any, options: object, signature: str | None, returned: object
) -> tuple[str, None] | None:
    """Of a class whose base hides it behind a ``__new__`` of any arguments, as scipy's LinearOperator does."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    found = inspect.signature(value.__init__)
    plain = [argument.replace(annotation=argument.empty) for argument in list(found.parameters.values())[1:]]
    return str(found.replace(parameters=plain, return_annotation=found.empty)), None


def _skip(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: object) -> bool | None:
    """What another package puts into a class, such as scikit-learn's requests of metadata, is documented there."""
    home = getattr(value, "__module__", None) or getattr(getattr(value, "fget", None), "__module__", "")
    return True if (name.startswith("set_") and name.endswith("_request")) or home.startswith("sklearn.") else None


def _make(app: Sphinx) -> None:
    write_reference(DOCS / "reference")
    app.config.autosummary_generate = [str(page) for page in sorted((DOCS / "reference").glob("*.rst"))]
    copy_notebooks(DOCS / "notebooks")
    write_tables(DOCS / "tables.md")
    runpy.run_path(str(DOCS / "gallery.py"))["write_gallery"](DOCS / "gallery")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _magnitudes, priority=900)  # after numpydoc
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    app.connect("builder-inited", _make, priority=100)  # before autosummary looks for pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
