"""Effective bits of a converter, measured as in the laboratory: a sine goes in, and what is not a sine comes out.

The sine-wave test of IEEE Std 1241 with known frequency (three-parameter fit): samples of a coherent sine are
converted; amplitude, phase and offset are fitted by least squares; the residual is noise and distortion, NAD (rms), and
ENOB = log2(full range / (NAD sqrt(12))), which is (SINAD - 1.76 dB) / 6.02 dB of a full-scale sine. (The formula is the
textbook one; the standard itself was not read.) Gain and offset are fitted, so they cost nothing; nonlinearity does.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ..errors import ArrayError
from ..noise.outputs import NO_VARIANCE
from ..noise.streams import Stream
from .adc_dac import ADC, DAC
from .bank import ConverterBank, draw_bank
from .readout import digitise, drive

_CYCLES = 127  # prime, so that it shares no factor with the samples and every sample has a phase of its own
_PHASE = 0.1  # keeps samples off the symmetry of the sine, where rounding errors would repeat
_FARTHEST = 6.77  # standard deviations; no simulated normal is larger (noise.py)


def measured_enob(converter: ADC | DAC, *, seed: int = 0, samples: int = 4096, converters: int = 16) -> float:
    """Effective bits that simulated converters deliver, from their mean noise and distortion power.

    The sine is the largest that drives none of them into saturation. Where rounding is the only error and bits are
    few, rounding errors are not white, and the result differs from the analytic one (by 0.1 bit at 4 bits). An ADC whose range
    is not symmetric is tested about its middle.

    Parameters
    ----------
    seed : int
        of their mismatch and noise.
    samples : int
        of the sine for each.
    converters : int
        drawn, or lines if all are alike.

    Raises
    ------
    ArrayError
        fewer than 256 samples or samples in step with the sine; no converters; errors that leave no room for a sine of
        a quarter of the range; a DAC without a sign.
    """
    if samples < 256 or samples % _CYCLES == 0:
        raise ArrayError(f"samples = {samples!r} must be at least 256 and no multiple of {_CYCLES}")
    if converters < 1:
        raise ArrayError(f"converters = {converters!r} must be at least 1")
    if converter.bits is None:
        return math.inf
    if isinstance(converter, DAC) and not converter.signed:
        raise ArrayError("signed = False: the sine of the test has both signs")
    if isinstance(converter, DAC):
        converter = converter if converter.slice_bits is None else converter.line_converter
    else:
        converter = converter.resolved(1.0).centred.model_copy(update={"lines_per_converter": 1})
    bank = draw_bank(converter, converters, Stream(seed, "enob-mismatch"))
    phase = 2 * np.pi * _CYCLES * np.arange(samples) / samples + _PHASE
    sine = _amplitude(converter, bank) * converter.step * np.sin(phase)
    said = _convert(converter, np.repeat(sine[:, None], converters, axis=1).astype(np.float32), bank, seed)
    basis = np.stack([np.sin(phase), np.cos(phase), np.ones(samples)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, said, rcond=None)[0]
    power = np.sum((said - fit) ** 2) / ((samples - 3) * converters)
    return math.log2(2 * converter.levels * converter.step / math.sqrt(12 * power))


def enob(converter: ADC | DAC) -> float:
    """Effective bits of a converter, of one slice where inputs are sliced; infinite for an ideal one.

    From the variance of rounding and noise where that is all (`ADC.enob`); with a nonlinearity measured on simulated
    converters (`measured_enob`, seed 0), once for each kind.

    Raises
    ------
    ArrayError
        Noise and nonlinearity leave no room for a sine.

    Examples
    --------
    >>> from revpath.simulator import ADC
    >>> from revpath.simulator.converters.effective_bits import enob
    >>> round(enob(ADC(bits=8)), 2), round(enob(ADC(bits=8, inl_lsb=0.5)), 1)
    (7.99, 6.9)
    """
    if isinstance(converter, DAC) and converter.slice_bits is not None:
        converter = converter.line_converter
    if converter.bits is None or converter.inl_lsb == 0:
        return converter.enob
    return _enob_of_nonlinear(
        type(converter), converter.bits, converter.noise_lsb, converter.inl_lsb, converter.stochastic_rounding
    )


@lru_cache(maxsize=256)
def _enob_of_nonlinear(
    kind: type[ADC | DAC], bits: int, noise_lsb: float, inl_lsb: float, stochastic_rounding: bool
) -> float:
    """`measured_enob` with seed 0; offset, gain and range do not enter, hence are not asked for."""
    return measured_enob(kind(bits=bits, noise_lsb=noise_lsb, inl_lsb=inl_lsb, stochastic_rounding=stochastic_rounding))


def _amplitude(converter: ADC | DAC, bank: ConverterBank | None) -> float:
    """Of the largest sine that saturates no converter, in steps."""
    room = float(converter.levels)
    if isinstance(converter, ADC):
        room -= _FARTHEST * converter.noise_lsb
        if bank is not None:
            room -= float(np.abs(bank.inl).max(initial=0.0))
            room = float(np.min((room - np.abs(bank.offset)) / bank.gain))
    if room < converter.levels / 4:
        raise ArrayError(
            f"noise_lsb = {converter.noise_lsb:.4g}, offset_lsb = {converter.offset_lsb:.4g} and inl_lsb = "
            f"{converter.inl_lsb:.4g} leave {room:.4g} of {converter.levels} levels: effective bits cannot be measured"
        )
    return min(room, float(converter.levels))


def _convert(converter: ADC | DAC, signal: np.ndarray, bank: ConverterBank | None, seed: int) -> np.ndarray:
    stream = Stream(seed, "enob-noise")
    if isinstance(converter, DAC):
        return drive(signal, np.ones(signal.shape[1]), converter, stream, bank)[0].astype(np.float64)
    return digitise(signal, NO_VARIANCE, converter, stream, bank)[0].astype(np.float64)
