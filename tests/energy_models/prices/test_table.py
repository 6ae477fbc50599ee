"""Many rows at once against one row at a time, and everything that a table may not hold."""

import numpy as np
import pandas as pd
import pytest
from helpers.statistics import relative

from revpath.energy_models import (
    PriceError,
    UnpricedEvent,
    get,
    load_chip,
    price,
    price_rows,
    price_table,
    total_events,
)
from revpath.energy_models.errors import FloorError

RERAM = load_chip("reram-32nm")
NAMES = ["adc.conversion{enob=7.5}", "adc.conversion{enob=8}", "digital.add", "array.read_energy_J", "line.drive"]


def rows(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.array(NAMES, dtype=object)[rng.integers(len(NAMES), size=n)], rng.uniform(0, 1e-6, n)


def test_rows_are_priced_as_one_at_a_time():
    names, amounts = rows(500)
    slow = [price({name: amount}, RERAM, n_draws=100).joules for name, amount in zip(names, amounts, strict=True)]
    assert price_rows(names, amounts, RERAM) == relative(np.array(slow))


@pytest.mark.parametrize("make", [list, np.array, pd.Series, pd.Categorical])
def test_any_column_of_names_will_do(make):
    names, amounts = rows(50)
    assert np.array_equal(price_rows(make(list(names)), amounts, RERAM), price_rows(names, amounts, RERAM))


def test_the_rows_sum_to_the_bill():
    names, amounts = rows(1000)
    bill = price_table(names, amounts, RERAM)
    assert bill.joules == relative(price_rows(names, amounts, RERAM).sum())
    by_hand = {name: amounts[names == name].sum() for name in NAMES}
    assert total_events(names, amounts) == {name: relative(total) for name, total in by_hand.items()}


def test_overrides_hold_for_rows_too():
    record = get("digital.puma2019.multiply")
    assert price_rows(["digital.add"], [2], RERAM, overrides={"digital.add": record}) == relative(2 * record.value)


def test_a_cost_carried_by_other_events_is_zero_with_them_and_refused_without():
    assert price_rows(["array.read", "array.busy_s"], [1, 1], RERAM)[0] == 0
    with pytest.raises(PriceError, match=r"array.read.*its cost would be lost"):
        price_rows(["array.read", "digital.add"], [1, 1], RERAM)


def test_an_empty_table_costs_nothing():
    assert price_rows([], [], RERAM).shape == (0,)
    assert price_table([], [], RERAM).joules == 0


@pytest.mark.parametrize(
    ("names", "amounts", "error", "message"),
    [
        (["digital.add", "digital.add"], [1, -2], PriceError, r"row 1, event 'digital.add': .*-2.0.* not negative"),
        (["digital.add"], [np.nan], PriceError, r"row 0.*nan"),
        (["digital.add"], [np.inf], PriceError, r"row 0.*inf"),
        (["digital.add"], ["many"], PriceError, "amounts must be numbers"),
        (["digital.add"], [1, 2], PriceError, r"shape \(2,\) must match"),
        ([["digital.add"]], [1], PriceError, "one column"),
        ([None, "digital.add"], [1, 2], PriceError, "row 0 has no name"),
        (["digital.sub"], [1], UnpricedEvent, "digital.sub.*no price on chip 'reram-32nm'"),
        (["matmul.flop"], [1], UnpricedEvent, "array read"),
        (["adc.conversion{enob=20}"], [1], PriceError, "outside the priced range"),
    ],
)
def test_bad_tables_are_refused(names, amounts, error, message):
    with pytest.raises(error, match=message):
        price_rows(names, amounts, RERAM)


def test_the_bill_of_a_table_is_held_to_its_floors():
    with pytest.raises(FloorError, match="array read"):
        price_table(["array.snr_sum"], [1.0], RERAM)
    assert price_rows(["array.snr_sum"], [1.0], RERAM) == 0
