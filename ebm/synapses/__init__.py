"""What a model asks of its weights, and who answers: floats or arrays. It knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .contract import *

__getattr__, __dir__ = lazily(__name__, {".contract": ...})
