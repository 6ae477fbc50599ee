"""Price this chip: what the read of an array takes on a chip, so that chips, cells, converters and shapes can be axes of one study.

Here prices are the result, and so they are in the identity of a run: an edited record is another run. To price runs that train, on
any chip and without their being made again, is the second level, `revpath price`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from ....energy_models import chip_names, load_chip, price, pulse_prices
from ....energy_models.prices.schedule import SCHEDULES, completed, seconds
from ....energy_models.prices.vocabulary import parse_event
from ..registry import Quantity, Result, Run, sweep_task
from .arrays import ArrayTask, relative_error

_OPERATIONS = 2
"""A multiply-accumulate is two operations."""


class ChipTask(ArrayTask):
    """An array on a chip.

    Parameters
    ----------
    chip : str
        A chip of the library or a file.
    schedule : str
        Of the digital work.
    """

    code: ClassVar[tuple[str, ...]] = ("energy_models",)
    chip: str = "reram-32nm"
    schedule: str = "register-tile"

    @field_validator("chip")
    @classmethod
    def _chip_is_known(cls, name: str) -> str:
        if not name.endswith(".toml") and name not in chip_names():
            raise ValueError(f"chip = {name!r} must be a file or one of {', '.join(chip_names())}")
        return name

    @field_validator("schedule")
    @classmethod
    def _schedule_is_known(cls, name: str) -> str:
        if name not in SCHEDULES:
            raise ValueError(f"schedule = {name!r} must be one of {', '.join(SCHEDULES)}")
        return name

    def numbers(self) -> Any:
        return [super().numbers(), load_chip(self.chip).model_dump_json()]


@sweep_task(
    "chip-price",
    title="price of an array's read on a chip",
    energy=Quantity("energy of a vector", "J", "lower"),
    energy_low=Quantity("energy of a vector, 5 % quantile", "J", "lower"),
    energy_high=Quantity("energy of a vector, 95 % quantile", "J", "lower"),
    efficiency=Quantity("operations a joule", "1/J", "higher"),
    time=Quantity("time of a vector", "s", "lower"),
    error=Quantity("relative rms error of the output", "1", "lower"),
)
def chip_price(config: ChipTask, run: Run) -> Result:
    """Program once, read `vectors` inputs, price these reads at nominal prices and with their uncertainties."""
    w, x = config.draw(run.seed)
    array, chip = config.make(run.seed), load_chip(config.chip)
    config.program(array, w)
    before = array.events
    y = array.forward(x)
    events = array.events - before
    counted = completed(dict(events), chip, SCHEDULES[config.schedule])
    pulsed = any(parse_event(name)[0].startswith("pulse.") for name in counted)
    bill = price(counted, chip, overrides=pulse_prices(config.device.load()) if pulsed else None)
    interval, n = bill.interval(), config.vectors
    values = {
        "energy": interval.nominal / n,
        "energy_low": interval.low / n,
        "energy_high": interval.high / n,
        "efficiency": _OPERATIONS * config.rows * config.columns * n / interval.nominal,
        "time": (seconds(counted) or counted.get("array.busy_s", 0.0)) / n,
        "error": relative_error(y, x @ w),
    }
    shares = {name: bill.nominal(name) / bill.joules for name in bill.components}
    return Result(values, events, detail={"shares": shares})
