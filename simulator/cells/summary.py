"""What reads need of the contents of an array: weights, and siemens of all cells on each line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compile import kernel
from ..mapping import WeightMapping


class Summary(NamedTuple):
    """Of what the cells show.

    Attributes
    ----------
    weights : (rows, columns) float32
        That a read sees which drives the word lines.
    word_siemens, bit_siemens : (rows,), (columns,) float64
        All cells on each word line together, and on each bit line; a shared reference is on its word line alone.
    """

    weights: np.ndarray
    word_siemens: np.ndarray
    bit_siemens: np.ndarray


def summary_of(shown: np.ndarray, shape: tuple[int, int], mapping: WeightMapping) -> Summary:
    """Of cells that show states (rows x columns, 2) float32."""
    rows, columns = shape
    weights = np.empty(shape, np.float32)
    by_word, by_bit = np.empty(rows), np.zeros(columns)
    summarise(shown, np.float32(mapping.scale), weights, by_word, by_bit)
    if mapping.shared:
        plus = mapping.conductances(shown[:, 0]).reshape(shape)
        reference = mapping.conductances(shown[::columns, 1])
        return Summary(weights, plus.sum(axis=1) + reference, plus.sum(axis=0))
    empty = mapping.g_min - mapping.slope * mapping.w_min
    return Summary(weights, by_word * mapping.slope + 2 * empty * columns, by_bit * mapping.slope + 2 * empty * rows)


@kernel(relaxed=True)
def _sum_pairs(pairs, row_sum, column_sums):
    for j in range(column_sums.size):
        both = np.float64(pairs[j, 0] + pairs[j, 1])
        row_sum += both
        column_sums[j] += both
    return row_sum


@kernel()
def summarise(shown, scale, weights, row_sums, column_sums):
    """What reads need of the contents.

    Parameters
    ----------
    shown
        (rows x columns, 2) float32 states.
    scale
        weight per unit of state difference, float32.
    weights
        out, (rows, columns) float32.
    row_sums, column_sums
        out, float64; states added up along each line (the latter must come filled with zeros).
    """
    columns = weights.shape[1]
    for i in range(weights.shape[0]):
        pairs = shown[i * columns : (i + 1) * columns]
        row = weights[i]
        for j in range(row.size):
            row[j] = scale * (pairs[j, 0] - pairs[j, 1])
        row_sums[i] = _sum_pairs(pairs, 0.0, column_sums)
