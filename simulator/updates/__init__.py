"""Outer-product updates by coincident pulses: walked pulse by pulse, or summed in law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .update import *

__getattr__, __dir__ = lazily(__name__, {".update": ...})
