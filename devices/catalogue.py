"""The shipped devices, one TOML file per paper, loaded on demand."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from .base.errors import RecordError, unknown
from .device import Device, read_device


def device_names() -> list[str]:
    """Names that `load_device` knows."""
    folder = files("revpath.devices.library")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_device(name: str | Path) -> Device:
    """A device of the library by name, or a user's own by the path of its TOML file.

    Raises
    ------
    UnknownName: no such device; lists those there are.
    RecordError: the file is malformed, or has the name of a device of the library and other numbers.
    """
    if isinstance(name, Path) or str(name).endswith(".toml"):
        device = read_device(Path(name))
        if device.name in device_names() and device != _shipped(device.name):
            raise RecordError(
                f"{name}: name = {device.name!r} is that of a device of the library, and this is another: rename it"
            )
        return device
    if not isinstance(name, str) or name not in device_names():
        raise unknown("device", name, device_names())
    return _shipped(name)


@cache
def _shipped(name: str) -> Device:
    return read_device(files("revpath.devices.library") / f"{name}.toml")
