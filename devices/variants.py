"""Devices made from another: numbers, laws and sections changed, validated together, without records that no longer hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from .base.errors import RevpathError, UnknownName, explain, shown, unknown
from .base.record import Evidence, Lognormal, ReadIn, Record, Source
from .device import SECTIONS, Device
from .file_format import law_class
from .laws.fields import Law, Variant
from .response.step_laws import PowerStep

if TYPE_CHECKING:
    from pydantic import BaseModel

_PRICES = ("pulse.energy_up", "pulse.energy_down")  # what a bill needs a record of
_SWEPT = Source(key="swept", citation="A value set by hand in a sweep (Device.replaced): no measurement, what if")
_SPREAD = 0.3  # of the logarithm: a bill of an assumption has an interval, of some 30 % either way
_QUADRATIC = 2.0
"""Exponent of the power step that a rate quadratic in the distance is, see `revpath.devices.laws.switching`."""


def replaced(device: Device, names: Mapping[str, str | None], changes: Mapping[str, Any]) -> Device:
    """What `Device.replaced` gives; see there."""
    sections: dict[str, dict[str, Any]] = {}
    update: dict[str, Any] = {key: value for key, value in names.items() if value is not None}
    for path, value in changes.items():
        section, _, field = path.partition("__")
        if section not in SECTIONS:
            raise unknown("device parameter", path, _known(device))
        if field:
            sections.setdefault(section, {})[field] = value
        elif isinstance(value, Law | Mapping):
            update[section] = value
        else:
            _refuse(device, f"{section} = {shown(value)} must be a law or a dictionary of its fields")
    if both := sections.keys() & update.keys():
        _refuse(device, f"{min(both)} is given as a whole and by its fields: give one of the two")
    records: dict[str, Record] = {}
    for section, fields in {**sections, **{k: v for k, v in update.items() if isinstance(v, Mapping)}}.items():
        update[section] = _law(device, section, fields, section in sections, records)
    return updated(device, update, records)


def driven(device: Device, voltage: float | None = None, duration: float | None = None) -> Device:
    """What `Device.driven` gives; see there."""
    voltage = device.pulse.voltage if voltage is None else voltage
    duration = device.pulse.duration if duration is None else duration
    if voltage is None or duration is None:
        raise RevpathError(f"device {device.name!r}: height or width of its pulse is not known: give both")
    response = device.response
    if not (device.switching.known and isinstance(response, PowerStep) and response.gamma == _QUADRATIC):
        raise RevpathError(
            f"device {device.name!r}: how its step follows the height and the width of a pulse is not known; change "
            "response.step and pulse.energy_up instead"
        )
    try:
        low, high = device.switching.window(voltage)
        up, down = device.switching.steps(voltage, duration)
    except RevpathError as error:
        raise RevpathError(f"device {device.name!r}: {error}") from None
    scale = (response.w_max - response.w_min) / 2
    energy = voltage**2 * (low + high) / 2 * duration
    return device.replaced(
        window__g_min=low,
        window__g_max=high,
        response__step=scale * max(up, down),
        response__asymmetry=up / down - 1 if up < down else 1 - down / up,
        pulse__voltage=voltage,
        pulse__duration=duration,
        pulse__energy_up=energy,
        pulse__energy_down=energy,
    )


def updated(device: Device, update: Mapping[str, Any], records: Mapping[str, Record] | None = None) -> Device:
    """A validated copy with fields replaced, whose records are those that still hold, and `records`: with these given, of prices too.

    Raises
    ------
    RevpathError
        A field that a device has not, or a value that it refuses.
    """
    given = {"name", "title", "window", *device.model_fields_set}
    content = {name: getattr(device, name) for name in given if name != "records"} | dict(update)
    content.setdefault("records", {})
    try:
        copy = Device(**content)
        if "records" not in update:
            content["records"] = _still_true(device, copy) | dict(records or {})
            if records is not None:
                content["records"] |= _prices(device, copy, records)
            copy = Device(**content)
    except RevpathError as error:
        raise RevpathError(f"device {device.name!r}: {explain(error)}") from error
    return copy


def _law(device: Device, section: str, fields: Mapping[str, Any], merge: bool, records: dict[str, Record]) -> BaseModel:
    """The changed law of a section; records that were given as values are put into `records`."""
    here: Law = getattr(device, section)
    kind = law_class(section, fields["law"], f"device {device.name!r}") if "law" in fields else type(here)
    units, values = kind.units(), {}
    for field, value in fields.items():
        path = f"{section}.{field}"
        if field not in kind.model_fields:
            _refuse_field(device, section, field, kind)
        if isinstance(value, Record):
            records[path] = value
            value = value.to(units[field].name) if field in units else value
        values[field] = value
    if merge and kind is type(here):
        values = {**{name: getattr(here, name) for name in kind.model_fields}, **values}
    try:
        return kind(**values)
    except RevpathError as error:
        raise RevpathError(f"device {device.name!r}: {section}.{explain(error)}") from error


def _refuse_field(device: Device, section: str, field: str, kind: type[Law]) -> NoReturn:
    """The error for a number that the law of a section has not, with the laws that have it."""
    contract = SECTIONS[section].annotation
    variants = contract.variants if isinstance(contract, type) and issubclass(contract, Variant) else {}
    having = [name for name, variant in sorted(variants.items()) if field in variant.model_fields]
    if not having:
        raise unknown("device parameter", f"{section}__{field}", _known(device))
    law = kind.model_fields["law"].default
    raise UnknownName(
        f"device {device.name!r}: its {section} has the law {law!r}, which has no {field}; to give it another, say which: "
        f"{section}__law = {' or '.join(map(repr, having))}"
    )


def _still_true(device: Device, copy: Device) -> dict[str, Record]:
    """Records of fields that are what they were, in a law that is what it was."""

    def holds(path: str) -> bool:
        section, field = path.split(".")[:2]
        before, after = getattr(device, section), getattr(copy, section)
        return type(before) is type(after) and getattr(before, field) == getattr(after, field)

    return {path: record for path, record in device.records.items() if holds(path)}


def _prices(device: Device, copy: Device, records: Mapping[str, Record]) -> dict[str, Record]:
    """Assumed records of pulse energies that were changed to a number."""
    changed = {
        path: value
        for path, value in copy.numbers.items()
        if path in _PRICES and path not in records and value > 0 and value != device.numbers.get(path)
    }
    return {
        path: Record(
            id=f"{copy.name}.{path}",
            value=value,
            unit="J/pulse",
            uncertainty=Lognormal(sigma_ln=_SPREAD),
            evidence=Evidence.ASSUMED,
            source=_SWEPT,
            read_in=ReadIn.PRIMARY,
            boundary="device",
            note="Swept.",
        )
        for path, value in changed.items()
    }


def _known(device: Device) -> list[str]:
    """What can be changed of the laws that a device has, as `Device.replaced` wants it named, and the sections."""
    laws = {section: type(getattr(device, section)).model_fields for section in SECTIONS}
    return [
        *(f"{section}__{field}" for section, fields in laws.items() for field in fields if field != "law"),
        *SECTIONS,
    ]


def _refuse(device: Device, why: str) -> NoReturn:
    raise RevpathError(f"device {device.name!r}: {why}")
