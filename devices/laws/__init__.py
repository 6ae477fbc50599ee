"""The laws of one memory cell, by name: its window, and what `programming`, `retention`, `read_noise` and `read_fits` hold.

Each is a frozen configuration with its formula.

Conductances are siemens, times seconds. `g_max` normalises: r = g / g_max. Field metadata (`Unit`) says in which unit a
record of that field is read.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from .fields import CellSiemens, Joules, Law, Ratio, Seconds, Siemens, Unit, Volts
from .programming import (
    NoProgrammingNoise,
    PolynomialProgramming,
    Programming,
    SaturatingProgramming,
    SeriesProgramming,
)
from .read_fits import LogFlickerReadNoise, PiecewiseFlickerReadNoise, ReadNoise, SaturatingReadNoise
from .read_noise import (
    ConstantReadNoise,
    FlickerReadNoise,
    NoReadNoise,
    OneOverFReadNoise,
    ProportionalReadNoise,
    TelegraphReadNoise,
)
from .retention import (
    ChargeLoss,
    Drift,
    LinearExponentDrift,
    LogarithmicRelaxation,
    MeasuredRelaxation,
    NoDrift,
    PiecewisePowerDrift,
    PowerLawDrift,
)

__all__ = [
    "ChargeLoss",
    "ConstantReadNoise",
    "Drift",
    "FlickerReadNoise",
    "Joules",
    "Law",
    "LinearExponentDrift",
    "LogFlickerReadNoise",
    "LogarithmicRelaxation",
    "MeasuredRelaxation",
    "NoDrift",
    "NoProgrammingNoise",
    "NoReadNoise",
    "OneOverFReadNoise",
    "PiecewiseFlickerReadNoise",
    "PiecewisePowerDrift",
    "PolynomialProgramming",
    "PowerLawDrift",
    "Programming",
    "ProportionalReadNoise",
    "Ratio",
    "ReadNoise",
    "SaturatingProgramming",
    "SaturatingReadNoise",
    "Seconds",
    "SeriesProgramming",
    "Siemens",
    "TelegraphReadNoise",
    "Unit",
    "Volts",
    "Window",
]


class Window(Law):
    """The conductances that a cell can hold, 0 <= g_min < g_max."""

    g_min: CellSiemens = Field(ge=0)
    g_max: CellSiemens = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if not self.g_min < self.g_max:
            raise ValueError(f"g_min = {self.g_min} S must be below g_max = {self.g_max} S")
        return self
