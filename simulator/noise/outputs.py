"""What noise adds to the outputs of a batch of reads, as variances. No noise is a value like any other, and adds nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

NO_VARIANCE = np.empty((0, 1))
"""The variance where there is no noise: it has no rows, and to kernels that is what says so."""
NO_COMMON = NO_VARIANCE[:, 0]
"""The same of what all outputs share."""


def summed(*variances: np.ndarray) -> np.ndarray:
    """The variance of noises together, each (batch, 1) or (batch, outputs), or without rows for none.

    Examples
    --------
    >>> summed(NO_VARIANCE, np.array([[2.0]]), np.array([[1.0, 3.0]]), NO_VARIANCE).tolist()
    [[3.0, 5.0]]
    >>> len(summed(NO_VARIANCE, NO_VARIANCE))
    0
    """
    present = [variance for variance in variances if len(variance)]
    return sum(present[1:], present[0]) if present else NO_VARIANCE


@dataclass(frozen=True, eq=False, slots=True)
class Noise:
    """Normal noise of the outputs of a batch of reads; `Noise()` is none.

    Parameters
    ----------
    independent : array, optional
        Variance of what each output has for itself: (batch, 1) where all have the same, else (batch, outputs), of the
        square of an output's unit; without rows for none.
    common : (batch,) array, optional
        Variance of what all outputs of a read share; without entries for none.

    Examples
    --------
    >>> cells, circuit = Noise(np.array([[1.0, 2.0]])), Noise(common=np.array([0.5]))
    >>> (cells + circuit).variance(1).tolist()
    [[1.5, 2.5]]
    >>> (cells + Noise()).independent is cells.independent
    True
    >>> Noise().variance(2).tolist()
    [[0.0], [0.0]]
    """

    independent: np.ndarray = field(default_factory=lambda: NO_VARIANCE)
    common: np.ndarray = field(default_factory=lambda: NO_COMMON)

    def __add__(self, other: Noise) -> Noise:
        """Both, independent of one another. What only one of them has stays as it is; sums are float32, as kernels take them."""
        return Noise(_together(self.independent, other.independent), _together(self.common, other.common))

    def variance(self, batch: int) -> np.ndarray:
        """Of each output, by all of it: (batch, 1) or (batch, outputs); zeros without noise."""
        return variance_of(batch, self)


def variance_of(batch: int, *noises: Noise) -> np.ndarray:
    """Variance of each output by several noises together, (batch, 1) or (batch, outputs); zeros without noise."""
    independent = [noise.independent for noise in noises]
    every = summed(*independent, *(noise.common[:, None] for noise in noises))
    return every if len(every) else np.zeros((batch, 1))


def _together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a + b).astype(np.float32) if len(a) and len(b) else a if len(a) else b
