"""What a TOML file holds, before it is used: tables where tables belong, names where names do, numbers that are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, SupportsFloat

from ..devices.base.errors import RevpathError, shown
from ..devices.base.frozen import Frozen
from .errors import PriceError


class Described(Frozen):
    """What a file of chips or components describes: frozen and validated, refused by a `PriceError`."""

    refusal: ClassVar[type[RevpathError]] = PriceError


def table(content: object, where: str) -> dict[str, Any]:
    """`content` as a dict of its own.

    Raises
    ------
    PriceError
        it is no table; names `where` and shows what stands there.

    Examples
    --------
    >>> table({"event": "digital.add"}, "price")
    {'event': 'digital.add'}
    """
    if not isinstance(content, Mapping):
        raise PriceError(f"{where} = {shown(content)} must be a table")
    return dict(content)


def tables(content: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    """The ``[[name]]`` tables of a file; none where it has none.

    Raises
    ------
    PriceError
        `name` is no list of tables.
    """
    given = content.get(name, [])
    if not isinstance(given, list):
        raise PriceError(f"{where}: {name} = {shown(given)} must be a list of tables, [[{name}]]")
    return [table(each, f"{where}: {name} number {count}") for count, each in enumerate(given, 1)]


def names(content: Mapping[str, Any], fields: tuple[str, ...], where: str) -> set[str]:
    """What stands in those of the `fields` that are there.

    Raises
    ------
    PriceError
        one of them is no text, or empty.
    """
    for field in fields:
        if field in content and not (isinstance(content[field], str) and content[field]):
            raise PriceError(f"{where}: {field} = {shown(content[field])} must be the id of a record")
    return {content[field] for field in fields if field in content}


def number(value: object, where: str) -> float:
    """`value` as a finite float.

    Raises
    ------
    PriceError
        it is none: a bool, a text, a list, nan, or a whole number that no float holds.
    """
    try:
        if isinstance(value, SupportsFloat) and not isinstance(value, bool):
            result = float(value)
            if math.isfinite(result):
                return result
    except (TypeError, ValueError, OverflowError):
        pass
    raise PriceError(f"{where} = {shown(value)} must be a finite number")
