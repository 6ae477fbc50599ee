"""DACs and ADCs: configuration, rounding, mismatch, slices, effective bits. It reads no array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .adc_dac import *

__getattr__, __dir__ = lazily(__name__, {".adc_dac": ...})
