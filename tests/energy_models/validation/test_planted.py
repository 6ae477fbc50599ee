"""The honesty of the left-out figures: what is planted in a case changes what others are foretold, never the case itself."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError
from revpath.energy_models.gpu.runs import runs
from revpath.energy_models.validation.chips import Case, calibrate, cases, fit, leave_one_out
from revpath.energy_models.validation.gpus import energy_left_out, hours_left_out

TIMED = tuple(run for run in runs() if run.utilisation is not None)
METERED = tuple(run for run in runs("measured") if run.hours is not None and run.energy_J is not None)
PLANT = 3.0  # a figure three times what was published: seen at once by any law that looks at it


def foretold(found):
    return {left.run.name: left.model for left in found}


@pytest.mark.parametrize("law", ["mean", "size"])
@pytest.mark.parametrize("name", [run.name for run in TIMED])
def test_hours_planted_in_a_run_do_not_change_what_it_is_foretold(law, name):
    planted = [replace(run, hours=run.hours * PLANT) if run.name == name else run for run in TIMED]
    before, after = foretold(hours_left_out(law, TIMED)), foretold(hours_left_out(law, planted))
    assert after[name] == relative(before[name], rel=1e-12)
    assert sum(after[other] > before[other] for other in before) >= len(TIMED) // 2  # the others do see it


@pytest.mark.parametrize("law", ["mean", "size"])
@pytest.mark.parametrize("by", ["run", "paper"])
def test_joules_planted_in_a_run_do_not_change_what_it_is_foretold(law, by):
    run = METERED[0]
    planted = [replace(each, energy_J=each.energy_J * PLANT) if each.name == run.name else each for each in METERED]
    before, after = foretold(energy_left_out(law, by, METERED)), foretold(energy_left_out(law, by, planted))
    assert after[run.name] == relative(before[run.name], rel=1e-12)
    assert any(after[other] != before[other] for other in before)


def toy(chip, published, measured=True):
    model = {"array": 1.0, "converters": 2.0, "digital": 3.0}
    return Case(chip, "mvm", published, model, model, {}, measured)


def test_joules_planted_in_a_chip_do_not_change_its_factors():
    points = cases()
    before = leave_one_out(points)
    for chip in {p.chip for p in points if p.measured}:
        changed = [
            replace(p, published=p.published * PLANT, groups={g: j * PLANT for g, j in p.groups.items()}) if p.chip == chip
            else p
            for p in points
        ]  # fmt: skip
        after = leave_one_out(changed)
        assert after[chip] == before[chip]
        assert all(after[other] != before[other] for other in before if other != chip)


def test_simulated_designs_are_never_fitted_to():
    points = [toy("a", 6.0), toy("b", 6.0), toy("drawn", 600.0, measured=False)]
    answer = leave_one_out(points)
    assert answer["a"] == fit([points[1]])
    assert answer["drawn"] == fit(points[:2])
    with pytest.raises(PriceError, match="no other measured chip"):
        leave_one_out([points[0], points[2]])


def test_every_chip_has_the_same_weight_however_many_points_it_published():
    once, often = [toy("a", 6.0), toy("b", 60.0)], [toy("a", 6.0), *[toy("b", 60.0)] * 9]
    assert list(fit(once).values()) == [relative(value, rel=1e-5) for value in fit(often).values()]


def test_a_calibration_multiplies_the_model_up_to_what_was_published():
    assert set(calibrate([toy("a", 12.0)]).values()) == {2.0}
    assert np.isclose(toy("a", 12.0).scaled(calibrate([toy("a", 12.0)])), 12.0)
