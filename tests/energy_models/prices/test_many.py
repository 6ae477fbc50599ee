"""Many bills at once are the bills one by one."""

import numpy as np
import pytest

from revpath.devices import UnknownName, load_device
from revpath.energy_models import load_chip, price, pulse_prices
from revpath.energy_models.errors import PriceError
from revpath.energy_models.prices.bill import SCOPES
from revpath.energy_models.prices.many import price_many

CHIP = load_chip("reram-32nm")


def runs(n):
    rng = np.random.default_rng(n)
    return [
        {
            "digital.add": int(rng.integers(1, 1000)),
            "dac.conversion{bits=8}": int(rng.integers(1, 1000)),
            f"adc.conversion{{enob={6 + k % 3}}}": int(rng.integers(1, 1000)),
            "sram.byte_read": int(rng.integers(1, 1000)),
            "pulse.up": int(rng.integers(1, 1000)),
        }
        for k in range(n)
    ]


@pytest.mark.parametrize("scope", SCOPES)
def test_each_row_is_the_bill_of_its_run(scope):
    overrides = pulse_prices(load_device("reram-sb-gong2018"))
    found = price_many(runs(7), CHIP, overrides=overrides, scope=scope, n_draws=400, seed=3)
    for n, run in enumerate(runs(7)):
        expected = price(run, CHIP, overrides=overrides, n_draws=400, seed=3).up_to(scope)
        row = [found.nominal[n], found.mean[n], found.low[n], found.high[n]]
        assert row == pytest.approx([expected.nominal, expected.mean, expected.low, expected.high], rel=1e-9, abs=0)
    assert found.unpriced == ("",) * 7


def test_what_cannot_be_priced_says_what_price_says_and_leaves_the_others_alone():
    bad = [
        {"no.such": 1},
        {"digital.add": -1},
        {"adc.conversion{enob=inf}": 1},
        {"array.noiseless_read": 1},
        {"array.read_energy_J": 1e-30, "array.snr_sum": 1e9, "adc.conversion{enob=8}": 1},
        {"adc.conversion{enob=8}": 1, "adc.snr_sum": 1e30},
    ]
    good = {"digital.add": 5}
    found = price_many([good, *bad, good], CHIP)
    assert found.unpriced[0] == found.unpriced[-1] == ""
    assert found.nominal[0] == found.nominal[-1] > 0
    for n, run in enumerate(bad, 1):
        with pytest.raises(PriceError) as caught:
            price(run, CHIP)
        assert found.unpriced[n] == " ".join(str(caught.value).split())
        assert np.isnan([found.nominal[n], found.mean[n], found.low[n], found.high[n]]).all()


def test_nothing_and_bad_options():
    assert price_many([], CHIP).nominal.shape == (0,)
    with pytest.raises(PriceError, match="boundary = 'moon'"):
        price_many([], CHIP, scope="moon")
    with pytest.raises(PriceError, match="n_draws = 3"):
        price_many([], CHIP, n_draws=3)
    with pytest.raises(UnknownName, match="chip = 'reram'"):
        price_many([], "reram")
