"""Component models: a converter's, a memory's or a driver's price from its drivers. It knows no chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .model import *

__getattr__, __dir__ = lazily(__name__, {".model": ...})
