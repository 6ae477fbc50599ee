"""What an array is made of: one frozen, validated description."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral, Real

from ..devices import Device, load_device
from .converters import ADC, DAC
from .errors import ArrayError
from .mapping import Side, WeightMapping
from .pulses import LONGEST_TRAIN


@dataclass(frozen=True)
class ArrayConfig:
    """Everything that describes an array besides its size; frozen, validated on construction.

    Attributes
    ----------
    device: a name of the library, a path to a device file, or a `Device`.
    weight_max: weight of a full conductance difference.
    dac, adc: converters of the driven and of the sensed lines; the same in both directions.
    read_voltage: volts on a line whose input is dac.x_max. read_time: seconds that a read integrates.
    mapping: "two-sided" or "one-sided", see `WeightMapping`.
    longest_train: largest number of slots of a stochastic-pulse outer product, 1 to 63.
    """

    device: str | Device = "ideal"
    weight_max: float = 1.0
    dac: DAC = field(default_factory=lambda: DAC(bits=None))
    adc: ADC = field(default_factory=lambda: ADC(bits=None))
    read_voltage: float = 0.2
    read_time: float = 100e-9
    mapping: Side = "two-sided"
    longest_train: int = 31

    def __post_init__(self) -> None:
        if not isinstance(self.device, Device):
            object.__setattr__(self, "device", load_device(self.device))
        for name in ("read_voltage", "read_time"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
                raise ArrayError(f"{name} = {value!r} must be a positive and finite number")
        for name, kind in (("dac", DAC), ("adc", ADC)):
            if not isinstance(getattr(self, name), kind):
                raise ArrayError(f"{name} = {getattr(self, name)!r} must be a {kind.__name__}")
        if not isinstance(self.longest_train, Integral) or not 1 <= self.longest_train <= LONGEST_TRAIN:
            raise ArrayError(f"longest_train = {self.longest_train!r} must be an integer from 1 to {LONGEST_TRAIN}")
        WeightMapping.of(self.device, self.weight_max, self.mapping)  # type: ignore[arg-type]
