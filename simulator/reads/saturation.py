"""A range that does not fit is said, once."""

from __future__ import annotations

import warnings

from ..errors import SaturationWarning
from .path import Answer, ReadPath

MOST, ENOUGH = 0.5, 100  # part of the conversions from which saturation is worth a word, and how many there must be


def mind_saturation(path: ReadPath, answer: Answer, transposed: bool, warned: bool) -> bool:
    """Count what a read cut off, and warn who called `forward` where the range does not fit, once.

    Parameters
    ----------
    path : ReadPath
        That was read.
    answer : Answer
    transposed : bool
    warned : bool
        Whether it was said before.

    Returns
    -------
    bool
        Whether it has been said by now.
    """
    path.conversions += answer.conversions
    path.clipped += answer.clipped
    conversions, clipped = path.conversions, path.clipped
    if warned or conversions < ENOUGH or clipped <= MOST * conversions:
        return warned
    warnings.warn(
        f"{clipped} of {conversions} conversions saturated at y_max = {path.adc.y_max:.6g} "
        f"(transposed = {transposed}): give the ADC another y_max, call `calibrate` of the array with typical inputs, or "
        f"leave range and y_max out (range = 'auto')",
        SaturationWarning,
        stacklevel=4,
    )
    return True
