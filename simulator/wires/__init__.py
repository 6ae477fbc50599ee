"""Exact IR drop: arrays with resistive wires, solved to a tolerance on Kirchhoff's law that is always returned.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

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

__getattr__, __dir__ = lazily(__name__, _HOME)
