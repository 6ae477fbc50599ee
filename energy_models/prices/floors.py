"""A floor: a component's energy beside the least that physics allows (physics.py); the checks are in floor_checks.py."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...devices.base.lazy import lazily


@dataclass(frozen=True)
class Floor:
    """Energy of one component beside the least that physics allows, both in joules; ``eta`` = energy / floor."""

    component: str
    energy_J: float
    floor_J: float

    @property
    def eta(self) -> float:
        return self.energy_J / self.floor_J if self.floor_J > 0 else math.inf


# Components that can be without a floor, and why.
_NO_FLOOR: Mapping[str, str] = {
    "array read": "its noise was not simulated: no array.snr_sum among the events",
    "verify array": "the noise of verify reads is not counted",
    "static": "leakage does no work, and a perfect switch has none",
    "gated arrays": "leakage does no work, and a perfect switch has none",
    "static digital": "leakage does no work, and a perfect switch has none",
    "static table": "leakage does no work, and a perfect switch has none",
    "idle": "waiting does no work",
    "gpu time": "what a GPU draws while it is on is not told apart",
}


def why_no_floor(component: str) -> str:
    """The reason why physics sets no least energy for a row of the bill, in a few words; "" for rows that have a floor."""
    return _NO_FLOOR.get(component, "")


# Where these names were until 0.2.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "..floor_checks": ("check_bounds", "check_floor"),
        "...physics": (
            "adc_floor",
            "column_read_floor",
            "converter_snr",
            "landauer",
            "random_sign_read_floor",
            "thermal_energy",
        ),
    },
)
