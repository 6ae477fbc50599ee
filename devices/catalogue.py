"""The shipped devices, one TOML file per paper, loaded on demand."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path

from .base.errors import RecordError, unknown
from .base.reading import read_toml
from .device import Device
from .file_format import device_from_table, device_toml, read_device


def device_names() -> list[str]:
    """Names that `load_device` knows."""
    folder = files("revpath.devices.library")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_device(name: str | Path | Device) -> Device:
    """A device of the library by name, or a user's own by the path of its TOML file.

    Parameters
    ----------
    name : str, Path or Device
        One of `device_names`, a path that ends in ``.toml``, or a device, which is returned.

    Returns
    -------
    Device
        Frozen and validated.

    Raises
    ------
    UnknownName
        No such device; lists those there are.
    RecordError
        The file is malformed, or has the name of a device of the library and other numbers without saying so.

    Examples
    --------
    >>> load_device("reram-sb-gong2018").window.g_max
    8.82e-05
    """
    if isinstance(name, Device):
        return name
    if isinstance(name, Path) or (isinstance(name, str) and name.endswith(".toml")):
        content = read_toml(Path(name))
        device = device_from_table(content, Path(name).name)
        if is_variant(device) and content.get("variant_of") != device.name:
            raise RecordError(
                f"{name}: name = {device.name!r} is that of a device of the library, and this is another: rename it, or say "
                f"variant_of = {device.name!r}"
            )
        return device
    if not isinstance(name, str) or name not in device_names():
        raise unknown("device", name, device_names())
    return _shipped(name)


def save_device(device: Device, path: str | PathLike[str] | None = None) -> str:
    """`revpath.devices.file_format.device_toml`, with a word where the device has the name of another of the library."""
    return device_toml(device, path, is_variant(device))


def is_variant(device: Device) -> bool:
    """Whether a device has the name of one of the library, and other numbers."""
    return device.name in device_names() and device != _shipped(device.name)


@cache
def _shipped(name: str) -> Device:
    return read_device(files("revpath.devices.library") / f"{name}.toml")
