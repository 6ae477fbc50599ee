"""Weights in fixed point over several arrays: exact when ideal, each slice with conversions of its own."""

import pickle

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible, relative
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.arrays import quantise

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events, MappingError
from revpath.simulator.arrays.parts import AnalogArray
from revpath.simulator.arrays.weight_slices import SlicedCrossbar

sizes = st.integers(1, 9)


def uniform(*shape, seed=0, scale=1.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-scale, scale, shape).astype(np.float32)


def in_digits(weight: float, weight_max: float, slices: int, bits: int) -> tuple[float, list[int]]:
    """The slow twin: the nearest of all values k weight_max / (2**B - 1), and its signed digits, lowest first."""
    most = 2 ** (slices * bits) - 1
    k = min(range(-most, most + 1), key=lambda k: abs(weight - k * weight_max / most))
    digits, rest = [], abs(k)
    for _ in range(slices):
        rest, digit = divmod(rest, 2**bits)
        digits.append(digit if k >= 0 else -digit)
    return k * weight_max / most, digits


# -- value -----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(
    shape=st.tuples(sizes, sizes),
    slices=st.integers(1, 6),
    bits=st.integers(1, 4),
    tile=st.one_of(st.none(), st.tuples(sizes, sizes)),
    batch=st.sampled_from([0, 1, 5]),
    side=st.sampled_from(["one-sided", "two-sided", "offset"]),
)
def test_ideal_slices_multiply_by_the_quantised_matrix(shape, slices, bits, tile, batch, side):
    config = ArrayConfig(weight_max=1.5, mapping=side)
    array = SlicedCrossbar(shape, config, slices=slices, bits_per_slice=bits, tile=tile)
    W = uniform(*shape, scale=1.5)
    array.program(W)
    Q = array.quantised(W).astype(float)
    x, d = uniform(batch, shape[0], seed=1), uniform(batch, shape[1], seed=2)
    assert array.forward(x).dtype == array.backward(d).dtype == np.float32
    np.testing.assert_allclose(array.read(), Q, rtol=0, atol=1e-6)
    np.testing.assert_allclose(array.forward(x), x @ Q, rtol=0, atol=1e-5)
    np.testing.assert_allclose(array.backward(d), d @ Q.T, rtol=0, atol=1e-5)
    np.testing.assert_allclose(array.rmatmat(x.T), Q.T @ x.T, rtol=0, atol=1e-5)
    np.testing.assert_allclose(array @ d.T, Q @ d.T, rtol=0, atol=1e-5)
    step = 1.5 / (2 ** (slices * bits) - 1)
    assert array.step == relative(step)
    lost = array.quantisation
    assert lost is not None
    assert (lost.bits, lost.step) == (slices * bits, array.step)
    np.testing.assert_allclose(lost.worst, np.abs(W - Q).max(), rtol=0, atol=2e-7)
    np.testing.assert_allclose(lost.rms, np.sqrt(np.mean((W - Q) ** 2)), rtol=0, atol=2e-7)
    assert lost.worst <= step / 2 * (1 + 1e-6)


@pytest.mark.parametrize(("slices", "bits"), [(1, 1), (2, 2), (3, 1), (1, 4), (2, 3)])
def test_digits_are_those_of_the_twin(slices, bits):
    """Weight by weight: the nearest value, and in each slice sign x digit / (2**b - 1) of the window."""
    array = SlicedCrossbar((4, 5), ArrayConfig(weight_max=2.0), slices=slices, bits_per_slice=bits)
    W = uniform(4, 5, scale=2.0)
    W[0, :3] = 2.0, -2.0, 0.0
    array.program(W)
    for index, weight in np.ndenumerate(W):
        value, digits = in_digits(float(weight), 2.0, slices, bits)
        assert array.quantised(W)[index] == pytest.approx(value, abs=1e-6)
        shown = [part.read()[index] / 2.0 * (2**bits - 1) for part in array.slices]
        np.testing.assert_allclose(shown, digits, rtol=0, atol=1e-5)


def test_values_in_words():
    """One slice of one bit is ternary; a value on the grid is kept; ties go to even; the ends are weight_max."""
    one = SlicedCrossbar((1, 5), slices=1, bits_per_slice=1)
    np.testing.assert_array_equal(one.quantised(np.array([-1, -0.6, 0.4, 0.6, 1])), [-1, -1, 0, 1, 1])
    two = SlicedCrossbar((1, 7), ArrayConfig(weight_max=3.0), slices=2, bits_per_slice=1)
    np.testing.assert_array_equal(two.quantised(np.arange(-3.0, 4.0)), np.arange(-3.0, 4.0))
    np.testing.assert_array_equal(two.quantised(np.array([0.5, 1.5, 2.5, -0.5, -1.5])), [0, 2, 2, 0, -2])
    assert two.quantised(np.float32(3.0) * (1 + 1e-7)) == 3.0


def test_more_bits_lose_less():
    W = uniform(30, 30)
    errors = []
    for slices in (1, 2, 4, 8):
        array = SlicedCrossbar((30, 30), slices=slices, bits_per_slice=2)
        array.program(W)
        errors.append(array.quantisation.rms / array.step)
        assert array.quantisation.worst <= array.step / 2 * (1 + 1e-6)
    np.testing.assert_allclose(errors, 12**-0.5, rtol=0.1)  # uniform rounding error of every resolution


def test_twin_with_converters():
    """Each slice is quantised by an ADC of its own, in the unit of a single array, and shifts are powers of two."""
    config = ArrayConfig(weight_max=2.0, dac=DAC(bits=4), adc=ADC(bits=6, y_max=2.0))
    array, W, x = SlicedCrossbar((7, 5), config, slices=3, bits_per_slice=2), uniform(7, 5, scale=2.0), uniform(6, 7)
    array.program(W)
    digits = np.array([[in_digits(float(w), 2.0, 3, 2)[1] for w in row] for row in W])
    seen, step, total = quantise(x, 1.0, 4), 2.0 / 31, np.zeros((6, 5))
    saturated = 0
    for s in range(3):
        exact = seen @ (digits[..., s] / 3 * 2.0)
        total += 4**s * np.rint(quantise(exact, 2.0, 6) / step)
        saturated += np.sum(np.abs(exact) > 2.0 + step / 2)
    got = array.forward(x) / (step * 3 / 63)
    np.testing.assert_allclose(got, np.rint(got), rtol=0, atol=1e-3)
    same = np.rint(got) == total
    assert same.mean() > 0.9
    assert np.all(np.abs(got - total) <= 1 + 4 + 16 + 1e-3)  # a half step may fall on either side in float32
    assert array.clipped == saturated > 0


@pytest.mark.parametrize("device", ["pcm-nandakumar2019", "reram-sb-gong2018"])
def test_one_slice_is_a_plain_crossbar_with_rounded_weights(device):
    config = ArrayConfig(device=device, adc=ADC(bits=8, y_max=4.0), dac=DAC(bits=8))
    plain = Crossbar((6, 4), config, seed=5, array=3)
    sliced = SlicedCrossbar((6, 4), config, slices=1, bits_per_slice=4, seed=5, array=3)
    W = uniform(6, 4)
    np.testing.assert_array_equal(
        plain.program(sliced.quantised(W).astype(float)).achieved, sliced.program(W).achieved[0]
    )
    np.testing.assert_array_equal(plain.conductances(), sliced.conductances()[0])
    x, d = uniform(3, 6), uniform(3, 4)
    np.testing.assert_array_equal(plain.forward(x), sliced.forward(x))
    np.testing.assert_array_equal(plain.backward(d), sliced.backward(d))
    assert plain.events == sliced.events


def test_twin_is_the_slices_themselves():
    """A sliced array does what its slices do when each is made and read on its own, number by number."""
    config = ArrayConfig(device="pcm-nandakumar2019", adc=ADC(bits=8, y_max=4.0), dac=DAC(bits=8))
    array, x = SlicedCrossbar((6, 4), config, slices=3, bits_per_slice=2, seed=5, array=2), uniform(3, 6)
    W = uniform(6, 4)
    array.program(W)
    digits = np.array([[in_digits(float(w), 1.0, 3, 2)[1] for w in row] for row in W])
    got, total, events = array.forward(x), np.zeros((3, 4)), Events({"digital.add": 2 * 3 * 4})
    for s in range(3):
        one = Crossbar((6, 4), config, seed=5, array=2 + (s << 56))
        one.program(digits[..., s] / 3.0)
        total += 4**s * one.forward(x).astype(float) * 3 / 63
        events += one.events
    np.testing.assert_allclose(got, total, rtol=0, atol=2e-6)
    assert array.events == events


# -- noise and events ------------------------------------------------------------------------------------------------


def test_law_of_read_noise():
    """Slices add noise of their own, weighted by their powers of two: mostly that of the most significant one."""
    n, relative = 8000, 0.02
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=relative)})
    array = SlicedCrossbar((4, 2), ArrayConfig(device=device), slices=2, bits_per_slice=2, seed=1)
    array.program(uniform(4, 2))
    x = np.array([0.9, -0.4, 0.0, 0.2], np.float32)
    noise = array.forward(np.tile(x, (n, 1))) - x @ array.read()
    one = 2 * relative**2 * np.sum(x**2)
    variance = one * (1 + 4**2) * (3 / 15) ** 2
    plausible(p_of_mean(noise, 0, variance**0.5))
    plausible(p_of_variance(noise, variance))
    implausible(p_of_variance(noise, one * (1 + 4) ** 2 * (3 / 15) ** 2))  # the same noise in every slice


@pytest.mark.parametrize("batch", [0, 1, 4])
def test_conversions_of_a_read_by_hand(batch):
    """3 slices of 2 x 2 tiles: each slice converts for itself; 1 addition for tiles and then 2 for slices."""
    config = ArrayConfig(adc=ADC(bits=8, y_max=8.0), dac=DAC(bits=8))
    array = SlicedCrossbar((5, 3), config, slices=3, bits_per_slice=2, tile=(3, 2))
    assert array.program(uniform(5, 3)).writes.sum() == 3 * 2 * 15
    before = array.events
    assert before == Events({"cell.programmed": 3 * 2 * 15})
    array.forward(np.ones((batch, 5)))
    done = array.events - before
    assert sum(done.matching("adc.conversion").values()) == 3 * 2 * 3 * batch
    assert done["line.drive"] == 3 * 2 * 5 * batch
    assert done["digital.add"] == (3 * 1 + 2) * 3 * batch
    assert done["array.read"] == 12 * batch
    array.backward(np.ones((batch, 3)))
    assert (array.events - before - done)["digital.add"] == (3 * 1 + 2) * 5 * batch


def test_aside_is_not_part_of_the_run():
    config = ArrayConfig(device="pcm-nandakumar2019", adc=ADC(bits=6, y_max=0.5))
    one, other = (SlicedCrossbar((5, 3), config, slices=2, bits_per_slice=2, tile=(3, 2), seed=4) for _ in range(2))
    x = uniform(4, 5)
    for array in (one, other):
        array.program(uniform(5, 3))
    before, clipped = one.events, one.clipped
    with one.aside():
        assert not np.array_equal(one.forward(x), one.forward(x))
    assert (one.events, one.clipped) == (before, clipped)
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    assert one.events == other.events


@pytest.mark.parametrize("tile", [None, (3, 2)])
def test_calibration_gives_all_slices_the_largest_range(tile):
    config = ArrayConfig(adc=ADC(bits=10, range="calibrated"), transposed_adc=ADC(bits=10, range="calibrated"))
    array = SlicedCrossbar((5, 3), config, slices=2, bits_per_slice=3, tile=tile)
    with pytest.raises(ArrayError, match="outputs to calibrate on are 0"):
        array.calibrate(uniform(9, 5))
    array.program(uniform(5, 3, scale=0.1))  # the upper digit is always 0
    before, found = array.events, array.calibrate(uniform(50, 5), percentile=100)
    array.calibrate(uniform(50, 3), transposed=True, percentile=100)
    assert array.events == before
    terms, step = 2 if tile else 1, found / 511 * 7 / 63
    got = array.forward(uniform(50, 5))
    np.testing.assert_allclose(got, uniform(50, 5) @ array.read(), rtol=0, atol=terms * 0.51 * (1 + 8) * step)
    array.backward(uniform(4, 3))
    assert array.clipped == 0
    assert array.events["digital.multiply"] == 0


def test_codes_of_another_step_are_multiplied():
    """Slices alike need no multiplication; their smaller tiles at the edge do, in each slice."""
    config = ArrayConfig(adc=ADC(bits=12, range="maximum"))
    array = SlicedCrossbar((5, 3), config, slices=2, bits_per_slice=3, tile=(3, 3))
    array.forward(uniform(4, 5))
    assert array.events["digital.multiply"] == 2 * 4 * 3
    assert array.events["digital.add"] == (2 * 1 + 1) * 4 * 3


def test_contract_and_pickle():
    array = SlicedCrossbar((5, 3), slices=2, bits_per_slice=3, seed=4)
    assert isinstance(array, AnalogArray)
    assert not array.read().any()
    assert array.quantisation is None
    assert array.bits == 6
    assert array.conductances().shape == (2, 5, 3, 2)
    array.program(uniform(5, 3))
    other = pickle.loads(pickle.dumps(array))
    np.testing.assert_array_equal(array.forward(uniform(2, 5)), other.forward(uniform(2, 5)))
    assert array.events == other.events
    assert array.quantisation == other.quantisation


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"slices": 0, "bits_per_slice": 2}, "slices = 0 must be a positive integer"),
        ({"slices": 2.0, "bits_per_slice": 2}, r"slices = 2\.0 must be a positive integer"),
        ({"slices": 2, "bits_per_slice": -1}, "bits_per_slice = -1 must be a positive integer"),
        ({"slices": 2, "bits_per_slice": True}, "bits_per_slice = True must be a positive integer"),
        ({"slices": 5, "bits_per_slice": 5}, "have 25 bits; at most 24"),
        ({"slices": 2, "bits_per_slice": 2, "tile": (0, 2)}, r"tile = \(0, 2\) must be two positive integers"),
        ({"slices": 2, "bits_per_slice": 2, "array": 2**28}, "array = 268435456 must be an integer"),
    ],
)
def test_bad_construction_is_named(choice, message):
    with pytest.raises(ArrayError, match=message):
        SlicedCrossbar((5, 3), **choice)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.forward(np.zeros(5)), r"x has shape \(5,\)"),
        (lambda a: a.forward(np.array([[0, 0, 0, 0, np.nan]])), r"input \[0, 4\] = nan must be finite"),
        (lambda a: a.backward(np.array([[0, 0, -3]])), r"reach 3 .*\(0, 2\)"),
        (lambda a: a.update(np.ones((1, 5)), np.ones((1, 3)), 0.1), "cannot be updated in place"),
        (lambda a: a.program(np.zeros((3, 5))), r"weights has shape \(3, 5\)"),
        (lambda a: a.program(np.zeros((4, 3))), r"weights has shape \(4, 3\)"),
        (lambda a: a.program(np.full((5, 3), np.nan)), "weights must be finite"),
    ],
)
@pytest.mark.parametrize("tile", [None, (3, 2)])
def test_bad_input_is_named_and_changes_nothing(call, message, tile):
    array = SlicedCrossbar((5, 3), slices=2, bits_per_slice=2, tile=tile)
    array.program(uniform(5, 3))
    before, events, lost = array.conductances(), array.events, array.quantisation
    with pytest.raises(ArrayError, match=message):
        call(array)
    np.testing.assert_array_equal(array.conductances(), before)
    assert (array.events, array.quantisation) == (events, lost)


def test_weights_that_do_not_fit_are_refused():
    array = SlicedCrossbar((5, 3), slices=2, bits_per_slice=2)
    W = np.zeros((5, 3))
    W[4, 2] = -1.5
    for call in (array.program, array.quantised):
        with pytest.raises(MappingError, match=r"1 of 15 weights are beyond weight_max = 1 \(largest 1\.5\)"):
            call(W)
    assert not array.read().any()
