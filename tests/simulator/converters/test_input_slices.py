"""Sliced inputs: digits that add up to the code exactly, and reads that add up to the read of the whole input."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible, relative
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twins.converters import digits, rounded

from revpath.simulator import ADC, DAC, ArrayError, Stream
from revpath.simulator.converters.bank import draw_bank
from revpath.simulator.converters.effective_bits import enob
from revpath.simulator.converters.input_slices import (
    InputSlice,
    added_variance,
    digits_of,
    input_codes,
    input_slices,
    shift_and_add,
)
from revpath.simulator.converters.readout import digitise, drive
from revpath.simulator.noise.outputs import NO_VARIANCE


@settings(max_examples=100, deadline=None)
@given(bits=st.integers(2, 16), slice_bits=st.integers(1, 15), seed=st.integers(0, 99))
def test_digits_add_up_to_the_code(bits, slice_bits, seed):
    assume(slice_bits < bits)
    dac = DAC(bits=bits, slice_bits=slice_bits)
    codes = np.random.default_rng(seed).integers(-dac.levels, dac.levels + 1, (2, 9)).astype(np.int32)
    codes[0, :3] = 0, dac.levels, -dac.levels
    cut = digits_of(codes, dac)
    assert cut.shape == (dac.slices, 2, 9)
    for index, code in np.ndenumerate(codes):
        assert cut[(slice(None), *index)].tolist() == digits(int(code), slice_bits, dac.slices)
    weights = 2 ** (slice_bits * np.arange(dac.slices, dtype=np.int64))
    np.testing.assert_array_equal(np.tensordot(weights, cut, 1), codes)


@settings(max_examples=60, deadline=None)
@given(
    bits=st.integers(2, 16),
    slice_bits=st.integers(1, 15),
    x_max=st.sampled_from([1.0, 0.3, 50.0]),
    stochastic=st.booleans(),
    seed=st.integers(0, 99),
)
def test_slices_add_up_to_the_rounded_input(bits, slice_bits, x_max, stochastic, seed):
    """And each is driven by the converter of a line without any change: its digits are that converter's codes."""
    assume(slice_bits < bits)
    dac = DAC(bits=bits, slice_bits=slice_bits, x_max=x_max, stochastic_rounding=stochastic)
    whole = DAC(bits=bits, x_max=x_max, stochastic_rounding=stochastic)
    x = np.random.default_rng(seed).uniform(-x_max, x_max, (3, 8)).astype(np.float32)
    expected = drive(x, np.ones(8), whole, Stream(5, "drive"))[0]
    parts = input_slices(x, dac, Stream(5, "drive"))
    assert len(parts) == dac.slices
    unit = x_max / (2**slice_bits - 1)
    total = np.zeros(x.shape)
    for n, part in enumerate(parts):
        shown = drive(part.inputs, np.ones(8), dac.line_converter)[0]
        np.testing.assert_allclose(shown, part.inputs, rtol=1e-6)
        assert np.abs(part.inputs).max() <= dac.line_converter.limit
        assert part.weight * unit == relative(2.0 ** (slice_bits * n) * dac.step)
        total += part.weight * shown
    np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-6 * dac.step)


def test_codes_agree_with_their_twin():
    dac = DAC(bits=5, slice_bits=2, x_max=2.0, stochastic_rounding=True)
    x = np.random.default_rng(0).uniform(-2, 2, (4, 6)).astype(np.float32)
    uniforms = Stream(1, "s").uniforms(x.shape)
    codes = input_codes(x, dac, Stream(1, "s"))
    for index, value in np.ndenumerate(x):
        assert codes[index] == rounded(np.float32(value * np.float32(1 / dac.step)), uniforms[index])


def test_a_dac_without_slices_gives_the_inputs():
    x = np.full((1, 2), 0.3, np.float32)
    (part,) = input_slices(x, DAC())
    assert part.inputs is x
    assert part.weight == 1


def test_stochastic_rounding_without_slices_happens_once():
    """In `input_slices` or in `drive`, with the same numbers; the converter of a line then finds whole codes."""
    dac = DAC(bits=5, stochastic_rounding=True, x_max=2.0)
    x = np.random.default_rng(0).uniform(-2, 2, (30, 20)).astype(np.float32)
    (part,) = input_slices(x, dac, Stream(4, "read"))
    assert dac.line_converter == DAC(bits=5, x_max=2.0)
    expected = drive(x, np.ones(20), dac, Stream(4, "read"))[0]
    np.testing.assert_array_equal(drive(part.inputs, np.ones(20), dac.line_converter)[0], expected)
    assert np.any(expected != drive(x, np.ones(20), dac.line_converter)[0])


def test_the_converter_of_a_line():
    dac = DAC(bits=8, slice_bits=3, x_max=2.0, noise_lsb=0.1, inl_lsb=0.2, stochastic_rounding=True, shift_add="analog")
    assert dac.slices == 3  # 7 magnitude bits: 3 + 3 + 1
    assert dac.line_converter == DAC(bits=4, x_max=2.0, noise_lsb=0.1, inl_lsb=0.2)
    assert enob(dac) == enob(dac.line_converter)
    assert DAC(bits=8, slice_bits=3).enob == DAC(bits=4).enob
    assert DAC(bits=8, slice_bits=1).line_converter == DAC(bits=2)  # bit-serial: minus, nothing, plus
    assert DAC(bits=8, slice_bits=7).line_converter == DAC(bits=8)
    assert DAC().line_converter == DAC()
    assert DAC().slices == 1


@pytest.mark.parametrize("shift_add", ["analog", "digital"])
@pytest.mark.parametrize("slice_bits", [1, 3, 7])
def test_a_sliced_read_equals_the_whole_read(slice_bits, shift_add):
    """Without errors, and but for what each ADC rounds: analog once, digital at every slice."""
    dac = DAC(bits=8, slice_bits=slice_bits, shift_add=shift_add)
    adc = ADC(bits=12, y_max=20.0)
    rng = np.random.default_rng(0)
    x, w = rng.uniform(-1, 1, (4, 30)).astype(np.float32), rng.uniform(-1, 1, (30, 5)).astype(np.float32)
    exact = drive(x, np.ones(30), DAC(bits=8))[0].astype(float) @ w
    parts = input_slices(x, dac)
    lines = [drive(part.inputs, np.ones(30), dac.line_converter)[0] @ w for part in parts]
    unused = Stream(0, "unused")
    if dac.shift_add == "analog":
        y = digitise(shift_and_add(lines, parts), NO_VARIANCE, adc, unused)[0]
        bound = adc.step / 2
    else:
        y = shift_and_add([digitise(line, NO_VARIANCE, adc, unused)[0] for line in lines], parts)
        bound = adc.step / 2 * sum(part.weight for part in parts)
    np.testing.assert_allclose(y, exact, atol=bound * 1.001)
    assert np.abs(y - exact).max() > bound / 50


@pytest.mark.jit
def test_noise_adds_up_by_weight_squared():
    """Analog: one draw with the added variance. Digital: a draw for each slice, added. The same law."""
    dac = DAC(bits=6, slice_bits=2)
    parts = [InputSlice(np.zeros((1, 1), np.float32), part.weight) for part in input_slices(np.ones((1, 1)), dac)]
    variances = [np.full((20_000, 1), v) for v in (0.5, 1.0, 2.0)]
    total = added_variance(variances, parts)
    expected = sum(part.weight**2 * v[0, 0] for part, v in zip(parts, variances, strict=True))
    np.testing.assert_allclose(total, expected)
    silence = np.zeros((20_000, 3), np.float32)
    stream = Stream(2, "read")
    analog = digitise(silence.copy(), total, ADC(bits=None), stream)[0]
    digital = shift_and_add([digitise(silence.copy(), v, ADC(bits=None), stream)[0] for v in variances], parts)
    for y in (analog, digital):
        plausible(p_of_mean(y.ravel(), 0.0, expected**0.5))
        plausible(p_of_variance(y.ravel(), expected))
        implausible(p_of_variance(y.ravel(), 1.06 * expected))
    assert added_variance([NO_VARIANCE] * 3, parts) is NO_VARIANCE
    np.testing.assert_array_equal(
        added_variance([NO_VARIANCE, variances[1], NO_VARIANCE], parts), parts[1].weight ** 2 * variances[1]
    )


def test_slices_go_through_the_errors_of_one_converter():
    """Every slice is driven by the same drawn converters, of the smaller resolution."""
    dac = DAC(bits=7, slice_bits=3, offset_lsb=0.2, gain_error=0.03, inl_lsb=0.1)
    bank = draw_bank(dac.line_converter, 6, Stream(0, "dac-mismatch"))
    assert bank is not None
    assert bank.inl.shape == (6, 15)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 6)).astype(np.float32)
    for part in input_slices(x, dac):
        shown = drive(part.inputs, np.ones(6), dac.line_converter, None, bank)[0] * 7
        code = np.rint(part.inputs * 7).astype(int)
        table = bank.inl[np.arange(6)[None, :], code + 7]
        expected = np.where(code != 0, code * bank.gain + bank.offset + table, 0)
        np.testing.assert_allclose(shown, expected, atol=1e-5)


def test_what_cannot_be_sliced_is_refused():
    x = np.zeros((1, 2), np.float32)
    with pytest.raises(ArrayError, match=r"slice_bits = 2: drive each of `input_slices`"):
        drive(x, np.ones(2), DAC(slice_bits=2))
    with pytest.raises(ArrayError, match=r"an ideal DAC has no codes"):
        input_codes(x, DAC(bits=None))
    with pytest.raises(ArrayError, match=r"inputs reach 1\.5 .*x_max = 1"):
        input_slices(np.array([[0.5, 1.5]], np.float32), DAC(slice_bits=2))
    with pytest.raises(ArrayError, match=r"input \[0, 1\] = nan must be finite"):
        input_slices(np.array([[0.5, np.nan]], np.float32), DAC(slice_bits=2))
    with pytest.raises(ArrayError, match=r"stream = None: stochastic_rounding"):
        input_slices(x, DAC(slice_bits=2, stochastic_rounding=True))
    with pytest.raises(ValueError, match="longer than argument"):
        shift_and_add([x], input_slices(x, DAC(bits=4, slice_bits=1)))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slice_bits": 0}, r"slice_bits[\s\S]*greater than or equal to 1"),
        ({"slice_bits": 8}, r"slice_bits = 8 must be at most 7, the magnitude bits of bits = 8"),
        ({"bits": None, "slice_bits": 1}, r"slice_bits = 1 needs finite bits"),
        ({"shift_add": "analog"}, r"shift_add = 'analog' needs slice_bits"),
        ({"slice_bits": 1, "shift_add": "optical"}, r"shift_add[\s\S]*'analog' or 'digital'"),
    ],
)
def test_slices_are_validated(fields, said):
    with pytest.raises(ArrayError, match=said):
        DAC(**fields)
