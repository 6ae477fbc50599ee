"""Which values of a parametrised test run by default, and which in the slow lane alone."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def representatives(values: Iterable[Any], quick: Collection[Any]) -> list[Any]:
    """All values, those that are not in `quick` marked slow: one of each class stays, the rest is tried by .ci/run.

    Raises
    ------
    ValueError: one of `quick` is no value.
    """
    values = list(values)
    strange = [one for one in quick if one not in values]
    if strange:
        raise ValueError(f"quick = {strange} are none of the values")
    return [one if one in quick else pytest.param(one, marks=pytest.mark.slow) for one in values]
