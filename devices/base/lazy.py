"""Public names of a package that are loaded when they are first used, so that importing the package costs nothing.

A room lists its names twice, as a map for this and as ``__all__`` for readers and type checkers; a test of each room
holds them together. A folder whose face is one module of it names that module alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import EllipsisType
from typing import Any


def lazily(
    package: str, homes: Mapping[str, Sequence[str] | EllipsisType]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        its ``__name__``.
    homes : Mapping[str, Sequence[str] or EllipsisType]
        module, relative to the package -> the names that are taken from there; ``...`` for every name that the module
        defines.
    """
    module_of = {name: home for home, names in homes.items() if names is not ... for name in names}
    open_homes = [home for home, names in homes.items() if names is ...]

    def get(name: str) -> Any:
        if name in module_of:
            value = getattr(import_module(module_of[name], package), name)
        elif open_homes and not name.startswith("_") and find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")  # before a function of that name, whatever was imported first
        elif not name.startswith("__") and (home := next((h for h in open_homes if name in _defined(h)), None)):
            value = _defined(home)[name]
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)  # found at once from now on
        return value

    def _defined(home: str) -> dict[str, Any]:
        return vars(import_module(home, package))

    def names() -> list[str]:
        public = (
            name for home in open_homes for name, value in _defined(home).items() if _is_public(name, value, home)
        )
        return sorted({*module_of, *public})

    def _is_public(name: str, value: Any, home: str) -> bool:
        return not name.startswith("_") and getattr(value, "__module__", None) == package + home

    return get, names
