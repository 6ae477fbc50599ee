"""A chip and a device may be given by name, by file or as themselves, wherever one is needed."""

from importlib.resources import files

import numpy as np
import pytest

from revpath.devices import RevpathError, load_device
from revpath.energy_models import (
    load_chip,
    performance,
    price,
    price_rows,
    price_table,
    pulse_prices,
    ratio_of_bills,
)
from revpath.energy_models.prices.many import price_many
from revpath.energy_models.prices.pricing import unit_prices
from revpath.energy_models.prices.schedule import completed

NAME = "reram-32nm"
EVENTS = {"digital.add": 3, "sram.byte_read": 2}

USES = {
    "price": lambda chip: price(EVENTS, chip, n_draws=100).joules,
    "unit_prices": lambda chip: unit_prices(EVENTS, chip),
    "price_rows": lambda chip: price_rows(list(EVENTS), list(EVENTS.values()), chip).tolist(),
    "price_table": lambda chip: price_table(list(EVENTS), list(EVENTS.values()), chip, n_draws=100).joules,
    "price_many": lambda chip: price_many([EVENTS], chip).nominal.tolist(),
    "completed": lambda chip: completed(EVENTS, chip),
    "ratio_of_bills": lambda chip: sorted(ratio_of_bills(EVENTS, chip, EVENTS, chip)[1]),
}


@pytest.mark.parametrize("use", USES)
def test_a_chip_by_name_by_file_and_itself_are_one(use, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(files("revpath.energy_models.chips").joinpath(f"{NAME}.toml").read_text(encoding="utf-8"), "utf-8")
    chip = load_chip(NAME)
    assert load_chip(chip) is chip
    want = USES[use](chip)
    assert USES[use](NAME) == USES[use](path) == USES[use](str(path)) == want
    with pytest.raises(RevpathError, match="chip = 'reram-32n' is not known; did you mean 'reram-32nm'"):
        USES[use]("reram-32n")


def test_performance_of_a_chip_by_name():
    assert performance("charge-22nm-wang", "8b-0.7V") == performance(load_chip("charge-22nm-wang"), "8b-0.7V")


def test_pulse_prices_of_a_device_by_name():
    device = load_device("reram-sb-gong2018")
    assert load_device(device) is device
    assert pulse_prices(device.name) == pulse_prices(device)
    assert np.isfinite(pulse_prices(device.name)["pulse.up"].value)
