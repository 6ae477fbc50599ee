"""The discriminative restricted Boltzmann machine (Larochelle & Bengio, ICML 2008): an exact posterior of classes, dense inputs."""

from __future__ import annotations

from collections import Counter
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ...devices.base.errors import RevpathError
from ...devices.base.product import product
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses
from .conditional import gradient_events, posterior_events
from .dense_classifier import DenseClassifier
from .posterior import class_posterior, posterior_and_gradient
from .symbol_model import log_events, log_frequencies

_ROWS = 1024  # of inputs that are read together


class DiscriminativeRBM(DenseClassifier):
    r"""Class units and inputs in [0, 1], both coupled with binary hidden units, which are summed out.

    .. math::

        E(y, h | x) = -x^\top W h - U_y^\top h - c^\top h - d_y, \qquad
        p(y | x) \propto \exp\Big(d_y + \sum_j \log(1 + \exp(c_j + U_{yj} + (x^\top W)_j))\Big)

    There is no partition function to estimate. The gradient of :math:`\log p(y | x)` is local and exact: outer products of
    x, and of classes, with :math:`\mathrm{E}[h | x, y] - \sum_{y'} p(y' | x) \mathrm{E}[h | x, y']`.

    Parameters
    ----------
    n_components : int
        Hidden units.
    learning_rate : float
        Step for the gradient of the mean log p of a mini-batch.
    schedule : str
        ``"constant"``, or ``"linear"``: within `fit`, the rate falls linearly towards 0.
    batch_size, n_iter : int
        Rows of a mini-batch; passes of `fit` over the data.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses``; None means ideal digital ones.
    random_state : int, numpy.random.RandomState or None
        Seeds weights and the order of the data.

    Attributes
    ----------
    input_synapses_, label_synapses_ : Synapses
        W (n_features, n_components) and U (n_classes, n_components).
    intercept_hidden_, intercept_label_ : numpy.ndarray
        c and d, float32.
    classes_ : numpy.ndarray
        Labels, sorted.
    events_ : Events
        Everything that happened so far in arrays and periphery.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from revpath.ebm import DiscriminativeRBM
    >>> X, y = load_digits(return_X_y=True)
    >>> model = DiscriminativeRBM(64, n_iter=15, random_state=0).fit(X[:1200] / 16, y[:1200])
    >>> model.score(X[1200:] / 16, y[1200:]) > 0.88
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "linear"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "synapses": "no_validation",  # by `factory_of`
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=128,
        *,
        learning_rate=0.1,
        schedule="constant",
        batch_size=10,
        n_iter=10,
        synapses=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.synapses = synapses
        self.random_state = random_state

    @property
    def synapses_(self) -> tuple[Synapses, Synapses]:
        """W and U."""
        check_is_fitted(self)
        return self.input_synapses_, self.label_synapses_

    @property
    def events_(self) -> Events:
        check_is_fitted(self)
        return sum((each.events for each in self.synapses_), Events(self._digital))

    def fit(self, X: Any, y: Any = None) -> Self:
        """Start anew and make `n_iter` passes over the rows.

        Parameters
        ----------
        X : array
            (n, n_features), entries in [0, 1].
        y : array
            (n,) labels.

        Raises
        ------
        RevpathError
            An entry beyond [0, 1]; labels that are missing.
        """
        self._validate_params()
        X, labels = self._checked_pair(X, y, reset=True)
        targets = self._start(X, labels, np.unique(labels))
        batches = -(-len(X) // self.batch_size)
        for iteration in range(self.n_iter):
            mixed = self._order.permutation(len(X))
            for batch in range(batches):
                done = (iteration * batches + batch) / (self.n_iter * batches)
                rows = mixed[batch * self.batch_size : (batch + 1) * self.batch_size]
                rate = self.learning_rate * (1 - done if self.schedule == "linear" else 1)
                self._learn(X[rows], targets[rows], rate)
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """One pass over the rows as they come, at `learning_rate`; the first call starts the model.

        Parameters
        ----------
        X, y : array
            As in `fit`.
        classes : array, optional
            All labels there will be; those of y where the first call does not say.

        Raises
        ------
        RevpathError
            As `fit`; a label that is none of the classes.
        """
        self._validate_params()
        first = not hasattr(self, "input_synapses_")
        X, labels = self._checked_pair(X, y, reset=first)
        if first:
            self._start(X, labels, np.unique(labels if classes is None else classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise RevpathError(f"classes = {classes!r} must be those of the first call: {self.classes_.tolist()}")
        targets = np.argmax(self._one_hot(labels), axis=1)
        for start in range(0, len(X), self.batch_size):
            rows = slice(start, start + self.batch_size)
            self._learn(X[rows], targets[rows], self.learning_rate)
        return self

    def predict_log_proba(self, X: Any, *, stored: bool = False) -> np.ndarray:
        """log p(class | x), (n, n_classes) float64, by noisy reads; with ``stored=True`` from the stored weights, as a diagnostic."""
        X = self._checked(X)
        return self._log_posterior(X, stored=stored)

    def predict_proba(self, X: Any) -> np.ndarray:
        """p(class | x), (n, n_classes) float64."""
        return np.exp(self.predict_log_proba(X))

    def error_rate(self, X: Any, y: Any, *, stored: bool = False) -> float:
        """Share of the rows whose class is not the likeliest; an evaluation, which is not counted."""
        check_is_fitted(self)
        X, labels = self._checked_pair(X, y, reset=False)
        digital = self._digital.copy()
        with self.input_synapses_.aside(), self.label_synapses_.aside():
            best = np.argmax(self._log_posterior(X, stored=stored), axis=1)
        self._digital = digital
        return float(np.mean(self.classes_[best] != labels))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self, X: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Make arrays and biases; gives the numbers of the labels' classes."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._order = np.random.default_rng(seed)
        make, start = factory_of(self.synapses, seed), Stream(seed, "initial weights")
        made = []
        for number, inputs in enumerate((X.shape[1], len(classes))):
            shape = (inputs, self.n_components)
            made.append(make(shape, number))
            made[-1].program(((2 * start.uniforms(shape) - 1) / np.sqrt(max(shape))).astype(np.float32))
        self.input_synapses_, self.label_synapses_ = made
        self.classes_ = classes
        targets = np.argmax(self._one_hot(labels), axis=1)
        self.intercept_label_ = log_frequencies(targets, len(classes))
        self.intercept_hidden_ = np.zeros(self.n_components, np.float32)
        self._digital: Counter[str] = Counter()
        return targets

    def _learn(self, x: np.ndarray, targets: np.ndarray, rate: float) -> None:
        classes, hidden, share = len(self.classes_), self.n_components, rate / len(x)
        each = np.eye(classes, dtype=np.float32)
        field = self.input_synapses_.forward(x) + self.intercept_hidden_
        labels = self.label_synapses_.forward(each)
        log_p, d_field, d_labels = posterior_and_gradient(
            field, labels, self.intercept_label_.astype(np.float64), targets
        )
        self._count(posterior_events(len(x), classes, hidden), gradient_events(len(x), classes, hidden))
        self.input_synapses_.update(x, d_field, share)
        self.label_synapses_.update(each, d_labels, share)
        miss = each[targets] - np.exp(log_p)
        self.intercept_hidden_ = self.intercept_hidden_ + np.float32(share) * d_field.sum(axis=0)
        self.intercept_label_ = (self.intercept_label_ + share * miss.sum(axis=0)).astype(np.float32)

    def _outputs(self, X: np.ndarray) -> np.ndarray:
        return self._log_posterior(X, stored=False)

    def _log_posterior(self, X: np.ndarray, *, stored: bool) -> np.ndarray:
        classes, hidden = len(self.classes_), self.n_components
        if stored:
            labels, weights = self.label_synapses_.weights(), self.input_synapses_.weights()
        else:
            labels, weights = self.label_synapses_.forward(np.eye(classes, dtype=np.float32)), None
            self._count(posterior_events(len(X), classes, hidden), log_events(len(X), classes))
        out = np.empty((len(X), classes))
        for first in range(0, len(X), _ROWS):
            x = X[first : first + _ROWS]
            field = self.input_synapses_.forward(x) if weights is None else product(x, weights)
            bias = self.intercept_label_.astype(np.float64)
            out[first : first + _ROWS] = class_posterior(field + self.intercept_hidden_, labels, bias)
        return out

    def _count(self, *done: Events) -> None:
        for events in done:
            self._digital.update(events.counts)
