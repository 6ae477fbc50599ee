"""Arrays of memory cells: mapping, converters, noise and pulses, with every event counted.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..devices.lazy import lazily

if TYPE_CHECKING:
    from .circuit_noise import CircuitNoise
    from .config import ArrayConfig
    from .config_file import read_config, write_config
    from .converters import ADC, DAC, calibrated_range
    from .crossbar import Crossbar
    from .drift_compensation import DriftCompensation
    from .effective_bits import measured_enob
    from .errors import ArrayError, MappingError
    from .events import Events, event, split_event
    from .noise import Stream
    from .parts import AnalogArray
    from .programming_report import Outcome, ProgrammingReport
    from .tiles import TiledCrossbar
    from .verify import EnduranceError, EnduranceWarning, WriteVerify
    from .weight_slices import Quantisation, SlicedCrossbar

_HOME = {
    ".circuit_noise": ("CircuitNoise",),
    ".config": ("ArrayConfig",),
    ".config_file": ("read_config", "write_config"),
    ".converters": ("ADC", "DAC", "calibrated_range"),
    ".crossbar": ("Crossbar",),
    ".drift_compensation": ("DriftCompensation",),
    ".effective_bits": ("measured_enob",),
    ".errors": ("ArrayError", "MappingError"),
    ".events": ("Events", "event", "split_event"),
    ".noise": ("Stream",),
    ".parts": ("AnalogArray",),
    ".programming_report": ("Outcome", "ProgrammingReport"),
    ".tiles": ("TiledCrossbar",),
    ".verify": ("EnduranceError", "EnduranceWarning", "WriteVerify"),
    ".weight_slices": ("Quantisation", "SlicedCrossbar"),
}

__all__ = [
    "ADC",
    "DAC",
    "AnalogArray",
    "ArrayConfig",
    "ArrayError",
    "CircuitNoise",
    "Crossbar",
    "DriftCompensation",
    "EnduranceError",
    "EnduranceWarning",
    "Events",
    "MappingError",
    "Outcome",
    "ProgrammingReport",
    "Quantisation",
    "SlicedCrossbar",
    "Stream",
    "TiledCrossbar",
    "WriteVerify",
    "calibrated_range",
    "event",
    "measured_enob",
    "read_config",
    "split_event",
    "write_config",
]

__getattr__, __dir__ = lazily(__name__, _HOME)
