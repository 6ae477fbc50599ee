"""Modelled chips and GPUs beside measured ones. Nothing here sets a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .chips import *

__getattr__, __dir__ = lazily(__name__, {".chips": ...})
