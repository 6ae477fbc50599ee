"""A classifier of dense inputs whose layers are arrays and which learns where its weights are, by a rule of choice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ....devices import Device
from ....devices.base.errors import RevpathError
from ....simulator import ArrayConfig
from ....simulator.events import Events
from ....simulator.noise.streams import Stream
from ...synapses.analog import factory_of
from ...synapses.contract import Synapses, SynapsesFactory
from ..dense_classifier import DenseClassifier, layer_sizes
from ..symbol_model import LARGEST
from .contract import LayerRule, layer_rule
from .health import complaints, refuse_no_numbers, warn_of
from .stack import LayerStack

_ROWS = 1024  # of inputs that are read together
_LOOK = 256  # rows on which the units are looked at


def _gives_probabilities(network: LayeredNetwork) -> bool:
    return layer_rule(network.rule).probabilistic


class LayeredNetwork(DenseClassifier):
    """Layers of units in [0, 1] on any synapses, trained in place: a dense vector meets a dense array in each.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Units of each hidden layer.
    rule : str or LayerRule
        How it learns: a name, or a rule with settings. "transposed-error" sends the error of a softmax back through
        transposed reads; "equilibrium-propagation" lets the network settle, with and without a pull to the target, and learns the
        difference: an energy-based model.
    learning_rate : float
        Step of weights and biases for the mean gradient of a mini-batch.
    last_rate : float
        Part of the rate that is left at the end of `fit`; it falls linearly. 1 keeps it.
    batch_size : int
        Rows in a mini-batch. A memory keeps their words until the update, and is priced by its size.
    n_iter : int
        Passes of `fit` over the data, each in a new order.
    validation_fraction : float
        Part of the rows of `fit` that it does not learn from, and judges the network on after every pass. 0 judges nothing.
    n_iter_no_change : int or None
        Passes without a better judgement after which `fit` stops; cells do not go back, so the last weights stay. None never stops.
    initial_spread : float
        Half-width of the uniform initial weights of n inputs and m outputs, over sqrt(6 / (n + m)) (Glorot & Bengio, AISTATS 2010).
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses`` with a seed of its own; None means ideal digital ones. Errors of hidden layers can leave [-1, 1]:
        with two hidden layers or more a fixed range of the DAC refuses them, and ``DAC(range="scale")`` does not.
    verbose : int
        Above 0, `fit` prints a line for each pass.
    random_state : int, numpy.random.RandomState or None
        Seeds initial weights, the order of the data, and arrays that are named by device or configuration.

    Attributes
    ----------
    layers_ : LayerStack
        Synapses and biases.
    classes_ : numpy.ndarray
        Labels, sorted.
    n_iter_ : int
        Passes that `fit` made.
    validation_errors_ : list of float
        Error rate on the rows that were held out, after each pass of `fit`; empty where none are.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    events_ : Events
        Everything that happened so far in arrays and lanes, training and use alike.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from revpath.ebm import LayeredNetwork
    >>> X, y = load_digits(return_X_y=True)
    >>> network = LayeredNetwork((64,), n_iter=10, random_state=0).fit(X[:1200] / 16, y[:1200])
    >>> network.error_rate(X[1200:] / 16, y[1200:]) < 0.1
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": "no_validation",  # by `_sizes`
        "rule": "no_validation",  # by `layer_rule`
        "learning_rate": [Interval(Real, 0, LARGEST, closed="left")],
        "last_rate": [Interval(Real, 0, 1, closed="both")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [None, Interval(Integral, 1, None, closed="left")],
        "initial_spread": [Interval(Real, 0, LARGEST, closed="left")],
        "synapses": "no_validation",  # by `factory_of`
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (256,),
        *,
        rule: str | LayerRule = "transposed-error",
        learning_rate=0.5,
        last_rate=0.05,
        batch_size=64,
        n_iter=10,
        validation_fraction=0.0,
        n_iter_no_change=None,
        initial_spread=1.0,
        synapses: SynapsesFactory | ArrayConfig | Device | str | None = None,
        verbose=0,
        random_state: Any = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rule = rule
        self.learning_rate = learning_rate
        self.last_rate = last_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.initial_spread = initial_spread
        self.synapses = synapses
        self.verbose = verbose
        self.random_state = random_state

    @property
    def synapses_(self) -> tuple[Synapses, ...]:
        """One array a layer, from the inputs up: (n_features, n_1), ..., (n_{L-1}, n_classes)."""
        check_is_fitted(self)
        return self.layers_.synapses

    @property
    def events_(self) -> Events:
        check_is_fitted(self)
        return self.layers_.events

    # -- learning ---------------------------------------------------------------------------------------------------

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
            An entry beyond [0, 1], layers or a rule that are none.
        ValueError
            As scikit-learn: parameters out of range, shapes that do not fit, NaN.
        """
        self._validate_params()
        X, labels = self._checked_pair(X, y, reset=True)
        order = self._start(X, np.unique(labels))
        held, learned = self._split(len(X), order)
        targets = self._one_hot(labels)
        batches = -(-len(learned) // self.batch_size)
        left = 1 - (1 - self.last_rate) * np.arange(self.n_iter * batches) / (self.n_iter * batches)
        self.validation_errors_: list[float] = []
        told: set[str] = set()
        for done, of_pass in enumerate(left.reshape(self.n_iter, batches), start=1):
            self.n_iter_ = done
            self._learn(X, targets, order.permutation(learned), of_pass)
            warn_of(complaints(self.layers_, X[:_LOOK], self.learning_rate), told)
            if len(held):
                self.validation_errors_.append(self._error_rate(X[held], labels[held], stored=False))
            self._say()
            if self._no_better():
                break
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, *, slowdown: float = 1.0) -> Self:
        """One pass over the rows as they come, in mini-batches; the first call starts the network.

        Parameters
        ----------
        X, y : array
            As in `fit`.
        classes : array, optional
            All labels there will be; those of y where the first call does not say.
        slowdown : float
            Divides the learning rate.

        Raises
        ------
        RevpathError
            As `fit`; a slowdown below 1; a label that is none of the classes.
        """
        self._validate_params()
        if not 1 <= slowdown < np.inf:
            raise RevpathError(f"slowdown = {slowdown!r} must be finite and at least 1")
        first = not hasattr(self, "layers_")
        X, labels = self._checked_pair(X, y, reset=first)
        if first:
            self._start(X, np.unique(labels if classes is None else classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise RevpathError(f"classes = {classes!r} must be those of the first call: {self.classes_.tolist()}")
        batches = -(-len(X) // self.batch_size)
        self._learn(X, self._one_hot(labels), np.arange(len(X)), np.full(batches, 1 / slowdown))
        return self

    def _learn(self, X: np.ndarray, targets: np.ndarray, order: np.ndarray, shares: np.ndarray) -> None:
        """One pass in mini-batches, at `learning_rate` times the share of each."""
        rule = layer_rule(self.rule)
        self.layers_.keep(self.batch_size * rule.words(self.layers_.sizes))
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # a number that is none is told of below
                for start, share in zip(range(0, len(order), self.batch_size), shares, strict=True):
                    rows = order[start : start + self.batch_size]
                    rule.learn(self.layers_, X[rows], targets[rows], self.learning_rate * float(share) / len(rows))
        finally:
            refuse_no_numbers(self.layers_, self.learning_rate)

    def _split(self, rows: int, order: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Which rows `fit` holds out, and which it learns from."""
        if self.n_iter_no_change is not None and not self.validation_fraction:
            raise RevpathError(
                f"n_iter_no_change = {self.n_iter_no_change} needs rows that are held out: validation_fraction is 0"
            )
        if not self.validation_fraction:
            return np.arange(0), np.arange(rows)
        mixed = order.permutation(rows)
        held = max(1, round(self.validation_fraction * rows))
        if held >= rows:
            raise RevpathError(
                f"validation_fraction = {self.validation_fraction} leaves none of {rows} rows to learn from"
            )
        return mixed[:held], mixed[held:]

    def _no_better(self) -> bool:
        """Whether the best of the judgements is `n_iter_no_change` passes ago."""
        errors = self.validation_errors_
        return self.n_iter_no_change is not None and len(errors) - 1 - int(np.argmin(errors)) >= self.n_iter_no_change

    def _say(self) -> None:
        if self.verbose:
            held = f", {100 * self.validation_errors_[-1]:.2f} % errors held out" if self.validation_errors_ else ""
            print(f"[LayeredNetwork] pass {self.n_iter_} of {self.n_iter}{held}")

    # -- use --------------------------------------------------------------------------------------------------------

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log p(class | x), (n, n_classes) float64, under a rule whose outputs are logits."""
        logits = self._outputs(self._checked(X)).astype(np.float64)
        self.layers_.count(compare=logits.size, exp=logits.size, log=len(logits), add=3 * logits.size)
        less = logits - logits.max(axis=1, keepdims=True)
        return less - np.log(np.exp(less).sum(axis=1, keepdims=True))

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """p(class | x), (n, n_classes) float64."""
        return np.exp(self.predict_log_proba(X))

    def error_rate(self, X: Any, y: Any, *, stored: bool = False) -> float:
        """Share of the rows whose class is not that of the largest score.

        It is an evaluation: its reads are noisy like any, but are not counted and do not touch the noise of the run.

        Parameters
        ----------
        X, y : array
            As in `fit`.
        stored : bool
            From the stored weights, without arrays: a diagnostic that tells read noise from learning.
        """
        check_is_fitted(self)
        return self._error_rate(*self._checked_pair(X, y, reset=False), stored=stored)

    def _error_rate(self, X: np.ndarray, labels: np.ndarray, *, stored: bool) -> float:
        stack = self.layers_.ideal() if stored else self.layers_
        with nullcontext() if stored else stack.aside():
            best = np.argmax(self._outputs(X, stack), axis=1)
        return float(np.mean(self.classes_[best] != labels))

    def _outputs(self, X: np.ndarray, stack: LayerStack | None = None) -> np.ndarray:
        rule = layer_rule(self.rule)
        parts = [X[first : first + _ROWS] for first in range(0, len(X), _ROWS)]
        outputs = np.concatenate([rule.outputs(stack or self.layers_, part) for part in parts])
        if stack is None:
            self.layers_.count(compare=outputs.size)  # which is the largest
        return outputs

    # -- inside -----------------------------------------------------------------------------------------------------

    def _start(self, X: np.ndarray, classes: np.ndarray) -> np.random.Generator:
        """Make arrays and biases; gives the source of the order of the data."""
        hidden = layer_sizes(self.hidden_layer_sizes)
        layer_rule(self.rule)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        make, start = factory_of(self.synapses, seed), Stream(seed, "initial weights")
        sizes = (X.shape[1], *hidden, len(classes))
        shapes = list(pairwise(sizes))
        layers = LayerStack([make(shape, array) for array, shape in enumerate(shapes)])
        for synapses, shape in zip(layers.synapses, shapes, strict=True):
            half_width = self.initial_spread * np.sqrt(6 / sum(shape))
            synapses.program((half_width * (2 * start.uniforms(shape) - 1)).astype(np.float32))
        self.layers_, self.classes_ = layers, classes
        return np.random.default_rng(seed)
