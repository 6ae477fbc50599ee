"""Arrays of memory cells: mapping, converters, noise and pulses, with every event counted.

Names are loaded when first used, so importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import ArrayConfig
    from .converters import ADC, DAC
    from .crossbar import Crossbar
    from .errors import ArrayError, MappingError
    from .events import Events, event, split_event
    from .noise import Stream

_HOME = {
    ".config": ("ArrayConfig",),
    ".converters": ("ADC", "DAC"),
    ".crossbar": ("Crossbar",),
    ".errors": ("ArrayError", "MappingError"),
    ".events": ("Events", "event", "split_event"),
    ".noise": ("Stream",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
