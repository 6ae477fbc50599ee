"""Checks of data rows that the models share. Each error names the value, its place and what is allowed."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from ...devices.base.errors import RevpathError
from ..synapses.contract import real_numbers


def unit_interval_rows(name: str, rows: np.ndarray) -> np.ndarray:
    """`rows` as float32 (batch, n); every entry must lie in [0, 1] (a NaN does not)."""
    if rows.size and not (rows.min() >= 0 and rows.max() <= 1):
        negative = "Negative values in data: " if rows.min() < 0 else ""
        _refuse(
            negative + name,
            rows,
            ~((rows >= 0) & (rows <= 1)),
            "must lie in [0, 1]: a unit is on, off or on with a probability",
        )
    return rows.astype(np.float32, copy=False)


def binary_rows(name: str, rows: np.ndarray) -> np.ndarray:
    """`rows` unchanged; every entry must be 0 or 1, since a likelihood is one of states."""
    off = (rows != 0) & (rows != 1)
    if off.any():
        _refuse(name, rows, off, "must be 0 or 1: a likelihood is defined for binary states")
    return rows


def symbols(name: str, values, n_symbols: int, ndim: int) -> np.ndarray:
    """`values` as int64 of `ndim` axes; every one an integer from 0 to `n_symbols` - 1."""
    if issparse(values):
        raise RevpathError(f"{name} is a sparse matrix, which holds numbers, not symbols: pass {name}.toarray()")
    values = real_numbers(name, values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise RevpathError(f"{name} contains NaN or infinity, as {values.dtype}; symbols are integers")
    if values.ndim == 2 and not values.shape[1]:
        raise RevpathError(
            f"{name} has no columns: 0 feature(s) (shape={values.shape}) while a minimum of 1 is required; a context "
            "needs at least one symbol"
        )
    if values.ndim != ndim or values.dtype.kind not in "iu":
        unknown = "Unknown label type: " if values.ndim == ndim == 1 else ""
        way_out = ". Reshape your data: one row for each context" if values.ndim < ndim else ""
        raise RevpathError(
            f"{unknown}{name} has {values.ndim} dimensions of {values.dtype}; it must have {ndim} of integers{way_out}"
        )
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < n_symbols:
        negative = "Negative values in data: " if values.min() < 0 else ""
        raise RevpathError(
            f"{negative}{name} holds {int(values.min())} to {int(values.max())}; symbols are 0 to {n_symbols - 1}"
        )
    return values.astype(np.int64, copy=False)


def _refuse(name: str, rows: np.ndarray, wrong: np.ndarray, allowed: str) -> None:
    first = np.unravel_index(int(np.argmax(wrong)), rows.shape)
    place = ", ".join(str(int(i)) for i in first)
    others = int(wrong.sum()) - 1
    more = f" (and {others} more)" if others else ""
    raise RevpathError(f"{name}[{place}] = {float(rows[first])!r}{more} {allowed}")
