"""A device as a TOML file, and back: the same device, number by number and record by record.

The file has ``schema = 1``, ``name``, ``title``, ``[sources.KEY]``, optional ``[defaults]`` for record fields, and one table
a section whose entries are records: ``[window.g_max]`` with ``value``, ``unit``, ``source`` and so on. A list of numbers is
one record with a list of values, or a list of records. Numbers that no source says (swept, or set in Python) stand apart, in
``[set_by_hand.SECTION]``, in SI units. ``variant_of`` says that the device has the name of one of the library on purpose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from .base.errors import RecordError, RevpathError, UnitError, explain, shown
from .base.files import write_whole
from .base.reading import read_toml
from .base.record import Record, Source, read_record, read_sources
from .device import NAME, SECTIONS, Device
from .laws.fields import Law, Variant

_BY_HAND = "set_by_hand"
_ROUNDED = 1e-9  # how far a record may be from the number that it is the record of


def read_device(path: str | PathLike[str] | Traversable) -> Device:
    """A device from its TOML file.

    Parameters
    ----------
    path : path or Traversable
        The file, or a resource of a package.

    Returns
    -------
    Device
        Frozen and validated; numbers in SI units.

    Raises
    ------
    RecordError
        Names file, section and field of what is missing, malformed, unsourced, absurd or of the wrong unit.
    """
    place = Path(path) if isinstance(path, str | PathLike) else path
    return device_from_table(read_toml(place), place.name)


def device_toml(device: Device, path: str | PathLike[str] | None = None, variant: bool = False) -> str:
    """The TOML text of a device, written to `path` where one is given; `read_device` gives an equal device.

    Parameters
    ----------
    device : Device
        Of the library, fitted, swept or made by hand.
    path : path, optional
        Where to write it; an existing file is replaced once the new one is complete.
    variant : bool
        Whether it has the name of a device of the library, and other numbers: the file then says so.

    Returns
    -------
    str
        The text.

    Raises
    ------
    RecordError
        A record says another number than the device has, or two sources share a key.
    RevpathError
        The file cannot be written.
    """
    import tomli_w

    table = device_table(device, variant)
    text = tomli_w.dumps(table, multiline_strings=False)
    if device_from_table(table, f"device {device.name!r}") != device:
        raise RecordError(
            f"device {device.name!r} cannot be written so that the same is read: it was built unvalidated"
        )
    if path is not None:
        write_whole(Path(path), text.encode())
    return text


# -- writing ------------------------------------------------------------------------------------------------------------


def device_table(device: Device, variant: bool = False) -> dict[str, Any]:
    """A device as what TOML can hold; `device_from_table` is the way back. Parameters and errors as of `device_toml`."""
    table: dict[str, Any] = {"schema": 1, "name": device.name, "title": device.title}
    if variant:
        table["variant_of"] = device.name
    table["sources"] = _sources_table(device)
    by_hand: dict[str, Any] = {}
    for section in SECTIONS:
        law = getattr(device, section)
        if section not in device.model_fields_set and law == SECTIONS[section].default:
            continue
        table[section], rest = _section_table(device, section, law)
        if rest:
            by_hand[section] = rest
    if by_hand:
        table[_BY_HAND] = by_hand
    if not table["sources"]:
        del table["sources"]
    return table


def _sources_table(device: Device) -> dict[str, Any]:
    table: dict[str, Source] = {}
    for record in device.records.values():
        source = table.setdefault(record.source.key, record.source)
        if source != record.source:
            raise RecordError(f"device {device.name!r}: two of its sources have the key {source.key!r}: rename one")
    return {key: source.model_dump(exclude={"key"}, exclude_defaults=True) for key, source in table.items()}


def _section_table(device: Device, section: str, law: Law) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is written of one section: records and choices, and numbers without a record."""
    units, table, by_hand = type(law).units(), {}, {}
    for field in type(law).model_fields:
        value, path = getattr(law, field), f"{section}.{field}"
        if field not in units:
            if value is not None and (field == "law" or value != type(law).model_fields[field].default):
                table[field] = value
        elif isinstance(value, tuple):
            entries = [_entry(device, f"{path}.{k}", x, units[field].name) for k, x in enumerate(value)]
            if entries and all(entries):
                table[field] = _joined(path, device.name, [entry for entry in entries if entry])
            elif any(entries):
                raise RecordError(
                    f"device {device.name!r}: only some numbers of {path} have a record: give all or none"
                )
            else:
                by_hand[field] = list(value)
        elif value is not None:
            entry = _entry(device, path, value, units[field].name)
            (by_hand if entry is None else table)[field] = value if entry is None else entry
    return table, by_hand


def _entry(device: Device, path: str, value: float, unit: str) -> dict[str, Any] | None:
    """The record of a number as a table, without what the reader adds; None where there is none."""
    record = device.records.get(path)
    if record is None:
        return None
    said = record.to(unit)
    if not math.isclose(said, value, rel_tol=_ROUNDED):
        raise RecordError(f"device {device.name!r}: {path} = {value:g} {unit}, but its record says {said:g}")
    if said != value:  # the last bits: the number of the device is what is simulated
        return None
    entry = record.model_dump(mode="json", exclude_defaults=True, exclude={"source", "uncertainty"})
    entry["source"], entry["uncertainty"] = record.source.key, record.uncertainty.model_dump()
    if record.id == f"{device.name}.{path}":
        del entry["id"]
    return entry


def _joined(path: str, name: str, entries: Sequence[dict[str, Any]]) -> Any:
    """Records of a list as one record with a list of values, where they share all else."""
    first = {key: value for key, value in entries[0].items() if key != "value"}
    alike = all({key: value for key, value in entry.items() if key != "value"} == first for entry in entries)
    if alike and not first.keys() & {"id", "derivation"}:
        return {"value": [entry["value"] for entry in entries], **first}
    return list(entries)


# -- reading ------------------------------------------------------------------------------------------------------------


def device_from_table(content: Mapping[str, Any], where: str) -> Device:
    """A device from the content of its file; raises as `read_device`, with `where` before each message."""
    content = dict(content)
    schema = content.pop("schema", None)
    if schema != 1:
        raise RecordError(f"{where}: schema = {shown(schema)} must be 1")
    content.pop("variant_of", None)
    by_hand, defaults = content.pop(_BY_HAND, {}), content.pop("defaults", {})
    fields: dict[str, Any] = {key: content.pop(key) for key in ("name", "title") if key in content}
    name = fields.get("name")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise RecordError(f"{where}: name = {shown(name)} must be lower-case letters, digits and hyphens")
    without_records = bool(by_hand) and "sources" not in content
    sources = {} if without_records else read_sources(content.pop("sources", {}), where)
    _check_tables({"defaults": defaults, _BY_HAND: by_hand, **content}, where)
    _check_tables({f"{_BY_HAND}.{section}": table for section, table in by_hand.items()}, where)
    records: dict[str, Record] = {}
    for section in {**content, **by_hand}:
        values: dict[str, Any] = {}
        for field, entry in content.get(section, {}).items():
            path = f"{section}.{field}"
            read = _read_entry(path, entry, defaults, name, sources, where)
            records |= read
            values[field] = entry if not read else read[path] if path in read else tuple(read.values())
        fields[section] = _to_si(section, values, by_hand.get(section, {}), where)
    try:
        return Device(**fields, records=records)
    except RevpathError as error:
        raise RecordError(f"{where}: {explain(error)}") from error


def _check_tables(tables: Mapping[str, Any], where: str) -> None:
    """RecordError for a section that there is not, or that is no table."""
    for name, table in tables.items():
        section = name.removeprefix(f"{_BY_HAND}.")
        if section not in ("defaults", _BY_HAND) and section not in SECTIONS:
            raise RecordError(f"{where}: [{name}] is not one of {sorted(SECTIONS)}")
        if not isinstance(table, Mapping):
            raise RecordError(f"{where}: {name} = {shown(table)} must be a table")


def _read_entry(
    path: str, entry: Any, defaults: Mapping[str, Any], name: str, sources: Mapping[str, Source], where: str
) -> dict[str, Record]:
    """The records of one field by name; none where it is a choice, such as ``law = "..."``, which the law judges."""
    if isinstance(entry, Mapping):
        table = {**defaults, **entry}
        numbers = table.get("value")
        if not isinstance(numbers, list):
            return {path: read_record({"id": f"{name}.{path}", **table}, sources, where)}
        for alone in ("derivation", "id"):
            if alone in entry:
                raise RecordError(f"{where}: {path}: a list of numbers cannot have one {alone}")
        tables = [{**table, "value": number} for number in numbers]
    elif isinstance(entry, list) and entry and all(isinstance(table, Mapping) for table in entry):
        tables = [{**defaults, **table} for table in entry]
    else:
        return {}
    return {
        f"{path}.{k}": read_record({"id": f"{name}.{path}.{k}", **table}, sources, where)
        for k, table in enumerate(tables)
    }


def _to_si(section: str, values: dict[str, Any], by_hand: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Record values in the units that the fields of their law declare, and numbers that were set by hand."""
    law = law_class(section, values.get("law"), where)
    units = {name: unit.name for name, unit in law.units().items()}
    out: dict[str, Any] = {}
    for field, value in values.items():
        unit = units.get(field)
        if field not in law.model_fields:
            raise RecordError(f"{where}: [{section}] has no field {field!r}; it has {sorted(law.model_fields)}")
        if not isinstance(value, Record | tuple):
            if unit is not None:
                raise RecordError(
                    f"{where}: [{section}] {field} = {shown(value)} must be a record with unit and source"
                )
            out[field] = value
            continue
        if unit is None:
            raise RecordError(f"{where}: [{section}] {field} holds no number")
        try:
            out[field] = tuple(r.to(unit) for r in value) if isinstance(value, tuple) else value.to(unit)
        except UnitError as error:
            raise RecordError(f"{where}: {error}") from error
    for field, value in by_hand.items():
        if field not in units or field in out:
            why = "has a record too" if field in out else f"is not one of {sorted(units)}"
            raise RecordError(f"{where}: [{_BY_HAND}.{section}] {field} {why}")
        out[field] = tuple(value) if isinstance(value, list) else value
    return out


def law_class(section: str, law: object, where: str) -> type[Law]:
    """The class of a section's law by its name; RecordError where there is none of it."""
    annotation = SECTIONS[section].annotation
    if isinstance(annotation, type) and issubclass(annotation, Variant):
        return annotation.variants[annotation.named(law, f"{where}: [{section}]")]
    options = [a for a in (get_args(annotation) or (annotation,)) if isinstance(a, type) and issubclass(a, Law)]
    if len(options) == 1 and law is None:
        return options[0]
    named = {option.model_fields["law"].default: option for option in options if "law" in option.model_fields}
    if not isinstance(law, str) or law not in named:
        raise RecordError(f"{where}: [{section}] law = {shown(law)} is not one of {sorted(named)}")
    return named[law]
