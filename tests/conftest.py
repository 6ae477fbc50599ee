"""`pytest.approx` as the tests of this project get it: it refuses numbers that it would not check.

Its default absolute tolerance of 1e-12 lets any number of picojoules pass for any other. Where that tolerance decides,
a test says which it means: `helpers.statistics.relative`, or an `abs` of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

_APPROX = pytest.approx
_ABSOLUTE, _RELATIVE = 1e-12, 1e-6  # its defaults


def _numbers(expected: Any) -> Iterator[float]:
    for value in expected.values() if isinstance(expected, Mapping) else np.ravel(np.asarray(expected, object)):
        if isinstance(value, int | float | complex | np.number) and not isinstance(value, bool):
            yield abs(value)


def _checked(expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> Any:
    """`pytest.approx`; ValueError where its default absolute tolerance is wider than the relative one."""
    if abs is None:
        vacuous = [x for x in _numbers(expected) if 0 < x * (_RELATIVE if rel is None else rel) < _ABSOLUTE]
        if vacuous:
            raise ValueError(
                f"approx({expected!r}) would accept any number within 1e-12: use helpers.statistics.relative, or give abs"
            )
    return _APPROX(expected, rel=rel, abs=abs, nan_ok=nan_ok)


pytest.approx = _checked
