"""One training run of the study of update rules: what it is, which rule it has, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from ...devices import load_device
from ...devices.base.errors import RevpathError
from ...devices.base.frozen import Frozen
from ...simulator import Events
from ...simulator.rules import AnyRule
from ..sweeps.attempt import attempt
from ..sweeps.registry import Quantity, Result, SweepConfig, sweep_task, task_kind
from ..sweeps.running import Run
from ..sweeps.study import Planned
from ..tasks.rates import Task
from ..tasks.tasks import TASKS, Size, quality_of

KIND = "rule-trial"
"""Name of the sweep task."""
DIGITAL = "digital"
"""Name of the reference, as a device: ideal synapses, trained by the same grid."""


class Trial(Frozen):
    """One training run.

    Attributes
    ----------
    device : str
        a name of the library, a path, or `DIGITAL`.
    rule : AnyRule, optional
        None for the digital reference.
    rate : float
        of the grid.
    seed : int
        of everything.
    size : Size
        how long it is.
    """

    task: Task
    device: str
    rule: AnyRule | None
    rate: float = Field(gt=0)
    seed: int = Field(ge=0)
    size: Size

    @property
    def key(self) -> str:
        """The digest of `identity`, which names its record."""
        return planned(self).id

    def identity(self) -> dict[str, Any]:
        """All that the result depends on, as one value that can be printed."""
        return planned(self).identity

    @property
    def rule_name(self) -> str:
        return DIGITAL if self.rule is None else self.rule.name()


class Outcome(Frozen):
    """What came of a trial; `refused` says why nothing could.

    Attributes
    ----------
    validation, test : float, optional
        mean log-likelihood in nats of the digits, higher is better; bits per character of the text, lower is better.
    weights : int
        of the model.
    events : str
        all that happened in training.
    """

    model_config = ConfigDict(allow_inf_nan=True)  # a training that broke down is an outcome too

    trial: Trial
    validation: float | None = None
    test: float | None = None
    weights: int = 0
    events: str = "{}"
    refused: str = ""

    def spent(self) -> Events:
        return Events.from_json(self.events)

    @property
    def pulses_per_weight(self) -> float:
        """Pulses and writes on all cells, those of both cells of a weight and of all arrays, for each weight."""
        spent = self.spent()
        return sum(spent[name] for name in ("pulse.up", "pulse.down", "cell.programmed")) / self.weights

    @property
    def badness(self) -> float:
        """Of the validation data, for choosing: lower is better; infinite where there is none."""
        if self.validation is None or not np.isfinite(self.validation):
            return np.inf
        return -self.validation if TASKS[self.trial.task].higher_is_better else self.validation


class TrialConfig(SweepConfig):
    """A trial as the sweep engine takes it: all of `Trial` but its seed."""

    code: ClassVar[tuple[str, ...]] = ("studies/rules/trial.py",)

    task: Task = "digits"
    device: str = DIGITAL
    rule: AnyRule | None = None
    rate: float = Field(default=0.1, gt=0)
    size: Size = "fast"

    def numbers(self) -> Any:
        device = "" if self.device == DIGITAL else load_device(self.device).model_dump_json(exclude={"records"})
        return [device, TASKS[self.task].data_sha256()]

    def records(self) -> tuple[str, ...]:
        if self.device == DIGITAL:
            return ()
        return tuple(sorted(record.id for record in load_device(self.device).records.values()))


@sweep_task(
    KIND,
    title="one training run of the study of update rules",
    validation=Quantity("quality on validation data"),
    test=Quantity("quality on test data"),
    weights=Quantity("weights of the model"),
)
def learn_trial(config: TrialConfig, run: Run) -> Result:
    """Train and judge; a rule that the device does not allow is refused. A quality that is not finite is None."""
    device = config.device if config.rule else None
    *qualities, weights, events = quality_of(config.task, device, config.rule, config.rate, run.seed, config.size)
    validation, test = (quality if np.isfinite(quality) else None for quality in qualities)
    return Result({"validation": validation, "test": test, "weights": weights}, events)


def planned(trial: Trial) -> Planned:
    """A trial as a run of the sweep engine."""
    content = trial.model_dump(exclude={"seed"})
    point = {"task": trial.task, "device": trial.device, "rule": trial.rule_name, "rate": trial.rate}
    return Planned(KIND, point, 0, trial.seed, TrialConfig(**content))


def outcome_of(trial: Trial, record: Mapping[str, Any]) -> Outcome:
    """What a record of the store says of a trial.

    Raises
    ------
    RevpathError
        The training had a fault, and was not only refused.
    """
    if record["state"] == "done":
        values = {**record["values"], "weights": int(record["values"]["weights"])}
        return Outcome(trial=trial, events=record["events"], **values)
    if "fault" in record:
        raise RevpathError(f"{trial.task}, {trial.device}, {trial.rule_name}: {record['error']}")
    return Outcome(trial=trial, refused=record["error"])


def run_trial(trial: Trial) -> Outcome:
    """Train and judge in this process, keeping nothing; a rule that the device does not allow is an outcome too."""
    run = planned(trial)
    return outcome_of(trial, attempt(task_kind(KIND), run.config, run.seed))
