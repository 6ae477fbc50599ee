"""Converters: steps, effective bits, and that a simulated conversion has the signal-to-noise ratio it claims."""

import math
import pickle

import numpy as np
import pytest
from helpers.statistics import p_of_mean, p_of_variance, plausible, relative
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.arrays import quantise

from revpath.devices.base.errors import RevpathError
from revpath.simulator import ADC, DAC, ArrayError, Stream
from revpath.simulator.converters.adc_dac import calibrated_range
from revpath.simulator.converters.readout import digitise, drive
from revpath.simulator.noise.outputs import NO_VARIANCE

SILENT = Stream(0, "unused")


def converted(x, dac: DAC) -> np.ndarray:
    x = np.atleast_2d(np.asarray(x, np.float32))
    return drive(x, np.ones(x.shape[1]), dac)[0]


def test_steps_of_aihwkit():
    """Input 1/63 at 7 bits and bound 1; output 12/255 at 9 bits and bound 12 (aihwkit.md, section 1.9)."""
    assert DAC(bits=7, x_max=1).step == relative(1 / 63)
    assert DAC(bits=7, x_max=1).step == pytest.approx(0.0158730, abs=5e-8)
    assert ADC(bits=9, y_max=12).step == pytest.approx(0.0470588, abs=5e-8)


@pytest.mark.parametrize("bits", range(2, 17))
def test_ideal_quantiser(bits):
    adc = ADC(bits=bits, y_max=3.0)
    assert adc.enob == relative(math.log2(2**bits - 2))
    assert adc.snr == relative(1.5 * 4**adc.enob)
    assert adc.variance == relative(adc.step**2 / 12)


def test_noise_costs_effective_bits():
    assert ADC(noise_lsb=math.sqrt(3 / 12)).enob == relative(ADC().enob - 1)


def test_ideal_converters():
    assert ADC(bits=None).enob == ADC(bits=None).snr == math.inf
    assert ADC(bits=None).step == ADC(bits=None).variance == DAC(bits=None).step == 0
    x = np.linspace(-1, 1, 7, dtype=np.float32)
    np.testing.assert_array_equal(converted(x, DAC(bits=None))[0], x)


@settings(max_examples=60, deadline=None)
@given(bits=st.integers(2, 16), x_max=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_dac_agrees_with_its_twin(bits, x_max, seed):
    x = np.random.default_rng(seed).uniform(-x_max, x_max, 40).astype(np.float32) * np.float32(1 - 1e-6)
    out = converted(x, DAC(bits=bits, x_max=x_max))[0]
    np.testing.assert_allclose(out, quantise(x, x_max, bits), atol=_one_code(x, x_max, bits) + 1e-6 * x_max)
    assert np.abs(out - x).max() <= DAC(bits=bits, x_max=x_max).step * 0.51


@settings(max_examples=60, deadline=None)
@given(bits=st.integers(2, 16), y_max=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_adc_agrees_with_its_twin(bits, y_max, seed):
    y = np.random.default_rng(seed).uniform(-2 * y_max, 2 * y_max, (1, 40)).astype(np.float32)
    out, clipped = digitise(y.copy(), NO_VARIANCE, ADC(bits=bits, y_max=y_max), SILENT)
    np.testing.assert_allclose(out, quantise(y, y_max, bits), atol=_one_code(y, y_max, bits) + 1e-6 * y_max)
    step = y_max / (2 ** (bits - 1) - 1)
    sure = np.sum(np.abs(y) > y_max + 0.501 * step)
    assert sure <= clipped <= np.sum(np.abs(y) > y_max + 0.499 * step)


def _one_code(x, full, bits) -> np.ndarray:
    """One code where float32 may round to the other side of a half step, else nothing."""
    codes = np.asarray(x, float) * (2 ** (bits - 1) - 1) / full
    near = np.abs(np.abs(codes - np.floor(codes)) - 0.5) < 1e-6 * np.maximum(1, np.abs(codes))
    return np.where(near, full / (2 ** (bits - 1) - 1), 0.0).max(initial=0.0)


def test_zero_and_full_scale_are_exact():
    for bits in (2, 5, 8, 16):
        np.testing.assert_array_equal(converted([0, 1, -1], DAC(bits=bits))[0], [0, 1, -1])
        out, clipped = digitise(np.array([[0, 1, -1, 5, -5]], np.float32), NO_VARIANCE, ADC(bits=bits), SILENT)
        np.testing.assert_allclose(out[0], [0, 1, -1, 1, -1], rtol=1e-6)
        assert clipped == 2


@pytest.mark.parametrize("noise_lsb", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("bits", [6, 8])
def test_measured_snr_is_the_claimed_one(bits, noise_lsb):
    """The error of a full-scale sine has the claimed power. Its frequency shares no factor with the number of samples.

    The amplitude leaves room for the noise, so that nothing saturates; the error does not depend on the amplitude.
    """
    adc = ADC(bits=bits, y_max=1.0, noise_lsb=noise_lsb)
    n = 10_000
    amplitude = 1 - 8 * noise_lsb * adc.step
    y = (amplitude * np.sin(2 * np.pi * 1237 * np.arange(n) / n + 0.1)).astype(np.float32)[None]
    out, clipped = digitise(y.copy(), NO_VARIANCE, adc, Stream(11, "adc"))
    assert clipped == 0
    error = (out - y)[0].astype(float)
    # quantisation error is uniform (kurtosis 1.8), the noise normal (3): between the two, 3 is the safe one
    plausible(p_of_mean(error, 0, math.sqrt(adc.variance)))
    plausible(p_of_variance(error, adc.variance, kurtosis=3))
    measured = 0.5 / np.mean(error**2)
    assert measured == relative(adc.snr, 0.08)
    assert 0.5 * math.log2(measured / 1.5) == pytest.approx(adc.enob, abs=0.06)


@pytest.mark.parametrize("x", [1.01, -1.5, 3.4e38])
@pytest.mark.parametrize("bits", [8, None])
def test_dac_refuses_beyond_its_range(x, bits):
    with pytest.raises(ArrayError, match=r"inputs reach .*1 of 2 too large, the first at \(0, 1\).*x_max = 1"):
        converted([0.5, x], DAC(bits=bits))
    converted([0.5, 1 + 5e-7], DAC(bits=bits))


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf])
def test_dac_refuses_what_is_not_finite(x):
    with pytest.raises(ArrayError, match=r"input \[0, 1\] = .* must be finite"):
        converted([0.5, x], DAC())


@pytest.mark.parametrize("kind", [DAC, ADC])
@pytest.mark.parametrize("bits", [0, 1, 17, 1000, -3, 8.5, "eight"])
def test_bits_have_a_range(kind, bits):
    with pytest.raises(ArrayError) as error:
        kind(bits=bits)
    said = str(error.value)
    assert "bits" in said
    assert repr(bits) in said or str(bits) in said
    assert "bits = None is an ideal converter" in said or isinstance(bits, str)
    if isinstance(bits, int):
        least = 1 if kind is DAC and bits != 1 else 2  # of a DAC without a sign
        assert (f"greater than or equal to {least}" in said) or ("less than or equal to 16" in said)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (DAC, {"x_max": 0}),
        (DAC, {"x_max": -1}),
        (DAC, {"x_max": math.nan}),
        (DAC, {"x_max": math.inf}),
        (ADC, {"y_max": 0}),
        (ADC, {"y_max": math.inf}),
        (ADC, {"noise_lsb": -1}),
        (ADC, {"noise_lsb": 101}),
        (ADC, {"bits": 8, "resolution": 3}),
    ],
)
def test_converters_refuse(kind, fields):
    with pytest.raises(ArrayError, match=list(fields)[-1]):
        kind(**fields)


def test_an_ideal_adc_has_no_noise_of_its_own():
    """Noise in steps of a converter without steps: refused rather than dropped."""
    with pytest.raises(ArrayError, match=r"noise_lsb = 0\.5 needs finite bits"):
        ADC(bits=None, noise_lsb=0.5)


def test_converters_are_values():
    adc = ADC(bits=8, noise_lsb=0.5)
    assert adc.snr > 0  # cached: must not change what the converter equals
    assert adc == ADC(bits=8, noise_lsb=0.5)
    assert hash(adc) == hash(ADC(bits=8, noise_lsb=0.5))
    assert pickle.loads(pickle.dumps(adc)) == adc
    with pytest.raises(RevpathError, match="frozen"):
        adc.bits = 4


# -- errors of real converters, and ranges -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ADC, DAC])
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("noise_lsb", 0.5, (-0.1, 101, math.nan)),
        ("offset_lsb", 0.5, (-0.1, 101, math.inf)),
        ("gain_error", 0.02, (-0.1, 0.11, math.nan)),
        ("inl_lsb", 0.5, (-0.1, 101, math.nan)),
        ("stochastic_rounding", True, (2, "perhaps")),
    ],
)
def test_errors_of_converters_are_validated(kind, name, good, bad):
    assert getattr(kind(**{name: good}), name) == good
    assert kind(**{name: good}).mismatched == (name in ("offset_lsb", "gain_error", "inl_lsb"))
    for value in bad:
        with pytest.raises(ArrayError, match=name):
            kind(**{name: value})
    with pytest.raises(ArrayError, match=rf"{name} = {good} needs finite bits"):
        kind(bits=None, **{name: good})


@pytest.mark.parametrize("policy", ["calibrated", "maximum"])
def test_a_range_is_resolved_before_anything_is_converted(policy):
    adc = ADC(bits=6, range=policy, noise_lsb=0.5, lines_per_converter=2)
    with pytest.raises(ArrayError, match=rf"range = '{policy}' must be resolved"):
        digitise(np.zeros((1, 2), np.float32), NO_VARIANCE, adc, SILENT)
    assert adc.resolved(7.5) == ADC(bits=6, y_max=7.5, noise_lsb=0.5, lines_per_converter=2)
    assert adc.enob == adc.resolved(7.5).enob
    assert adc.snr == adc.resolved(7.5).snr
    for bad in (0, -1.0, math.nan, math.inf, np.ones(3)):
        with pytest.raises(ArrayError, match=rf"y_max = .* of a {policy} range must be one positive"):
            adc.resolved(bad)
    with pytest.raises(ArrayError, match=rf"y_max = 3.0 goes with range = 'fixed'; range = '{policy}'"):
        ADC(range=policy, y_max=3)


def test_a_fixed_range_stays_unless_replaced():
    adc = ADC(y_max=3, noise_lsb=0.5)
    assert adc.step * adc.variance > 0  # cached: must not follow into the copy
    assert adc.resolved(5.0) is adc
    assert adc.with_range(5.0) == ADC(y_max=5, noise_lsb=0.5)
    assert adc.with_range(5.0).step == 5 / 127
    assert adc.with_range(5.0).variance == ADC(y_max=5, noise_lsb=0.5).variance
    assert adc.model_copy(update={"y_max": 5.0}).step == 5 / 127
    with pytest.raises(ArrayError, match="y_max"):
        adc.model_copy(update={"y_max": -1.0})
    with pytest.raises(ArrayError, match=r"y_max = 0 of a fixed range must be one positive"):
        adc.with_range(0)
    with pytest.raises(ArrayError, match="range"):
        ADC(range="automatic")
    for lines in (0, -1, 1.5):
        with pytest.raises(ArrayError, match="lines_per_converter"):
            ADC(lines_per_converter=lines)


def test_calibrated_range_holds_its_percentage():
    y = np.random.default_rng(0).standard_normal((200, 50))
    for percentile in (50, 99, 99.9, 100):
        y_max = calibrated_range(y, percentile)
        assert np.mean(np.abs(y) <= y_max) == pytest.approx(percentile / 100, abs=2e-4)
    assert calibrated_range(y, 100) == np.abs(y).max()
    adc = ADC(bits=8, range="calibrated").resolved(calibrated_range(y, 99))
    assert digitise(y.astype(np.float32), NO_VARIANCE, adc, SILENT)[1] <= 101


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: calibrated_range(np.empty((0, 3))), "finite and not empty"),
        (lambda: calibrated_range(np.array([1, np.nan])), "finite and not empty"),
        (lambda: calibrated_range(np.zeros(5)), "are 0 up to percentile 99.9"),
        (lambda: calibrated_range(np.ones(5), 0), "percentile = 0 must be above 0"),
        (lambda: calibrated_range(np.ones(5), 101), "percentile = 101"),
        (lambda: calibrated_range(np.ones(5), math.nan), "percentile = nan"),
    ],
)
def test_ranges_refuse(call, said):
    with pytest.raises(ArrayError, match=said):
        call()


def test_converters_compare_after_use():
    """Cached values are part of neither equality nor hash of a configuration."""
    a, b = DAC(bits=8), DAC(bits=8)
    assert a.line_converter.step == b.line_converter.step
    assert a == b
    assert DAC(bits=8, slice_bits=2).line_converter == DAC(bits=3)
