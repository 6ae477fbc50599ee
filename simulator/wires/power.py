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
    if lines[0] > 0.0:
        for i in range(m):
            near, next_ = u[i, : n - 1], u[i, 1:]
            for j in range(n - 1):
                step = next_[j] - near[j]
                word += step * step
        word /= lines[0]
    if lines[1] > 0.0:
        for i in range(m):
            word += u[i, 0] * u[i, 0] / lines[1] + u[i, n - 1] * u[i, n - 1] * lines[4]
    if lines[2] > 0.0:
        for i in range(m - 1):
            here, after = x[i], x[i + 1]
            for j in range(n):
                step = after[j] - here[j]
                bit += step * step
        bit /= lines[2]
    if lines[3] > 0.0:
        for j in range(n):
            bit += x[0, j] * x[0, j] / lines[3] + x[m - 1, j] * x[m - 1, j] * lines[5]
    return word, bit
