"""Volatile cells leak while an array is trained: by the updates it has taken, and by simulated time, see `revpath.devices.Leak`.

A share of the state is lost at a time, which a float32 state could not hold if it were lost update by update (1e-6 of it
for the capacitor cell). What has leaked is therefore gathered, and taken off once it comes to `SMALLEST`; reads until then see
states that are too large by less than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ...devices import Device
from ..noise.streams import Stream

SMALLEST = 2.0**-16  # of a state: 256 times the rounding of float32


class Leakage:
    """How much the cells of an array leak.

    Parameters
    ----------
    device : Device
        Its `leak` is the law.
    shape : (int, int)
        Rows and columns of the weights.
    seed, array : int
        Address of the differences between cells.
    shared : bool
        Whether the G- of a word line is one cell.
    fixed : (rows x columns, 2) bool or None
        Cells that are stuck: these do not leak.

    Attributes
    ----------
    updates : int
        Updates that have leaked or are about to.
    seconds : float
        Simulated time that has leaked or is about to.
    """

    def __init__(
        self, device: Device, shape: tuple[int, int], *, seed: int, array: int, shared: bool, fixed: np.ndarray | None
    ) -> None:
        self.law = device.leak
        self.updates, self.seconds = 0, 0.0
        self._waiting_updates, self._waiting_seconds = 0, 0.0
        self._busy = 0.0  # seconds that the array had been busy, the last time
        self._open = 0  # updates that have begun, one within the other
        self._z = np.zeros(0)
        self._fixed = fixed
        if self.law.known:
            z = Stream(seed, "leak", array).normals((*shape, 2)).astype(np.float64)
            if shared:
                z[..., 1] = z[:, :1, 1]
            self._z = z.reshape(-1, 2)

    def restart(self) -> None:
        """All cells have been written anew: what was about to leak is of states that are gone."""
        self._waiting_updates, self._waiting_seconds = 0, 0.0

    @contextmanager
    def one_update(self) -> Iterator[bool]:
        """A block that is one update, whatever updates are made in it; True in the outermost of several."""
        self._open += 1
        try:
            yield self._open == 1
        finally:
            self._open -= 1

    def elapse(
        self, busy: float, *, updates: int = 0, seconds: float = 0.0, at_once: bool = False
    ) -> np.ndarray | None:
        """Let updates and time pass; the share (rows x columns, 2) that each cell keeps, or None where nothing is due yet.

        Parameters
        ----------
        busy : float
            Seconds that the array has been busy in all; those since the last call pass.
        updates, seconds : int, float
            What passes beside: updates, and seconds of rest.
        at_once : bool
            Whether all that waits is due, however little it is.
        """
        seconds += max(busy - self._busy, 0.0)  # reads that are not part of the run have a clock of their own
        self._busy = max(busy, self._busy)
        self.updates += updates
        self.seconds += seconds
        if not self.law.known:
            return None
        self._waiting_updates += updates
        self._waiting_seconds += seconds
        lost = self.law.lost(self._waiting_updates, self._waiting_seconds)
        if lost == 0 or (lost < SMALLEST and not at_once):
            return None
        kept = self.law.remaining(self._waiting_updates, self._z, seconds=self._waiting_seconds)
        self.restart()
        return kept if self._fixed is None else np.where(self._fixed, 1.0, kept)
