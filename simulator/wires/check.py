"""Refuse what makes no circuit, before any kernel sees it."""

from __future__ import annotations

import numpy as np

from .errors import WireError

LEAST_TOLERANCE = 1e-14


def conductance_matrix(conductances: np.ndarray, field: str = "conductances") -> np.ndarray:
    """float64 (rows, cols), C order, finite and not negative.

    Raises
    ------
    WireError: wrong shape, empty, negative, NaN or infinite; says where.
    """
    g = _floats(conductances, field)
    if g.ndim != 2 or g.size == 0:
        raise WireError(f"{field} has shape {g.shape}; it must be (rows, cols), at least one of each")
    if not (g.min() >= 0.0 and g.max() < np.inf):
        bad = np.argwhere(~((g >= 0.0) & (g < np.inf)))
        row, col = (int(i) for i in bad[0])
        raise WireError(
            f"{field}[{row}, {col}] = {g[row, col]!r} S ({len(bad)} such cells); it must be finite and at least 0: 0 is an open cell, "
            "and a shorted one has the conductance of its contact"
        )
    return g


def voltage_batch(voltages: np.ndarray, lines: int, field: str = "voltages") -> np.ndarray:
    """float64 (batch, lines) of one vector or a batch, finite.

    Raises
    ------
    WireError: another shape, NaN or infinite.
    """
    v = _floats(voltages, field)
    if v.ndim == 1:
        v = v[None, :]
    if v.ndim != 2 or v.shape[1] != lines:
        raise WireError(f"{field} has shape {np.shape(voltages)}; it must be ({lines},) or (batch, {lines}), one for each driven line")
    if v.size and not np.isfinite(v).all():
        vector, line = (int(i) for i in np.argwhere(~np.isfinite(v))[0])
        raise WireError(f"{field}[{vector}, {line}] = {v[vector, line]!r} V; it must be finite")
    return v


def tolerance(tol: float) -> float:
    if not isinstance(tol, int | float | np.floating) or not LEAST_TOLERANCE <= tol < 1.0:
        raise WireError(f"tol = {tol!r} must be from {LEAST_TOLERANCE:g} to less than 1")
    return float(tol)


def count(value: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise WireError(f"{field} = {value!r} must be a whole number of at least 1")
    return int(value)


def _floats(values: np.ndarray, field: str) -> np.ndarray:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        return np.ascontiguousarray(array, np.float64)
    except (TypeError, ValueError):
        raise WireError(f"{field} = {type(values).__name__} must be an array of real numbers") from None
