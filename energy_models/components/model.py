"""Component models: a part's energy, area and time as functions of what really drives them, inside a stated range.

A component is a ``[[component]]`` table of ``library/components.toml``: a law (component_laws.py), the records it reads
by role, and for each driver the range in which it may be believed. Outside it the answer is an error that names the
driver. An estimate becomes a `Record` like any other, so that bills cite, draw and mistrust it by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from numbers import Real
from statistics import NormalDist
from types import MappingProxyType
from typing import Any

from pydantic import Field, model_validator

from ...devices.base.errors import RecordError, RevpathError, explain, shown, unknown
from ...devices.base.record import Evidence, Lognormal, ReadIn, Record, Source, parse_unit, read_toml
from ..errors import PriceError
from ..fields import Described, number, table
from ..records import get
from . import memory as memory  # its laws register themselves
from .laws import LAWS, Law, Parts

_FILE = "components.toml"


class Component(Described):
    """A model of one kind of part.

    Attributes
    ----------
    name, law : str
        its name (``adc.survey``) and the law in component_laws.py.
    unit : str
        of what it estimates.
    why : str
        what it stands on, and what it leaves out.
    records : mapping of str to str
        role in the law -> id of the record.
    drivers : Mapping[str, tuple[float, float]]
        name -> least and greatest value in which it may be believed.
    defaults : mapping of str to float
        drivers that need not be given.
    structure : mapping of str to float
        numbers of structure that the law reads, such as an exponent.
    errs_with : str
        name that components share whose errors are one, such as all that a tool says of one memory; its own unless
        given.
    spread : str
        id of the record whose lognormal spread is that of the model about real parts.
    free : Mapping[str, tuple[float, float]]
        drivers that publications rarely give -> factors of the least and greatest value about the one that is given,
        which widen the estimate unless a chip states an interval of its own (`Guess`).
    assumed : bool
        the structure of the law is our guess.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    law: str
    unit: str
    why: str = Field(min_length=10)
    records: Mapping[str, str] = Field(default_factory=dict)
    drivers: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    defaults: Mapping[str, float] = Field(default_factory=dict)
    structure: Mapping[str, float] = Field(default_factory=dict)
    spread: str
    errs_with: str = ""
    free: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    assumed: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Component:
        if self.law not in LAWS:
            raise unknown(f"component {self.name!r}: law", self.law, LAWS)
        parse_unit(self.unit)
        for id in (*self.records.values(), self.spread):
            get(id)
        if get(self.spread).uncertainty.kind != "lognormal":
            raise ValueError(f"{self.name}: spread {self.spread!r} must be a record with a lognormal uncertainty")
        for driver, (low, high) in self.drivers.items():
            if not low <= high:
                raise ValueError(f"{self.name}: the range of driver {driver!r} must rise, {low:g} to {high:g}")
        for driver in self.defaults:
            if driver not in self.drivers:
                raise ValueError(f"{self.name}: default of {driver!r}, which is no driver")
        for driver, (least, most) in self.free.items():
            if driver not in self.drivers or not 0 < least <= 1 <= most:
                raise ValueError(
                    f"{self.name}: free = {{{driver} = [{least:g}, {most:g}]}} must be factors about 1 of a driver"
                )
        return self

    def estimate(self, **drivers: float | Guess) -> Estimate:
        """What the model says. A driver that is a `Guess` widens the estimate, as one of `free` does that is a number.

        Raises
        ------
        PriceError
            a driver is missing, unknown, not a number, or outside its range; names it and the range.
        """
        stated: dict[str, float | Guess] = {**self.defaults, **drivers}
        given = {name: d.value if isinstance(d, Guess) else d for name, d in stated.items()}
        for name in given:
            if name not in self.drivers:
                raise unknown(f"component {self.name!r}: driver", name, self.drivers)
        for name, (low, high) in self.drivers.items():
            if name not in given:
                raise PriceError(f"component {self.name!r}: driver {name!r} is missing ({low:g} to {high:g})")
            value = given[name]
            if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
                raise PriceError(
                    f"component {self.name!r}: driver {name} = {shown(value)} is outside its valid range, {low:g} to {high:g}"
                )
        parts = Parts({role: get(id) for role, id in self.records.items()}, self.structure)
        result = LAWS[self.law](parts, given)
        intervals = {name: interval for name, d in stated.items() if (interval := self._interval(name, d))}
        widths = {name: _width(LAWS[self.law], parts, given, name, ends) for name, ends in intervals.items()}
        guesses = {name: intervals[name] for name, width in widths.items() if width > 0}
        return Estimate(
            self,
            MappingProxyType(given),
            result.value,
            result.area_mm2,
            result.seconds,
            guesses,
            math.hypot(*widths.values()),
        )

    def _interval(self, name: str, stated: float | Guess) -> tuple[float, float] | None:
        """Between which values a driver is guessed, inside its valid range; None where it is known."""
        least, most = self.drivers[name]
        if isinstance(stated, Guess):
            if not least <= stated.low <= stated.value <= stated.high <= most:
                raise PriceError(
                    f"component {self.name!r}: driver {name}: low = {stated.low:g}, value = {stated.value:g}, high = "
                    f"{stated.high:g} must rise inside its valid range, {least:g} to {most:g}"
                )
            return None if stated.low == stated.high else (stated.low, stated.high)
        if name not in self.free:
            return None
        down, up = self.free[name]
        return max(least, stated * down), min(most, stated * up)


@dataclass(frozen=True)
class Guess:
    """A driver that nobody published: the value that is used, and the central 90 % of what it may be.

    In a chip's file: ``step_s = { value = 1e-9, low = 1e-9, high = 5e-9 }``; three equal numbers say that it is known.
    """

    value: float
    low: float
    high: float


def _width(law: Law, parts: Parts, given: Mapping[str, float], name: str, ends: tuple[float, float]) -> float:
    """Standard deviation of the logarithm of the estimate while one driver goes through its central 90 %, others fixed.

    An end at which the law refuses (a line that cannot settle) is left out: that value is not possible.
    """
    values = []
    for end in (ends[0], given[name], ends[1]):
        with suppress(PriceError):
            values.append(law(parts, {**given, name: end}).value)
    return math.log(max(values) / min(values)) / _CENTRAL


_CENTRAL = 2 * NormalDist().inv_cdf(0.95)  # standard deviations of the central 90 %


@dataclass(frozen=True, eq=False)
class Estimate:
    """A component at given drivers: `value` in the component's unit, area in mm^2, seconds of one use (None: unknown).

    Attributes
    ----------
    guesses : Mapping[str, tuple[float, float]]
        drivers that are guessed, with their central 90 %.
    sigma_ln : float
        what the guesses add to the model's spread.
    """

    component: Component
    drivers: Mapping[str, float]
    value: float
    area_mm2: float | None
    seconds: float | None
    guesses: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sigma_ln: float = 0.0

    @property
    def sources(self) -> tuple[Record, ...]:
        """The records it was computed from, and the one that says how far to trust it."""
        ids = dict.fromkeys((*self.component.records.values(), self.component.spread))
        return tuple(get(id) for id in ids)

    def record(self) -> Record:
        """The estimate as a record: as uncertain as its model, as well read as the worst of its records.

        It is `assumed` where the model's structure or a record that it reads is; the spread's own record does not count.
        """
        read = [get(id) for id in dict.fromkeys(self.component.records.values())]
        guessed = self.component.assumed or bool(self.guesses) or any(r.evidence is Evidence.ASSUMED for r in read)
        ways = [r.read_in for r in read] or [ReadIn.MEMORY if guessed else ReadIn.SECONDARY]
        worst = max(ways, key=list(ReadIn).index)
        spread = get(self.component.spread).uncertainty
        if self.sigma_ln and isinstance(spread, Lognormal):
            spread = Lognormal(kind="lognormal", sigma_ln=math.hypot(spread.sigma_ln, self.sigma_ln))
        citation = "; ".join(dict.fromkeys(r.source.citation for r in read)) or self.component.why
        drivers = ".".join(f"{k}_{v:.10g}" for k, v in sorted(self.drivers.items()))
        marks = f".guessed_{self.sigma_ln:.3g}" if self.sigma_ln else ""
        id = f"model.{self.component.name}.{drivers}{marks}".lower().replace("+", "").rstrip(".")
        return Record(
            id=id,
            value=self.value,
            unit=self.component.unit,
            uncertainty=spread,
            evidence=Evidence.ASSUMED if guessed else Evidence.SIMULATED,
            source=Source(key=f"model.{self.component.errs_with or self.component.name}", citation=citation),
            read_in=worst,
            boundary="component",
            conditions={**self.drivers, **({"guessed": guessed} if (guessed := self._guessed()) else {})},
            locator=f"component model {self.component.name!r} ({self.component.law})",
            note=self.component.why,
        )

    def _guessed(self) -> str:
        """The drivers that are guessed, each with its central 90 %; "" where none is."""
        each = [f"{name} = {self.drivers[name]:g} ({low:g} to {high:g})" for name, (low, high) in self.guesses.items()]
        return ", ".join(each)


@cache
def components() -> Mapping[str, Component]:
    """All component models by name.

    Raises
    ------
    RecordError
        the file of components is malformed or gives a name twice.
    """
    known: dict[str, Component] = {}
    for content in read_toml(files("revpath.energy_models.library") / _FILE).get("component", []):
        try:
            model = Component(**content)
        except (TypeError, ValueError) as error:
            raise RecordError(f"{_FILE}: component {content.get('name', '(no name)')!r}: {explain(error)}") from error
        if model.name in known:
            raise RecordError(f"{_FILE}: component {model.name!r} stands twice")
        known[model.name] = model
    return MappingProxyType(known)


def component(name: str) -> Component:
    """A component model by name; UnknownName lists the known ones."""
    if name not in components():
        raise unknown("component", name, components())
    return components()[name]


def component_names() -> list[str]:
    """The component models that come with revpath."""
    return sorted(components())


def estimated(content: Any, where: str) -> tuple[Record, float]:
    """The record and the multiple that a component in a price stands for: ``{ component = "adc.survey", enob = 7 }``.

    Raises
    ------
    PriceError, UnknownName
        naming the place, the component or the driver.
    """
    given = table(content, where)
    if "component" not in given:
        raise PriceError(f"{where}: {shown(content)} must be a table with a component")
    drivers = {
        key: _guess(value, f"{where}: {key}") if isinstance(value, Mapping) else value
        for key, value in given.items()
        if key not in ("component", "times")
    }
    times = number(given.get("times", 1), f"{where}: times")
    try:
        return component(str(given["component"])).estimate(**drivers).record(), times
    except RevpathError as error:
        raise type(error)(f"{where}: {error}") from error


def _guess(content: Any, where: str) -> Guess:
    """A driver's table of value, low and high."""
    given = table(content, where)
    if set(given) != {"value", "low", "high"}:
        raise PriceError(f"{where} = {shown(content)} must have value, low and high, or be a number")
    return Guess(*(number(given[name], f"{where}: {name}") for name in ("value", "low", "high")))
