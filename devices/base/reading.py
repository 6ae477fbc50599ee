"""Text, TOML and JSON files of anybody: read, or refused by a RecordError that names the file.

A byte order mark is read over. Control characters inside a text (an escape sequence in a title, say) are refused: what a
file says is printed, drawn and put on pages later, and none of these places should have to think of it.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from .errors import CONTROL, RecordError, shown

_LARGEST = 64 * 2**20  # bytes; the largest result of the project has 2
_DEEPEST = 100  # tables and arrays within each other


def read_text(path: Path | Traversable) -> str:
    """A text file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path : Path or Traversable
        A file, or a resource of a package.

    Returns
    -------
    str
        Its text, without the mark.

    Raises
    ------
    RecordError
        It is missing, no file, cannot be read, is not UTF-8 or has more than 64 MiB.
    """
    return _text(path, "text")


def _text(path: Path | Traversable, kind: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise RecordError(f"{path}: has more than {_LARGEST >> 20} MiB; no file of this kind has")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not a readable {kind} file: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, RecordError):
            raise
        why = getattr(error, "strerror", None) or error
        raise RecordError(f"{path}: not a readable {kind} file: {why}") from error


def read_toml(path: Path | Traversable) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Parameters
    ----------
    path : Path or Traversable
        A file, or a resource of a package.

    Returns
    -------
    dict of str
        Its content; every text in it is free of control characters, every integer fits into 64 bits.

    Raises
    ------
    RecordError
        The file is missing, not text, not TOML, too deeply nested, or holds what no reader should see; names the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "windows.toml"
    >>> _ = path.write_bytes(b"\\xef\\xbb\\xbfname = 'cell'")
    >>> read_toml(path)
    {'name': 'cell'}
    """
    return _parsed(path, "TOML", tomllib.loads)


def read_json(path: Path | Traversable) -> Any:
    """A JSON file; see `read_toml`, whose promises and errors it has. NaN and infinities are refused.

    Parameters
    ----------
    path : Path or Traversable
        A file, or a resource of a package.

    Returns
    -------
    dict, list, str, float, int, bool or None
        Its content.

    Raises
    ------
    RecordError
        As `read_toml`.
    """
    return _parsed(path, "JSON", lambda text: json.loads(text, parse_constant=_no_constant))


def _parsed(path: Path | Traversable, kind: str, parse: Callable[[str], Any]) -> Any:
    text = _text(path, kind)
    try:
        content = parse(text)
    except RecursionError:
        raise RecordError(f"{path}: not a readable {kind} file: tables or arrays are nested too deeply") from None
    except ValueError as error:  # of the syntax, or of an integer with thousands of digits
        raise RecordError(f"{path}: not a readable {kind} file: {error}") from error
    _check(content, str(path))
    return content


def _check(content: Any, where: str) -> None:
    """RecordError for control characters, integers beyond 64 bits and deep nesting, with the place; no recursion."""
    pending: list[tuple[Any, tuple[str, ...]]] = [(content, ())]
    while pending:
        value, place = pending.pop()
        if len(place) > _DEEPEST:
            raise RecordError(f"{where}: {'.'.join(place[:3])}...: nested more than {_DEEPEST} deep")
        if isinstance(value, dict):
            pending += [(key, (*place, "(a key)")) for key in value]
            pending += [(item, (*place, str(key))) for key, item in value.items()]
        elif isinstance(value, list):
            pending += [(item, (*place, str(k))) for k, item in enumerate(value)]
        elif isinstance(value, str):
            bad = next((c for c in value if c not in "\n\r\t" and unicodedata.category(c) in CONTROL), None)
            if bad is not None:
                name = f"U+{ord(bad):04X}"
                raise RecordError(
                    f"{where}: {'.'.join(place)} = {shown(value)}: the control character {name} is not allowed"
                )
        elif isinstance(value, int) and abs(value) >= 2**63:
            raise RecordError(f"{where}: {'.'.join(place)} = {shown(value)}: integers must fit into 64 bits")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
