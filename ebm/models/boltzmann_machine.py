"""A Boltzmann machine on any graph of binary units (Ackley, Hinton & Sejnowski, Cognitive Science 9, 1985), drawn by colours."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices.base.errors import RevpathError, shown
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..evaluation import graphs
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses
from .base import EnergyModel
from .checks import binary_rows, unit_interval_rows
from .graph.blocks import Blocks
from .graph.graph import Graph, graph_of
from .graph.samplers import GraphEnergy, Sampler
from .restricted.visibles import log_odds


class BoltzmannMachine(DensityMixin, EnergyModel):
    r"""Binary units with couplings along the edges of a graph, some of them visible.

    .. math::

        E(s) = -\sum_{(i,j) \in G} J_{ij} s_i s_j - \sum_i b_i s_i, \qquad p(s) = \exp(-E(s)) / Z, \qquad s \in \{0, 1\}^n

    Units of one colour have no couplings among them and are drawn together, by one read of the array between this colour and
    each other: the sampler of p-bits. It learns :math:`\langle s_i s_j \rangle` of the data less that of the model, each by
    chains; those of the model persist. Crossings of an array that are no edges hold 0, with the noise of their cells.

    Parameters
    ----------
    graph : networkx.Graph, pairs of units, or None
        As `revpath.ebm.models.graph.graph.graph_of` takes it. None couples all pairs.
    n_hidden : int
        Hidden units where `graph` is None, and 0 otherwise: a graph has as many as it has units beyond the visible ones.
    visible : sequence, optional
        Nodes of the graph that the columns of the data are, in their order; the first ones unless given.
    learning_rate : float
        Step for the gradient of the mean log-likelihood of a mini-batch.
    schedule : str
        ``"constant"``, or ``"linear"``: within `fit`, the rate falls linearly towards 0.
    batch_size, n_iter : int
        Rows of a mini-batch; passes of `fit` over the data.
    k : int
        Sweeps over all units between two updates, of the chains of the model.
    data_sweeps : int
        Sweeps over hidden units with visible ones held, from states drawn at random.
    n_chains : int, optional
        Chains of the model; `batch_size` unless given.
    n_colours : int, optional
        The most colours that the machine has; None allows any number.
    sampler : callable, optional
        Another machine that draws: see `revpath.ebm.models.graph.samplers`. It is given couplings as stored; its work is not
        counted.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the array) ->
        Synapses``; None means ideal ones that hold edges alone.
    random_state : int, numpy.random.RandomState or None
        Seeds couplings, order of the data and units.

    Attributes
    ----------
    graph_ : Graph
        Units and edges.
    colours_ : numpy.ndarray
        Of each unit, (n_units,).
    visible_ : numpy.ndarray
        Number of the unit that each column is, (n_features,).
    couplings_ : numpy.ndarray
        J of each edge as stored, (m,); a diagnostic.
    intercept_ : numpy.ndarray
        b, (n_units,) float32.
    chains_ : numpy.ndarray
        States of the chains of the model, (n_chains, n_units) float32.
    events_ : Events
        Everything that happened so far in arrays and periphery.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import BoltzmannMachine
    >>> rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    >>> model = BoltzmannMachine(ring, n_iter=20, random_state=0).fit(rows)
    >>> model.score_samples(rows).mean() > -1.8  # nats; independent units have -2.8
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "graph": "no_validation",  # by `graph_of`
        "n_hidden": [Interval(Integral, 0, None, closed="left")],
        "visible": "no_validation",  # by `_placed`
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "linear"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left")],
        "data_sweeps": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [None, Interval(Integral, 1, None, closed="left")],
        "n_colours": "no_validation",  # by `Graph.colours`
        "sampler": [callable, None],
        "synapses": "no_validation",  # by `factory_of`
        "random_state": ["random_state"],
    }
    n_features_in_: int

    def __init__(
        self,
        graph: Any = None,
        *,
        n_hidden=0,
        visible: Any = None,
        learning_rate=0.1,
        schedule="constant",
        batch_size=32,
        n_iter=10,
        k=1,
        data_sweeps=3,
        n_chains=None,
        n_colours=None,
        sampler: Sampler | None = None,
        synapses=None,
        random_state=None,
    ):
        self.graph = graph
        self.n_hidden = n_hidden
        self.visible = visible
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.k = k
        self.data_sweeps = data_sweeps
        self.n_chains = n_chains
        self.n_colours = n_colours
        self.sampler = sampler
        self.synapses = synapses
        self.random_state = random_state

    @property
    def synapses_(self) -> tuple[Synapses, ...]:
        """One array for each pair of colours that has couplings."""
        return self._fitted().blocks_.synapses

    @property
    def couplings_(self) -> np.ndarray:
        return self._fitted().blocks_.couplings

    @property
    def intercept_(self) -> np.ndarray:
        return self._fitted().blocks_.biases

    @property
    def events_(self) -> Events:
        return self._fitted().blocks_.events

    def fit(self, X: Any, y: Any = None) -> Self:
        """Start anew and make `n_iter` passes over X.

        Parameters
        ----------
        X : array
            (n_samples, n_features), entries in [0, 1]; those between are probabilities from which states are drawn.
        y : None
            Not used.

        Raises
        ------
        RevpathError
            An entry beyond [0, 1]; a graph that is none, is smaller than the data or cannot be coloured; a hidden unit
            without neighbours.
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
        first_call = not hasattr(self, "blocks_")
        X = self._checked(X, reset=first_call)
        if first_call:
            self._start(X)
        for first in range(0, len(X), self.batch_size):
            self._learn(X[first : first + self.batch_size], self.learning_rate)
        return self

    def sample(self, n: int = 1, n_steps: int = 1000) -> np.ndarray:
        """Visible states of n chains after so many sweeps from states drawn at random, (n, n_features) float32."""
        for name, value in (("n", n), ("n_steps", n_steps)):
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise RevpathError(f"{name} = {value!r} must be a positive integer")
        units = self._fitted().graph_.n_units
        states = self._swept(self._coins((n, units)), np.ones(units, bool), n_steps)
        return states[:, self.visible_]

    def energy(self) -> GraphEnergy:
        """Couplings as stored, and biases."""
        return GraphEnergy(self._fitted().graph_.edges, self.couplings_, self.intercept_.astype(np.float64))

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(v) in nats of binary rows under the stored couplings, (n_samples,) float64, by enumeration.

        Raises
        ------
        RevpathError
            Rows that are not binary; more than 20 units in all.
        """
        X = binary_rows("X", self._fitted()._checked(X))
        energy = self.energy()
        return graphs.log_likelihood(energy.edges, energy.couplings, energy.biases, self.visible_, X)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self, X: np.ndarray) -> np.random.RandomState:
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(2**32, dtype=np.uint64))
        if self.graph is not None and self.n_hidden:
            raise RevpathError(f"n_hidden = {self.n_hidden} must be 0 where a graph is given: the graph has its units")
        self.graph_ = graph_of(self.graph, X.shape[1] + self.n_hidden)
        self.visible_ = self._placed(self.graph_, X.shape[1])
        self.colours_ = self.graph_.colours(self.n_colours)
        make = None if self.synapses is None else factory_of(self.synapses, seed)
        self.blocks_ = Blocks(self.graph_, self.colours_, make)
        self.blocks_.program(0.01 * Stream(seed, "couplings").normals(len(self.graph_.edges)))
        self.blocks_.biases[self.visible_] = log_odds(X)
        self._units = Stream(seed, "fit.units")
        self._calls = 0
        self.chains_ = self._coins((self.n_chains or self.batch_size, self.graph_.n_units))
        return rng

    def _placed(self, graph: Graph, features: int) -> np.ndarray:
        """Which unit each column is; RevpathError where that cannot be, or a hidden unit is left alone."""
        if graph.n_units < features:
            raise RevpathError(f"graph has {graph.n_units} units; X has {features} columns, and each needs one")
        nodes = list(graph.nodes[:features] if self.visible is None else self.visible)
        number = {node: i for i, node in enumerate(graph.nodes)}
        strange = [node for node in nodes if node not in number]
        if len(nodes) != features or strange or len(set(nodes)) != features:
            raise RevpathError(
                f"visible = {shown(self.visible)} must be {features} different nodes of the graph, one for each column of X"
            )
        placed = np.array([number[node] for node in nodes], np.int64)
        for unit in np.setdiff1d(np.arange(graph.n_units), placed):
            if not len(graph.neighbours[unit]):
                raise RevpathError(f"hidden unit {shown(graph.nodes[unit])} has no neighbours: it could learn nothing")
        return placed

    def _learn(self, v: np.ndarray, rate: float) -> None:
        """One update: + products of states with the data held, - those of the chains after k sweeps."""
        units = self.graph_.n_units
        data = self._coins((len(v), units))
        data[:, self.visible_] = self._units.uniforms(v.shape) < v
        hidden = np.ones(units, bool)
        hidden[self.visible_] = False
        if hidden.any():
            data = self._swept(data, hidden, self.data_sweeps)
        self.chains_ = self._swept(self.chains_, np.ones(units, bool), self.k)
        self.blocks_.learn(data, 1, rate / len(data))
        self.blocks_.learn(self.chains_, -1, rate / len(self.chains_))

    def _swept(self, states: np.ndarray, free: np.ndarray, sweeps: int) -> np.ndarray:
        if self.sampler is None:
            for _ in range(sweeps):
                states = self.blocks_.sweep(states, free, self._units)
            return states
        self._calls += 1
        drawn = np.asarray(self.sampler(self.energy(), states, free, sweeps, self._calls), np.float32)
        if drawn.shape != states.shape or (drawn[:, ~free] != states[:, ~free]).any():
            raise RevpathError(
                f"the sampler gave states of shape {drawn.shape}; they must be {states.shape}, equal where units are held"
            )
        return binary_rows("states of the sampler", drawn)

    def _coins(self, shape: tuple[int, int]) -> np.ndarray:
        return (self._units.uniforms(shape) < 0.5).astype(np.float32)

    def _checked(self, X: Any, *, reset: bool = False) -> np.ndarray:
        rows = np.asarray(validate_data(self, X, dtype=(np.float32, np.float64), reset=reset))
        return unit_interval_rows("X", rows)

    def _fitted(self) -> Self:
        check_is_fitted(self, "blocks_")
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
