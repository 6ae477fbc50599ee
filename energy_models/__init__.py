"""Events -> joules: cited records, chips made of them, bills with intervals, physical limits, GPUs and the cost law.

Names are loaded when first used, so importing this package costs nothing. The mapping of all records is
`revpath.energy_models.records.library()`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..devices.record import Evidence, ReadIn, Record, Source
    from .bill import Bill, Interval, Line, ratio
    from .chip import Chip, chip_names, load_chip
    from .cost_law import CostLaw, load_law
    from .errors import FloorError, PriceError, UnpricedEvent
    from .gpu import gpu_energy, price_on_gpu
    from .limits import Floor, adc_floor, check_floor, column_read_floor, converter_snr, landauer, thermal_energy
    from .pricing import price, pulse_prices
    from .records import get
    from .transformer import TransformerShape

_HOME = {
    "..devices.record": ("Evidence", "ReadIn", "Record", "Source"),
    ".bill": ("Bill", "Interval", "Line", "ratio"),
    ".chip": ("Chip", "chip_names", "load_chip"),
    ".cost_law": ("CostLaw", "load_law"),
    ".errors": ("FloorError", "PriceError", "UnpricedEvent"),
    ".gpu": ("gpu_energy", "price_on_gpu"),
    ".limits": (
        "Floor",
        "adc_floor",
        "check_floor",
        "column_read_floor",
        "converter_snr",
        "landauer",
        "thermal_energy",
    ),
    ".pricing": ("price", "pulse_prices"),
    ".records": ("get",),
    ".transformer": ("TransformerShape",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Bill",
    "Chip",
    "CostLaw",
    "Evidence",
    "Floor",
    "FloorError",
    "Interval",
    "Line",
    "PriceError",
    "ReadIn",
    "Record",
    "Source",
    "TransformerShape",
    "UnpricedEvent",
    "adc_floor",
    "check_floor",
    "chip_names",
    "column_read_floor",
    "converter_snr",
    "get",
    "gpu_energy",
    "landauer",
    "load_chip",
    "load_law",
    "price",
    "price_on_gpu",
    "pulse_prices",
    "ratio",
    "thermal_energy",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
