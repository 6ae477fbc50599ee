"""Read noise as particular papers fitted it, beside the general laws of `read_noise`, whose conventions hold here too."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .fields import Ratio, ReadSeconds, Seconds, Siemens
from .programming import series
from .read_noise import OneOverFReadNoise
from .read_noise import ReadNoise as ReadNoise
from .retention import clipped_log


class PiecewiseFlickerReadNoise(ReadNoise):
    """1/f noise as on the HERMES chip: sigma = g Q(r) sqrt(ln((t + t0 + t_read) / (2 t_read))), r = g / g_max.

    Below `knee`, Q(r) = clip(slope ln r + offset, low, high); from there on the polynomial `series` in r.
    aihwkit's HermesNoiseModel (Le Gallo et al., Nature Electronics 6, 680, 2023; method of Nandakumar et al., ICECS 2019).
    """

    of_programmed: ClassVar[bool] = True
    law: Literal["flicker-piecewise"] = "flicker-piecewise"
    t_read: ReadSeconds = Field(gt=0)
    t0: Seconds = Field(gt=0)
    knee: Ratio = Field(ge=0, le=1)
    slope: Ratio
    offset: Ratio
    low: Ratio = Field(ge=0)
    high: Ratio
    series: tuple[Ratio, ...]

    def q(self, r: np.ndarray) -> np.ndarray:
        r = np.asarray(r, float)
        return np.where(
            r < self.knee, clipped_log(r, self.slope, self.offset, self.low, self.high), series(self.series, r)
        )

    def growth(self, seconds: float, t_read: float | None = None) -> float:
        """The factor sqrt(ln(...)) at `seconds` after verification."""
        return _growth(self.t0, self.t_read, seconds, t_read)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return np.asarray(g, float) * self.q(np.asarray(g) / g_max) * self.growth(seconds, t_read)


class LogFlickerReadNoise(ReadNoise):
    """1/f noise of a filament: sigma = scale log10(g / g_scale) sqrt(ln((t + t_read) / (2 t_read))), never below 0.

    t counts from programming; the cell was verified at t0. aihwkit's ReRamCMONoiseModel (Falcone et al., arXiv 2502.04524).
    """

    law: Literal["flicker-log"] = "flicker-log"
    scale: Siemens = Field(ge=0)
    g_scale: Siemens = Field(gt=0)
    t_read: ReadSeconds = Field(gt=0)
    t0: Seconds = Field(gt=0)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        size = np.log10(np.maximum(np.asarray(g, float) / self.g_scale, 1.0))
        return self.scale * size * _growth(self.t0, self.t_read, seconds, t_read)


class SaturatingReadNoise(ReadNoise):
    """A noise that grows with the conductance and levels off: sigma(g) = top (1 - exp(-g / g_knee)), the same at all times.

    Agrawal et al., IEDM 2022 (figure 11b), as fitted in CrossSim.
    """

    law: Literal["saturating"] = "saturating"
    top: Siemens = Field(ge=0)
    g_knee: Siemens = Field(gt=0)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return self.top * -np.expm1(-np.asarray(g, float) / self.g_knee)


def _growth(t0: float, t_read: float, seconds: float, other_read: float | None) -> float:
    """sqrt(ln(...)) of 1/f noise at `seconds` after verification: that of the law with unit density."""
    return OneOverFReadNoise(k=1, t_read=t_read, t0=t0).relative(seconds, other_read)
