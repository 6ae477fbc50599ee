"""What Kirchhoff's law misses at the nodes of both layers, evaluated on node voltages, and what that does to the outputs.

A current injected at any node leaves through the terminals in shares that are not negative and sum to 1, for the inverse of the
nodal matrix is not negative. So outputs are off by the sum over nodes of share times miss. Along a column the share of its output
falls steadily from the terminal on; summed by parts, the output is off by at most the largest partial sum of the misses from the
far end: what the wire segment there carries and the cells beyond it do not deliver. That, relative to the current that flows in
the column (`error_scales`), is its misfit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compile import kernel


class Misfit(NamedTuple):
    """Of each column (n,), A: magnitudes of its cells' currents summed, misses summed from the far end, largest of those sums."""

    flow: np.ndarray
    partial: np.ndarray
    largest: np.ndarray


@kernel(relaxed=True)
def add_magnitudes(current, flow):
    """Add the magnitudes of the currents (n) of one row of cells to the flow (n) of their columns."""
    for j in range(flow.shape[0]):
        flow[j] += abs(current[j])


@kernel(relaxed=True)
def note_miss(missed, misfit):
    """Add what Kirchhoff misses (n) at one row of column nodes; rows descend towards the first terminal."""
    partial, largest = misfit.partial, misfit.largest
    for j in range(partial.shape[0]):
        total = partial[j] + missed[j]
        partial[j] = total
        largest[j] = max(largest[j], abs(total))


@kernel(relaxed=True)
def error_scales(flow, most, limits):
    """Replace the flow (n,) of lines, A, by what their errors are relative to.

    A line's flow, but at most `most`, the largest current of a terminal: voltages of both signs can make large currents circulate in
    a line that delivers little. Never less than the share
    `limits.cancelled` of its flow, nor than `limits.least` of the largest, nor than its `limits.floor`.
    """
    least = limits.least * flow.max()
    for j in range(flow.shape[0]):
        flow[j] = max(min(flow[j], most), limits.cancelled * flow[j], least, limits.floor[j])


@kernel(relaxed=True)
def largest_misfit(misfit, lines):
    """The largest misfit of a column, once its flow has become its scale."""
    if lines.bit_segment == 0.0 and lines.bit_terminal == 0.0:
        return 0.0  # ground holds every column
    merged, worst = lines.bit_segment == 0.0, 0.0
    for j in range(misfit.flow.shape[0]):
        off = abs(misfit.partial[j]) if merged else misfit.largest[j]
        if off > 0.0:
            worst = max(worst, off / misfit.flow[j] if misfit.flow[j] > 0.0 else np.inf)
    return worst


@kernel(relaxed=True)
def row_violation(u, current, segment, terminal, far):
    """Sum of squares of the current that Kirchhoff misses in one row; nodes with no resistance between them are one node."""
    n = u.shape[0]
    if segment == 0.0:
        if terminal == 0.0:
            return 0.0  # the driver holds the whole row
        missing = u[0] / terminal + u[0] * far - current.sum()
        return missing * missing
    per_ohm, enters, total = 1.0 / segment, u[0] / terminal, 0.0
    if n > 1:
        first = enters - (u[1] - u[0]) * per_ohm - current[0]
        here, before, after, drawn = u[1 : n - 1], u[: n - 2], u[2:], current[1 : n - 1]
        for j in range(n - 2):
            missing = (2.0 * here[j] - before[j] - after[j]) * per_ohm - drawn[j]
            total += missing * missing
        total += first * first
        enters = (u[n - 1] - u[n - 2]) * per_ohm
    last = enters + u[n - 1] * far - current[n - 1]
    return total + last * last


@kernel(relaxed=True)
def column_residual(i, x, current, lines, totals):
    """Replace the currents of the cells of row i by what Kirchhoff misses at their column nodes; returns its sum of squares.

    Columns without resistance are one node each: their misses are added to totals (n) instead, and the return is 0.
    """
    m, n = x.shape
    xi, before, after = x[i], x[max(i - 1, 0)], x[min(i + 1, m - 1)]
    merged = lines.bit_segment == 0.0
    segment = 0.0 if merged else 1.0 / lines.bit_segment
    back = segment if i > 0 else 0.0  # row 0 leaves to ground, where the rise is 0
    out = back if i > 0 else (1.0 / lines.bit_terminal if lines.bit_terminal > 0.0 else 0.0)
    into = segment if i < m - 1 else 0.0
    if i == m - 1:
        out += lines.bit_far
    total = 0.0
    for j in range(n):
        rise = xi[j]
        r = current[j] + into * (after[j] - rise) - out * rise + back * before[j]
        current[j] = r
        total += r * r
    if merged:
        totals += current
        total = 0.0
    return total


@kernel(relaxed=True)
def merged_squares(totals, lines):
    """Sum of squares of the misses of columns that are one node each; 0 where ground holds the whole column."""
    return (totals * totals).sum() if lines.bit_segment == 0.0 and lines.bit_terminal > 0.0 else 0.0


@kernel(relaxed=True)
def violation(current, u, x, lines):
    """Sum of squares of what Kirchhoff misses over all nodes, for given cell currents (m, n), which are overwritten."""
    totals = np.zeros(x.shape[1])
    total = 0.0
    for i in range(x.shape[0]):
        total += row_violation(u[i], current[i], lines.word_segment, lines.word_terminal, lines.word_far)
        total += column_residual(i, x, current[i], lines, totals)
    return total + merged_squares(totals, lines)
