"""Training: a small energy-based model on an array of some cell, by some update rule, at the best learning rate of a grid.

The rate is chosen on validation data, with seeds that the reported run does not use, at every point anew: a device is not
judged at the rate of another. What is reported is the quality on test data of one more run at that rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ....devices.base.errors import RevpathError
from ....simulator.rules import RULES
from ...baselines.cheapest import Passage, cheapest_transformer
from ...tasks.rates import RATES, Task, rule_for
from ...tasks.tasks import TASKS, Size
from ..registry import Quantity, Result, Run, sweep_task
from .arrays import DeviceConfig

_TUNING_SEED = 2**20
"""Added to the seed of a run for the trials that choose its rate."""


class TrainingTask(DeviceConfig):
    """A model, a rule, a cell.

    Parameters
    ----------
    device : DeviceChoice
    rule : str
        Name of an update rule, with the settings of `revpath rules`; "digital" for ideal synapses.
    rates : tuple of float
        Learning rates that are tried; one rate is taken as it is.
    size : "fast", "small" or "full"
        How long training is.
    """

    rule: str = "stochastic"
    rates: tuple[float, ...] = Field(default=(), max_length=12)
    size: Size = "small"

    def numbers(self) -> Any:
        return [self.device.numbers() if self.rule != "digital" else "", self._task().data_sha256()]

    def _task(self) -> Any:
        return TASKS[self.task_name]

    task_name: ClassVar[Task] = "text"

    @model_validator(mode="after")
    def _can_be_trained(self) -> TrainingTask:
        if any(rate <= 0 for rate in self.rates):
            raise ValueError(f"rates = {self.rates} must be above 0")
        if self.rule != "digital":
            if self.rule not in RULES.names:
                raise ValueError(f"rule = {self.rule!r} must be one of digital, {', '.join(RULES.names)}")
            rule_for(self.rule, self.device.load(), self.task_name)
        return self

    @property
    def grid(self) -> tuple[float, ...]:
        """The rates that are tried: those given, or the grid of `revpath rules`."""
        return self.rates or RATES[self.task_name]


class TextTask(TrainingTask):
    """Conditional RBM on the shipped text."""


class DigitsTask(TrainingTask):
    """RBM on scikit-learn's digits."""

    task_name: ClassVar[Task] = "digits"


def train(config: TrainingTask, run: Run, name: Literal["text", "digits"]) -> Result:
    """Choose a rate on validation data, train once more, report on test data; a run that is cut goes on after the last rate tried."""
    task, cell = TASKS[name], config.device.load()
    device = None if config.rule == "digital" else cell
    rule = None if config.rule == "digital" else rule_for(config.rule, cell, name)
    sign = -1.0 if task.higher_is_better else 1.0
    nothing, about = run.restore(lambda: np.zeros(0))  # what is kept is numbers that JSON holds
    lowest, best = about.get("lowest", (np.inf, config.grid[0]))
    grid = config.grid if len(config.grid) > 1 else ()
    for tried, rate in list(enumerate(grid, start=1))[about.get("tried", 0) :]:
        validation, *_ = task.learn(device, rule, rate, run.seed + _TUNING_SEED, config.size)
        if sign * validation < lowest:
            lowest, best = sign * float(validation), rate
        about = {"tried": tried} | ({"lowest": (lowest, best)} if np.isfinite(lowest) else {})
        run.checkpoint(nothing, about, tried / (len(grid) + 1))
    validation, test, weights, events = task.learn(device, rule, best, run.seed, config.size)
    if not weights:
        raise RevpathError("a model without weights has no pulses a weight")
    pulses = sum(events[name] for name in ("pulse.up", "pulse.down", "cell.programmed"))
    values = {"quality": test, "validation": validation, "pulses_per_weight": pulses / weights, "rate": best}
    return Result(values, events)


_PULSES = Quantity("pulses a weight", "1", "lower")
_RATE = Quantity("learning rate chosen", "1")


def _transformer(values: Mapping[str, float | None]) -> Passage | None:
    """The cheapest transformer at the run's validation data: its own checkpoints were judged on that."""
    bits = values["validation"]
    return None if bits is None else cheapest_transformer(bits)


@sweep_task(
    "train-text",
    title="conditional RBM on text",
    rival=_transformer,
    quality=Quantity("test data", "bit/character", "lower"),
    validation=Quantity("validation data", "bit/character", "lower"),
    pulses_per_weight=_PULSES,
    rate=_RATE,
)
def train_text(config: TextTask, run: Run) -> Result:
    """Bits per character after training on the shipped text."""
    return train(config, run, "text")


@sweep_task(
    "train-digits",
    title="RBM on digits",
    quality=Quantity("log-likelihood of test data", "nat", "higher"),
    validation=Quantity("log-likelihood of validation data", "nat", "higher"),
    pulses_per_weight=_PULSES,
    rate=_RATE,
)
def train_digits(config: DigitsTask, run: Run) -> Result:
    """Nats after training on 8 x 8 digits."""
    return train(config, run, "digits")
