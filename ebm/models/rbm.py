r"""The restricted Boltzmann machine with binary units, on any synapses.

.. math:: p(v, h) = \exp(v^\top W h + b^\top v + c^\top h) / Z

Names and conventions are those of scikit-learn's ``BernoulliRBM``. W lives in `Synapses` of shape (n_features,
n_components): a forward read drives the hidden units, a backward read of the same array the visible units, and learning
adds outer products. The same code therefore trains an ideal matrix and a noisy analog array.

Learning is contrastive divergence (Hinton, Neural Computation 14, 2002) or, with persistent chains, stochastic maximum
likelihood (Tieleman, ICML 2008). As in Hinton's "A practical guide to training restricted Boltzmann machines"
(UTML TR 2010-003), the chain is made of samples, while the statistics of both phases take hidden probabilities.
"""

from __future__ import annotations

import time
from collections import Counter
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ...devices.base.errors import RevpathError
from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..evaluation import exact
from ..synapses.analog import factory_of
from ..synapses.units import probabilities, sigmoid
from .base import EnergyModel
from .checks import binary_rows, unit_interval_rows

_ROWS = 1024  # of a sparse matrix, made dense together

Units = tuple[Stream, Stream]  # random numbers of the hidden and of the visible units


class RBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, EnergyModel):
    """Restricted Boltzmann machine with binary visible and hidden units.

    Parameters
    ----------
    n_components : int
        number of hidden units.
    learning_rate : float
        step for the gradient of the mean log-likelihood of a mini-batch.
    schedule : str
        ``"constant"``, or ``"linear"``: within `fit`, the rate falls linearly from `learning_rate` towards 0.
    batch_size : int
        rows in a mini-batch.
    n_iter : int
        passes of `fit` over the data, in an order that is drawn anew for every pass.
    k : int
        Gibbs steps between two updates.
    persistent : bool
        keep the chains of the model phase from one update to the next (PCD-k) or start them at the data (CD-k).
    n_chains
        number of persistent chains; None means `batch_size`. Must be None where `persistent` is False.
    init_visible : str
        ``"data"`` starts the visible biases at the log-odds of the first data seen, ``"zeros"`` at 0.
    synapses
        a device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of
        the array) -> Synapses`` with a seed of its own; None means ideal digital ones.
    verbose : int
        above 0, `fit` prints a line for each pass.
    random_state
        seeds initial weights, order of the data and units.

    Notes
    -----
    `transform`, `gibbs` and `sample` read the synapses, with their noise, and count events. `free_energy`,
    `log_likelihood`, `score_samples` and `pseudo_likelihood` judge the stored weights: evaluation is not the device.

    Attributes
    ----------
    synapses_
        what holds W, (n_features, n_components).
    components_ : ndarray
        W.T as stored, float32 (n_components, n_features); a diagnostic, not an array read.
    intercept_hidden_, intercept_visible_
        digital biases, float32.
    h_samples_
        hidden states of the persistent chains, float32 (n_chains, n_components); only where `persistent`.
    events_ : Events
        everything that happened so far in synapses and biases, training and use alike.
    n_features_in_, feature_names_in_
        as in scikit-learn.
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "linear"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left")],
        "persistent": ["boolean"],
        "n_chains": [None, Interval(Integral, 1, None, closed="left")],
        "init_visible": [StrOptions({"data", "zeros"})],
        "synapses": "no_validation",  # by `factory_of`
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=256,
        *,
        learning_rate=0.1,
        schedule="constant",
        batch_size=10,
        n_iter=10,
        k=1,
        persistent=True,
        n_chains=None,
        init_visible="data",
        synapses=None,
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.k = k
        self.persistent = persistent
        self.n_chains = n_chains
        self.init_visible = init_visible
        self.synapses = synapses
        self.verbose = verbose
        self.random_state = random_state

    @property
    def components_(self) -> np.ndarray:
        return self._fitted().synapses_.weights().T

    @property
    def events_(self) -> Events:
        return self._fitted().synapses_.events + Events(self._digital)

    def fit(self, X, y=None):
        """Start anew and make `n_iter` passes over X, (n_samples, n_features) with entries in [0, 1]. Returns self.

        Sparse rows are made dense one mini-batch at a time.
        """
        self._validate_params()
        X = self._checked(X, reset=True, sparse=True)
        rng = self._start(X)
        rows = self.batch_size
        n_batches = -(-X.shape[0] // rows)
        n_updates = self.n_iter * n_batches
        for iteration in range(self.n_iter):
            begin = time.perf_counter()
            order = rng.permutation(X.shape[0])
            for batch, first in enumerate(range(0, X.shape[0], rows)):
                done = (iteration * n_batches + batch) / n_updates
                rate = self.learning_rate * (1 - done if self.schedule == "linear" else 1)
                self._learn(_dense(X[order[first : first + rows]]), rate)
            if self.verbose:
                some = _dense(X[order[:1000]])
                quality = _pseudo_likelihood(self.parameters(), some, np.random.RandomState(iteration)).mean()
                seconds = time.perf_counter() - begin
                print(f"[RBM] pass {iteration + 1}, pseudo-likelihood {quality:.2f} (progress only), {seconds:.2f} s")
        return self

    def partial_fit(self, X, y=None):
        """Make one pass over X in the order given, at `learning_rate`; the first call also starts the model."""
        self._validate_params()
        first_call = not hasattr(self, "synapses_")
        X = self._checked(X, reset=first_call, sparse=True)
        if first_call:
            self._start(X)
        for first in range(0, X.shape[0], self.batch_size):
            self._learn(_dense(X[first : first + self.batch_size]), self.learning_rate)
        return self

    def transform(self, X) -> np.ndarray:
        """P(h = 1 | v), float32 (n_samples, n_components), by one forward read of each row."""
        X = self._fitted()._checked(X, sparse=True)
        if not issparse(X):
            return self._hidden_probabilities(X)
        blocks = (_dense(X[first : first + _ROWS]) for first in range(0, X.shape[0], _ROWS))
        return np.concatenate([self._hidden_probabilities(part) for part in blocks])

    def gibbs(self, v, n_steps: int = 1, random_state=None) -> np.ndarray:
        """`n_steps` Gibbs steps v -> h -> v from each row: visible states, float32 (n_samples, n_features).

        Parameters
        ----------
        random_state
            None continues the model's own random numbers; a seed makes the call repeatable (ideal synapses).
        """
        _check_count("n_steps", n_steps)
        return self._fitted()._walk(self._checked(v), n_steps, self._units_for(random_state))

    def sample(self, n: int = 1, n_steps: int = 1000, random_state=None) -> np.ndarray:
        """Visible states of `n` independent chains, float32 (n, n_features).

        Each chain starts at visible units drawn from their biases alone and makes `n_steps` Gibbs steps.
        """
        _check_count("n", n)
        _check_count("n_steps", n_steps)
        units = self._fitted()._units_for(random_state)
        start = units[1].uniforms((n, self.intercept_visible_.size)) < sigmoid(self.intercept_visible_)
        return self._walk(start.astype(np.float32), n_steps, units)

    def parameters(self) -> exact.Parameters:
        """Stored weights and biases in float64, for `revpath.ebm.exact`."""
        self._fitted()
        return exact.Parameters(self.synapses_.weights(), self.intercept_visible_, self.intercept_hidden_)

    def free_energy(self, v) -> np.ndarray:
        """F(v) = -log sum_h exp(-E(v, h)) of the stored weights, float64 (n_samples,)."""
        return exact.free_energy(self._fitted().parameters(), self._checked(v))

    def log_likelihood(self, X, method: str = "exact") -> np.ndarray:
        """log p(v) in nats of binary rows under the stored weights, float64 (n_samples,).

        Parameters
        ----------
        method : str
            ``"exact"`` is the only one: log Z by enumeration, up to 24 units in the smaller layer (784 x 20 takes half
            a second, each further unit doubles it).
        """
        if method != "exact":
            raise RevpathError(f"method = {method!r} is not known; known: 'exact'")
        X = binary_rows("X", self._fitted()._checked(X))
        smaller = min(self.synapses_.shape)
        if smaller > exact.MAX_UNITS:
            raise RevpathError(
                f"the smaller layer has {smaller} units: the exact log-likelihood takes 2**{smaller} terms and is "
                f"allowed up to {exact.MAX_UNITS}. Use free_energy for differences between rows, or pseudo_likelihood "
                "as a sign of progress (never as a measure of quality)"
            )
        return exact.log_likelihood(self.parameters(), X)

    def score_samples(self, X) -> np.ndarray:
        """`log_likelihood` of each row, exact. (scikit-learn's method of this name is a random pseudo-likelihood.)"""
        return self.log_likelihood(X)

    def pseudo_likelihood(self, X, random_state=None) -> np.ndarray:
        """n log p(v_i | the rest of v) for one unit i drawn in each binary row of n units, float64 (n_samples,).

        A sign of progress, never a measure of quality: on MNIST it ranked models in the reverse of their true order,
        60 nats apart (../shared/references/ebm.md, finding 3).
        """
        X = binary_rows("X", self._fitted()._checked(X))
        return _pseudo_likelihood(self.parameters(), X, check_random_state(random_state))

    def _start(self, X: np.ndarray) -> np.random.RandomState:
        """Make the synapses and set every learned attribute; gives the source of the order of the data."""
        if self.n_chains is not None and not self.persistent:
            raise RevpathError(
                f"n_chains = {self.n_chains!r} must be None where persistent is False: CD starts at the data"
            )
        rng = check_random_state(self.random_state)
        shape = (X.shape[1], self.n_components)
        self._units = _unit_streams("fit", rng)
        self.synapses_ = factory_of(self.synapses, self._units[0].seed)(shape, 0)
        self.synapses_.program(np.float32(0.01) * Stream(self._units[0].seed, "weights").normals(shape))
        self._digital = Counter()  # events of the biases; changed in place, since transform must leave the attributes
        self.intercept_hidden_ = np.zeros(self.n_components, np.float32)
        self.intercept_visible_ = _log_odds(X) if self.init_visible == "data" else np.zeros(X.shape[1], np.float32)
        self._n_features_out = self.n_components
        if self.persistent:
            self.h_samples_ = np.zeros((self.n_chains or self.batch_size, self.n_components), np.float32)
        return rng

    def _learn(self, v: np.ndarray, rate: float) -> None:
        """One update: + the outer products of the data, - those of the model after k Gibbs steps."""
        if self.persistent:
            p_data, h = self._hidden_probabilities(v), self.h_samples_
        else:
            p_data, h = self._sample_hidden(v, self._units)
        v_model = self._walk(self._sample_visible(h, self._units), self.k - 1, self._units)
        if self.persistent:
            p_model, self.h_samples_ = self._sample_hidden(v_model, self._units)
        else:
            p_model = self._hidden_probabilities(v_model)
        for x, d, sign in ((v, p_data, 1), (v_model, p_model, -1)):
            share = np.float32(rate / len(x))
            self.synapses_.update(x, d if sign > 0 else -d, float(share))
            self.intercept_visible_ += sign * share * x.sum(axis=0)
            self.intercept_hidden_ += sign * share * d.sum(axis=0)
            n_biases = x.shape[1] + d.shape[1]
            # for each bias: its sum over the rows, the product with the rate, its addition
            self._digital.update({"digital.add": len(x) * n_biases, "digital.multiply": n_biases})

    def _walk(self, v: np.ndarray, n_steps: int, units: Units) -> np.ndarray:
        for _ in range(n_steps):
            v = self._sample_visible(self._sample_hidden(v, units)[1], units)
        return v

    def _sample_hidden(self, v: np.ndarray, units: Units) -> tuple[np.ndarray, np.ndarray]:
        return self.synapses_.sample(v, self.intercept_hidden_, units[0])

    def _sample_visible(self, h: np.ndarray, units: Units) -> np.ndarray:
        return self.synapses_.sample(h, self.intercept_visible_, units[1], transposed=True)[1]

    def _hidden_probabilities(self, v: np.ndarray) -> np.ndarray:
        field = self.synapses_.forward(v)
        self._digital.update({"digital.add": field.size, "digital.sigmoid": field.size})
        return probabilities(field, self.intercept_hidden_)

    def _units_for(self, random_state) -> Units:
        return self._units if random_state is None else _unit_streams("gibbs", random_state)

    def _checked(self, X, *, reset: bool = False, sparse: bool = False) -> Any:
        """Rows in float32; where `sparse`, sparse ones stay sparse (CSR), else they are made dense."""
        rows: Any = validate_data(self, X, dtype=(np.float32, np.float64), reset=reset, accept_sparse="csr")
        if issparse(rows):
            rows = type(rows)((unit_interval_rows("X.data", rows.data), rows.indices, rows.indptr), shape=rows.shape)
            return rows if sparse else rows.toarray()
        return unit_interval_rows("X", np.asarray(rows))

    def _fitted(self) -> RBM:
        check_is_fitted(self, "synapses_")
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]  # arrays hold float32 and give float32, whatever comes in
        return tags


def _unit_streams(use: str, random_state) -> Units:
    """Random numbers of the hidden and of the visible units, from scikit-learn's notion of a random state."""
    seed = int(check_random_state(random_state).randint(2**32, dtype=np.uint64))
    return Stream(seed, f"{use}.hidden"), Stream(seed, f"{use}.visible")


def _log_odds(X: np.ndarray) -> np.ndarray:
    """log p / (1 - p) of each column, float32, with half a count added on either side so that none is infinite."""
    on = np.asarray(X.sum(axis=0, dtype=np.float64)).ravel() + 0.5
    return np.log(on / (X.shape[0] + 1 - on)).astype(np.float32)


def _dense(rows) -> np.ndarray:
    return rows.toarray() if issparse(rows) else rows


def _pseudo_likelihood(model: exact.Parameters, X: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    flipped = X.copy()
    one_unit = (np.arange(len(X)), rng.randint(X.shape[1], size=len(X)))
    flipped[one_unit] = 1 - flipped[one_unit]
    gap = exact.free_energy(model, flipped) - exact.free_energy(model, X)
    return -X.shape[1] * np.logaddexp(0.0, -gap)


def _check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise RevpathError(f"{name} = {value!r} must be a positive integer")
