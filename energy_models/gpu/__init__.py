"""What a GPU needs for a network: shapes, runs of record, a model of both, and the meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .price import *

__getattr__, __dir__ = lazily(__name__, {".price": ...})
