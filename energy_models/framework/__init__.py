"""The paper's cost law, its road and its barrier, with uncertainty. It prices no simulated event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .plan import *

__getattr__, __dir__ = lazily(__name__, {".plan": ...})
