"""Read noise through resistive wires, to first order in the noise, by the adjoint.

A change dG of one cell changes the current of output j by dI_j = d[V] d[e_j] dG, with d[V] the cell's drop in the read and d[e_j] its
drop, bit line minus word line, when output j alone is at 1 V and all drivers are at ground (Tellegen's theorem; the sensitivity of a
reciprocal network). So outputs are correlated: a noisy cell moves its neighbours' currents through the wires they share.
"""

from __future__ import annotations

import numpy as np

from .check import conductance_matrix, voltage_batch, wires_given
from .circuit import Circuit
from .config import Wires
from .errors import WireError

_BYTES = 64_000_000  # adjoint fields held at once where only variances are wanted


def noise_covariance(conductances: np.ndarray, voltages: np.ndarray, sigma: np.ndarray, wires: Wires) -> np.ndarray:
    """Covariance (n, n), or (p, n, n) for a batch, of the output currents in A^2, for independent noise of the cells.

    Parameters
    ----------
    conductances : ndarray
        (m, n) S.
    voltages : ndarray
        (m,) or (p, m) V.
    sigma : ndarray
        (m, n) S, standard deviation of each cell's conductance.

    Notes
    -----
    Exact to first order in sigma. Needs n solves, and memory for their n drop fields of m n numbers.

    Raises
    ------
    WireError
        as `solve`; a negative or wrongly shaped sigma.
    """
    turned, v, drops, spread, single = _prepare(conductances, voltages, sigma, wires)
    n = len(turned.net.g)
    adjoint = _adjoint_drops(turned, range(n))
    out = np.empty((len(v), n, n))
    for k, drop in enumerate(drops):
        weighted = (adjoint * (drop * spread)).reshape(n, -1)
        out[k] = weighted @ weighted.T
    return out[0] if single else out


def noise_variance(conductances: np.ndarray, voltages: np.ndarray, sigma: np.ndarray, wires: Wires) -> np.ndarray:
    """Variance (n,) or (p, n) in A^2: the diagonal of `noise_covariance`, in bounded memory."""
    turned, v, drops, spread, single = _prepare(conductances, voltages, sigma, wires)
    n, m = turned.net.g.shape
    at_cells = ((drops * spread) ** 2).reshape(len(v), -1)
    out = np.empty((len(v), n))
    step = max(1, _BYTES // (16 * m * n))
    for first in range(0, n, step):
        outputs = range(first, min(first + step, n))
        adjoint = _adjoint_drops(turned, outputs).reshape(len(outputs), -1)
        out[:, first : first + step] = at_cells @ (adjoint**2).T
    return out[0] if single else out


def _prepare(
    conductances: np.ndarray, voltages: np.ndarray, sigma: np.ndarray, wires: Wires
) -> tuple[Circuit, np.ndarray, np.ndarray, np.ndarray, bool]:
    """The circuit with its bit lines driven, voltages (p, m), drops across the cells (p, m, n), sigma (m, n), and whether one
    vector was given."""
    g = conductance_matrix(conductances)
    spread = conductance_matrix(sigma, "sigma")
    if spread.shape != g.shape:
        raise WireError(f"sigma has shape {spread.shape}; it must be that of the conductances, {g.shape}")
    v = voltage_batch(voltages, g.shape[0])
    circuit = Circuit.of(g, wires_given(wires))
    turned = Circuit.of(np.ascontiguousarray(g.T), wires.swapped)
    raw = circuit.run(v, fields=True)
    return turned, v, v[:, :, None] - raw.drops - raw.rises, spread, np.ndim(voltages) == 1


def _adjoint_drops(turned: Circuit, outputs: range) -> np.ndarray:
    """Drops (len(outputs), m, n), bit line minus word line, with one bit terminal at 1 V and all other terminals at ground."""
    raw = turned.units(outputs, fields=True)  # the bit lines are driven
    driven = np.eye(len(turned.net.g))[outputs]
    return (driven[:, :, None] - raw.drops - raw.rises).swapaxes(1, 2)
