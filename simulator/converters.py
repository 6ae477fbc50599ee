"""Digital-to-analog and analog-to-digital converters: what they do to numbers and how many bits they really deliver.

Both are mid-tread with the same number of levels on either side of zero, so that zero is exact:
step = range / (2**(bits - 1) - 1). (A 7-bit DAC over [-1, 1] steps by 1/63; a 9-bit ADC over [-12, 12] by 12/255.)
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NoReturn

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .errors import ArrayError


class _Converter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bits: int | None = Field(default=8, ge=2, le=16)

    @property
    def levels(self) -> int:
        """Codes on either side of zero; 0 for an ideal converter."""
        return 0 if self.bits is None else 2 ** (self.bits - 1) - 1


class DAC(_Converter):
    """Drives a line with a voltage proportional to its input.

    Attributes
    ----------
    bits: resolution, 2 to 16, or None for an ideal one (which has no price).
    x_max: the input that gives the full read voltage; larger inputs are an error, not clipped.
    """

    x_max: float = Field(default=1.0, gt=0)

    @cached_property
    def step(self) -> float:
        """Input difference between neighbouring levels; 0 for an ideal converter."""
        return 0.0 if self.bits is None else self.x_max / self.levels

    @cached_property
    def limit(self) -> float:
        """Largest magnitude that it takes: x_max, and a float32 rounding error more."""
        return self.x_max * (1 + 1e-6)

    def refuse(self, x: np.ndarray) -> NoReturn:
        """The error for inputs beyond x_max."""
        bad = np.argwhere(np.abs(x) > self.limit)
        largest = float(np.max(np.abs(x)))
        raise ArrayError(
            f"inputs reach {largest:.6g} ({len(bad)} of {x.size} too large, the first at {tuple(map(int, bad[0]))}); "
            f"the DAC takes from -x_max to x_max = {self.x_max:.6g}"
        )


class ADC(_Converter):
    """Digitises the current of a line.

    Attributes
    ----------
    bits: resolution, 2 to 16, or None for an ideal one (which has no price).
    y_max: output, in units of input times weight, at which it saturates; saturated conversions are counted.
    noise_lsb: rms noise of its own at the input, in steps.
    """

    y_max: float = Field(default=1.0, gt=0)
    noise_lsb: float = Field(default=0.0, ge=0, le=100)

    @model_validator(mode="after")
    def _noise_has_a_unit(self) -> ADC:
        if self.bits is None and self.noise_lsb > 0:
            raise ValueError(f"noise_lsb = {self.noise_lsb} needs finite bits: it is in steps of the converter")
        return self

    @cached_property
    def step(self) -> float:
        """Output difference between neighbouring codes; 0 for an ideal converter."""
        return 0.0 if self.bits is None else self.y_max / self.levels

    @cached_property
    def variance(self) -> float:
        """Variance of quantisation and converter noise, in output units squared; 0 for an ideal converter."""
        return self.step**2 * (1 / 12 + self.noise_lsb**2)

    @cached_property
    def snr(self) -> float:
        """Full-scale sine power over the variance of quantisation and converter noise (a power ratio)."""
        return math.inf if self.bits is None else 0.5 * self.y_max**2 / self.variance

    @cached_property
    def enob(self) -> float:
        """Effective number of bits that it delivers: SNR = 1.5 x 4**enob."""
        return 0.5 * math.log2(self.snr / 1.5) if self.bits is not None else math.inf
