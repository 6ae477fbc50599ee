"""Every update rule says once that it has worn cells beyond their endurance, or refuses to go on if asked to."""

import warnings

import numpy as np
import pytest

from revpath.devices import Endurance, load_device
from revpath.simulator import ArrayConfig, EnduranceError, EnduranceWarning
from revpath.simulator.rules import RULES

pytestmark = pytest.mark.jit  # a verified copy takes 100,000 pulses for it

X, D = np.full((2, 3), 1.0, np.float32), np.full((2, 2), -1.0, np.float32)


PHYSICAL = [
    rule for rule in RULES if rule.training != "no hardware"
]  # a limit of infinitely small pulses wears nothing


def trained(rule, on_worn: str, cycles: float = 0.05, updates: int = 60):
    device = load_device("reram-sb-gong2018").model_copy(update={"endurance": Endurance(cycles=cycles)})
    array = rule().on((3, 2), ArrayConfig(device, on_worn=on_worn), seed=1)
    for k in range(updates):
        array.update(X, (-1) ** (k // 4) * D, 0.5)
    return array


@pytest.mark.parametrize("rule", PHYSICAL, ids=lambda rule: rule.__name__)
def test_training_beyond_the_endurance_is_said_once(rule):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trained(rule, "warn")
    assert 1 <= len(said) <= 3  # once an array; rules have up to three
    assert {w.category for w in said} == {EnduranceWarning}
    assert all("cells have taken more than" in str(w.message) for w in said)


@pytest.mark.parametrize("rule", PHYSICAL, ids=lambda rule: rule.__name__)
def test_training_beyond_the_endurance_is_an_error_if_asked_for(rule):
    with pytest.raises(EnduranceError, match="cells have taken more than"):
        trained(rule, "error")


@pytest.mark.parametrize("rule", PHYSICAL, ids=lambda rule: rule.__name__)
def test_within_the_endurance_nothing_is_said(rule):
    trained(rule, "error", cycles=1e9, updates=3)  # warnings are errors here
    trained(rule, "ignore", updates=3)
