"""What becomes of a conductance after programming: drift, relaxation and charge loss.

`Drift` is the contract of every law. `band(law, g, g_max, seconds)` is where the middle 68 % of cells lie and their median:
(low, median, high).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..base.errors import RevpathError
from .fields import Ratio, Seconds, Siemens, Variant
from .programming import refuse_outside, series

ALWAYS = (0.0, math.inf)


class Drift(Variant, ABC):
    """Where a conductance goes with time. `Device.drift` is one of its variants.

    A variant is a class with ``law: Literal["name"] = "name"``: defining it registers it, so that files, `Device`, arrays and
    figures know it.

    Attributes
    ----------
    law : str
        The name in files.
    domain : (float, float)
        Seconds that the law is known for; others are refused, because a fit in log t can be continued to any number.
    of_the_cell : bool
        Whether z is a property of the cell, as the exponent of a power law is, and not of what happened after one write. A
        class variable.
    """

    of_the_cell: ClassVar[bool] = False
    law: str

    @property
    def domain(self) -> tuple[float, float]:
        return ALWAYS

    @abstractmethod
    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        """Conductances at an age.

        Parameters
        ----------
        g : ndarray (...)
            What cells were programmed to, siemens.
        g_max : float
            The top of the window, siemens.
        seconds : float
            Since programming was verified.
        z : ndarray (...)
            The standard normal number of each cell: the same z at two times is the same cell at two times.

        Returns
        -------
        ndarray (...)
            Siemens.

        Raises
        ------
        RevpathError
            An age outside `domain`.
        """


def band(law: Drift, g: np.ndarray, g_max: float, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Conductances of the cells that stand at -1, 0 and +1 standard deviations, in ascending order."""
    g = np.asarray(g, float)
    low, middle, high = np.sort(np.stack([law.age(g, g_max, seconds, np.full_like(g, z)) for z in (-1, 0, 1)]), axis=0)
    return low, middle, high


class NoDrift(Drift):
    """Conductances stay what they are."""

    of_the_cell: ClassVar[bool] = True
    law: Literal["none"] = "none"

    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        _not_negative(seconds)
        return np.asarray(g, float) + 0.0 * z


class PowerOfTime(Drift):
    """g(t) = g ((t + t0) / t0)^-nu, with an exponent that each cell has for good; see the laws that are one.

    t counts from the end of programming; t0 is when programming was verified.
    """

    of_the_cell: ClassVar[bool] = True
    t0: Seconds = Field(gt=0)

    @abstractmethod
    def exponent_mean(self, g: np.ndarray, g_max: float) -> np.ndarray: ...

    @abstractmethod
    def exponent_spread(self, g: np.ndarray, g_max: float) -> np.ndarray: ...

    @abstractmethod
    def exponent(self, g: np.ndarray, g_max: float, z: np.ndarray) -> np.ndarray:
        """nu of cells that were programmed to g, from their standard normal numbers z."""

    def factor(self, exponent: np.ndarray, seconds: float) -> np.ndarray:
        """What remains of the programmed conductance after `seconds`, for a drawn `exponent`."""
        return ((seconds + self.t0) / self.t0) ** -np.asarray(exponent, dtype=float)

    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        _not_negative(seconds)
        g = np.asarray(g, float)
        return g * self.factor(self.exponent(g, g_max, z), seconds)


class PowerLawDrift(PowerOfTime):
    """Exponents nu ~ |N(mean(r), spread(r))|, r = g / g_max: of PCM.

    mean(r) = clip(mean_slope ln r + mean_offset, mean_low, mean_high), the spread likewise. Nandakumar et al., ICECS 2019.
    """

    law: Literal["power"] = "power"
    mean_slope: Ratio
    mean_offset: Ratio
    mean_low: Ratio
    mean_high: Ratio
    spread_slope: Ratio
    spread_offset: Ratio
    spread_low: Ratio = Field(ge=0)
    spread_high: Ratio

    def exponent_mean(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return clipped_log(g / g_max, self.mean_slope, self.mean_offset, self.mean_low, self.mean_high)

    def exponent_spread(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return clipped_log(g / g_max, self.spread_slope, self.spread_offset, self.spread_low, self.spread_high)

    def exponent(self, g: np.ndarray, g_max: float, z: np.ndarray) -> np.ndarray:
        return np.abs(self.exponent_mean(g, g_max) + self.exponent_spread(g, g_max) * z)


class PiecewisePowerDrift(PowerOfTime):
    """Exponents that change their shape with the conductance, as on the HERMES chip.

    nu = |mean(r) + spread(r) z|, r = g / g_max. Below mean_knee, mean(r) = clip(mean_slope ln r + mean_offset, mean_low,
    mean_high); from there on the polynomial mean_series in r. The spread likewise. (aihwkit's HermesNoiseModel; Le Gallo et
    al., Nature Electronics 6, 680, 2023.)
    """

    law: Literal["power-piecewise"] = "power-piecewise"
    mean_knee: Ratio = Field(ge=0, le=1)
    mean_slope: Ratio
    mean_offset: Ratio
    mean_low: Ratio
    mean_high: Ratio
    mean_series: tuple[Ratio, ...]
    spread_knee: Ratio = Field(ge=0, le=1)
    spread_slope: Ratio
    spread_offset: Ratio
    spread_low: Ratio = Field(ge=0)
    spread_high: Ratio
    spread_series: tuple[Ratio, ...]

    def exponent_mean(self, g: np.ndarray, g_max: float) -> np.ndarray:
        low = clipped_log(g / g_max, self.mean_slope, self.mean_offset, self.mean_low, self.mean_high)
        return np.where(g / g_max < self.mean_knee, low, series(self.mean_series, g / g_max))

    def exponent_spread(self, g: np.ndarray, g_max: float) -> np.ndarray:
        low = clipped_log(g / g_max, self.spread_slope, self.spread_offset, self.spread_low, self.spread_high)
        return np.where(g / g_max < self.spread_knee, low, series(self.spread_series, g / g_max))

    def exponent(self, g: np.ndarray, g_max: float, z: np.ndarray) -> np.ndarray:
        return np.abs(self.exponent_mean(g, g_max) + self.exponent_spread(g, g_max) * z)


class LinearExponentDrift(PowerOfTime):
    """Exponents of the PCM of Joshi et al. (2020, supplementary note 2), as CrossSim 2 had them.

    nu = mean(g) + z / (spread_slope g + spread_offset), mean(g) = max(steep_slope g + steep_offset, min(cap, max(slope g +
    offset, floor))), g in g_scale; a cell may have a negative one. The published law also writes noise anew at two early
    times: that is programming, and not here.
    """

    law: Literal["power-linear"] = "power-linear"
    g_scale: Siemens = Field(gt=0)
    steep_slope: Ratio
    steep_offset: Ratio
    slope: Ratio
    offset: Ratio
    cap: Ratio
    floor: Ratio
    spread_slope: Ratio = Field(ge=0)
    spread_offset: Ratio = Field(gt=0)

    def exponent_mean(self, g: np.ndarray, g_max: float) -> np.ndarray:
        x = np.asarray(g, float) / self.g_scale
        gentle = np.minimum(self.cap, np.maximum(self.slope * x + self.offset, self.floor))
        return np.maximum(self.steep_slope * x + self.steep_offset, gentle)

    def exponent_spread(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return 1 / (self.spread_slope * np.asarray(g, float) / self.g_scale + self.spread_offset)

    def exponent(self, g: np.ndarray, g_max: float, z: np.ndarray) -> np.ndarray:
        return self.exponent_mean(g, g_max) + self.exponent_spread(g, g_max) * z


class LogarithmicRelaxation(Drift):
    """Relaxation of a filament, the same for all conductances: g(t) = g + mean_slope ln(t) + (spread_slope ln(t) + spread_offset) z.

    t in units of t_first, from which on it holds; before, only a fresh cell (0 s) is known. Negative conductances become 0.
    Falcone et al., arXiv 2502.04524, as in aihwkit's ReRamCMONoiseModel.
    """

    law: Literal["logarithmic"] = "logarithmic"
    t_first: Seconds = Field(gt=0)
    t_last: Seconds = Field(gt=0)
    mean_slope: Siemens
    spread_slope: Siemens = Field(ge=0)
    spread_offset: Siemens = Field(ge=0)

    @property
    def domain(self) -> tuple[float, float]:
        return self.t_first, self.t_last

    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        if _fresh(seconds, self.domain):
            return np.asarray(g, float) + 0.0 * z
        decades = math.log(seconds / self.t_first)
        sigma = self.spread_slope * decades + self.spread_offset
        return np.maximum(g + self.mean_slope * decades + sigma * z, 0.0)


class MeasuredRelaxation(Drift):
    """Cells spread around what they were programmed to, by an amount measured at a few times.

    sigma_k(g), at times[k], is a polynomial of degree len(coefficients) / len(times) - 1 in g / g_scale; between times its
    square is linear in ln t. The first time is when programming noise was taken, so that ageing adds sqrt(sigma(t)^2 -
    sigma(times[0])^2) z (0 where a fit falls short of the first). Wan et al., Nature 608, 504 (2022), as fitted in aihwkit.
    """

    law: Literal["measured"] = "measured"
    times: tuple[Seconds, ...] = Field(min_length=2)
    coefficients: tuple[Siemens, ...]
    g_scale: Siemens = Field(gt=0)

    @model_validator(mode="after")
    def _shape(self) -> MeasuredRelaxation:
        increasing("times", self.times)
        whole("coefficients", self.coefficients, len(self.times))
        return self

    @property
    def domain(self) -> tuple[float, float]:
        return self.times[0], self.times[-1]

    def sigma(self, g: np.ndarray, seconds: float) -> np.ndarray:
        """Standard deviation (S) around the target at `seconds`, programming noise included."""
        if _fresh(seconds, self.domain):
            seconds = self.times[0]
        x = np.asarray(g, float) / self.g_scale
        squares = [np.maximum(series(row, x), 0.0) ** 2 for row in np.reshape(self.coefficients, (len(self.times), -1))]
        k, t = _between(np.log(self.times), math.log(seconds))
        return np.sqrt((1 - t) * squares[k] + t * squares[k + 1])

    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        if _fresh(seconds, self.domain):
            return np.asarray(g, float) + 0.0 * z
        added = self.sigma(g, seconds) ** 2 - self.sigma(g, self.times[0]) ** 2
        return np.maximum(g + np.sqrt(np.maximum(added, 0.0)) * z, 0.0)


class ChargeLoss(Drift):
    """A mean shift and a spread measured on several days: the SONOS of Agrawal et al., IEDM 2022, as fitted in CrossSim.

    At times[k] the mean has moved by a polynomial in g / g_scale, shifts[k], of degree len(shifts) / len(times) - 1, and cells
    spread around the moved mean g' by tops[k] (1 - exp(-g' / knees[k])). Coefficients, tops and knees are linear in t
    between times; times[0] = 0 has no shift and the programming noise. Above g_fit a polynomial fit means nothing, and the
    shift is that at g_fit (the tests show what CrossSim's does near its upper end). Ageing adds the root of the difference of
    squares, as in `MeasuredRelaxation`.
    """

    law: Literal["charge-loss"] = "charge-loss"
    times: tuple[Seconds, ...] = Field(min_length=2)
    shifts: tuple[Siemens, ...]
    tops: tuple[Siemens, ...]
    knees: tuple[Siemens, ...]
    g_scale: Siemens = Field(gt=0)
    g_fit: Siemens = Field(gt=0)

    @model_validator(mode="after")
    def _shape(self) -> ChargeLoss:
        increasing("times", self.times)
        whole("shifts", self.shifts, len(self.times))
        for name, values in (("tops", self.tops), ("knees", self.knees)):
            if len(values) != len(self.times):
                raise ValueError(
                    f"{name} has {len(values)} values; it must have one for each of {len(self.times)} times"
                )
        return self

    @property
    def domain(self) -> tuple[float, float]:
        return self.times[0], self.times[-1]

    def mean(self, g: np.ndarray, seconds: float) -> np.ndarray:
        """Where cells programmed to g lie on average."""
        shifts = np.reshape(self.shifts, (len(self.times), -1))
        return g + series(self._at(shifts, seconds), np.minimum(g, self.g_fit) / self.g_scale)

    def sigma(self, mean: np.ndarray, seconds: float) -> np.ndarray:
        """Standard deviation (S) around `mean`, programming noise included."""
        top, knee = self._at(np.asarray(self.tops), seconds), self._at(np.asarray(self.knees), seconds)
        return np.maximum(top * -np.expm1(-mean / knee), 0.0)

    def age(self, g: np.ndarray, g_max: float, seconds: float, z: np.ndarray) -> np.ndarray:
        g = np.asarray(g, float)
        if seconds == 0:
            return g + 0.0 * z
        mean = self.mean(g, seconds)
        added = self.sigma(mean, seconds) ** 2 - self.sigma(g, self.times[0]) ** 2
        return np.maximum(mean + np.sqrt(np.maximum(added, 0.0)) * z, 0.0)

    def _at(self, rows: np.ndarray, seconds: float) -> np.ndarray:
        _not_negative(seconds)
        refuse_outside("seconds", np.asarray(seconds), self.domain, "s")
        k, t = _between(np.asarray(self.times), seconds)
        return (1 - t) * rows[k] + t * rows[k + 1]


def clipped_log(r: np.ndarray, slope: float, offset: float, low: float, high: float) -> np.ndarray:
    r = np.asarray(r, dtype=float)
    if slope == 0:  # not 0 x inf
        return np.full_like(r, np.clip(offset, low, high))
    with np.errstate(divide="ignore"):  # r = 0 gives +-inf, which the clip turns into a bound: that is the law
        return np.clip(slope * np.log(r) + offset, low, high)


def increasing(name: str, values: tuple[float, ...]) -> None:
    if values[0] < 0 or any(b <= a for a, b in pairwise(values)):
        raise ValueError(f"{name} = {values} must increase, and not begin below 0")


def whole(name: str, values: tuple[float, ...], rows: int) -> None:
    if not values or len(values) % rows:
        raise ValueError(f"{name} has {len(values)} values; it must have as many for each of {rows} times")


def _between(nodes: np.ndarray, x: float) -> tuple[int, float]:
    """The interval of `nodes` that x lies in, and where in it."""
    k = int(np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2))
    return k, float(np.clip((x - nodes[k]) / (nodes[k + 1] - nodes[k]), 0.0, 1.0))


def _not_negative(seconds: float) -> None:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise RevpathError(f"seconds = {seconds!r} must be finite and not negative")


def _fresh(seconds: float, domain: tuple[float, float]) -> bool:
    """True at 0 s; RevpathError where the law is not known otherwise."""
    _not_negative(seconds)
    if seconds:
        refuse_outside("seconds", np.asarray(seconds), domain, "s")
    return seconds == 0
