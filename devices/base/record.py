"""A number is a record: value, unit, uncertainty, evidence and source, read from TOML and validated.

The record type lives in the lowest room because both device parameters and energy prices are records;
`revpath.energy_models` re-exports it. Nothing here knows what a number is used for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from .derivation import evaluate_derivation
from .errors import RecordError, RevpathError, UnitError, explain, shown
from .frozen import Frozen
from .plausible import refuse_absurd
from .reading import read_toml
from .units import conversion_factor, parse_unit

__all__ = [
    "Evidence",
    "Exact",
    "Lognormal",
    "Normal",
    "ReadIn",
    "Record",
    "Source",
    "Uncertainty",
    "Uniform",
    "Unstated",
    "evaluate_derivation",
    "load_records",
    "parse_unit",
    "read_record",
    "read_sources",
    "read_toml",
]


class Evidence(StrEnum):
    """How a number came to be known, from the strongest to the weakest."""

    EXACT = "exact"  # a definition, such as the Boltzmann constant in SI
    MEASURED = "measured"
    POST_LAYOUT = "post-layout"
    SIMULATED = "simulated"
    PROJECTED = "projected"
    ASSUMED = "assumed"


class ReadIn(StrEnum):
    """Where we read the number: the source itself, a page that quotes it, or nowhere we can point at."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    MEMORY = "memory"


_ROUNDED = 5e-3  # how far a printed value may be from the arithmetic that gave it


class _Description(Frozen):
    refusal: ClassVar[type[RevpathError]] = RecordError


class Exact(_Description):
    """A definition, or a designed value."""

    kind: Literal["exact"] = "exact"


class Unstated(_Description):
    """The source gives no interval. How far the value may be off is not known; it is taken as it stands."""

    kind: Literal["unstated"] = "unstated"


class Normal(_Description):
    """Standard deviation `sigma`, in the unit of the value."""

    kind: Literal["normal"] = "normal"
    sigma: float = Field(gt=0)


class Lognormal(_Description):
    """The value is the median; `sigma_ln` is the standard deviation of its logarithm."""

    kind: Literal["lognormal"] = "lognormal"
    sigma_ln: float = Field(gt=0, le=5)


class Uniform(_Description):
    """Equally likely between `low` and `high`, in the unit of the value."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} must be below high = {self.high}")
        return self


Uncertainty = Annotated[Exact | Unstated | Normal | Lognormal | Uniform, Field(discriminator="kind")]


class Source(_Description):
    """What a reader can look up. `key` is the citation key used by records."""

    key: str = Field(min_length=3)
    citation: str = Field(min_length=10)
    url: str = Field(default="", pattern=r"^$|^https?://|^doi:")


class Record(_Description):
    """One number with everything a reader needs in order to believe or doubt it.

    Attributes
    ----------
    id : str
        dotted name, unique in a library, such as ``adc.kull2013.energy``.
    value, unit : float, str
        the number and its unit, parsed by pint (with ``conversion``, ``flop``, ``pulse``, ``op``, ``bit``, ``byte`` as
        dimensions of their own, so that J/pulse never stands in for J/conversion).
    uncertainty : Uncertainty
        exact (only for definitions and designed values), unstated (of a published fit without an interval), normal,
        lognormal or uniform.
    evidence : Evidence
        see `Evidence`. ``assumed`` is allowed, and reports print it loudly.
    read_in : ReadIn
        see `ReadIn`.
    boundary
        what the number encloses (device, component, array, macro, chip, node, facility).
    conditions : mapping of str to float or int or str
        the circumstances it holds under.
    derivation : str
        an arithmetic expression that gives the value within half a percent; files are held to it.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    value: float = Field(strict=True)  # "3" and true are mistakes, not numbers
    unit: str
    uncertainty: Uncertainty
    evidence: Evidence
    source: Source
    read_in: ReadIn
    boundary: Literal["device", "component", "array", "macro", "chip", "node", "facility", "run", "none"] = "none"
    conditions: Mapping[str, float | int | str] = Field(default_factory=dict)
    locator: str = ""
    derivation: str = ""
    note: str = ""

    @field_validator("unit")
    @classmethod
    def _unit_parses(cls, unit: str) -> str:
        try:
            parse_unit(unit)
        except UnitError as error:
            raise ValueError(f"not a unit that can be read: {str(error).split(': ', 1)[-1]}") from error
        return unit

    @model_validator(mode="after")
    def _assumptions_are_uncertain(self) -> Record:
        if self.evidence is Evidence.ASSUMED and not self.spreads:
            raise ValueError(f"an assumed value cannot be {self.uncertainty.kind}: give its uncertainty")
        if self.uncertainty.kind == "lognormal" and self.value <= 0:
            raise ValueError(f"value = {self.value} must be positive for a lognormal uncertainty")
        if self.uncertainty.kind == "uniform" and not self.uncertainty.low <= self.value <= self.uncertainty.high:
            raise ValueError(f"value = {self.value} lies outside [{self.uncertainty.low}, {self.uncertainty.high}]")
        return self

    @property
    def spreads(self) -> bool:
        """Whether an interval is given around the value."""
        return self.uncertainty.kind not in ("exact", "unstated")

    @property
    def shaky(self) -> bool:
        """True where the number is assumed or was read nowhere that we can point at."""
        return self.evidence is Evidence.ASSUMED or self.read_in is ReadIn.MEMORY

    def __repr__(self) -> str:
        return f"Record({self.id} = {self.value:.4g} {self.unit}, {self.evidence}, {self.source.key})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from .html import html_table

        rows = {
            "value": f"{self.value:.6g} {self.unit}",
            "evidence": f"{self.evidence}, read in {self.read_in}",
            "source": self.source.citation,
            "locator": self.locator,
            "note": self.note,
        }
        return html_table(self.id, (), [(name, text) for name, text in rows.items() if text])

    def to(self, unit: str) -> float:
        """The value in `unit`.

        Raises
        ------
        UnitError
            `unit` has another dimension; names the record, its unit and the wanted one.
        """
        return self.value * self.factor(unit)

    def factor(self, unit: str) -> float:
        """What one of this record's units is in `unit` (units here are multiplicative: no degrees Celsius)."""
        try:
            return conversion_factor(self.unit, unit)
        except UnitError:
            raise UnitError(f"record {self.id!r}: unit {self.unit!r} cannot be read as {unit!r}") from None


def read_sources(tables: Mapping[str, Any], where: str) -> dict[str, Source]:
    """The ``[sources.KEY]`` tables of a file."""
    if not isinstance(tables, Mapping) or not tables:
        raise RecordError(f"{where}: [sources] is missing: every number needs a source")
    try:
        return {key: Source(key=key, **table) for key, table in tables.items()}
    except (RevpathError, TypeError) as error:
        raise RecordError(f"{where}: [sources]: {explain(error)}") from error


def read_record(table: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> Record:
    """One record from its table; ``source`` there is a key of `sources`."""
    if not isinstance(table, Mapping):
        raise RecordError(f"{where}: record = {shown(table)} must be a table")
    name, key = shown(table.get("id", "(no id)")), table.get("source")
    if not isinstance(key, str) or key not in sources:
        raise RecordError(f"{where}: record {name}: source = {shown(key)} is not one of {sorted(sources)}")
    try:
        record = Record(**{**table, "source": sources[key]})
        _check_derivation(record)
        _check_size(record)
    except (RevpathError, TypeError) as error:
        raise RecordError(f"{where}: record {name}: {explain(error)}") from error
    return record


def _check_derivation(record: Record) -> None:
    """RecordError where the arithmetic does not give the value; here, since a record may be varied once it is read."""
    if not record.derivation:
        return
    derived = evaluate_derivation(record.derivation)
    if not math.isclose(derived, record.value, rel_tol=_ROUNDED):
        raise RecordError(f"value = {record.value:g}, but its derivation {record.derivation!r} gives {derived:g}")


def _check_size(record: Record) -> None:
    """RecordError where the value or its interval is nothing that exists; here, as `_check_derivation`."""
    refuse_absurd(record.value, record.unit, "value")
    if record.uncertainty.kind == "uniform":
        refuse_absurd(record.uncertainty.low, record.unit, "uncertainty.low")
        refuse_absurd(record.uncertainty.high, record.unit, "uncertainty.high")


def load_records(path: Path | Traversable) -> dict[str, Record]:
    """All ``[[record]]`` tables of one TOML file, by id.

    Raises
    ------
    RecordError
        the file is no TOML, a record lacks a field or a source, its unit does not parse, an id stands twice.
    """
    content = read_toml(path)
    where = Path(str(path)).name
    sources = read_sources(content.get("sources", {}), where)
    records: dict[str, Record] = {}
    tables = content.get("record", [])
    if not isinstance(tables, list):
        raise RecordError(f"{where}: record = {shown(tables)} must be [[record]] tables")
    for table in tables:
        record = read_record(table, sources, where)
        if record.id in records:
            raise RecordError(f"{where}: record {record.id!r} stands twice")
        records[record.id] = record
    if not records:
        raise RecordError(f"{where}: holds no [[record]]")
    return records
