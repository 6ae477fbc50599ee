"""Inputs scaled to the range of the DAC, row by row: a vector keeps its direction, and all levels are used.

Each row is divided by its largest magnitude over x_max, and what is read for it is multiplied by the same number:
ABS_MAX noise management of aihwkit (Gokmen, Onen and Haensch, "Training deep convolutional neural networks with resistive
cross-point devices", Frontiers in Neuroscience 11:538, 2017, section "Noise management"; read as aihwkit has it). Noise
of cells and converters grows and shrinks with the row.

What is counted for a row of n inputs and m outputs: n - 1 ``digital.compare`` to find the largest magnitude; where it is
scaled, one ``digital.divide``, n ``digital.multiply`` of the inputs and m of the outputs.
"""

from __future__ import annotations

import numpy as np

from ..errors import ArrayError
from ..events import Tally


def row_scales(x: np.ndarray, x_max: float, *, only_beyond: bool = False) -> np.ndarray:
    """What each row of x is to be divided by so that its largest magnitude is x_max.

    Parameters
    ----------
    x : (batch, lines) float32
        Inputs.
    x_max : float
        Largest input that the DAC takes.
    only_beyond : bool
        Leave rows alone that the DAC takes as they are.

    Returns
    -------
    (batch,) float32; 1 for rows of zeros.

    Raises
    ------
    ArrayError
        An input is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> row_scales(np.array([[1, -4], [0, 0]], np.float32), 2.0).tolist()
    [2.0, 1.0]
    """
    largest = np.abs(x).max(axis=1, initial=0.0)
    if not np.all(np.isfinite(largest)):
        bad = np.argwhere(~np.isfinite(x))[0]
        raise ArrayError(f"input [{bad[0]}, {bad[1]}] = {x[tuple(bad)]} must be finite")
    scales = np.where(largest > 0, largest / np.float32(x_max), np.float32(1)).astype(np.float32)
    scales[scales == 0] = 1  # smaller than float32 can divide by: nothing is driven
    return np.maximum(scales, np.float32(1)) if only_beyond else scales


def count_scaling(scales: np.ndarray, driven: int, sensed: int, tally: Tally) -> None:
    """Count the digital work of scaling rows of `driven` inputs and `sensed` outputs by `scales` (batch,)."""
    scaled = int(np.count_nonzero(scales != 1))
    tally.count("digital.compare", len(scales) * (driven - 1))
    tally.count("digital.divide", scaled)
    tally.count("digital.multiply", scaled * (driven + sensed))
