r"""A running mean of weights beside any synapses: what is averaged is read out, kept digitally and paid for.

.. math:: \bar W_n = \bar W_{n-1} + (\tilde W_n - \bar W_{n-1}) / n

:math:`\tilde W_n` is what a read of every word line alone gives after so many updates (Polyak & Juditsky, SIAM Journal on Control and
Optimization 30, 1992, of iterates; of every k-th one, as in stochastic weight averaging: Izmailov et al., UAI 2018). An array
does not average by itself: each of these looks reads n_in lines, converts n_in n_out outputs, and reads and writes a digital copy of
the mean, which is as large as the weights. `settle` writes the mean back. Biases of a model are not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...devices.base.errors import RevpathError
from ...simulator.events import Events, event
from ...simulator.noise.streams import Stream
from .analog import factory_of
from .contract import Synapses, SynapsesFactory
from .rows import read_rows, update_rows

WORD = 2
"""Bytes of a weight of the copy."""
_LINES = 1024  # read together


class AveragedSynapses:
    """Synapses with a running mean of what they hold.

    Parameters
    ----------
    synapses : Synapses
        What holds W (n_in, n_out).
    every : int
        Updates between two looks.
    after : int
        Updates before the first look is counted on: what was learned until then is not in the mean.

    Attributes
    ----------
    mean : numpy.ndarray
        (n_in, n_out) float32; zeros before the first look.
    looks : int
        That the mean is made of.
    """

    def __init__(self, synapses: Synapses, every: int, after: int = 0) -> None:
        for name, value, least in (("every", every, 1), ("after", after, 0)):
            if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
                raise RevpathError(f"{name} = {value!r} must be an integer of at least {least}")
        self.synapses, self.every, self.after = synapses, int(every), int(after)
        self.mean = np.zeros(synapses.shape, np.float32)
        self.looks = self._updates = 0
        self._done: Counter[str] = Counter()

    @property
    def shape(self) -> tuple[int, int]:
        return self.synapses.shape

    @property
    def events(self) -> Events:
        """Of the synapses, and of keeping the mean."""
        return self.synapses.events + Events(self._done)

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.synapses.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        return self.synapses.backward(d)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.synapses.sample(x, bias, units, transposed=transposed)

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """As `revpath.ebm.synapses.rows.RowSynapses.forward_rows`."""
        return read_rows(self.synapses, rows)

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.synapses.update(x, d, rate)
        self._updated()

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """As `revpath.ebm.synapses.rows.RowSynapses.update_rows`."""
        update_rows(self.synapses, rows, d, rate)
        self._updated()

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self.synapses.aside():
            yield

    def weights(self) -> np.ndarray:
        return self.synapses.weights()

    def program(self, weights: np.ndarray) -> None:
        """Store W, and forget the mean."""
        self.synapses.program(weights)
        self.mean = np.zeros(self.shape, np.float32)
        self.looks = self._updates = 0

    def settle(self) -> None:
        """Store the mean in place of what was last learned: programming is what the synapses' own takes and misses.

        Raises
        ------
        RevpathError
            There was no look yet.
        """
        if not self.looks:
            raise RevpathError(
                f"no mean to settle on: {self._updates} updates, and looks begin {self.every} after the first {self.after}"
            )
        self.synapses.program(self.mean)

    def _updated(self) -> None:
        self._updates += 1
        late = self._updates - self.after
        if late > 0 and late % self.every == 0:
            self._look()

    def _look(self) -> None:
        """Read every line alone, and move the mean; both in blocks of lines."""
        self.looks += 1
        share = np.float32(1 / self.looks)
        for first in range(0, self.shape[0], _LINES):
            lines = np.arange(first, min(first + _LINES, self.shape[0]))
            self.mean[lines] += share * (read_rows(self.synapses, lines) - self.mean[lines])
        n = self.mean.size
        kept = {"kept": max(1024, WORD * n)}
        self._done.update(
            {
                "digital.add": 2 * n,
                "digital.multiply": n,
                event("table.byte_read", **kept): WORD * n,
                event("table.byte_written", **kept): WORD * n,
            }
        )


@dataclass(frozen=True)
class AveragedFactory:
    """Makes synapses with a running mean; a class, so that models pickle and clone."""

    make: SynapsesFactory
    every: int
    after: int = 0

    def __call__(self, shape: tuple[int, int], array: int) -> AveragedSynapses:
        return AveragedSynapses(self.make(shape, array), self.every, self.after)


def averaged(synapses: Any, every: int, after: int = 0, seed: int = 0) -> SynapsesFactory:
    """A factory of synapses with a running mean, for any model.

    Parameters
    ----------
    synapses : str, Device, ArrayConfig, callable or None
        As the argument of a model, see `revpath.ebm.synapses.analog.factory_of`.
    every, after : int
        Updates between two looks, and before the first is counted on.
    seed : int
        Root seed of the noise of arrays that are named by device or by settings.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import ConditionalBoltzmann
    >>> from revpath.ebm.synapses.averaging import averaged
    >>> symbols = np.tile([0, 1, 2], 200)
    >>> model = ConditionalBoltzmann(1, n_symbols=3, synapses=averaged(None, every=2), random_state=0)
    >>> model = model.fit(symbols[:-1, None], symbols[1:])
    >>> for each in model.synapses_:
    ...     each.settle()
    >>> model.predict([[1]]).tolist()
    [2]
    """
    return AveragedFactory(factory_of(synapses, seed), every, after)
