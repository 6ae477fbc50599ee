"""Sweeps: a study is a file; training gives events and quality, kept in a store; pricing reads the store.

Nothing here knows a figure of another study. Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .collate import to_frame, to_xarray
    from .pricing import price_study
    from .registry import Quantity, Result, Run, SweepConfig, sweep_task, task_kinds
    from .store import Store
    from .study import Study, read_study, study_names

_HOME = {
    ".collate": ("to_frame", "to_xarray"),
    ".pricing": ("price_study",),
    ".registry": ("Quantity", "Result", "Run", "SweepConfig", "sweep_task", "task_kinds"),
    ".store": ("Store",),
    ".study": ("Study", "read_study", "study_names"),
}

__all__ = [
    "Quantity",
    "Result",
    "Run",
    "Store",
    "Study",
    "SweepConfig",
    "price_study",
    "read_study",
    "study_names",
    "sweep_task",
    "task_kinds",
    "to_frame",
    "to_xarray",
]

__getattr__, __dir__ = lazily(__name__, _HOME)
