"""What every test gets: marks by path, fresh seeds on request, and a `pytest.approx` that refuses what it would not check.

- ``slow`` is a matter of place: a file ``test_*_slow.py`` or ``test_*_benchmark.py``, and the folders of `SLOW_FOLDERS`. A
  test over half a second that stands among quick ones is marked ``@pytest.mark.slow``, and so are the values of a product
  of parameters but one of each class (`helpers.lanes.representatives`).
  `pytest` leaves them out, ``pytest -m "slow or not slow"`` runs all.
- ``statistical`` is every test that asks `helpers.statistics.plausible` or `implausible`. With ``REVPATH_FRESH_SEEDS=n``
  their seeds, those of numpy and those of arrays, are other ones for each n: an alarm at 1e-7 is then a finding.
- The default absolute tolerance of `pytest.approx`, 1e-12, lets any number of picojoules pass for any other. Where that
  tolerance decides, a test says which it means: `helpers.statistics.relative`, or an `abs` of its own.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

for _size in (
    "COLUMNS",
    "LINES",
):  # workers of xdist have a narrow terminal made up for them: tables are those of a pipe
    os.environ.pop(_size, None)

_APPROX = pytest.approx
_ABSOLUTE, _RELATIVE = 1e-12, 1e-6  # its defaults


def _numbers(expected: Any) -> Iterator[float]:
    for value in expected.values() if isinstance(expected, Mapping) else np.ravel(np.asarray(expected, object)):
        if isinstance(value, int | float | complex | np.number) and not isinstance(value, bool):
            yield float(abs(value))


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

SLOW_FOLDERS = {"against_aihwkit", "mutants"}
SLOW_ENDINGS = ("_slow.py", "_benchmark.py")
ASKS = {"plausible", "implausible"}
FRESH = int(os.environ.get("REVPATH_FRESH_SEEDS", "0"))


@cache
def _names(code: CodeType) -> frozenset[str]:
    """What a function and those inside it call by name; their source, read for every value of a parameter, took seconds."""
    inner = (_names(part) for part in code.co_consts if isinstance(part, CodeType))
    return frozenset(code.co_names).union(*inner)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(tests):
            folders = set(item.path.relative_to(tests).parts[:-1])
            if item.path.name.endswith(SLOW_ENDINGS) or folders & SLOW_FOLDERS:
                item.add_marker(pytest.mark.slow)
        function = getattr(item, "function", None)
        if function is not None and ASKS & _names(inspect.unwrap(function).__code__):
            item.add_marker(pytest.mark.statistical)


@pytest.fixture(autouse=True)
def _fresh_seeds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other seeds for a statistical test, in numpy's generators and in the addresses of arrays alike."""
    if not FRESH or request.node.get_closest_marker("statistical") is None:
        return
    from revpath.simulator.noise import streams

    made, entropy = np.random.default_rng, streams._entropy
    monkeypatch.setattr(
        np.random, "default_rng", lambda seed=None: made(seed if seed is None else [FRESH, *np.ravel(seed)])
    )
    monkeypatch.setattr(streams, "_entropy", lambda *address: [*entropy(*address), FRESH])
