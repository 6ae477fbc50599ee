"""What must not depend on how work is cut, nor be lost in rounding: time, tiny changes, long trains of pulses, large counts."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.simulator import ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.cells import cells as cells_module
from revpath.simulator.events import Tally
from revpath.simulator.pulses import plain as plain_module

RERAM = ArrayConfig("reram-sb-gong2018", pulses="stochastic")


def batch(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, 6)).astype(np.float32), rng.uniform(-1, 1, (n, 5)).astype(np.float32)


@pytest.mark.parametrize("cut", [1, 7, 13])
def test_all_events_of_updates_are_the_same_however_they_are_cut(cut):
    x, d = batch(24)
    whole, parts = (Crossbar((6, 5), RERAM, seed=3) for _ in range(2))
    whole.update(x, d, 0.03)
    for part in (slice(0, cut), slice(cut, None)):
        parts.update(x[part], d[part], 0.03)
    np.testing.assert_array_equal(whole.read(), parts.read())
    assert whole.events["array.busy_s"] > 0
    assert whole.events == parts.events


def test_time_of_reads_is_the_same_however_they_are_cut():
    x, _ = batch(24)
    whole, parts = (Crossbar((6, 5), ArrayConfig("reram-sb-gong2018", read_time=1.37e-7)) for _ in range(2))
    whole.forward(x)
    for part in (x[:7], x[7:]):
        parts.forward(part)
    assert whole.events.integrals["array.busy_s"] == parts.events.integrals["array.busy_s"] == relative(24 * 1.37e-7)
    assert Events({}, {"array.busy_s": 1.37e-7}) * 24 == Events({}, {}) + _only_time(parts.events)


def _only_time(events):
    tally = Tally()
    tally.integrate("array.busy_s", 1.37e-7, times=events["array.read"])
    return tally.events


def test_times_are_counts():
    tally = Tally()
    for bad in (-1, 1.5, True, None):
        with pytest.raises(Exception, match="must be a non-negative integer"):
            tally.integrate("array.busy_s", 1e-9, times=bad)


def test_counts_beyond_64_bits_are_exact():
    tally = Tally()
    for _ in range(3):
        tally.count("update.slot", 2**63)
        tally.integrate("array.busy_s", 1e-9, times=2**70)
    assert tally.events["update.slot"] == 3 * 2**63
    assert Events.from_json(tally.events.to_json()) == tally.events
    assert tally.events["array.busy_s"] == relative(3 * 2**70 * 1e-9)


@pytest.mark.parametrize(("start", "change", "n"), [(0.5, 1e-8, 20_000), (0.1, 1e-6, 50_000), (-0.7, -3e-10, 1000)])
def test_many_tiny_changes_of_an_ideal_array_add_up(start, change, n):
    array = Crossbar((1, 1))
    array.program([[start]])
    x, d = np.ones((1, 1), np.float32), np.full((1, 1), change, np.float32)
    before = array.cells.exact_states()  # programmed, in float32
    for _ in range(n):
        array.update(x, d, 1.0)
    moved = ((array.cells.exact_states() - before) @ [1, -1]).item() * array.mapping.scale
    assert moved == relative(n * float(np.float32(change)), 1e-6)
    assert array.read()[0, 0] == relative(start + n * change, 1e-6)


def test_many_tiny_changes_along_the_mean_of_a_law_add_up():
    array = Crossbar((1, 1), ArrayConfig("idealized-rasch2019", pulses="mean-field"))
    array.program([[0.3]])
    before = array.cells.exact_states().copy()
    x = np.ones((1, 1), np.float32)
    array.update(x, x, 1e-4)
    at_once = array.cells.exact_states() - before
    array.program([[0.3]])
    before = array.cells.exact_states().copy()
    for _ in range(10_000):
        array.update(x, x, 1e-8)
    np.testing.assert_allclose(array.cells.exact_states() - before, at_once, rtol=1e-3)


def test_what_was_gathered_is_forgotten_when_the_array_is_programmed():
    array = Crossbar((1, 1))
    x = np.ones((1, 1), np.float32)
    array.update(x, x, 1e-9)
    array.program([[0.25]])
    array.update(x, x, 1e-9)
    assert (array.cells.exact_states() @ [1, -1]).item() * array.mapping.scale == relative(0.25 + 1e-9, 1e-12)


# -- long trains -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1, 3, 1000])
def test_long_trains_are_the_same_however_they_are_cut(part, monkeypatch):
    counts = np.array([[5, -9], [0, 14]])
    whole, cut = (Crossbar((2, 2), RERAM, seed=1) for _ in range(2))
    whole.pulse(counts)
    monkeypatch.setattr(cells_module, "PULSES_A_CALL", part)
    cut.pulse(counts)
    np.testing.assert_array_equal(whole.cells.state, cut.cells.state)
    np.testing.assert_array_equal(whole.cells.wear, cut.cells.wear)
    assert whole.events == cut.events


def test_a_train_that_is_interrupted_leaves_the_pulses_until_then_counted(monkeypatch):
    """Ctrl-C after the second of many parts, which would go on for half an hour: cells, wear and events are those of two parts."""
    counts = np.array([[2**31 - 1, -7], [0, 2**31 - 1]])
    calls, play = [], plain_module.counted_pulses

    def interrupted(*arguments):
        play(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(plain_module, "counted_pulses", interrupted)
    monkeypatch.setattr(cells_module, "PULSES_A_CALL", 40)
    array, plain = (Crossbar((2, 2), RERAM, seed=1) for _ in range(2))
    with pytest.raises(KeyboardInterrupt) as caught:
        array.pulse(counts)
    given = caught.value.given
    assert 0 < given < 100
    assert caught.value.__notes__ == [f"after {given} of {2**31 - 1} pulses on a weight; they are counted"]
    monkeypatch.undo()
    plain.pulse(np.clip(counts, -given, given))
    np.testing.assert_array_equal(array.cells.state, plain.cells.state)
    np.testing.assert_array_equal(array.cells.wear, plain.cells.wear)
    assert array.events == plain.events


def test_firings_beyond_what_their_products_hold_are_refused():
    array = Crossbar((2, 2), RERAM)
    with pytest.raises(ArrayError, match=f"slots = {2**31} must be a positive integer, at most {2**30}"):
        array.fire(np.array([2**31, 0]), np.array([1, 0]), 2**31)
    with pytest.raises(ArrayError, match="words has 128 firings of a line; there are 100 slots"):
        array.fire(np.array([-128, 0], np.int8), np.array([1, 0]), 100)
    assert array.events == Events()
