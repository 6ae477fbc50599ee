"""`Crossbar.age`, `remember_drift` and `compensate_drift`: what an array does with the ageing of its cells."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible, relative

from revpath.devices import Device, load_device
from revpath.devices.laws import NoDrift, TelegraphReadNoise
from revpath.simulator import ArrayConfig, ArrayError, Crossbar, TiledCrossbar
from revpath.simulator.cells.ageing import Age
from revpath.simulator.wires import Wires

PCM = load_device("pcm-nandakumar2019")
DAY = 86400.0
WEIGHTS = np.linspace(-1, 1, 24 * 20, dtype=np.float32).reshape(24, 20)


def array_of(device: Device = PCM, **options) -> Crossbar:
    options = {"mapping": "one-sided", "read_time": 250e-9} | options
    array = Crossbar(WEIGHTS.shape, ArrayConfig(device, **options), seed=3)
    array.program(WEIGHTS)
    return array


@pytest.mark.parametrize("mapping", ["one-sided", "two-sided", "offset"])
def test_an_array_ages_as_its_age_says(mapping):
    array, other = array_of(mapping=mapping), array_of(mapping=mapping)
    age = Age(other.shape, PCM, other.mapping, seed=3)
    array.age(3600)
    array.age(DAY)
    state, shown = age.advance(other.cells.state, other.cells.shown, DAY + 3600)
    np.testing.assert_array_equal(array.cells.state, state)
    np.testing.assert_array_equal(array.cells.shown, shown)
    np.testing.assert_array_equal(array.read(), array.mapping.weights(shown).reshape(array.shape))
    before = array_of(mapping=mapping)
    before.age(0)
    np.testing.assert_array_equal(before.cells.shown, other.cells.shown)


@pytest.mark.parametrize("cell_noise", ["sampled", "collapsed"])
@pytest.mark.parametrize("mapping", ["one-sided", "offset"])
def test_reads_have_the_noise_of_their_age(mapping, cell_noise):
    array = array_of(mapping=mapping, cell_noise=cell_noise)
    array.age(365 * DAY)
    x = np.zeros((4000, 24), np.float32)
    x[:, 7] = 1
    y = array.forward(x).astype(float)
    sigma = array.cells.read_sigma(250e-9)[7] * array.mapping.per_siemens
    variance = np.square(sigma).sum(axis=-1)
    plausible(p_of_mean(y, array.read()[7], np.sqrt(variance)))
    plausible(p_of_variance(y, variance))
    implausible(p_of_variance(y, variance / (5.636958 / 4.183825) ** 2))  # as if it were new


def test_wires_see_the_noise_of_an_age():
    array = array_of(wires=Wires(word_resistance=1e-6, bit_resistance=1e-6))
    array.age(365 * DAY)
    x = np.zeros((400, 24), np.float32)
    x[:, 7] = 1
    y = array.forward(x).astype(float)
    # cells near zero conductance are held there, which the law does not know: the far half of the row
    far = np.abs(array.read()[7]) > 0.2
    sigma = array.cells.read_sigma(250e-9)[7] * array.mapping.per_siemens
    variance = np.square(sigma).sum(axis=-1)[far]
    plausible(p_of_variance(y[:, far], variance))
    implausible(p_of_variance(y[:, far], variance / (5.636958 / 4.183825) ** 2))


def test_programming_makes_an_array_young():
    array = array_of()
    young = array.cells.read_sigma(250e-9)
    array.age(DAY)
    assert np.all(array.cells.read_sigma(250e-9)[WEIGHTS > 0.2, 0] != young[WEIGHTS > 0.2, 0])
    quiet = array_of(PCM.model_copy(update={"drift": NoDrift()}))
    young = quiet.cells.read_sigma(250e-9)
    quiet.age(DAY)
    grown = quiet.cells.read_sigma(250e-9)
    assert np.all(grown[young > 0] > young[young > 0])


def test_compensation_is_a_part_of_the_array():
    array = array_of()
    x = np.random.default_rng(1).uniform(-1, 1, (64, 24)).astype(np.float32)
    exact = x @ array.read()
    array.remember_drift()
    array.age(30 * DAY)
    with array.aside():
        drifted = np.sqrt(np.mean((array.forward(x) - exact) ** 2))
    before = array.events
    scale = array.compensate_drift()
    work = array.events - before
    assert work["array.read"] == 24
    assert work["digital.add"] == 24 * 20 - 1
    assert work["digital.divide"] == 1
    assert work["digital.multiply"] == 0
    assert 1.2 < float(scale[0]) < 2.5
    before = array.events
    y = array.forward(x)
    assert (array.events - before)["digital.multiply"] == y.size
    assert np.sqrt(np.mean((y - exact) ** 2)) < 0.5 * drifted
    back = array.backward(np.ones((1, 20), np.float32))
    assert np.abs(back).max() > 0
    array.age(DAY)
    again = array.compensate_drift()  # from the same reference, not from what was compensated
    assert float(again[0]) == relative(float(scale[0]), 0.05)
    array.program(WEIGHTS)
    with pytest.raises(ArrayError, match="call remember_drift"):
        array.compensate_drift()


def test_per_column_scales_the_inputs_of_a_transposed_read():
    array = array_of(
        PCM.model_copy(update={"read_noise": type(PCM.read_noise)(**PCM.read_noise.model_dump() | {"q_scale": 0.0})})
    )
    array.remember_drift(per_column=True)
    array.age(DAY)
    scale = array.compensate_drift()
    d = np.random.default_rng(1).uniform(-0.5, 0.5, (3, 20)).astype(np.float32)
    np.testing.assert_allclose(array.backward(d), (d * scale) @ array.read().T, atol=1e-5)


def test_traps_forget_while_an_array_rests():
    law = TelegraphReadNoise(amplitude=0.1, switching_time=1e-3)
    array = array_of(PCM.model_copy(update={"read_noise": law, "drift": NoDrift()}))
    before = array._phases[0].lines._traps.occupied.copy()
    array.age(1.0)
    assert 0.3 < np.mean(before != array._phases[0].lines._traps.occupied) < 0.7


def test_tiles_age_and_are_compensated_one_by_one():
    tiles = TiledCrossbar(WEIGHTS.shape, ArrayConfig(PCM, mapping="one-sided"), tile=(12, 10), seed=3)
    tiles.program(WEIGHTS)
    tiles.remember_drift()
    fresh = tiles.read()
    tiles.age(DAY)
    assert np.abs(tiles.read()).sum() < 0.8 * np.abs(fresh).sum()
    scales = np.concatenate(tiles.compensate_drift())
    assert scales.shape == (4,)
    assert np.all(scales > 1.2)
