"""Synapses of which only some crossings exist: a sparse ideal matrix, and an array on which the others stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from ...devices.base.errors import RevpathError
from ...simulator.compile import kernel
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from .contract import DigitalSynapses, Synapses, SynapsesFactory, checked_batch, checked_rate, checked_weights
from .units import sample_units


class SparseSynapses:
    """An ideal matrix that holds only the weights that exist, in float64; multiplications by others are neither done nor counted.

    Parameters
    ----------
    mask : numpy.ndarray
        (n_in, n_out) bool: which weights exist.
    """

    def __init__(self, mask: np.ndarray) -> None:
        self.shape: tuple[int, int] = mask.shape
        self._rows, self._columns = np.nonzero(mask)
        self._first = np.searchsorted(self._rows, np.arange(mask.shape[0] + 1))
        self._weights = np.zeros(len(self._rows))
        self._done: Counter[str] = Counter()

    @property
    def events(self) -> Events:
        """Everything that has happened so far."""
        return Events(self._done)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """As `Synapses.forward`."""
        x, _ = checked_batch("x", x, self.shape[0])
        out = np.zeros((len(x), self.shape[1]), np.float32)
        self._count(_scattered(x, self._first, self._columns, self._weights, out))
        return out

    def backward(self, d: np.ndarray) -> np.ndarray:
        """As `Synapses.backward`."""
        d, _ = checked_batch("d", d, self.shape[1])
        out = np.zeros((len(d), self.shape[0]), np.float32)
        self._count(_gathered(d, self._first, self._columns, self._weights, out))
        return out

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Synapses.sample`."""
        p, states, done = sample_units(self.backward(x) if transposed else self.forward(x), bias, units)
        self._done.update(done.counts)
        return p, states

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """As `Synapses.update`, of the weights that exist."""
        x, _ = checked_batch("x", x, self.shape[0])
        d, _ = checked_batch("d", d, self.shape[1])
        if len(x) != len(d):
            raise RevpathError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        checked_rate(rate)
        self._count(_learned(x, d, rate, self._first, self._columns, self._weights))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """As `Synapses.aside`."""
        done = self._done.copy()
        try:
            yield
        finally:
            self._done = done

    def weights(self) -> np.ndarray:
        """As `Synapses.weights`; 0 where none exists."""
        whole = np.zeros(self.shape, np.float32)
        whole[self._rows, self._columns] = self._weights
        return whole

    def program(self, weights: np.ndarray) -> None:
        """As `Synapses.program`; what lies where no weight exists is not stored."""
        self._weights = checked_weights(weights, self.shape)[self._rows, self._columns].astype(np.float64)

    def _count(self, products: int) -> None:
        self._done["matmul.flop"] += 2 * int(products)


class MaskedSynapses:
    """An array of which some crossings are no weights: they hold 0 and are never pulsed.

    Their cells are there, with programming and read noise. Word lines with the same weights are updated together, others one after
    another, since a pulse on a word and a bit line reaches the cell where they cross.

    Parameters
    ----------
    array : Synapses
        (n_in, n_out), which holds zeros.
    mask : numpy.ndarray
        (n_in, n_out) bool.
    """

    def __init__(self, array: Synapses, mask: np.ndarray) -> None:
        self.array, self._mask = array, mask
        patterns, of_row = np.unique(mask, axis=0, return_inverse=True)
        self._groups = [
            (np.ravel(of_row) == number, pattern) for number, pattern in enumerate(patterns) if pattern.any()
        ]

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out)."""
        return self.array.shape

    @property
    def events(self) -> Events:
        """Those of the array."""
        return self.array.events

    def forward(self, x: np.ndarray) -> np.ndarray:
        """As `Synapses.forward`, other crossings with their noise included."""
        return self.array.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """As `Synapses.backward`, other crossings with their noise included."""
        return self.array.backward(d)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Synapses.sample`."""
        return self.array.sample(x, bias, units, transposed=transposed)

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """As `Synapses.update`, of the weights that exist."""
        for rows, columns in self._groups:
            x_some, d_some = np.where(rows, x, np.float32(0)), np.where(columns, d, np.float32(0))
            if x_some.any() and d_some.any():
                self.array.update(x_some, d_some, rate)

    def aside(self) -> AbstractContextManager[None]:
        """As `Synapses.aside`."""
        return self.array.aside()

    def weights(self) -> np.ndarray:
        """As `Synapses.weights`: other crossings too, which are near 0 and not quite."""
        return self.array.weights()

    def program(self, weights: np.ndarray) -> None:
        """As `Synapses.program`, with 0 where no weight exists."""
        self.array.program(np.where(self._mask, weights, np.float32(0)))


def masked(make: SynapsesFactory | None, mask: np.ndarray, array: int) -> Synapses:
    """What holds the weights of a mask: ideal, and sparse where some are missing, or array number `array` of a factory."""
    if mask.all():
        return (make or DigitalSynapses)(mask.shape, array)
    return SparseSynapses(mask) if make is None else MaskedSynapses(make(mask.shape, array), mask)


@kernel(relaxed=True)
def _scattered(x, first, columns, weights, out):
    """out (batch, n_out) += x (batch, n_in) W; how many products that took."""
    products = 0
    for s in range(x.shape[0]):
        for i in range(x.shape[1]):
            value = x[s, i]
            if value != np.float32(0.0):
                for e in range(first[i], first[i + 1]):
                    out[s, columns[e]] += value * np.float32(weights[e])
                products += first[i + 1] - first[i]
    return products


@kernel(relaxed=True)
def _gathered(d, first, columns, weights, out):
    """out (batch, n_in) = d (batch, n_out) W.T; products with what is not 0."""
    products = 0
    for s in range(d.shape[0]):
        for i in range(out.shape[1]):
            total = 0.0
            for e in range(first[i], first[i + 1]):
                value = d[s, columns[e]]
                total += np.float64(value) * weights[e]
                products += np.int64(value != np.float32(0.0))
            out[s, i] = np.float32(total)
    return products


@kernel(relaxed=True)
def _learned(x, d, rate, first, columns, weights):
    """W += rate x.T d where weights exist; products with x that is not 0."""
    products = 0
    for s in range(x.shape[0]):
        for i in range(x.shape[1]):
            value = x[s, i]
            if value != np.float32(0.0):
                for e in range(first[i], first[i + 1]):
                    weights[e] += rate * np.float64(value) * np.float64(d[s, columns[e]])
                products += first[i + 1] - first[i]
    return products
