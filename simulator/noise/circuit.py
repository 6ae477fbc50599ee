"""Thermal and shot noise of the currents that an array puts out: not the device's, but physics.

Densities are one-sided (A^2/Hz). A read averages the current over t_read, which has the noise bandwidth
B = integral over f > 0 of sinc^2(f t_read) = 1 / (2 t_read).

thermal: S = 4 k T G (Johnson and Nyquist, 1928), whatever the voltage. Averaged over t: variance 2 k T G / t, which
    is the noise that `energy_models.limits.column_read_floor` charges 2 k T SNR for.
shot: S = 2 q F |I| (Schottky, 1918), with the Fano factor F: 1 where electrons cross one barrier independently (tunnel
    junction), 1/3 in a conductor short against the electron-phonon length (de Jong and Beenakker, Phys. Rev. B 51:16867,
    1995), and next to nothing in a long resistor, whose electrons give what they gained to phonons (Steinbach, Martinis
    and Devoret, PRL 76:3806, 1996; abstracts read).
both: one law, not a sum. S = G [4 k T (1 - F) + 2 q F V coth(q V / 2 k T)], which is 4 k T G at small and 2 q F I + 4 k T G
    (1 - F) at large voltage (Blanter and Buettiker, Phys. Rep. 336:1, 2000, as we remember it; the tests derive it from
    the integral over energies of Landauer and Buettiker, and for F = 1 from counts of electrons that jump both ways). A sum of
    the two would count the thermal noise of the barrier twice.

All are densities per siemens times the conductance of a cell, so noise adds up over the cells of a sensed line and is
normal (shot noise nearly: a cell at 1 uA passes 6 x 10^5 electrons in 100 ns, a skewness of 10^-3). One normal number for each
output has the law of all its cells, and adds to what read noise of the cells puts there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.constants import Boltzmann as BOLTZMANN  # J/K, exact in SI since 2019
from scipy.constants import elementary_charge as CHARGE  # C, exact

from ...devices.base.product import product
from ..errors import ArrayError
from ..settings import KnownFields
from .outputs import NO_VARIANCE


@dataclass(frozen=True)
class CircuitNoise(KnownFields):
    """Which noise the currents carry; frozen, validated on construction, all off by default.

    Attributes
    ----------
    temperature : float
        kelvin.
    thermal, shot : bool
        what is simulated; with shot alone the temperature plays no part.
    fano : float
        Fano factor of shot noise, 0 to 1; the default is that of a short diffusive conductor.
    """

    temperature: float = 300.0
    thermal: bool = False
    shot: bool = False
    fano: float = 1 / 3

    def __post_init__(self) -> None:
        _positive("temperature", self.temperature)
        for name in ("thermal", "shot"):
            if not isinstance(getattr(self, name), bool):
                raise ArrayError(f"{name} = {getattr(self, name)!r} must be True or False")
        _fano(self.fano)

    @property
    def off(self) -> bool:
        return not self.thermal and not (self.shot and self.fano > 0)

    def density(self, volts: np.ndarray | float) -> np.ndarray:
        """Current noise density per siemens of a cell at `volts`, A^2/(Hz S); of the shape of `volts`, float64."""
        volts = np.abs(np.asarray(volts, np.float64))
        if not self.shot:
            return np.full_like(volts, 4 * BOLTZMANN * self.temperature if self.thermal else 0.0)
        if not self.thermal:
            return 2 * CHARGE * self.fano * volts
        return crossover_density(volts, self.temperature, self.fano)


def read_bandwidth(t_read: float) -> float:
    """Noise bandwidth (Hz) of an average over `t_read` seconds: 1 / (2 t_read)."""
    _positive("t_read", t_read)
    return 1 / (2 * t_read)


def thermal_variance(line_siemens: np.ndarray, temperature: float, bandwidth: float) -> np.ndarray:
    """Variance (A^2) of the current of lines whose cells have `line_siemens` together: 4 k T G B.

    Cells at zero volts count: their lines are held there, and their thermal noise flows.
    """
    _positive("temperature", temperature)
    _positive("bandwidth", bandwidth)
    return 4 * BOLTZMANN * temperature * bandwidth * np.asarray(line_siemens, np.float64)


def shot_variance(currents: np.ndarray, bandwidth: float, fano: float = 1.0) -> np.ndarray:
    """Variance (A^2) by shot noise alone: 2 q F I B, with I the sum over cells of |current|, |V| @ G."""
    _positive("bandwidth", bandwidth)
    _fano(fano)
    return 2 * CHARGE * fano * bandwidth * np.abs(np.asarray(currents, np.float64))


def crossover_density(volts: np.ndarray | float, temperature: float, fano: float) -> np.ndarray:
    """Thermal and shot noise as one law, per siemens: 4 k T (1 - F) + 2 q F V coth(q V / 2 k T), A^2/(Hz S)."""
    _positive("temperature", temperature)
    _fano(fano)
    heat = 4 * BOLTZMANN * temperature
    half = CHARGE * np.abs(np.asarray(volts, np.float64)) / (2 * BOLTZMANN * temperature)
    small = half < 1e-4  # z coth z = 1 + z^2/3 there, to 1e-17
    safe = np.where(small, 1.0, half)
    return heat * (1 - fano + fano * np.where(small, 1 + half * half / 3, safe / np.tanh(safe)))


def circuit_variance(
    volts: np.ndarray, siemens: np.ndarray, noise: CircuitNoise, t_read: float, *, transposed: bool = False
) -> np.ndarray:
    """Variance (A^2) of the current that each sensed line carries, averaged over a read; one product of matrices at most.

    Parameters
    ----------
    volts : ndarray
        (batch, driven), on the driven lines; undriven ones are held at 0.
    siemens : ndarray
        (rows, columns), all cells of a crossing together: the two of a pair are sensed by two lines whose noise adds,
        so G+ + G-.
    t_read : float
        seconds that a read averages over.

    Returns
    -------
    (batch, sensed), or (1, sensed) where inputs do not matter (thermal noise only), float64; without rows where all is off. In
    units of an output, multiply by the square of output per ampere. Lines have no resistance here.

    Raises
    ------
    ArrayError
        shapes that do not fit, values that are not finite, negative conductances.
    """
    bandwidth = read_bandwidth(t_read)
    if noise.off:
        return NO_VARIANCE
    siemens = np.asarray(siemens, np.float64)
    volts = np.asarray(volts, np.float64)
    if siemens.ndim != 2:
        raise ArrayError(f"siemens has shape {siemens.shape}; it must be (rows, columns)")
    if not (np.isfinite(siemens).all() and (siemens >= 0).all()):
        raise ArrayError("siemens must be finite and not negative")
    driven = siemens.T if transposed else siemens
    if volts.ndim != 2 or volts.shape[1] != len(driven):
        raise ArrayError(f"volts has shape {volts.shape}; it must be (batch, {len(driven)})")
    if not np.isfinite(volts).all():
        raise ArrayError("volts must be finite")
    if not noise.shot:
        return thermal_variance(driven.sum(axis=0, keepdims=True), noise.temperature, bandwidth)
    return bandwidth * (product(noise.density(volts), driven))


def _positive(name: str, value: float) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise ArrayError(f"{name} = {value!r} must be a positive and finite number")


def _fano(value: float) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ArrayError(f"fano = {value!r} must be from 0 to 1")
