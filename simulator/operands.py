"""What users hand to arrays, as numbers that kernels can take: vectors, batches, sizes, updates."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from .checks import is_number
from .errors import ArrayError


def checked_sizes(sizes: Any, name: str) -> tuple[int, int]:
    """(rows, columns) as positive integers; ArrayError where `sizes` is not that."""
    if not isinstance(sizes, tuple | list) or len(sizes) != 2 or not all(map(is_size, sizes)):
        raise ArrayError(f"{name} = {sizes!r} must be two positive integers (rows, columns)")
    return int(sizes[0]), int(sizes[1])


def is_size(n: Any) -> bool:
    """True for an integer above zero of any type but bool."""
    return not isinstance(n, bool | np.bool_) and hasattr(n, "__index__") and n > 0


def as_numbers(x: Any, name: str, wanted: str) -> np.ndarray:
    """Whatever NumPy, pandas or torch hand over, as real numbers of any shape.

    Raises
    ------
    ArrayError
        Sparse, masked, waiting for gradients, ragged, or not real numbers.
    """
    if issparse(x):
        raise ArrayError(f"{name} is sparse ({type(x).__name__}): a read drives all lines; give {name}.toarray()")
    if np.ma.isMaskedArray(x) and np.ma.is_masked(x):
        raise ArrayError(
            f"{name} is masked at {np.ma.count_masked(x)} of {x.size} places: fill them ({name}.filled(0))"
        )
    if getattr(x, "requires_grad", False):
        raise ArrayError(f"{name} waits for gradients, which an array does not give: detach it ({name}.detach())")
    try:
        x = np.asarray(x)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ArrayError(f"{name} must be an array of shape {wanted}: {error}") from error
    if x.dtype.kind == "O" and x.size and all(isinstance(v, Real) for v in x.flat):
        x = x.astype(np.float64)  # such as a data frame of mixed numbers
    return x


def as_operand(x: Any, width: int, axis: int) -> np.ndarray:
    """A vector (width,), or a matrix with `width` along the axis, of real numbers; ArrayError where it is not that."""
    wanted = f"({width},) or {f'({width}, n)' if axis == 0 else f'(n, {width})'}"
    x = as_numbers(x, "the operand", wanted)
    if x.ndim not in (1, 2) or x.shape[axis] != width:
        raise ArrayError(f"the operand has shape {x.shape}; it must be {wanted}")
    if x.dtype.kind not in "fiub":
        raise ArrayError(f"the operand has type {x.dtype}; it must hold real numbers")
    return x


def as_batch(x: Any, width: int, name: str) -> np.ndarray:
    """(batch, width) as contiguous float32; ArrayError where it is not that."""
    x = as_numbers(x, name, f"(batch, {width})")
    if x.ndim != 2 or x.shape[1] != width:
        hint = f"; one vector is {name}[None]" if x.shape == (width,) else ""
        raise ArrayError(f"{name} has shape {x.shape}; it must be (batch, {width}){hint}")
    if x.dtype.kind not in "fiub":
        raise ArrayError(f"{name} has type {x.dtype}; it must hold real numbers")
    if x.dtype != np.float32:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused
            x = x.astype(np.float32)
    x = np.ascontiguousarray(x)
    return x if x.flags.writeable else x.copy()  # kernels are compiled for arrays that can be written


def as_finite(x: np.ndarray, width: int, name: str) -> np.ndarray:
    """The same, and every number finite."""
    x = as_batch(x, width, name)
    flat = x.ravel()
    with np.errstate(over="ignore", invalid="ignore"):  # one pass: whatever is not finite shows in the sum of squares
        squares = np.einsum("i,i->", flat, flat)  # not by BLAS, whose threads would go on spinning beside ours
    if not np.isfinite(squares):
        bad = np.argwhere(~np.isfinite(x))
        where = f"first at {tuple(int(i) for i in bad[0])}" if len(bad) else "its squares overflow float32"
        raise ArrayError(f"{name} must be finite: {where}")
    return x


def as_rows(rows: Any, n: int) -> np.ndarray:
    """Numbers of word lines, (batch,) int64 from 0 to n - 1; ArrayError where they are not that."""
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ArrayError(f"rows has {rows.ndim} dimensions of {rows.dtype}; it must be (batch,) of integers")
    if rows.size and not 0 <= rows.min() <= rows.max() < n:
        raise ArrayError(f"rows holds {rows.min()} to {rows.max()}; the array has rows 0 to {n - 1}")
    return np.ascontiguousarray(rows, np.int64)


def one_hot(rows: np.ndarray, n: int) -> np.ndarray:
    """Inputs (batch, n) float32 of 1 on one line each, rows (batch,), and 0 elsewhere."""
    x = np.zeros((len(rows), n), np.float32)
    x[np.arange(len(rows)), rows] = 1.0
    return x


def checked_update(x: np.ndarray, d: np.ndarray, rate: float, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """x (batch, rows) and d (batch, columns) of an update of W (rows, columns), as finite float32.

    Raises
    ------
    ArrayError
        Shapes that do not match, values that are not finite, or a rate that is not a finite number from 0 on.
    """
    x, d = as_finite(x, shape[0], "x"), as_finite(d, shape[1], "d")
    if len(x) != len(d):
        raise ArrayError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
    _check_rate(rate)
    return x, d


def checked_row_update(
    rows: np.ndarray, d: np.ndarray, rate: float, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Word lines (batch,) int64 and d (batch, columns) finite float32 of an update of W (rows, columns) on listed rows.

    Raises
    ------
    ArrayError
        As `as_rows` and `checked_update`.
    """
    rows, d = as_rows(rows, shape[0]), as_finite(d, shape[1], "d")
    if len(rows) != len(d):
        raise ArrayError(f"{len(rows)} rows are listed and d has {len(d)}: an update needs as many of each")
    _check_rate(rate)
    return rows, d


def _check_rate(rate: float) -> None:
    if not is_number(rate) or rate < 0:
        raise ArrayError(f"rate = {rate!r} must be a finite number and not negative")
