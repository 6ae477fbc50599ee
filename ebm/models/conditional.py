r"""The conditional restricted Boltzmann machine: a next-symbol model whose likelihood is exact.

.. math:: E(y, h \mid x) = - b_y - \sum_j (h_j - \mu) \Big(U_{yj} + c_j + \sum_i x_i W_{ij}\Big)

x is the one-hot context, y the next symbol, h binary. Given x only a sum over the symbols is needed, so p(y | x) and
its gradient are exact (Larochelle & Bengio, "Classification using discriminative restricted Boltzmann machines", ICML
2008), and the gradient is a local difference: hidden activity under the true symbol minus hidden activity under the
model. The offset mu centres the hidden units (Montavon & Mueller, "Deep Boltzmann machines and the centering trick",
2012); it is a fixed 1/2 here, which takes the common mode of the hidden units out of the label weights.
"""

from __future__ import annotations

from collections import Counter
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices import Device
from ...devices.base.errors import RevpathError
from ...devices.base.product import product
from ...simulator import ArrayConfig
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses, SynapsesFactory
from ..synapses.units import sigmoid
from .base import EnergyModel
from .checks import symbols
from .posterior import class_posterior, posterior_and_gradient

OFFSET = np.float32(0.5)
RULES = ("exact", "cd")
_LARGEST = 1e30  # of a rate or a spread: what it multiplies stays within float32
_BYTES = 2  # digital words of the periphery: 16-bit fixed point


class ConditionalRBM(ClassifierMixin, EnergyModel):
    """A conditional RBM over symbols, on any synapses.

    Parameters
    ----------
    n_components: number of hidden units.
    n_symbols: size of the alphabet; symbols are integers from 0.
    learning_rate: step of the context weights along the gradient of the mean log-likelihood of a mini-batch.
    label_learning_rate, bias_learning_rate: the same for the label weights and for both biases. A label weight is in
        every row's gradient, a context weight in few; with one rate for both the label weights overshoot and learning
        stalls.
    batch_size: rows in a mini-batch.
    n_iter: passes of `fit` over the data, each in a new order.
    rule: "exact" follows the exact gradient (n_symbols x n_components digital functions a row); "cd" is contrastive
        divergence with one Gibbs step (2 n_components functions and a transposed read a row, a noisier gradient).
    context_spread, label_spread: half-width of the uniform initial weights.
    synapses: a device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number
        of the array) -> Synapses`` with a seed of its own; None means ideal digital ones.
    random_state: seeds initial weights, order of the data and sampled units.

    Attributes
    ----------
    context_synapses_: (context x n_symbols, n_components); label_synapses_: (n_symbols, n_components).
    intercept_hidden_, intercept_label_: digital biases, float32.
    classes_: the symbols. n_features_in_: length of the context. events_: everything that happened so far.
    """

    _estimator_type: ClassVar[str] = "classifier"
    n_features_in_: int  # set by scikit-learn

    def __init__(
        self,
        n_components=256,
        *,
        n_symbols=27,
        learning_rate=40.0,
        label_learning_rate=0.2,
        bias_learning_rate=2.0,
        batch_size=64,
        n_iter=1,
        rule="exact",
        context_spread=0.1,
        label_spread=0.5,
        synapses: SynapsesFactory | ArrayConfig | Device | str | None = None,
        random_state=None,
    ):
        self.n_components = n_components
        self.n_symbols = n_symbols
        self.learning_rate = learning_rate
        self.label_learning_rate = label_learning_rate
        self.bias_learning_rate = bias_learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.rule = rule
        self.context_spread = context_spread
        self.label_spread = label_spread
        self.synapses = synapses
        self.random_state = random_state

    # -- learning ---------------------------------------------------------------------------------------------------

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> ConditionalRBM:
        """Learn from contexts X (n, context) and next symbols y (n,), both integers below n_symbols."""
        frame = X
        X, y = self._checked_pair(X, y)
        self._start(frame, X.shape[1], y)
        for _ in range(self.n_iter):
            order = self._order.permutation(len(X))
            self._pass(X[order], y[order], 1.0)
        return self

    def partial_fit(
        self, X: np.ndarray, y: np.ndarray | None = None, classes: np.ndarray | None = None, *, slowdown: float = 1.0
    ) -> ConditionalRBM:
        """One pass over the rows as they come, in mini-batches, with all learning rates divided by `slowdown`.

        `classes` is scikit-learn's: any symbols, since the alphabet is 0 to n_symbols - 1 whatever has been seen.
        """
        frame = X
        X, y = self._checked_pair(X, y)
        if not 1 <= slowdown < np.inf:
            raise RevpathError(f"slowdown = {slowdown!r} must be finite and at least 1")
        if classes is not None:
            symbols("classes", classes, self.n_symbols, 1)
        if not hasattr(self, "context_synapses_"):
            self._start(frame, X.shape[1], y)
        self._check_width(frame, X)
        return self._pass(X, y, slowdown)

    def _pass(self, X: np.ndarray, y: np.ndarray, slowdown: float) -> ConditionalRBM:
        step = self._step_exact if self.rule == "exact" else self._step_cd
        for start in range(0, len(X), self.batch_size):
            rows = slice(start, start + self.batch_size)
            step(one_hot(X[rows], self.n_symbols), y[rows], 1.0 / (slowdown * len(y[rows])))
        return self

    def _step_exact(self, x: np.ndarray, y: np.ndarray, share: float) -> None:
        field = self.context_synapses_.forward(x) + self.intercept_hidden_
        labels = self._read_labels()
        log_p, d_field, d_labels = posterior_and_gradient(field, labels, self._label_bias(labels), y)
        miss = -np.exp(log_p)
        miss[np.arange(len(y)), y] += 1
        d_labels -= OFFSET * miss.sum(axis=0, dtype=np.float64).astype(np.float32)[:, None]
        self.context_synapses_.update(x, d_field, self.learning_rate * share)
        self.label_synapses_.update(self._each_symbol, d_labels, self.label_learning_rate * share)
        self._learn_biases(d_field, miss, share)
        size = len(y), self.n_symbols, self.n_components
        self._count(_posterior_events(*size), _gradient_events(*size))

    def _step_cd(self, x: np.ndarray, y: np.ndarray, share: float) -> None:
        field = self.context_synapses_.forward(x) + self.intercept_hidden_
        true = self._each_symbol[y]
        p_true = sigmoid(field + self.label_synapses_.forward(true))
        h = (self._hidden_units.uniforms(p_true.shape) < p_true).astype(np.float32)
        log_p = self.label_synapses_.backward(h - OFFSET) + self.intercept_label_
        chosen = _categorical(log_p, self._label_units.uniforms(len(y)))
        model = self._each_symbol[chosen]
        p_model = sigmoid(field + self.label_synapses_.forward(model))
        d_field = p_true - p_model
        self.context_synapses_.update(x, d_field, self.learning_rate * share)
        self.label_synapses_.update(true, p_true - OFFSET, self.label_learning_rate * share)
        self.label_synapses_.update(model, OFFSET - p_model, self.label_learning_rate * share)
        self._learn_biases(d_field, true - model, share)
        self._count(_cd_step_events(len(y), self.n_symbols, self.n_components))

    def _learn_biases(self, d_field: np.ndarray, miss: np.ndarray, share: float) -> None:
        rate = np.float32(self.bias_learning_rate * share)
        self.intercept_hidden_ += rate * d_field.sum(axis=0)
        self.intercept_label_ += rate * miss.sum(axis=0).astype(np.float32)

    # -- use --------------------------------------------------------------------------------------------------------

    def predict_log_proba(self, X: np.ndarray, *, stored: bool = False) -> np.ndarray:
        """log p(symbol | context), (n, n_symbols) float64, by noisy reads of the arrays.

        With ``stored=True`` from the stored weights instead: a diagnostic that tells read noise from learning.
        """
        check_is_fitted(self)
        frame = X
        X, _ = self._checked(X, None)
        self._check_width(frame, X)
        if not stored:
            self._count(
                _posterior_events(len(X), self.n_symbols, self.n_components), _log_events(len(X), self.n_symbols)
            )
        labels = self.label_synapses_.weights() if stored else self._read_labels()
        context = self.context_synapses_.weights() if stored else None
        out = np.empty((len(X), self.n_symbols))
        for start in range(0, len(X), 1024):
            rows = slice(start, start + 1024)
            x = one_hot(X[rows], self.n_symbols)
            field = self.context_synapses_.forward(x) if context is None else product(x, context)
            out[rows] = class_posterior(field + self.intercept_hidden_, labels, self._label_bias(labels))
        return out

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """p(symbol | context), (n, n_symbols)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most likely next symbol, (n,)."""
        log_p = self.predict_log_proba(X)
        return self.classes_[np.argmax(log_p, axis=1)]

    def bits_per_symbol(self, X: np.ndarray, y: np.ndarray, *, stored: bool = False) -> float:
        """Mean of -log2 p(y | X): exact, no sampling, no partition function.

        It is an evaluation: its reads are noisy like any, but are not counted and do not touch the noise of the run.
        """
        check_is_fitted(self)
        X, y = self._checked_pair(X, y)
        digital = self._digital.copy()
        try:
            with self.context_synapses_.aside(), self.label_synapses_.aside():
                log_p = self.predict_log_proba(X, stored=stored)
        finally:
            self._digital = digital
        return float(-np.mean(log_p[np.arange(len(y)), y]) / np.log(2))

    @property
    def events_(self) -> Events:
        check_is_fitted(self)
        return self.context_synapses_.events + self.label_synapses_.events + Events(self._digital)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.positive_only = True
        tags.input_tags.categorical = True
        tags.input_tags.two_d_array = True
        return tags

    # -- inside -----------------------------------------------------------------------------------------------------

    def _start(self, frame, context: int, y: np.ndarray) -> None:
        validate_data(self, frame, skip_check_array=True, reset=True)  # names and number of the columns
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(2**31 - 1))
        self._order = np.random.default_rng(seed)
        self._hidden_units, self._label_units = Stream(seed, "hidden units"), Stream(seed, "label units")
        make = factory_of(self.synapses, seed)
        rows = context * self.n_symbols
        self.context_synapses_: Synapses = make((rows, self.n_components), 0)
        self.label_synapses_: Synapses = make((self.n_symbols, self.n_components), 1)
        start = Stream(seed, "initial weights")
        self.context_synapses_.program(self.context_spread * (2 * start.uniforms((rows, self.n_components)) - 1))
        self.label_synapses_.program(self.label_spread * (2 * start.uniforms((self.n_symbols, self.n_components)) - 1))
        counts = np.bincount(y, minlength=self.n_symbols) + 1.0
        self.intercept_label_ = np.log(counts / counts.sum()).astype(np.float32)
        self.intercept_hidden_ = np.zeros(self.n_components, np.float32)
        self.classes_ = np.arange(self.n_symbols)
        self._each_symbol = np.eye(self.n_symbols, dtype=np.float32)
        self._digital = Counter()  # changed in place: prediction must not set attributes

    def _count(self, *done: Events) -> None:
        for events in done:
            self._digital.update(events.counts)

    def _read_labels(self) -> np.ndarray:
        """All label weights by one read a symbol, (n_symbols, n_components), kept in memory for a batch."""
        return self.label_synapses_.forward(self._each_symbol)

    def _label_bias(self, labels: np.ndarray) -> np.ndarray:
        """Bias of the symbols with the centred hidden units folded in, float64."""
        return self.intercept_label_ - float(OFFSET) * labels.sum(axis=1, dtype=np.float64)

    def _checked(self, X: np.ndarray, y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
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

    def _checked_pair(self, X: np.ndarray, y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            name = type(self).__name__
            raise RevpathError(f"y is missing: {name} requires y to be passed, but the target y is None")
        return self._checked(X, y)

    def _check_width(self, frame, X: np.ndarray) -> None:
        if X.shape[1] != self.n_features_in_:
            raise RevpathError(
                f"X has {X.shape[1]} columns; this model was begun with {self.n_features_in_} (X has {X.shape[1]} "
                f"features, but {type(self).__name__} is expecting {self.n_features_in_} features as input)"
            )
        validate_data(self, frame, skip_check_array=True, reset=False)  # the names of the columns

    def _check_parameters(self) -> None:
        for name, least in (("n_components", 1), ("n_symbols", 2), ("batch_size", 1), ("n_iter", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
                raise RevpathError(f"{name} = {value!r} must be an integer of at least {least}")
        for name in ("learning_rate", "label_learning_rate", "bias_learning_rate", "context_spread", "label_spread"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= _LARGEST:
                raise RevpathError(f"{name} = {value!r} must be finite and not negative, at most {_LARGEST:.3g}")
        if self.rule not in RULES:
            raise RevpathError(f"rule = {self.rule!r} must be one of {RULES}")


def one_hot(X: np.ndarray, n_symbols: int) -> np.ndarray:
    """Contexts (n, context) of integers -> float32 (n, context x n_symbols)."""
    n, context = X.shape
    out = np.zeros((n, context, n_symbols), np.float32)
    np.put_along_axis(out, X[:, :, None].astype(np.int64), 1.0, axis=2)
    return out.reshape(n, context * n_symbols)


def _categorical(logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """One symbol a row, by inversion of the cumulative softmax."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    edges = np.cumsum(p, axis=1)
    return np.argmax(edges > (uniforms * edges[:, -1])[:, None], axis=1)


def _posterior_events(batch: int, classes: int, hidden: int) -> Events:
    """Digital work of the unnormalised class posterior of `batch` rows, as a straightforward datapath does it."""
    functions = batch * classes * hidden
    return Events(
        {
            # hidden bias; a + u and the sum of softplus; centring of the label bias; label bias, largest, softmax sum
            "digital.add": batch * hidden + 2 * functions + classes * (hidden + 1) + 3 * batch * classes,
            "digital.softplus": functions,
            "digital.compare": batch * classes,
            "digital.exp": batch * classes,
            # the label weights as read from the array are kept, and looked up for every row
            "sram.byte_written": classes * hidden * _BYTES,
            "sram.byte_read": functions * _BYTES,
        }
    )


def _log_events(batch: int, classes: int) -> Events:
    """Normalisation of the posterior to log p."""
    return Events({"digital.log": batch, "digital.add": batch * classes})


def _gradient_events(batch: int, classes: int, hidden: int) -> Events:
    """Digital work of the gradient of a mini-batch after its posterior, and of the biases."""
    functions, biases = batch * classes * hidden, hidden + classes
    return Events(
        {
            "digital.divide": batch * classes,
            "digital.sigmoid": functions,
            "digital.multiply": functions + biases,
            # true symbol less model; gradients in the field and in the labels; their centring; biases (each: the sum of
            # its rows, and its own addition)
            "digital.add": batch + 2 * functions + classes * hidden + batch * biases,
            # label weights again; the gradient in the labels is read, added to, written back
            "sram.byte_read": 2 * functions * _BYTES,
            "sram.byte_written": functions * _BYTES,
        }
    )


def _cd_step_events(batch: int, classes: int, hidden: int) -> Events:
    """Digital work of one mini-batch of contrastive divergence."""
    units, symbols = batch * hidden, batch * classes
    return Events(
        {
            # hidden bias and two label fields; difference of the phases; two centrings; bias of the hidden units; and
            # label bias, largest, cumulative softmax; bias of the true and of the model's symbol
            "digital.add": 7 * units + 3 * symbols + 2 * batch,
            "digital.sigmoid": 2 * units,
            "digital.compare": units + 2 * symbols,
            "digital.exp": symbols,
            "digital.multiply": batch + hidden + classes,
            "random.bit": 16 * (units + batch),
            "sram.byte_read": 3 * units * _BYTES,
            "sram.byte_written": 3 * units * _BYTES,
        }
    )
