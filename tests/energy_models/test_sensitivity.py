"""Draws, tornado and flip points of functions of records, against closed forms."""

import math
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest

from revpath.devices.base.record import Lognormal, Record, Source, Uniform
from revpath.energy_models import PriceError, load_chip, price, ratio
from revpath.energy_models.figures.tornado import plot_tornado
from revpath.energy_models.sensitivity import flip_points, nominal, propagate, ratio_of_bills, tornado

SOURCE = Source(key="nobody", citation="Nobody, for a test (2026)")


def record(id, value, uncertainty, unit="J"):
    return Record(
        id=id,
        value=value,
        unit=unit,
        uncertainty=uncertainty,
        evidence="measured",
        source=SOURCE,
        read_in="primary",
    )


A = record("a", 8.0, Lognormal(sigma_ln=0.3))
B = record("b", 2.0, Uniform(low=1.0, high=3.0))
C = record("c", 5.0, {"kind": "exact"})
RECORDS = {r.id: r for r in (A, B, C)}


def quotient(take):
    return take("a") / take("b", "mJ") * 1000 * take("c") / 5


def test_nominal_notes_what_was_used():
    value, used = nominal(quotient, RECORDS)
    assert value == pytest.approx(4)
    assert set(used) == {"a", "b", "c"}


def test_draws_follow_the_closed_form():
    found = propagate(lambda take: take("a") ** 2, RECORDS, n_draws=20_000)
    # the square of a lognormal: median 64, 5 % and 95 % at exp(-+ 1.645 x 0.6); quantiles of 20 000 draws to 2 %
    assert found.interval.low == pytest.approx(64 * math.exp(-1.6449 * 0.6), rel=0.03)
    assert found.interval.high == pytest.approx(64 * math.exp(1.6449 * 0.6), rel=0.03)
    assert np.median(found.samples) == pytest.approx(64, rel=0.03)


def test_draws_are_the_same_in_every_result_of_a_seed():
    one, two = propagate(lambda t: t("a"), RECORDS), propagate(lambda t: t("b") * t("a") / t("b"), RECORDS)
    np.testing.assert_allclose(one.samples, two.samples, rtol=1e-12)
    other = propagate(lambda t: t("a"), RECORDS, seed=1)
    assert not np.allclose(one.samples, other.samples)


def test_ten_thousand_draws_of_a_hundred_records_take_less_than_a_second():
    many = {f"r{i}": record(f"r{i}", 1.0, Lognormal(sigma_ln=0.1)) for i in range(100)}
    begin = time.perf_counter()
    propagate(lambda take: sum(take(id) for id in many), many)
    assert time.perf_counter() - begin < 1


def test_tornado_by_hand():
    swings = tornado(quotient, RECORDS)
    assert [swing.record for swing in swings] == ["b", "a"]  # c has no uncertainty
    assert (swings[0].low, swings[0].high) == pytest.approx((8 / 1.1, 8 / 2.9))
    assert swings[1].high == pytest.approx(4 * math.exp(0.3 * 1.6449), rel=1e-4)
    assert swings[0].width > swings[1].width


def test_flip_points_by_hand():
    flips = {flip.record: flip for flip in flip_points(quotient, 1.0, RECORDS)}
    assert flips["a"].value == pytest.approx(2)
    assert flips["b"].value == pytest.approx(8)
    assert flips["c"].factor == pytest.approx(0.25)
    assert not flips["b"].likely
    assert not flips["c"].likely
    near = flip_points(quotient, 3.2, RECORDS)
    assert {flip.record: flip.likely for flip in near} == {"a": True, "b": True, "c": False}


def test_no_flip_where_one_record_cannot_do_it():
    assert flip_points(lambda take: 2 + take("a") / take("a"), 1.0, RECORDS) == []
    assert [flip.record for flip in flip_points(lambda take: 2 + take("b") * 1e-9 + take("a"), 3.0, RECORDS)] == ["a"]


def test_values_that_the_quantity_refuses_are_no_flip():
    def refusing(take):
        if take("a") < 4:
            raise PriceError("too small")
        return take("a") / 2

    assert flip_points(refusing, 1.0, RECORDS) == []


@pytest.mark.slow
def test_ratio_of_bills_agrees_with_the_bills():
    events = {"matmul.flop": 1e15, "digital.exp": 1e9}
    run, gemm = load_chip("h100-run"), load_chip("h100-gemm")
    quantity, used = ratio_of_bills(events, run, events, gemm, "facility")
    value, taken = nominal(quantity, used)
    assert value == pytest.approx(ratio(price(events, run), price(events, gemm), "facility").nominal)
    assert "gpu.run.llama31_405b" in taken
    flip = next(f for f in flip_points(quantity, 1.0, used) if f.record == "gpu.run.llama31_405b")
    assert flip.factor == pytest.approx(1 / value)  # the bill is proportional to it
    swings = {swing.record: swing for swing in tornado(quantity, used)}
    assert swings["pue.google2021"].width == pytest.approx(0, abs=1e-12)  # cancels in the ratio


def test_an_infinite_quantity_is_refused():
    with pytest.raises(PriceError, match="quantity is inf"):
        nominal(lambda take: take("a") * math.inf, RECORDS)


def test_tornado_is_drawn_widest_on_top():
    from matplotlib.figure import Figure

    swings, flips = tornado(quotient, RECORDS), flip_points(quotient, 3.2, RECORDS)
    ax = plot_tornado(swings, 4.0, Figure().subplots(), threshold=3.2, flips=flips)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == ["a\nreverses at 0.8 times", "b\nreverses at 1.25 times"]
    assert ax.get_yticklabels()[1].get_fontweight() == "bold"
    assert len(ax.patches) == 4


def test_a_long_id_leaves_room_for_the_bars():
    """The estimate of a component model has all its drivers in its id, which had squeezed the axes to nothing."""
    long = record("model." + "x_1." * 40 + "y", 8.0, Lognormal(sigma_ln=0.3))
    swings = tornado(lambda take: take(long.id), {long.id: long})
    ax = plot_tornado(swings, 8.0, plt.figure().subplots())
    (label,) = (tick.get_text() for tick in ax.get_yticklabels())
    assert (len(label), label[-1]) == (40, "…")
    plt.close("all")
