"""What one memory cell is: conductance window, programming, noise, drift and pulse response; a cited library.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import device_names, load_device
    from .device import Device, read_device
    from .errors import RecordError, RevpathError, UnitError, UnknownName
    from .gallery_page import gallery
    from .record import Evidence, ReadIn, Record, Source
    from .sections import Endurance, Pulse, Retention, Yields

_HOME = {
    ".catalogue": ("device_names", "load_device"),
    ".device": ("Device", "read_device"),
    ".errors": ("RecordError", "RevpathError", "UnitError", "UnknownName"),
    ".gallery_page": ("gallery",),
    ".record": ("Evidence", "ReadIn", "Record", "Source"),
    ".sections": ("Endurance", "Pulse", "Retention", "Yields"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Device",
    "Endurance",
    "Evidence",
    "Pulse",
    "ReadIn",
    "Record",
    "RecordError",
    "Retention",
    "RevpathError",
    "Source",
    "UnitError",
    "UnknownName",
    "Yields",
    "device_names",
    "gallery",
    "load_device",
    "read_device",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
