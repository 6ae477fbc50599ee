"""Errors of arrays: how far a read is from x @ W, now and after a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ....energy_models import pulse_prices
from ....simulator import ArrayConfig, Crossbar, TiledCrossbar
from ....simulator.config_file import config_from
from ....simulator.programming.write_verify import WriteVerify
from ..paths import DeviceChoice
from ..registry import Quantity, Result, Run, SweepConfig, sweep_task

ERROR = Quantity("relative rms error of the output", "1", "lower")


class DeviceConfig(SweepConfig):
    """A task with a cell in it."""

    device: DeviceChoice = DeviceChoice()

    def numbers(self) -> Any:
        return self.device.numbers()

    def records(self) -> tuple[str, ...]:
        return tuple(sorted(record.id for record in self.device.load().records.values()))

    def pulses(self) -> Mapping[str, Any]:
        return pulse_prices(self.device.load())


class ArrayTask(DeviceConfig):
    """An array of random weights, programmed once and read.

    Parameters
    ----------
    device : DeviceChoice
    array : mapping
        Fields of `revpath.simulator.ArrayConfig`, parts such as ``adc`` as tables.
    rows, columns : int
    tile : int or None
        Largest side of one array; None for one array of any size.
    weights : "uniform" or "normal"
        Uniform over the range, or normal with a third of it as standard deviation, cut at its ends.
    programming : "once" or "write-verify"
    vectors : int
        How many random inputs are read.
    """

    array: Mapping[str, Any] = Field(default_factory=dict)
    rows: int = Field(default=128, ge=1, le=8192)
    columns: int = Field(default=64, ge=1, le=8192)
    tile: int | None = Field(default=None, ge=2)
    weights: Literal["uniform", "normal"] = "normal"
    programming: Literal["once", "write-verify"] = "once"
    vectors: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _the_array_can_be_made(self) -> ArrayTask:
        _ = self.array_config
        return self

    @property
    def array_config(self) -> ArrayConfig:
        """The array's configuration, validated; made anew, since a study may plan 100,000 of them."""
        if "device" in self.array or "device_laws" in self.array:
            raise ValueError("array.device: the cell is the path device, and device.SECTION.FIELD changes its numbers")
        return config_from(self.array, self.device.load())

    def make(self, seed: int) -> Crossbar | TiledCrossbar:
        """The array, not yet programmed."""
        shape = (self.rows, self.columns)
        if self.tile is None:
            return Crossbar(shape, self.array_config, seed=seed)
        return TiledCrossbar(shape, self.array_config, tile=(self.tile, self.tile), seed=seed)

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Weights (rows, columns) and inputs (vectors, rows): the same for equal seeds and sizes, whatever the array."""
        rng = np.random.default_rng(seed)
        largest, reach = self.array_config.weight_max, self.array_config.dac.x_max
        shape = (self.rows, self.columns)
        if self.weights == "uniform":
            w = rng.uniform(-largest, largest, shape)
        else:
            w = np.clip(rng.normal(0, largest / 3, shape), -largest, largest)
        return w, rng.uniform(-reach, reach, (self.vectors, self.rows))

    def program(self, array: Crossbar | TiledCrossbar, w: np.ndarray) -> None:
        if self.programming == "write-verify":
            array.program(w, scheme=WriteVerify())
        else:
            array.program(w)


def relative_error(y: np.ndarray, ideal: np.ndarray) -> float:
    """Root mean square of y - ideal over that of ideal."""
    return float(np.sqrt(np.mean((y - ideal) ** 2) / np.mean(ideal**2)))


@sweep_task(
    "array-error",
    title="error of an array's output",
    error=ERROR,
    saturated=Quantity("share of conversions that saturate", "1", "lower"),
)
def array_error(config: ArrayTask, run: Run) -> Result:
    """Program once, read `vectors` inputs, compare with x @ W; the events are those of the reads."""
    w, x = config.draw(run.seed)
    array = config.make(run.seed)
    config.program(array, w)
    before = array.events
    y = array.forward(x)
    return Result({"error": relative_error(y, x @ w), "saturated": array.clipped / y.size}, array.events - before)


class RetentionTask(ArrayTask):
    """An array that is read after a time.

    Parameters
    ----------
    seconds : float
        Since programming.
    compensation : "none", "global" or "column"
        Whether outputs are scaled by what calibration reads have shrunk by.
    """

    seconds: float = Field(default=1e4, gt=0)
    compensation: Literal["none", "global", "column"] = "none"


@sweep_task(
    "retention",
    title="error of an array's output after a time",
    error=ERROR,
    signal=Quantity("output that is left", "1", "higher"),
)
def retention(config: RetentionTask, run: Run) -> Result:
    """Program, wait, read; the events are those of the last reads and of the calibration before them."""
    w, x = config.draw(run.seed)
    array = config.make(run.seed)
    config.program(array, w)
    if config.compensation != "none":
        array.remember_drift(per_column=config.compensation == "column")
    array.age(config.seconds)
    before = array.events
    if config.compensation != "none":
        array.compensate_drift()
    y, ideal = array.forward(x), x @ w
    left = float(np.sum(y * ideal) / np.sum(ideal**2))
    return Result({"error": relative_error(y, ideal), "signal": left}, array.events - before)
