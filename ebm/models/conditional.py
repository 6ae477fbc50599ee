r"""The conditional restricted Boltzmann machine: a next-symbol model whose likelihood is exact.

.. math:: E(y, h \mid x) = - b_y - \sum_j (h_j - \mu) \Big(U_{yj} + c_j + \sum_i x_i W_{ij}\Big)

x is the one-hot context, y the next symbol, h binary. Given x only a sum over the symbols is needed, so p(y | x) and
its gradient are exact (Larochelle & Bengio, "Classification using discriminative restricted Boltzmann machines", ICML
2008), and the gradient is a local difference: hidden activity under the true symbol minus hidden activity under the
model. The offset mu centres the hidden units (Montavon & Mueller, "Deep Boltzmann machines and the centering trick",
2012); it is a fixed 1/2 here, which takes the common mode of the hidden units out of the label weights.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ...devices import Device
from ...devices.base.errors import RevpathError
from ...devices.base.product import product
from ...simulator import ArrayConfig
from ...simulator.events import Events, event
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses, SynapsesFactory
from ..synapses.units import sigmoid
from .posterior import class_posterior, posterior_and_gradient
from .symbol_model import BYTES, SymbolModel, drawn, log_events, log_frequencies

OFFSET = np.float32(0.5)
RULES = ("exact", "cd")
LABEL_BYTES = 1  # of a label weight as it was read: a converter's code


class ConditionalRBM(SymbolModel):
    """A conditional RBM over symbols, on any synapses.

    Parameters
    ----------
    n_components : int
        number of hidden units.
    n_symbols : int
        size of the alphabet; symbols are integers from 0.
    learning_rate : float
        step of the context weights along the gradient of the mean log-likelihood of a mini-batch.
    label_learning_rate, bias_learning_rate : float
        the same for the label weights and for both biases. A label weight is in every row's gradient, a context weight
        in few; with one rate for both the label weights overshoot and learning stalls.
    batch_size : int
        rows in a mini-batch.
    n_iter : int
        passes of `fit` over the data, each in a new order.
    rule : str
        "exact" follows the exact gradient (n_symbols x n_components digital functions a row); "cd" is contrastive
        divergence with one Gibbs step (2 n_components functions and a transposed read a row, a noisier gradient).
    context_spread, label_spread : float
        half-width of the uniform initial weights.
    synapses : SynapsesFactory or ArrayConfig or Device or str, optional
        a device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of
        the array) -> Synapses`` with a seed of its own; None means ideal digital ones.
    random_state
        seeds initial weights, order of the data and sampled units.

    Attributes
    ----------
    context_synapses_
        (context x n_symbols, n_components).
    label_synapses_
        (n_symbols, n_components).
    intercept_hidden_, intercept_label_
        digital biases, float32.
    classes_
        the symbols.
    n_features_in_
        length of the context.
    events_
        everything that happened so far.
    """

    _integers: ClassVar = {"n_components": 1, "n_symbols": 2, "batch_size": 1, "n_iter": 1}
    _reals: ClassVar = ("learning_rate", "label_learning_rate", "bias_learning_rate", "context_spread", "label_spread")

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

    def _learn(self, X: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
        step = self._step_exact if self.rule == "exact" else self._step_cd
        for start, share in zip(range(0, len(X), self.batch_size), shares, strict=True):
            rows = slice(start, start + self.batch_size)
            step(one_hot(X[rows], self.n_symbols), y[rows], share / len(y[rows]))

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
        self._count(posterior_events(*size), gradient_events(*size))

    def _step_cd(self, x: np.ndarray, y: np.ndarray, share: float) -> None:
        field = self.context_synapses_.forward(x) + self.intercept_hidden_
        true = self._each_symbol[y]
        p_true = sigmoid(field + self.label_synapses_.forward(true))
        h = (self._hidden_units.uniforms(p_true.shape) < p_true).astype(np.float32)
        log_p = self.label_synapses_.backward(h - OFFSET) + self.intercept_label_
        chosen = drawn(log_p, self._label_units.uniforms(len(y)))
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

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _arrays(self) -> tuple[Synapses, ...]:
        return self.context_synapses_, self.label_synapses_

    def _begin(self, context: int, y: np.ndarray, seed: int) -> None:
        self._hidden_units, self._label_units = Stream(seed, "hidden units"), Stream(seed, "label units")
        make = factory_of(self.synapses, seed)
        rows = context * self.n_symbols
        self.context_synapses_: Synapses = make((rows, self.n_components), 0)
        self.label_synapses_: Synapses = make((self.n_symbols, self.n_components), 1)
        start = Stream(seed, "initial weights")
        self.context_synapses_.program(self.context_spread * (2 * start.uniforms((rows, self.n_components)) - 1))
        self.label_synapses_.program(self.label_spread * (2 * start.uniforms((self.n_symbols, self.n_components)) - 1))
        self.intercept_label_ = log_frequencies(y, self.n_symbols)
        self.intercept_hidden_ = np.zeros(self.n_components, np.float32)
        self._each_symbol = np.eye(self.n_symbols, dtype=np.float32)

    def _log_posterior(self, X: np.ndarray, *, stored: bool) -> np.ndarray:
        if not stored:
            self._count(posterior_events(len(X), self.n_symbols, self.n_components), log_events(len(X), self.n_symbols))
        labels = self.label_synapses_.weights() if stored else self._read_labels()
        context = self.context_synapses_.weights() if stored else None
        out = np.empty((len(X), self.n_symbols))
        for start in range(0, len(X), 1024):
            rows = slice(start, start + 1024)
            x = one_hot(X[rows], self.n_symbols)
            field = self.context_synapses_.forward(x) if context is None else product(x, context)
            out[rows] = class_posterior(field + self.intercept_hidden_, labels, self._label_bias(labels))
        return out

    def _read_labels(self) -> np.ndarray:
        """All label weights by one read a symbol, (n_symbols, n_components), kept in memory for a batch."""
        return self.label_synapses_.forward(self._each_symbol)

    def _label_bias(self, labels: np.ndarray) -> np.ndarray:
        """Bias of the symbols with the centred hidden units folded in, float64."""
        return self.intercept_label_ - float(OFFSET) * labels.sum(axis=1, dtype=np.float64)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.rule not in RULES:
            raise RevpathError(f"rule = {self.rule!r} must be one of {RULES}")


def one_hot(X: np.ndarray, n_symbols: int) -> np.ndarray:
    """Contexts (n, context) of integers -> float32 (n, context x n_symbols)."""
    n, context = X.shape
    out = np.zeros((n, context, n_symbols), np.float32)
    np.put_along_axis(out, X[:, :, None].astype(np.int64), 1.0, axis=2)
    return out.reshape(n, context * n_symbols)


def posterior_events(batch: int, classes: int, hidden: int) -> Events:
    """Digital work of the unnormalised class posterior of `batch` rows, and the bytes of a datapath without registers."""
    functions, units = batch * classes * hidden, batch * hidden
    return Events(
        {
            # hidden bias; a + u and the sum of softplus; centring of the label bias; label bias, largest, softmax sum
            "digital.add": units + 2 * functions + classes * (hidden + 1) + 3 * batch * classes,
            "digital.softplus": functions,
            "digital.compare": batch * classes,
            "digital.exp": batch * classes,
            # label weights as the array gave them are kept; each function looks one up and adds to the sum of its symbol
            "sram.byte_written": classes * hidden * LABEL_BYTES,
            event("sram.byte_read", reuse="rows"): functions * LABEL_BYTES,
            event("sram.byte_read", reuse="units"): functions * BYTES,
            event("sram.byte_written", reuse="units"): functions * BYTES,
            # fields are kept until all symbols have had them
            event("sram.byte_read", reuse="column"): units * BYTES,
            event("sram.byte_written", reuse="column"): units * BYTES,
        }
    )


def gradient_events(batch: int, classes: int, hidden: int) -> Events:
    """The same of the gradient of a mini-batch after its posterior, and of the biases."""
    functions, biases, units = batch * classes * hidden, hidden + classes, batch * hidden
    return Events(
        {
            "digital.divide": batch * classes,
            "digital.sigmoid": functions,
            "digital.multiply": functions + biases,
            # true symbol less model; gradients in the field and in the labels; their centring; biases (each: the sum of
            # its rows, and its own addition)
            "digital.add": batch + 2 * functions + classes * hidden + batch * biases,
            # label weights again; the gradient in the labels is read, added to, written back; probabilities
            event("sram.byte_read", reuse="rows"): functions * (LABEL_BYTES + BYTES),
            event("sram.byte_written", reuse="rows"): functions * BYTES,
            event("sram.byte_read", reuse="units"): functions * BYTES,
            # fields again, and their gradients
            event("sram.byte_read", reuse="column"): units * BYTES,
            event("sram.byte_written", reuse="column"): units * BYTES,
        }
    )


def _cd_step_events(batch: int, classes: int, hidden: int) -> Events:
    """Digital work of one mini-batch of contrastive divergence, and its bytes."""
    units, symbols = batch * hidden, batch * classes
    # field and first probability wait for the second phase; the difference of the phases drives the arrays as it is made
    waiting = {
        event(f"sram.byte_{way}", reuse=reuse): numbers * units * BYTES
        for way in ("read", "written")
        for reuse, numbers in (("column", 2), ("fused", 1))
    }
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
            **waiting,
        }
    )
