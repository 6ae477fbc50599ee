"""What all update rules share: an array that is read as it is, and updated in a way of its own.

The plain update of an array is W <- W + rate x^T d by stochastic pulses. A rule replaces it, and counts what it does
instead: its pulses, its reads, and the digital work and memory that it needs beside the array. What it puts in front
of an array keeps the contract of `AnalogArray`, so that models run on it unchanged.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...devices.response.pulsed import PulsedResponse
from ..arrays.operator import as_finite
from ..arrays.parts import AnalogArray, CompositeArray
from ..config import ArrayConfig
from ..converters.adc_dac import ADC
from ..errors import ArrayError

BYTES = 4
"""Bytes of one number in a digital buffer: float32, as the simulation keeps them."""


@runtime_checkable
class PulsedArray(AnalogArray, Protocol):
    """An array whose cells can be pulsed one by one."""

    def pulse(self, counts: np.ndarray) -> None: ...


@runtime_checkable
class FiringArray(PulsedArray, Protocol):
    """An array whose word and bit lines can fire together, evenly spread."""

    def fire(self, words: np.ndarray, bits: np.ndarray, slots: int) -> None: ...


class RuleConfig(BaseModel, ABC):
    """The parameters of a rule: frozen, validated, and able to make an array that is updated by it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: ClassVar[str]

    @abstractmethod
    def on(self, shape: tuple[int, int], config: ArrayConfig, *, seed: int = 0, array: int = 0) -> AnalogArray:
        """An array (rows, columns) made of `config` and updated by this rule.

        Parameters
        ----------
        seed, array: as of a `Crossbar`. A rule with two arrays numbers the second as slice 1 of the first.
        """


class RuledArray(CompositeArray):
    """An array that is read as it is and updated by a rule.

    Parameters
    ----------
    array: what holds W (rows, columns).

    Attributes
    ----------
    array: the same. Other arrays of the rule are among the `parts` too.
    """

    def __init__(self, array: Any) -> None:
        if not isinstance(array, AnalogArray):
            raise ArrayError(f"array = {array!r} must be an analog array")
        super().__init__(array.shape)
        self.array: Any = array

    @property
    def parts(self) -> list[Any]:
        return [self.array]

    @property
    def config(self) -> ArrayConfig:
        return self.array.config

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray, **how: Any) -> Any:
        """Store weights (rows, columns) in the array, and forget what the rule has gathered; see `Crossbar.program`."""
        report = self.array.program(weights, **how)
        self._forget(np.asarray(weights, np.float32))
        return report

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the array shows, without read noise: a diagnostic that no hardware has."""
        return self.array.read()

    def _forget(self, weights: np.ndarray) -> None:
        """Start anew from programmed weights."""

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        return self.array.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        return self.array.backward(d)

    def calibrate(self, x: np.ndarray, *, transposed: bool = False, percentile: float = 99.9) -> float:
        """Set the range of the ADC of one direction from what inputs x give, see `Crossbar.calibrate`."""
        return self.array.calibrate(x, transposed=transposed, percentile=percentile)

    def adc(self, *, transposed: bool = False) -> ADC:
        """The converter of the sensed lines of one direction."""
        return self.array.adc(transposed=transposed)

    def set_range(self, y_max: float, *, transposed: bool = False) -> None:
        """Give the ADC of one direction the range +-y_max, whatever its policy says."""
        self.array.set_range(y_max, transposed=transposed)

    # -- update -----------------------------------------------------------------------------------------------------

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Move W by about rate x^T d, as the rule does it; one outer product for each row of the batch, in order.

        Parameters
        ----------
        x: (batch, rows). d: (batch, columns). rate: learning rate, not negative; at 0 nothing happens.

        Raises
        ------
        ArrayError: shapes that do not match, or values that are not finite.
        """
        x = as_finite(x, self.shape[0], "x")
        d = as_finite(d, self.shape[1], "d")
        if len(x) != len(d):
            raise ArrayError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        if isinstance(rate, bool) or not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
            raise ArrayError(f"rate = {rate!r} must be a finite number and not negative")
        if rate > 0 and len(x):
            self._update(x, d, float(rate))

    @abstractmethod
    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """x (batch, rows), d (batch, columns), float32, finite; rate above 0."""

    def _count(self, **events: int) -> None:
        """Count digital events, named with underscores for the first dot: digital_add, sram_byte_read."""
        for name, n in events.items():
            self._tally.count(name.replace("_", ".", 1), n)

    def _count_traffic(self, read: int, written: int) -> None:
        """Numbers read from and written to the digital buffers."""
        self._count(sram_byte_read=BYTES * read, sram_byte_written=BYTES * written)


def weight_granularity(array: Any) -> float:
    """Change of a weight by one pulse, as lengths of pulse trains are computed: of the nominal cell.

    Raises
    ------
    ArrayError: the device has no known pulses, or the array cannot be pulsed weight by weight.
    """
    if not isinstance(array, PulsedArray):
        raise ArrayError(f"array = {type(array).__name__} cannot be pulsed weight by weight: this rule needs that")
    device, mapping = array.device, array.mapping  # type: ignore[attr-defined]
    if not isinstance(device.response, PulsedResponse):
        raise ArrayError(
            f"device {device.name!r} has a response {device.response.law!r} without pulses: this rule needs them"
        )
    moving = 1 if mapping.shared else 2  # cells that the pulse of a weight moves
    return moving * device.response.granularity * mapping.scale
