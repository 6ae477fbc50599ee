"""Events -> joules: cited records, chips made of them, bills with intervals, physical limits, GPUs and the cost law.

Names are loaded when first used, so importing this package costs nothing. The mapping of all records is
`revpath.energy_models.records.library()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..devices.lazy import lazily

if TYPE_CHECKING:
    from ..devices.record import Evidence, ReadIn, Record, Source
    from .bill import Bill, Interval, Line, ratio
    from .bill_page import bills_page
    from .bill_plot import plot_bill, plot_bills
    from .chip import Chip, chip_names, load_chip
    from .claims import retest
    from .components import Component, Estimate, component, component_names
    from .cost_law import CostLaw, load_law
    from .errors import FloorError, PriceError, UnpricedEvent
    from .framework import Plan, cost
    from .gpu import gpu_energy, price_on_gpu
    from .gpu_model import Gpu, Work, gpu_bill
    from .limits import (
        Floor,
        adc_floor,
        check_bounds,
        check_floor,
        column_read_floor,
        converter_snr,
        landauer,
        random_sign_read_floor,
        thermal_energy,
        why_no_floor,
    )
    from .pricing import price, pulse_prices
    from .records import get
    from .road import levers, revolution, road, saving
    from .runs import load_run, runs
    from .sensitivity import flip_points, propagate, ratio_of_bills, tornado
    from .services import calibration_events, refresh_events, softmax_events
    from .table import price_rows, price_table, total_events
    from .transformer import TransformerShape, published_shape
    from .validation import summary, validation_table
    from .validation_plot import plot_validation
    from .workload import Workload, performance

_HOME = {
    "..devices.record": ("Evidence", "ReadIn", "Record", "Source"),
    ".bill": ("Bill", "Interval", "Line", "ratio"),
    ".bill_page": ("bills_page",),
    ".bill_plot": ("plot_bill", "plot_bills"),
    ".chip": ("Chip", "chip_names", "load_chip"),
    ".components": ("Component", "Estimate", "component", "component_names"),
    ".cost_law": ("CostLaw", "load_law"),
    ".errors": ("FloorError", "PriceError", "UnpricedEvent"),
    ".gpu": ("gpu_energy", "price_on_gpu"),
    ".limits": (
        "Floor",
        "adc_floor",
        "check_bounds",
        "check_floor",
        "column_read_floor",
        "converter_snr",
        "landauer",
        "random_sign_read_floor",
        "thermal_energy",
        "why_no_floor",
    ),
    ".pricing": ("price", "pulse_prices"),
    ".records": ("get",),
    ".services": ("calibration_events", "refresh_events", "softmax_events"),
    ".table": ("price_rows", "price_table", "total_events"),
    ".transformer": ("TransformerShape", "published_shape"),
    ".claims": ("retest",),
    ".framework": (
        "Plan",
        "cost",
    ),
    ".gpu_model": (
        "Gpu",
        "Work",
        "gpu_bill",
    ),
    ".road": (
        "levers",
        "revolution",
        "road",
        "saving",
    ),
    ".runs": (
        "load_run",
        "runs",
    ),
    ".sensitivity": (
        "flip_points",
        "propagate",
        "ratio_of_bills",
        "tornado",
    ),
    ".validation": ("summary", "validation_table"),
    ".validation_plot": ("plot_validation",),
    ".workload": ("Workload", "performance"),
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
    "revolution",
    "road",
    "runs",
    "saving",
    "softmax_events",
    "summary",
    "thermal_energy",
    "tornado",
    "total_events",
    "validation_table",
    "why_no_floor",
]

__getattr__, __dir__ = lazily(__name__, _HOME)
