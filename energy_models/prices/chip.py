"""A chip is a table of prices: which records price each event, and why. Read from TOML, checked when loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ...devices.base.errors import RecordError, RevpathError, UnitError, explain, shown, unknown
from ...devices.base.html import html_table
from ...devices.base.plausible import refuse_absurd
from ...devices.base.record import Record, parse_unit, read_record, read_sources, read_toml
from ..components.model import estimated
from ..draws import draw_key, quantile
from ..errors import PriceError
from ..fields import Described, names, table, tables
from ..records import get, library
from .digital import Digital
from .vocabulary import EVENTS, FLOOR_EVENTS
from .workload import Part, Workload, read_workload

_MODEL = "model."  # ids of records that component models estimated begin so
_RAREST = 0.5**17  # the least draw that is looked at: one in 130,000


_MOST_TIMES = 10**9  # of a structure that one event uses; more is a count of events


class Term(Described):
    """The product of `records`, `times` over: ``times`` counts structure (three gates), never a physical number."""

    records: tuple[str, ...] = Field(min_length=1)
    times: int = Field(default=1, ge=1, le=_MOST_TIMES)


class Point(Described):
    """One record of a table, at one value of the event's parameter."""

    at: float
    record: str


class Price(Described):
    """How one event is priced: exactly one of

    - ``terms`` and/or ``table``: the sum of the terms, plus the table at the event's ``parameter``, log-linear between
      its points and an error outside them;
    - ``included_in``: other events carry its cost, and at least one of them must be among the events;
    - ``joules``: it is an integral in joules;
    - ``refused``: this chip cannot do it.

    ``why`` gives the reason of the choice; ``assumed`` marks a structure that is our guess; ``ignores`` names
    parameters of the event that do not change its price here; ``unstated`` is the place in the table of an event that says
    nothing of its parameter, and without it such an event is an error.
    """

    event: str
    why: str = Field(min_length=10)
    assumed: bool = False
    ignores: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    parameter: str = ""
    table: tuple[Point, ...] = ()
    unstated: float | None = None
    included_in: tuple[str, ...] = ()
    joules: bool = False
    refused: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Price:
        ways = [bool(self.terms or self.table), bool(self.included_in), self.joules, self.refused]
        if sum(ways) != 1:
            raise ValueError(f"{self.event}: give exactly one of terms/table, included_in, joules, refused")
        if bool(self.parameter) != bool(self.table):
            raise ValueError(f"{self.event}: parameter and table go together")
        if self.table and (len(self.table) < 2 or any(a.at >= b.at for a, b in pairwise(self.table))):
            raise ValueError(f"{self.event}: a table needs at least two points with rising 'at'")
        if self.unstated is not None and not (self.table and self.table[0].at <= self.unstated <= self.table[-1].at):
            raise ValueError(f"{self.event}: unstated = {self.unstated:g} must lie inside the table")
        return self

    def record_ids(self) -> tuple[str, ...]:
        """Every record it may use, in order of appearance."""
        ids = [id for term in self.terms for id in term.records] + [point.record for point in self.table]
        return tuple(dict.fromkeys(ids))


class Chip(Described):
    """Prices of all events that a chip can perform, the records behind them, and its surroundings.

    Attributes
    ----------
    name, title : str
        a short name, and one line for figures.
    kind : {"analog", "digital"}
        ``analog`` or ``digital``.
    node_nm : float
        technology node.
    temperature : str
        id of the record at which noise floors are evaluated.
    node_overhead, pue : str
        ids of the factors from chip to node, and from node to facility.
    digital : Digital, optional
        its digital part; None where nobody said what it is, so that its digital work takes no time and cannot be
        completed.
    prices : mapping of str to Price
        by bare event name.
    records : mapping of str to Record
        all records referred to, by id.
    workloads : tuple[Workload, ...]
        published work that its prices can be held against (workload.py).
    parts : tuple[Part, ...]
        what it is made of, for its area.
    area : str
        id of the published area of one copy of its workloads' unit.
    area_lacks : str
        what the sum of the parts leaves out, for want of a figure.
    unexplained : str
        what its component models leave open of the published energy, in a sentence.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    kind: Literal["analog", "digital"]
    node_nm: float = Field(gt=0)
    temperature: str
    node_overhead: str
    pue: str
    prices: Mapping[str, Price]
    records: Mapping[str, Record]
    digital: Digital | None = None
    workloads: tuple[Workload, ...] = ()
    parts: tuple[Part, ...] = ()
    area: str = ""
    area_lacks: str = ""
    unexplained: str = ""

    @model_validator(mode="after")
    def _checks_out(self) -> Chip:
        self.records[self.temperature].factor("K")
        if self.digital:
            self.records[self.digital.cycle].factor("s")
        for field in ("node_overhead", "pue"):
            _check_factor(field, self.records[getattr(self, field)])
        tables: dict[str, str] = {}
        for event, price in self.prices.items():
            _check_price(event, price, self.records)
            row = EVENTS[event].component
            for point in price.table:
                if tables.setdefault(point.record, row) != row:
                    raise ValueError(f"record {point.record!r} stands in the tables of two rows of the bill")
        return self

    def __repr__(self) -> str:
        return (
            f"Chip({self.name}: {self.kind}, {self.node_nm:g} nm, {len(self.prices)} prices from {len(self.records)} records, "
            f"{len(self.workloads)} workloads)"
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """How each event is priced, and why."""
        rows = [(event, ", ".join(price.record_ids()), price.why) for event, price in self.prices.items()]
        return html_table(f"{self.name}: {self.title}", ("event", "records", "why"), rows)

    def draw_key(self, id: str) -> str:
        """What a record's random draw is addressed by: its component model, the tables of its row of the bill, or `draws.draw_key`."""
        if id.startswith(_MODEL):  # a model errs alike wherever it is used, whatever its drivers
            return f"{_MODEL}{self.records[id].source.key}"
        for event, price in self.prices.items():
            if any(point.record == id for point in price.table):
                return f"table:{self.name}:{EVENTS[event].component}"
        return draw_key(self.records[id])


ChipOrName = Chip | str | Path
"""What is taken wherever a chip is needed: one, its name, or the path of its file."""


def unit_factor(records: tuple[Record, ...], want: str) -> float:
    """The factor that turns the product of the records' values into `want`; UnitError where it cannot be that."""
    try:
        return _factor("*".join(f"({record.unit})" for record in records), want)
    except UnitError:
        names = " x ".join(f"{record.id} [{record.unit}]" for record in records)
        raise UnitError(f"{names} cannot be read as {want}") from None


@cache
def _factor(have: str, want: str) -> float:
    a, b = parse_unit(have), parse_unit(want)
    if a.dimensionality != b.dimensionality:
        raise UnitError(f"{have} cannot be read as {want}")
    one: Any = 1.0 * a
    return float(one.to(b).magnitude)


def check_energy(record: Record) -> None:
    """PriceError for a record whose uncertainty reaches zero or below: a price is positive in every draw."""
    spread, low = record.uncertainty, record.value
    if spread.kind == "normal":
        low = record.value - 6 * spread.sigma
    elif spread.kind == "uniform":
        low = spread.low
    if low <= 0:
        raise PriceError(f"record {record.id!r}: its uncertainty reaches {low:g}; a price must stay positive")


def _check_factor(field: str, record: Record) -> None:
    """PriceError for a factor that is, or whose draws could be, below 1: a building adds to what its nodes draw."""
    record.factor("dimensionless")
    least = float(quantile(record, np.array([_RAREST]))[0])
    if min(record.to("dimensionless"), least * record.factor("dimensionless")) < 1:
        raise PriceError(
            f"{field}: record {record.id!r} = {record.value:g} (down to {least:g}) must be at least 1 and stay there"
        )


def _check_price(event: str, price: Price, records: Mapping[str, Record]) -> None:
    if event not in EVENTS or price.event != event:
        raise unknown("event", event, EVENTS)
    for other in price.included_in:
        if other not in EVENTS or other == event:
            raise unknown(f"{event}: included_in", other, EVENTS)
    want = EVENTS[event].unit
    if price.joules and want != "J":
        raise PriceError(f"{event}: joules = true, but its amount is not in joules")
    products = [(term.records, term.times) for term in price.terms] + [((point.record,), 1) for point in price.table]
    for ids, times in products:
        chosen = tuple(records[id] for id in ids)
        for record in chosen:
            check_energy(record)
        try:
            factor = unit_factor(chosen, want)
        except UnitError as error:
            raise UnitError(f"price of {event!r}: {error}") from None
        _check_size(event, times * factor * math.prod(record.value for record in chosen), want, chosen)


def _check_size(event: str, value: float, unit: str, chosen: tuple[Record, ...]) -> None:
    """RecordError for a price that is off by a slip of a unit, however small each of its factors is."""
    refuse_absurd(value, unit, f"price of {event!r}, {' x '.join(record.id for record in chosen)}")


def read_chip(content: Mapping[str, Any], where: str) -> Chip:
    """A chip from the content of its TOML file. Own ``[sources]`` and ``[[record]]`` tables may stand in the file.

    Raises
    ------
    RecordError, PriceError, UnitError, UnknownName
        naming the file, the event or record, and what is allowed.
    """
    content = _extended(content, where)
    records = dict(library())
    own, sources = tables(content, "record", where), content.pop("sources", None)
    content.pop("record", None)
    if own:
        known = read_sources({} if sources is None else sources, where)
        for each in own:
            record = read_record(each, known, where)
            if record.id in records:
                raise RecordError(f"{where}: record {record.id!r} is in the library already: choose another id")
            records[record.id] = record
    try:
        listed = [Price(**_with_estimates(each, records)) for each in tables(content, "price", where)]
        workloads = tuple(read_workload(each, where) for each in tables(content, "workload", where))
        parts = tuple(Part(**each) for each in tables(content, "part", where))
        for key in ("price", "workload", "part"):
            content.pop(key, None)
        events = [price.event for price in listed]
        twice = {event for event in events if events.count(event) > 1}
        if twice or FLOOR_EVENTS & set(events):
            raise PriceError(f"priced twice, or not to be priced: {sorted(twice | (FLOOR_EVENTS & set(events)))}")
        used = {id for price in listed for id in price.record_ids()}
        used |= names(content, ("temperature", "node_overhead", "pue", "area"), where)
        if "digital" in content:
            content["digital"] = Digital(**table(content["digital"], f"{where}: digital"))
            used.add(content["digital"].cycle)
        for work in workloads:
            used |= {id for id in (work.efficiency, work.throughput, *work.groups.values()) if id}
        chosen = {id: get(id, records) for id in sorted(used)}
        prices = {price.event: price for price in listed}
        return Chip(**content, prices=prices, records=chosen, workloads=workloads, parts=parts)
    except TypeError as error:
        raise PriceError(f"{where}: {explain(error)}") from error
    except RevpathError as error:
        said = explain(error)
        raise type(error)(said if said.startswith(f"{where}: ") else f"{where}: {said}") from error


def _extended(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The content with ``extends = "another shipped chip"`` resolved: its prices, except those that are given anew."""
    content = table(content, where)
    base = content.pop("extends", None)
    if base is None:
        return content
    if base not in chip_names():
        raise unknown(f"{where}: extends", base, chip_names())
    below = _extended(read_toml(files("revpath.energy_models.chips") / f"{base}.toml"), f"chip {base!r}")
    own = tables(content, "price", where)
    anew = {str(each.get("event")) for each in own}
    inherited = [each for each in below["price"] if each.get("event") not in anew]
    kept = {
        k: v for k, v in below.items() if k in ("kind", "node_nm", "temperature", "node_overhead", "pue", "digital")
    }
    return {**kept, **content, "price": [*inherited, *own]}


def _with_estimates(content: Mapping[str, Any], records: dict[str, Record]) -> dict[str, Any]:
    """A price with every ``component = ...`` in its terms and table replaced by the record that the component estimates."""
    where = f"price of {shown(content.get('event'))}"
    price = dict(content)
    if "terms" in price:
        price["terms"] = [
            {"records": [_estimate(term, records, where), *term.get("records", [])], "times": term.get("times", 1)}
            if "component" in term
            else term
            for term in tables(price, "terms", where)
        ]
    if "table" in price:
        price["table"] = [
            {"record": _estimate(point, records, where), "at": point.get("at")} if "component" in point else point
            for point in tables(price, "table", where)
        ]
    return price


_BESIDE = ("times", "at", "records")  # what a term or a point says beside its component and drivers


def _estimate(entry: Mapping[str, Any], records: dict[str, Record], where: str) -> str:
    """Id of the record that the component of a term or a point estimates, now among `records`."""
    record, _ = estimated({k: v for k, v in entry.items() if k not in _BESIDE}, where)
    records[record.id] = record
    return record.id


def chip_names() -> list[str]:
    """The chips that come with revpath."""
    return sorted(
        f.name.removesuffix(".toml") for f in files("revpath.energy_models.chips").iterdir() if f.name.endswith(".toml")
    )


def load_chip(name: ChipOrName) -> Chip:
    """A chip by its name, or from a file.

    Parameters
    ----------
    name : str, Path or Chip
        One of `chip_names`, the path of a TOML file (its suffix is ``.toml``), or a chip, which is returned.

    Returns
    -------
    Chip
        Frozen and validated.

    Raises
    ------
    UnknownName
        No such chip; lists those there are.
    RecordError, PriceError, UnitError
        The file is malformed.

    Examples
    --------
    >>> load_chip("reram-32nm").node_nm
    32.0
    """
    if isinstance(name, Chip):
        return name
    if isinstance(name, str | Path) and Path(name).suffix == ".toml":
        return read_chip(read_toml(Path(name)), Path(name).name)
    if not isinstance(name, str) or name not in chip_names():
        raise unknown("chip", name, chip_names())
    return _shipped(name)


@cache
def _shipped(name: str) -> Chip:
    """A shipped chip, parsed once: its file does not change while we run, and a chip is frozen."""
    return read_chip(read_toml(files("revpath.energy_models.chips") / f"{name}.toml"), f"chip {name!r}")
