"""The rules and learning rates that studies of the tasks try, the same for all devices but for what depends on their step."""

from __future__ import annotations

from typing import Literal

from ...devices import Device, load_device
from ...devices.response.pulsed import PulsedResponse
from ...simulator.rules import RULES, AnyRule
from .tasks import TASKS

Task = Literal["digits", "text"]
RATES: dict[Task, tuple[float, ...]] = {
    "digits": (0.006, 0.02, 0.06, 0.2, 0.6, 2.0),
    "text": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
}
"""The grid: of the digits, the learning rate itself; of the text, a factor to the rates of the ideal model."""


def rule_for(name: str, device: str | Device, task: Task) -> AnyRule:
    """The rule as the studies use it, see `RuleConfig.adapted`."""
    response = load_device(device).response
    step = response.step if isinstance(response, PulsedResponse) else None
    return RULES.named(name).adapted(TASKS[task].updates_per_gradient, step)
