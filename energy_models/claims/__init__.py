"""Published claims of advantage, recomputed from records under one rule. Prices and GPUs stand below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .catalogue import *

__getattr__, __dir__ = lazily(__name__, {".catalogue": ...})
