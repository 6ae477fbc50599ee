"""Update rules on tiles: what is exact beside one large array, what is one tile beside another, and what is refused."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, plausible

from revpath.devices import load_device
from revpath.devices.response import ConstantStep, LinearStep
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.arrays.tiles import TiledCrossbar
from revpath.simulator.programming.write_verify import WriteVerify
from revpath.simulator.rules import (
    AGADConfig,
    ChoppedTikiTaka2Config,
    DeterministicPulses,
    ErrorAwareUpdates,
    MixedPrecision,
    MixedPrecisionConfig,
    ResidualLearningConfig,
    SignPulses,
    StochasticPulses,
    TikiTaka2Config,
    TouchedMixedPrecision,
    WriteVerifiedCopy,
    WriteVerifiedCopyConfig,
)

SHAPE, TILE = (7, 9), (4, 4)  # a grid of 2 x 3, smaller at the far edges
SCHEME = WriteVerify(tolerance=0.005, max_pulses=400, read_noise=False)


def noiseless(gamma: float = 0.0, **config) -> ArrayConfig:
    """Cells without spread and noise, which are the same on every tile."""
    response = LinearStep(step=0.005, w_min=-1.0, w_max=1.0, gamma_up=gamma, gamma_down=gamma)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}), **config)


def batch(n, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.uniform(-1, 1, (n, size)).astype(np.float32) for size in SHAPE)


def pair(config, seed=0):
    """One large array, and the same on tiles."""
    return Crossbar(SHAPE, config, seed=seed), TiledCrossbar(SHAPE, config, tile=TILE, seed=seed)


def same(one: Events, two: Events, *names: str) -> None:
    for name in names:
        assert one[name] == two[name] > 0, name


@pytest.mark.parametrize("gamma", [0.0, 0.6])
def test_mixed_precision_on_tiles_is_that_of_one_array(gamma):
    """The digital sum is one, and cells that are alike move alike: the same bits, and the same digital work."""
    one, two = (MixedPrecision(array, MixedPrecisionConfig(n_x_bins=7)) for array in pair(noiseless(gamma)))
    for seed in range(5):
        x, d = batch(4, seed)
        for rule in (one, two):
            rule.update(x, d, 0.05)
        np.testing.assert_array_equal(one.read(), two.read())
        np.testing.assert_array_equal(one.chi, two.chi)
    assert np.abs(one.read()).max() > 0.1
    same(one.events, two.events, "pulse.up", "pulse.down", "digital.add", "sram.byte_read", "random.bit")
    assert two.events["update.slot"] > one.events["update.slot"]  # each tile drives its own word lines


@pytest.mark.parametrize(
    ("rule", "digital"),
    [(SignPulses, "digital.compare"), (ErrorAwareUpdates, "sram.byte_read"), (TouchedMixedPrecision, "sram.byte_read")],
)
def test_rules_that_count_their_pulses_are_those_of_one_array(rule, digital):
    """What each weight is pulsed is decided once for the whole matrix: the same bits, pulses, chances and digital work."""
    one, two = (rule(array) for array in pair(noiseless(0.6)))
    for seed in range(4):
        x, d = batch(4, seed)
        x[:, 3] = 0
        for array in (one, two):
            array.update(x, d, 0.05)
            array.update_rows(np.array([6, 0, 6]), d[:3], 0.05)
        np.testing.assert_array_equal(one.read(), two.read())
    assert np.abs(one.read()).max() > 0.1
    same(one.events, two.events, "pulse.up", "pulse.down", "random.bit", digital)
    assert two.events["update.slot"] > one.events["update.slot"]


def test_residual_learning_on_tiles_reads_the_tiles_that_hold_a_line():
    """Cells that add exactly: each array of the sum is a grid, and a transfer of a line reads the three tiles across it."""
    config = noiseless(pulses="mean-field", adc=ADC(bits=8, y_max=1.0))
    options = ResidualLearningConfig(transfer_every=1, spacing=1)
    one, two = options.on(SHAPE, config, seed=1), options.on(SHAPE, config, seed=1, tile=TILE)
    for seed in range(9):
        for array in (one, two):
            array.update(*batch(2, seed), 0.05)
    for mine, tiled in zip(one.arrays, two.arrays, strict=True):
        np.testing.assert_array_equal(mine.read(), tiled.read())
        assert np.abs(mine.read()).max() > 1e-3
    assert two.events["array.read"] == 3 * one.events["array.read"] == 3 * 2 * 9
    assert two.events["digital.multiply"] == 0


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_deterministic_pulses_on_tiles_are_those_of_one_array(mapping):
    """Word lines fire on every tile across, bit lines on every tile down, in the slots of the whole matrix."""
    one, two = (DeterministicPulses(array) for array in pair(noiseless(0.6, mapping=mapping)))
    x, d = batch(6)
    for rule in (one, two):
        rule.update(x, d, 0.05)
    np.testing.assert_array_equal(one.read(), two.read())
    assert np.abs(one.read()).max() > 0.05
    same(one.events, two.events, "pulse.up", "pulse.down")
    assert two.events["update.slot"] == 6 * one.events["update.slot"]
    # Rebuilt line by line: firings of a line count once for each tile that it crosses
    single = Crossbar(SHAPE, noiseless(mapping=mapping)), TiledCrossbar(SHAPE, noiseless(mapping=mapping), tile=TILE)
    words, bits = np.arange(-3, 4), np.arange(-4, 5)
    for array in single:
        array.fire(words, bits, 8)
    np.testing.assert_array_equal(single[0].read(), single[1].read())
    assert single[0].events["line.pulse"] == np.abs(words).sum() + np.abs(bits).sum()
    assert single[1].events["line.pulse"] == 3 * np.abs(words).sum() + 2 * np.abs(bits).sum()


def test_write_verify_of_a_copy_on_tiles_is_that_of_one_array():
    options = WriteVerifiedCopyConfig(scheme=SCHEME, program_every=2)
    one, two = (WriteVerifiedCopy(array, options) for array in pair(noiseless(0.6)))
    for seed in range(4):
        x, d = batch(3, seed)
        for rule in (one, two):
            rule.update(x, d, 0.05)
        np.testing.assert_array_equal(one.copy, two.copy)
        np.testing.assert_array_equal(one.read(), two.read())
    assert one.report is not None
    assert two.report is not None
    assert not two.report.failed.any()
    assert np.abs(one.read() - one.copy).max() < 0.03
    assert np.abs(one.read()).max() > 0.1
    same(one.events, two.events, "pulse.up", "cell.verify_read", "digital.multiply", "sram.byte_written")


def test_stochastic_pulses_on_tiles_are_the_update_of_the_tiles():
    config = ArrayConfig("reram-sb-gong2018")
    plain, rule = (TiledCrossbar(SHAPE, config, tile=TILE, seed=3) for _ in range(2))
    x, d = batch(6)
    plain.update(x, d, 0.05)
    StochasticPulses(rule).update(x, d, 0.05)
    np.testing.assert_array_equal(plain.read(), rule.read())
    assert plain.events == rule.events


@pytest.mark.slow
@pytest.mark.jit
def test_stochastic_pulses_on_tiles_have_the_mean_of_one_array():
    """Weight by weight, over arrays of other seeds: rate x d, as on one array; false alarm 1e-7 for each comparison."""
    config = ArrayConfig(
        load_device("ideal").model_copy(update={"response": ConstantStep(step=0.01, w_min=-1.0, w_max=1.0)})
    )
    x, d = batch(1)
    n, rate = 400, 0.1
    moved = np.empty((n, *SHAPE))
    for seed in range(n):
        rule = StochasticPulses(TiledCrossbar(SHAPE, config, tile=TILE, seed=seed))
        rule.update(x, d, rate)
        moved[seed] = rule.read()
    wanted = rate * np.outer(x[0], d[0])
    sd = moved.std(axis=0)
    z = ((moved - wanted) / np.where(sd > 0, sd, 1)).mean(axis=(1, 2))  # lines share trains: one number for each array
    plausible(p_of_mean(z, 0, z.std()))
    shifted = ((moved - 1.5 * wanted) * np.sign(wanted) / np.where(sd > 0, sd, 1)).mean(axis=(1, 2))
    implausible(p_of_mean(shifted, 0, shifted.std()))


BESIDE_ONE_ARRAY = (
    StochasticPulses,
    DeterministicPulses,
    SignPulses,
    ErrorAwareUpdates,
    MixedPrecision,
    TouchedMixedPrecision,
    WriteVerifiedCopy,
)


@pytest.mark.parametrize("rule", BESIDE_ONE_ARRAY)
def test_rules_on_tiles_keep_the_contract(rule):
    """Measured cells: reads and programs like its tiles, steps aside, forgets nothing and counts nothing there."""
    config = ArrayConfig("reram-om-gong2022", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))
    arrays = [rule(TiledCrossbar(SHAPE, config, tile=TILE, seed=1)) for _ in range(2)]
    x, d = batch(4)
    weights = np.random.default_rng(1).uniform(-0.5, 0.5, SHAPE)
    for n, array in enumerate(arrays):
        array.program(weights)
        array.update(x, d, 0.2)
        before = array.events
        if n:
            with array.aside():
                array.forward(x)
                array.backward(d)
            assert array.events == before
        array.update(x, d, 0.2)
    np.testing.assert_array_equal(arrays[0].read(), arrays[1].read())
    assert arrays[0].events == arrays[1].events
    assert arrays[0].events["pulse.up"] > 0
    np.testing.assert_array_equal(arrays[0].forward(x), arrays[1].forward(x))
    arrays[0].calibrate(x)
    assert {tile.adc().y_max for tile in arrays[0].array.parts} != {6.0}


def test_one_tile_is_the_crossbar():
    x, d = batch(4)
    for rule in BESIDE_ONE_ARRAY:
        one = rule(Crossbar(SHAPE, ArrayConfig("reram-es-gong2018"), seed=5))
        two = rule(TiledCrossbar(SHAPE, ArrayConfig("reram-es-gong2018"), tile=(16, 16), seed=5))
        for array in (one, two):
            array.update(x, d, 0.1)
        np.testing.assert_array_equal(one.read(), two.read())
        assert one.events == two.events


@pytest.mark.parametrize(
    ("words", "bits", "slots", "message"),
    [
        (np.zeros(6, int), np.zeros(9, int), 4, r"words has shape \(6,\); it must be \(7,\)"),
        (np.zeros(7, int), np.zeros(8, int), 4, r"bits has shape \(8,\); it must be \(9,\)"),
        (np.zeros(7), np.zeros(9, int), 4, "words is of float64"),
        (np.array([0, 0, 0, 0, 0, 0, -5]), np.zeros(9, int), 4, "words has 5 firings of a line; there are 4 slots"),
        (np.zeros(7, int), np.full(9, 5), 4, "bits has 5 firings"),
        (np.zeros(7, int), np.zeros(9, int), 0, "slots = 0 must be a positive integer"),
    ],
)
def test_bad_firings_are_refused(words, bits, slots, message):
    for array in pair(noiseless()):
        with pytest.raises(ArrayError, match=message):
            array.fire(words, bits, slots)
        assert array.events == Events()
        assert not array.read().any()


def test_lines_that_move_no_cell_are_refused():
    array = Crossbar((2, 2), ArrayConfig("pcm-nandakumar2019"))
    with pytest.raises(ArrayError, match="has no known pulse response: it cannot be pulsed"):
        array.fire(np.zeros(2, int), np.zeros(2, int), 3)
    assert array.events == Events()


# -- the Tiki-Taka family ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [TikiTaka2Config, ChoppedTikiTaka2Config, AGADConfig], ids=lambda rule: rule.name())
@pytest.mark.parametrize("reads", [1, 5, None])
def test_transfers_on_tiles_are_those_of_one_array(rule, reads):
    """Deterministic cells: A is given its contents, so that both arrays hold the same; then buffers and C agree to the bit."""
    chops = {} if rule is TikiTaka2Config else {"in_chop_prob": 0.5, "in_chop_random": False}
    options = rule(
        n_reads_per_transfer=reads, auto_granularity=0.0, buffer_granularity=0.02, max_steps=3, gamma=0.5, **chops
    )
    config = noiseless(weight_max=1.0)
    one, two = options.on(SHAPE, config, seed=1), options.on(SHAPE, config, seed=1, tile=TILE)
    assert isinstance(two.array, TiledCrossbar)
    assert isinstance(two.fast, TiledCrossbar)
    held = np.random.default_rng(3).uniform(-0.3, 0.3, SHAPE).astype(np.float32)
    for array in (one, two):
        for k in range(30):
            array.fast.program((1 + k // 9) * held / 2)  # AGAD sees what changes
            array._transfer(0.05)
    np.testing.assert_array_equal(one.buffer, two.buffer)
    np.testing.assert_array_equal(one.array.read(), two.array.read())
    assert np.abs(one.array.read()).max() > 0.01
    x = batch(3)[0]
    np.testing.assert_allclose(one.forward(x), two.forward(x), atol=1e-5)
    same(one.events, two.events, "pulse.up", "digital.compare", "sram.byte_read")


def test_a_word_line_on_tiles_is_read_on_the_tiles_that_hold_it():
    """A grid of 2 x 3 tiles: a transfer of one line reads 3 of them, with the 9 converters that these have."""
    array = TikiTaka2Config().on(SHAPE, noiseless(adc=ADC(bits=8, y_max=1.0)), tile=TILE)
    array._transfer(0.1)
    assert array.events.matching("adc.conversion").popitem()[1] == SHAPE[1]
    assert array.events["array.read"] == 3


# -- converters --------------------------------------------------------------------------------------------------------


def test_the_converter_of_tiles_is_clear():
    """One kind on all tiles is that one; several are an error that names the way out, and one range for all ends it."""
    given = StochasticPulses(TiledCrossbar(SHAPE, noiseless(adc=ADC(bits=8, y_max=2.0)), tile=TILE))
    assert given.adc().y_max == 2.0
    own = StochasticPulses(TiledCrossbar(SHAPE, noiseless(adc=ADC(bits=8, range="maximum")), tile=TILE))
    with pytest.raises(
        ArrayError, match=r"the parts of this array have 2 kinds of converters, with ranges y_max of 3, 4"
    ):
        own.adc()
    own.set_range(5.0)
    assert own.adc().y_max == 5.0
