r"""The conditional Boltzmann machine of visible units: couplings of every order to the symbols before.

.. math:: E(y \mid x) = - b_y - \sum_{k=1}^{K} D^{(k)}_{r_k(x),\, y}

y is the next symbol, x the symbols before it, r_k(x) the word line that stands for the last k of them (hashed where there
are more contexts than lines). The sum over y is one of n_symbols terms, so p(y | x) is an exact softmax, and the gradient of
its logarithm is local: on the line that was driven, 1{symbol = y} - p(symbol). **It is a log-linear n-gram model** (hashed,
as in maximum-entropy language models: Rosenfeld, "A maximum entropy approach to adaptive statistical language modelling",
Computer Speech and Language 10, 1996), trained in place: a one-hot line is a look-up, and an array has nothing to multiply.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

import numpy as np

from ...devices import Device
from ...devices.base.errors import RevpathError
from ...simulator import ArrayConfig
from ...simulator.events import Events, event
from ..synapses.analog import factory_of
from ..synapses.contract import DigitalSynapses, Synapses, SynapsesFactory
from ..synapses.rows import read_rows, update_rows
from .conditional_boltzmann_kernels import add_errors, learn_ideal, softmax_errors
from .context_rows import context_rows, rows_of_order
from .symbol_model import BYTES, SymbolModel, log_events, log_frequencies

_HASH_MULTIPLIES = 4  # of 16 bits, that make a product of 32: the address of one order
_WRITTEN_OUT = 1 << 23  # one-hot numbers in a batch of reads for synapses that do not know rows


class ConditionalBoltzmann(SymbolModel):
    """A conditional Boltzmann machine over symbols, on any synapses: a log-linear n-gram model trained in place.

    Parameters
    ----------
    orders : int
        Couplings to the last 1, 2, ..., `orders` symbols; one array an order. A context must be as long.
    max_rows : int
        Largest number of word lines of an array, a power of two. Contexts beyond it share lines by hashing.
    n_symbols : int
        Size of the alphabet; symbols are integers from 0.
    learning_rate, bias_learning_rate : float
        Step of couplings and bias along the gradient of the mean log-likelihood of a mini-batch.
    last_rate : float
        Part of the rates that is left at the end of `fit`; they fall linearly. 1 keeps them.
    batch_size : int
        Rows in a mini-batch.
    n_iter : int
        Passes of `fit` over the data, each in a new order.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses`` with a seed of its own; None means ideal digital ones.
    random_state : int, numpy.random.RandomState or None
        Seeds the order of the data, and arrays that are named by device or configuration.

    Attributes
    ----------
    synapses_ : tuple of Synapses
        One an order: (min(n_symbols^order, max_rows), n_symbols).
    intercept_ : numpy.ndarray
        Digital bias of the symbols, (n_symbols,) float32.
    classes_ : numpy.ndarray
        The symbols.
    events_ : Events
        Everything that happened so far.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import ConditionalBoltzmann
    >>> symbols = np.tile([0, 1, 2, 1], 200)
    >>> contexts = np.stack([symbols[1:-1], symbols[:-2]], axis=1)
    >>> model = ConditionalBoltzmann(orders=2, n_symbols=3, random_state=0).fit(contexts, symbols[2:])
    >>> model.predict([[1, 0], [1, 2]]).tolist()
    [2, 0]
    """

    _integers: ClassVar = {"orders": 1, "max_rows": 2, "n_symbols": 2, "batch_size": 1, "n_iter": 1}
    _reals: ClassVar = ("learning_rate", "bias_learning_rate", "last_rate")

    def __init__(
        self,
        orders=6,
        *,
        max_rows=8192,
        n_symbols=27,
        learning_rate=20.0,
        bias_learning_rate=2.0,
        last_rate=0.05,
        batch_size=64,
        n_iter=1,
        synapses: SynapsesFactory | ArrayConfig | Device | str | None = None,
        random_state: Any = None,
    ):
        self.orders = orders
        self.max_rows = max_rows
        self.n_symbols = n_symbols
        self.learning_rate = learning_rate
        self.bias_learning_rate = bias_learning_rate
        self.last_rate = last_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.synapses = synapses
        self.random_state = random_state

    # -- learning ---------------------------------------------------------------------------------------------------

    def _begin(self, context: int, y: np.ndarray, seed: int) -> None:
        if context < self.orders:
            raise RevpathError(f"X has {context} columns; couplings of order {self.orders} need as many (orders)")
        make = factory_of(self.synapses, seed)
        shapes = [
            (rows_of_order(order, self.n_symbols, self.max_rows), self.n_symbols) for order in range(1, self.orders + 1)
        ]
        _refuse_beyond_memory(shapes)
        self.synapses_: tuple[Synapses, ...] = tuple(make(shape, array) for array, shape in enumerate(shapes))
        for synapses in self.synapses_:
            synapses.program(np.zeros(synapses.shape, np.float32))
        self.intercept_ = log_frequencies(y, self.n_symbols)

    def _schedule(self, batches: int) -> np.ndarray:
        return 1 - (1 - self.last_rate) * np.arange(batches) / batches

    def _learn(self, X: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
        rows = self._rows(X)
        starts = np.arange(0, len(y), self.batch_size)
        shares = shares / np.minimum(self.batch_size, len(y) - starts)
        ideal = [s for s in self.synapses_ if isinstance(s, DigitalSynapses) and type(s) is DigitalSynapses]
        if len(ideal) == len(self.synapses_):
            self._learn_at_once(ideal, rows, y, shares)
        else:
            for start, share in zip(starts, shares, strict=True):
                of_batch = slice(start, start + self.batch_size)
                self._learn_batch(rows[of_batch], y[of_batch], share)
        self._count(_step_events(len(y), self.n_symbols, self.orders, len(starts)))

    def _learn_batch(self, rows: np.ndarray, y: np.ndarray, share: float) -> None:
        errors = np.repeat(self.intercept_[None], len(y), axis=0)
        for synapses, of_order in zip(self.synapses_, rows.T, strict=True):
            errors += read_rows(synapses, of_order)
        softmax_errors(errors, y)
        for synapses, of_order in zip(self.synapses_, rows.T, strict=True):
            update_rows(synapses, of_order, errors, self.learning_rate * share)
        add_errors(self.intercept_, errors, np.float32(self.bias_learning_rate * share))

    def _learn_at_once(self, ideal: list[DigitalSynapses], rows: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
        """All mini-batches in one kernel, with the bits of `_learn_batch`."""
        tables = [synapses.tables for synapses in ideal]
        couplings, left = (tuple(of_orders) for of_orders in zip(*tables, strict=True))
        rates = (self.learning_rate * shares).astype(np.float32)
        bias_rates = (self.bias_learning_rate * shares).astype(np.float32)
        learn_ideal(couplings, left, self.intercept_, rows, y, self.batch_size, rates, bias_rates)
        for synapses in ideal:
            synapses.count_products(2 * len(y) * self.n_symbols)

    # -- use --------------------------------------------------------------------------------------------------------

    def _log_posterior(self, X: np.ndarray, *, stored: bool) -> np.ndarray:
        rows = self._rows(X)
        logits = np.repeat(self.intercept_[None], len(X), axis=0)
        batch = int(np.clip(_WRITTEN_OUT // self.max_rows, 64, 4096))
        for synapses, of_order in zip(self.synapses_, rows.T, strict=True):
            if stored:
                logits += synapses.weights()[of_order]
                continue
            for start in range(0, len(X), batch):
                logits[start : start + batch] += read_rows(synapses, of_order[start : start + batch])
        if not stored:
            self._count(_posterior_events(len(X), self.n_symbols, self.orders), log_events(len(X), self.n_symbols))
        log_p = logits - logits.max(axis=1, keepdims=True).astype(np.float64)
        return log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _arrays(self) -> tuple[Synapses, ...]:
        return self.synapses_

    def _rows(self, X: np.ndarray) -> np.ndarray:
        return context_rows(X, self.orders, self.n_symbols, self.max_rows)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.max_rows & (self.max_rows - 1):
            raise RevpathError(f"max_rows = {self.max_rows!r} must be a power of two")
        if self.last_rate > 1:
            raise RevpathError(f"last_rate = {self.last_rate!r} must lie in [0, 1]")


def _refuse_beyond_memory(shapes: list[tuple[int, int]]) -> None:
    """RevpathError where two float32 a coupling, as ideal ones have, would fill the memory of this machine; arrays need more."""
    needed = 8 * sum(rows * columns for rows, columns in shapes)
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # a system that does not say
        return
    if needed > memory:
        raise RevpathError(
            f"orders, max_rows and n_symbols ask for {needed / 1e9:.3g} GB of couplings, and this machine has "
            f"{memory / 1e9:.3g} GB: take fewer rows"
        )


def _posterior_events(batch: int, classes: int, orders: int) -> Events:
    """Digital work of the unnormalised posterior of `batch` rows from the outputs of all arrays."""
    symbols = batch * classes
    return Events(
        {
            # the arrays' outputs and the bias; less the largest; sum of the softmax
            "digital.add": symbols * (orders + 2),
            "digital.compare": symbols,
            "digital.exp": symbols,
            "digital.multiply": _HASH_MULTIPLIES * orders * batch,
            # fields, which the softmax uses as they come
            event("sram.byte_written", reuse="fused"): symbols * BYTES,
            event("sram.byte_read", reuse="fused"): symbols * BYTES,
        }
    )


def _step_events(batch: int, classes: int, orders: int, batches: int) -> Events:
    """Digital work of the exact rule over `batch` rows in so many mini-batches."""
    symbols = batch * classes
    return _posterior_events(batch, classes, orders) + Events(
        {
            "digital.divide": symbols,
            # true symbol less model; bias: the sum of its rows, and its own addition
            "digital.add": batch + symbols + batches * classes,
            "digital.multiply": batches * classes,
            # the errors are kept for the update and for the bias
            "sram.byte_written": symbols * BYTES,
            "sram.byte_read": symbols * BYTES,
        }
    )
