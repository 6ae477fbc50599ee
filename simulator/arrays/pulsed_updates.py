"""What moves the cells of one array in training: outer products, listed rows, counted pulses, and what comes with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..cells.cells import Cells
from ..config import ArrayConfig
from ..events import Tally
from ..operands import checked_row_update, checked_update
from ..updates.refresh import PairRefresh
from ..updates.update import PulseStreams, fire, pulse, update, update_rows


class PulsedUpdates:
    """The updates of a `Crossbar`: every one is counted, refreshes pairs that have filled up, and lets volatile cells leak."""

    shape: tuple[int, int]
    config: ArrayConfig
    cells: Cells
    _tally: Tally
    _pulse_streams: PulseStreams
    _refresh: PairRefresh

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W <- W + rate x^T d in the array, one outer product for each row of the batch, in order.

        Cells with a pulse response are moved by coincidences of stochastic pulse trains on word and bit lines (or as
        `config.pulses` says); ideal cells take the exact change, added up in float64, and saturate at weight_max.

        The probability with which a line fires in a slot has 16 bits, as the random numbers of a pulse generator do: it is
        rounded to a multiple of 2**-16. The largest |x| and |d| of a sample fire with a like probability p, which is 0.71 to
        1 where rate x |x| |d| asks for more than one pulse, and its square root in pulses where it asks for less. So an
        input below 2**-17 / p of the largest (8e-6 of it, 3e-5 at p = 0.25) never fires and changes nothing, and one a few
        times larger is off by the rounding; a whole sample that asks for less than 6e-11 pulses does nothing.

        Parameters
        ----------
        x : (batch, rows) array
            Of the word lines.
        d : (batch, columns) array
            Of the bit lines.
        rate : float
            Learning rate, not negative.

        Raises
        ------
        ArrayError
            Shapes that do not match, values that are not finite, or a device whose pulse response is not known.

        Examples
        --------
        >>> import numpy as np
        >>> from revpath.simulator import Crossbar
        >>> array = Crossbar((3, 2))
        >>> array.update(np.ones((1, 3)), np.array([[0.5, -0.5]]), rate=0.1)
        >>> array.read()[0].round(3).tolist()
        [0.05000000074505806, -0.05000000074505806]
        """
        x, d = checked_update(x, d, rate, self.shape)
        with self.one_update():
            for part in self._refresh.parts(len(x)):
                update(self.cells, x[part], d[part], rate, self.config, self._pulse_streams, self._tally)
                self._refresh.after(len(x[part]), self.cells, self.config, self._tally)

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Add rate d[s] to row rows[s] of W, for each s in order: `update` with one-hot inputs, bit for bit.

        Cells with a pulse response are looked at only in the rows that are listed.

        Parameters
        ----------
        rows : array of int
            (batch,), from 0 to rows - 1; a row may stand there more than once.
        d : (batch, columns) array
            Of the bit lines.
        rate : float
            Learning rate, not negative.

        Raises
        ------
        ArrayError
            As `update`; rows that the array does not have.

        Examples
        --------
        >>> from revpath.simulator import Crossbar
        >>> array = Crossbar((5, 2))
        >>> array.update_rows([3, 3], [[1.0, 0.0], [0.5, -1.0]], rate=0.1)
        >>> array.read()[3].round(3).tolist()
        [0.15000000596046448, -0.10000000149011612]
        """
        rows, d = checked_row_update(rows, d, rate, self.shape)
        with self.one_update():
            for part in self._refresh.parts(len(rows)):
                update_rows(self.cells, rows[part], d[part], rate, self.config, self._pulse_streams, self._tally)
                self._refresh.after(len(rows[part]), self.cells, self.config, self._tally)

    @contextmanager
    def one_update(self) -> Iterator[None]:
        """What happens inside counts as one update of volatile cells, whose leak is known by updates (`revpath.devices.Leak`).

        A plain `update` is one anyway; rules, which make one out of many, put this around them.
        """
        with self.cells.leakage.one_update() as outermost:
            yield
        if outermost:
            self._leak(updates=1)

    def _leak(self, **passed: Any) -> None:
        busy = self._tally.integral("array.busy_s")
        self.cells.leak(self.cells.leakage.elapse(busy, **passed))

    def pulse(self, counts: np.ndarray) -> None:
        """Pulse each weight so many times, counts (rows, columns) of an integer type: up where positive, else down.

        Both cells of a weight take the pulses, in opposite directions (G+ alone with a shared reference), with all noise
        and bounds of the device. Word lines are driven one after another, each for the largest count on it.

        Raises
        ------
        ArrayError
            a wrong shape, counts that are not whole, or cells that no pulse moves.
        """
        pulse(self.cells, counts, self.config, self._pulse_streams, self._tally)
        self._refresh.after(1, self.cells, self.config, self._tally)

    def fire(self, words: np.ndarray, bits: np.ndarray, slots: int) -> None:
        """Fire word and bit lines together, evenly over `slots`: |words_i| |bits_j| / slots pulses on each weight, rounded.

        Halves are rounded up; a weight goes up where both of its lines have the same sign. A line pulse is one firing.

        Parameters
        ----------
        words : ndarray
            (rows,), bits: (columns,) integers, firings of each line, at most `slots` of either sign.

        Raises
        ------
        ArrayError
            shapes that do not match, firings that are not whole or more than the slots, cells that no pulse moves.
        """
        fire(self.cells, words, bits, slots, self.config, self._pulse_streams, self._tally)
        self._refresh.after(1, self.cells, self.config, self._tally)
