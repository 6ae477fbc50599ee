"""How a result depends on its records: draws, one-at-a-time swings, and the one number that reverses a verdict.

A *quantity* is a function of records: ``def quantity(take): return take("gpu.h100.power", "W") * ...``. What it takes
is a float or an array of draws, so that one definition serves the nominal value, the interval, the tornado and the
flip points; which records it leans on is noted as it takes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..devices.base.record import Record
from .draws import draw_key, quantile, uniforms
from .errors import PriceError
from .prices.bill import Interval, Scope
from .records import get

if TYPE_CHECKING:
    from .prices.chip import ChipOrName

Value = Any
"""A float, or an array of draws, (n_draws,)."""

_FARTHEST = 1e4  # a flip point beyond 10 000 times or below 1 / 10 000 of a record is none
_GRID = 65  # points on each side of the nominal value among which a crossing is looked for


class Take(Protocol):
    """Gives a record's value in a unit; the record's own unit without one."""

    def __call__(self, id: str, unit: str | None = None) -> Value: ...


Quantity = Callable[[Take], Value]


class _Taker:
    """Gives values by a rule, and notes the records it was asked for."""

    def __init__(self, value_of: Callable[[Record], Value], records: Mapping[str, Record] | None = None) -> None:
        self.used: dict[str, Record] = {}
        self._value_of = value_of
        self._records = records

    def __call__(self, id: str, unit: str | None = None) -> Value:
        record = self.used.setdefault(id, get(id, self._records))
        return self._value_of(record) * (1.0 if unit is None else record.factor(unit))


@dataclass(frozen=True)
class Propagated:
    """A quantity with its interval and the records behind it."""

    interval: Interval
    samples: np.ndarray
    records: Mapping[str, Record]

    @property
    def shaky(self) -> tuple[str, ...]:
        """Ids of the records that are assumed, or that were read nowhere we can point at."""
        return tuple(id for id, record in self.records.items() if record.shaky)


@dataclass(frozen=True)
class Swing:
    """The quantity with one record at its 5 % and 95 % quantiles and all others nominal."""

    record: str
    low: float
    high: float

    @property
    def width(self) -> float:
        return abs(self.high - self.low)


@dataclass(frozen=True)
class Flip:
    """The value of one record at which the quantity crosses a threshold, all others nominal.

    Attributes
    ----------
    factor : float
        that value over the nominal one.
    likely : bool
        it lies within the record's central 90 %.
    """

    record: str
    nominal: float
    value: float
    likely: bool

    @property
    def factor(self) -> float:
        return self.value / self.nominal


def nominal(quantity: Quantity, records: Mapping[str, Record] | None = None) -> tuple[float, dict[str, Record]]:
    """The quantity at the records' stated values, and the records it used; those of the library unless given."""
    taker = _Taker(lambda record: record.value, records)
    value = float(quantity(taker))
    if not math.isfinite(value):
        raise PriceError(f"the quantity is {value!r} at the records' stated values")
    return value, taker.used


def propagate(
    quantity: Quantity, records: Mapping[str, Record] | None = None, *, n_draws: int = 10_000, seed: int = 0
) -> Propagated:
    """The quantity over the records' uncertainties; a record draws the same values in every result of one seed."""
    value, used = nominal(quantity, records)
    drawn: dict[str, np.ndarray] = {}

    def draws_of(record: Record) -> np.ndarray:
        if record.id not in drawn:
            drawn[record.id] = quantile(record, uniforms(seed, draw_key(record), n_draws))
        return drawn[record.id]

    samples = np.broadcast_to(np.asarray(quantity(_Taker(draws_of, records)), np.float64), (n_draws,))
    return Propagated(Interval.of(value, samples), samples, used)


def tornado(quantity: Quantity, records: Mapping[str, Record] | None = None) -> list[Swing]:
    """One-at-a-time swings, widest first; records without uncertainty do not swing and are left out."""
    _, used = nominal(quantity, records)
    swings = []
    for id, record in used.items():
        if not record.spreads:
            continue
        ends = quantile(record, np.array([0.05, 0.95]))
        low, high = (_with(quantity, records, id, float(end)) for end in ends)
        swings.append(Swing(id, low, high))
    return sorted(swings, key=lambda swing: -swing.width)


def flip_points(quantity: Quantity, threshold: float = 1.0, records: Mapping[str, Record] | None = None) -> list[Flip]:
    """For each record, the nearest value at which the quantity crosses `threshold`; nearest factor first.

    Looked for between 1/10 000 and 10 000 times the nominal value. Records that cannot reverse the verdict alone, and
    those that are zero or negative, are left out. Values that the quantity refuses (PriceError) count as not there.
    """
    from scipy.optimize import brentq

    start, used = nominal(quantity, records)
    flips = []
    for id, record in used.items():
        if record.value <= 0:
            continue

        def excess(log: float, id: str = id, at: float = record.value) -> float:
            try:
                return _with(quantity, records, id, at * math.exp(log)) - threshold
            except PriceError:
                return math.nan

        roots = []
        for sign in (1, -1):
            logs = sign * np.linspace(0, math.log(_FARTHEST), _GRID)
            found = [start - threshold] + [excess(float(log)) for log in logs[1:]]
            for a, b, fa, fb in zip(logs, logs[1:], found, found[1:], strict=False):
                if math.isnan(fb):
                    break
                if fa * fb <= 0 and fa != fb:
                    root: Any = brentq(excess, a, b, xtol=1e-12)
                    roots.append(float(root))
                    break
        if roots:
            value = record.value * math.exp(min(roots, key=abs))
            flips.append(Flip(id, record.value, value, _likely(record, value)))
    return sorted(flips, key=lambda flip: abs(math.log(flip.factor)))


def ratio_of_bills(
    events: Mapping[str, int | float],
    chip: ChipOrName,
    other_events: Mapping[str, int | float],
    other_chip: ChipOrName,
    scope: Scope = "chip",
) -> tuple[Quantity, dict[str, Record]]:
    """Joules of one bill over another's as a quantity of the records behind both, and those records.

    For `tornado` and `flip_points`, which vary one record at a time (the points of a converter's table too, which a
    bill draws together); the interval of a ratio is `revpath.energy_models.ratio`.
    """
    from .prices.chip import load_chip
    from .prices.pricing import price

    both = [(events, load_chip(chip)), (other_events, load_chip(other_chip))]
    used: dict[str, Record] = {}
    for some_events, some_chip in both:
        bill = price(some_events, some_chip, n_draws=100)
        used.update(bill.records)
        used.update({record.id: record for name, (record, _) in bill.surroundings.items() if _counts(name, scope)})

    def quantity(take: Take) -> float:
        totals = []
        for some_events, some_chip in both:
            changed = {
                id: record.model_copy(update={"value": float(take(id))}) if id in used else record
                for id, record in some_chip.records.items()
            }
            bill = price(some_events, some_chip.model_copy(update={"records": changed}), n_draws=100)
            totals.append(bill.up_to(scope).nominal)
        return totals[0] / totals[1]

    return quantity, used


def _counts(surrounding: str, scope: Scope) -> bool:
    return scope == "facility" or scope == surrounding


def _with(quantity: Quantity, records: Mapping[str, Record] | None, id: str, value: float) -> float:
    return float(quantity(_Taker(lambda record: value if record.id == id else record.value, records)))


def _likely(record: Record, value: float) -> bool:
    if not record.spreads:
        return False
    low, high = quantile(record, np.array([0.05, 0.95]))
    return bool(low <= value <= high)
