"""Price this chip: the price of a read is that of its events, and an edited price is another run."""

import pytest
from helpers.statistics import relative

from revpath.devices import RevpathError
from revpath.energy_models import load_chip, price
from revpath.energy_models.prices.schedule import SCHEDULES, completed
from revpath.simulator import Crossbar
from revpath.studies.sweeps import Run, Study
from revpath.studies.sweeps.tasks.chips import ChipTask, chip_price

CONTENT = {"rows": 16, "columns": 8, "vectors": 4, "array": {"adc": {"bits": 8}, "dac": {"bits": 8}}}


@pytest.mark.parametrize("chip", ["reram-32nm", "reram-digital-7nm"])
def test_a_vector_costs_its_share_of_the_reads(chip):
    config = ChipTask(**CONTENT, chip=chip)
    result = chip_price(config, Run(seed=3))
    w, x = config.draw(3)
    array = Crossbar((16, 8), config.array_config, seed=3)
    array.program(w)
    before = array.events
    array.forward(x)
    bill = price(completed(dict(array.events - before), load_chip(chip), SCHEDULES["register-tile"]), load_chip(chip))
    assert result.values["energy"] == relative(bill.joules / 4, 1e-12)
    assert result.values["efficiency"] == relative(2 * 16 * 8 * 4 / bill.joules, 1e-12)
    low, nominal, high, time = (result.values[name] or 0.0 for name in ("energy_low", "energy", "energy_high", "time"))
    assert 0 < low < nominal < high
    assert time > 0
    assert sum(result.detail["shares"].values()) == relative(1.0, 1e-9)


def test_its_prices_are_in_the_identity_of_a_run(tmp_path):
    study = Study(name="chips", task="chip-price", axes={"chip": ["reram-32nm", "reram-digital-7nm"]}, fixed=CONTENT)
    one, other = (run.identity for run in study.runs())
    assert one["numbers"] != other["numbers"]
    assert one["code"] != next(Study(name="a", task="array-error").runs()).identity["code"]


@pytest.mark.parametrize(
    ("field", "message"), [("chip", "chip = 'none' must be a file or one of"), ("schedule", "must be one of naive")]
)
def test_what_is_not_known_is_named_before_anything_runs(field, message):
    with pytest.raises(RevpathError, match=message):
        Study(name="chips", task="chip-price", fixed={field: "none"})
