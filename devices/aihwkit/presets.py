"""Devices of IBM aihwkit as ours, and ours as its: the same laws under two sets of names.

`from_preset` and `to_aihwkit` work with aihwkit's objects, and need it installed; `from_parameters` and `to_parameters`
(`aihwkit_parameters`) work with the name of the class and a dictionary, and need nothing. What has no counterpart is never
dropped in silence: a converted field that would be lost is an error, unless `lossy` is set, and `losses` lists it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, is_dataclass
from importlib import import_module
from typing import Any

from ..base.errors import RevpathError, unknown
from ..base.record import ReadIn, Record, Source
from ..catalogue import load_device
from ..device import Device
from ..laws import Window
from .parameters import from_parameters, read_parameters, to_parameters, untranslated

__all__ = [
    "PRESETS",
    "describe",
    "from_parameters",
    "from_preset",
    "losses",
    "read_parameters",
    "to_aihwkit",
    "to_parameters",
    "untranslated",
]

# Presets of aihwkit and the device of the library that has the same measurements behind it.
PRESETS = {
    "CapacitorPresetDevice": "capacitor-li2018",
    "EcRamMOPresetDevice": "ecram-mo-kim2019",
    "EcRamPresetDevice": "ecram-li-tang2018",
    "GokmenVlasovPresetDevice": "gokmen-vlasov2016",
    "IdealizedPresetDevice": "idealized-rasch2019",
    "PCMPresetDevice": "pcm-nandakumar2020",
    "ReRamArrayHfO2PresetDevice": "reram-hfo2-gong2022",
    "ReRamArrayOMPresetDevice": "reram-om-gong2022",
    "ReRamESPresetDevice": "reram-es-gong2018",
    "ReRamSBPresetDevice": "reram-sb-gong2018",
}

_INSTALL = "python -m pip install 'revpath[aihwkit]' (Linux x86-64 and Python 3.11: aihwkit 1.1.0 with torch 2.11.0)"


def from_preset(preset: Any, *, window: Window | None = None, name: str | None = None, lossy: bool = False) -> Device:
    """A device from an aihwkit device: the name of a preset (`PRESETS`), a device configuration, or its class; or from the
    configuration of a tile with a single device.

    Numbers of a preset that are also in the library have a record with the preset as their source, and the evidence that
    the library gives to them. The window of a preset, which aihwkit does not have, is that of the library.

    Raises
    ------
    RevpathError
        aihwkit is missing; `preset` is no device, or has no counterpart; something would be lost; no window.
    """
    kind, fields, label = describe(preset)
    if label not in PRESETS:
        if window is None:
            read_parameters(kind, fields)  # what has no counterpart needs no window: say so first
            raise RevpathError(
                f"window is missing: aihwkit's {label} has no conductances, and is no preset of the library"
            )
        return from_parameters(kind, fields, window=window, name=name or "aihwkit-device", lossy=lossy)
    twin = load_device(PRESETS[label])
    device = from_parameters(
        kind, fields, window=window or twin.window, name=name or f"aihwkit-{PRESETS[label]}", lossy=lossy
    )
    content = {section: getattr(device, section) for section in device.model_fields_set}
    return Device(**{**content, "records": _records(device, twin, label, window is None)})


def losses(preset: Any) -> dict[str, Any]:
    """Fields of an aihwkit device that say something and have no counterpart here, with their values."""
    kind, fields, _ = describe(preset)
    return read_parameters(kind, fields).lost


def to_aihwkit(device: Device, *, lossy: bool = False) -> Any:
    """The aihwkit configuration with the pulse response of a device; raises as `to_parameters`."""
    kind, fields = to_parameters(device, lossy=lossy)
    return getattr(_devices(), kind)(**fields)


def describe(preset: Any) -> tuple[str, dict[str, Any], str]:
    """Class of the law, fields, and own class of an aihwkit device: what `read_parameters` takes, and the preset's name."""
    devices = _devices()
    if isinstance(preset, str):
        presets = import_module("aihwkit.simulator.presets.devices")
        label = preset if preset.endswith("Device") else f"{preset.removesuffix('Preset')}PresetDevice"
        preset = getattr(presets, label, None) or getattr(devices, label, None)
        if preset is None:
            raise unknown("aihwkit preset", label, PRESETS)
    if isinstance(preset, type):
        preset = preset()
    single = getattr(preset, "device", preset)  # of a whole tile
    kinds = [cls.__name__ for cls in type(single).__mro__ if cls.__module__ == devices.__name__]
    if not kinds or not is_dataclass(single) or isinstance(single, type):
        held = "" if single is preset else f" holds {type(single).__name__}, which"
        more = (
            ": convert one of its devices" if any(hasattr(single, n) for n in ("unit_cell_devices", "device")) else ""
        )
        shown = type(preset).__name__ if is_dataclass(preset) else repr(preset)
        raise RevpathError(f"preset = {shown}{held} is no aihwkit device{more}")
    return kinds[0], asdict(single), type(single).__name__


def _devices() -> Any:
    try:
        return import_module("aihwkit.simulator.configs.devices")
    except (ImportError, OSError) as error:  # a torch of another version fails when its library is loaded
        raise RevpathError(f"aihwkit cannot be imported ({error}); install it with: {_INSTALL}") from error


def _records(device: Device, twin: Device, label: str, own_window: bool) -> dict[str, Record]:
    """Records of those numbers that the library has too, with what it says of them."""
    source = Source(
        key="aihwkit",
        citation=f"IBM aihwkit 1.1.0, class {label} in src/aihwkit/simulator/presets/devices.py",
        url="https://github.com/IBM/aihwkit",
    )
    records: dict[str, Record] = {}
    for path, number in device.numbers.items():
        there = twin.records.get(path)
        if path.startswith("window."):
            if own_window and there is not None:
                records[path] = there
        elif there is not None and math.isclose(twin.numbers[path], number, rel_tol=1e-9):
            said = {"id": f"{device.name}.{path}", "value": number, "unit": "dimensionless", "read_in": ReadIn.PRIMARY}
            records[path] = there.model_copy(update={**said, "source": source, "locator": label, "derivation": ""})
    return records
