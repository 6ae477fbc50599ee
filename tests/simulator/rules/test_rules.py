"""Update rules that gather in digital memory or send pulses of their own: held to slow twins, counted by hand."""

from dataclasses import replace

import numpy as np
import pytest
from twins.rules import mixed_precision

from revpath.devices import load_device
from revpath.devices.response import ConstantStep, SoftBounds
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Events
from revpath.simulator.programming.write_verify import WriteVerify
from revpath.simulator.rules import (
    DeterministicPulsesConfig,
    MixedPrecisionConfig,
    WriteVerifiedCopy,
    WriteVerifiedCopyConfig,
)

STEP = 0.01
RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))


def linear(step=STEP, **config) -> ArrayConfig:
    """Cells that every pulse moves by the same step, without any noise: a weight moves by `step`."""
    response = ConstantStep(step=step, w_min=-1.0, w_max=1.0)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}), **config)


def batch(n, rows=5, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, rows)).astype(np.float32), rng.uniform(-1, 1, (n, columns)).astype(np.float32)


# -- mixed precision ---------------------------------------------------------------------------------------------------


def test_mixed_precision_follows_its_twin():
    array = MixedPrecisionConfig().on((5, 4), linear(weight_max=0.5))
    chi = np.zeros((5, 4)).tolist()
    weights = np.zeros((5, 4))
    for seed in range(8):
        x, d = batch(3, seed=seed)
        array.update(x, d, 0.03)
        chi, pulses = mixed_precision(chi, x, d, 0.03, 0.5 * STEP)
        weights += np.array(pulses) * 0.5 * STEP
        np.testing.assert_allclose(array.chi, chi, atol=1e-4)
        np.testing.assert_allclose(array.read(), weights, atol=1e-5)
    assert np.abs(weights).max() > 0.05


@pytest.mark.parametrize("every", [1, 3])
def test_mixed_precision_is_gradient_descent_but_for_one_granularity(every):
    array = MixedPrecisionConfig(transfer_every=every).on((5, 4), linear())
    exact = np.zeros((5, 4))
    for seed in range(9):
        x, d = batch(4, seed=seed)
        array.update(x, d, 0.03)
        exact += 0.03 * x.astype(float).T @ d
        if (seed + 1) % every == 0:
            assert np.abs(array.read() - exact).max() < STEP * (1 + 1e-4)
    assert np.abs(exact).max() > 5 * STEP


def test_mixed_precision_serves_rows_in_turn():
    array = MixedPrecisionConfig(n_rows_per_transfer=2).on((5, 4), linear())
    x, d = np.ones((1, 5), np.float32), np.ones((1, 4), np.float32)
    for served in ((0, 1), (2, 3), (4, 0), (1, 2)):
        before = array.read()
        array.update(x, d, 0.035)
        moved = np.flatnonzero(np.abs(array.read() - before).sum(axis=1))
        np.testing.assert_array_equal(moved, sorted(served))


def test_events_of_one_mixed_precision_update():
    """Two rows: 2 x 3 and 1 x 1 products that are not 0; chi of 2 weights reaches a whole step, one of them twice."""
    array = MixedPrecisionConfig().on((3, 4), linear())
    x = np.array([[1, 0, 1], [0, 1, 0]], np.float32)
    d = np.array([[1, 0, 2.5, 0.5], [0, 0, 0, 0.25]], np.float32)
    array.update(x, d, STEP * (1 + 1e-6))
    products, looked_at, sent = 7, 12, 4
    expected = Events(
        {
            "digital.multiply": products + 4,
            "digital.add": products + sent,
            "digital.compare": looked_at,
            "sram.byte_read": 4 * (products + looked_at),
            "sram.byte_written": 4 * (products + sent),
            # rows 0 and 2 each: 1 pulse and 2 pulses, side by side on their bit lines
            "update.slot": 4,
            "update.slot_of_unknown_duration": 4,
            "line.pulse": 4 + 6,
            "pulse.up": 6,
            "pulse.down": 6,
        }
    )
    assert array.events == expected


def test_bins_round_by_chance_to_the_right_mean_and_cost_digital_work():
    config = MixedPrecisionConfig(n_x_bins=4, n_d_bins=8)
    array = config.on((3, 4), linear(step=1e-4))
    n = 1500
    x, d = np.tile(np.float32([1, 0.3, -0.6]), (n, 1)), np.tile(np.float32([1, 0.1, 0, -0.9]), (n, 1))
    array.update(x, d, 1e-4)
    gathered = array.read() + 1e-4 * array.chi
    # a rounded value has at most a quarter of a bin squared of variance; 7 standard errors are below one in 10^11
    error = 7 * np.sqrt((0.25**2 + 0.25**2 * 0.125**2 + 0.125**2) * n)
    np.testing.assert_allclose(gathered / 1e-4, n * np.outer(x[0], d[0]), atol=error)
    assert array.events["random.bit"] == 16 * n * 7
    exact = config.model_copy(update={"stoc_round": False}).on((3, 4), linear(step=1e-4))
    exact.update(x[:1], d[:1], 1e-4)
    np.testing.assert_allclose(exact.chi + exact.read() / 1e-4, np.outer([1, 0.5, -0.5], [1, 0, 0, -1]), atol=1e-5)
    assert exact.events["random.bit"] == 0


def test_programming_forgets_what_was_gathered():
    array = MixedPrecisionConfig().on((5, 4), linear())
    array.update(*batch(3), 0.001)
    assert np.abs(array.chi).max() > 0
    array.program(np.zeros((5, 4)))
    np.testing.assert_array_equal(array.chi, 0)


# -- deterministic pulses ----------------------------------------------------------------------------------------------


def test_deterministic_pulses_follow_their_formula():
    array = DeterministicPulsesConfig().on((5, 4), linear())
    x, d = batch(1)
    rate = 0.08
    array.update(x, d, rate)
    largest = np.abs(x).max() * np.abs(d).max()
    slots = min(int(np.ceil(rate * largest / STEP)), 31)
    assert slots < 31
    # gains that share the rate evenly: p_x p_d slots step = rate x d, and equal largest shares on either side
    top = np.sqrt(rate * largest / (STEP * slots))
    words = np.floor(slots * top * np.abs(x[0]) / np.abs(x).max() + 0.5)
    bits = np.floor(slots * top * np.abs(d[0]) / np.abs(d).max() + 0.5)
    counts = np.floor(np.outer(words, bits) / slots + 0.5) * np.sign(np.outer(x[0], d[0]))
    np.testing.assert_allclose(array.read(), counts * STEP, atol=1e-6)
    assert np.abs(array.read() - rate * np.outer(x[0], d[0])).max() < 2 * STEP
    sizes = int(np.abs(counts).sum())
    assert array.events == Events(
        {
            "update.slot": slots,
            "update.slot_of_unknown_duration": slots,
            "line.pulse": int(words.sum() + bits.sum()),
            "pulse.up": sizes,
            "pulse.down": sizes,
        }
    )


def test_deterministic_pulses_lose_what_is_below_half_a_pulse():
    array = DeterministicPulsesConfig().on((1, 1), linear())
    one = np.ones((50, 1), np.float32)
    array.update(one, one, 0.2 * STEP)
    assert array.read()[0, 0] == 0
    assert array.events["pulse.up"] == 0
    array.update(one, one, 0.6 * STEP)  # sqrt(0.6) of a slot on either side rounds to a whole one
    assert array.read()[0, 0] == pytest.approx(50 * STEP, rel=1e-4)


def test_deterministic_pulses_of_one_cell_a_weight():
    array = DeterministicPulsesConfig().on((1, 2), linear(mapping="offset"))
    array.update(np.ones((1, 1), np.float32), np.float32([[3, -2]]), STEP)
    assert array.events["pulse.up"] == 3
    assert array.events["pulse.down"] == 2
    np.testing.assert_allclose(array.read(), [[3 * STEP, -2 * STEP]], rtol=1e-4)


# -- write-verify of a digital copy ------------------------------------------------------------------------------------


def test_the_copy_is_gradient_descent_and_the_array_follows_it():
    scheme = WriteVerify(tolerance=0.01, read_noise=False)
    response = SoftBounds(
        step=0.001,
        w_min=-1,
        w_max=1,
        step_spread=0,
        asymmetry_spread=0,
        w_max_spread=0,
        w_min_spread=0,
        step_noise=0,
        write_noise=0,
    )
    config = ArrayConfig(load_device("ideal").model_copy(update={"response": response}))
    array = WriteVerifiedCopyConfig(scheme=scheme, program_every=2).on((5, 4), config)
    start = np.full((5, 4), 0.1, np.float32)
    array.program(start)
    exact, shown = start.astype(float), array.read()
    for seed in range(4):
        x, d = batch(3, seed=seed)
        array.update(x, d, 0.02)
        exact += 0.02 * x.astype(float).T @ d
        np.testing.assert_allclose(array.copy, exact, atol=1e-6)
        if seed % 2:
            shown = array.read()
        else:  # programmed after every second update only
            np.testing.assert_array_equal(array.read(), shown)
    # either cell is within 1 % of its window of 2, and a pulse more
    np.testing.assert_allclose(array.read(), exact, atol=0.01 * 2 * 1.1)
    assert array.report is not None
    assert not array.report.failed.any()
    assert array.cut_weights == 0


def test_the_copy_stays_in_the_window():
    array = WriteVerifiedCopyConfig(scheme=None).on((1, 2), linear())
    array.update(np.ones((1, 1), np.float32), np.float32([[3, 0.5]]), 1.0)
    np.testing.assert_array_equal(array.copy, np.float32([[1, 0.5]]))
    assert array.cut_weights == 1


def test_events_of_one_update_of_the_copy():
    array = WriteVerifiedCopyConfig(scheme=None).on((2, 3), linear())
    array.update(np.float32([[1, 0]]), np.float32([[1, 0, 2]]), 0.1)
    assert array.events == Events(
        {
            "digital.multiply": 2 + 2,
            "digital.add": 2,
            "digital.compare": 2,
            "sram.byte_read": 4 * (2 + 6),
            "sram.byte_written": 4 * 2,
            "cell.programmed": 12,
        }
    )


def test_cells_without_a_known_response_can_follow_a_copy():
    config = replace(RERAM, device="pcm-nandakumar2019")
    array = WriteVerifiedCopyConfig(scheme=WriteVerify(tolerance=0.05)).on((5, 4), config, seed=1)
    x, d = batch(3)
    array.update(x, d, 0.1)
    np.testing.assert_allclose(array.read(), 0.1 * x.T @ d, atol=0.4)
    assert np.abs(array.read()).max() > 0.2
    assert array.events["cell.verify_read"] > 0
    with pytest.raises(ArrayError, match="has no mapping"):
        WriteVerifiedCopy(_Nothing())


class _Nothing:
    """As much of an array as the contract asks for."""

    shape, events, clipped = (1, 1), Events(), 0

    def forward(self, x): ...
    def backward(self, d): ...
    def update(self, x, d, rate): ...
    def program(self, weights): ...
    def read(self): ...
    def aside(self): ...
