"""Inputs as the length of a pulse: a driven line is at the full read voltage for |x| / x_max of the read, then at 0 V.

All pulses begin together, so the lines that are on change only where one ends: between neighbouring lengths the circuit is that
of full voltages on some lines, and charges and energies are sums over these stretches, exactly. A line that is off is held at
0 V by its driver. With ohmic cells the circuit is linear, so the charge is what amplitudes |x| give, IR drop included; the
energy is not: a line takes V^2 for |x| of the time, not (x V)^2 all the time. For a drive admittance A, the watts of voltages v
being v A v, it is the sum over pairs of lines of A_ij s_i s_j V^2 min(t_i, t_j), s the signs: both are on until the shorter ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..config import ArrayConfig

_TOGETHER = 4_000_000  # numbers of pairwise minima held at once


class Stretches(NamedTuple):
    """The stretches of one read: patterns (k, lines) of -1, 0 and 1, and their shares (k,) of the read's length."""

    patterns: np.ndarray
    shares: np.ndarray


def stretches(x: np.ndarray) -> Stretches:
    """The stretches for inputs x (lines,), in units of x_max; none while nothing is driven.

    Examples
    --------
    >>> import numpy as np
    >>> patterns, shares = stretches(np.array([0.5, -1.0, 0.0]))
    >>> patterns.tolist(), shares.tolist()
    ([[1.0, -1.0, 0.0], [0.0, -1.0, 0.0]], [0.5, 0.5])
    """
    sizes = np.abs(x)
    ends = np.unique(sizes[sizes > 0])
    patterns = np.where(sizes >= ends[:, None], np.sign(x), 0.0)
    return Stretches(patterns, np.diff(ends, prepend=0.0))


def full_factor(config: ArrayConfig) -> float:
    """Current of a cell at the full read voltage, relative to that of an ohmic one."""
    if config.cell_law is None:
        return 1.0
    return float(config.cell_law.current(np.ones(1), np.full(1, config.read_voltage))[0]) / config.read_voltage


def mean_power(x: np.ndarray, admittance: np.ndarray) -> np.ndarray:
    """Watts (batch,) averaged over the read, for inputs x (batch, lines) in units of x_max, at a volt.

    Parameters
    ----------
    x : (batch, lines) float64
    admittance : (lines, lines) float64
        Siemens: currents of the drivers = voltages @ admittance.

    Examples
    --------
    >>> import numpy as np
    >>> mean_power(np.array([[0.5, -1.0]]), np.array([[2.0, 0.5], [0.5, 4.0]])).tolist()
    [4.5]
    """
    out = np.empty(len(x))
    step = max(1, _TOGETHER // max(1, admittance.size))
    for first in range(0, len(x), step):
        some = x[first : first + step]
        shorter = np.minimum(np.abs(some)[:, :, None], np.abs(some)[:, None, :])
        signs = np.sign(some)
        out[first : first + step] = np.einsum("bi,bij,ij,bj->b", signs, shorter, admittance, signs, optimize=True)
    return out
