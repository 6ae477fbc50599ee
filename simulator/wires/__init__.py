"""Exact IR drop: arrays with resistive wires, solved to a tolerance on Kirchhoff's law that is always returned.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Wires
    from .effective import EffectiveMatrix, effective_matrix
    from .errors import WireError, WireWarning
    from .iv import CellLaw, Cubic, Ohmic, Selector, Sinh
    from .read_noise import noise_covariance, noise_variance
    from .solution import WireSolution
    from .solver import solve

_HOME = {
    ".config": ("Wires",),
    ".effective": ("EffectiveMatrix", "effective_matrix"),
    ".errors": ("WireError", "WireWarning"),
    ".iv": ("CellLaw", "Cubic", "Ohmic", "Selector", "Sinh"),
    ".read_noise": ("noise_covariance", "noise_variance"),
    ".solution": ("WireSolution",),
    ".solver": ("solve",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "CellLaw",
    "Cubic",
    "EffectiveMatrix",
    "Ohmic",
    "Selector",
    "Sinh",
    "WireError",
    "WireSolution",
    "WireWarning",
    "Wires",
    "effective_matrix",
    "noise_covariance",
    "noise_variance",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
