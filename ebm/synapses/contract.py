"""The seam between an energy-based model and what holds its weights.

A model asks five things of its weights: multiply, multiply transposed, sample units, add an outer product, read out.
`Synapses` is that contract; `DigitalSynapses` is an ideal float32 matrix, `CrossbarSynapses` a simulated analog array.
A model written on the protocol runs on both, so "with and without noise" is one argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from numbers import Real
from typing import Protocol, runtime_checkable

import numpy as np

from ...devices.base.errors import RevpathError
from ...devices.base.product import add_product, product
from ...simulator.compile import kernel
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ...simulator.operands import as_rows
from .carry import add_to_rows, carry
from .units import sample_units as sample_units
from .units import sigmoid as sigmoid

_LARGEST = float(np.finfo(np.float32).max)


@runtime_checkable
class Synapses(Protocol):
    """What a model needs of a weight matrix W of shape (n_in, n_out). Batches are rows."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out)."""
        ...

    @property
    def events(self) -> Events:
        """Everything that has happened to these synapses so far."""
        ...

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, n_in) -> x @ W, float32 (batch, n_out)."""
        ...

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, n_out) -> d @ W.T, float32 (batch, n_in)."""
        ...

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bernoulli units driven by x: (probabilities, states), both float32, with p = sigmoid(x @ W + bias)."""
        ...

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W <- W + rate * x.T @ d, one outer product for each row of the batch, in order."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block whose reads are not part of the run: not counted, and drawing on noise of their own."""
        ...

    def weights(self) -> np.ndarray:
        """A copy of the stored W, float32: a diagnostic, not an array read."""
        ...

    def program(self, weights: np.ndarray) -> None:
        """Store W."""
        ...


SynapsesFactory = Callable[[tuple[int, int], int], Synapses]
"""(shape, number of the array within the model) -> synapses that hold zeros."""


class DigitalSynapses:
    """An ideal float32 weight matrix: the exact twin of every analog array.

    What a float32 weight cannot show of an update (half a unit in its last place, 3e-8 of the weight) is kept beside it and
    shows once it adds up: 20,000 updates of 1e-8 onto 0.5 move it by 2e-4. A weight and what is left of it have 48 bits.

    Parameters
    ----------
    shape : tuple[int, int]
        (n_in, n_out).
    array : int
        number of the array within the model; unused, it keeps the factory signature.
    """

    def __init__(self, shape: tuple[int, int], array: int = 0) -> None:
        self._weights = np.zeros(checked_shape(shape), np.float32)
        self._left = np.zeros_like(self._weights)  # of updates: what the weights do not show yet
        self._done = Counter()  # merging immutable Events at every call took a third of the time of small models

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self._weights.shape
        return rows, columns

    @property
    def events(self) -> Events:
        return Events(self._done)

    def forward(self, x: np.ndarray) -> np.ndarray:
        x, driven = checked_batch("x", x, self.shape[0])
        self.count_products(driven * self.shape[1])
        return product(x, self._weights)

    def backward(self, d: np.ndarray) -> np.ndarray:
        d, driven = checked_batch("d", d, self.shape[1])
        self.count_products(driven * self.shape[0])
        return product(d, self._weights.T)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        field = self.backward(x) if transposed else self.forward(x)
        p, states, done = sample_units(field, bias, units)
        self._done.update(done.counts)
        return p, states

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        x, driven = checked_batch("x", x, self.shape[0])
        d, _ = checked_batch("d", d, self.shape[1])
        if len(x) != len(d):
            raise RevpathError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        checked_rate(rate)
        self.count_products(driven * self.shape[1])
        add_product(self._left, x.T, d, rate)
        carry(self._weights.reshape(-1), self._left.reshape(-1))

    @contextmanager
    def aside(self) -> Iterator[None]:
        done = self._done.copy()
        try:
            yield
        finally:
            self._done = done

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """As `revpath.ebm.synapses.rows.RowSynapses.forward_rows`."""
        rows = as_rows(rows, self.shape[0])
        self.count_products(len(rows) * self.shape[1])
        return self._weights[rows]

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """As `revpath.ebm.synapses.rows.RowSynapses.update_rows`; float32, sample by sample."""
        rows = as_rows(rows, self.shape[0])
        d, _ = checked_batch("d", d, self.shape[1])
        if len(rows) != len(d):
            raise RevpathError(f"rows has {len(rows)} entries and d has {len(d)} rows: an update needs as many of each")
        checked_rate(rate)
        self.count_products(len(rows) * self.shape[1])
        add_to_rows(self._weights, self._left, rows, d, np.float32(rate))

    @property
    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights themselves and what is left beside them, (n_in, n_out) float32, for a kernel that learns in place.

        Whoever runs it says so to `count_products`.
        """
        return self._weights, self._left

    def count_products(self, products: int) -> None:
        """Count so many multiplications with their additions."""
        self._done["matmul.flop"] += 2 * int(products)

    def weights(self) -> np.ndarray:
        return self._weights.copy()

    def program(self, weights: np.ndarray) -> None:
        self._weights = checked_weights(weights, self.shape).copy()
        self._left = np.zeros_like(self._weights)


def checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """(n_in, n_out) as positive integers."""
    if len(shape) != 2 or any(not hasattr(n, "__index__") or n < 1 for n in shape):
        raise RevpathError(f"shape = {shape!r} must be two positive integers (n_in, n_out)")
    return int(shape[0]), int(shape[1])


def checked_rate(rate: float) -> None:
    """RevpathError where a rate is no number that float32 holds, or negative."""
    if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 <= float(rate) <= _LARGEST:
        raise RevpathError(f"rate = {rate!r} must be finite and not negative, at most {_LARGEST:.3g}")


def checked_batch(name: str, x: np.ndarray, width: int) -> tuple[np.ndarray, int]:
    """A finite float32 batch of rows of `width`, and how many of its numbers are not zero."""
    x = np.asarray(real_numbers(name, x))
    if x.ndim != 2 or x.shape[1] != width:
        raise RevpathError(f"{name} has shape {x.shape}; it must be (batch, {width})")
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite, which is refused
        x = np.ascontiguousarray(x, np.float32)
        squares, driven = _looked_through(x.reshape(-1))
    if not np.isfinite(squares):  # a NaN or an infinity shows in it (so does 2e19: no array holds it)
        bad = np.argwhere(~np.isfinite(x))
        where = f"first at {tuple(int(i) for i in bad[0])}" if len(bad) else "its squares overflow float32"
        raise RevpathError(f"{name} must be finite: {where}")
    return x, driven


@kernel(relaxed=True)
def _looked_through(x):
    """Sum of squares and count of what is not zero, in one pass; not by BLAS, whose threads would spin beside ours."""
    squares, driven = np.float32(0.0), 0
    for i in range(x.size):
        squares += x[i] * x[i]
        driven += np.int64(x[i] != np.float32(0.0))
    return squares, driven


def real_numbers(name: str, x: np.ndarray) -> np.ndarray:
    """`x` as an array of real numbers.

    Raises
    ------
    RevpathError
        Masked entries, complex numbers, dates, text, bytes, records or objects.
    """
    if np.ma.is_masked(x):
        raise RevpathError(f"{name} has masked entries: fill or drop them first")
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise RevpathError(f"{name} must be an array of real numbers: {error}") from error
    if x.dtype.kind not in "fiub":
        complex_numbers = "Complex data not supported: " if x.dtype.kind == "c" else ""
        raise RevpathError(f"{complex_numbers}{name} has type {x.dtype}; it must hold real numbers")
    return x


def checked_weights(weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Finite float32 weights of `shape`."""
    weights = real_numbers("weights", weights)
    if weights.shape != shape:
        raise RevpathError(f"weights have shape {weights.shape}; the array holds {shape}")
    return checked_batch("weights", weights, shape[1])[0]
