"""What models of the next symbol share: contexts and symbols checked, exact likelihood in bits, text drawn from it."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from contextlib import ExitStack
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices.base.errors import RevpathError
from ...simulator.events import Events
from ..synapses.contract import Synapses
from .base import EnergyModel, Rows
from .checks import symbols

LARGEST = 1e30  # of a rate or a spread: what it multiplies stays within float32
BYTES = 2  # digital words of the periphery: 16-bit fixed point


class SymbolModel(ClassifierMixin, EnergyModel, shared=True):
    """A model of p(next symbol | context), both integers from 0 to n_symbols - 1.

    A subclass has the arguments ``n_symbols``, ``batch_size``, ``n_iter``, ``synapses`` and ``random_state``, and says how
    it begins (`_begin`), learns (`_learn`) and answers (`_log_posterior`).

    Attributes
    ----------
    classes_ : numpy.ndarray
        The symbols, (n_symbols,).
    n_features_in_ : int
        Length of the context.
    """

    _estimator_type: ClassVar[str] = "classifier"
    _integers: ClassVar[dict[str, int]]  # name of a parameter -> the least that it may be
    _reals: ClassVar[tuple[str, ...]]  # parameters that are finite and not negative
    n_features_in_: int  # set by scikit-learn
    n_symbols: int
    batch_size: int
    n_iter: int
    random_state: Any

    @classmethod
    def learns(cls) -> Rows:
        return "symbols"

    # -- what a model says of itself --------------------------------------------------------------------------------

    @property
    @abstractmethod
    def _arrays(self) -> tuple[Synapses, ...]:
        """All synapses of a model that has begun."""

    @abstractmethod
    def _begin(self, context: int, y: np.ndarray, seed: int) -> None:
        """Make synapses and biases for contexts of that length; y (n,): the first symbols to be learned."""

    @abstractmethod
    def _learn(self, X: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
        """One pass in mini-batches; shares (batches,): what multiplies every rate, for each mini-batch."""

    @abstractmethod
    def _log_posterior(self, X: np.ndarray, *, stored: bool) -> np.ndarray:
        """log p (n, n_symbols), float64, by reads that are counted, or from the stored weights."""

    def _schedule(self, batches: int) -> np.ndarray:
        """(batches,) factors of the rates over a whole `fit`."""
        return np.ones(batches)

    # -- learning ---------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Start anew and learn.

        Parameters
        ----------
        X : array of int
            Contexts, (n, context): column i holds the symbol i + 1 places before the one to be predicted.
        y : array of int
            Next symbols, (n,).

        Raises
        ------
        RevpathError
            Something that is no symbol, no rows, or as many of one as of the other not; a parameter out of range.
        """
        frame = X
        X, y = self._checked_pair(X, y)
        self._start(frame, X.shape[1], y)
        factors = self._schedule(self._batches(len(y)) * self.n_iter).reshape(self.n_iter, -1)
        for of_pass in factors:
            order = self._order.permutation(len(X))
            self._learn(X[order], y[order], of_pass)
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, *, slowdown: float = 1.0) -> Self:
        """One pass over the rows as they come, in mini-batches.

        Parameters
        ----------
        X, y : array of int
            As in `fit`.
        classes : array of int, optional
            scikit-learn's: any symbols, since the alphabet is 0 to n_symbols - 1 whatever has been seen.
        slowdown : float
            Divides all learning rates.

        Raises
        ------
        RevpathError
            As `fit`; a slowdown below 1.
        """
        frame = X
        X, y = self._checked_pair(X, y)
        if not 1 <= slowdown < np.inf:
            raise RevpathError(f"slowdown = {slowdown!r} must be finite and at least 1")
        if classes is not None:
            symbols("classes", classes, self.n_symbols, 1)
        if not hasattr(self, "_digital"):
            self._start(frame, X.shape[1], y)
        self._check_width(frame, X)
        self._learn(X, y, np.full(self._batches(len(y)), 1 / slowdown))
        return self

    # -- use --------------------------------------------------------------------------------------------------------

    def predict_log_proba(self, X: Any, *, stored: bool = False) -> np.ndarray:
        """log p(symbol | context), (n, n_symbols) float64, by noisy reads of the arrays.

        With ``stored=True`` from the stored weights instead: a diagnostic that tells read noise from learning.
        """
        check_is_fitted(self)
        frame = X
        X, _ = self._checked(X, None)
        self._check_width(frame, X)
        return self._log_posterior(X, stored=stored)

    def predict_proba(self, X: Any) -> np.ndarray:
        """p(symbol | context), (n, n_symbols)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most likely next symbol, (n,)."""
        log_p = self.predict_log_proba(X)
        return self.classes_[np.argmax(log_p, axis=1)]

    def bits_per_symbol(self, X: Any, y: Any, *, stored: bool = False) -> float:
        """Mean of -log2 p(y | X): exact, no sampling, no partition function.

        It is an evaluation: its reads are noisy like any, but are not counted and do not touch the noise of the run.
        """
        check_is_fitted(self)
        X, y = self._checked_pair(X, y)
        digital = self._digital.copy()
        try:
            with ExitStack() as stack:
                for synapses in self._arrays:
                    stack.enter_context(synapses.aside())
                log_p = self.predict_log_proba(X, stored=stored)
        finally:
            self._digital = digital
        return float(-np.mean(log_p[np.arange(len(y)), y]) / np.log(2))

    def generate(self, length: int, start: Any, *, random_state: Any = None) -> np.ndarray:
        """Symbols drawn one after another from p(symbol | context), each by a read of the arrays that is counted.

        Parameters
        ----------
        length : int
            How many symbols to draw.
        start : array of int
            What stands before them, in reading order; at least as long as the context.
        random_state : int, numpy.random.RandomState or None
            Of the draws.

        Returns
        -------
        numpy.ndarray
            (length,) int64.

        Raises
        ------
        RevpathError
            `length` is no positive integer; `start` is shorter than the context or holds no symbols.

        Examples
        --------
        >>> import numpy as np
        >>> from revpath.ebm import ConditionalBoltzmann
        >>> symbols = np.tile([0, 1, 2], 200)
        >>> contexts = np.stack([symbols[1:-1], symbols[:-2]], axis=1)
        >>> model = ConditionalBoltzmann(2, n_symbols=3, random_state=0).fit(contexts, symbols[2:])
        >>> model.generate(6, start=[0, 1], random_state=0).tolist()
        [2, 0, 1, 2, 0, 1]
        """
        check_is_fitted(self)
        if isinstance(length, bool) or not hasattr(length, "__index__") or length < 1:
            raise RevpathError(f"length = {length!r} must be a positive integer")
        before = symbols("start", start, self.n_symbols, 1)
        context = self.n_features_in_
        if len(before) < context:
            raise RevpathError(f"start has {len(before)} symbols; the context is {context} long")
        uniforms = check_random_state(random_state).random_sample(int(length))
        text = np.concatenate([before[len(before) - context :], np.empty(length, np.int64)])
        for place, uniform in enumerate(uniforms, start=context):
            recent = text[place - context : place][::-1][None]
            text[place] = drawn(self._log_posterior(recent, stored=False), np.array([uniform]))[0]
        return text[context:]

    @property
    def events_(self) -> Events:
        check_is_fitted(self)
        return sum((synapses.events for synapses in self._arrays), Events(self._digital))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.positive_only = True
        tags.input_tags.categorical = True
        tags.input_tags.two_d_array = True
        return tags

    # -- inside -----------------------------------------------------------------------------------------------------

    def _start(self, frame: Any, context: int, y: np.ndarray) -> None:
        validate_data(self, frame, skip_check_array=True, reset=True)  # names and number of the columns
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._order = np.random.default_rng(seed)
        self._begin(context, y, seed)
        self.classes_ = np.arange(self.n_symbols)
        self._digital = Counter()  # changed in place: prediction must not set attributes

    def _batches(self, rows: int) -> int:
        return -(-rows // self.batch_size)

    def _count(self, *done: Events) -> None:
        for events in done:
            self._digital.update(events.counts)

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        self._check_parameters()
        X = symbols("X", X, self.n_symbols, 2)
        if y is None:
            if not len(X):
                raise RevpathError("X has no rows: Found array with 0 sample(s), at least one is needed")
            return X, np.empty(0, np.int64)
        y = symbols("y", y, self.n_symbols, 1)
        if len(X) != len(y) or not len(y):
            raise RevpathError(f"X has {len(X)} rows and y has {len(y)}: as many of each are needed, and at least one")
        return X, y

    def _checked_pair(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            name = type(self).__name__
            raise RevpathError(f"y is missing: {name} requires y to be passed, but the target y is None")
        return self._checked(X, y)

    def _check_width(self, frame: Any, X: np.ndarray) -> None:
        if X.shape[1] != self.n_features_in_:
            raise RevpathError(
                f"X has {X.shape[1]} columns; this model was begun with {self.n_features_in_} (X has {X.shape[1]} "
                f"features, but {type(self).__name__} is expecting {self.n_features_in_} features as input)"
            )
        validate_data(self, frame, skip_check_array=True, reset=False)  # the names of the columns

    def _check_parameters(self) -> None:
        for name, least in self._integers.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
                raise RevpathError(f"{name} = {value!r} must be an integer of at least {least}")
        for name in self._reals:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= LARGEST:
                raise RevpathError(f"{name} = {value!r} must be finite and not negative, at most {LARGEST:.3g}")


def log_frequencies(y: np.ndarray, n_symbols: int) -> np.ndarray:
    """log of how often each symbol stands in y, with one added to each count; (n_symbols,) float32."""
    counts = np.bincount(y, minlength=n_symbols) + 1.0
    return np.log(counts / counts.sum()).astype(np.float32)


def drawn(logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """One symbol a row, by inversion of the cumulative softmax; uniforms: (rows,) in [0, 1)."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    edges = np.cumsum(p, axis=1)
    return np.argmax(edges > (uniforms * edges[:, -1])[:, None], axis=1)


def log_events(batch: int, classes: int) -> Events:
    """Normalisation of a posterior to log p."""
    return Events({"digital.log": batch, "digital.add": batch * classes})
