"""What physics charges at least for a bit, a conversion, a column read and a training: noise and energy are one budget.

Golden values at 300 K (k T = 4.142e-21 J): Landauer 2.87 zJ a bit; an 8-bit converter 3.3 fJ; an 8-bit column 0.81 fJ.
"""

from __future__ import annotations

import math

from .errors import PriceError
from .records import get


def thermal_energy(temperature_K: float | None = None) -> float:
    """k T in joules, at the library's reference temperature unless another is given."""
    if temperature_K is None:
        temperature_K = get("constants.temperature").to("K")
    if not (math.isfinite(temperature_K) and temperature_K > 0):
        raise PriceError(f"temperature_K = {temperature_K!r} must be positive")
    return get("constants.boltzmann").to("J/K") * temperature_K


def landauer(temperature_K: float | None = None) -> float:
    """Least energy to erase one bit, k T ln 2, in joules (Landauer 1961)."""
    return thermal_energy(temperature_K) * math.log(2)


def converter_snr(enob: float) -> float:
    """Full-scale signal-to-noise power ratio of a converter of `enob` effective bits: 1.5 x 4**enob.

    A sine of full scale 2**b steps has power 4**b / 8 step^2, its quantisation noise 1/12 step^2; the ratio is
    1.5 x 4**b, the familiar 6.02 b + 1.76 dB. Effective bits are defined by this equation.
    """
    return 1.5 * 4.0**enob


def adc_floor(snr: float, temperature_K: float | None = None) -> float:
    """Least energy of one conversion in joules, 8 k T x SNR.

    The sample is held on a capacitor C, whose noise voltage has variance k T / C. A full-scale sine of peak-to-peak
    voltage V has power V^2 / 8, so SNR = C V^2 / (8 k T). Charging C to V from a supply of V draws C V^2 = 8 k T x SNR.
    (The bound behind Murmann's survey, a Schreier figure of merit of 191.8 dB at 300 K.)
    """
    return 8 * thermal_energy(temperature_K) * _ratio(snr)


def column_read_floor(snr: float, temperature_K: float | None = None) -> float:
    """Least energy of one column read in joules, 2 k T x SNR, whatever the number of rows.

    Conductances G_i at voltages V_i for a time t give the current I = sum G_i V_i and dissipate E = sum G_i V_i^2 t.
    Their Johnson current noise, averaged over t, has variance 2 k T (sum G_i) / t. With SNR = I^2 / variance and
    Cauchy's inequality (sum G V)^2 <= (sum G)(sum G V^2), E >= 2 k T x SNR, with equality where all lines have the same
    voltage. (Agarwal et al. 2016, Front. Neurosci. 9:484, state the independence of the number of rows.)
    """
    return 2 * thermal_energy(temperature_K) * _ratio(snr)


def _ratio(snr: float) -> float:
    if not snr >= 0:  # nan too
        raise PriceError(f"snr = {snr!r} must be a ratio of powers, not negative")
    return snr


def random_sign_read_floor(snr: float, rows: int, temperature_K: float | None = None) -> float:
    """Least energy of one column read in joules where signs are random: 2 k T x SNR x rows.

    `snr` is that of the dot product itself, not of full scale. With products of random sign the signal grows as
    sqrt(N) only: N lines G V^2 t spend E = N G V^2 t, the mean square of the current is N (G V)^2, the noise 2 k T N G / t,
    so SNR = G V^2 t / (2 k T): every product costs 2 k T x SNR, however many share the column. (`column_read_floor` is the
    full-scale figure, N times less, which no neural network's data reach.)
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise PriceError(f"rows = {rows!r} must be a positive integer")
    return rows * column_read_floor(snr, temperature_K)


def training_floor(parameters: float, examples: float, temperature_K: float | None = None) -> float:
    """Least energy to train a model quasi-statically in joules, 2 N D k T (Tkachenko 2025, arXiv:2503.09980v3, abstract).

    Each of D examples must move each of N parameters against its thermal noise by as much as it is to count. An example of a
    language model is one token or character. Digital machines are bound by more (Landauer, a bit each): it is the
    lowest of the floors of training that are in print. The learning-in-memory estimate (arXiv:2402.14878, abstracts of v1 to v4
    read: it depends on operations, parameters, speed and precision; v2: 1e8 to 1e9 J for 1e15 parameters, record
    ``floor.lim2024.brain_scale``) is not scaled here: no text with its formula could be had.

    Parameters
    ----------
    parameters : float
        N, trained numbers, positive.
    examples : float
        D, examples seen, repeats included, positive.
    temperature_K : float, optional
        The library's reference temperature unless given.

    Raises
    ------
    PriceError
        An argument is not positive and finite.

    Examples
    --------
    >>> f"{training_floor(125_000, 1e6):.1e}"
    '1.0e-09'
    """
    for field, value in (("parameters", parameters), ("examples", examples)):
        if not (math.isfinite(value) and value > 0):
            raise PriceError(f"{field} = {value!r} must be positive and finite")
    return 2 * parameters * examples * thermal_energy(temperature_K)
