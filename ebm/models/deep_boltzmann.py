"""The deep Boltzmann machine: layers of binary units, each coupled with the next (Salakhutdinov & Hinton, AISTATS 2009)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices.base.errors import RevpathError
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..evaluation import graphs
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses
from ..synapses.units import probabilities, sample_units
from .base import EnergyModel
from .checks import binary_rows, unit_interval_rows
from .restricted.visibles import log_odds

Layers = list[np.ndarray]
"""States or probabilities of the layers, visible first, each (rows, n_l) float32."""


class DeepBoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, EnergyModel):
    r"""Layers of binary units; neighbours in depth are coupled, units of one layer are not.

    .. math::

        E(v, h^1, \ldots, h^L) = -v^\top W_0 h^1 - \sum_{l=1}^{L-1} h^{l\top} W_l h^{l+1} - \sum_{l=0}^{L} b_l^\top h^l,
        \qquad h^0 = v

    Even layers are drawn given odd ones and the other way round, each by one read of the array below and one of that above.
    The statistics of the data are those of a mean field, :math:`\mu^l = \mathrm{sigmoid}(\mu^{l-1} W_{l-1} + \mu^{l+1}
    W_l^\top + b_l)`, those of the model of chains that persist. All layers learn together, without pretraining.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Units of each hidden layer, at least one layer.
    learning_rate : float
        Step for the variational gradient of the mean log-likelihood of a mini-batch.
    schedule : str
        ``"constant"``, or ``"linear"``: within `fit`, the rate falls linearly towards 0.
    batch_size, n_iter : int
        Rows of a mini-batch; passes of `fit` over the data.
    k : int
        Sweeps over all layers between two updates.
    mean_field_steps : int
        Rounds of the mean field, odd layers and then even ones.
    n_chains : int, optional
        Chains of the model; `batch_size` unless given.
    initial_spread : float
        Standard deviation of the first weights, over the square root of the units of the layer below.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses``; None means ideal digital ones.
    random_state : int, numpy.random.RandomState or None
        Seeds weights, order of the data and units.

    Attributes
    ----------
    synapses_ : tuple of Synapses
        The l-th holds W_l, (n_l, n_{l+1}).
    intercepts_ : list of numpy.ndarray
        b_l, float32 (n_l,), visible first.
    chains_ : list of numpy.ndarray
        States of the chains of the model, (n_chains, n_l) float32 each.
    events_ : Events
        Everything that happened so far in arrays and periphery.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import DeepBoltzmannMachine
    >>> rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> model = DeepBoltzmannMachine((4, 2), n_iter=60, random_state=0).fit(rows)
    >>> model.score_samples(rows).mean() > -2.2  # nats; independent units have -2.8
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": "no_validation",  # by `_sizes`
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "linear"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left")],
        "mean_field_steps": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [None, Interval(Integral, 1, None, closed="left")],
        "initial_spread": [Interval(Real, 0, None, closed="neither")],
        "synapses": "no_validation",  # by `factory_of`
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64, 32),
        *,
        learning_rate=0.1,
        schedule="constant",
        batch_size=32,
        n_iter=10,
        k=1,
        mean_field_steps=10,
        n_chains=None,
        initial_spread=0.5,
        synapses=None,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.k = k
        self.mean_field_steps = mean_field_steps
        self.n_chains = n_chains
        self.initial_spread = initial_spread
        self.synapses = synapses
        self.random_state = random_state

    @property
    def events_(self) -> Events:
        self._fitted()
        return sum((each.events for each in self.synapses_), Events(self._digital))

    def fit(self, X: Any, y: Any = None) -> Self:
        """Start anew and make `n_iter` passes over X.

        Parameters
        ----------
        X : array
            (n_samples, n_features), entries in [0, 1].
        y : None
            Not used.

        Raises
        ------
        RevpathError
            An entry beyond [0, 1]; layers that are none.
        """
        self._validate_params()
        X = self._checked(X, reset=True)
        order = self._start(X)
        batches = -(-len(X) // self.batch_size)
        for iteration in range(self.n_iter):
            mixed = order.permutation(len(X))
            for batch in range(batches):
                done = (iteration * batches + batch) / (self.n_iter * batches)
                rate = self.learning_rate * (1 - done if self.schedule == "linear" else 1)
                self._learn(X[mixed[batch * self.batch_size : (batch + 1) * self.batch_size]], rate)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One pass over X in the order given, at `learning_rate`; the first call starts the model. For the rest as `fit`."""
        self._validate_params()
        first_call = not hasattr(self, "synapses_")
        X = self._checked(X, reset=first_call)
        if first_call:
            self._start(X)
        for first in range(0, len(X), self.batch_size):
            self._learn(X[first : first + self.batch_size], self.learning_rate)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Mean field of the last layer given the rows, (n_samples, n_L) float32, by reads that are counted."""
        return self._mean_field(self._fitted()._checked(X))[-1]

    def sample(self, n: int = 1, n_steps: int = 1000) -> np.ndarray:
        """Visible states of n chains after so many sweeps from coins, (n, n_features) float32."""
        for name, value in (("n", n), ("n_steps", n_steps)):
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise RevpathError(f"{name} = {value!r} must be a positive integer")
        return self._swept(self._fitted()._coins(n), n_steps)[0]

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(v) in nats of binary rows under the stored weights, (n_samples,) float64, by enumeration.

        Raises
        ------
        RevpathError
            Rows that are not binary; more than 20 units in all.
        """
        X = binary_rows("X", self._fitted()._checked(X))
        return graphs.log_likelihood(*self.as_graph(), np.arange(X.shape[1]), X)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def as_graph(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges (m, 2), couplings (m,) and biases (n,) of all units, visible first, as `revpath.ebm.evaluation.graphs` takes them."""
        firsts = np.cumsum([0, *(len(bias) for bias in self._fitted().intercepts_)])
        edges, couplings = [], []
        for synapses, (below, above) in zip(self.synapses_, pairwise(firsts), strict=False):
            rows, columns = np.indices(synapses.shape).reshape(2, -1)
            edges.append(np.stack([below + rows, above + columns], axis=1))
            couplings.append(synapses.weights().ravel().astype(np.float64))
        return np.concatenate(edges), np.concatenate(couplings), np.concatenate(self.intercepts_).astype(np.float64)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self, X: np.ndarray) -> np.random.RandomState:
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(2**32, dtype=np.uint64))
        sizes = [X.shape[1], *_sizes(self.hidden_layer_sizes)]
        make, first = factory_of(self.synapses, seed), Stream(seed, "weights")
        self._digital: Counter[str] = Counter()
        made = []
        for number, shape in enumerate(pairwise(sizes)):
            made.append(make(shape, number))
            made[-1].program(np.float32(self.initial_spread / np.sqrt(shape[0])) * first.normals(shape))
        self.synapses_: tuple[Synapses, ...] = tuple(made)
        self.intercepts_ = [log_odds(X), *(np.zeros(n, np.float32) for n in sizes[1:])]
        self._units = Stream(seed, "fit.units")
        self.chains_ = self._coins(self.n_chains or self.batch_size)
        self._n_features_out = sizes[-1]
        return rng

    def _learn(self, v: np.ndarray, rate: float) -> None:
        """One update: + products of the mean field of the data, - those of the chains after k sweeps."""
        data = self._mean_field(v)
        self.chains_ = self._swept(self.chains_, self.k)
        for states, sign in ((data, 1), (self.chains_, -1)):
            share = rate / len(states[0])
            for synapses, (below, above) in zip(self.synapses_, pairwise(states), strict=True):
                synapses.update(below, above if sign > 0 else -above, share)
            for bias, layer in zip(self.intercepts_, states, strict=True):
                bias += np.float32(sign * share) * layer.sum(axis=0)
                self._digital.update({"digital.add": layer.size, "digital.multiply": len(bias)})

    def _mean_field(self, v: np.ndarray) -> Layers:
        """Probabilities of all layers with v held, from a half in each."""
        layers = [v, *(np.full((len(v), len(bias)), 0.5, np.float32) for bias in self.intercepts_[1:])]
        for _ in range(self.mean_field_steps):
            for parity in (1, 0):
                for layer in range(2 - parity, len(layers), 2):
                    field = self._field(layers, layer)
                    self._digital.update({"digital.add": field.size, "digital.sigmoid": field.size})
                    layers[layer] = probabilities(field, self.intercepts_[layer])
        return layers

    def _swept(self, layers: Layers, sweeps: int) -> Layers:
        """States after drawing odd layers and then even ones, so many times."""
        layers = list(layers)
        for _ in range(sweeps):
            for layer in [*range(1, len(layers), 2), *range(0, len(layers), 2)]:
                _, layers[layer], done = sample_units(self._field(layers, layer), self.intercepts_[layer], self._units)
                self._digital.update(done.counts)
        return layers

    def _field(self, layers: Layers, layer: int) -> np.ndarray:
        """Net input of a layer without bias, from below and from above, (rows, n_l)."""
        below = self.synapses_[layer - 1].forward(layers[layer - 1]) if layer else None
        above = self.synapses_[layer].backward(layers[layer + 1]) if layer < len(self.synapses_) else None
        if below is None or above is None:
            only = above if below is None else below
            assert only is not None
            return only
        self._digital["digital.add"] += below.size
        return below + above

    def _coins(self, rows: int) -> Layers:
        return [(self._units.uniforms((rows, len(bias))) < 0.5).astype(np.float32) for bias in self.intercepts_]

    def _checked(self, X: Any, *, reset: bool = False) -> np.ndarray:
        rows = np.asarray(validate_data(self, X, dtype=(np.float32, np.float64), reset=reset))
        return unit_interval_rows("X", rows)

    def _fitted(self) -> Self:
        check_is_fitted(self, "synapses_")
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _sizes(hidden: Any) -> list[int]:
    """Sizes of the hidden layers; RevpathError where they are none."""
    listed = isinstance(hidden, Sequence | np.ndarray) and not isinstance(hidden, str) and len(hidden) > 0
    if not listed or any(isinstance(n, bool) or not isinstance(n, Integral) or n < 1 for n in hidden):
        raise RevpathError(
            f"hidden_layer_sizes = {hidden!r} must be a sequence of positive integers, such as (64, 32): a layer without units "
            "would part the others"
        )
    return [int(n) for n in hidden]
