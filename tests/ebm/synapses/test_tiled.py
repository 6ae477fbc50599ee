"""Models on arrays of limited size: one argument, the same model, and every conversion and addition counted."""

import pickle

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import (
    RBM,
    ConditionalRBM,
    CrossbarSynapses,
    DigitalSynapses,
    Synapses,
    crossbar_synapses,
    crossbar_synapses_by_array,
)
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar, Events, Stream
from revpath.simulator.arrays.tiles import TiledCrossbar
from revpath.simulator.arrays.weight_slices import SlicedCrossbar

RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))
IDEAL = ArrayConfig(weight_max=100.0)


def patterns(n=40, width=11, seed=0):
    return (np.random.default_rng(seed).random((n, width)) < 0.4).astype(np.float32)


def rbm(synapses=None, **parameters) -> RBM:
    chosen = {"n_components": 7, "learning_rate": 0.05, "batch_size": 8, "n_iter": 3, "random_state": 3, **parameters}
    return RBM(synapses=synapses, **chosen)


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("tile", [(4, 3), (11, 2), (5, 7), (100, 100)])
def test_an_rbm_on_ideal_tiles_is_the_rbm(tile, persistent):
    """Trained, sampled and judged: as on one ideal array and on ideal digital synapses, to float32 rounding."""
    models = [
        rbm(synapses, persistent=persistent).fit(patterns())
        for synapses in (None, crossbar_synapses(IDEAL), crossbar_synapses(IDEAL, tile=tile))
    ]
    reference = models[-1]
    assert np.abs(reference.components_).max() > 0.02  # it has learned something
    for model in models[:-1]:
        np.testing.assert_allclose(model.components_, reference.components_, rtol=0, atol=1e-4)
        np.testing.assert_allclose(model.intercept_hidden_, reference.intercept_hidden_, rtol=0, atol=1e-4)
        np.testing.assert_allclose(model.intercept_visible_, reference.intercept_visible_, rtol=0, atol=1e-4)
        ours, theirs = reference.transform(patterns(seed=1)), model.transform(patterns(seed=1))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rule", ["exact", "cd"])
def test_a_conditional_rbm_on_ideal_tiles_is_the_model(rule):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 5, (48, 3)), rng.integers(0, 5, 48)
    parameters = {"n_symbols": 5, "rule": rule, "batch_size": 8, "random_state": 3}
    digital, tiled = (
        ConditionalRBM(6, synapses=synapses, **parameters).fit(X, y)
        for synapses in (None, crossbar_synapses(IDEAL, tile=(4, 4)))
    )
    assert tiled.context_synapses_.array.grid == (4, 2)
    assert tiled.label_synapses_.array.grid == (2, 2)
    ours, theirs = tiled.predict_log_proba(X), digital.predict_log_proba(X)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)
    assert np.abs(theirs - theirs.mean(axis=0)).max() > 1e-3  # the contexts matter by now


def test_a_fitting_tile_changes_no_bit():
    """On a noisy, pulsed device: tiles that hold the model in one piece are plain crossbars, events included."""
    plain, tiled = (
        rbm(crossbar_synapses(RERAM, seed=5, tile=tile), n_iter=2).fit(patterns()) for tile in (None, (16, 16))
    )
    np.testing.assert_array_equal(plain.components_, tiled.components_)
    assert plain.events_ == tiled.events_


def test_events_of_a_model_are_those_of_its_tiles():
    model = rbm(crossbar_synapses(RERAM, seed=5, tile=(4, 3)), n_iter=2).fit(patterns())
    array = model.synapses_.array
    assert isinstance(array, TiledCrossbar)
    assert array.grid == (3, 3)
    of_tiles = sum((tile.events for tile in array.parts), Events())
    done = model.events_
    for name in of_tiles:
        if name != "random.bit":  # units take random bits too
            assert done[name] == of_tiles[name]
    assert done["random.bit"] > of_tiles["random.bit"] > 0
    assert done["pulse.up"] == done["pulse.down"] > 0


def test_a_read_counts_the_conversions_and_additions_of_all_tiles():
    synapses = crossbar_synapses(RERAM, seed=5, tile=(4, 3))((11, 7), 0)
    synapses.sample(patterns(5), np.zeros(7), Stream(0, "units"))
    done, units = synapses.events, 5 * 7
    assert sum(done.matching("adc.conversion").values()) == 3 * units
    assert done["digital.add"] == 2 * units + units  # partial sums, and the bias
    assert done["line.drive"] == 3 * np.count_nonzero(patterns(5))
    synapses.sample(np.ones((5, 7)), np.zeros(11), Stream(0, "units"), transposed=True)
    done = synapses.events - done
    assert sum(done.matching("adc.conversion").values()) == 3 * 5 * 11
    assert done["digital.add"] == 2 * 5 * 11 + 5 * 11


def test_aside_covers_tiles_and_units():
    one, other = (crossbar_synapses(RERAM, seed=5, tile=(4, 3))((11, 7), 0) for _ in range(2))
    x = patterns(5)
    with one.aside():
        one.sample(x, np.zeros(7), Stream(0, "units"))
    assert one.events == other.events == Events()
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    assert one.events == other.events


def test_arrays_of_a_model_have_tiles_of_their_own():
    make, x = crossbar_synapses(RERAM, seed=5, tile=(4, 3)), np.ones((3, 11), np.float32)
    reads = [make((11, 7), array).forward(x) for array in (0, 1, 0)]
    assert not np.array_equal(reads[0], reads[1])
    np.testing.assert_array_equal(reads[0], reads[2])


def test_arrays_may_differ():
    configs = [ArrayConfig(weight_max=1.0), ArrayConfig(weight_max=3.0)]
    make = crossbar_synapses_by_array(configs, seed=1, tile=(2, 2))
    assert [make((3, 3), array).array.config.weight_max for array in (0, 1)] == [1.0, 3.0]
    with pytest.raises(RevpathError, match=r"array = 2 .* 2 configurations"):
        make((2, 2), 2)


@pytest.mark.parametrize("tile", [(0, 3), 5, (2.5, 2), "big"])
def test_bad_tiles_are_named_before_a_model_is_made(tile):
    for make in (crossbar_synapses, lambda c, tile: crossbar_synapses_by_array([c], tile=tile)):
        with pytest.raises(RevpathError, match=r"tile = .* must be two positive integers"):
            make(RERAM, tile=tile)


def test_the_factory_pickles():
    make = crossbar_synapses(RERAM, seed=5, tile=[4, 3])  # type: ignore[arg-type]
    other = pickle.loads(pickle.dumps(make))
    assert (make.tile, make.seed) == (other.tile, other.seed) == ((4, 3), 5)  # type: ignore[attr-defined]
    x = np.ones((3, 11), np.float32)
    np.testing.assert_array_equal(make((11, 7), 1).forward(x), other((11, 7), 1).forward(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda shape: Crossbar(shape, IDEAL),
        lambda shape: TiledCrossbar(shape, IDEAL, tile=(2, 2)),
        lambda shape: SlicedCrossbar(shape, IDEAL, slices=4, bits_per_slice=6),
        lambda shape: SlicedCrossbar(shape, IDEAL, slices=6, bits_per_slice=4, tile=(2, 2)),
    ],
    ids=["crossbar", "tiles", "slices", "slices of tiles"],
)
def test_any_array_holds_synapses(make):
    synapses, digital = CrossbarSynapses(make((5, 3))), DigitalSynapses((5, 3))
    assert isinstance(synapses, Synapses)
    W, x, d = np.linspace(-1, 1, 15).reshape(5, 3), np.eye(5, dtype="f4"), np.eye(3, dtype="f4")
    for each in (synapses, digital):
        each.program(W)
    np.testing.assert_allclose(synapses.weights(), digital.weights(), rtol=0, atol=2e-5)
    np.testing.assert_allclose(synapses.forward(x), digital.forward(x), rtol=0, atol=2e-5)
    np.testing.assert_allclose(synapses.backward(d), digital.backward(d), rtol=0, atol=2e-5)
    p = [each.sample(x, np.ones(3), Stream(0, "units"))[0] for each in (synapses, digital)]
    np.testing.assert_allclose(*p, rtol=0, atol=1e-5)


def test_a_model_cannot_be_trained_on_slices():
    def make(shape, array):
        return CrossbarSynapses(SlicedCrossbar(shape, IDEAL, slices=2, bits_per_slice=4, array=array))

    with pytest.raises(RevpathError, match="cannot be updated in place"):
        rbm(make).fit(patterns())
