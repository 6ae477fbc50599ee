"""Many events at once: a column of names and a column of amounts, priced as arrays.

A training run, or a sweep of them, is a table with a row for each event of each step. Names repeat, so each different
name is looked up and checked once, and the rows are one gather and one product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...devices.base.record import Record
from ..errors import PriceError
from .bill import Bill
from .chip import ChipOrName
from .pricing import price, unit_prices
from .vocabulary import FLOOR_EVENTS


def price_rows(
    events: Sequence[str] | np.ndarray,
    amounts: Sequence[float] | np.ndarray,
    chip: ChipOrName,
    *,
    overrides: Mapping[str, Record] | None = None,
) -> np.ndarray:
    """Nominal joules of each row, (n,) float64.

    Parameters
    ----------
    events : Sequence[str] or ndarray
        (n,) names of events; a pandas Categorical column is fastest, an array of str or object is fine.
    amounts : Sequence[float] or ndarray
        (n,) counts or integrals.

    Notes
    -----
    A row whose cost other events carry (``included_in``) is 0, and so are sums of signal-to-noise ratios. Floors are
    checked on bills, not on rows: see `total_events` and `revpath.energy_models.price`.

    Raises
    ------
    PriceError
        columns of different lengths, an amount that is negative or not finite (naming the first such row), a parameter
        that the chip does not understand, or an event whose cost would be lost.
    UnpricedEvent
        an event without a price.
    """
    names, codes = _coded(events)
    values = _amounts(amounts, names, codes)
    totals = np.bincount(codes, weights=values, minlength=len(names))
    each = unit_prices(dict(zip(names, totals.tolist(), strict=True)), chip, overrides=overrides)
    return np.array([each[name] for name in names], float)[codes] * values


def total_events(
    events: Sequence[str] | np.ndarray, amounts: Sequence[float] | np.ndarray, *, floors: bool = True
) -> dict[str, float]:
    """The sums of the amounts by event, to be priced as one bill. floors: keep the sums of signal-to-noise ratios."""
    names, codes = _coded(events)
    values = _amounts(amounts, names, codes)
    totals = dict(zip(names, np.bincount(codes, weights=values, minlength=len(names)).tolist(), strict=True))
    return {name: total for name, total in totals.items() if floors or name not in FLOOR_EVENTS}


def price_table(
    events: Sequence[str] | np.ndarray, amounts: Sequence[float] | np.ndarray, chip: ChipOrName, **options: Any
) -> Bill:
    """One bill, with intervals and floors, for all rows; `options` are those of `revpath.energy_models.price`."""
    return price(total_events(events, amounts), chip, **options)


def _coded(events: Sequence[str] | np.ndarray) -> tuple[list[str], np.ndarray]:
    """The different names, in order of appearance, and for each row its place among them."""
    import pandas as pd

    column: Any = getattr(events, "values", events)
    if not isinstance(column, np.ndarray | pd.api.extensions.ExtensionArray):
        column = np.asarray(column, dtype=object)
    if getattr(column, "ndim", 1) != 1:
        raise PriceError(f"events of shape {column.shape} must be one column of names")
    codes, names = pd.factorize(column)
    if (codes < 0).any():
        raise PriceError(f"events: row {int(np.argmax(codes < 0))} has no name")
    return [str(name) for name in names], codes


def _amounts(amounts: Sequence[float] | np.ndarray, names: list[str], codes: np.ndarray) -> np.ndarray:
    try:
        values = np.asarray(amounts, float)
    except (TypeError, ValueError):
        raise PriceError("amounts must be numbers") from None
    if values.shape != codes.shape:
        raise PriceError(f"amounts of shape {values.shape} must match the {codes.shape} events")
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise PriceError(f"row {row}, event {names[codes[row]]!r}: {values[row]!r} must be finite and not negative")
    return values
