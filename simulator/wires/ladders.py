"""Attenuations of the chains of a crossbar: what share of the current that arrives at a node passes its segment.

Seen from the far end of its chain, node i has the conductance Y_i = g_i + a_{i+1} Y_{i+1} to ground, and a_i = 1 / (1 + t_i Y_i) for
the resistance t_i between it and the next node (at the terminal: the segment and what stands behind it). A second terminal at the far
end is one more conductance there. All terms are positive, so each a is right to a few roundings, and a resistance of zero gives
a = 1 without a special case.
"""

from __future__ import annotations

import numpy as np

from ..compile import kernel


@kernel(relaxed=True)
def row_ladders(g, lines, a):
    """Fill a (m, n) with the attenuations of the rows, whose first terminal is at column 0. lines: see `Wires.lines`."""
    m, n = g.shape
    segment, terminal, far = lines.word_segment, lines.word_terminal, lines.word_far
    for first in range(0, m, 4):  # four rows together: the divisions of one wait on each other
        i1, i2, i3 = min(first + 1, m - 1), min(first + 2, m - 1), min(first + 3, m - 1)
        g0, g1, g2, g3 = g[first], g[i1], g[i2], g[i3]
        a0, a1, a2, a3 = a[first], a[i1], a[i2], a[i3]
        y0 = y1 = y2 = y3 = far
        for k in range(n):
            j = np.uint64(n - 1 - k)
            t = segment if k < n - 1 else terminal
            y0, y1, y2, y3 = y0 + g0[j], y1 + g1[j], y2 + g2[j], y3 + g3[j]
            b0, b1, b2, b3 = 1.0 / (1.0 + t * y0), 1.0 / (1.0 + t * y1), 1.0 / (1.0 + t * y2), 1.0 / (1.0 + t * y3)
            a0[j], a1[j], a2[j], a3[j] = b0, b1, b2, b3
            y0, y1, y2, y3 = b0 * y0, b1 * y1, b2 * y2, b3 * y3


@kernel(relaxed=True)
def column_ladders(g, lines, a):
    """Fill a (m, n) with the attenuations of the columns, whose first terminal is at row 0."""
    m, n = g.shape
    y = np.full(n, lines.bit_far)
    for i in np.arange(m - 1, -1, -1):
        t = lines.bit_segment if i > 0 else lines.bit_terminal
        here, out = g[i], a[i]
        for j in range(n):
            total = y[j] + here[j]
            passed = 1.0 / (1.0 + t * total)
            out[j] = passed
            y[j] = passed * total
