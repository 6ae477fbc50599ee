"""Drift taken out digitally: outputs are multiplied by how much calibration reads have shrunk since programming.

alpha = sum |Y then| / sum |Y now|, with Y what the array answers to each word line driven alone, noise and converters
included: one number for the array, or one for each bit line. (Joshi et al., Nature Communications 11, 2473, 2020, as we
remember it; as in aihwkit's GlobalDriftCompensation and PerColumnDriftCompensation, which read one-hot vectors too,
though their documentation says vectors of ones.)
"""

from __future__ import annotations

import numpy as np

from ..errors import ArrayError
from ..events import Events, Tally
from .operator import ArrayOperator


class DriftCompensation:
    """What an array answered when it was programmed, and by how much its outputs are to be multiplied now.

    Parameters
    ----------
    array : ArrayOperator
        to be read now, freshly programmed: one read for each word line, which the array counts.
    x_max : float
        the input that is read with.
    per_column : bool
        one number for each bit line instead of one for all.
    tally : Tally, optional
        where the digital work is counted, in place of `events`.

    Attributes
    ----------
    scale
        (1,) or (columns,) float32; 1 until `measure`.
    events : Events
        the digital work so far; the reads are in the array's.
    per_column : bool
        see above.
    """

    def __init__(
        self, array: ArrayOperator, *, x_max: float = 1.0, per_column: bool = False, tally: Tally | None = None
    ) -> None:
        self._x_max, self.per_column = x_max, per_column
        self._tally = Tally()
        self._then = self._sizes(array, self._tally if tally is None else tally)
        self.scale = np.ones(self._then.shape, np.float32)

    @property
    def events(self) -> Events:
        return self._tally.events

    def measure(self, array: ArrayOperator, tally: Tally | None = None) -> np.ndarray:
        """Read the array again, without compensation, and find the scale; returns it.

        A bit line that answered nothing then has nothing to be compensated, and keeps the scale 1.

        Parameters
        ----------
        tally : Tally, optional
            where the digital work is counted, in place of `events`; so for `apply`.

        Raises
        ------
        ArrayError
            the array, or a bit line, answers nothing where it did before.
        """
        tally = self._tally if tally is None else tally
        now = self._sizes(array, tally)
        silent = np.flatnonzero((now == 0) & (self._then > 0))
        if silent.size:
            where = f"bit line {silent[0]} answers" if self.per_column else "the array answers"
            raise ArrayError(f"drift cannot be compensated: {where} 0 to all calibration reads")
        self.scale = np.where(now > 0, self._then / np.where(now > 0, now, 1.0), 1.0).astype(np.float32)
        tally.count("digital.divide", now.size)
        return self.scale

    def apply(self, y: np.ndarray, tally: Tally | None = None) -> np.ndarray:
        """Outputs (batch, columns) of forward reads, compensated: one multiplication for each.

        In the other direction these are outputs with one scale for all, but inputs (batch, columns) with one for each column.
        """
        (self._tally if tally is None else tally).count("digital.multiply", y.size)
        return y * self.scale

    def _sizes(self, array: ArrayOperator, tally: Tally) -> np.ndarray:
        """Sums of the magnitudes of calibration reads, (1,) or (columns,)."""
        rows, columns = array.shape
        y = np.abs(array.uncompensated(np.eye(rows, dtype=np.float32) * np.float32(self._x_max)))
        sums = y.sum(axis=0, dtype=np.float64)
        tally.count("digital.add", y.size - (columns if self.per_column else 1))
        return sums if self.per_column else sums.sum(keepdims=True)
