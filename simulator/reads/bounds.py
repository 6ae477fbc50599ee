"""Outputs kept within the range of the ADC: a read whose outputs reach an end of it is repeated with its inputs halved.

Bound management of aihwkit ("Iterative" of its IOParameters; Gokmen, Onen and Haensch, Frontiers in Neuroscience 11:538, 2017,
section "Bound management", read as aihwkit has it): each vector by itself is read with x, x/2, x/4, ... until no output
saturates, at most `ADC.repeats` times more, and what is read is doubled as often. aihwkit stops by itself after 4 repeats at its
default resolution. One difference: hardware sees codes, not currents, so an output with the last code of its range counts as
saturated, whether or not it was beyond it (half a step of difference).

What is counted: every read with all that belongs to it, and a ``digital.compare`` for each output, to see whether it has the
last code. Halving and doubling is wiring. Each repeat has random numbers of its own, which belong to the read, so that none
depends on how reads are cut into batches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def runs(wanted: np.ndarray) -> Iterator[slice]:
    """The stretches of True in `wanted` (n,), in order.

    Examples
    --------
    >>> import numpy as np
    >>> list(runs(np.array([True, True, False, True])))
    [slice(0, 2, None), slice(3, 4, None)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, stop)
