"""Events -> joules: cited records, chips made of them, bills with intervals, physical limits, GPUs and the cost law.

Names are loaded when first used, so importing this package costs nothing. The mapping of all records is
`revpath.energy_models.records.library()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..devices.base.lazy import lazily

if TYPE_CHECKING:
    from ..devices.base.record import Evidence, ReadIn, Record, Source
    from .claims.catalogue import retest
    from .components.model import Component, Estimate, component, component_names
    from .errors import FloorError, PriceError, UnpricedEvent
    from .figures.bills import plot_bill, plot_bills
    from .figures.bills_interactive import bills_figure
    from .figures.bills_page import bills_page
    from .figures.validation import plot_validation
    from .framework.cost_law import CostLaw, load_law
    from .framework.plan import Plan, cost
    from .framework.road import levers, road, saving
    from .gpu.model import Gpu, Work, gpu_bill
    from .gpu.price import gpu_energy, price_on_gpu
    from .gpu.runs import load_run, runs
    from .gpu.transformer import TransformerShape, published_shape
    from .physics import (
        adc_floor,
        column_read_floor,
        converter_snr,
        landauer,
        random_sign_read_floor,
        thermal_energy,
        training_floor,
    )
    from .prices.bill import Bill, Interval, Line, pooled_ratio, ratio
    from .prices.chip import Chip, chip_names, load_chip
    from .prices.floor_checks import check_bounds, check_floor
    from .prices.floors import Floor, why_no_floor
    from .prices.performance import performance
    from .prices.pricing import price, pulse_prices
    from .prices.services import calibration_events, refresh_events, softmax_events
    from .prices.table import price_rows, price_table, total_events
    from .prices.workload import Workload
    from .records import get
    from .sensitivity import flip_points, propagate, ratio_of_bills, tornado
    from .validation.chips import summary, validation_table

_HOME = {
    "..devices.base.record": ("Evidence", "ReadIn", "Record", "Source"),
    ".prices.bill": ("Bill", "Interval", "Line", "pooled_ratio", "ratio"),
    ".figures.bills_interactive": ("bills_figure",),
    ".figures.bills_page": ("bills_page",),
    ".figures.bills": ("plot_bill", "plot_bills"),
    ".prices.chip": ("Chip", "chip_names", "load_chip"),
    ".components.model": ("Component", "Estimate", "component", "component_names"),
    ".framework.cost_law": ("CostLaw", "load_law"),
    ".errors": ("FloorError", "PriceError", "UnpricedEvent"),
    ".gpu.price": ("gpu_energy", "price_on_gpu"),
    ".physics": (
        "adc_floor",
        "column_read_floor",
        "converter_snr",
        "landauer",
        "random_sign_read_floor",
        "thermal_energy",
        "training_floor",
    ),
    ".prices.floor_checks": ("check_bounds", "check_floor"),
    ".prices.floors": ("Floor", "why_no_floor"),
    ".prices.performance": ("performance",),
    ".prices.pricing": ("price", "pulse_prices"),
    ".records": ("get",),
    ".prices.services": ("calibration_events", "refresh_events", "softmax_events"),
    ".prices.table": ("price_rows", "price_table", "total_events"),
    ".gpu.transformer": ("TransformerShape", "published_shape"),
    ".claims.catalogue": ("retest",),
    ".framework.plan": (
        "Plan",
        "cost",
    ),
    ".gpu.model": (
        "Gpu",
        "Work",
        "gpu_bill",
    ),
    ".framework.road": (
        "levers",
        "road",
        "saving",
    ),
    ".gpu.runs": (
        "load_run",
        "runs",
    ),
    ".sensitivity": (
        "flip_points",
        "propagate",
        "ratio_of_bills",
        "tornado",
    ),
    ".validation.chips": ("summary", "validation_table"),
    ".figures.validation": ("plot_validation",),
    ".prices.workload": ("Workload",),
}

__all__ = [
    "Bill",
    "Chip",
    "Component",
    "CostLaw",
    "Estimate",
    "Evidence",
    "Floor",
    "FloorError",
    "Gpu",
    "Interval",
    "Line",
    "Plan",
    "PriceError",
    "ReadIn",
    "Record",
    "Source",
    "TransformerShape",
    "UnpricedEvent",
    "Work",
    "Workload",
    "adc_floor",
    "bills_figure",
    "bills_page",
    "calibration_events",
    "check_bounds",
    "check_floor",
    "chip_names",
    "column_read_floor",
    "component",
    "component_names",
    "converter_snr",
    "cost",
    "flip_points",
    "get",
    "gpu_bill",
    "gpu_energy",
    "landauer",
    "levers",
    "load_chip",
    "load_law",
    "load_run",
    "performance",
    "plot_bill",
    "plot_bills",
    "plot_validation",
    "pooled_ratio",
    "price",
    "price_on_gpu",
    "price_rows",
    "price_table",
    "propagate",
    "published_shape",
    "pulse_prices",
    "random_sign_read_floor",
    "ratio",
    "ratio_of_bills",
    "refresh_events",
    "retest",
    "road",
    "runs",
    "saving",
    "softmax_events",
    "summary",
    "thermal_energy",
    "tornado",
    "total_events",
    "training_floor",
    "validation_table",
    "why_no_floor",
]

# Where it was until 0.2: the room itself never asks for it.
_LEADS = {"revpath.studies.compare.revolution": ("revolution",)}

__getattr__, __dir__ = lazily(__name__, {**_HOME, **_LEADS})
