"""From measured conductance traces to a device: reading files, choosing a law, fitting it, saying how sure it is.

It draws nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.lazy import lazily

if TYPE_CHECKING:
    from .reading import *

__getattr__, __dir__ = lazily(__name__, {".reading": ...})
