"""How long the pulse trains of an outer product are, and how likely each line fires: pulse-length management."""

from __future__ import annotations

import numpy as np

from ..compile import kernel
from ..errors import ArrayError

_LARGEST_RATE = 1e30  # in steps of a cell; gains stay inside float32


@kernel()
def _lengths(rate, x_max, d_max, granularity, longest, slots, x_gain, d_gain):
    """Fills slots and gains of `train_length`; returns whether all that is wanted is finite."""
    known = True
    for s in range(x_max.size):
        wanted = rate * x_max[s] * d_max[s] / granularity
        known = known and np.isfinite(wanted)
        taken = min(np.ceil(wanted), longest)
        slots[s], x_gain[s], d_gain[s] = 0, 0.0, 0.0
        if taken > 0:
            gain = np.sqrt(rate / (granularity * taken))
            ratio = np.sqrt(x_max[s] / (d_max[s] * (longest / wanted) if wanted > longest else d_max[s]))
            slots[s], x_gain[s], d_gain[s] = taken, gain / ratio, gain * ratio
    return known


def train_length(
    rate: float, x_max: np.ndarray, d_max: np.ndarray, granularity: float, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many slots each outer product takes and how line values become firing probabilities.

    As IBM aihwkit does with both of its managements on (Rasch et al., arXiv:2104.02184 (2021)).

    Parameters
    ----------
    rate : float
        learning rate.
    x_max, d_max : ndarray
        largest magnitudes on either side of the outer products, (batch,).
    granularity : float
        weight change of one coincidence.
    longest : int
        largest number of slots allowed.

    Raises
    ------
    ArrayError
        the rate is too large for float32.

    Returns
    -------
    slots, x_gain, d_gain, (batch,): P(word line fires) = min(x_gain |x|, 1), P(bit line fires) = min(d_gain |d|, 1),
    such that slots x granularity x P x P = rate |x| |d| where nothing saturates. All 0 where nothing is to be done.
    """
    x_max, d_max = np.asarray(x_max, np.float64), np.asarray(d_max, np.float64)
    slots, x_gain, d_gain = np.empty(len(x_max), np.uint64), np.empty(len(x_max)), np.empty(len(x_max))
    known = _lengths(float(rate), x_max, d_max, float(granularity), float(longest), slots, x_gain, d_gain)
    if not known or rate / granularity > _LARGEST_RATE:
        raise ArrayError(f"rate = {rate!r} is too large: one coincidence changes a weight by {granularity:.3g}")
    return slots, x_gain, d_gain
