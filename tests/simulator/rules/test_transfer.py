"""The Tiki-Taka family: held to its recursion, to gradient descent, and counted by hand."""

import numpy as np
import pytest

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError
from revpath.devices.response import ConstantStep
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.rules import (
    AGAD,
    AGADConfig,
    ChoppedTikiTaka2,
    ChoppedTikiTaka2Config,
    TikiTaka2,
    TikiTaka2Config,
    TrackedTikiTakaConfig,
)

STEP = 0.01
FAMILY = (TikiTaka2Config, ChoppedTikiTaka2Config, AGADConfig, TrackedTikiTakaConfig)
RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))


def linear(step=STEP, **config) -> ArrayConfig:
    """Cells that every pulse moves by the same step, without any noise: a weight moves by `step`."""
    response = ConstantStep(step=step, w_min=-1.0, w_max=1.0)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}), **config)


def with_exact_fast_array(options, shape=(5, 4), seed=0, **config):
    """An array of the family whose fast array takes exact outer products and is read exactly."""
    array = options.on(shape, linear(**config), seed=seed)
    array.fast = Crossbar(shape, ArrayConfig("ideal", weight_max=1e3))
    return array


def batch(n, rows=5, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, rows)).astype(np.float32), rng.uniform(-1, 1, (n, columns)).astype(np.float32)


@pytest.mark.parametrize("rule", FAMILY)
def test_several_reads_are_as_many_reads_of_one_line(rule):
    """Three word lines after three products are what one line after each would be, were the products made before."""
    choppers = {} if rule is TikiTaka2Config else {"in_chop_prob": 0.4, "in_chop_random": False}
    common = {"auto_granularity": 50.0, "auto_scale": False, "fast_lr": 0.02, **choppers}
    several = with_exact_fast_array(rule(transfer_every=3, n_reads_per_transfer=3, **common))
    single = with_exact_fast_array(rule(transfer_every=1, **common | {"auto_granularity": 150.0 / 3}))
    # the thresholds of the two agree if auto_granularity / transfer_every does
    single.options = single.options.model_copy(update={"auto_granularity": 50.0 / 3})
    nothing = np.zeros((2, 5), np.float32)
    for seed in range(20):
        x, d = batch(3, seed=seed)
        several.update(x, d, 1.0)
        for k in range(3):  # all products with the first, then two that are zero: three transfers
            if k == 0:
                single.fast.update(x[:2] * single.in_chopper, d[:2] * np.float32(0.02), 1.0)
                single.update(x[2:], d[2:], 1.0)
            else:
                single.update(nothing[:1], d[:1], 1.0)
        np.testing.assert_allclose(several.buffer, single.buffer, atol=1e-4)
        np.testing.assert_allclose(several.read(), single.read(), atol=1e-6)
        np.testing.assert_array_equal(several.in_chopper, single.in_chopper)
    assert np.abs(several.read()).max() >= STEP


def pushed(rule, **changes):
    """W after a long time without any gradient, where A stands at 0.3 for no reason."""
    array = with_exact_fast_array(rule(auto_granularity=20.0, n_reads_per_transfer=None, **changes))
    array.fast.program(np.full((5, 4), 0.3))
    for _ in range(400):
        array.update(np.zeros((1, 5), np.float32), np.zeros((1, 4), np.float32), 0.02)
    return np.abs(array.read()).max()


@pytest.mark.slow
def test_choppers_take_out_a_wrong_zero():
    """An A that rests off zero drives W away for ever without choppers, to and fro with them, and not at all in AGAD."""
    away = pushed(TikiTaka2Config)
    to_and_fro = pushed(ChoppedTikiTaka2Config, in_chop_prob=0.1, in_chop_random=False)
    assert away > 0.5
    assert to_and_fro < away / 5
    assert pushed(AGADConfig, in_chop_prob=0.1) == 0
    assert pushed(TrackedTikiTakaConfig, in_chop_prob=0.1) == 0


def test_a_symmetric_point_that_wanders_is_tracked():
    """A comes to rest elsewhere than it began: the estimate is there after some 1 / tracking transfers, and W stands still."""
    array = with_exact_fast_array(
        TrackedTikiTakaConfig(auto_granularity=20.0, n_reads_per_transfer=None, in_chop_random=False, tracking=0.05)
    )
    idle = np.zeros((1, 5), np.float32), np.zeros((1, 4), np.float32), 0.02
    array.update(*idle)
    array.fast.program(np.full((5, 4), 0.3))
    for _ in range(200):
        array.update(*idle)
    np.testing.assert_allclose(array.resting, 0.3 * (1 - 0.95**200), rtol=1e-4)
    before = array.read()
    for _ in range(200):
        array.update(*idle)
    np.testing.assert_array_equal(array.read(), before)
    assert np.abs(before).max() < pushed(TikiTaka2Config) / 5


def test_out_choppers_turn_after_a_pass_and_cancel():
    options = ChoppedTikiTaka2Config(in_chop_prob=0.0, out_chop_prob=1.0, auto_scale=False, fast_lr=0.01)
    array = with_exact_fast_array(options)
    x, d = np.ones((1, 5), np.float32), np.ones((1, 4), np.float32)
    for n in range(10):
        np.testing.assert_array_equal(array.out_chopper, 1 if n < 5 else -1)
        array.update(x, d, 0.1)
    np.testing.assert_allclose(array.fast.read(), 0, atol=1e-6)


def test_signs_of_out_choppers_are_taken_off_what_is_read():
    options = ChoppedTikiTaka2Config(in_chop_prob=0.0, n_reads_per_transfer=None, auto_granularity=100.0)
    array = with_exact_fast_array(options)
    array.fast.program(np.full((5, 4), 0.02))
    array.out_chopper[:] = 1, -1, 1, -1
    array.update(np.zeros((1, 5), np.float32), np.zeros((1, 4), np.float32), 0.01)
    # threshold: 100 granularities over 5 rows
    expected = 0.01 * 0.02 / (STEP * 100 / 5)
    np.testing.assert_allclose(array.buffer, np.tile([expected, -expected], (5, 2)), rtol=1e-4)


@pytest.mark.parametrize("rule", [ChoppedTikiTaka2Config, AGADConfig])
def test_regular_choppers_turn_after_every_period(rule):
    array = rule(in_chop_prob=0.34, in_chop_random=False, n_reads_per_transfer=None).on((5, 4), linear())
    seen = []
    for _ in range(9):
        array.update(np.zeros((1, 5), np.float32), np.zeros((1, 4), np.float32), 0.01)
        assert len(set(array.in_chopper)) == 1
        seen.append(int(array.in_chopper[0]))
    assert seen == [1, 1, -1, -1, -1, 1, 1, 1, -1]


def test_hidden_by_default_and_part_of_w_with_gamma():
    options = ChoppedTikiTaka2Config(gamma=0.5, in_chop_prob=1.0, auto_scale=False, fast_lr=0.05)
    array = with_exact_fast_array(options)
    array.program(np.full((5, 4), 0.2))
    array.update(*batch(7), 0.0001)
    a, c = array.fast.read(), array.array.read()
    w = c + 0.5 * array.in_chopper[:, None] * a
    assert np.abs(w - c).max() > 0.01
    x, d = batch(3, seed=4)
    np.testing.assert_allclose(array.read(), w, atol=1e-6)
    before = array.events
    np.testing.assert_allclose(array.forward(x), x @ w, atol=1e-5)
    np.testing.assert_allclose(array.backward(d), d @ w.T, atol=1e-5)
    assert (array.events - before)["digital.add"] == 3 * 4 + 3 * 5
    hidden = with_exact_fast_array(TikiTaka2Config())
    hidden.update(x, d, 0.0001)
    np.testing.assert_array_equal(hidden.read(), hidden.array.read())


# -- events ------------------------------------------------------------------------------------------------------------


def test_events_of_one_tiki_taka_update():
    """One outer product of ones: 3 pulses on each fast weight; one word line of four is read and fires once each."""
    options = TikiTaka2Config(fast_lr=1.0, auto_granularity=0.0)
    config = linear(longest_train=3)
    array = options.on((4, 2), config)
    array.update(np.ones((1, 4), np.float32), np.ones((1, 2), np.float32), 0.4)
    np.testing.assert_allclose(array.fast.read(), 3 * STEP, rtol=1e-4)
    np.testing.assert_allclose(array.read(), [[STEP, STEP], [0, 0], [0, 0], [0, 0]], atol=1e-6)
    np.testing.assert_array_equal(array.buffer, 0)  # 0.4 x 3 steps fired, and was forgotten
    reads = Crossbar((4, 2), array.fast.config)
    reads.update(np.ones((1, 4), np.float32), np.ones((1, 2), np.float32), 3 * STEP)
    reads.forward(np.eye(4, dtype=np.float32)[:1])
    own = array.events - reads.events
    assert own == Events(
        {
            "digital.compare": (4 + 2) + 2,
            "digital.multiply": 5 + 2,
            "digital.add": 2 + 2,
            "digital.divide": 1,
            "sram.byte_read": 4 * 2,
            "sram.byte_written": 4 * 2,
            # the slow word line
            "update.slot": 1,
            "update.slot_of_unknown_duration": 1,
            "line.pulse": 1 + 2,
            "pulse.up": 2,
            "pulse.down": 2,
        }
    )


def test_what_choppers_and_references_cost():
    plain, chopped, agad, tracked = (
        rule(auto_scale=False, fast_lr=0.0, **more).on((4, 2), linear())
        for rule, more in (
            (TikiTaka2Config, {}),
            (ChoppedTikiTaka2Config, {"in_chop_prob": 0.5, "out_chop_prob": 0.5}),
            (AGADConfig, {"in_chop_prob": 1.0}),
            (TrackedTikiTakaConfig, {"in_chop_prob": 0.0}),
        )
    )
    for array in (plain, chopped, agad, tracked):
        array.update(np.zeros((16, 4), np.float32), np.zeros((16, 2), np.float32), 1e-9)  # four passes of four lines
    turning = chopped.events - plain.events
    assert turning == Events({"random.bit": 16 * (16 + 4 * 2), "digital.compare": 16 + 4 * 2})
    renewals = 2 * 4 * 1  # lines turn after their second and fourth pass; the fourth is not looked at any more
    more = agad.events - plain.events
    assert more == Events(
        {
            "digital.add": 3 * 16 * 2,
            "digital.multiply": 16 * 2,
            "sram.byte_read": 4 * 2 * 16 * 2,
            "sram.byte_written": 4 * (16 * 2 + renewals),
        }
    )
    assert tracked.events - plain.events == Events(
        {
            "digital.add": 2 * 16 * 2,
            "digital.multiply": 16 * 2,
            "sram.byte_read": 4 * 16 * 2,
            "sram.byte_written": 4 * 16 * 2,
        }
    )


def test_fast_and_slow_arrays_have_noise_of_their_own():
    array = TikiTaka2Config().on((30, 20), RERAM, seed=1)
    assert not np.array_equal(array.fast.cells.traits, array.array.cells.traits)
    np.testing.assert_array_equal(array.array.cells.traits, Crossbar((30, 20), RERAM, seed=1).cells.traits)


def test_the_fast_array_gets_a_converter_for_one_line():
    array = TikiTaka2Config(fast_range=0.5).on((5, 4), RERAM)
    assert array.fast.adc().y_max == pytest.approx(1.0)
    assert array.adc().y_max == pytest.approx(6.0)
    other = TikiTaka2((5, 4), RERAM, config_fast=linear())
    assert other.fast.config == linear()


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (TikiTaka2Config, {"transfer_every": 0}),
        (TikiTaka2Config, {"n_reads_per_transfer": 0}),
        (TikiTaka2Config, {"momentum": 1.5}),
        (TikiTaka2Config, {"gamma": -1}),
        (TikiTaka2Config, {"in_chop_prob": 0.1}),
        (TikiTaka2Config, {"auto_momentum": 1.0}),
        (ChoppedTikiTaka2Config, {"in_chop_prob": 1.1}),
        (AGADConfig, {"in_chop_prob": 0.0}),
        (AGADConfig, {"tail_weightening": 0.0}),
        (AGADConfig, {"fast_lr": float("inf")}),
        (TrackedTikiTakaConfig, {"tracking": 0.0}),
    ],
)
def test_bad_parameters_are_refused(rule, bad):
    with pytest.raises(RevpathError, match=next(iter(bad))):
        rule(**bad)


def test_arrays_that_cannot_be_are_refused():
    with pytest.raises(ArrayError, match="n_reads_per_transfer = 6 must be at most the 5 rows"):
        TikiTaka2Config(n_reads_per_transfer=6).on((5, 4), RERAM)
    with pytest.raises(ArrayError, match="array = 268435456 must be an integer from 0 to 268435455"):
        ChoppedTikiTaka2((5, 4), RERAM, array=2**28)
    with pytest.raises(ArrayError, match="without pulses"):
        AGAD((5, 4), RERAM, config_fast=ArrayConfig("ideal"))


@pytest.mark.parametrize("rule", FAMILY)
def test_programming_starts_anew(rule):
    array = rule(n_reads_per_transfer=None).on((5, 4), RERAM, seed=1)
    array.update(*batch(5), 1.0)
    assert np.abs(array.buffer).max() > 0
    array.program(np.zeros((5, 4)))
    np.testing.assert_array_equal(array.buffer, 0)
