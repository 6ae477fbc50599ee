"""Which word line stands for a context: the last n symbols as a number, hashed where there are more of them than lines.

A context of n symbols of an alphabet of k has k^n values. Where they fit into the lines, each has its own; otherwise the
lines are shared by multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4), and contexts that meet
on a line share its couplings.
"""

from __future__ import annotations

import numpy as np

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd


def rows_of_order(order: int, n_symbols: int, max_rows: int) -> int:
    """How many word lines couplings of `order` symbols take: n_symbols^order, at most `max_rows` (a power of two)."""
    return min(n_symbols**order, max_rows)


def context_rows(contexts: np.ndarray, orders: int, n_symbols: int, max_rows: int) -> np.ndarray:
    """The word line of each context in the array of each order.

    Parameters
    ----------
    contexts : array of int
        (n, context), the latest symbol first; context is at least `orders`.
    orders : int
        Arrays of couplings; the k-th looks at the last k + 1 symbols.
    n_symbols : int
        Size of the alphabet.
    max_rows : int
        Largest number of word lines of an array, a power of two.

    Returns
    -------
    numpy.ndarray
        (n, orders) int64; column k is below ``rows_of_order(k + 1, n_symbols, max_rows)``.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.models.context_rows import context_rows
    >>> context_rows(np.array([[2, 1, 0]]), orders=2, n_symbols=3, max_rows=16).tolist()
    [[2, 7]]
    """
    rows = np.empty((len(contexts), orders), np.int64)
    number = np.zeros(len(contexts), np.uint64)
    shift = np.uint64(64 - (max_rows.bit_length() - 1))
    for k in range(orders):
        with np.errstate(over="ignore"):  # a product beyond 64 bits wraps round, which is what hashing wants
            number = number * np.uint64(n_symbols) + contexts[:, k].astype(np.uint64)
            if n_symbols ** (k + 1) <= max_rows:
                rows[:, k] = number
            else:
                rows[:, k] = (number * MULTIPLIER) >> shift
    return rows
