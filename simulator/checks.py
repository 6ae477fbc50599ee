"""Checks of numbers that come from outside, which name the field, the value and what is allowed."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from .errors import ArrayError


def is_number(value: Any) -> bool:
    """True for a finite real number of any type but bool."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)


def is_whole(value: Any) -> bool:
    """True for an integer of any type but bool."""
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def check_positive(name: str, value: Any) -> None:
    """ArrayError where `value` is not a positive, finite number."""
    if not is_number(value) or value <= 0:
        raise ArrayError(f"{name} = {value!r} must be a positive and finite number")
