"""Where claims are kept: their words in ``claims.toml``, their arithmetic in functions marked with `publishes`.

A table of ``claims.toml`` whose key no function makes is a claim taken at its word: its published factor is the record that
the table names, nothing of it is computed again, and today's factor differs by the hosts of both sides alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from ...devices.base.errors import RecordError, unknown
from ...devices.base.reading import read_toml
from ..sensitivity import Quantity
from .claim import KINDS_OF_BASIS, Claim, Note, Step

Maker = Callable[[], tuple[Claim, ...]]

MAKERS: dict[str, Maker] = {}
"""Functions that make claims, by module and name."""

_WORDS = ("name", "title", "about", "published", "basis", "condition", "missing", "quality")
_NEEDED = ("name", "title", "about")
JOULES = ("energy", "power")
"""How ``about`` begins where both sides are compared in joules, so that hosts and facility belong to it."""


def publishes(function: Maker) -> Maker:
    """Mark a function whose claims belong to the catalogue.

    Parameters
    ----------
    function : callable
        Takes nothing, gives a tuple of claims, each made by `written`.

    Returns
    -------
    callable
        The same function.
    """
    MAKERS[f"{function.__module__}.{function.__qualname__}"] = function
    return function


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The tables of ``claims.toml`` by key, checked.

    Raises
    ------
    RecordError
        a table lacks a field, has one that is unknown, or one that is not text.
    """
    file = files("revpath.energy_models.claims") / "claims.toml"
    return MappingProxyType({key: _checked(key, table) for key, table in read_toml(file).items()})


def _checked(key: str, table: Any) -> Mapping[str, str]:
    where = f"claims.toml: [{key}]"
    if not isinstance(table, Mapping):
        raise RecordError(f"{where} = {table!r} must be a table with {', '.join(_WORDS)}")
    for field, value in table.items():
        if field not in _WORDS:
            raise RecordError(f"{where}: field {field!r} is not one of {', '.join(_WORDS)}")
        if not isinstance(value, str) or not value:
            raise RecordError(f"{where}: {field} = {value!r} must be a text")
    for field in _NEEDED:
        if field not in table:
            raise RecordError(f"{where}: {field} is missing")
    if table.get("basis", "none") not in KINDS_OF_BASIS:
        raise RecordError(f"{where}: basis = {table['basis']!r} must be one of {', '.join(KINDS_OF_BASIS)}")
    return MappingProxyType(dict(table))


def written(
    key: str,
    *,
    published: Quantity | None = None,
    own: Quantity | None = None,
    steps: tuple[Step, ...] = (),
    hardware: Quantity | None = None,
    notes: tuple[Note, ...] = (),
) -> Claim:
    """A claim from its words in ``claims.toml`` and its arithmetic.

    Parameters
    ----------
    published : Quantity, optional
        where it is not the record that the table names.

    Raises
    ------
    UnknownName
        no table of ``claims.toml`` has that key.
    """
    if key not in words():
        raise unknown("claim", key, list(words()))
    text: dict[str, Any] = dict(words()[key])
    record = text.pop("published", None)
    factor = published if published is not None or record is None else _of(record)
    return Claim(key, published=factor, own=own, steps=steps, hardware=hardware, notes=notes, **text)


def _of(record: str) -> Quantity:
    return lambda take: take(record, "dimensionless")


def registered() -> tuple[Claim, ...]:
    """Every claim: of the functions of this folder and of those marked elsewhere, then those taken at their word."""
    from .parts import TO_THE_WALL

    folder = import_module(__package__ or "")
    for module in iter_modules(folder.__path__):
        import_module(f"{__package__}.{module.name}")
    made = [claim for make in MAKERS.values() for claim in make()]
    known = {claim.key for claim in made}
    for key, text in words().items():
        if key not in known:
            made.append(written(key, steps=TO_THE_WALL if text["about"].startswith(JOULES) else ()))
    return tuple(made)
