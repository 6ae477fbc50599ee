"""Dotted paths of a study file, put into a typed configuration: every path exists, every value fits, units included.

``device`` names a cell; ``device.response.step`` changes one of its numbers; ``array.adc.bits`` is a field of a part of the array;
any other path is a field of the task's configuration. A value may carry its unit ("1 pJ"), which must be that of the number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...devices import Device, RevpathError, UnitError, device_names, load_device
from ...devices.base.errors import explain, unknown
from ...devices.base.frozen import Frozen
from ...devices.base.reading import read_text
from ...devices.base.record import parse_unit
from .registry import SweepConfig

_HEIGHT = "pulse.voltage"
_OF_A_PULSE = (_HEIGHT, "pulse.duration")
"""What steps and energies follow from, where it is known how; the width of a pulse is the time of an update in any case."""


def resolve(config: type[SweepConfig], values: Mapping[str, Any]) -> SweepConfig:
    """The configuration with values at their paths.

    Raises
    ------
    RevpathError
        a path that does not exist, a value of the wrong type or unit; names path, value and what is allowed.
    """
    tree: dict[str, Any] = {}
    for path, value in sorted(values.items(), key=lambda item: item[0].count(".")):
        head, *rest = path.split(".")
        if head not in config.model_fields:
            raise unknown(f"path of {config.__name__}", path, config.model_fields)
        if not rest:
            tree[head] = {"name": value} if _is_choice(config, head) and not isinstance(value, Mapping) else value
            continue
        _put(tree, path, value)
    try:
        return config(**tree)
    except RevpathError as error:
        raise RevpathError(explain(error)) from None


def _is_choice(config: type[SweepConfig], field: str) -> bool:
    return config.model_fields[field].annotation is DeviceChoice


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *heads, last = path.split(".")
    table = tree
    for head in heads:
        table = table.setdefault(head, {})
        if not isinstance(table, dict):
            raise RevpathError(f"path {path!r} leads into {head!r}, which is set to the value {table!r}")
    table[last] = value


class DeviceChoice(Frozen):
    """A cell of the library, or of a file, with some of its numbers changed.

    Parameters
    ----------
    name : str
        A name of the library or a path to a device file.
    changes : mapping of str to value
        ``section.field`` to the new number, in SI units.

    Examples
    --------
    >>> DeviceChoice(name="reram-sb-gong2018", response={"step": 0.01}).load().response.step
    0.01
    """

    name: str = "ideal"
    changes: Mapping[str, Any] = {}

    def __init__(self, name: str = "ideal", changes: Mapping[str, Any] | None = None, **sections: Any) -> None:
        flat = dict(changes or {})
        for section, fields in sections.items():
            if not isinstance(fields, Mapping):
                raise RevpathError(
                    f"device.{section} = {fields!r}: name a number of the section, such as device.response.step"
                )
            flat |= {f"{section}.{field}": value for field, value in fields.items()}
        if not isinstance(name, str):
            raise RevpathError(f"device = {name!r} must be a name of the library or a path to a device file")
        device = load_device(name)
        given_whole = tuple(f"{path.removesuffix('law')}" for path in flat if path.endswith(".law"))
        flat = {
            path: value if path.startswith(given_whole) and given_whole else _in_si(device, path, value)
            for path, value in flat.items()
        }
        super().__init__(**{"name": name, "changes": flat})
        self.load()

    def load(self) -> Device:
        """The device, validated; kept for runs that share it."""
        text = None if self.name in device_names() else read_text(Path(self.name))
        try:
            changes = json.dumps(self.changes)
        except TypeError:  # such as integers of NumPy, from Python
            return _changed(load_device(self.name), self.changes)
        return _loaded(self.name, text, changes)

    def numbers(self) -> str:
        """Every law and number, without records and names: what a simulation can depend on."""
        return self.load().model_dump_json(exclude={"records", "name", "title"})


@lru_cache(maxsize=512)
def _loaded(name: str, text: str | None, changes: str) -> Device:
    """A device by what is in its file, so that an edited one is read again, and its changes as JSON."""
    return _changed(load_device(name), json.loads(changes))


def _changed(device: Device, changes: Mapping[str, Any]) -> Device:
    if not changes:
        return device
    laws = {path.removesuffix(".law") for path in changes if path.endswith(".law")}
    whole: dict[str, Any] = {section: {} for section in laws}  # another law has other fields: it is given whole
    pulse: dict[str, Any] = {}
    for path, value in changes.items():
        section, _, field = path.partition(".")
        if section in laws:
            whole[section][field] = value
        elif path in _OF_A_PULSE and (device.switching.known or path == _HEIGHT):
            pulse[field] = value  # what follows from them comes first, and may then be changed too
        else:
            whole[f"{section}__{field}"] = value
    return (device.driven(**pulse) if pulse else device).replaced(**whole)


def _in_si(device: Device, path: str, value: Any) -> Any:
    """A value with its unit, as text, in the SI unit of the number; anything else as it is."""
    unit = device.unit_of(path)
    if not isinstance(value, str) or unit is None:
        return value
    try:
        return quantity(value, unit)
    except UnitError as error:
        raise RevpathError(f"device.{path} = {value!r}: {error}") from None


def quantity(text: str, unit: str) -> float:
    """A number with its unit, in `unit`.

    Raises
    ------
    UnitError
        no number, no unit, or one of another dimension.

    Examples
    --------
    >>> quantity("2.5 pJ", "J")
    2.5e-12
    """
    parts = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*", text)
    if parts is None:
        raise UnitError(f"{text!r} must be a number with a unit, such as '1 {unit}'")
    value, have = float(parts[1]), parts[2] or "dimensionless"
    given, wanted = parse_unit(have), parse_unit(unit)
    if given.dimensionality != wanted.dimensionality:
        raise UnitError(f"unit {have!r} cannot be read as {unit!r}")
    return float(f"{float(wanted.from_(value * given).magnitude):.15g}")
