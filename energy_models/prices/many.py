"""Many bills at once: the stored events of a sweep, priced as one matrix product, with intervals.

What `price` does for one run, for thousands: each different event is looked up, checked and drawn once. A bill of a run and its
row here are the same numbers (a test holds the one to the other), floors included; a run that cannot be priced says why
and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...devices.base.errors import RevpathError
from ...devices.base.record import Record
from ..draws import quantile, uniforms
from ..errors import PriceError
from ..physics import adc_floor, column_read_floor, converter_snr, landauer
from .bill import SCOPES, Scope
from .chip import Chip, ChipOrName, load_chip
from .floor_checks import _bits
from .pricing import _checked, _each, _entry, _place, price, with_overrides
from .vocabulary import EVENTS, FLOOR_EVENTS, parse_event

if TYPE_CHECKING:
    import pandas as pd

_FLOOR_SUMS = ("array.snr_sum", "array.read_energy_J", "adc.snr_sum")
_CHUNK = 1_000  # rows of draws that are held at a time


@dataclass(frozen=True, eq=False)
class Prices:
    """Joules of n runs.

    Parameters
    ----------
    nominal, mean, low, high : ndarray of float64, shape (n,), joules
        At the stated values; mean and central 90 % over the records' uncertainties. NaN where a run has no price.
    unpriced : tuple of str
        Why, for each run; "" where it has one.
    records : mapping of str to Record
        The records behind the prices, by id.
    """

    nominal: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unpriced: tuple[str, ...]
    records: Mapping[str, Record]

    def to_frame(self) -> pd.DataFrame:
        """One row a run."""
        import pandas as pd

        columns = {"joules": self.nominal, "joules_mean": self.mean, "joules_low": self.low, "joules_high": self.high}
        return pd.DataFrame({**columns, "unpriced": self.unpriced})


def price_many(
    events: Sequence[Mapping[str, int | float]],
    chip: ChipOrName,
    *,
    overrides: Mapping[str, Record] | None = None,
    scope: Scope = "chip",
    n_draws: int = 1_000,
    seed: int = 0,
) -> Prices:
    """Prices of many runs on one chip.

    Parameters
    ----------
    events : sequence of mappings
        Names to counts or integrals, one a run.
    chip, overrides, n_draws, seed
        As `revpath.energy_models.price` takes them.
    scope : str
        The boundary: array, macro, chip, node or facility.

    Returns
    -------
    Prices

    Raises
    ------
    PriceError, UnitError
        a chip, a scope, overrides or numbers of draws that are unfit for every run.

    Examples
    --------
    >>> from revpath.energy_models import price_many
    >>> prices = price_many([{"digital.add": 10}, {"digital.add": 20}, {"no.such": 1}], "reram-32nm")
    >>> bool(np.isclose(prices.nominal[1], 2 * prices.nominal[0])), prices.unpriced[2][:25]
    (True, "event 'no.such' has no pr")
    """
    if scope not in SCOPES:
        raise PriceError(f"boundary = {scope!r} is not one of {', '.join(SCOPES)}")
    priced_on = with_overrides(load_chip(chip), overrides or {})
    uniforms(seed, "", n_draws)  # refuses a bad seed or number of draws before any work
    table = _Table(priced_on, scope, n_draws, seed)
    why = [table.add(run) for run in events]
    for n in table.below_floors():
        try:
            price(events[n], chip, overrides=overrides, n_draws=100, seed=seed)
        except RevpathError as error:
            why[n] = " ".join(str(error).split())
    return table.prices(why)


class _Table:
    """Amounts of runs by event, and what one of each event costs."""

    def __init__(self, chip: Chip, scope: Scope, n_draws: int, seed: int) -> None:
        self.chip, self.scope, self.n_draws, self.seed = chip, scope, n_draws, seed
        self.columns: dict[str, int] = {}
        self.nominal: list[float] = []
        self.draws: list[np.ndarray] = []
        self.inside: list[bool] = []
        self.components: list[str] = []
        self.least: list[float] = []
        self.rows: list[tuple[list[int], list[float]]] = []
        self.sums: list[tuple[float, float, float]] = []
        self.used: dict[str, Record] = {}
        self._drawn: dict[str, np.ndarray] = {}
        self._known: dict[tuple[str, ...], str | tuple[str, ...]] = {}

    def add(self, run: Mapping[str, int | float]) -> str:
        """Take a run up; returns why it cannot be priced, or ""."""
        self.rows.append(([], []))
        self.sums.append((0.0, 0.0, 0.0))
        try:
            amounts, _ = _checked(run, self.chip, None)
            priced = self._priced(amounts)
        except RevpathError as error:
            return " ".join(str(error).split())
        self.rows[-1] = ([self.columns[full] for full in priced], [amounts[full] for full in priced])
        array_snr, read_J, adc_snr = (amounts.get(name, 0.0) for name in _FLOOR_SUMS)
        self.sums[-1] = array_snr, read_J, adc_snr
        return ""

    def _priced(self, amounts: Mapping[str, float]) -> tuple[str, ...]:
        """The events that have a price of their own; equal sets of events are looked at once."""
        signature = tuple(sorted(full for full, amount in amounts.items() if amount > 0))
        everything = (*sorted(amounts), "", *signature)
        known = self._known.get(everything)
        if known is None:
            try:
                known = self._look_up(amounts, {parse_event(full)[0] for full in signature})
            except RevpathError as error:
                known = " ".join(str(error).split())
            self._known[everything] = known
        if isinstance(known, str):
            raise PriceError(known)
        return known

    def _look_up(self, amounts: Mapping[str, float], present: set[str]) -> tuple[str, ...]:
        priced = []
        for full, amount in amounts.items():
            name, parameters = parse_event(full)
            if name in FLOOR_EVENTS:
                continue
            entry = _entry(full, name, parameters, self.chip)
            if entry.included_in:
                from .pricing import _check_included

                _check_included(name, amount, entry, present)
                continue
            if full not in self.columns:
                self._column(full, name, parameters, entry)
            priced.append(full)
        return tuple(priced)

    def _column(self, full: str, name: str, parameters: Mapping[str, str], entry) -> None:
        kind, records = EVENTS[name], self.chip.records
        at, ids = _place(full, parameters, entry)
        self.columns[full] = len(self.columns)
        if entry.joules:
            self.nominal.append(1.0)
            self.draws.append(np.ones(self.n_draws))
        else:
            self.nominal.append(_each(entry, kind.unit, at, self.chip, lambda id: records[id].value))
            self.draws.append(_each(entry, kind.unit, at, self.chip, self._draws_of))
        rank = min(SCOPES.index(self.scope), SCOPES.index("chip"))
        self.inside.append(SCOPES.index(kind.boundary) <= rank)
        self.components.append(kind.component)
        T = records[self.chip.temperature].to("K")
        least = _bits(name, parameters) * landauer(T)
        if name == "adc.conversion" and "enob" in parameters:
            least = adc_floor(converter_snr(float(parameters["enob"])), T)
        self.least.append(least)
        self.used |= {id: records[id] for id in ids}

    def _draws_of(self, id: str) -> np.ndarray:
        if id not in self._drawn:
            u = uniforms(self.seed, self.chip.draw_key(id), self.n_draws)
            self._drawn[id] = quantile(self.chip.records[id], u)
        return self._drawn[id]

    def _amounts(self, first: int, last: int) -> np.ndarray:
        """(runs, events) float64."""
        amounts = np.zeros((last - first, len(self.columns)))
        for row, (columns, values) in enumerate(self.rows[first:last]):
            amounts[row, columns] = values
        return amounts

    def below_floors(self) -> list[int]:
        """Runs that spend less than physics asks of one of their components, as `check_floor` and `check_bounds` see it."""
        T = self.chip.records[self.chip.temperature].to("K")
        found = []
        names = sorted(set(self.components))
        of = np.array([[component == name for name in names] for component in self.components], float)
        for first in range(0, len(self.rows) if names else 0, _CHUNK):
            last = min(first + _CHUNK, len(self.rows))
            amounts = self._amounts(first, last)
            spent = amounts * np.array(self.nominal) @ of
            least = amounts * np.array(self.least) @ of
            for n, (array_snr, read_J, adc_snr) in enumerate(self.sums[first:last]):
                floor, has = least[n].copy(), spent[n].copy()
                for name, snr, energy, law in (
                    ("array read", array_snr, read_J, column_read_floor),
                    ("adc", adc_snr, None, adc_floor),
                ):
                    if snr > 0 and name in names:
                        k = names.index(name)
                        floor[k] = law(snr, T)
                        has[k] = has[k] if energy is None else energy
                if np.any(has < floor * (1 - 1e-9)):
                    found.append(first + n)
        return found

    def prices(self, why: list[str]) -> Prices:
        inside = np.array(self.inside, bool)
        each = np.array(self.nominal)[inside] if len(inside) else np.zeros(0)
        draws = np.array(self.draws)[inside] if len(inside) else np.zeros((0, self.n_draws))
        around = [
            id
            for place, id in (("node", self.chip.node_overhead), ("facility", self.chip.pue))
            if place in self._wider()
        ]
        factor = float(np.prod([self.chip.records[id].value for id in around]))
        for id in around:
            draws = draws * self._draws_of(id)
            self.used[id] = self.chip.records[id]
        columns: list[list[np.ndarray]] = [[], [], [], []]
        for first in range(0, len(self.rows), _CHUNK):
            amounts = self._amounts(first, min(first + _CHUNK, len(self.rows)))[:, inside]
            samples = amounts @ draws
            low, high = np.quantile(samples, (0.05, 0.95), axis=1)
            for column, part in zip(columns, (amounts @ each * factor, samples.mean(axis=1), low, high), strict=True):
                column.append(part)
        no_price = np.array([bool(reason) for reason in why], bool)
        done = [np.where(no_price, np.nan, np.concatenate(parts) if parts else np.zeros(0)) for parts in columns]
        return Prices(*done, unpriced=tuple(why), records=dict(sorted(self.used.items())))

    def _wider(self) -> tuple[str, ...]:
        return {"node": ("node",), "facility": ("node", "facility")}.get(self.scope, ())
