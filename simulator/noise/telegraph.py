"""Random telegraph noise of an array: the trap of every cell, which remembers from one read to the next.

Between two moments that lie `seconds` apart a trap keeps its state with probability exp(-seconds / switching_time), and
is otherwise drawn afresh: occupied with probability p. That is the two-state Markov process with the two rates of
`TelegraphReadNoise`, exactly, at any distance in time. One 64-bit number for each cell decides, so that reads a
billionth of a switching time apart are resolved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ...devices.laws.read_noise import TelegraphReadNoise
from ..compile import kernel
from ..errors import ArrayError
from ..operands import as_finite, checked_sizes
from .streams import Stream, philox_lanes

_LANES = 128  # Philox calls side by side; each serves two cells


@kernel(draws=True)
def _advance(occupied, below_occupied, below_empty, step, key):
    """Traps (cells,) move on: number n < below_occupied fills, < below_empty empties, else the trap keeps its state."""
    low = np.empty(_LANES, np.uint32)
    high = np.empty(_LANES, np.uint32)
    words = np.empty((4, _LANES), np.uint32)
    changed = 0
    for begin in range(0, occupied.size, 2 * _LANES):
        part = occupied[begin : begin + 2 * _LANES]
        first = np.uint64(begin // 2)
        lanes = (part.size + 1) // 2
        for i in range(lanes):
            position = first + np.uint64(i)
            low[i] = position & np.uint64(0xFFFFFFFF)
            high[i] = position >> np.uint64(32)
        philox_lanes(words, low[:lanes], high, step, key)
        for i in range(part.size):
            lane, word = i // 2, 2 * (i % 2)
            number = (np.uint64(words[word, lane]) << np.uint64(32)) | np.uint64(words[word + 1, lane])
            if number < below_empty:
                state = number < below_occupied
                changed += np.int64(state != part[i])
                part[i] = state
    return changed


class Traps:
    """The trap of every cell of an array, stationary from the start.

    Parameters
    ----------
    law : TelegraphReadNoise
        of the device.
    shape : tuple[int, int]
        (rows, columns); there are two cells at each crossing.
    seed, array : int
        address of the differences between cells and of what the traps do.

    Attributes
    ----------
    amplitude
        (rows, columns, 2), step of each cell relative to its mean conductance.
    occupied
        (rows, columns, 2), bool.
    """

    def __init__(self, law: TelegraphReadNoise, shape: tuple[int, int], *, seed: int = 0, array: int = 0) -> None:
        if not isinstance(law, TelegraphReadNoise):
            raise ArrayError(f"law = {law!r} must be a TelegraphReadNoise: other laws have no traps")
        rows, columns = checked_sizes(shape, "shape")
        self.law = law
        self.amplitude = law.amplitudes(Stream(seed, "trap-amplitudes", array).normals((rows, columns, 2)))
        self.occupied = np.zeros((rows, columns, 2), np.bool_)
        self._stream = Stream(seed, "traps", array)
        self._aside = Stream(seed, "traps-aside", array)
        self._draw(1.0)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Time that passes inside this block did not pass: the traps come out as they went in, with the same future."""
        occupied, stream = self.occupied, self._stream
        self.occupied, self._stream = occupied.copy(), self._aside
        try:
            yield
        finally:
            self.occupied, self._stream = occupied, stream

    def advance(self, seconds: float) -> int:
        """Let time pass; returns how many traps ended in their other state.

        Raises
        ------
        ArrayError
            `seconds` is negative or not a number (infinity is allowed: nothing is remembered).
        """
        if not seconds >= 0:
            raise ArrayError(f"seconds = {seconds!r} must be 0 or more")
        return self._draw(-math.expm1(-seconds / self.law.switching_time)) if seconds > 0 else 0

    def factors(self) -> np.ndarray:
        """What the traps make of a conductance of 1 at this moment, (rows, columns, 2): 1 + a (p - occupied)."""
        return 1.0 + self.amplitude * (self.law.occupancy - self.occupied)

    def show(self, siemens: np.ndarray) -> tuple[np.ndarray, int]:
        """Cells of mean conductance `siemens` (rows, columns, 2) as they are now, float32, and how many are cut off.

        A step so large that the lower level would lie below zero ends at zero; such cells are counted.
        """
        siemens = np.asarray(siemens)
        if siemens.shape != self.occupied.shape:
            raise ArrayError(f"siemens has shape {siemens.shape}; it must be {self.occupied.shape}")
        shown = siemens * self.factors()
        below = shown < 0
        shown[below] = 0.0
        return shown.astype(np.float32), int(np.count_nonzero(below))

    def sampled_read(
        self, x: np.ndarray, siemens: np.ndarray, seconds: float, *, transposed: bool = False
    ) -> tuple[np.ndarray, int]:
        """Reads x (batch, driven) one after the other, each `seconds` after the one before: y_j = sum_i x_i (G+ - G-)_ij.

        `seconds` is the time from read to read, and at least the length of one.

        Returns
        -------
        y (batch, sensed) float32, in siemens times the unit of x; and the cells cut off at zero, over all reads.

        Raises
        ------
        ArrayError
            shapes that do not fit, or values that are not finite.
        RevpathError
            `seconds` is not a time, or a switching time or longer (a read as long would average over both levels).
        """
        self.law.check(seconds)
        x = as_finite(x, self.occupied.shape[1 if transposed else 0], "x")
        y = np.empty((len(x), self.occupied.shape[0 if transposed else 1]), np.float32)
        below = 0
        for s, inputs in enumerate(x.astype(np.float64)):
            self.advance(seconds)
            shown, cut = self.show(siemens)
            pairs = shown[..., 0].astype(np.float64) - shown[..., 1]
            y[s] = pairs @ inputs if transposed else inputs @ pairs
            below += cut
        return y, below

    def _draw(self, renewed: float) -> int:
        """Draw the share `renewed` of the traps afresh."""
        flat = self.occupied.reshape(-1)
        below_occupied, below_empty = _threshold(renewed * self.law.occupancy), _threshold(renewed)
        return int(_advance(flat, below_occupied, below_empty, self._stream.take_step(), self._stream.key))


def _threshold(probability: float) -> np.uint64:
    """The 64-bit number that a uniform one is below with this probability (1 is taken to be 1 - 2^-64)."""
    return np.uint64(min(int(math.ldexp(probability, 64)), 2**64 - 1))
