"""An array as a linear operator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..errors import ArrayError
from ..events import Tally
from ..operands import as_finite, as_operand, checked_sizes
from ..reads.scaling import count_scaling, row_scales


class ArrayOperator(LinearOperator, ABC):
    """A `scipy.sparse.linalg.LinearOperator` that acts as the matrix W (rows, columns) which an array holds.

    A subclass says how it is read: `forward` for batches x (batch, rows), `backward` for batches d (batch, columns).
    From the two come ``x @ array``, ``array @ y``, ``array.T @ x`` and whatever SciPy makes of them; each is a read.

    Raises
    ------
    ArrayError
        `shape` is not two positive integers.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__(np.dtype(np.float32), checked_sizes(shape, "shape"))

    @abstractmethod
    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""

    @abstractmethod
    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""

    def uncompensated(self, x: np.ndarray) -> np.ndarray:
        """As `forward`, without any digital correction of its outputs that the array was asked to make."""
        return self.forward(x)

    _tally: Tally

    # -- reads by SciPy's interface -----------------------------------------------------------------------------------

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self._scaled(self.backward, np.ascontiguousarray(X.T)).T

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return self._scaled(self.forward, np.ascontiguousarray(X.T)).T

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self._scaled(self.backward, x.reshape(1, -1)).reshape(-1)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return self._scaled(self.forward, x.reshape(1, -1)).reshape(-1)

    def _scaled(self, read: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Solvers ask for vectors of any length: an ideal DAC takes those beyond x_max scaled down, see `reads.scaling`."""
        x_max = self.largest_input
        if x_max is None:
            return read(rows)
        rows = as_finite(rows, rows.shape[1], "the operand")
        scales = row_scales(rows, x_max, only_beyond=True)
        if (scales == 1).all():
            return read(rows)
        y = read(rows / scales[:, None]) * scales[:, None]
        count_scaling(scales, rows.shape[1], y.shape[1], self._tally)
        return y

    @property
    def largest_input(self) -> float | None:
        """Magnitude from which products scale a vector down before it is driven; None where they never do."""
        return None

    def _transpose(self) -> TransposedOperator:
        return TransposedOperator(self)

    def _adjoint(self) -> TransposedOperator:
        return TransposedOperator(self)

    # -- what NumPy, SciPy and pandas hand over -----------------------------------------------------------------------

    def dot(self, x: Any) -> Any:
        """W x for a vector (columns,) or vectors (columns, n), by transposed reads; a product for an operator or a number."""
        return super().dot(x if _is_plain(x) else as_operand(x, self.shape[1], axis=0))

    def matvec(self, x: Any) -> np.ndarray:
        """W x, (columns,) or (columns, 1) -> (rows,) or (rows, 1)."""
        return super().matvec(as_operand(x, self.shape[1], axis=0))

    def rmatvec(self, x: Any) -> np.ndarray:
        """W.T x, (rows,) or (rows, 1) -> (columns,) or (columns, 1)."""
        return super().rmatvec(as_operand(x, self.shape[0], axis=0))

    def matmat(self, X: Any) -> np.ndarray:
        """W X, (columns, n) -> (rows, n)."""
        return super().matmat(as_operand(X, self.shape[1], axis=0))

    def rmatmat(self, X: Any) -> np.ndarray:
        """W.T X, (rows, n) -> (columns, n)."""
        return super().rmatmat(as_operand(X, self.shape[0], axis=0))

    def __rmatmul__(self, x: Any) -> Any:
        return super().__rmatmul__(x if _is_plain(x) else as_operand(x, self.shape[0], axis=-1))

    def __rmul__(self, x: Any) -> Any:
        return super().__rmul__(x if _is_plain(x) else as_operand(x, self.shape[0], axis=-1))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise ArrayError(
            f"{self!r} is no matrix of numbers: array.read() gives the weights that it shows, x @ array or "
            f"array.forward(x) what it answers (of a data frame, x.to_numpy() @ array)"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options and len(inputs) == 2:
            left, right = inputs
            if ufunc is np.matmul:
                return left.__matmul__(right) if isinstance(left, ArrayOperator) else right.__rmatmul__(left)
            if ufunc is np.multiply:
                return left.__mul__(right) if isinstance(left, ArrayOperator) else right.__rmul__(left)
        raise ArrayError(
            f"numpy.{ufunc.__name__} of an array is not known: it multiplies, and array.read() gives its weights"
        )

    def __array_function__(self, function: Any, types: Any, arguments: tuple, options: dict) -> Any:
        if function is np.dot and len(arguments) == 2 and not options:
            left, right = arguments
            return left.dot(right) if isinstance(left, ArrayOperator) else right.__rmatmul__(left)
        known = {np.shape: self.shape, np.ndim: 2, np.size: self.shape[0] * self.shape[1], np.iscomplexobj: False}
        if function in known:
            return known[function]
        raise ArrayError(
            f"numpy.{function.__name__} of an array is not known: it multiplies, and array.read() gives its weights"
        )


class TransposedOperator(ArrayOperator):
    """The same cells with word and bit lines exchanged: ``array.T``.

    Parameters
    ----------
    array : ArrayOperator
        What is read.
    """

    def __init__(self, array: ArrayOperator) -> None:
        self._array = array
        super().__init__(array.shape[::-1])

    @property
    def _tally(self) -> Tally:  # type: ignore[override]  # that of the array, which may be another tomorrow
        return self._array._tally

    @property
    def largest_input(self) -> float | None:
        return self._array.largest_input

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, columns) -> x @ W.T (batch, rows), float32."""
        return self._array.backward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, rows) -> d @ W (batch, columns), float32."""
        return self._array.forward(d)

    def _transpose(self) -> Any:
        return self._array

    def _adjoint(self) -> Any:
        return self._array


def _is_plain(x: Any) -> bool:
    """True for what SciPy's operators handle themselves: other operators, and numbers."""
    return isinstance(x, LinearOperator) or np.isscalar(x)
