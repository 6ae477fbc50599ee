"""One memory cell as data: what a paper says of it, number by number, each with its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import RecordError, RevpathError, UnitError, explain, unknown
from .laws import (
    Drift,
    Joules,
    Law,
    NoDrift,
    NoProgrammingNoise,
    NoReadNoise,
    Programming,
    ReadNoise,
    Seconds,
    Unit,
    Volts,
    Window,
)
from .record import Record, Source, read_record, read_sources, read_toml
from .response import NoResponse, Response

_NAME = r"^[a-z0-9][a-z0-9-]*$"


class Pulse(Law):
    """One programming pulse. What is not known is None, and cannot be priced."""

    voltage: Volts | None = Field(default=None, gt=0)
    duration: Seconds | None = Field(default=None, gt=0)
    energy_up: Joules | None = Field(default=None, ge=0)
    energy_down: Joules | None = Field(default=None, ge=0)


class Device(BaseModel):
    """A memory cell: frozen and validated; numbers are SI floats, `records` says where each comes from.

    Attributes
    ----------
    name, title: how the library calls it, and what it is.
    window, programming, read_noise, drift, response, pulse: its laws; ``none`` or ``unknown`` where there is none.
    records: record by ``section.field``; a field set by hand has none.
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
    records: Mapping[str, Record] = Field(default_factory=dict)

    @property
    def sources(self) -> dict[str, Source]:
        """The papers that its numbers come from, by citation key."""
        return {r.source.key: r.source for r in self.records.values()}

    def replaced(self, **changes: float) -> Device:
        """A copy with numbers changed, addressed as ``section__field=value``: the way to sweep a parameter.

        The record of a changed number is dropped (its source does not say the new value).

        Raises
        ------
        RevpathError: no such section or field, or a value that the law does not allow; names all three.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
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
            records.pop(f"{section}.{field}", None)
        return Device(**{**content, "records": records})


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
            record = read_record({**defaults, **entry, "id": f"{name}.{section}.{field}"}, sources, where)
            records[f"{section}.{field}"] = record
            values[field] = record
        fields[section] = _to_si(section, values, where)
    try:
        return Device(**fields, records=records)
    except ValidationError as error:
        raise RecordError(f"{where}: {explain(error)}") from error


def _to_si(section: str, values: dict[str, Any], where: str) -> dict[str, Any]:
    """Record values in the units that the fields of their law declare."""
    law = _law_class(section, values.get("law"), where)
    out: dict[str, Any] = {}
    for field, value in values.items():
        if field not in law.model_fields:
            raise RecordError(f"{where}: [{section}] has no field {field!r}; it has {sorted(law.model_fields)}")
        if not isinstance(value, Record):
            if field != "law":
                raise RecordError(f"{where}: [{section}] {field} = {value!r} must be a record with unit and source")
            out[field] = value
            continue
        unit = next((m for m in _metadata(law, field) if isinstance(m, Unit)), None)
        if unit is None:
            raise RecordError(f"{where}: [{section}] {field} holds no number")
        try:
            out[field] = value.to(unit.name)
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


def _metadata(law: type[Law], field: str) -> list[Any]:
    """Metadata of a field, also where its type is optional (``Volts | None`` keeps it inside the union)."""
    info = law.model_fields[field]
    inner = [m for part in get_args(info.annotation) for m in getattr(part, "__metadata__", ())]
    return [*info.metadata, *inner]
