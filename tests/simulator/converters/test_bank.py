"""Converters that differ from each other: the drawn errors, and reads with them held to scalar twins."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible, relative
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.converters import digitised, driven, wander

from revpath.simulator import ADC, DAC, ArrayError, Stream
from revpath.simulator.compile import threads
from revpath.simulator.converters.bank import ConverterBank, draw_bank
from revpath.simulator.converters.readout import digitise, drive
from revpath.simulator.noise.outputs import NO_VARIANCE

ERRORS = st.fixed_dictionaries(
    {
        "bits": st.integers(2, 10),
        "offset_lsb": st.sampled_from([0.0, 0.7]),
        "gain_error": st.sampled_from([0.0, 0.03]),
        "inl_lsb": st.sampled_from([0.0, 0.8]),
        "stochastic_rounding": st.booleans(),
    }
)


def errors_of(bank: ConverterBank | None, line: int):
    if bank is None:
        return None
    k = line // bank.lines_per_converter
    return bank.gain[k], bank.offset[k], bank.inl[k]


# -- reads -------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(fields=ERRORS, y_max=st.sampled_from([1.0, 0.3, 40.0]), shared=st.integers(1, 4), seed=st.integers(0, 99))
def test_adc_agrees_with_its_twin(fields, y_max, shared, seed):
    """In every bit: the twin does the same float32 operations, one number at a time."""
    adc = ADC(**fields, y_max=y_max, lines_per_converter=shared)
    bank = draw_bank(adc, 7, Stream(seed, "adc-mismatch"))
    y = np.random.default_rng(seed).uniform(-1.3 * y_max, 1.3 * y_max, (3, 7)).astype(np.float32)
    out, clipped = digitise(y.copy(), NO_VARIANCE, adc, Stream(seed, "read"), bank)
    uniforms = Stream(seed, "read").uniforms(y.shape) if adc.stochastic_rounding else None
    held = 0
    for (s, j), value in np.ndenumerate(y):
        u = None if uniforms is None else uniforms[s, j]
        expected, saturated = digitised(value, adc.step, adc.levels, errors_of(bank, j), u)
        assert out[s, j] == expected
        held += saturated
    assert clipped == held


@settings(max_examples=60, deadline=None)
@given(
    fields=ERRORS, x_max=st.sampled_from([1.0, 0.3, 40.0]), noise=st.sampled_from([0.0, 0.4]), seed=st.integers(0, 99)
)
def test_dac_agrees_with_its_twin(fields, x_max, noise, seed):
    dac = DAC(**fields, x_max=x_max, noise_lsb=noise)
    bank = draw_bank(dac, 7, Stream(seed, "dac-mismatch"))
    x = np.random.default_rng(seed).uniform(-x_max, x_max, (3, 7)).astype(np.float32)
    x[1, 2] = 0.0
    siemens = np.linspace(1, 2, 7)
    out, totals = drive(x.copy(), siemens, dac, Stream(seed, "drive"), bank)
    stream = Stream(seed, "drive")
    uniforms = stream.uniforms(x.shape) if dac.stochastic_rounding else None
    normals = stream.normals(x.shape) if noise else np.zeros_like(x)
    for (s, i), value in np.ndenumerate(x):
        u = None if uniforms is None else uniforms[s, i]
        z = np.float32(noise) * normals[s, i]
        assert out[s, i] == driven(value, dac.step, dac.levels, errors_of(bank, i), u, z)
    exact = out.astype(float)
    expected = np.stack(
        [(exact**2).sum(1), (siemens * exact**2).sum(1), (siemens * abs(exact)).sum(1), (out != 0).sum(1)], axis=1
    )
    np.testing.assert_allclose(totals, expected, rtol=1e-6)


def test_noise_comes_before_the_errors_of_the_adc():
    """Cell and converter noise are at the input; then the converter's errors act on what it sees."""
    adc = ADC(bits=6, noise_lsb=0.5, offset_lsb=0.5, gain_error=0.05, inl_lsb=0.5)
    bank = draw_bank(adc, 5, Stream(1, "adc-mismatch"))
    y = np.random.default_rng(0).uniform(-1, 1, (4, 5)).astype(np.float32)
    variance = np.full((4, 1), 1e-3)
    noisy = digitise(y.copy(), variance, ADC(bits=None), Stream(2, "read"))[0]
    own = digitise(y.copy(), variance + (adc.step * 0.5) ** 2, ADC(bits=None), Stream(2, "read"))[0]
    assert np.any(noisy != own)
    expected = digitise(own, NO_VARIANCE, adc.model_copy(update={"noise_lsb": 0.0}), Stream(0, "unused"), bank)
    out = digitise(y.copy(), variance, adc, Stream(2, "read"), bank)
    np.testing.assert_array_equal(out[0], expected[0])
    assert out[1] == expected[1]


def test_a_perfect_bank_changes_nothing():
    """Errors of exactly 0, by the path of reads with errors, give what the path without them gives."""
    rng = np.random.default_rng(3)
    y, x = rng.uniform(-1.2, 1.2, (2, 6, 40)).astype(np.float32)
    x = np.clip(x, -1, 1)
    bank = ConverterBank(np.ones(40, np.float32), np.zeros(40, np.float32), np.zeros((40, 255), np.float32), 40)
    plain, perfect = (digitise(y.copy(), NO_VARIANCE, ADC(), Stream(0, "unused"), b) for b in (None, bank))
    np.testing.assert_array_equal(plain[0], perfect[0])
    assert plain[1] == perfect[1] > 0
    for a, b in zip(drive(x, np.ones(40), DAC()), drive(x, np.ones(40), DAC(), None, bank), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_line_that_is_not_driven_has_no_errors():
    dac = DAC(noise_lsb=1, offset_lsb=5, gain_error=0.1, inl_lsb=2)
    out, totals = drive(
        np.zeros((2, 3), np.float32), np.ones(3), dac, Stream(0, "d"), draw_bank(dac, 3, Stream(0, "m"))
    )
    assert not out.any()
    assert not totals.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.01])
def test_dac_with_errors_refuses_the_same_inputs(bad):
    dac = DAC(offset_lsb=1)
    x = np.array([[0.5, bad]], np.float32)
    with pytest.raises(ArrayError, match="must be finite|x_max = 1"):
        drive(x, np.ones(2), dac, None, draw_bank(dac, 2, Stream(0, "m")))


def test_missing_or_wrong_banks_are_refused():
    """A read without its bank would silently be a read without errors."""
    x = np.zeros((1, 3), np.float32)
    stream = Stream(0, "s")
    for fields in ({"offset_lsb": 1}, {"gain_error": 0.1}, {"inl_lsb": 1}):
        with pytest.raises(ArrayError, match=r"ADC has offset_lsb, .* needs its bank"):
            digitise(x.copy(), NO_VARIANCE, ADC(**fields), stream)
        with pytest.raises(ArrayError, match=r"DAC has offset_lsb, .* needs its bank"):
            drive(x, np.ones(3), DAC(**fields), stream)
    with pytest.raises(ArrayError, match=r"bank of the ADC serves 4 lines; the read has 3"):
        digitise(x.copy(), NO_VARIANCE, ADC(inl_lsb=1), stream, draw_bank(ADC(inl_lsb=1), 4, stream))
    with pytest.raises(ArrayError, match=r"bank of the ADC has 127 codes; bits = 8 needs 255"):
        digitise(x.copy(), NO_VARIANCE, ADC(inl_lsb=1), stream, draw_bank(ADC(bits=7, inl_lsb=1), 3, stream))
    for fields in ({"noise_lsb": 1}, {"stochastic_rounding": True}):
        with pytest.raises(ArrayError, match=r"stream = None: a DAC with noise_lsb or stochastic_rounding"):
            drive(x, np.ones(3), DAC(**fields))


def test_extreme_outputs_stay_inside_the_table():
    """Infinite or undefined outputs index nothing outside of it."""
    adc = ADC(bits=4, inl_lsb=1)
    bank = draw_bank(adc, 3, Stream(0, "m"))
    with np.errstate(over="ignore"):
        out, clipped = digitise(np.array([[np.inf, -np.inf, 3e38]], np.float32), NO_VARIANCE, adc, Stream(0, "s"), bank)
    np.testing.assert_allclose(out, [[1, -1, 1]], rtol=1e-6)
    assert clipped == 3


@pytest.mark.slow
@pytest.mark.jit
def test_results_do_not_depend_on_threads_or_chunks():
    fields = {"offset_lsb": 0.5, "gain_error": 0.02, "inl_lsb": 0.5, "noise_lsb": 0.3, "stochastic_rounding": True}
    adc, dac = ADC(**fields, lines_per_converter=3), DAC(**fields)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (300, 300)).astype(np.float32)  # above the size from which threads are used
    banks = draw_bank(adc, 300, Stream(1, "adc-mismatch")), draw_bank(dac, 300, Stream(1, "dac-mismatch"))

    def run():
        said, clipped = digitise(x.copy(), NO_VARIANCE, adc, Stream(2, "read"), banks[0])
        shown, totals = drive(x, np.ones(300), dac, Stream(2, "drive"), banks[1])
        return said, np.array(clipped), shown, totals

    with threads(1):
        alone = run()
    for a, b in zip(alone, run(), strict=True):
        np.testing.assert_array_equal(a, b)


# -- the law of the errors ---------------------------------------------------------------------------------------------


def test_no_errors_no_bank():
    stream = Stream(0, "m")
    assert draw_bank(ADC(noise_lsb=1, stochastic_rounding=True), 10, stream) is None
    assert draw_bank(DAC(), 10, stream) is None
    assert stream.step == 0


@pytest.mark.parametrize("fields", [{"gain_error": 0.1}, {"offset_lsb": 1}, {"inl_lsb": 1}])
def test_a_bank_always_takes_three_steps(fields):
    """So that the second direction of an array does not change with what the first has."""
    stream = Stream(0, "m")
    draw_bank(ADC(**fields), 10, stream)
    assert stream.step == 3


def test_gain_and_offset_have_their_laws():
    adc = ADC(gain_error=0.02, offset_lsb=1.5)
    bank = draw_bank(adc, 20_000, Stream(7, "adc-mismatch"))
    assert bank is not None
    for drawn, mean, sd in ((bank.gain, 1.0, 0.02), (bank.offset, 0.0, 1.5)):
        plausible(p_of_mean(drawn, mean, sd))
        plausible(p_of_variance(drawn, sd**2))
        implausible(p_of_variance(drawn, (1.08 * sd) ** 2))
        plausible(p_of_law((drawn - mean) / sd, "norm"))
    plausible(p_of_covariance(bank.gain, bank.offset, 0.0, (1, 0), (0.02, 1.5)))
    assert bank.inl.shape == (20_000, 0)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_nonlinearity_agrees_with_its_twin(bits):
    adc = ADC(bits=bits, inl_lsb=0.6)
    bank = draw_bank(adc, 3, Stream(4, "m"))
    assert bank is not None
    normals = Stream(4, "m", step=2).normals((3, 2 * adc.levels))
    for drawn, z in zip(bank.inl, normals, strict=True):
        np.testing.assert_allclose(drawn, 0.6 * np.array(wander(z)), atol=2e-6)


def test_nonlinearity_has_the_rms_it_claims_and_no_line():
    bank = draw_bank(ADC(inl_lsb=0.6), 50, Stream(4, "m"))
    assert bank is not None
    inl = bank.inl.astype(float)
    assert inl.shape == (50, 255)
    np.testing.assert_allclose(np.sqrt(np.mean(inl**2, axis=1)), 0.6, rtol=1e-5)
    np.testing.assert_allclose(inl.sum(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(inl @ (np.arange(255) - 127), 0, atol=1e-2)
    assert np.abs(np.corrcoef(inl) - np.eye(50)).max() < 1 - 1e-3  # every converter has its own


@pytest.mark.jit
def test_nonlinearity_is_a_random_walk():
    """Differential errors of codes far apart are uncorrelated, and as likely up as down; neighbours' INL goes together."""
    bank = draw_bank(ADC(bits=6, inl_lsb=1.0), 4000, Stream(4, "m"))
    assert bank is not None
    steps = np.diff(bank.inl.astype(float), axis=1)
    plausible(p_of_mean(steps, 0.0, steps.std(axis=0)))
    correlation = np.corrcoef(steps.T)
    assert np.abs(correlation[np.triu_indices(61, 1)]).max() < 0.16  # removing line and scale leaves about 4 / 61
    assert np.corrcoef(bank.inl[:, 30], bank.inl[:, 31])[0, 1] > 0.8
    assert np.ptp(steps.std(axis=0)) < 0.15 * steps.std()


def test_converters_do_not_depend_on_how_many_there_are():
    few, many = (draw_bank(ADC(gain_error=0.01, offset_lsb=1), n, Stream(1, "m")) for n in (5, 500))
    assert few is not None
    assert many is not None
    np.testing.assert_array_equal(few.gain, many.gain[:5])
    np.testing.assert_array_equal(few.offset, many.offset[:5])


def test_lines_that_share_a_converter_share_its_errors():
    adc = ADC(bits=8, offset_lsb=3, lines_per_converter=4)
    bank = draw_bank(adc, 10, Stream(1, "m"))
    assert bank is not None
    assert bank.gain.shape == bank.offset.shape == (3,)
    out = digitise(np.full((1, 10), 0.3, np.float32), NO_VARIANCE, adc, Stream(0, "s"), bank)[0][0]
    for start in (0, 4, 8):
        assert len(set(out[start : start + 4])) == 1
    assert len(set(out)) == 3


# -- stochastic rounding -----------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("kind", [ADC, DAC])
def test_stochastic_rounding_is_unbiased(kind):
    """The mean of n conversions is the input, with the variance of a coin: false-alarm rate as in helpers.statistics."""
    n, converter = 20_000, kind(bits=4, stochastic_rounding=True)
    levels = np.array([0.0, 0.1, 0.5, 0.93, 1.0, -0.3, -2.25, 6.5, 7.0, -7.0])
    signal = np.tile((levels * converter.step).astype(np.float32), (n, 1))
    out = convert(converter, signal) / converter.step
    fraction = levels - np.floor(levels)
    between, sd = fraction > 0, np.sqrt(fraction * (1 - fraction))
    plausible(p_of_mean(out[:, between], levels[between], sd[between]))
    implausible(p_of_mean(out[:, between], levels[between] + 0.03, sd[between]))
    np.testing.assert_allclose(out[:, ~between], np.tile(levels[~between], (n, 1)), atol=1e-5)
    assert set(np.unique(np.rint(out[:, 2]))) == {0, 1}


def convert(converter, signal):
    if isinstance(converter, DAC):
        return drive(signal, np.ones(signal.shape[1]), converter, Stream(3, "s"))[0].astype(float)
    return digitise(signal.copy(), NO_VARIANCE, converter, Stream(3, "s"))[0].astype(float)


@pytest.mark.parametrize("kind", [ADC, DAC])
def test_stochastic_rounding_has_twice_the_variance(kind):
    converter = kind(bits=8, stochastic_rounding=True)
    signal = np.random.default_rng(0).uniform(-0.99, 0.99, (400, 50)).astype(np.float32)
    error = ((convert(converter, signal) - signal) / converter.step).ravel()
    # of f (1 - f) with uniform f: variance 1/6, fourth moment 1/15
    plausible(p_of_variance(error, 1 / 6, kurtosis=36 / 15))
    implausible(p_of_variance(error, 1 / 12, kurtosis=3))
    assert converter.variance_lsb == relative(1 / 6)


def test_streams_advance_by_what_is_on():
    y = np.zeros((2, 3), np.float32)
    for fields, variance, steps in (
        ({}, NO_VARIANCE, 0),
        ({"noise_lsb": 1}, NO_VARIANCE, 1),
        ({"stochastic_rounding": True}, NO_VARIANCE, 1),
        ({"stochastic_rounding": True}, np.ones((2, 1)), 2),
        ({"stochastic_rounding": True, "noise_lsb": 1}, NO_VARIANCE, 2),
    ):
        stream = Stream(0, "s")
        digitise(y.copy(), variance, ADC(**fields), stream)
        assert stream.step == steps
        if not len(variance):
            stream = Stream(0, "s")
            drive(y, np.ones(3), DAC(**fields), stream)
            assert stream.step == steps
