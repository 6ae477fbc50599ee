"""An array's configuration as a TOML file, and back: the same configuration, to the bit.

TOML has no null, so what is None is left out where that is the default, and is written "none" where it is not (an ideal
converter: ``bits = "none"``). A device with the name of one of the library is written by that name, with the laws that differ
beside it, in SI units and without their records; any other as the table that its own file would hold, with its records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..devices import Device, RecordError, RevpathError, device_names, load_device
from ..devices.base.errors import explain
from ..devices.base.files import write_whole
from ..devices.base.reading import read_toml
from ..devices.file_format import device_from_table, device_table
from ..devices.laws.fields import Law
from . import wires
from .config import ArrayConfig
from .converters.adc_dac import ADC, DAC
from .errors import ArrayError
from .noise.circuit import CircuitNoise
from .updates.refresh import Refresh
from .wires.iv import CELL_LAWS

_NONE = "none"
_PARTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dac": DAC.of,
    "adc": ADC.of,
    "transposed_adc": ADC.of,
    "circuit_noise": lambda fields: CircuitNoise(**fields),
    "wires": lambda fields: wires.Wires(**fields),
    "refresh": lambda fields: Refresh(**fields),
}


def write_config(config: ArrayConfig, path: str | PathLike[str]) -> None:
    """Write a configuration as TOML.

    Raises
    ------
    ArrayError
        the cell law is not one of `revpath.simulator.wires.iv.CELL_LAWS`.
    RevpathError
        the device cannot be written (`revpath.devices.Device.to_toml`), or the file cannot.
    """
    import tomli_w

    content: dict[str, Any] = {"schema": 1, **_plain(config, {"device", "cell_law"})}
    content["device"], laws = _plain_device(config.cell)
    if laws:
        content["device_laws"] = laws
    if config.cell_law is not None:
        name = type(config.cell_law).__name__
        if CELL_LAWS.get(name) is not type(config.cell_law):
            raise ArrayError(f"cell_law = {config.cell_law!r} cannot be written: it is not one of {sorted(CELL_LAWS)}")
        content["cell_law"] = {"law": name, **_plain(config.cell_law, set())}
    write_whole(Path(path), tomli_w.dumps(content).encode())


def read_config(path: str | PathLike[str]) -> ArrayConfig:
    """Read what `write_config` wrote, or what was written by hand; every field has its usual default.

    Raises
    ------
    ArrayError
        not TOML, or a field or value that cannot be; names file, field and what is allowed.
    """
    where = Path(path).name
    try:
        content = read_toml(Path(path))
    except RecordError as error:
        raise ArrayError(str(error)) from error
    if content.pop("schema", None) != 1:
        raise ArrayError(f"{where}: schema must be 1")
    try:
        return config_from(content)
    except RevpathError as error:
        raise ArrayError(f"{where}: {explain(error)}") from error


def config_from(content: Mapping[str, Any], device: Device | None = None) -> ArrayConfig:
    """An `ArrayConfig` from nested tables of plain values, as a TOML file holds them; every field has its usual default.

    Parameters
    ----------
    content : mapping
        Fields of `ArrayConfig`, parts such as ``adc`` as tables; ``device`` by name, ``device_laws`` for changed laws.
    device : Device, optional
        Used instead of ``content["device"]``.

    Raises
    ------
    RevpathError
        a field or value that cannot be.

    Examples
    --------
    >>> config_from({"device": "ideal", "adc": {"bits": 8}}).adc.bits
    8
    """
    content = dict(content)
    laws = content.pop("device_laws", {})
    unknown_fields = content.keys() - {f.name for f in fields(ArrayConfig)}
    if unknown_fields:
        raise ArrayError(f"{min(unknown_fields)!r} is not one of {sorted(f.name for f in fields(ArrayConfig))}")
    for name, make in _PARTS.items():
        if name in content:
            content[name] = _built(make, content[name], name)
    if "cell_law" in content:
        content["cell_law"] = _cell_law(content["cell_law"])
    content["device"] = _device(content.get("device", "ideal"), laws) if device is None else device
    return ArrayConfig(**content)


def _plain(thing: Any, skip: set[str]) -> dict[str, Any]:
    """A frozen configuration as what TOML can hold."""
    if isinstance(thing, BaseModel):
        defaults = {name: f.get_default(call_default_factory=True) for name, f in type(thing).model_fields.items()}
    else:
        defaults = {f.name: None if f.default is MISSING else f.default for f in fields(thing)}
    out = {}
    for name, default in defaults.items():
        value = getattr(thing, name)
        if name in skip or (value is None and default is None):
            continue
        nested = isinstance(value, BaseModel) or is_dataclass(value)
        out[name] = _NONE if value is None else _plain(value, set()) if nested else value
    return out


def _plain_device(device: Device) -> tuple[str | dict[str, Any], dict[str, Any]]:
    if device.name not in device_names():
        return device_table(device), {}
    base = load_device(device.name)
    changed = {
        section: getattr(device, section).model_dump(exclude_none=True)
        for section in _sections()
        if getattr(device, section) != getattr(base, section)
    }
    return device.name, changed


def _device(name: Any, laws: Any) -> Device:
    if isinstance(name, dict):
        if laws:
            raise ArrayError(
                "device_laws change a device that is named, and this one is a table: change its own sections"
            )
        return device_from_table(name, "device")
    device = load_device(name)
    if not isinstance(laws, dict) or laws.keys() - set(_sections()):
        raise ArrayError(f"device_laws = {laws!r} must be tables named by {_sections()}")
    if not laws:
        return device
    kept = {name: record for name, record in device.records.items() if name.split(".")[0] not in laws}
    content = {name: getattr(device, name) for name in Device.model_fields}
    return Device.model_validate({**content, **laws, "records": kept})


def _sections() -> list[str]:
    ideal = load_device("ideal")
    return [name for name in Device.model_fields if isinstance(getattr(ideal, name), Law)]


def _built(make: Callable[[dict[str, Any]], Any], table: Any, name: str) -> Any:
    if not isinstance(table, dict):
        raise ArrayError(f"{name} = {table!r} must be a table")
    values = {key: None if value == _NONE else value for key, value in table.items()}
    try:
        return make(values)
    except (RevpathError, TypeError) as error:  # TypeError: a law of cells with a field that it does not have
        raise ArrayError(f"{name}: {explain(error)}") from error


def _cell_law(table: Any) -> Any:
    name = table.get("law") if isinstance(table, dict) else None
    if not isinstance(name, str) or name not in CELL_LAWS:
        raise ArrayError(f"cell_law = {table!r} must be a table whose law is one of {sorted(CELL_LAWS)}")
    law = CELL_LAWS[name]
    return _built(lambda fields: law(**fields), {k: v for k, v in table.items() if k != "law"}, "cell_law")
