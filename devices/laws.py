"""The laws of one memory cell: programming noise, drift, read noise. Each is a frozen configuration with its formula.

Conductances are siemens, times seconds. `g_max` normalises: r = g / g_max. Field metadata (`Unit`) says in which unit a
record of that field is read. Formulas and golden values: ../shared/references/aihwkit.md, sections 1.5 and 1.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator


@dataclass(frozen=True)
class Unit:
    """The unit in which a field holds its number; records are converted to it on loading."""

    name: str


class Law(BaseModel):
    """A frozen, validated configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Siemens = Annotated[float, Unit("S")]
Seconds = Annotated[float, Unit("s")]
Volts = Annotated[float, Unit("V")]
Joules = Annotated[float, Unit("J/pulse")]
Ratio = Annotated[float, Unit("dimensionless")]


class Window(Law):
    """The conductances that a cell can hold, 0 <= g_min < g_max."""

    g_min: Siemens = Field(ge=0)
    g_max: Siemens = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if not self.g_min < self.g_max:
            raise ValueError(f"g_min = {self.g_min} S must be below g_max = {self.g_max} S")
        return self


class NoProgrammingNoise(Law):
    """Programming hits its target exactly."""

    law: Literal["none"] = "none"

    def sigma(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return np.zeros_like(g)


class PolynomialProgramming(Law):
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


Programming = Annotated[NoProgrammingNoise | PolynomialProgramming, Field(discriminator="law")]


class NoDrift(Law):
    """Conductances stay what they are."""

    law: Literal["none"] = "none"


class PowerLawDrift(Law):
    """g(t) = g_prog ((t + t0) / t0)^-nu with nu ~ |N(mean(r), spread(r))|, drawn once per cell.

    mean(r) = clip(mean_slope ln r + mean_offset, mean_low, mean_high), the spread likewise. t counts from the end of
    programming; t0 is when programming was verified. Nandakumar et al., ICECS 2019.
    """

    law: Literal["power"] = "power"
    t0: Seconds = Field(gt=0)
    mean_slope: Ratio
    mean_offset: Ratio
    mean_low: Ratio
    mean_high: Ratio
    spread_slope: Ratio
    spread_offset: Ratio
    spread_low: Ratio = Field(ge=0)
    spread_high: Ratio

    def exponent_mean(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return _clipped_log(g / g_max, self.mean_slope, self.mean_offset, self.mean_low, self.mean_high)

    def exponent_spread(self, g: np.ndarray, g_max: float) -> np.ndarray:
        return _clipped_log(g / g_max, self.spread_slope, self.spread_offset, self.spread_low, self.spread_high)

    def factor(self, exponent: np.ndarray, seconds: float) -> np.ndarray:
        """What remains of the programmed conductance after `seconds`, for a drawn `exponent`."""
        return ((seconds + self.t0) / self.t0) ** -np.asarray(exponent, dtype=float)


Drift = Annotated[NoDrift | PowerLawDrift, Field(discriminator="law")]


class NoReadNoise(Law):
    law: Literal["none"] = "none"

    def sigma(self, g: np.ndarray, g_max: float, seconds: float) -> np.ndarray:
        return np.zeros_like(g)


class ConstantReadNoise(Law):
    """The same standard deviation whatever the conductance: sigma = relative x g_max."""

    law: Literal["constant"] = "constant"
    relative: Ratio = Field(ge=0, le=1)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float) -> np.ndarray:
        return np.full_like(g, self.relative * g_max)


class FlickerReadNoise(Law):
    """1/f noise integrated over the read: sigma = g Q(r) sqrt(ln((t + t0 + t_read) / (2 t_read))).

    Q(r) = min(q_scale / max(r^q_power, q_floor), q_cap), t seconds after programming was verified at t0.
    Nandakumar et al., ICECS 2019. (aihwkit evaluates Q at the programmed, the paper at the target conductance: the
    caller decides what it passes. ../shared/references/aihwkit.md, T11.)
    """

    law: Literal["flicker"] = "flicker"
    q_scale: Ratio = Field(ge=0)
    q_power: Ratio
    q_floor: Ratio = Field(gt=0)
    q_cap: Ratio = Field(ge=0)
    t_read: Seconds = Field(gt=0)
    t0: Seconds = Field(gt=0)

    def q(self, r: np.ndarray) -> np.ndarray:
        return np.minimum(self.q_scale / np.maximum(np.asarray(r, float) ** self.q_power, self.q_floor), self.q_cap)

    def growth(self, seconds: float) -> float:
        """The factor sqrt(ln(...)) at `seconds` after verification."""
        return float(np.sqrt(np.log((seconds + self.t0 + self.t_read) / (2 * self.t_read))))

    def sigma(self, g: np.ndarray, g_max: float, seconds: float) -> np.ndarray:
        return g * self.q(g / g_max) * self.growth(seconds)


ReadNoise = Annotated[NoReadNoise | ConstantReadNoise | FlickerReadNoise, Field(discriminator="law")]


def _clipped_log(r: np.ndarray, slope: float, offset: float, low: float, high: float) -> np.ndarray:
    with np.errstate(divide="ignore"):  # r = 0 gives +-inf, which the clip turns into a bound: that is the law
        return np.clip(slope * np.log(np.asarray(r, dtype=float)) + offset, low, high)
