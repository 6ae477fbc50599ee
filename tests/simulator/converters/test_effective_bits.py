"""Effective bits: the sine-wave test on simulated converters, and the number that prices a conversion."""

import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from helpers.statistics import ALARM, relative
from scipy import stats
from twins.converters import digitised

from revpath.simulator import ADC, DAC, ArrayError, Stream
from revpath.simulator.converters.bank import draw_bank
from revpath.simulator.converters.effective_bits import enob, measured_enob

KINDS = pytest.mark.parametrize("kind", [ADC, DAC])


def tolerance(conversions: int, kurtosis: float = 3.0) -> float:
    """Bits within which a measured noise power stays but for the false-alarm rate: half a bit for a factor of 2."""
    z = float(stats.norm.isf(ALARM / 2))
    return 0.5 / math.log(2) * z * math.sqrt((kurtosis - 1) / conversions)


@pytest.mark.jit
@KINDS
@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("noise_lsb", [0.5, 1.0, 3.0])
def test_noise_measures_as_claimed(kind, bits, noise_lsb):
    """Noise of half a step makes rounding errors white, and then the analytic number is exact."""
    converter = kind(bits=bits, noise_lsb=noise_lsb)
    allowed = tolerance(4096 * 16)
    measured = measured_enob(converter, seed=3)
    assert abs(measured - enob(converter)) < allowed
    other = kind(bits=bits, noise_lsb=1.04 * noise_lsb)  # power: what the check can tell apart
    assert abs(measured - enob(other)) > allowed


@pytest.mark.jit
@KINDS
@pytest.mark.parametrize("stochastic", [False, True])
def test_rounding_alone_measures_as_claimed(kind, stochastic):
    """Rounding errors of a sine are white where steps are many; at few bits the largest values are too regular."""
    for bits, allowed in ((4, 0.1), (6, 0.04), (8, 0.02), (10, 0.02), (12, 0.03), (16, 0.03)):
        converter = kind(bits=bits, stochastic_rounding=stochastic)
        assert measured_enob(converter) == pytest.approx(enob(converter), abs=allowed)
        assert enob(converter) == relative(math.log2(2**bits - 2) - (0.5 if stochastic else 0))


@pytest.mark.jit
@KINDS
def test_offset_and_gain_cost_nothing_and_nonlinearity_does(kind):
    plain = kind(bits=8)
    shifted = kind(bits=8, offset_lsb=2.0 if kind is ADC else 0.0, gain_error=0.02)
    assert measured_enob(shifted) == pytest.approx(measured_enob(plain), abs=0.03)
    assert enob(shifted) == enob(plain)
    bent = [enob(kind(bits=8, inl_lsb=inl)) for inl in (0.05, 0.25, 1.0, 4.0)]
    assert all(a > b + 0.1 for a, b in pairwise(bent))
    assert enob(plain) > bent[0]
    # 1 step rms over codes; a sine dwells at the ends, where the nonlinearity is the largest or the fit takes part of it
    white = 0.5 * math.log2(127**2 / (3 * (1 / 12 + 1)))
    assert bent[2] == pytest.approx(white, abs=0.15)


@pytest.mark.jit
def test_the_grounded_code_of_a_dac_stays_at_zero():
    """The offset is missing at code 0 alone: a distortion of offset^2 for as long as a sine is there."""
    dac = DAC(bits=8, offset_lsb=3.0)
    bank = draw_bank(dac, 16, Stream(0, "enob-mismatch"))
    assert bank is not None
    share = 2 / math.pi * math.asin(0.5 / 127)
    power = 4.0 ** -measured_enob(DAC(bits=8)) + share * np.mean(bank.offset.astype(float) ** 2) * 3 / 127**2
    assert measured_enob(dac) == pytest.approx(-0.5 * math.log2(power), abs=0.03)
    assert measured_enob(dac) < measured_enob(DAC(bits=8)) - 0.1


@pytest.mark.jit
@KINDS
def test_enob_of_nonlinear_converters_is_the_measured_one(kind):
    converter = kind(bits=7, inl_lsb=0.5, noise_lsb=0.3)
    assert enob(converter) == measured_enob(converter) == enob(kind(bits=7, inl_lsb=0.5, noise_lsb=0.3))
    assert enob(converter) != measured_enob(converter, seed=1)
    assert enob(converter) == pytest.approx(measured_enob(converter, seed=1, converters=64), abs=0.06)
    assert enob(kind(bits=7, inl_lsb=0.5, noise_lsb=0.3, offset_lsb=1)) == enob(converter)


def test_measurement_agrees_with_the_textbook():
    """Scalar conversions, a four-parameter fit by numpy, SINAD in decibels and (SINAD - 1.76) / 6.02."""
    adc = ADC(bits=6, inl_lsb=0.4)
    bank = draw_bank(adc, 1, Stream(5, "enob-mismatch"))
    assert bank is not None
    errors = bank.gain[0], bank.offset[0], bank.inl[0]
    amplitude = 1 - np.abs(bank.inl).max() * adc.step
    phase = 2 * np.pi * 127 * np.arange(1000) / 1000 + 0.1
    said = np.array([digitised(np.float32(v), adc.step, adc.levels, errors)[0] for v in amplitude * np.sin(phase)])
    coefficients = np.array([2 * np.mean(said * np.sin(phase)), 2 * np.mean(said * np.cos(phase)), np.mean(said)])
    residual = said - coefficients @ np.stack([np.sin(phase), np.cos(phase), np.ones(1000)])
    sinad = 10 * math.log10(0.5 / np.mean(residual**2))  # of a full-scale sine
    assert measured_enob(adc, seed=5, samples=1000, converters=1) == pytest.approx((sinad - 1.76) / 6.02, abs=0.004)


@pytest.mark.jit
def test_range_and_sharing_do_not_matter():
    adc = ADC(bits=8, inl_lsb=0.5)
    same = (ADC(bits=8, inl_lsb=0.5, y_max=30), ADC(bits=8, inl_lsb=0.5, range="maximum"))
    for other in (*same, ADC(bits=8, inl_lsb=0.5, lines_per_converter=8)):
        assert measured_enob(other) == pytest.approx(measured_enob(adc), abs=1e-3)
        assert enob(other) == enob(adc)


def test_ideal_converters_have_no_limit():
    assert measured_enob(ADC(bits=None)) == measured_enob(DAC(bits=None)) == math.inf


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ArrayError, match=r"noise_lsb = 100, .* cannot be measured"):
        measured_enob(ADC(bits=8, noise_lsb=100))
    with pytest.raises(ArrayError, match=r"inl_lsb = 50 leave .* of 127 levels"):
        enob(ADC(bits=8, inl_lsb=50))
    with pytest.raises(ArrayError, match=r"samples = 100 "):
        measured_enob(ADC(), samples=100)
    with pytest.raises(ArrayError, match=r"samples = 1270 .*multiple of 127"):
        measured_enob(ADC(), samples=1270)
    with pytest.raises(ArrayError, match=r"converters = 0 must be at least 1"):
        measured_enob(ADC(), converters=0)


@pytest.mark.slow
@pytest.mark.jit
def test_enob_is_the_same_in_every_process():
    """It names an event, and events of two runs must add up."""
    code = (
        "from revpath.simulator import ADC; from revpath.simulator.converters.effective_bits import enob; "
        "print(enob(ADC(bits=6, inl_lsb=0.5, stochastic_rounding=True)).hex())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert said == enob(ADC(bits=6, inl_lsb=0.5, stochastic_rounding=True)).hex()


def test_a_configuration_measures_nothing():
    """A property is arithmetic on fields; what takes a simulation is asked of a function."""
    with pytest.raises(ArrayError, match=r"inl_lsb = 0\.5: .*effective_bits\.enob"):
        _ = ADC(inl_lsb=0.5).enob
