"""How far from its target a written cell lands: laws of the programming noise.

Each gives `sigma(g, g_max)`, the standard deviation (S) after programming to a target of g siemens, whatever scheme
its paper wrote with. Fits hold where they were fitted: `domain` says where, and a target outside it is refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ..base.errors import RevpathError
from .fields import Siemens, Variant

_ROUNDING = 1e-6  # relative: states are float32


class Programming(Variant, ABC):
    """The error of a cell that is written once. `Device.programming` is one of its variants.

    A variant is a class with ``law: Literal["name"] = "name"``: defining it registers it, so that files, `Device`, arrays and
    figures know it.

    Attributes
    ----------
    law : str
        The name in files.
    domain : (float, float) or None
        Siemens that the law was fitted for; None where it holds for any.
    """

    law: str

    @property
    def domain(self) -> tuple[float, float] | None:
        return None

    @abstractmethod
    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        """The standard deviation of where cells land.

        Parameters
        ----------
        g : ndarray (...)
            Targets, siemens.
        g_max : float
            The top of the window, siemens.

        Returns
        -------
        ndarray (...)
            Siemens, not negative.

        Raises
        ------
        RevpathError
            A target outside `domain`.
        """


class NoProgrammingNoise(Programming):
    """Programming hits its target exactly."""

    law: Literal["none"] = "none"

    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return np.zeros_like(g)


class PolynomialProgramming(Programming):
    """Standard deviation after programming: sigma(g) = c0 + c1 r + c2 r^2, never below 0.

    Nandakumar et al., ICECS 2019, for PCM. Negative conductances after the draw become 0.
    """

    law: Literal["polynomial"] = "polynomial"
    c0: Siemens
    c1: Siemens
    c2: Siemens

    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        r = g / g_max
        return np.maximum(self.c0 + self.c1 * r + self.c2 * r * r, 0.0)


class SeriesProgramming(Programming):
    """A polynomial of any degree: sigma(g) = sum_k coefficients[k] (g / g_scale)^k, never below 0, for g_low <= g <= g_high.

    With g_scale = 1 uS the coefficients are those of a fit in microsiemens; with g_scale = g_max, of one in r = g / g_max.
    """

    law: Literal["series"] = "series"
    coefficients: tuple[Siemens, ...] = Field(min_length=1)
    g_scale: Siemens = Field(gt=0)
    g_low: Siemens = Field(ge=0)
    g_high: Siemens = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> SeriesProgramming:
        if not self.g_low < self.g_high:
            raise ValueError(f"g_low = {self.g_low} S must be below g_high = {self.g_high} S")
        return self

    @property
    def domain(self) -> tuple[float, float]:
        return self.g_low, self.g_high

    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        g = np.asarray(g, float)
        refuse_outside("g", g, self.domain, "S")
        return np.maximum(series(self.coefficients, g / self.g_scale), 0.0)


class SaturatingProgramming(Programming):
    """A noise that grows with the conductance and levels off: sigma(g) = top (1 - exp(-g / g_knee)).

    The error of a charge-trap transistor read in the subthreshold: Agrawal et al., IEDM 2022, as fitted in CrossSim.
    """

    law: Literal["saturating"] = "saturating"
    top: Siemens = Field(ge=0)
    g_knee: Siemens = Field(gt=0)

    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return self.top * -np.expm1(-np.asarray(g, float) / self.g_knee)


def series(coefficients: tuple[float, ...] | np.ndarray, x: np.ndarray) -> np.ndarray:
    """sum_k coefficients[k] x^k, by Horner's rule."""
    total = np.zeros_like(np.asarray(x, float))
    for c in reversed(coefficients):
        total = total * x + c
    return total


def refuse_outside(name: str, values: np.ndarray, domain: tuple[float, float], unit: str) -> None:
    """RevpathError where a law is asked for values that it was not fitted for."""
    low, high = domain
    below, above = low - _ROUNDING * (low or high), high * (1 + _ROUNDING)
    bad = np.asarray(values)[(values < below) | (values > above)]
    if bad.size:
        raise RevpathError(
            f"{name} = {bad.flat[0]:.6g} {unit} is outside {low:g} to {high:g} {unit}, for which this law was fitted"
        )
