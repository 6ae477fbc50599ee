"""The deep resistive network: a classifier whose forward pass is a circuit that settles, and which learns from two equilibria."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ...devices.base.errors import RevpathError
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses
from .dense_classifier import DenseClassifier, layer_sizes
from .resistive.circuit import Circuit

_ROWS = 1024  # of inputs that settle together


class DeepResistiveNetwork(DenseClassifier):
    r"""Layers of nodes joined by conductances, with diodes at hidden nodes, trained by equilibrium propagation.

    .. math::

        E(u; x) = \tfrac{1}{2} \sum_{l=0}^{L-1} \sum_{ij} g^l_{ij} (u^l_i - u^{l+1}_j)^2 - \sum_{l=1}^{L} b_l^\top u^l, \qquad
        u^0 = a\,(x, -x), \quad g \ge 0

    The answer is :math:`u^L` where E is least. With the states :math:`u^{\pm}` of least :math:`E \pm \beta \lVert u^L - y
    \rVert^2 / 2`,

    .. math:: \Delta g^l_{ij} = -\frac{\eta}{2 \beta} \cdot \tfrac{1}{2} \left((u^{l+}_i - u^{(l+1)+}_j)^2 - (u^{l-}_i -
        u^{(l+1)-}_j)^2\right)

    which follows the gradient of the squared error as :math:`\beta \to 0`, and asks each conductance for its own voltage
    alone (Kendall et al., arXiv 2006.01981, 2020). Settling is simulated by reads of the arrays, layer after layer (see
    `Circuit`), and so counted; a circuit that settles by itself is not priced.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Nodes of each hidden layer, even numbers: half of them may be positive.
    nudging : float
        Above 0 and below 1: beta, the conductance by which outputs are pulled to the target and, next, pushed away, as a part of
        the least conductance that an output node has.
    rounds : int or None
        Rounds over the layers in which a state settles; None settles until nothing moves.
    input_gain : float
        a.
    learning_rate : float
        eta of the mean of a mini-batch.
    rate_decay : float
        What multiplies the rate after every pass of `fit`.
    batch_size, n_iter : int
        Rows of a mini-batch; passes of `fit` over the data.
    initial_spread : float
        Conductances begin at those of uniform numbers in +- spread / sqrt(n_l) that are above 0, and at 0 elsewhere.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses``; None means ideal conductances. On arrays of weights of both signs a conductance is counted from
        the bottom of the window: give a ``weight_max`` near the largest one (some 0.2).
    random_state : int, numpy.random.RandomState or None
        Seeds first conductances and the order of the data.

    Attributes
    ----------
    circuit_ : Circuit
        Conductances and current sources.
    classes_ : numpy.ndarray
        Labels, sorted.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from revpath.ebm import DeepResistiveNetwork
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DeepResistiveNetwork((32,), n_iter=10, random_state=0).fit(X[:1200] / 16, y[:1200])
    >>> network.error_rate(X[1200:] / 16, y[1200:]) < 0.12
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": "no_validation",  # by `_start`
        "nudging": "no_validation",  # by `_check_settings`
        "rounds": [None, Interval(Integral, 1, None, closed="left")],
        "input_gain": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "rate_decay": [Interval(Real, 0, 1, closed="right")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "initial_spread": [Interval(Real, 0, None, closed="neither")],
        "synapses": "no_validation",  # by `factory_of`
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100,),
        *,
        nudging=0.5,
        rounds: int | None = 4,
        input_gain=100.0,
        learning_rate=0.006,
        rate_decay=0.99,
        batch_size=4,
        n_iter=10,
        initial_spread=1.0,
        synapses=None,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.nudging = nudging
        self.rounds = rounds
        self.input_gain = input_gain
        self.learning_rate = learning_rate
        self.rate_decay = rate_decay
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.initial_spread = initial_spread
        self.synapses = synapses
        self.random_state = random_state

    @property
    def synapses_(self) -> tuple[Synapses, ...]:
        """One array a layer, from the inputs up: (2 n_features, n_1), ..., (n_{L-1}, n_classes)."""
        check_is_fitted(self)
        return self.circuit_.synapses

    @property
    def events_(self) -> Events:
        check_is_fitted(self)
        return self.circuit_.events

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
            An entry beyond [0, 1]; layers that are none; a nudging of 0, or one that takes more conductance away than there is.
        ValueError
            As scikit-learn: parameters out of range, shapes that do not fit, NaN.
        """
        self._check_settings()
        X, labels = self._checked_pair(X, y, reset=True)
        order = self._start(X, np.unique(labels))
        targets = self._one_hot(labels)
        for done in range(self.n_iter):
            self._learn(X, targets, order.permutation(len(X)), self.learning_rate * self.rate_decay**done)
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """One pass over the rows as they come, at `learning_rate`; the first call starts the network.

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
        self._check_settings()
        first = not hasattr(self, "circuit_")
        X, labels = self._checked_pair(X, y, reset=first)
        if first:
            self._start(X, np.unique(labels if classes is None else classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise RevpathError(f"classes = {classes!r} must be those of the first call: {self.classes_.tolist()}")
        self._learn(X, self._one_hot(labels), np.arange(len(X)), self.learning_rate)
        return self

    def error_rate(self, X: Any, y: Any) -> float:
        """Share of the rows whose class is not that of the largest output; an evaluation, which is not counted."""
        check_is_fitted(self)
        X, labels = self._checked_pair(X, y, reset=False)
        with self.circuit_.aside():
            best = np.argmax(self._outputs(X), axis=1)
        return float(np.mean(self.classes_[best] != labels))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_settings(self) -> None:
        self._validate_params()
        if isinstance(self.nudging, bool) or not isinstance(self.nudging, Real) or not 0 < float(self.nudging) < 1:
            raise RevpathError(
                f"nudging = {self.nudging!r} must be above 0 and below 1: without a pull both states are the same and nothing is "
                "learned, and a push that takes away all conductance lets outputs float"
            )

    def _start(self, X: np.ndarray, classes: np.ndarray) -> np.random.Generator:
        """Make arrays and sources; gives the source of the order of the data."""
        hidden = layer_sizes(self.hidden_layer_sizes)
        if any(n % 2 for n in hidden):
            raise RevpathError(
                f"hidden_layer_sizes = {self.hidden_layer_sizes!r} must be even: half of the nodes may be positive"
            )
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        make, start = factory_of(self.synapses, seed), Stream(seed, "initial conductances")
        shapes = list(pairwise((2 * X.shape[1], *hidden, len(classes))))
        arrays = [make(shape, number) for number, shape in enumerate(shapes)]
        config = getattr(getattr(arrays[0], "array", None), "config", None)
        self.circuit_ = Circuit(arrays, getattr(config, "weight_max", 0.0), self.input_gain)
        half = [self.initial_spread / np.sqrt(n) for n, _ in shapes]
        numbers = [2 * start.uniforms(shape) - 1 for shape in shapes]
        self.circuit_.program([np.maximum(h * each, 0) for h, each in zip(half, numbers, strict=True)])
        self.classes_ = classes
        return np.random.default_rng(seed)

    def _learn(self, X: np.ndarray, targets: np.ndarray, order: np.ndarray, rate: float) -> None:
        for first in range(0, len(order), self.batch_size):
            rows = order[first : first + self.batch_size]
            self._step(X[rows], targets[rows], rate / len(rows))

    def _step(self, x: np.ndarray, targets: np.ndarray, rate: float) -> None:
        driven = self.circuit_.driven(x)
        free = self.circuit_.settled(driven, rounds=self.rounds)
        beta = self.nudging * max(0.0, float(driven[1][-1].min()))
        pulled, pushed = (
            self.circuit_.settled(driven, free, rounds=self.rounds, pull=pull, targets=targets)
            for pull in (beta, -beta)
        )
        self.circuit_.learn(x, pushed, pulled, rate / (2 * beta))

    def _outputs(self, X: np.ndarray) -> np.ndarray:
        parts = [X[first : first + _ROWS] for first in range(0, len(X), _ROWS)]
        settled = [self.circuit_.settled(self.circuit_.driven(part), rounds=self.rounds)[-1] for part in parts]
        outputs = np.concatenate(settled)
        self.circuit_.count(compare=outputs.size)
        return outputs
