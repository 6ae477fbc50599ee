"""Arrays that nobody gave a seed or a number all have the same noise: said where several alike are in use at a time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from .crossbar import Crossbar

SEVERAL = 3  # a cell of a notebook that is run again has two for a moment, the old one and the new
_unnamed: WeakSet[Crossbar] = WeakSet()


class _Unnamed(int):
    """The 0 of a seed or a number that was not given."""


UNNAMED = _Unnamed()


class SameNoiseWarning(UserWarning):
    """Several arrays alike have the same seed and number, so that their noise is the same to the bit."""


def mind_namesakes(array: Crossbar) -> None:
    """Note an array that was given neither seed nor number; warn if there are several of one shape and configuration.

    Warns
    -----
    SameNoiseWarning
        At the third that is alive, unless their cells are ideal; not again at more.
    """
    if array.device.response.exact:
        return
    alike = [other for other in _unnamed if other.shape == array.shape and other.config == array.config]
    _unnamed.add(array)
    if len(alike) + 1 == SEVERAL:
        warnings.warn(
            f"{SEVERAL} arrays of shape {array.shape} and one configuration were made without seed or number: they have the "
            "same noise to the bit, in programming and in reads, so that an average over them lowers no noise. Give each its "
            "own: Crossbar(shape, config, seed=1, array=k)",
            SameNoiseWarning,
            stacklevel=3,
        )
