"""The result of a comparison on the disk: where it is kept, that none overwrites another, and how it is read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder, write_whole
from ...devices.base.printable import one_line

FILE = "result.json"
KEPT = "results"
"""Every result stands in a folder of its own in here, named by a digest of its settings; above are copies of the last."""
_OF_A_FIGURE = ("pdf", "svg", "png", "txt")
_OF_A_RESULT = (FILE, "bills.html", *(f"{name}.{end}" for name in ("compare", "tornado") for end in _OF_A_FIGURE))


def kept_in(folder: Path, id: str) -> Path:
    """The folder, made if need be, of the result of that id."""
    return results_folder(folder / KEPT / id)


def show_as_last(files: Iterable[Path], folder: Path, names: Sequence[str] = _OF_A_RESULT) -> list[Path]:
    """Copy files of one result to `folder`, where the last one stands; what stood there is kept.

    Parameters
    ----------
    names : sequence of str
        of all files that a result can have, the first of which tells results apart.
    """
    _keep_what_stands(folder, names)
    shown = []
    for path in files:
        shown.append(folder / path.name)
        if path.exists():
            write_whole(shown[-1], path.read_bytes())
    return shown


def _keep_what_stands(folder: Path, names: Sequence[str]) -> None:
    """A result of revpath 0.1 stands in the folder alone: give it one of its own before it is overwritten."""
    last = folder / names[0]
    if not last.exists():
        return
    content = last.read_bytes()
    if any(path.read_bytes() == content for path in (folder / KEPT).glob(f"*/{names[0]}")):
        return
    own = kept_in(folder, f"earlier-{hashlib.sha256(content).hexdigest()[:16]}")
    for name in names:
        if (folder / name).exists():
            write_whole(own / name, (folder / name).read_bytes())


def result_file(place: Path | str) -> Path:
    """The ``result.json`` of a place, which is that file or the folder of it."""
    path = Path(place)
    return path / FILE if path.is_dir() or not path.suffix else path


def read_result(place: Path | str) -> dict[str, Any]:
    """The content of a complete result.

    Parameters
    ----------
    place : Path or str
        A ``result.json``, or the folder that holds it.

    Raises
    ------
    RevpathError
        It cannot be read, is no result of `revpath compare`, or is that of an interrupted comparison.
    """
    path = result_file(place)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
        raise RevpathError(f"result = {str(path)!r} is not a result of `revpath compare`: {why}") from None
    except (ValueError, RecursionError) as error:
        why = one_line(error, 120)
        raise RevpathError(
            f"result = {str(path)!r} is not a result.json of `revpath compare`: it is not JSON: {why}"
        ) from None
    if not isinstance(content, dict) or ("contenders" not in content and "verdict" not in content):
        raise RevpathError(f"result = {str(path)!r} is not a result.json of `revpath compare`: it has no contenders")
    if content.get("complete", True) is not True:
        raise RevpathError(
            f"result = {str(path)!r} is that of an interrupted comparison, whose verdict means nothing: "
            "run `revpath compare` again to complete it"
        )
    return content


def results_in(folder: Path | str) -> list[tuple[Path, dict[str, Any] | str]]:
    """Every result kept in a folder of `revpath compare`: its path, and its content or why it cannot be used."""
    found: list[tuple[Path, dict[str, Any] | str]] = []
    for path in sorted((Path(folder) / KEPT).glob(f"*/{FILE}")):
        try:
            found.append((path, read_result(path)))
        except RevpathError as error:
            found.append((path, str(error)))
    return found
