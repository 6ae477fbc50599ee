"""An array as a linear operator, and the checks of what comes into one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..errors import ArrayError


class ArrayOperator(LinearOperator, ABC):
    """A `scipy.sparse.linalg.LinearOperator` that acts as the matrix W (rows, columns) which an array holds.

    A subclass says how it is read: `forward` for batches x (batch, rows), `backward` for batches d (batch, columns).
    From the two come ``x @ array``, ``array @ y``, ``array.T @ x`` and whatever SciPy makes of them; each is a read.

    Raises
    ------
    ArrayError: `shape` is not two positive integers.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__(np.dtype(np.float32), checked_sizes(shape, "shape"))

    @abstractmethod
    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""

    @abstractmethod
    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self.backward(np.ascontiguousarray(X.T)).T

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return self.forward(np.ascontiguousarray(X.T)).T

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.backward(x.reshape(1, -1)).reshape(-1)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x.reshape(1, -1)).reshape(-1)


def checked_sizes(sizes: Any, name: str) -> tuple[int, int]:
    """(rows, columns) as positive integers; ArrayError where `sizes` is not that."""
    if not isinstance(sizes, tuple | list) or len(sizes) != 2 or not all(map(is_size, sizes)):
        raise ArrayError(f"{name} = {sizes!r} must be two positive integers (rows, columns)")
    return int(sizes[0]), int(sizes[1])


def is_size(n: Any) -> bool:
    """True for an integer above zero of any type but bool."""
    return not isinstance(n, bool | np.bool_) and hasattr(n, "__index__") and n > 0


def as_batch(x: np.ndarray, width: int, name: str) -> np.ndarray:
    """(batch, width) as contiguous float32; ArrayError where it is not that."""
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise ArrayError(f"{name} must be an array of shape (batch, {width}): {error}") from error
    if x.ndim != 2 or x.shape[1] != width:
        raise ArrayError(f"{name} has shape {x.shape}; it must be (batch, {width})")
    if x.dtype.kind not in "fiub":
        raise ArrayError(f"{name} has type {x.dtype}; it must hold real numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused
        return np.ascontiguousarray(x, np.float32)


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
    if isinstance(rate, bool) or not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
        raise ArrayError(f"rate = {rate!r} must be a finite number and not negative")
    return x, d
