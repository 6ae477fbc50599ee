"""Arrays of memory cells: mapping, converters, noise and pulses, with every event counted.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..devices.base.lazy import lazily

if TYPE_CHECKING:
    from .arrays.crossbar import Crossbar
    from .arrays.drift_compensation import DriftCompensation
    from .arrays.parts import AnalogArray
    from .arrays.tiles import TiledCrossbar
    from .arrays.weight_slices import Quantisation, SlicedCrossbar
    from .config import ArrayConfig
    from .config_file import read_config, write_config
    from .converters.adc_dac import ADC, DAC, calibrated_range
    from .converters.effective_bits import measured_enob
    from .errors import ArrayError, MappingError, SaturationWarning
    from .events import Events, event, split_event
    from .noise.circuit import CircuitNoise
    from .noise.streams import Stream
    from .programming.report import Outcome, ProgrammingReport
    from .programming.write_verify import EnduranceError, EnduranceWarning, WriteVerify
    from .updates.refresh import Refresh

_HOME = {
    ".noise.circuit": ("CircuitNoise",),
    ".config": ("ArrayConfig",),
    ".config_file": ("read_config", "write_config"),
    ".converters.adc_dac": ("ADC", "DAC", "calibrated_range"),
    ".arrays.crossbar": ("Crossbar",),
    ".arrays.drift_compensation": ("DriftCompensation",),
    ".converters.effective_bits": ("measured_enob",),
    ".errors": ("ArrayError", "MappingError", "SaturationWarning"),
    ".events": ("Events", "event", "split_event"),
    ".noise.streams": ("Stream",),
    ".arrays.parts": ("AnalogArray",),
    ".programming.report": ("Outcome", "ProgrammingReport"),
    ".arrays.tiles": ("TiledCrossbar",),
    ".programming.write_verify": ("EnduranceError", "EnduranceWarning", "WriteVerify"),
    ".arrays.weight_slices": ("Quantisation", "SlicedCrossbar"),
    ".updates.refresh": ("Refresh",),
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
    "Refresh",
    "SaturationWarning",
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
