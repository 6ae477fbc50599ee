"""One training run of the study of update rules: what it is, which rule it has, and what came of it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...devices import Device, load_device
from ...devices.base.errors import RevpathError, explain
from ...devices.response.pulsed import PulsedResponse
from ...simulator import Events
from ...simulator.rules import RULES, AnyRule
from ..identity import code_digest, strong_id
from ..tasks.tasks import TASKS, Size, quality_of

CODE = ("studies/tasks", "studies/rules/trial.py")
"""What can change the bits of a trial, beside the rooms below."""

Task = Literal["digits", "text"]
DIGITAL = "digital"
"""Name of the reference, as a device: ideal synapses, trained by the same grid."""


class Trial(BaseModel):
    """One training run.

    Attributes
    ----------
    device: a name of the library, a path, or `DIGITAL`. rule: None for the digital reference.
    rate: of the grid. seed: of everything. size: how long it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Task
    device: str
    rule: AnyRule | None
    rate: float = Field(gt=0)
    seed: int = Field(ge=0)
    size: Size

    def identity(self, code: str | None = None) -> dict[str, Any]:
        """All that the result depends on, as one value that can be printed.

        Parameters
        ----------
        code : str, optional
            Digest of the sources that can change a bit; of the code at hand unless given.
        """
        numbers = "" if self.device == DIGITAL else load_device(self.device).model_dump_json(exclude={"records"})
        return {
            "trial": self.model_dump(mode="json"),
            "device": numbers,
            "data_sha256": TASKS[self.task].data_sha256(),
            "version": version("revpath"),
            "code": code_digest(*CODE) if code is None else code,
        }

    @property
    def key(self) -> str:
        """The digest of `identity`, which names the file of the result."""
        return strong_id(self.identity())

    @property
    def rule_name(self) -> str:
        return DIGITAL if self.rule is None else self.rule.name()


class Outcome(BaseModel):
    """What came of a trial; `refused` says why nothing could.

    Attributes
    ----------
    validation, test: mean log-likelihood in nats of the digits, higher is better; bits per character of the text, lower is
        better. weights: of the model. events: all that happened in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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


def rule_for(name: str, device: str | Device, task: Task) -> AnyRule:
    """The rule as the study uses it, see `RuleConfig.adapted`: the same for all devices but for what depends on their step."""
    response = (device if isinstance(device, Device) else load_device(device)).response
    step = response.step if isinstance(response, PulsedResponse) else None
    return RULES.named(name).adapted(TASKS[task].updates_per_gradient, step)


def run_trial(trial: Trial) -> Outcome:
    """Train and judge; a rule that the device does not allow is an outcome too."""
    try:
        validation, test, weights, events = quality_of(
            trial.task, trial.device if trial.rule else None, trial.rule, trial.rate, trial.seed, trial.size
        )
    except RevpathError as error:
        return Outcome(trial=trial, refused=" ".join(str(error).split()))
    return Outcome(trial=trial, validation=validation, test=test, weights=weights, events=events.to_json())


def outcome_path(trial: Trial, folder: Path) -> Path:
    return folder / f"{trial.task}-{Path(trial.device).stem}-{trial.rule_name}-{trial.key}.json"


def read_outcome(path: Path) -> Outcome:
    """RevpathError naming the file where it is not one."""
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = explain(error) if isinstance(error, ValidationError) else str(error)
        raise RevpathError(f"result = {str(path)!r} is not an outcome: {why[:200]}; delete it to run anew") from None
