"""Where claims are kept: a function that makes some is marked with `publishes`, in any module of this folder."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from .claim import Claim

Maker = Callable[[], tuple[Claim, ...]]

MAKERS: dict[str, Maker] = {}
"""Functions that make claims, by module and name."""


def publishes(function: Maker) -> Maker:
    """Mark a function whose claims belong to the catalogue.

    Parameters
    ----------
    function : callable
        Takes nothing, gives a tuple of claims.

    Returns
    -------
    callable
        The same function.
    """
    MAKERS[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def registered() -> tuple[Claim, ...]:
    """Every claim of the modules of this folder, and of functions marked elsewhere, in no order."""
    folder = import_module(__package__ or "")
    for module in iter_modules(folder.__path__):
        import_module(f"{__package__}.{module.name}")
    return tuple(claim for make in MAKERS.values() for claim in make())
