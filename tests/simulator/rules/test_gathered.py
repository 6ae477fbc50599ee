"""Rules that form outer products in digital lanes: error-aware updates, and mixed precision on the rows that are touched."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, plausible
from twins.rules import error_aware, touched

from revpath.devices import load_device
from revpath.devices.response import ConstantStep
from revpath.simulator import ArrayConfig, Events
from revpath.simulator.noise.streams import Stream
from revpath.simulator.rules import ErrorAwareUpdatesConfig, MixedPrecisionConfig, TouchedMixedPrecisionConfig

STEP = 0.01


def linear(step=STEP, **changes) -> ArrayConfig:
    """Cells that every pulse moves by the same step, without any noise: a weight moves by `step`."""
    response = ConstantStep(step=step, w_min=-1.0, w_max=1.0, **changes)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}))


def batch(n, rows=5, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, rows)).astype(np.float32), rng.uniform(-1, 1, (n, columns)).astype(np.float32)


# -- error-aware updates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.002, 0.05])
def test_error_aware_updates_follow_their_twin(rate):
    """Below the threshold of three steps a weight is written whole or not at all, and above it by several."""
    array = ErrorAwareUpdatesConfig(threshold=3 * STEP).on((5, 4), linear(), seed=3)
    assert array.pulses == 3
    chance, weights = Stream(3, "error-aware updates", 0), np.zeros((5, 4))
    for seed in range(8):
        x, d = batch(3, seed=seed)
        x[:, 1] = 0  # a line that is not driven takes no chance
        array.update(x, d, rate)
        weights += 3 * STEP * np.array(error_aware(x, d, rate, 3 * STEP, chance.uniforms((4, 4))))
        np.testing.assert_allclose(array.read(), weights, atol=1e-5)
    assert np.abs(weights).max() > 0
    assert (weights == 0).sum() >= 4


@pytest.mark.slow
def test_error_aware_updates_are_right_in_the_mean():
    """A tenth of a threshold is written once in ten updates: binomial, in thresholds."""
    n, moved = 300, []
    for seed in range(20):
        array = ErrorAwareUpdatesConfig(threshold=2e-4).on((2, 3), linear(step=1e-4), seed=seed)
        for _ in range(n):
            array.update(np.ones((1, 2), np.float32), np.float32([[1, -1, 0]]), 2e-5)
        assert not array.read()[:, 2].any()
        moved += (array.read()[:, :2] * [1, -1] / 2e-4).ravel().tolist()
    plausible(p_of_mean(moved, 0.1 * n, np.sqrt(n * 0.1 * 0.9)))
    implausible(p_of_mean(moved, 0.12 * n, np.sqrt(n * 0.1 * 0.9)))


def test_the_threshold_comes_from_the_noise_of_writing():
    """The mean of n pulses is n steps, and their noise sqrt(n) step_noise steps: 25 pulses for a noise of 5."""
    noisy = linear(step_noise=5.0)
    assert ErrorAwareUpdatesConfig().on((2, 2), noisy).pulses == 25
    assert ErrorAwareUpdatesConfig(signal_to_noise=2.0).on((2, 2), noisy).pulses == 100
    assert ErrorAwareUpdatesConfig().on((2, 2), noisy).threshold == pytest.approx(25 * STEP)
    assert ErrorAwareUpdatesConfig().on((2, 2), linear()).pulses == 1  # a noise that is not known is taken as zero
    assert ErrorAwareUpdatesConfig().on((2, 2), ArrayConfig("reram-es-gong2018")).pulses == 25


def test_fewer_weights_are_written_than_by_single_pulses():
    x, d = batch(50)
    written = []
    for pulses in (1, 25):
        array = ErrorAwareUpdatesConfig(threshold=pulses * 1e-4).on((5, 4), linear(step=1e-4), seed=1)
        changes = 0
        for x_row, d_row in zip(x, d, strict=True):
            before = array.read()
            array.update(x_row[None], d_row[None], 1e-4)
            changes += np.count_nonzero(array.read() != before)
        written.append(changes)
    assert 5 * written[1] < written[0]


def test_events_of_one_error_aware_update():
    """Two of three lines are driven, with 3 + 1 products of which none is zero; a whole threshold is sure to be written."""
    array = ErrorAwareUpdatesConfig(threshold=2 * STEP).on((3, 3), linear())
    array.update(np.float32([[1, 0, 0], [0, 0, 1]]), np.float32([[1, -1, 2], [0, 0, 1]]), 2 * STEP * (1 + 1e-6))
    products, touched_weights = 4, 6
    assert array.events == Events(
        {
            "digital.multiply": products + 4 + touched_weights,
            "digital.add": products + touched_weights,
            "digital.compare": touched_weights,
            "random.bit": 16 * touched_weights,
            "sram.byte_read": 4 * (products + touched_weights),
            "sram.byte_written": 4 * products,
            # 2, 2 and 4 pulses side by side on the first line, 2 on the last
            "update.slot": 4 + 2,
            "update.slot_of_unknown_duration": 6,
            "line.pulse": 6 + 10,
            "pulse.up": 10,
            "pulse.down": 10,
        }
    )


# -- mixed precision on touched rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_touched_mixed_precision_follows_its_twin(bits, every):
    """With errors that are multiples of what a sample can hold, so that their own rounding changes nothing."""
    array = TouchedMixedPrecisionConfig(bits=bits, transfer_every=every).on((5, 4), linear(), seed=3)
    full = 2 ** (bits - 2)
    rounding, codes, weights = Stream(3, "touched mixed precision", 0), np.zeros((5, 4), int).tolist(), 0
    for seed in range(8):
        x, _ = batch(3, seed=seed)
        x[:, seed % 5] = 0
        d = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], (3, 4)).astype(np.float32)
        d[:, 0] = 1
        array.update(x, d, 0.013)
        rounding.uniforms((3, 4))
        codes, pulses = touched(codes, x, d, 0.013, STEP, full, rounding.uniforms((4, 4)), (seed + 1) % every == 0)
        weights += np.array(pulses) * STEP
        assert np.abs(array.codes - codes).max() <= 1  # float32 against float64, where a number is about to round
        np.testing.assert_allclose(
            array.read() + array.codes * STEP / full, weights + np.array(codes) * STEP / full, atol=STEP / full * 1.5
        )
        codes = array.codes.tolist()
        weights = array.read().astype(float)
    assert np.abs(weights).max() > 2 * STEP
    assert np.abs(array.codes).max() < 2 * full


def test_phases_of_a_gradient_that_cancel_send_no_pulses():
    """An outer product and its opposite: sent at once they are pulses up and down, after both they are none."""
    x, d = np.ones((1, 3), np.float32), np.ones((1, 4), np.float32)
    sent = []
    for every in (1, 2):
        array = TouchedMixedPrecisionConfig(transfer_every=every).on((3, 4), linear())
        array.update(x, d, 1.5 * STEP)
        array.update(x, -d, 1.5 * STEP)
        sent.append(array.events["pulse.up"])
    assert sent == [2 * 12, 0]


@pytest.mark.slow
def test_its_memory_loses_nothing_in_the_mean():
    """A change of 0.003 of a pulse is a fifth of a code: gathered by chance over 600 updates it is what it should be."""
    n, gathered = 600, []
    for seed in range(10):
        array = TouchedMixedPrecisionConfig().on((2, 3), linear(step=1e-3), seed=seed)
        for _ in range(n):
            array.update(np.ones((1, 2), np.float32), np.ones((1, 3), np.float32), 3e-6)
        gathered += (array.read() / 1e-3 * 64 + array.codes).ravel().tolist()
    share = 0.003 * 64
    plausible(p_of_mean(gathered, share * n, np.sqrt(n * share * (1 - share))))
    implausible(p_of_mean(gathered, 0.9 * share * n, np.sqrt(n * share * (1 - share))))


def test_errors_are_rounded_to_the_right_mean():
    """An error of 0.3 of the largest falls between two of 127 levels; mean and bounds of many roundings are known."""
    array = TouchedMixedPrecisionConfig().on((1, 3), linear())
    d = np.tile(np.float32([1, 0.3, -0.7]), (4000, 1))
    rounded = array._quantised(d)
    np.testing.assert_array_equal(rounded[:, 0], 1)
    for column, value in ((1, 0.3), (2, -0.7)):
        rest = (value * 127) % 1
        plausible(p_of_mean(rounded[:, column], value, np.sqrt(rest * (1 - rest)) / 127))
        assert np.unique(rounded[:, column]).size == 2
    np.testing.assert_array_equal(array._quantised(np.zeros((2, 3), np.float32)), 0)


def test_it_is_gradient_descent_but_for_one_granularity():
    array = TouchedMixedPrecisionConfig(bits=16).on((5, 4), linear())
    exact = np.zeros((5, 4))
    for seed in range(9):
        x, d = batch(4, seed=seed)
        array.update(x, d, 0.03)
        exact += 0.03 * x.astype(float).T @ d
        assert np.abs(array.read() - exact).max() < STEP * 1.01
    assert np.abs(exact).max() > 5 * STEP


def test_events_of_one_update_of_touched_rows():
    """Two samples on one line of three; the largest error of each takes a step or two of it."""
    array = TouchedMixedPrecisionConfig().on((3, 4), linear())
    array.update(np.float32([[0, 1, 0], [0, 1, 0]]), np.float32([[1, 0, 0, 0], [2, 0, 0, -2]]), STEP * (1 + 1e-6))
    np.testing.assert_allclose(array.read()[1], [3 * STEP, 0, 0, -2 * STEP], atol=1e-6)
    entries, products, touched_weights, sent = 8, 3, 4, 2
    assert array.events == Events(
        {
            "digital.divide": entries,
            "digital.compare": entries + touched_weights,
            "digital.multiply": entries + products,
            "digital.add": entries + products + 2 * touched_weights + sent,
            "random.bit": 8 * (entries + touched_weights),
            "sram.byte_read": products + touched_weights,
            "sram.byte_written": entries + touched_weights,
            "update.slot": 3,
            "update.slot_of_unknown_duration": 3,
            "line.pulse": 3 + 5,
            "pulse.up": 5,
            "pulse.down": 5,
        }
    )


def test_sparse_inputs_cost_what_they_touch():
    """One line of 500: mixed precision looks through all of its memory, this one at a line of it."""
    rows, d = np.array([7]), np.random.default_rng(0).uniform(-1, 1, (1, 20)).astype(np.float32)
    spent = []
    for options in (MixedPrecisionConfig(), TouchedMixedPrecisionConfig()):
        array = options.on((500, 20), linear())
        array.update_rows(rows, d, 0.001)
        spent.append(array.events["sram.byte_read"] + array.events["sram.byte_written"])
    assert spent == [4 * (20 + 20 + 500 * 20), 20 + 20 + 20 + 20]


def test_programming_forgets_what_was_gathered():
    array = TouchedMixedPrecisionConfig().on((5, 4), linear())
    array.update(*batch(3), 0.003)
    assert np.abs(array.codes).max() > 0
    array.program(np.zeros((5, 4)))
    np.testing.assert_array_equal(array.codes, 0)
