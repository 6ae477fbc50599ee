"""What some arrays offer beside reads and updates: listed rows, at the cost of those rows, and lines without converters."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from ..errors import ArrayError
from ..operands import as_rows, one_hot
from .parts import AnalogArray


@runtime_checkable
class RowArray(Protocol):
    """An array that can be read and updated on listed rows, at the cost of those rows; see `Crossbar.forward_rows`."""

    def forward_rows(self, rows: np.ndarray) -> np.ndarray: ...

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None: ...


def forward_rows(array: AnalogArray, rows: np.ndarray) -> np.ndarray:
    """The rows of W that are listed, (batch, columns) float32: `forward` of one-hot inputs, bit for bit."""
    if isinstance(array, RowArray):
        return array.forward_rows(rows)
    return array.forward(one_hot(as_rows(rows, array.shape[0]), array.shape[0]))


def update_rows(array: AnalogArray, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
    """Add about rate d[s] to row rows[s] of W, for each s in order: `update` of one-hot inputs, bit for bit."""
    if isinstance(array, RowArray):
        array.update_rows(rows, d, rate)
    else:
        array.update(one_hot(as_rows(rows, array.shape[0]), array.shape[0]), d, rate)


@runtime_checkable
class SensedArray(Protocol):
    """An array that gives what its lines carry, see `Crossbar.sense`."""

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray: ...


def sense(array: AnalogArray, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """What the sensed lines of an array carry, before any converter, (batch, sensed) float32.

    Raises
    ------
    ArrayError
        The array has no single current for each output.
    """
    if not isinstance(array, SensedArray):
        raise ArrayError(
            f"{type(array).__name__} joins its arrays by codes: it has no lines that a circuit could sense"
        )
    return array.sense(x, transposed=transposed)
