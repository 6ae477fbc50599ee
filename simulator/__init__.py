"""Arrays of memory cells: mapping, converters, noise and pulses, with every event counted."""

from .config import ArrayConfig
from .converters import ADC, DAC
from .crossbar import Crossbar
from .errors import ArrayError, MappingError
from .events import Events, event, split_event
from .noise import Stream

__all__ = [
    "ADC",
    "DAC",
    "ArrayConfig",
    "ArrayError",
    "Crossbar",
    "Events",
    "MappingError",
    "Stream",
    "event",
    "split_event",
]
