"""How good a machine is where its weights are noisy: read through the array, and at the temperature that noise makes.

log Z is computed anew for every matrix: that of the undisturbed one would make noise look like a gain. Read noise in a sampler acts
like a temperature, so stored weights are also judged at the inverse temperature that suits rows held out best.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...devices.base.errors import RevpathError
from ..synapses.contract import Synapses
from . import exact

READS = 20
"""Matrices over which log p is averaged."""


@dataclass(frozen=True)
class Calibration:
    """The inverse temperature at which stored weights suit rows best.

    Attributes
    ----------
    beta : float
        Of those that were tried, the best.
    nats : float
        Mean log p of the rows at it.
    uncalibrated : float
        The same at 1.
    """

    beta: float
    nats: float
    uncalibrated: float


def as_read(synapses: Synapses) -> np.ndarray:
    """W (n_in, n_out) float64 as one read of each word line gives it, with its noise; not counted, the noise of the run untouched.

    A line driven alone has the noise of its own cells and the rounding of the converter at its own, smaller, sums.
    """
    with synapses.aside():
        return synapses.forward(np.eye(synapses.shape[0], dtype=np.float32)).astype(np.float64)


def log_likelihoods_as_read(
    parameters: exact.Parameters, synapses: Synapses, rows: np.ndarray, reads: int = READS
) -> np.ndarray:
    """Mean log p of rows in nats for each of `reads` matrices as the array gives them, (reads,): average these, not p.

    Parameters
    ----------
    parameters : exact.Parameters
        Of which the biases are taken.
    synapses : Synapses
        What holds W, of the shape of the weights.
    rows : numpy.ndarray
        (n, n_visible), binary.
    reads : int
        Matrices.

    Raises
    ------
    RevpathError
        Another shape; no reads; a machine that cannot be enumerated.
    """
    if isinstance(reads, bool) or not hasattr(reads, "__index__") or reads < 1:
        raise RevpathError(f"reads = {reads!r} must be a positive integer")
    if synapses.shape != parameters.weights.shape:
        raise RevpathError(f"synapses have shape {synapses.shape}; the weights have {parameters.weights.shape}")
    machines = (replace(parameters, weights=matrix) for matrix in _matrices(synapses, reads))
    return np.array([exact.log_likelihood(machine, rows).mean() for machine in machines])


def _matrices(synapses: Synapses, reads: int) -> list[np.ndarray]:
    """As many reads of W inside one block aside, so that they differ."""
    each = np.eye(synapses.shape[0], dtype=np.float32)
    with synapses.aside():
        return [synapses.forward(each).astype(np.float64) for _ in range(reads)]


def at_temperature(parameters: Any, beta: float) -> Any:
    """The machine of binary units whose energy is beta times as large: every parameter times beta."""
    return exact.Parameters(beta * parameters.weights, beta * parameters.visible, beta * parameters.hidden)


def calibrated(parameters: exact.Parameters, rows: np.ndarray, betas: np.ndarray | None = None) -> Calibration:
    """The best inverse temperature for rows that were held out, by enumeration at each.

    Parameters
    ----------
    parameters : exact.Parameters
        Of a machine of binary units.
    rows : numpy.ndarray
        (n, n_visible), binary; not the rows that the result is judged on.
    betas : numpy.ndarray, optional
        What is tried beside 1: 0.50, 0.55, ..., 1.45 unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.evaluation import exact
    >>> from revpath.ebm.evaluation.noisy import at_temperature, calibrated
    >>> machine = exact.Parameters(np.full((4, 2), 1.0), np.full(4, -1.0), np.zeros(2))
    >>> rows = exact.states(4)
    >>> weights = exact.visible_probabilities(machine)
    >>> drawn = rows[np.random.default_rng(0).choice(16, 4000, p=weights)]
    >>> bool(0.5 <= calibrated(at_temperature(machine, 1.5), drawn).beta <= 0.8)  # 1/1.5 brings it back
    True
    """
    tried = np.append(np.arange(0.5, 1.5, 0.05) if betas is None else np.asarray(betas, np.float64), 1.0)
    if tried.ndim != 1 or not (np.isfinite(tried) & (tried > 0)).all():
        raise RevpathError(f"betas = {betas!r} must be positive and finite")
    nats = np.array([exact.log_likelihood(at_temperature(parameters, beta), rows).mean() for beta in tried])
    best = int(np.argmax(nats))
    return Calibration(float(tried[best]), float(nats[best]), float(nats[-1]))
