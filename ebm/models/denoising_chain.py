"""The denoising thermodynamic model: a chain of small machines, each of which takes one step of noise away."""

from __future__ import annotations

from collections import Counter
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices.base.errors import RevpathError
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..evaluation import exact
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses
from ..synapses.units import sample_units
from .base import EnergyModel
from .checks import binary_rows, unit_interval_rows
from .restricted.pair import LayerPair, Units
from .restricted.visibles import BernoulliVisibles

MAX_UNITS = 10
"""Most visible units of an exact likelihood: tables of 2**n by 2**n conditional probabilities."""


class DenoisingChain(DensityMixin, EnergyModel):
    r"""T restricted Boltzmann machines in a row, from noise to data, each given the noisier picture.

    Noise flips every unit with probability :math:`\epsilon` at each step, :math:`q(x_t | x_{t-1})`, from data x_0 on. The
    way back is

    .. math::

        p_t(x_{t-1} | x_t) \propto \sum_h \exp(-E_t), \qquad E_t = -x_{t-1}^\top W_t h - b_t^\top x_{t-1} - c_t^\top h
        - \gamma\,(2 x_t - 1)^\top x_{t-1}, \qquad \gamma = \log \frac{1 - \epsilon}{\epsilon}

    where the last term is what q says of where x_t came from. The picture before is pulled to x_t, so every machine has an
    easy law and mixes fast, whatever the data are. Each learns alone, from pairs of pictures one step apart, by contrastive
    divergence within that law; x_T is drawn unit by unit, from the means of the noisiest data (Jelincic et al., arXiv
    2510.23972, 2025, where each machine is a sparse grid of p-bits; here it is two layers).

    Parameters
    ----------
    n_components : int
        Hidden units of each machine.
    n_steps : int
        T.
    flip : float
        epsilon, above 0 and below a half.
    learning_rate : float
        Step for the gradient of the mean of log p_t of a mini-batch.
    batch_size, n_iter : int
        Rows of a mini-batch; passes of `fit` over the data.
    k : int
        Gibbs steps of learning and, unless said otherwise, of drawing, in each machine.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses``; None means ideal digital ones.
    random_state : int, numpy.random.RandomState or None
        Seeds weights, noise, order of the data and units.

    Attributes
    ----------
    machines_ : tuple of LayerPair
        The first takes the least noise away, and is the last in drawing.
    synapses_ : tuple of Synapses
        W_1, ..., W_T, (n_features, n_components) each.
    start_ : numpy.ndarray
        Log-odds of the units of x_T, (n_features,) float32.
    events_ : Events
        Everything that happened so far in arrays and periphery.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import DenoisingChain
    >>> rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 100, axis=0)
    >>> chain = DenoisingChain(4, n_iter=60, learning_rate=0.5, random_state=0).fit(rows)
    >>> chain.score(rows) > -1.0  # nats; independent units have -2.8
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "flip": [Interval(Real, 0, 0.5, closed="neither")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left")],
        "synapses": "no_validation",  # by `factory_of`
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=64,
        *,
        n_steps=4,
        flip=0.15,
        learning_rate=0.1,
        batch_size=32,
        n_iter=10,
        k=5,
        synapses=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.n_steps = n_steps
        self.flip = flip
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.k = k
        self.synapses = synapses
        self.random_state = random_state

    @property
    def synapses_(self) -> tuple[Synapses, ...]:
        return tuple(machine.synapses for machine in self._fitted().machines_)

    @property
    def events_(self) -> Events:
        return sum((machine.events for machine in self._fitted().machines_), Events(self._digital))

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
            An entry beyond [0, 1].
        """
        self._validate_params()
        X = self._checked(X, reset=True)
        order = self._start(X)
        for _ in range(self.n_iter):
            self._learn(X[order.permutation(len(X))])
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One pass over X in the order given; the first call starts the chain. For the rest as `fit`."""
        self._validate_params()
        first_call = not hasattr(self, "machines_")
        X = self._checked(X, reset=first_call)
        if first_call:
            self._start(X)
        self._learn(X)
        return self

    def sample(self, n: int = 1, n_steps: int | None = None) -> np.ndarray:
        """Pictures drawn from noise on, (n, n_features) float32.

        Parameters
        ----------
        n : int
            How many.
        n_steps : int, optional
            Gibbs steps in each machine, from the noisier picture; `k` unless given.
        """
        steps = self._fitted().k if n_steps is None else n_steps
        for name, value in (("n", n), ("n_steps", steps)):
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise RevpathError(f"{name} = {value!r} must be a positive integer")
        field = np.zeros((n, len(self.start_)), np.float32)
        _, x, done = sample_units(field, self.start_, self._units[1])
        self._digital.update(done.counts)
        for machine in reversed(self.machines_):
            x = self._walk(machine, x, x, int(steps))
        return x

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(x_0) in nats of binary rows under the stored weights, (n_samples,) float64: all noisier pictures summed out.

        Raises
        ------
        RevpathError
            Rows that are not binary; more than 10 visible units.
        """
        X = binary_rows("X", self._fitted()._checked(X))
        p = self.visible_probabilities()
        return np.log(p[(X @ (1 << np.arange(X.shape[1]))).astype(np.int64)])

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def visible_probabilities(self) -> np.ndarray:
        """p(x_0) of every picture, float64 (2**n_features,), in the order of `exact.states`."""
        n = len(self._fitted().start_)
        if n > MAX_UNITS:
            raise RevpathError(
                f"n_features = {n}: enumeration takes tables of 2**n by 2**n, and is allowed up to n = {MAX_UNITS}"
            )
        logs = exact.states(n) @ self.start_.astype(np.float64)
        p = np.exp(logs - exact.log_sum(logs))
        for machine in reversed(self.machines_):
            p = p @ self.step_probabilities(machine)
        return p

    def step_probabilities(self, machine: LayerPair) -> np.ndarray:
        """p_t(x_{t-1} | x_t), float64 (2**n, 2**n): rows are x_t, in the order of `exact.states`."""
        parameters = machine.visibles.parameters(machine.weights, *machine.biases)
        x = exact.states(len(self.start_))
        logs = self._gamma * (2 * x - 1) @ x.T - exact.free_energy(parameters, x)
        return np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _gamma(self) -> float:
        return float(np.log((1 - self.flip) / self.flip))

    def _start(self, X: np.ndarray) -> np.random.RandomState:
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(2**32, dtype=np.uint64))
        make, first = factory_of(self.synapses, seed), Stream(seed, "weights")
        self._digital: Counter[str] = Counter()
        self._units: Units = Stream(seed, "fit.hidden"), Stream(seed, "fit.visible")
        self._noise = Stream(seed, "noise")
        shape = (X.shape[1], self.n_components)
        mean = (X.sum(axis=0, dtype=np.float64) + 0.5) / (len(X) + 1)  # half a count on either side
        kept = (1 - 2 * self.flip) ** np.arange(self.n_steps + 1)
        odds = [_logit(0.5 + part * (mean - 0.5)) for part in kept]  # of units as noisy as that
        hidden = np.zeros(self.n_components, np.float32)
        machines = []
        for number in range(self.n_steps):
            weights = np.float32(0.01) * first.normals(shape)
            machines.append(
                LayerPair(_numbered(make, number), BernoulliVisibles(X, 1), odds[number], hidden.copy(), weights)
            )
        self.start_ = odds[-1]
        self.machines_: tuple[LayerPair, ...] = tuple(machines)
        return rng

    def _learn(self, X: np.ndarray) -> None:
        """A pass: every machine learns from each picture and the one a step noisier."""
        for first in range(0, len(X), self.batch_size):
            rows = X[first : first + self.batch_size]
            x = (self._noise.uniforms(rows.shape) < rows).astype(np.float32)
            for machine in self.machines_:
                noisier = np.abs(x - (self._noise.uniforms(x.shape) < self.flip))
                self._update(machine, x, noisier)
                x = noisier

    def _update(self, machine: LayerPair, x: np.ndarray, noisier: np.ndarray) -> None:
        """+ the products of x, - those after k Gibbs steps from x, given the noisier picture."""
        share = self.learning_rate / len(x)
        p, _ = machine.sample_hidden(x, self._units)
        drawn = self._walk(machine, x, noisier, self.k)
        after = machine.hidden_probabilities(drawn)  # of both phases with the same weights
        machine.learn(x, p, 1, share)
        machine.learn(drawn, after, -1, share)

    def _walk(self, machine: LayerPair, x: np.ndarray, noisier: np.ndarray, steps: int) -> np.ndarray:
        """Gibbs steps of p_t(x | noisier) from x, (batch, n_features)."""
        pull = np.float32(self._gamma) * (2 * noisier - 1)
        for _ in range(steps):
            _, h = machine.sample_hidden(x, self._units)
            field = machine.synapses.backward(h)
            _, x, done = sample_units(field + pull, machine.visible, self._units[1])
            self._digital.update(done.counts)
            self._digital["digital.add"] += field.size
        return x

    def _checked(self, X: Any, *, reset: bool = False) -> np.ndarray:
        rows = np.asarray(validate_data(self, X, dtype=(np.float32, np.float64), reset=reset))
        return unit_interval_rows("X", rows)

    def _fitted(self) -> Self:
        check_is_fitted(self, "machines_")
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


def _numbered(make: Any, number: int) -> Any:
    """A factory whose first array is that of this number."""
    return lambda shape, array: make(shape, number)


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p)).astype(np.float32)
