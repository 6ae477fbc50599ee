"""Ranges that an array finds: whatever is read, no more than a little saturates, and all of it is counted."""

import numpy as np
import pytest

from revpath.ebm import RBM, crossbar_synapses
from revpath.simulator import (
    ADC,
    DAC,
    ArrayConfig,
    ArrayError,
    Crossbar,
    SaturationWarning,
    SlicedCrossbar,
    TiledCrossbar,
)

RNG = np.random.default_rng(11)
W = RNG.uniform(-0.9, 0.9, (40, 24)).astype(np.float32)
X = RNG.uniform(-1, 1, (200, 40)).astype(np.float32)
D = RNG.uniform(-1, 1, (200, 24)).astype(np.float32)
KINDS = {
    "crossbar": Crossbar,
    "tiles": lambda shape, config: TiledCrossbar(shape, config, tile=(16, 10)),
    "slices": lambda shape, config: SlicedCrossbar(shape, config, slices=2, bits_per_slice=3),
    "tiled slices": lambda shape, config: SlicedCrossbar(shape, config, slices=2, bits_per_slice=3, tile=(16, 24)),
}


def made(kind="crossbar", **fields):
    array = KINDS[kind](W.shape, ArrayConfig(**{"adc": ADC(bits=8), **fields}))
    array.program(W)
    return array


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dac", [DAC(bits=8), DAC(bits=8, slice_bits=2), DAC(bits=8, slice_bits=2, shift_add="analog")])
def test_an_adc_of_bits_alone_fits(kind, dac):
    array = made(kind, dac=dac)
    for x, read, exact in ((X, array.forward, X @ array.read()), (D, array.backward, D @ array.read().T)):
        y = read(x)
        assert array.clipped == 0
        assert np.abs(y - exact).max() < 0.1 * np.abs(exact).max()
        assert np.std(y - exact) > 1e-4 * np.abs(exact).max()  # it does convert


def test_a_range_is_found_once():
    array = made()
    array.forward(X)
    y_max = array.adc().y_max
    assert y_max == pytest.approx(np.abs(X @ W).max(), rel=1e-5)
    array.forward(0.01 * X)
    assert array.adc().y_max == y_max
    assert array.ranging(transposed=True)
    assert not array.ranging()


def test_a_range_that_grows_reads_again_and_counts_it():
    array = made(weight_max=10.0)
    array.forward(X)
    before, y_max = array.events, array.adc().y_max
    array.program(5 * W)
    before = array.events
    y = array.forward(X)
    done = array.events - before
    assert array.adc().y_max == 8 * y_max  # the smallest power of two that holds five times as much
    assert array.clipped == 0
    assert np.abs(y - 5 * X @ W).max() < 8 * y_max / 127
    assert done["array.read"] == 2 * len(X)
    assert sum(done.matching("adc.conversion").values()) == 2 * y.size
    array.forward(X)
    assert (array.events - before)["array.read"] == 3 * len(X)


def test_reads_aside_leave_no_range():
    array = made()
    with array.aside():
        y = array.forward(X)
    assert array.ranging()
    assert np.abs(y - X @ W).max() < 0.1
    array.forward(0.1 * X)
    y_max = array.adc().y_max
    with array.aside():
        assert np.abs(array.forward(X) - X @ W).max() < 16 * y_max / 127
    assert array.adc().y_max == y_max
    assert array.clipped == 0


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_of_zero_say_nothing(kind):
    array = made(kind)
    assert not array.forward(np.zeros((3, 40))).any()
    assert array.ranging()
    array.forward(X)
    assert array.clipped == 0


def test_a_range_that_is_given_stays():
    for adc in (ADC(bits=8, y_max=9.0), ADC(bits=8, range="fixed", y_max=9.0), ADC(bits=8).with_range(9.0)):
        assert adc == ADC(bits=8, y_max=9.0)
        array = made(adc=adc)
        array.forward(0.01 * X)
        assert array.adc().y_max == 9.0
    array = made()
    array.calibrate(0.1 * X)
    y_max = array.adc().y_max
    with pytest.warns(SaturationWarning, match=r"conversions saturated at y_max = .* call `calibrate`"):
        array.forward(X)
    assert array.adc().y_max == y_max
    assert array.clipped > 0


def test_a_fixed_range_that_does_not_fit_says_so_once():
    array = made(adc=ADC(bits=8, y_max=0.01))
    with pytest.warns(SaturationWarning) as said:
        array.forward(X)
    array.forward(X)  # warnings are errors in tests
    assert len(said) == 1


def test_a_calibrated_range_names_what_to_call():
    with pytest.raises(ArrayError, match=r"call `calibrate` of the array .* range = 'auto' lets the array find it"):
        made(adc=ADC(bits=8, range="calibrated")).forward(X)


@pytest.mark.parametrize("range_", ["calibrated", "auto", "maximum"])
@pytest.mark.parametrize("tile", [None, (8, 5)])
def test_models_learn_with_any_range(range_, tile):
    x = (np.random.default_rng(0).random((60, 12)) < 0.3).astype(float)
    config = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, range=range_))
    model = RBM(8, random_state=0, n_iter=3, synapses=crossbar_synapses(config, seed=1, tile=tile)).fit(x)
    assert np.isfinite(model.transform(x)).all()
