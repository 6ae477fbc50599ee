"""Sums of many small changes to float32 weights: what a weight cannot show of a change is kept beside it, exactly."""

from __future__ import annotations

import numpy as np

from ...simulator.compile import kernel


@kernel(inline=True)
def shown_and_left(weight, left):
    """weight + left as float32 shows it, and what that does not show; both float32.

    The sum of two numbers and its rounding error are those of Knuth, The Art of Computer Programming 2, section 4.2.2.
    """
    shown = weight + left
    of_left = shown - weight
    lost = (weight - (shown - of_left)) + (left - of_left)
    return shown, lost if abs(shown) <= np.float32(3.4e38) else np.float32(0.0)


@kernel()
def carry(weights, left):
    """weights <- what they show of weights + left, left <- what they do not; both (n,) float32."""
    for i in range(weights.size):
        weights[i], left[i] = shown_and_left(weights[i], left[i])


@kernel()
def add_to_row(weights, left, row, d, rate):
    """Row `row` of weights and of left, (n_in, n_out) float32 each, takes rate d (n_out,)."""
    for j in range(d.size):
        weights[row, j], left[row, j] = shown_and_left(weights[row, j], left[row, j] + rate * d[j])


@kernel()
def add_to_rows(weights, left, rows, d, rate):
    """The same for rows (batch,) and d (batch, n_out), in order."""
    for s in range(rows.size):
        add_to_row(weights, left, rows[s], d[s], rate)
