"""Stochastic-pulse updates: bit for bit against a twin that goes slot by slot, counts by hand, and pulse trains."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_mean, p_of_variance, plausible, relative
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from twins.arrays import fires, pulsed_outer_products, train_plan

from revpath.devices import load_device
from revpath.simulator import ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.compile import ones, threads
from revpath.simulator.pulses.plan import train_length
from revpath.simulator.pulses.trains import LONGEST_TRAIN, PULSE_BITS, pulse_trains

RERAM = load_device("reram-sb-gong2018")
QUIET = RERAM.replaced(
    response__step_noise=0, response__write_noise=0, response__step_spread=0, response__asymmetry_spread=0,
    response__w_max_spread=0, response__w_min_spread=0,
)  # fmt: skip


def granularity(array: Crossbar) -> float:
    """Weight change of one coincidence of a nominal pair at rest."""
    return 2 * array.device.response.step * array.mapping.scale


# -- train lengths ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "x_max", "d_max", "slots", "d_gain", "x_gain"),
    [(0.01, 0.5, 0.2, 1, 5, 2), (0.1, 1, 1, 31, 3.225806, 1), (0.1, 1, 0.01, 1, 100, 1)],
)
def test_train_length_golden_values(rate, x_max, d_max, slots, d_gain, x_gain):
    """Update management of aihwkit.md, section 1.9, at dw = 0.001 and BL up to 31 (A is d_gain, B is x_gain)."""
    got = train_length(rate, np.array([x_max]), np.array([d_max]), 0.001, 31)
    assert [part.shape for part in got] == [(1,)] * 3
    assert int(got[0][0]) == slots
    assert got[1][0] == pytest.approx(x_gain, abs=6e-7)
    assert got[2][0] == pytest.approx(d_gain, abs=6e-7)


@settings(max_examples=60, deadline=None)
@given(
    rate=st.floats(1e-6, 10), x=st.lists(st.floats(0, 2), min_size=1, max_size=5), d=st.floats(1e-6, 2),
    longest=st.integers(1, LONGEST_TRAIN),
)  # fmt: skip
def test_train_length_agrees_with_its_twin(rate, x, d, longest):
    x_max = np.array(x, np.float32).astype(float)
    slots, x_gain, d_gain = train_length(rate, x_max, np.full(len(x), d), 0.004, longest)
    for s in range(len(x)):
        assert (slots[s], x_gain[s], d_gain[s]) == relative(train_plan(rate, x_max[s], d, 0.004, longest))
        if 0 < rate * x_max[s] * d / 0.004 <= longest:  # the mean is right and no probability exceeds 1
            assert slots[s] * 0.004 * x_gain[s] * d_gain[s] == relative(rate)
            assert x_gain[s] * x_max[s] <= 1 + 1e-9
            assert d_gain[s] * d <= 1 + 1e-9
            assert x_gain[s] * x_max[s] == relative(d_gain[s] * d)


# -- pulse trains ----------------------------------------------------------------------------------------------------


def trains_of(values, gain=1.0, slots=63, step=0, key=(3, 4)):
    values = np.asarray(values, np.float32)
    trains = np.full(values.size, 12345, np.uint64)
    scratch = np.empty(64, np.uint32), np.empty(64, np.uint32), np.empty((4, 64), np.uint32)
    made = pulse_trains(trains, values, np.float32(gain), slots, np.uint64(step), np.array(key, np.uint64), scratch)
    bits = (trains[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    return bits.astype(int), made


@pytest.mark.parametrize("slots", [1, 7, 8, 9, 63])
@pytest.mark.parametrize("lines", [1, 8, 70])
def test_trains_agree_with_their_twin(slots, lines):
    values = np.random.default_rng(slots).uniform(-1, 1, lines)
    bits, (pulses, may_fire) = trains_of(values, 0.7, slots, step=2**40 + 1)
    limits = np.rint(np.abs(values.astype(np.float32)) * np.float32(0.7) * 65536).astype(int)
    for line in range(lines):
        for slot in range(slots):
            assert bits[line, slot] == fires(line, slot, limits[line], 2**40 + 1, (3, 4))
    assert not bits[:, slots:].any()
    assert pulses == bits.sum()
    assert may_fire == lines


def test_bits_are_counted_in_the_type_of_the_word():
    for word in (np.uint64(0), np.uint64(2**64 - 1), np.uint64(0x8000_0000_0000_0001), np.uint32(2**32 - 1)):
        for count in (ones, njit(lambda word: ones(word))):
            assert count(word) == int(word).bit_count()
    assert type(ones(np.uint32(7))) is np.uint32


def test_sure_and_impossible_lines():
    bits, (pulses, may_fire) = trains_of([0.0, 1.0, -1.0, 5.0, 1e-9], slots=63)
    assert bits.sum(axis=1).tolist() == [0, 63, 63, 63, 0]
    assert (pulses, may_fire) == (189, 3)


@pytest.mark.jit
@pytest.mark.parametrize("p", [2.0**-16, 1e-3, 0.3, 0.99, 1 - 2.0**-16])
def test_trains_are_bernoulli(p):
    """Independent slots and lines with a probability that is a multiple of 2**-16."""
    lines, slots = 100_000, 63
    bits, _ = trains_of(np.full(lines, p), slots=slots)
    bits = bits[:, :slots]
    exact = np.rint(p * 65536) / 65536
    sd = np.sqrt(exact * (1 - exact))
    plausible(p_of_mean(bits.ravel(), exact, sd))
    if 0.01 < p < 0.99:
        plausible(p_of_mean(bits, exact, sd))
        plausible(p_of_variance(bits.sum(axis=1), slots * sd**2, 3 + (1 - 6 * sd**2) / (slots * sd**2)))
        implausible(p_of_mean(bits.ravel(), exact + 2.0**-9, sd))
        for a, b in ((bits[:, 0], bits[:, 1]), (bits[:, 0], bits[:, 8]), (bits[:-1, 5], bits[1:, 5])):
            plausible(p_of_covariance(a, b, 0, (exact, exact), (sd, sd)))


@pytest.mark.slow
@pytest.mark.jit
def test_probability_has_sixteen_bits():
    """1.5 x 2**-16 is rounded to the even neighbour, and a third of 2**-16 to nothing."""
    bits, _ = trains_of(np.full(400_000, 1.5 * 2.0**-16), slots=63)
    n = 400_000 * 63
    plausible(p_of_mean(bits[:, :63].ravel(), 2 * 2.0**-16, np.sqrt(2 * 2.0**-16)))
    implausible(p_of_mean(bits[:, :63].ravel(), 1.0 * 2.0**-16, np.sqrt(1.0 * 2.0**-16)))
    assert n > 0
    assert not trains_of(np.full(1000, 0.3 * 2.0**-16), slots=63)[0].any()


# -- the twin --------------------------------------------------------------------------------------------------------


def assert_equal_to_twin(array: Crossbar, x, d, rate) -> dict:
    twin = pulsed_outer_products(array, x, d, rate)
    before = array.events
    array.update(x, d, rate)
    shape = (*array.shape, 2)
    np.testing.assert_array_equal(array.cells.state.reshape(shape), twin["state"])
    np.testing.assert_array_equal(array.cells.shown.reshape(shape), twin["shown"])
    done = array.events - before
    assert {name: done[name] for name in twin["counts"]} == twin["counts"]
    np.testing.assert_allclose(
        array.read(), array.mapping.scale * (twin["shown"][..., 0] - twin["shown"][..., 1]), rtol=0, atol=1e-6
    )
    return twin["counts"]


@pytest.mark.parametrize(
    ("shape", "batch", "rate"),
    [((1, 1), 3, 0.01), ((5, 4), 4, 0.01), ((5, 4), 2, 0.3), ((3, 70), 2, 0.02), ((20, 24), 1, 0.05)],
)
def test_update_agrees_with_its_twin_to_the_bit(shape, batch, rate):
    """Spreads and noises on; (3, 70) takes two blocks of columns, (20, 24) more coincidences than fit one list."""
    array = Crossbar(shape, ArrayConfig(device="reram-sb-gong2018", pulses="stochastic"), seed=8, array=3)
    rng = np.random.default_rng(0)
    for _ in range(2):  # the second from a state that the first has left
        x, d = rng.uniform(-1, 1, (batch, shape[0])), rng.uniform(-1, 1, (batch, shape[1]))
        x[:, ::3] = 0
        counts = assert_equal_to_twin(array, x, d, rate)
    assert counts["pulse.up"] > 0 or shape == (1, 1)
    if shape == (20, 24):
        assert counts["pulse.up"] > 300


def test_twin_with_silent_samples_and_other_scales():
    """Samples in which nothing happens keep their address; weight_max scales the granularity."""
    config = ArrayConfig(device="reram-sb-gong2018", weight_max=3.0, longest_train=7, pulses="stochastic")
    array = Crossbar((4, 3), config, seed=1)
    rng = np.random.default_rng(0)
    x, d = rng.uniform(-1, 1, (4, 4)), rng.uniform(-1, 1, (4, 3))
    x[1] = 0
    d[2] = 0
    assert_equal_to_twin(array, x, d, 0.05)
    assert_equal_to_twin(array, np.ones((1, 4)), np.array([[1, -1, 0]]), 0.5)


def test_twin_at_the_bounds():
    array = Crossbar((3, 3), ArrayConfig(device=RERAM.replaced(response__step=0.1)), seed=1)
    for _ in range(3):
        assert_equal_to_twin(array, np.ones((2, 3)), np.array([[1, -1, 0.5]] * 2), 3.0)
    state, bounds = array.cells.state, array.cells.traits
    assert np.any(state == bounds[:, :, 2])
    assert np.any(state == bounds[:, :, 3])


# -- counts and signs ------------------------------------------------------------------------------------------------


def test_counts_by_hand():
    """Probabilities are all 1: one slot; word line 0 and both bit lines fire; two coincidences, one up and one down."""
    array = Crossbar((2, 2), ArrayConfig(device=QUIET))
    array.update([[1, 0]], [[1, -1]], granularity(array))
    assert array.events == Events(
        {"update.slot": 1, "line.pulse": 3, "random.bit": PULSE_BITS * 3, "pulse.up": 2, "pulse.down": 2},
        {"array.busy_s": 10e-9},
    )
    np.testing.assert_allclose(array.read(), [[granularity(array), -granularity(array)], [0, 0]], rtol=1e-5)


def test_counts_by_hand_of_a_batch():
    """Four sure slots on 2 + 1 lines, then one on 1 + 2, then nothing."""
    array = Crossbar((2, 2), ArrayConfig(device=QUIET))
    g = granularity(array)
    array.update([[1, 1], [0, 0.25], [0, 0]], [[1, 0], [1, 1], [1, 1]], 4 * g)
    assert array.events == Events(
        {
            "update.slot": 5,
            "line.pulse": 4 * 3 + 1 * 3,
            "random.bit": PULSE_BITS * (4 * 3 + 3),
            "pulse.up": 4 * 2 + 2,
            "pulse.down": 4 * 2 + 2,
        },
    ) + 5 * Events({}, {"array.busy_s": 10e-9})


def test_nothing_to_do_is_no_event():
    array = Crossbar((2, 2), ArrayConfig(device="reram-sb-gong2018"))
    array.update(np.zeros((3, 2)), np.ones((3, 2)), 0.1)
    array.update(np.ones((3, 2)), np.zeros((3, 2)), 0.1)
    array.update(np.ones((3, 2)), np.ones((3, 2)), 0.0)
    array.update(np.ones((0, 2)), np.ones((0, 2)), 0.1)
    assert not array.events
    assert not array.read().any()


def test_a_pulse_of_unknown_duration_is_flagged():
    device = RERAM.model_copy(update={"pulse": RERAM.pulse.model_copy(update={"duration": None})})
    array = Crossbar((2, 2), ArrayConfig(device=device))
    array.update([[1, 0]], [[1, -1]], 5 * granularity(array))
    assert array.events["update.slot_of_unknown_duration"] == array.events["update.slot"] == 5
    assert "array.busy_s" not in array.events


def test_trains_are_no_longer_than_allowed():
    array = Crossbar((2, 2), ArrayConfig(device=QUIET, longest_train=7))
    array.update([[1, 1]], [[1, 1]], 100 * granularity(array))
    assert array.events["update.slot"] == 7
    assert array.events["pulse.up"] == 7 * 4  # every line fires in every slot


@pytest.mark.parametrize("rate", [1e300, 1.7e308])
def test_rates_that_overflow_are_refused(rate):
    array = Crossbar((2, 2), ArrayConfig(device="reram-sb-gong2018"))
    with pytest.raises(ArrayError, match=r"rate = .* too large"):
        array.update(np.ones((1, 2)), np.ones((1, 2)), rate)


def test_signs():
    """Positive rate x d raises W: the cell G+ goes up and G- down."""
    array = Crossbar((2, 2), ArrayConfig(device=QUIET))
    before = array.conductances()
    array.update([[1, -1]], [[1, -1]], 3 * granularity(array))
    assert np.array_equal(np.sign(array.read()), [[1, -1], [-1, 1]])
    change = np.sign(array.conductances() - before)
    np.testing.assert_array_equal(change[..., 0], [[1, -1], [-1, 1]])
    np.testing.assert_array_equal(change[..., 1], -change[..., 0])


def test_a_pair_is_symmetric_about_zero():
    """Up and down pulses move a two-sided pair by the same amount from rest, and mirror each other for ever after."""
    up, down = (Crossbar((1, 1), ArrayConfig(device=QUIET), seed=0) for _ in range(2))
    for _ in range(40):
        up.update([[1]], [[1]], 20 * granularity(up))
        down.update([[1]], [[-1]], 20 * granularity(down))
        assert up.read()[0, 0] == -down.read()[0, 0] > 0
    np.testing.assert_allclose(up.cells.state[0], down.cells.state[0, ::-1])


def test_noise_free_pulses_follow_the_law_of_the_device():
    """100 sure coincidences on one pair: each cell walks its soft bounds."""
    array = Crossbar((1, 1), ArrayConfig(device=QUIET))
    law = array.device.response
    high = low = 0.0
    for _ in range(4):
        array.update([[1]], [[1]], 25 * granularity(array))
        for _ in range(25):
            high += float(law.mean_up(high))
            low += float(law.mean_down(low))
    np.testing.assert_allclose(array.cells.state[0], [high, low], rtol=1e-5)
    assert array.read()[0, 0] == relative(array.mapping.scale * (high - low), 1e-5)


def test_states_stay_inside_their_bounds():
    array = Crossbar((6, 6), ArrayConfig(device=RERAM.replaced(response__step=0.05)), seed=5)
    rng = np.random.default_rng(0)
    low, high = array.cells.traits[:, :, 3], array.cells.traits[:, :, 2]
    for rate in (0.1, 1.0, 5.0):
        array.update(rng.uniform(-1, 1, (3, 6)), rng.uniform(-1, 1, (3, 6)), rate)
        assert np.all(low <= array.cells.state)
        assert np.all(array.cells.state <= high)
        assert array.conductances().min() >= -1e-12  # write noise included: nothing conducts less than nothing


@pytest.mark.jit
def test_update_does_not_depend_on_threads():
    rng = np.random.default_rng(0)
    x, d = rng.uniform(-1, 1, (12, 90)), rng.uniform(-1, 1, (12, 200))
    outcomes = []
    for n in (1, 2):
        with threads(n):
            array = Crossbar((90, 200), ArrayConfig(device="reram-sb-gong2018"), seed=1)
            array.update(x, d, 0.02)
            outcomes.append((array.cells.state.copy(), array.cells.shown.copy(), array.events))
    np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])
    np.testing.assert_array_equal(outcomes[0][1], outcomes[1][1])
    assert outcomes[0][2] == outcomes[1][2]


def test_update_does_not_depend_on_how_a_batch_is_cut():
    rng = np.random.default_rng(0)
    x, d = rng.uniform(-1, 1, (6, 5)), rng.uniform(-1, 1, (6, 4))
    whole, parts = (
        Crossbar((5, 4), ArrayConfig(device="reram-sb-gong2018", pulses="stochastic"), seed=1) for _ in range(2)
    )
    whole.update(x, d, 0.02)
    for cut in (slice(0, 1), slice(1, 4), slice(4, 6)):
        parts.update(x[cut], d[cut], 0.02)
    np.testing.assert_array_equal(whole.cells.state, parts.cells.state)
    np.testing.assert_array_equal(whole.cells.shown, parts.cells.shown)
    assert whole.events.counts == parts.events.counts


# -- ideal cells -----------------------------------------------------------------------------------------------------


def test_ideal_cells_take_the_exact_change():
    rng = np.random.default_rng(0)
    array = Crossbar((5, 4), ArrayConfig(weight_max=2.0))
    W = np.zeros((5, 4))
    for _ in range(300):
        x, d = rng.uniform(-1, 1, (3, 5)), rng.uniform(-1, 1, (3, 4))
        array.update(x, d, 0.01)
        W += 0.01 * x.T @ d
    np.testing.assert_allclose(array.read(), W, rtol=0, atol=2e-5)
    g = array.conductances()
    np.testing.assert_allclose((g[..., 0] - g[..., 1]) / 25e-6 * 2.0, W, rtol=0, atol=3e-5)


def test_changes_below_the_rounding_of_a_state_add_up():
    array = Crossbar((1, 1))
    array.program([[0.5]])
    for _ in range(1000):
        array.update([[1]], [[1]], 1e-7)
    assert array.read()[0, 0] == pytest.approx(0.5001, abs=2e-5)


def test_ideal_cells_saturate():
    array = Crossbar((1, 2))
    array.update([[1]], [[5, -5]], 1.0)
    np.testing.assert_array_equal(array.read(), [[1, -1]])
