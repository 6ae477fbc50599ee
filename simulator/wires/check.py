"""Refuse what makes no circuit, before any kernel sees it."""

from __future__ import annotations

import numpy as np

from .config import Wires
from .errors import WireError


def conductance_matrix(conductances: np.ndarray, field: str = "conductances", unit: str = "S") -> np.ndarray:
    """float64 (rows, columns), finite and not negative.

    Raises
    ------
    WireError
        wrong shape, empty, negative, NaN or infinite; says where.
    """
    g = _floats(conductances, field)
    if g.ndim != 2 or g.size == 0:
        raise WireError(f"{field} has shape {g.shape}; it must be (rows, columns), at least one of each")
    if not (g.min() >= 0.0 and g.max() < np.inf):
        bad = np.argwhere(~((g >= 0.0) & (g < np.inf)))
        row, column = (int(i) for i in bad[0])
        raise WireError(
            f"{field}[{row}, {column}] = {float(g[row, column])!r} {unit} ({len(bad)} such cells); it must be finite and at "
            "least 0: 0 is an open cell, and a shorted one has the conductance of its contact"
        )
    return g


def voltage_batch(voltages: np.ndarray, lines: int, field: str = "voltages") -> np.ndarray:
    """float64 (batch, lines) of one vector or a batch, finite.

    Raises
    ------
    WireError
        another shape, NaN or infinite.
    """
    v = _floats(voltages, field)
    given = v.shape
    if v.ndim == 1:
        v = v[None, :]
    if v.ndim != 2 or v.shape[1] != lines:
        raise WireError(
            f"{field} has shape {given}; it must be ({lines},) or (batch, {lines}), one for each driven line"
        )
    if not np.isfinite(v).all():
        vector, line = (int(i) for i in np.argwhere(~np.isfinite(v))[0])
        raise WireError(f"{field}[{vector}, {line}] = {float(v[vector, line])!r} V; it must be finite")
    return v


def wires_given(wires: Wires) -> Wires:
    """`wires` itself, if that is what it is."""
    if not isinstance(wires, Wires):
        raise WireError(f"wires = {wires!r} must be a Wires")
    return wires


def _floats(values: np.ndarray, field: str) -> np.ndarray:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        return np.ascontiguousarray(array, np.float64).reshape(array.shape)
    except (TypeError, ValueError):
        raise WireError(f"{field} = {type(values).__name__} must be an array of real numbers") from None
