"""Errors that name the field, the value and what is allowed. All of them are ValueErrors."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category

CONTROL = ("Cc", "Cf", "Cs")  # Unicode: controls, marks of direction and the like, halves of surrogates


class RevpathError(ValueError):
    """Something a user gave cannot be used; the command line prints it and exits with code 2.

    What a message quotes may come from a file of somebody else: characters that control a terminal are escaped in it.
    """

    bare = ""
    """The message of a refused description without its class, for a place in a file to stand before it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(printable(arg) if isinstance(arg, str) else arg for arg in args))


class RecordError(RevpathError):
    """A record or a file of records is missing, malformed or without a source."""


class UnitError(RevpathError):
    """A unit cannot be read, or has another dimension than the one asked for."""


class UnknownName(RevpathError):
    """A device, record, chip or EBM of that name does not exist."""


def printable(text: str) -> str:
    """A text in which nothing controls a terminal: such characters as escapes, new lines and tabs as they are.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same, with control characters, directional marks and lone surrogates as ``\\x1b`` or ``\\u202e``.

    Examples
    --------
    >>> printable("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or category(c) not in CONTROL else c.encode("unicode_escape").decode() for c in text
    )


def shown(value: object, most: int = 80) -> str:
    """A value as a message quotes it: its repr, and of a long one the beginning.

    Parameters
    ----------
    value : object
        Anything, such as an entry of a file.
    most : int
        Characters that are shown.

    Returns
    -------
    str
        The repr, shortened.
    """
    if isinstance(value, int) and abs(value) >= 10**most:  # Python refuses to print integers of 4300 digits
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:
        return f"a {type(value).__name__} with an integer too long to print"
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def explain(error: Exception) -> str:
    """A pydantic error, or the refusal of a description that it caused, as one line: field, value, what is allowed."""
    from pydantic import ValidationError  # here, so that the errors of the lowest room cost nothing to import

    if isinstance(error, RevpathError) and error.bare:
        return error.bare
    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"]) or "value"
        given = item.get("input")
        value = "" if isinstance(given, dict) or item["type"] == "missing" else f" = {shown(given)}"
        lines.append(f"{field}{value}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)


def unknown(kind: str, name: object, known: Iterable[object]) -> UnknownName:
    """The error for a name that is not in a library, with the names that are."""
    from difflib import get_close_matches

    names = sorted(str(k) for k in known)
    close = get_close_matches(str(name)[:200], names, n=1)  # beyond it, likeness takes minutes
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return UnknownName(f"{kind} = {shown(name)} is not known{hint} Known: {', '.join(names)}")
