"""The comparison that `revpath compare` runs: recipes, learning, verdict, leverage, figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .job import *

__getattr__, __dir__ = lazily(__name__, {".job": ...})
