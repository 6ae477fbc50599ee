"""Random numbers by address, and the noises that are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .streams import *

__getattr__, __dir__ = lazily(__name__, {".streams": ...})
