"""A user's own network priced by the rules of the study: layers to events, and events on every chip and GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .layers import *
    from .priced import *
    from .reading import *

__getattr__, __dir__ = lazily(__name__, {".layers": ..., ".priced": ..., ".reading": ...})
