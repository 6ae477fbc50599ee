"""What one memory cell is: conductance window, programming, noise, drift and pulse response; a cited library."""

from .catalogue import device_names, load_device
from .device import Device, Pulse, read_device
from .errors import RecordError, RevpathError, UnitError, UnknownName
from .record import Evidence, ReadIn, Record, Source

__all__ = [
    "Device",
    "Evidence",
    "Pulse",
    "ReadIn",
    "Record",
    "RecordError",
    "RevpathError",
    "Source",
    "UnitError",
    "UnknownName",
    "device_names",
    "load_device",
    "read_device",
]
