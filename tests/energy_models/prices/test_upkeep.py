"""Wear, refresh and waiting of arrays, by hand; what nobody says is None."""

import pytest
from helpers.statistics import relative

from revpath.devices import load_device
from revpath.energy_models import PriceError, get, load_chip, price
from revpath.energy_models.prices.upkeep import WEAK_PULSES, upkeep

NAME, CHIP = "reram-sb-gong2018", "reram-32nm"
EVENTS = {"pulse.up": 3000, "pulse.down": 1000, "array.busy_s": 0.25}


def rows(device, **more):
    found = upkeep(EVENTS, CHIP, device, **{"cells": 20, "joules": 0.5, "seconds": 1.0, **more})
    return {row.name: row for row in found}


def test_wear_by_hand():
    found = rows(NAME)
    assert found["pulses of a cell"].value == 200
    endured = 2 * get(WEAK_PULSES).value
    assert found["trainings until worn"].value == relative(endured / 200)
    assert found["energy until worn"].value == relative(endured / 200 * 0.5)
    assert "zhao2018" in found["trainings until worn"].assumed


def test_a_known_endurance_is_taken_for_its_device():
    device = load_device(NAME).replaced(endurance__cycles=1e6, name="known")
    found = rows(device)
    assert found["trainings until worn"].value == relative(1e6 * 2 * device.pulsed.states / 200)
    assert found["trainings until worn"].assumed == ""


def test_refresh_by_hand():
    device = load_device(NAME).replaced(retention__duration=3600.0, name="forgets")
    found = rows(device)
    half = device.pulsed.states / 2
    pulses = 20 * half * (device.pulse.energy_up + device.pulse.energy_down) / 2
    reads = price({"cell.verify_read": 20}, CHIP, n_draws=100).joules
    assert found["rewriting all cells"].value == relative(pulses + reads)
    assert found["refresh"].value == relative((pulses + reads) / 3600)
    assert rows(NAME)["refresh"].value is None  # nobody says how long that cell keeps a state


def test_waiting_by_hand():
    found = rows(NAME)
    assert found["arrays wait"].value == 0.75
    assert found["waiting, not gated"].value == relative(price({"array.busy_s": 0.75}, CHIP, n_draws=100).joules)
    assert rows(NAME, seconds=0.1)["waiting, not gated"].value == 0
    assert rows(NAME, seconds=None)["arrays wait"].value is None


def test_of_other_cells_and_chips_nothing_is_made_up():
    found = rows("gokmen-vlasov2016")
    assert [row.value for row in found.values()][1:5] == [None] * 4
    gpu = {row.name: row for row in upkeep({}, "h100-run", NAME, cells=1, joules=1.0, seconds=1.0)}
    assert gpu["waiting, not gated"].value is None
    assert gpu["trainings until worn"].value is None  # no pulse: never


@pytest.mark.parametrize(("field", "value"), [("cells", 0), ("joules", float("nan"))])
def test_bad_numbers_are_refused(field, value):
    with pytest.raises(PriceError, match=f"{field} = "):
        rows(NAME, **{field: value})


def test_a_chip_that_prices_no_rewrite_says_so():
    assert load_chip("charge-22nm-wang").prices.get("pulse.up") is None
    found = upkeep(EVENTS, "charge-22nm-wang", NAME, cells=20, joules=1.0)
    assert {row.name: row.value for row in found}["rewriting all cells"] is None
