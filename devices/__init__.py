"""What one memory cell is: conductance window, programming, noise, drift and pulse response; a cited library.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazily

if TYPE_CHECKING:
    from .catalogue import device_names, load_device
    from .device import Device, read_device
    from .errors import RecordError, RevpathError, UnitError, UnknownName
    from .gallery_page import gallery
    from .record import Evidence, ReadIn, Record, Source
    from .sections import Endurance, Pulse, Retention, Yields
    from .trace_directions import TraceError
    from .trace_fit import TraceFit, fit_traces
    from .trace_samples import sample_traces, synthetic_traces
    from .traces import Traces, read_traces

_HOME = {
    ".catalogue": ("device_names", "load_device"),
    ".device": ("Device", "read_device"),
    ".errors": ("RecordError", "RevpathError", "UnitError", "UnknownName"),
    ".gallery_page": ("gallery",),
    ".record": ("Evidence", "ReadIn", "Record", "Source"),
    ".sections": ("Endurance", "Pulse", "Retention", "Yields"),
    ".trace_directions": ("TraceError",),
    ".trace_fit": (
        "TraceFit",
        "fit_traces",
    ),
    ".trace_samples": (
        "sample_traces",
        "synthetic_traces",
    ),
    ".traces": (
        "Traces",
        "read_traces",
    ),
}

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
    "TraceError",
    "TraceFit",
    "Traces",
    "UnitError",
    "UnknownName",
    "Yields",
    "device_names",
    "fit_traces",
    "gallery",
    "load_device",
    "read_device",
    "read_traces",
    "sample_traces",
    "synthetic_traces",
]

__getattr__, __dir__ = lazily(__name__, _HOME)
