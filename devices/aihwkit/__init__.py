"""To and from the presets of aihwkit: the only place that imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.lazy import lazily

if TYPE_CHECKING:
    from .presets import *

__getattr__, __dir__ = lazily(__name__, {".presets": ...})
