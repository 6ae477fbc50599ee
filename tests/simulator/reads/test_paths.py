"""Everything a read can be configured to do, through the array: ranges, slices, mismatch, circuit noise, drawn cells."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible, relative
from scipy.constants import Boltzmann, elementary_charge

from revpath.devices import load_device
from revpath.devices.laws.read_noise import ConstantReadNoise, ProportionalReadNoise, TelegraphReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, CircuitNoise, Crossbar
from revpath.simulator.compile import threads

RNG = np.random.default_rng(3)
W = RNG.uniform(-1, 1, (6, 4)).astype(np.float32)


def with_noise(law, **config) -> ArrayConfig:
    return ArrayConfig(device=load_device("ideal").model_copy(update={"read_noise": law}), **config)


def made(config, weights=W, seed=0) -> Crossbar:
    array = Crossbar(weights.shape, config, seed=seed)
    array.program(weights)
    return array


# -- cells drawn one by one, or one number for each output ------------------------------------------------------------


@pytest.mark.parametrize("mapping", ["two-sided", "one-sided", "offset"])
@pytest.mark.parametrize("transposed", [False, True])
def test_sampled_and_collapsed_are_one_law(mapping, transposed):
    x = np.tile(RNG.uniform(-1, 1, 4 if transposed else 6).astype(np.float32), (6000, 1))
    moments = {}
    for how in ("sampled", "collapsed"):
        array = made(with_noise(ProportionalReadNoise(relative=0.05), mapping=mapping, cell_noise=how), seed=2)
        y = (array.backward(x) if transposed else array.forward(x)).astype(float)
        moments[how] = y
    mean = x[0] @ (W.T if transposed else W)
    sampled, collapsed = moments["sampled"], moments["collapsed"]
    sd = collapsed.std(axis=0)
    plausible(p_of_mean(sampled, mean, sd))
    plausible(p_of_variance(sampled, sd**2, kurtosis=5))  # 5: the reference has an error of its own
    implausible(p_of_variance(sampled, 1.3 * sd**2, kurtosis=5))
    covariance = np.cov(sampled.T) - np.cov(collapsed.T)
    error = np.sqrt(2 * 3 * np.outer(sd**2, sd**2) / len(x))
    assert np.abs(covariance / error).max() < 6  # 6 sigma: below 1e-7 for the pairs there are
    assert array.events["array.read"] == len(x)


def test_both_ways_cost_the_same():
    x = RNG.uniform(-1, 1, (50, 6))
    arrays = [made(with_noise(ConstantReadNoise(relative=0.02), cell_noise=how)) for how in ("sampled", "collapsed")]
    for array in arrays:
        array.forward(x)
    a, b = (array.events for array in arrays)
    assert a.counts == b.counts
    for name in a.integrals:
        assert a[name] == relative(b[name], 1e-5)


def test_collapsed_is_refused_where_it_is_not_exact():
    law = TelegraphReadNoise(amplitude=0.2, switching_time=1e-3)
    with pytest.raises(ArrayError, match="cell_noise = 'collapsed' is not exact for device 'ideal': telegraph"):
        made(with_noise(law, cell_noise="collapsed"))
    with pytest.raises(ArrayError, match="cell_noise = 'fast' must be one of 'auto', 'sampled', 'collapsed'"):
        ArrayConfig(cell_noise="fast")


def test_telegraph_noise_of_an_array():
    """One cell, one trap: outputs take two values, as often as the trap is occupied, and remember."""
    law = TelegraphReadNoise(amplitude=0.2, occupancy=0.3, switching_time=1e-6)
    array = made(with_noise(law, mapping="one-sided", read_time=1e-7), np.array([[0.8]], np.float32))
    y = array.forward(np.ones((5000, 1)))[:, 0]
    levels, counts = np.unique(y, return_counts=True)
    assert len(levels) == 2
    steps = np.corrcoef(y[1:], y[:-1])[0, 1]
    assert steps == pytest.approx(np.exp(-0.1), abs=0.03)
    # 5000 reads hold about 5000 x 0.1 / 2 = 250 independent ones; 6 sigma of their share is 0.17
    assert counts[0] / len(y) == pytest.approx(0.3, abs=0.17)
    assert array.mapping.conductances(array.cells.shown)[0, 0] * 0.2 * array.mapping.per_siemens == pytest.approx(
        levels[1] - levels[0], rel=1e-4
    )


# -- thermal and shot noise -------------------------------------------------------------------------------------------


def test_thermal_noise_of_an_array():
    """Variance 2 k T G / t of each sensed line, in output units, whatever the inputs."""
    config = ArrayConfig(circuit_noise=CircuitNoise(thermal=True, temperature=350.0), read_time=1e-9, read_voltage=0.01)
    array = made(config)
    per_ampere = array.mapping.per_siemens / config.read_voltage
    g = array.conductances().sum(axis=(0, 2))
    expected = 2 * Boltzmann * 350 * g / 1e-9 * per_ampere**2
    for x in (np.zeros(6), np.ones(6)):
        y = array.forward(np.tile(x, (4000, 1))).astype(float)
        plausible(p_of_variance(y - x @ W, expected))
        implausible(p_of_variance(y - x @ W, 1.3 * expected))


@pytest.mark.slow
def test_shot_noise_of_an_array():
    """Full shot noise at a voltage far above 2 kT/q: variance q I / t with I the sum of |V| G."""
    noise = CircuitNoise(shot=True, fano=1.0)
    array = made(ArrayConfig(circuit_noise=noise, read_time=1e-9, read_voltage=0.2))
    x = RNG.uniform(0.5, 1, 6).astype(np.float32)
    current = (0.2 * x) @ array.conductances().sum(axis=2)
    per_ampere = array.mapping.per_siemens / 0.2
    y = array.forward(np.tile(x, (4000, 1))).astype(float)
    plausible(p_of_variance(y - x @ W, elementary_charge * current / 1e-9 * per_ampere**2))


# -- converters -------------------------------------------------------------------------------------------------------


def test_each_direction_has_its_own_range():
    array = made(ArrayConfig(adc=ADC(bits=12, y_max=6.0), transposed_adc=ADC(bits=12, y_max=0.01)))
    array.forward(np.ones((1, 6)))
    assert array.clipped == 0
    y = array.backward(np.ones((1, 4)))
    assert np.abs(y).max() == pytest.approx(0.01)
    assert array.clipped == 6


def test_calibration_takes_the_range_of_what_it_sees():
    array = made(ArrayConfig(adc=ADC(bits=8, range="calibrated")))
    x = RNG.uniform(-1, 1, (200, 6))
    with pytest.raises(ArrayError, match="calibrat"):
        array.forward(x)
    before = array.events
    y_max = array.calibrate(x, percentile=100)
    assert y_max == pytest.approx(np.abs(x @ W).max(), rel=1e-5)
    assert array.events == before  # not a read of the run
    y = array.forward(x)
    assert np.abs(y - x @ W).max() <= 0.5 * y_max / 127 * 1.001
    assert array.clipped == 0
    with pytest.raises(ArrayError, match="calibrat"):  # the other direction was not calibrated
        array.backward(np.ones((1, 4)))


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_maximum_range_never_saturates(mapping, transposed):
    adc = ADC(bits=10, range="maximum")
    for value in (-1.0, 1.0):
        array = made(ArrayConfig(mapping=mapping, adc=adc), np.full((6, 4), value, np.float32))
        ones = np.ones((1, 4 if transposed else 6))
        y = array.backward(ones) if transposed else array.forward(ones)
        assert array.clipped == 0
        step = array._paths[transposed].adc.step
        np.testing.assert_allclose(y, value * ones.sum(), atol=step)


@pytest.mark.parametrize("slice_bits", [1, 2, 3, 7])
@pytest.mark.parametrize("shift_add", ["digital", "analog"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_sliced_inputs_give_what_whole_ones_give(slice_bits, shift_add, transposed, mapping):
    x = RNG.uniform(-1, 1, (5, 4 if transposed else 6))
    outputs = []
    for dac in (DAC(bits=8), DAC(bits=8, slice_bits=slice_bits, shift_add=shift_add)):
        array = made(ArrayConfig(dac=dac, mapping=mapping))
        outputs.append(array.backward(x) if transposed else array.forward(x))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=1e-5)
    slices = -(-7 // slice_bits)
    sensed = outputs[0].shape[1]
    assert array.events["array.read"] == 5 * slices
    conversions = sum(array.events.matching("adc.conversion").values())
    assert conversions == 5 * sensed * (slices if shift_add == "digital" else 1)
    offset_sums = 0 if (mapping, transposed) != ("offset", True) else x.size + 5 * (slices - 1) + 5 * sensed
    assert array.events["digital.add"] == offset_sums + (5 * sensed * (slices - 1) if shift_add == "digital" else 0)
    assert array.events["analog.shift_add"] == (5 * sensed * slices if shift_add == "analog" and slices > 1 else 0)
    assert sum(array.events.matching("dac.conversion").values()) == array.events["line.drive"]


def test_mismatch_belongs_to_the_array():
    """The errors of converters are drawn once: the same at every read, others in another array, in the other direction."""
    adc = ADC(bits=10, y_max=6.0, offset_lsb=3.0, gain_error=0.01, inl_lsb=1.0)
    config = ArrayConfig(adc=adc, dac=DAC(bits=8, gain_error=0.01))
    x = RNG.uniform(-1, 1, (4, 6))
    first = made(config, seed=1)
    y = first.forward(x)
    np.testing.assert_array_equal(first.forward(x), y)
    np.testing.assert_array_equal(made(config, seed=1).forward(x), y)
    assert np.abs(made(config, seed=2).forward(x) - y).max() > adc.step
    error = y - x @ W
    assert 0 < np.abs(error).max() < 6 * (3 * adc.step + 0.02 * 6)
    assert np.abs(error.mean(axis=0)).max() > 0.5 * adc.step  # offsets of columns do not average out


def test_stochastic_rounding_is_unbiased_through_the_array():
    adc = ADC(bits=5, y_max=6.0, stochastic_rounding=True)
    array = made(ArrayConfig(adc=adc))
    x = np.tile(RNG.uniform(-1, 1, 6), (20_000, 1))
    y = array.forward(x).astype(float)
    plausible(p_of_mean(y, x[0] @ W, adc.step / 2))
    implausible(p_of_mean(y, x[0] @ W + 0.2 * adc.step, adc.step / 2))


@pytest.mark.jit
@pytest.mark.parametrize("how", ["sampled", "collapsed"])
def test_bits_do_not_depend_on_threads_or_cuts(how):
    weights = np.round(RNG.uniform(-1, 1, (120, 90)) * 64).astype(np.float32) / 64
    x = np.round(RNG.uniform(-1, 1, (40, 120)) * 32) / 32
    outcomes = []
    for n in (1, 2):
        with threads(n):
            config = with_noise(ConstantReadNoise(relative=0.01), cell_noise=how, adc=ADC(bits=8, y_max=20.0))
            outcomes.append(made(config, weights).forward(x))
    np.testing.assert_array_equal(outcomes[0], outcomes[1])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("transposed_adc", "8 bits", "transposed_adc = '8 bits' must be a ADC or None"),
        ("circuit_noise", 300.0, "circuit_noise = 300.0 must be a CircuitNoise or None"),
        ("layout", "shuffled", "layout = 'shuffled' must be one of 'separate', 'interleaved'"),
    ],
)
def test_configuration_refuses(field, value, words):
    with pytest.raises(ArrayError, match=words):
        ArrayConfig(**{field: value})
