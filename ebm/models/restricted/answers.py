"""What a machine of two layers answers: features, samples, completed pictures, energies and likelihoods."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ....devices.base.errors import RevpathError
from ....simulator.events import Events
from ....simulator.noise.streams import Stream
from ...evaluation import annealed, exact
from ...synapses.contract import Synapses
from ...synapses.units import sigmoid
from ..base import EnergyModel
from .pair import LayerPair, Units

_ROWS = 1024  # of a sparse matrix, made dense together


class MachineOfTwoLayers(ClassNamePrefixFeaturesOutMixin, TransformerMixin, EnergyModel, shared=True):
    """A model that holds a `LayerPair` once it is fitted.

    `transform`, `gibbs`, `complete` and `sample` read the synapses, with their noise, and count events. `free_energy`,
    `log_likelihood`, `score_samples` and `pseudo_likelihood` judge the stored weights: evaluation is not the device.

    Attributes
    ----------
    pair_ : LayerPair
        The layers.
    """

    pair_: LayerPair
    _units: Units
    _independent: np.ndarray  # biases of independent visible units, from the first data

    @abstractmethod
    def _checked(self, X: Any, *, reset: bool = False, sparse: bool = False) -> Any:
        """Rows in float32; where `sparse`, sparse ones stay sparse (CSR), else they are made dense."""

    @abstractmethod
    def _states(self, X: Any) -> np.ndarray:
        """Rows of which a likelihood is defined."""

    @property
    def synapses_(self) -> Synapses:
        return self._fitted().pair_.synapses

    @property
    def components_(self) -> np.ndarray:
        return self._fitted().pair_.weights.T

    @property
    def intercept_visible_(self) -> np.ndarray:
        return self._fitted().pair_.biases[0]

    @intercept_visible_.setter
    def intercept_visible_(self, values: np.ndarray) -> None:
        self._fitted().pair_.visible = values

    @property
    def intercept_hidden_(self) -> np.ndarray:
        return self._fitted().pair_.biases[1]

    @intercept_hidden_.setter
    def intercept_hidden_(self, values: np.ndarray) -> None:
        self._fitted().pair_.hidden = values

    @property
    def events_(self) -> Events:
        return self._fitted().pair_.events

    def transform(self, X) -> np.ndarray:
        """P(h = 1 | v), float32 (n_samples, n_components), by one forward read of each row."""
        X = self._fitted()._checked(X, sparse=True)
        if not issparse(X):
            return self.pair_.hidden_probabilities(X)
        blocks = (dense(X[first : first + _ROWS]) for first in range(0, X.shape[0], _ROWS))
        return np.concatenate([self.pair_.hidden_probabilities(part) for part in blocks])

    def gibbs(self, v, n_steps: int = 1, random_state=None) -> np.ndarray:
        """Gibbs steps v -> h -> v.

        Parameters
        ----------
        v : array
            (n_samples, n_features): where each chain starts.
        n_steps : int
            Steps.
        random_state : int, numpy.random.RandomState or None
            None continues the model's own random numbers; a seed makes the call repeatable (ideal synapses).

        Returns
        -------
        numpy.ndarray
            Visible values, float32 (n_samples, n_features).
        """
        check_count("n_steps", n_steps)
        return self._fitted().pair_.walk(self._checked(v), n_steps, self._units_for(random_state))

    def complete(self, X, known, n_steps: int = 100, *, average: int = 1, random_state=None) -> np.ndarray:
        """Rows of which some units are known and held, and the others drawn: completion of a picture.

        Parameters
        ----------
        X : array
            (n_samples, n_features); what stands at units that are not known is where their chain starts.
        known : array of bool
            (n_features,), or (n_samples, n_features).
        n_steps : int
            Gibbs steps.
        average : int
            Over so many of the last steps; 1 gives states.
        random_state : int, numpy.random.RandomState or None
            As in `gibbs`.

        Returns
        -------
        numpy.ndarray
            float32 (n_samples, n_features), equal to X where it is known.

        Raises
        ------
        RevpathError
            `known` of another shape or type; counts that are none.

        Examples
        --------
        >>> import numpy as np
        >>> from revpath.ebm import RBM
        >>> rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
        >>> model = RBM(4, learning_rate=0.5, n_iter=200, random_state=0).fit(rows)
        >>> shown = model.complete([[1, 1, 0, 0]], [True, True, False, False], average=50, random_state=0)
        >>> shown[0, 2:].max() < 0.3
        True
        """
        check_count("n_steps", n_steps)
        check_count("average", average)
        X = self._fitted()._checked(X)
        known = np.asarray(known)
        if known.dtype != bool or known.shape not in (X.shape, X.shape[1:]):
            raise RevpathError(
                f"known has shape {known.shape} and type {known.dtype}; it must be bool of shape {X.shape[1:]} or {X.shape}"
            )
        if average > n_steps:
            raise RevpathError(f"average = {average} must be at most n_steps = {n_steps}")
        units, held = self._units_for(random_state), np.broadcast_to(known, X.shape)
        v = self.pair_.walk(X, n_steps - average, units, held)
        total = np.zeros(X.shape, np.float64)
        for _ in range(average):
            v = self.pair_.walk(v, 1, units, held)
            total += v
        return np.where(held, X, total / average).astype(np.float32)

    def sample(self, n: int = 1, n_steps: int = 1000, random_state=None) -> np.ndarray:
        """Visible values of `n` independent chains, float32 (n, n_features).

        Each chain starts at visible units drawn from their biases alone and makes `n_steps` Gibbs steps.
        """
        check_count("n", n)
        check_count("n_steps", n_steps)
        units = self._fitted()._units_for(random_state)
        bias = self.intercept_visible_
        if self.pair_.visibles.binary:
            start = (units[1].uniforms((n, bias.size)) < sigmoid(bias)).astype(np.float32)
        else:
            start = bias + self.pair_.visibles.sd * units[1].normals((n, bias.size))
        return self.pair_.walk(start, n_steps, units)

    def parameters(self) -> Any:
        """Stored weights and biases in float64: `exact.Parameters`, or `GaussianParameters`, of `revpath.ebm.evaluation`."""
        self._fitted()
        return self.pair_.visibles.parameters(self.pair_.weights, *self.pair_.biases)

    def free_energy(self, v) -> np.ndarray:
        """F(v) = -log sum_h exp(-E(v, h)) of the stored weights, float64 (n_samples,)."""
        return self._fitted().pair_.visibles.judge.free_energy(self.parameters(), self._checked(v))

    def log_likelihood(self, X, method: str = "exact", **settings: Any) -> np.ndarray:
        """log p(v) in nats under the stored weights, float64 (n_samples,); of Gaussian units, of a density.

        Parameters
        ----------
        X : array
            (n_samples, n_features), binary rows unless units are Gaussian.
        method : str
            ``"exact"``: log Z by enumeration, up to 24 units in the smaller layer (784 x 20 takes half a second, each further
            unit doubles it). ``"annealed"``: by annealed importance sampling from independent units with the means of the
            first data, for any number of binary units; rather too high, and refused where a gate fails.
        **settings
            Of ``"annealed"``: those of `revpath.ebm.evaluation.annealed.judge`.

        Raises
        ------
        RevpathError
            Another method, rows that are not binary, or a machine that is too large to be enumerated.
        NotTrustworthy
            A gate of ``"annealed"`` failed.
        """
        if method not in ("exact", "annealed") or (settings and method == "exact"):
            more = f" with {', '.join(settings)}" if settings else ""
            raise RevpathError(f"method = {method!r}{more} is not known; known: 'exact', and 'annealed' with settings")
        X = self._states(X)
        binary, judge = self.pair_.visibles.binary, self.pair_.visibles.judge
        if method == "annealed":
            if not binary:
                raise RevpathError("method = 'annealed' is for binary visible units; these are Gaussian: use 'exact'")
            judged = annealed.judge(self.parameters(), self._independent, X, **settings)
            return -judge.free_energy(self.parameters(), X) - judged.fine.log_partition
        shape = self.components_.shape
        smaller = min(shape) if binary else shape[0]
        if smaller > exact.MAX_UNITS:
            raise RevpathError(
                f"the smaller layer has {smaller} units: the exact log-likelihood takes 2**{smaller} terms and is "
                f"allowed up to {exact.MAX_UNITS}. Use method 'annealed' for an estimate that is held by gates, free_energy for "
                "differences between rows, or pseudo_likelihood as a sign of progress (never as a measure of quality)"
            )
        return judge.log_likelihood(self.parameters(), X)

    def score_samples(self, X) -> np.ndarray:
        """`log_likelihood` of each row, exact. (scikit-learn's method of this name is a random pseudo-likelihood.)"""
        return self.log_likelihood(X)

    def pseudo_likelihood(self, X, random_state=None) -> np.ndarray:
        """n log p(v_i | the rest of v) for one unit i drawn in each binary row of n units, float64 (n_samples,).

        A sign of progress, never a measure of quality: on MNIST it ranked three machines in the reverse of their true order, 60 nats
        apart (500 hidden units; CD-1, PCD-1 and PCD-10 against annealed importance sampling).
        """
        self._fitted()
        if not self.pair_.visibles.binary:
            raise RevpathError("pseudo_likelihood is that of binary visible units; these are Gaussian")
        return pseudo_likelihood(self.parameters(), self._states(X), check_random_state(random_state))

    def _units_for(self, random_state: Any) -> Units:
        return self._units if random_state is None else unit_streams("gibbs", random_state)

    def _fitted(self) -> Self:
        check_is_fitted(self, "pair_")
        return self


def unit_streams(use: str, random_state: Any) -> Units:
    """Random numbers of the hidden and of the visible units, from scikit-learn's notion of a random state."""
    seed = int(check_random_state(random_state).randint(2**32, dtype=np.uint64))
    return Stream(seed, f"{use}.hidden"), Stream(seed, f"{use}.visible")


def dense(rows: Any) -> np.ndarray:
    """Rows as an array, whether they are sparse or not."""
    return rows.toarray() if issparse(rows) else rows


def pseudo_likelihood(model: exact.Parameters, X: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    flipped = X.copy()
    one_unit = (np.arange(len(X)), rng.randint(X.shape[1], size=len(X)))
    flipped[one_unit] = 1 - flipped[one_unit]
    gap = exact.free_energy(model, flipped) - exact.free_energy(model, X)
    return -X.shape[1] * np.logaddexp(0.0, -gap)


def check_count(name: str, value: int) -> None:
    """RevpathError unless the value of that name is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise RevpathError(f"{name} = {value!r} must be a positive integer")
