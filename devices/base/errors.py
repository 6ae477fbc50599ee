"""Errors that name the field, the value and what is allowed. All of them are ValueErrors."""

from __future__ import annotations


class RevpathError(ValueError):
    """Something a user gave cannot be used; the command line prints it and exits with code 2."""


class RecordError(RevpathError):
    """A record or a file of records is missing, malformed or without a source."""


class UnitError(RevpathError):
    """A unit cannot be read, or has another dimension than the one asked for."""


class UnknownName(RevpathError):
    """A device, record, chip or EBM of that name does not exist."""


def explain(error: Exception) -> str:
    """A pydantic error as one line a user can act on: field, value, what is allowed."""
    from pydantic import ValidationError  # here, so that the errors of the lowest room cost nothing to import

    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"]) or "value"
        given = item.get("input")
        shown = "" if isinstance(given, dict) or item["type"] == "missing" else f" = {given!r}"
        lines.append(f"{field}{shown}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)


def unknown(kind: str, name: object, known: object) -> UnknownName:
    """The error for a name that is not in a library, with the names that are."""
    from difflib import get_close_matches

    names = sorted(str(k) for k in known)  # type: ignore[union-attr]
    close = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return UnknownName(f"{kind} = {name!r} is not known{hint} Known: {', '.join(names)}")
