"""The state of every cell of an array: conductances, drift, age, wear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily

if TYPE_CHECKING:
    from .cells import *

__getattr__, __dir__ = lazily(__name__, {".cells": ...})
