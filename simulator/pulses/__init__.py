"""What one pulse does to one cell, by every law, and how a train of them is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .kernels import *

__getattr__, __dir__ = lazily(__name__, {".kernels": ...})
