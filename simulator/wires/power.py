"""Where the power goes: sums over the node voltages of a solved array."""

from __future__ import annotations

from ..compile import kernel


@kernel(relaxed=True)
def wire_power(u, x, lines):
    """Watts in the word wires and in the bit wires, terminals included, for drops u and rises x (m, n); no resistance takes none.

    Computed from the voltages across the wires, so that it balances the power of the sources only as well as Kirchhoff is met.
    """
    m, n = u.shape
    word, bit = 0.0, 0.0
    if lines.word_segment > 0.0:
        for i in range(m):
            near, next_ = u[i, : n - 1], u[i, 1:]
            for j in range(n - 1):
                step = next_[j] - near[j]
                word += step * step
        word /= lines.word_segment
    if lines.word_terminal > 0.0:
        for i in range(m):
            word += u[i, 0] * u[i, 0] / lines.word_terminal + u[i, n - 1] * u[i, n - 1] * lines.word_far
    if lines.bit_segment > 0.0:
        for i in range(m - 1):
            here, after = x[i], x[i + 1]
            for j in range(n):
                step = after[j] - here[j]
                bit += step * step
        bit /= lines.bit_segment
    if lines.bit_terminal > 0.0:
        for j in range(n):
            bit += x[0, j] * x[0, j] / lines.bit_terminal + x[m - 1, j] * x[m - 1, j] * lines.bit_far
    return word, bit
