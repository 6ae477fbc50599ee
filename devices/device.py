"""One memory cell as data: what a paper says of it, number by number, each with its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .base.errors import RecordError, RevpathError, UnitError, explain, unknown
from .base.record import Record, Source, read_record, read_sources, read_toml
from .laws import Drift, NoDrift, NoProgrammingNoise, NoReadNoise, Programming, ReadNoise, Window
from .laws.fields import Law, Unit
from .laws.sections import Endurance, Pulse, Retention, Yields
from .response import NoResponse, Response

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME = r"^[a-z0-9][a-z0-9-]*$"


class Device(BaseModel):
    """A memory cell: frozen and validated; numbers are SI floats, `records` says where each comes from.

    Attributes
    ----------
    name, title: how the library calls it, and what it is.
    window, programming, read_noise, drift, response: its laws. One that is not given is not known, and simulated as none.
    pulse, yields, endurance, retention: what is known of them; None for what is not.
    records: record by ``section.field`` (``section.field.k`` for the k-th number of a list); one set by hand has none.
    unknowns: what is not known, as ``section`` or ``section.field``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str = Field(pattern=_NAME)
    title: str
    window: Window
    programming: Programming = NoProgrammingNoise()
    read_noise: ReadNoise = NoReadNoise()
    drift: Drift = NoDrift()
    response: Response = NoResponse()
    pulse: Pulse = Pulse()
    yields: Yields = Yields()
    endurance: Endurance = Endurance()
    retention: Retention = Retention()
    records: Mapping[str, Record] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _programming_was_fitted_here(self) -> Device:
        low, high = getattr(self.programming, "domain", (self.window.g_min, self.window.g_max))
        if self.window.g_min < low * (1 - 1e-9) or self.window.g_max > high * (1 + 1e-9):
            raise ValueError(
                f"window = {self.window.g_min:g} to {self.window.g_max:g} S must lie in the {low:g} to {high:g} S for which "
                "the programming noise was fitted"
            )
        return self

    @classmethod
    def from_traces(cls, traces: Any, **options: Any) -> Device:
        """A device fitted to measured pulse traces: `revpath.devices.fit_traces(traces, **options).device`."""
        from .traces.fit import fit_traces

        return fit_traces(traces, **options).device

    @property
    def sources(self) -> dict[str, Source]:
        """The papers that its numbers come from, by citation key."""
        return {r.source.key: r.source for r in self.records.values()}

    @property
    def numbers(self) -> dict[str, float]:
        """Every number that is known, in SI units, by the name of its record."""
        found: dict[str, float] = {}
        for section in _SECTIONS:
            law = getattr(self, section)
            for field in _number_fields(type(law)):
                value = getattr(law, field)
                if isinstance(value, tuple):
                    found |= {f"{section}.{field}.{k}": number for k, number in enumerate(value)}
                elif value is not None:
                    found[f"{section}.{field}"] = value
        return found

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What is not known of this device: whole sections that nobody gave, and numbers of the others that are None."""
        found: list[str] = []
        for section in _SECTIONS:
            law = getattr(self, section)
            fields = list(_number_fields(type(law)))
            missing = [field for field in fields if getattr(law, field) is None]
            if (
                isinstance(law, NoResponse)
                or (not fields and section not in self.model_fields_set)
                or (fields and missing == fields)
            ):
                found.append(section)
            else:
                found.extend(f"{section}.{field}" for field in missing)
        return tuple(found)

    def unit_of(self, path: str) -> str | None:
        """The SI unit of a number, addressed as ``section.field``; None for a choice, such as ``law``.

        Raises
        ------
        UnknownName: no such section or field.
        """
        section, _, field = path.partition(".")
        law = getattr(self, section, None) if section in _SECTIONS else None
        if law is None or field not in type(law).model_fields:
            content = {name: getattr(self, name) for name in _SECTIONS}
            raise unknown("device parameter", path, [name.replace("__", ".") for name in _numbers(content)])
        return _number_fields(type(law)).get(field)

    def plot(self, axes: Axes | None = None) -> Axes:
        """The device on one card: its response, noises, drift and key numbers; what is not known is said so.

        Parameters
        ----------
        axes: where to draw (a place for the whole card: it is divided); a new figure if None. `axes.figure` is the figure.
        """
        from .figures.card import card

        return card(self, axes)

    def replaced(self, **changes: float) -> Device:
        """A copy with numbers changed, addressed as ``section__field=value``: the way to sweep a parameter.

        The record of a changed number is dropped (its source does not say the new value).

        Raises
        ------
        RevpathError: no such section or field, or a value that the law does not allow; names all three.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        given = {"name", "title", "window", *self.model_fields_set}
        records = dict(self.records)
        for path, value in changes.items():
            section, _, field = path.partition("__")
            law = content.get(section)
            if not isinstance(law, Law) or field == "law" or field not in type(law).model_fields:
                raise unknown("device parameter", path, _numbers(content))
            try:
                content[section] = type(law)(**{**law.model_dump(), field: value})
            except ValidationError as error:
                raise RevpathError(f"device {self.name!r}: {section}.{explain(error)}") from error
            given.add(section)
            own = f"{section}.{field}"
            records = {key: record for key, record in records.items() if key != own and not key.startswith(f"{own}.")}
        kept: dict[str, Any] = {key: value for key, value in content.items() if key in given}
        try:
            return Device(**{**kept, "records": records})
        except ValidationError as error:
            raise RevpathError(f"device {self.name!r}: {explain(error)}") from error


def _numbers(content: Mapping[str, Any]) -> list[str]:
    """What `Device.replaced` can change, as it wants it named."""
    laws = {section: type(law) for section, law in content.items() if isinstance(law, Law)}
    return [f"{section}__{field}" for section, law in laws.items() for field in law.model_fields if field != "law"]


_SECTIONS = {name: field for name, field in Device.model_fields.items() if name not in ("name", "title", "records")}


def read_device(path) -> Device:
    """A device from its TOML file (path or package resource).

    The file has ``name``, ``title``, ``[sources.KEY]``, optional ``[defaults]`` for record fields, and one table per
    section whose entries are records: ``[window.g_max]`` with ``value``, ``unit``, ``source`` and so on.

    Raises
    ------
    RecordError: names file, section and field of what is missing, malformed, unsourced or of the wrong unit.
    """
    content = read_toml(path)
    where = getattr(path, "name", str(path))
    schema = content.pop("schema", None)
    if schema != 1:
        raise RecordError(f"{where}: schema = {schema!r} must be 1")
    sources = read_sources(content.pop("sources", {}), where)
    defaults = content.pop("defaults", {})
    fields: dict[str, Any] = {key: content.pop(key) for key in ("name", "title") if key in content}
    name = fields.get("name")
    if not isinstance(name, str) or not re.match(_NAME, name):
        raise RecordError(f"{where}: name = {name!r} must be lower-case letters, digits and hyphens")
    records: dict[str, Record] = {}
    for section, table in {"defaults": defaults, **content}.items():
        if section != "defaults" and section not in _SECTIONS:
            raise RecordError(f"{where}: [{section}] is not one of {sorted(_SECTIONS)}")
        if not isinstance(table, Mapping):
            raise RecordError(f"{where}: {section} = {table!r} must be a table")
    for section, table in content.items():
        values: dict[str, Any] = {}
        for field, entry in table.items():
            if not isinstance(entry, Mapping):
                values[field] = entry  # `law = "..."`; anything else the law itself refuses
                continue
            values[field] = _read_numbers(f"{section}.{field}", {**defaults, **entry}, name, sources, where, records)
        fields[section] = _to_si(section, values, where)
    try:
        return Device(**fields, records=records)
    except ValidationError as error:
        raise RecordError(f"{where}: {explain(error)}") from error


def _read_numbers(
    path: str, entry: dict[str, Any], name: str, sources: Mapping[str, Source], where: str, records: dict[str, Record]
) -> Record | tuple[Record, ...]:
    """The record of a number, or those of a list of numbers that share all but the value; also put into `records`."""
    numbers = entry.get("value")
    if not isinstance(numbers, list):
        records[path] = read_record({**entry, "id": f"{name}.{path}"}, sources, where)
        return records[path]
    if "derivation" in entry:
        raise RecordError(f"{where}: {path}: a list of numbers cannot have one derivation")
    for k, number in enumerate(numbers):
        records[f"{path}.{k}"] = read_record({**entry, "value": number, "id": f"{name}.{path}.{k}"}, sources, where)
    return tuple(records[f"{path}.{k}"] for k in range(len(numbers)))


def _to_si(section: str, values: dict[str, Any], where: str) -> dict[str, Any]:
    """Record values in the units that the fields of their law declare."""
    law = _law_class(section, values.get("law"), where)
    out: dict[str, Any] = {}
    for field, value in values.items():
        if field not in law.model_fields:
            raise RecordError(f"{where}: [{section}] has no field {field!r}; it has {sorted(law.model_fields)}")
        unit = _number_fields(law).get(field)
        if not isinstance(value, Record | tuple):
            if unit is not None:
                raise RecordError(f"{where}: [{section}] {field} = {value!r} must be a record with unit and source")
            out[field] = value  # a choice, such as `law`; the law itself refuses what it does not know
            continue
        if unit is None:
            raise RecordError(f"{where}: [{section}] {field} holds no number")
        try:
            out[field] = tuple(r.to(unit) for r in value) if isinstance(value, tuple) else value.to(unit)
        except UnitError as error:
            raise RecordError(f"{where}: {error}") from error
    return out


def _law_class(section: str, law: object, where: str) -> type[Law]:
    annotation = _SECTIONS[section].annotation
    options = [a for a in (get_args(annotation) or (annotation,)) if isinstance(a, type) and issubclass(a, Law)]
    if len(options) == 1 and law is None:
        return options[0]
    named = {option.model_fields["law"].default: option for option in options if "law" in option.model_fields}
    if not isinstance(law, str) or law not in named:
        raise RecordError(f"{where}: [{section}] law = {law!r} is not one of {sorted(named)}")
    return named[law]


def _number_fields(law: type[Law]) -> dict[str, str]:
    """Fields of a law that hold numbers, with the unit of each; the others are choices, such as ``law``.

    The unit may be inside an optional type or a list (``Volts | None``, ``tuple[Siemens, ...]``).
    """
    found = {}
    for field, info in law.model_fields.items():
        inner = [m for part in get_args(info.annotation) for m in getattr(part, "__metadata__", ())]
        unit = next((m for m in (*info.metadata, *inner) if isinstance(m, Unit)), None)
        if unit is not None:
            found[field] = unit.name
    return found
