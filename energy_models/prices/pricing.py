"""Events times prices: the one function that turns what was counted into joules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ...devices.base.errors import unknown
from ...devices.base.record import Record
from ...devices.catalogue import load_device
from ..draws import quantile, uniforms
from ..errors import PriceError, UnpricedEvent
from .bill import Bill, Line
from .chip import Chip, ChipOrName, Price, Term, load_chip, unit_factor
from .floor_checks import bit_floors, noise_floors
from .schedule import NAIVE, Completed, scheduled
from .vocabulary import EVENTS, FLOOR_EVENTS, UNPRICEABLE, parse_event

if TYPE_CHECKING:
    from ...devices import Device

Value = TypeVar("Value", float, np.ndarray)


def price(
    events: Mapping[str, int | float],
    chip: ChipOrName,
    *,
    overrides: Mapping[str, Record] | None = None,
    n_draws: int = 10_000,
    seed: int = 0,
) -> Bill:
    """The bill of `events` on `chip`.

    Parameters
    ----------
    events : mapping of str to int or float
        names to counts or integrals, such as `revpath.simulator.events.Events`; or what a schedule of the chip's digital part
        made of them (`revpath.energy_models.prices.schedule.completed`), which the bill then names. Without one, bytes are
        those of a datapath without registers, and instructions, leakage and bus of the digital part are not in the bill.
    chip : ChipOrName
        a chip, its name, or the path of its file, see `load_chip`.
    overrides : mapping of str to Record, optional
        event name -> record that prices it instead, such as a device's own pulse energies, ``{"pulse.up": record,
        "pulse.down": record}``.
    n_draws, seed : int
        Monte Carlo over the records' uncertainties. A record draws the same value wherever it is used, in every bill of
        the same seed.

    Raises
    ------
    UnpricedEvent
        an event has no price on this chip, or the chip refuses it.
    PriceError
        a count is negative or not finite; a parameter is missing, unknown or outside the chip's table; an event whose
        cost another event carries comes without that other event.
    UnitError
        an override has the wrong unit.
    FloorError
        a component spends less energy than its simulated noise allows, or than k T ln 2 for each bit it forgets.
    """
    amounts, chip = _checked(events, chip, overrides)
    present = {parse_event(full)[0] for full, amount in amounts.items() if amount > 0}
    draws: dict[str, np.ndarray] = {}

    def nominal_of(id: str) -> float:
        return chip.records[id].value

    def draws_of(id: str) -> np.ndarray:
        if id not in draws:
            draws[id] = quantile(chip.records[id], uniforms(seed, chip.draw_key(id), n_draws))
        return draws[id]

    lines: list[Line] = []
    samples: dict[str, np.ndarray] = {}
    used: dict[str, Record] = {}
    assumptions: dict[str, str] = {}
    for full, amount in amounts.items():
        name, parameters = parse_event(full)
        if name in FLOOR_EVENTS:
            continue
        entry = _entry(full, name, parameters, chip)
        if entry.included_in:
            _check_included(name, amount, entry, present)
            continue
        kind = EVENTS[name]
        at, ids = _place(full, parameters, entry)
        if entry.joules:
            each, each_draws = 1.0, np.ones(n_draws)
        else:
            each = _each(entry, kind.unit, at, chip, nominal_of)
            each_draws = _each(entry, kind.unit, at, chip, draws_of)
        lines.append(Line(full, kind.component, kind.boundary, amount, amount * each, ids))
        samples[kind.component] = samples.get(kind.component, 0.0) + amount * each_draws
        used.update({id: chip.records[id] for id in ids})
        if entry.assumed:
            assumptions[name] = f"{name}: {entry.why}"
    surroundings = {"node": chip.node_overhead, "facility": chip.pue}
    temperature_K = chip.records[chip.temperature].to("K")
    floors = noise_floors(events, lines, temperature_K)
    return Bill(
        chip=chip.name,
        temperature_K=temperature_K,
        lines=tuple(lines),
        samples=samples,
        records=dict(sorted(used.items())),
        surroundings={k: (chip.records[id], draws_of(id)) for k, id in surroundings.items()},
        assumptions=tuple(assumptions.values()),
        n_draws=n_draws,
        seed=seed,
        floors=floors,
        bounds=bit_floors(lines, temperature_K, floors),
        schedule=str(events.schedule) if isinstance(events, Completed) else "",
    )


def _checked(
    events: Mapping[str, int | float], chip: ChipOrName, overrides: Mapping[str, Record] | None
) -> tuple[dict[str, float], Chip]:
    """Amounts by event, and the chip with its overrides; PriceError where one of the three is something else."""
    if not isinstance(events, Mapping):
        raise PriceError(
            f"events of type {type(events).__name__} must map names to amounts, such as {{'digital.add': 3}}"
        )
    return scheduled(events, NAIVE), with_overrides(load_chip(chip), overrides or {})


def unit_prices(
    events: Mapping[str, int | float], chip: ChipOrName, *, overrides: Mapping[str, Record] | None = None
) -> dict[str, float]:
    """Nominal joules of one of each event: 0 for what another event carries and for signal-to-noise sums.

    Raises
    ------
    UnpricedEvent, PriceError, UnitError
        as `price` does.
    """
    amounts, chip = _checked(events, chip, overrides)
    present = {parse_event(full)[0] for full, amount in amounts.items() if amount > 0}
    each: dict[str, float] = {}
    for full, amount in amounts.items():
        name, parameters = parse_event(full)
        each[full] = 0.0
        if name in FLOOR_EVENTS:
            continue
        entry = _entry(full, name, parameters, chip)
        if entry.included_in:
            _check_included(name, amount, entry, present)
        elif entry.joules:
            each[full] = 1.0
        else:
            at, _ = _place(full, parameters, entry)
            each[full] = _each(entry, EVENTS[name].unit, at, chip, lambda id: chip.records[id].value)
    return each


def pulse_prices(device: Device | str | Path) -> dict[str, Record]:
    """A device's own records as overrides: ``price(events, chip, overrides=pulse_prices(device))``.

    Parameters
    ----------
    device : Device or str or Path
        a device, its name, or the path of its file.

    Raises
    ------
    PriceError
        a pulse energy of the device is unknown, or was set by hand and has no record.
    """
    device = load_device(device)
    prices = {}
    for event, field in (("pulse.up", "energy_up"), ("pulse.down", "energy_down")):
        record = device.records.get(f"pulse.{field}")
        if record is None:
            known = getattr(device.pulse, field)
            state = "is not known" if known is None else f"= {known:g} J was set by hand and has no record"
            raise PriceError(f"device {device.name!r}: pulse.{field} {state}; pass a Record of it as an override")
        prices[event] = record
    return prices


def with_overrides(chip: Chip, overrides: Mapping[str, Record]) -> Chip:
    """The chip with some events priced by other records; UnitError, PriceError or UnknownName where one is unfit."""
    if not overrides:
        return chip
    prices, records = dict(chip.prices), dict(chip.records)
    for event, record in overrides.items():
        if event not in EVENTS:
            raise unknown("overrides: event", event, EVENTS)
        if not isinstance(record, Record):
            raise PriceError(f"overrides: {event!r} = {record!r} must be a Record: a price needs a unit and a source")
        if records.setdefault(record.id, record) != record:
            raise PriceError(f"overrides: record {record.id!r} differs from the chip's of that id: give it another id")
        unit_factor((record,), EVENTS[event].unit)
        why = "Given at the call, such as by the device at hand."
        prices[event] = Price(event=event, why=why, terms=(Term(records=(record.id,)),))
    return Chip(**{**dict(chip), "prices": prices, "records": records})


def _entry(full: str, name: str, parameters: Mapping[str, str], chip: Chip) -> Price:
    """The chip's price of an event, checked to understand all its parameters."""
    if name in UNPRICEABLE:
        raise UnpricedEvent(f"event {full!r} cannot be priced on any chip: {UNPRICEABLE[name]}")
    entry = chip.prices.get(name)
    if entry is None:
        near = get_close_matches(name, chip.prices, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise UnpricedEvent(
            f"event {full!r} has no price on chip {chip.name!r}{hint}, which prices {', '.join(sorted(chip.prices))}. "
            f"An event without a price is an error, never zero: add a [[price]] to the chip, or pass overrides"
        )
    if entry.refused:
        raise UnpricedEvent(f"event {full!r} on chip {chip.name!r}: {entry.why}")
    left = set(parameters) - {entry.parameter} - set(entry.ignores)
    if left:
        raise PriceError(
            f"event {full!r}: parameter {sorted(left)[0]!r} is not used by the price on chip {chip.name!r}"
        )
    return entry


def _check_included(name: str, amount: float, entry: Price, present: set[str]) -> None:
    if amount > 0 and not present & set(entry.included_in):
        raise PriceError(
            f"event {name!r} is priced inside {' or '.join(entry.included_in)}, none of which is among the events: "
            f"its cost would be lost"
        )


def _place(full: str, parameters: Mapping[str, str], entry: Price) -> tuple[float, tuple[str, ...]]:
    """Where the event stands in the price's table (nan without one), and the records that price it there."""
    fixed = tuple(dict.fromkeys(id for term in entry.terms for id in term.records))
    if not entry.table:
        return math.nan, fixed
    given = parameters.get(entry.parameter, entry.unstated)
    low, high = entry.table[0].at, entry.table[-1].at
    try:
        at = float("" if given is None else given)
    except (TypeError, ValueError):
        raise PriceError(
            f"event {full!r}: {entry.parameter} = {given!r} must be a number, {low:g} to {high:g}"
        ) from None
    if at == math.inf:
        raise UnpricedEvent(
            f"event {full!r}: an ideal converter has no price; give it {low:g} to {high:g} {entry.parameter}"
        )
    if not low <= at <= high:
        raise PriceError(f"event {full!r}: {entry.parameter} = {at:g} is outside the priced range, {low:g} to {high:g}")
    below, above = _bracket(entry, at)
    return at, fixed + tuple(dict.fromkeys(entry.table[i].record for i in (below, above)))


def _bracket(entry: Price, at: float) -> tuple[int, int]:
    """The indices of the table points around `at`, equal where it hits one."""
    below = max(i for i, point in enumerate(entry.table) if point.at <= at)
    return below, below if entry.table[below].at == at else below + 1


def _each(entry: Price, unit: str, at: float, chip: Chip, value_of: Callable[[str], Value]) -> Value:
    """The price of one event in `unit`: with nominal values a float, with draws an array of them."""
    total: Any = None
    for term in entry.terms:
        product = float(term.times) * unit_factor(tuple(chip.records[id] for id in term.records), unit)
        for id in term.records:
            product = product * value_of(id)
        total = product if total is None else total + product
    if entry.table:
        below, above = (entry.table[i] for i in _bracket(entry, at))
        a, b = (unit_factor((chip.records[p.record],), unit) * value_of(p.record) for p in (below, above))
        weight = 0.0 if below is above else (at - below.at) / (above.at - below.at)
        between = a ** (1 - weight) * b**weight  # log-linear: energies of converters grow by factors a bit
        total = between if total is None else total + between
    assert total is not None, "a price has terms or a table"
    return total
