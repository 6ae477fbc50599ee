"""Checks of data rows that the models share. Each error names the value, its place and what is allowed."""

from __future__ import annotations

import numpy as np

from ...devices.base.errors import RevpathError


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


def _refuse(name: str, rows: np.ndarray, wrong: np.ndarray, allowed: str) -> None:
    first = np.unravel_index(int(np.argmax(wrong)), rows.shape)
    place = ", ".join(str(int(i)) for i in first)
    others = int(wrong.sum()) - 1
    more = f" (and {others} more)" if others else ""
    raise RevpathError(f"{name}[{place}] = {float(rows[first])!r}{more} {allowed}")
