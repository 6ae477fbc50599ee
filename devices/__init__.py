"""What one memory cell is: conductance window, programming, noise, drift and pulse response; a cited library.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base.lazy import lazily

if TYPE_CHECKING:
    from .base.errors import RecordError, RevpathError, UnitError, UnknownName
    from .base.record import Evidence, ReadIn, Record, Source
    from .catalogue import device_names, load_device
    from .device import Device
    from .figures.gallery import gallery
    from .file_format import read_device
    from .laws.sections import Endurance, Leak, Pulse, Retention, Yields
    from .laws.switching import Switching
    from .traces.directions import TraceError
    from .traces.fit import fit_traces
    from .traces.reading import Traces, read_traces
    from .traces.result import TraceFit
    from .traces.samples import sample_traces, synthetic_traces

_HOME = {
    ".catalogue": ("device_names", "load_device"),
    ".device": ("Device",),
    ".file_format": ("read_device",),
    ".base.errors": ("RecordError", "RevpathError", "UnitError", "UnknownName"),
    ".figures.gallery": ("gallery",),
    ".base.record": ("Evidence", "ReadIn", "Record", "Source"),
    ".laws.sections": ("Endurance", "Leak", "Pulse", "Retention", "Yields"),
    ".laws.switching": ("Switching",),
    ".traces.directions": ("TraceError",),
    ".traces.fit": ("fit_traces",),
    ".traces.result": ("TraceFit",),
    ".traces.samples": (
        "sample_traces",
        "synthetic_traces",
    ),
    ".traces.reading": (
        "Traces",
        "read_traces",
    ),
}

__all__ = [
    "Device",
    "Endurance",
    "Evidence",
    "Leak",
    "Pulse",
    "ReadIn",
    "Record",
    "RecordError",
    "Retention",
    "RevpathError",
    "Source",
    "Switching",
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
