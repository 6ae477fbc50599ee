"""One read of an array, from inputs to outputs, on ideal or resistive lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .path import *

__getattr__, __dir__ = lazily(__name__, {".path": ...})
