"""How long the pulse trains of an outer product are, and how likely each line fires: pulse-length management."""

from __future__ import annotations

import numpy as np

from ..errors import ArrayError

_LARGEST_RATE = 1e30  # in steps of a cell; gains stay inside float32


def train_length(
    rate: float, x_max: np.ndarray, d_max: np.ndarray, granularity: float, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many slots each outer product takes and how line values become firing probabilities.

    As IBM aihwkit does with both of its managements on (../shared/references/aihwkit.md, 1.3).

    Parameters
    ----------
    rate: learning rate; x_max, d_max: largest magnitudes on either side of the outer products, (batch,).
    granularity: weight change of one coincidence.
    longest: largest number of slots allowed.

    Raises
    ------
    ArrayError: the rate is too large for float32.

    Returns
    -------
    slots, x_gain, d_gain, (batch,): P(word line fires) = min(x_gain |x|, 1), P(bit line fires) = min(d_gain |d|, 1),
    such that slots x granularity x P x P = rate |x| |d| where nothing saturates. All 0 where nothing is to be done.
    """
    x_max, d_max = np.asarray(x_max, np.float64), np.asarray(d_max, np.float64)
    with np.errstate(over="ignore"):
        wanted = rate * x_max * d_max / granularity
        if not np.isfinite(wanted).all() or rate / granularity > _LARGEST_RATE:
            raise ArrayError(f"rate = {rate!r} is too large: one coincidence changes a weight by {granularity:.3g}")
    slots = np.minimum(np.ceil(wanted), longest)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing is wanted; set to zero below
        gain = np.sqrt(rate / (granularity * slots))
        ratio = np.sqrt(x_max / np.where(wanted > longest, d_max * (longest / wanted), d_max))
        gains = np.where(slots > 0, [gain / ratio, gain * ratio], 0.0)
    return slots.astype(np.uint64), gains[0], gains[1]
