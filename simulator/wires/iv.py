"""Current-voltage laws of cells, for arrays whose cells are not ohmic.

Each law is odd and increasing, so that the circuit has exactly one solution, and its small-signal conductance is, except for the
selector, the cell's conductance. They are generic shapes, not fits: the parameters of a device are the user's to give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .errors import WireError

CELL_LAWS: dict[str, type[CellLaw]] = {}
"""Laws that files know, by name."""


@runtime_checkable
class CellLaw(Protocol):
    """Current of cells and its derivative; conductance (S) and drop (V, word line minus bit line) broadcast.

    Anything with the two methods is a law. A frozen dataclass that derives from this one is in `CELL_LAWS` by the name of
    its class, so that configurations with it can be written to files and read again.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        CELL_LAWS[cls.__name__] = cls

    def current(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        """A, odd in the drop and increasing."""
        ...

    def slope(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        """S, dI/dV, not negative."""
        ...


def _positive(law: str, field: str, value: Any, least: float, included: bool) -> None:
    good = (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )
    if not good or not (value > least or (included and value == least)):
        allowed = f"at least {least:g}" if included else f"more than {least:g}"
        raise WireError(f"{law}: {field} = {value!r} must be a finite number, {allowed}")


@dataclass(frozen=True)
class Ohmic(CellLaw):
    """I = G V."""

    def current(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        return conductance * drop

    def slope(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        return conductance * np.ones_like(drop)


@dataclass(frozen=True)
class Sinh(CellLaw):
    """I = G v0 sinh(V / v0), the usual compact form of hopping and tunnelling conduction. v0: V, more than 0; large is ohmic."""

    v0: float

    def __post_init__(self) -> None:
        _positive("Sinh", "v0", self.v0, 0, False)

    def current(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.where(conductance > 0, conductance * (self.v0 * np.sinh(drop / self.v0)), 0.0)

    def slope(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.where(conductance > 0, conductance * np.cosh(drop / self.v0), 0.0)


@dataclass(frozen=True)
class Cubic(CellLaw):
    """I = G (V + c V^3). coefficient c: 1/V^2, at least 0, for a negative one would not increase; 0 is ohmic."""

    coefficient: float

    def __post_init__(self) -> None:
        _positive("Cubic", "coefficient", self.coefficient, 0, True)

    def current(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        return conductance * drop * (1 + self.coefficient * drop * drop)

    def slope(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        return conductance * (1 + 3 * self.coefficient * drop * drop)


@dataclass(frozen=True)
class Selector(CellLaw):
    """A cell behind a smooth threshold selector: I = G s [ln(1 + e^((|V| - Vt) / s)) - ln(1 + e^(-Vt / s))] sign(V).

    Above the threshold it is I = G (|V| - Vt), below it leaks with the conductance G / (1 + e^(Vt / s)), and the current rises
    by a factor e for each s in between. A generic smooth threshold, without the snap-back of real threshold switches.

    threshold Vt: V, at least 0. width s: V, more than 0.
    """

    threshold: float
    width: float

    def __post_init__(self) -> None:
        _positive("Selector", "threshold", self.threshold, 0, True)
        _positive("Selector", "width", self.width, 0, False)

    def current(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        # ln(1 + k e^y) - ln(1 + k) = log1p(k expm1(y) / (1 + k)) loses nothing at small drops; logaddexp holds at large ones.
        y = np.abs(drop) / self.width
        off = -self.threshold / self.width
        share = np.exp(off - np.logaddexp(0.0, off))
        near = np.log1p(share * np.expm1(np.minimum(y, 1.0)))
        far = np.logaddexp(0.0, y + off) - np.logaddexp(0.0, off)
        return conductance * (self.width * np.sign(drop) * np.where(y < 1.0, near, far))

    def slope(self, conductance: np.ndarray, drop: np.ndarray) -> np.ndarray:
        y = (np.abs(drop) - self.threshold) / self.width
        return conductance * np.exp(-np.logaddexp(0.0, -y))
