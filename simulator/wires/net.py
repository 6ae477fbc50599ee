"""What the kernels of the wire solver are given, and what they leave: tuples with names, which Numba takes as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Net(NamedTuple):
    """An array prepared for the kernels; flat, for `prange` takes no tuple within a tuple. It serves as `Lines` too.

    g (m, n) S; attenuations (m, n) of its rows and of its columns; spread (n,): what share of a current that is wrong at some other
    line can at most reach a column; the `SmoothModes`; the `Lines`.
    """

    g: np.ndarray
    by_row: np.ndarray
    by_column: np.ndarray
    spread: np.ndarray
    across: np.ndarray
    along: np.ndarray
    pulled: np.ndarray
    inverse: np.ndarray
    word_segment: float
    word_terminal: float
    bit_segment: float
    bit_terminal: float
    word_far: float
    bit_far: float


class Totals(NamedTuple):
    """Current of the cells of each row (m,) and of each column (n,), and what an error of each column is relative to (n,); A."""

    by_row: np.ndarray
    by_column: np.ndarray
    scale: np.ndarray


class Limits(NamedTuple):
    """When to stop: relative tolerance, most iterations, and the floors of `kirchhoff.error_scales`:
    cancelled and least, shares, and floor (n,) A.

    Attributes
    ----------
    rounding : float
        of float64, relative; here since kernels read no numbers but what they are given.
    """

    tolerance: float
    iterations: int
    cancelled: float
    least: float
    floor: np.ndarray
    rounding: float


class Outcome(NamedTuple):
    """What solves leave, for p vectors.

    by_row (p, m), by_column (p, n): currents of the cells of each row and of each column. flow (p, n): what an error of each
    column is relative to. iterations (p,). residual (p,) relative
    to scale (p,) A. misfit (p,): see `kirchhoff`. uncertain (p,): what rounding can do to the current of a line, relative to it.
    fields (p, 2, m, n): drops u and rises x, or (0, 2, m, n) where they are not wanted.
    """

    by_row: np.ndarray
    by_column: np.ndarray
    flow: np.ndarray
    iterations: np.ndarray
    residual: np.ndarray
    scale: np.ndarray
    misfit: np.ndarray
    uncertain: np.ndarray
    fields: np.ndarray
