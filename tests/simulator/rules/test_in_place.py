"""Rules without a digital copy: sign pulses, residual learning, and the mean-field limit, held to twins and counted by hand."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, plausible
from twins.rules import Residual, sign_pulses

from revpath.devices import load_device
from revpath.devices.response import ConstantStep, SoftBounds
from revpath.simulator import ADC, ArrayConfig, Crossbar, Events
from revpath.simulator.rules import (
    MeanFieldConfig,
    ResidualLearningConfig,
    SignPulsesConfig,
    StochasticPulsesConfig,
)

STEP = 0.01


def linear(step=STEP, **config) -> ArrayConfig:
    """Cells that every pulse moves by the same step, without any noise: a weight moves by `step`."""
    response = ConstantStep(step=step, w_min=-1.0, w_max=1.0)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}), **config)


def batch(n, rows=5, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, rows)).astype(np.float32), rng.uniform(-1, 1, (n, columns)).astype(np.float32)


# -- sign pulses -------------------------------------------------------------------------------------------------------


def test_sign_pulses_follow_their_twin():
    """At a rate of three granularities every weight moves by three, up or down as the product of its line and its error is."""
    array = SignPulsesConfig().on((5, 4), linear(weight_max=0.5))
    weights = np.zeros((5, 4)).tolist()
    for seed in range(3):
        x, d = batch(4, seed=seed)
        x[0, 2] = d[1, 3] = 0
        array.update(x, d, 3.0 * 0.5 * STEP * (1 + 1e-6))
        weights = sign_pulses(weights, x, d, [3] * 4)
    np.testing.assert_allclose(array.read(), np.array(weights) * 0.5 * STEP, atol=1e-6)
    assert np.abs(weights).max() > 3


@pytest.mark.slow
def test_a_rate_between_two_pulses_is_right_in_the_mean():
    """W after n outer products of ones is binomial, in granularities: 1.3 pulses each are one, or two by chance."""
    n, moved = 400, []
    for seed in range(30):
        array = SignPulsesConfig().on((2, 2), linear(step=1e-4), seed=seed)
        array.update(np.ones((n, 2), np.float32), np.full((n, 2), -0.2, np.float32), 1.3e-4)
        assert np.unique(array.read()).size == 1  # one chance for all weights of an outer product
        moved.append(-array.read()[0, 0] / 1e-4)
    plausible(p_of_mean(moved, 1.3 * n, np.sqrt(n * 0.3 * 0.7)))
    implausible(p_of_mean(moved, 1.25 * n, np.sqrt(n * 0.3 * 0.7)))


def test_what_is_below_the_threshold_does_not_fire():
    array = SignPulsesConfig(threshold=0.5).on((3, 2), linear())
    array.update(np.float32([[1.0, 0.5, 0.49]]), np.float32([[-0.3, 0.1]]), STEP * (1 + 1e-6))
    np.testing.assert_allclose(array.read(), [[-STEP, 0], [-STEP, 0], [0, 0]], atol=1e-7)


def test_events_of_sign_pulses():
    """Two pulses on 2 x 3 weights, whose lines fire together: two slots, whatever their number."""
    array = SignPulsesConfig(threshold=0.1).on((3, 4), linear())
    array.update(
        np.float32([[1, 0, -0.2], [0, 0, 0]]), np.float32([[0.5, 0.1, -0.3, 0], [1, 1, 1, 1]]), 2 * STEP * (1 + 1e-6)
    )
    assert array.events == Events(
        {
            "random.bit": 16 * 2,
            "digital.compare": 2 + 2 * 3 + 2 * 4,
            "update.slot": 2,
            "update.slot_of_unknown_duration": 2,
            "line.pulse": 2 * (2 + 3),
            "pulse.up": 2 * 6,
            "pulse.down": 2 * 6,
        }
    )


def test_trains_are_no_longer_than_they_may_be():
    array = SignPulsesConfig().on((1, 1), linear(longest_train=7))
    array.update(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), 1.0)
    assert array.read()[0, 0] == pytest.approx(7 * STEP, rel=1e-4)


# -- residual learning -------------------------------------------------------------------------------------------------

EXACT = linear(step=1e-3, pulses="mean-field", weight_max=4.0)  # cells that add exactly what they are given


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_reads_per_transfer": None, "transfer_every": 1},
        {"n_reads_per_transfer": 3, "spacing": 2, "transfer_every": 1},
        {"n_arrays": 4, "spacing": 2, "gamma": 0.25, "transfer_growth": 2.0},
        {"warm_start": 4, "spacing": 2},
        {"n_arrays": 2, "warm_start": 3, "n_reads_per_transfer": 5, "transfer_every": 1},
    ],
    ids=str,
)
def test_residual_learning_follows_its_twin(changes):
    options = ResidualLearningConfig(**changes)
    array, twin = options.on((5, 4), EXACT), Residual(5, 4, options)
    for seed in range(24):
        x, d = batch(3, seed=seed)
        array.update(x, d, 0.05)
        twin.update(x, d, 0.05)
        for one, other in zip(array.arrays, twin.w, strict=True):
            np.testing.assert_allclose(one.read(), other, atol=1e-5)
        np.testing.assert_allclose(array.read(), twin.weights(), atol=1e-5)
    assert all(np.abs(one.read()).max() > 1e-3 for one in array.arrays)


def test_all_arrays_take_part_in_every_product():
    array = ResidualLearningConfig(n_arrays=3, gamma=0.5).on((5, 4), EXACT)
    rng = np.random.default_rng(1)
    held = rng.uniform(-1, 1, (3, 5, 4)).astype(np.float32)
    for one, weights in zip(array.arrays, held, strict=True):
        one.program(weights)
    w = held[0] + 0.5 * held[1] + 0.25 * held[2]
    x, d = batch(6)
    before = array.events
    np.testing.assert_allclose(array.forward(x), x @ w, atol=1e-5)
    np.testing.assert_allclose(array.backward(d), d @ w.T, atol=1e-5)
    np.testing.assert_allclose(array.read(), w, atol=1e-6)
    spent = array.events - before
    assert spent["digital.multiply"] == spent["digital.add"] == 2 * 6 * (4 + 5)
    assert spent["array.read"] == 3 * 2 * 6
    array.program(held[0])
    np.testing.assert_allclose(array.read(), held[0], atol=1e-6)


def test_a_transfer_is_a_read_of_a_line_and_an_outer_product():
    options = ResidualLearningConfig(n_arrays=2, transfer_every=1)
    array = options.on((5, 4), linear(adc=ADC(bits=8, y_max=2.0)))
    array.arrays[1].program(np.full((5, 4), 0.5))
    before = array.events
    array._transfer(1, 0)
    spent = array.events - before
    assert spent["array.read"] == 1
    assert sum(spent.matching("adc.conversion").values()) == 4
    assert spent["update.slot"] > 0
    assert not spent.matching("sram.byte")
    assert np.flatnonzero(array.arrays[0].read().any(axis=1)).tolist() == [0]


def test_ranges_of_all_converters_are_set_together():
    array = ResidualLearningConfig().on((5, 4), linear(adc=ADC(bits=8, y_max=2.0)))
    array.program(np.full((5, 4), 0.3))
    y_max = array.calibrate(batch(8)[0])
    assert {one.adc().y_max for one in array.arrays} == {y_max} != {2.0}


# -- the mean-field limit ----------------------------------------------------------------------------------------------


def test_the_mean_field_limit_is_the_array_without_granularity():
    config = ArrayConfig("reram-sb-gong2018")
    rule, array = MeanFieldConfig().on((5, 4), config, seed=2), Crossbar((5, 4), config, seed=2)
    np.testing.assert_array_equal(rule.read(), array.read())  # the same cells
    x, d = batch(6)
    rule.update(x, d, 0.1)
    limit = Crossbar((5, 4), ArrayConfig("reram-sb-gong2018", pulses="mean-field"), seed=2)
    limit.update(x, d, 0.1)
    np.testing.assert_array_equal(rule.read(), limit.read())
    assert rule.events == Events({"ideal.update": 6})


@pytest.mark.parametrize("rate", [0.004, 0.02, 0.5])
def test_the_limit_follows_the_mean_of_the_law(rate):
    """Cell by cell and product by product, in many more stages: the steepest cells are off by a fraction of a percent."""
    array = MeanFieldConfig().on((5, 4), ArrayConfig("reram-om-gong2022"), seed=2)
    cells, mapping = array.array.cells, array.array.mapping
    parameters, response = cells.parameters(), cells.device.pulsed
    state = cells.exact_states().copy()
    x, d = batch(6)
    array.update(x, d, rate)
    for x_row, d_row in zip(x.astype(float), d.astype(float), strict=True):
        # a weight is scale x (w+ - w-): each of the two cells goes half of the way
        way = rate * np.outer(x_row, d_row).reshape(-1, 1) * response.step / (2 * response.granularity * mapping.scale)
        state = response.flow(state, way * np.array([1.0, -1.0]), parameters, 1000)
    np.testing.assert_allclose(cells.exact_states(), state, rtol=5e-3, atol=1e-6)


def test_finer_pulses_come_to_the_mean_field_limit():
    """The same change by steps of a tenth: ten times the pulses, and nearer to the limit, which stays where it is."""
    x, d = batch(40)
    far = []
    for step in (0.02, 0.002, 0.0002):
        response = SoftBounds(
            step=step,
            w_min=-1,
            w_max=1,
            step_spread=0,
            asymmetry_spread=0,
            w_max_spread=0,
            w_min_spread=0,
            step_noise=0,
            write_noise=0,
        )
        config = ArrayConfig(load_device("ideal").model_copy(update={"response": response}), longest_train=63)
        pulsed, limit = StochasticPulsesConfig().on((5, 4), config, seed=1), MeanFieldConfig().on((5, 4), config)
        for array in (pulsed, limit):
            array.update(x, d, 0.02 * min(1.0, 63 * step / 0.02))
        far.append(np.abs(pulsed.read() - limit.read()).max() / np.abs(limit.read()).max())
    assert far[0] > 2 * far[1] > 4 * far[2]
