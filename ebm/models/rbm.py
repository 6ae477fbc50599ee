r"""The restricted Boltzmann machine, with binary or Gaussian visible units, on any synapses.

Names and conventions are those of scikit-learn's ``BernoulliRBM``. W lives in `Synapses` of shape (n_features,
n_components): a forward read drives the hidden units, a backward read of the same array the visible units, and learning
adds outer products. The same code therefore trains an ideal matrix and a noisy analog array.

Learning is contrastive divergence (Hinton, Neural Computation 14, 2002) or, with persistent chains, stochastic maximum
likelihood (Tieleman, ICML 2008). As in Hinton's "A practical guide to training restricted Boltzmann machines"
(UTML TR 2010-003), the chain is made of samples, while the statistics of both phases take hidden probabilities.
"""

from __future__ import annotations

import time
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from ...devices.base.errors import RevpathError
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from .checks import binary_rows, unit_interval_rows
from .restricted.answers import MachineOfTwoLayers, dense, pseudo_likelihood, unit_streams
from .restricted.pair import BiasesInArray, LayerPair
from .restricted.replicas import Replicas
from .restricted.visibles import visibles

_FORGETTING = np.float32(0.01)  # of the running means that centre units: Melchior, Fischer & Wiskott, JMLR 17:99, 2016


class RBM(MachineOfTwoLayers):
    r"""Restricted Boltzmann machine: a layer of visible and a layer of binary hidden units, with couplings between them.

    .. math::

        E(v, h) = - v^\top W h - b^\top v - c^\top h, \qquad p(v, h) = \exp(-E(v, h)) / Z

    for binary visible units; for Gaussian ones :math:`E(v, h) = \sum_i (v_i - b_i)^2 / 2 \sigma_i^2 - (v / \sigma)^\top W h -
    c^\top h`.

    Parameters
    ----------
    n_components : int
        Number of hidden units.
    visible : str
        ``"bernoulli"``: units that are on or off; ``"gaussian"``: units with any real value.
    visible_sd : float or "data"
        sigma of Gaussian units, in the unit of the data: one number, or the standard deviation of each column of the first rows.
    learning_rate : float
        Step for the gradient of the mean log-likelihood of a mini-batch (of Gaussian units by b / sigma).
    schedule : str
        ``"constant"``, or ``"linear"``: within `fit`, the rate falls linearly from `learning_rate` towards 0.
    batch_size : int
        Rows in a mini-batch.
    n_iter : int
        Passes of `fit` over the data, in an order that is drawn anew for every pass.
    k : int
        Gibbs steps between two updates.
    persistent : bool
        Keep the chains of the model phase from one update to the next (PCD-k) or start them at the data (CD-k).
    n_chains : int, optional
        Number of persistent chains; None means `batch_size`. Must be None where `persistent` is False.
    temperatures : int
        Of parallel tempering of the persistent chains: replicas at inverse temperatures 1/T, 2/T, ..., 1 that change places
        after every Gibbs step. 1 has no replicas.
    centred : bool
        Learn from units less their running means, which the biases take back (Montavon & Mueller, LNCS 7700, 2012; Melchior, Fischer &
        Wiskott, JMLR 17:99, 2016): a gradient that does not change where units are flipped.
    weight_decay : float
        lambda of a term -lambda/2 ||W||^2 of the log-likelihood. It acts once a pass, with the step of the whole pass, since an
        array has to be read row by row for it.
    biases : str
        ``"digital"``: vectors beside the array; ``"array"``: one more row and one more column of it, driven at 1.
    init_visible : str
        ``"data"`` starts the visible biases at the log-odds (or means) of the first data seen, ``"zeros"`` at 0.
    synapses : str, Device, ArrayConfig, callable or None
        A device by name or file, or an `ArrayConfig` (noise seeded by `random_state`); a factory ``(shape, number of the
        array) -> Synapses`` with a seed of its own; None means ideal digital ones.
    verbose : int
        Above 0, `fit` prints a line for each pass.
    random_state : int, numpy.random.RandomState or None
        Seeds initial weights, order of the data and units.

    Attributes
    ----------
    synapses_ : Synapses
        What holds W, (n_features, n_components), with one more row and column where `biases` is "array".
    components_ : numpy.ndarray
        W.T as stored, float32 (n_components, n_features); a diagnostic, not an array read.
    intercept_hidden_, intercept_visible_ : numpy.ndarray
        Biases, float32.
    h_samples_ : numpy.ndarray
        Hidden states of the persistent chains at temperature 1, float32 (n_chains, n_components); only where `persistent`.
    replicas_ : Replicas
        All chains of parallel tempering; only where `temperatures` is above 1.
    events_ : Events
        Everything that happened so far in synapses and biases, training and use alike.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import RBM
    >>> rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> model = RBM(2, learning_rate=0.2, n_iter=60, random_state=0).fit(rows)
    >>> model.score_samples(rows).mean() > -1.5  # nats; units that are independent have -2.8, and nothing has more than -0.7
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "visible": "no_validation",  # by `visibles`, as the next
        "visible_sd": "no_validation",
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "linear"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left")],
        "persistent": ["boolean"],
        "n_chains": [None, Interval(Integral, 1, None, closed="left")],
        "temperatures": [Interval(Integral, 1, None, closed="left")],
        "centred": ["boolean"],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "biases": [StrOptions({"digital", "array"})],
        "init_visible": [StrOptions({"data", "zeros"})],
        "synapses": "no_validation",  # by `factory_of`
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=256,
        *,
        visible="bernoulli",
        visible_sd: Any = 1.0,
        learning_rate=0.1,
        schedule="constant",
        batch_size=10,
        n_iter=10,
        k=1,
        persistent=True,
        n_chains=None,
        temperatures=1,
        centred=False,
        weight_decay=0.0,
        biases="digital",
        init_visible="data",
        synapses=None,
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.visible = visible
        self.visible_sd = visible_sd
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.k = k
        self.persistent = persistent
        self.n_chains = n_chains
        self.temperatures = temperatures
        self.centred = centred
        self.weight_decay = weight_decay
        self.biases = biases
        self.init_visible = init_visible
        self.synapses = synapses
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X, y=None):
        """Start anew and make `n_iter` passes over X.

        Parameters
        ----------
        X : array or sparse matrix
            (n_samples, n_features), entries in [0, 1], or any real numbers for Gaussian units. Sparse rows of binary units are
            made dense one mini-batch at a time.
        y : None
            Not used.

        Returns
        -------
        RBM
            Itself.

        Raises
        ------
        RevpathError
            An entry beyond [0, 1] of units that are on or off; settings that exclude each other.
        ValueError
            As scikit-learn: parameters out of range, NaN.
        """
        self._validate_params()
        self._check_settings()
        X = self._checked(X, reset=True, sparse=True)
        rng = self._start(X)
        rows = self.batch_size
        n_batches = -(-X.shape[0] // rows)
        n_updates = self.n_iter * n_batches
        for iteration in range(self.n_iter):
            begin, kept = time.perf_counter(), 1.0
            order = rng.permutation(X.shape[0])
            for batch, first in enumerate(range(0, X.shape[0], rows)):
                done = (iteration * n_batches + batch) / n_updates
                rate = self.learning_rate * (1 - done if self.schedule == "linear" else 1)
                self._learn(dense(X[order[first : first + rows]]), rate)
                kept *= 1 - rate * self.weight_decay
            self._decay(kept)
            if self.verbose:
                self._say(iteration, dense(X[order[:1000]]), time.perf_counter() - begin)
        return self

    def partial_fit(self, X, y=None):
        """Make one pass over X in the order given, at `learning_rate`; the first call also starts the model. As `fit`."""
        self._validate_params()
        self._check_settings()
        first_call = not hasattr(self, "pair_")
        X = self._checked(X, reset=first_call, sparse=True)
        if first_call:
            self._start(X)
        for first in range(0, X.shape[0], self.batch_size):
            self._learn(dense(X[first : first + self.batch_size]), self.learning_rate)
        self._decay((1 - self.learning_rate * self.weight_decay) ** -(-X.shape[0] // self.batch_size))
        return self

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_settings(self) -> None:
        """RevpathError where settings exclude each other."""
        if self.n_chains is not None and not self.persistent:
            raise RevpathError(
                f"n_chains = {self.n_chains!r} must be None where persistent is False: CD starts at the data"
            )
        if self.temperatures > 1 and not self.persistent:
            raise RevpathError(
                f"temperatures = {self.temperatures} must be 1 where persistent is False: replicas are chains"
            )
        for name in ("temperatures", "centred"):
            if getattr(self, name) > 1 - (name == "centred") and self.biases == "array":
                raise RevpathError(
                    f"{name} = {getattr(self, name)!r} needs the value of biases: biases must be 'digital', not 'array'"
                )
        if self.weight_decay * self.learning_rate >= 1:
            raise RevpathError(
                f"weight_decay = {self.weight_decay!r} times learning_rate = {self.learning_rate!r} must be less than 1"
            )

    def _start(self, X: np.ndarray) -> np.random.RandomState:
        """Make the synapses and set every learned attribute; gives the source of the order of the data."""
        rng = check_random_state(self.random_state)
        shape = (X.shape[1], self.n_components)
        self._units = unit_streams("fit", rng)
        seed = self._units[0].seed
        kind = visibles(self.visible, X, self.visible_sd)
        weights = np.float32(0.01) * Stream(seed, "weights").normals(shape)
        self._independent = kind.start(X)  # from which log Z is annealed
        pair = BiasesInArray if self.biases == "array" else LayerPair
        start = self._independent if self.init_visible == "data" else np.zeros(X.shape[1], np.float32)
        hidden = np.zeros(self.n_components, np.float32)
        self.pair_ = pair(factory_of(self.synapses, seed), kind, start, hidden, weights)
        self._n_features_out = self.n_components
        for name in ("h_samples_", "replicas_"):
            vars(self).pop(name, None)
        if self.persistent:
            self.h_samples_ = np.zeros((self.n_chains or self.batch_size, self.n_components), np.float32)
        if self.temperatures > 1:
            swaps = Stream(seed, "fit.swaps")
            self.replicas_ = Replicas(self.temperatures, len(self.h_samples_), self.n_components, swaps)
        means = kind.drive(_mean(X)[None])[0]
        self._offsets = means, np.full(self.n_components, 0.5, np.float32)
        return rng

    def _learn(self, v: np.ndarray, rate: float) -> None:
        """One update: + the outer products of the data, - those of the model after k Gibbs steps."""
        if self.persistent:
            p_data = self.pair_.hidden_probabilities(v)
            v_model, p_model = self._chains()
        else:
            p_data, h = self.pair_.sample_hidden(v, self._units)
            v_model = self.pair_.walk(self.pair_.sample_visible(h, self._units), self.k - 1, self._units)
            p_model = self.pair_.hidden_probabilities(v_model)
        if self.centred:
            seen = (self.pair_.visibles.drive(v).mean(axis=0), p_data.mean(axis=0))
            self._offsets = tuple(
                (1 - _FORGETTING) * old + _FORGETTING * new for old, new in zip(self._offsets, seen, strict=True)
            )
        for x, p, sign in ((v, p_data, 1), (v_model, p_model, -1)):
            share = float(np.float32(rate / len(x)))
            if self.centred:
                self.pair_.learn_centred(x, p, sign, share, self._offsets)
            else:
                self.pair_.learn(x, p, sign, share)

    def _chains(self) -> tuple[np.ndarray, np.ndarray]:
        """k steps of the persistent chains: their visible values and hidden probabilities at temperature 1."""
        if self.temperatures > 1:
            for _ in range(self.k):
                v, p = self.replicas_.step(self.pair_, self._units)
            self.h_samples_ = self.replicas_.h[-1]
            return v, p
        v = self.pair_.walk(self.pair_.sample_visible(self.h_samples_, self._units), self.k - 1, self._units)
        p, self.h_samples_ = self.pair_.sample_hidden(v, self._units)
        return v, p

    def _decay(self, kept: float) -> None:
        if kept < 1:
            self.pair_.decay(1 - kept)

    def _say(self, iteration: int, some: np.ndarray, seconds: float) -> None:
        told = ""
        if self.pair_.visibles.binary:
            quality = pseudo_likelihood(self.parameters(), some, np.random.RandomState(iteration)).mean()
            told = f" pseudo-likelihood {quality:.2f} (progress only),"
        print(f"[RBM] pass {iteration + 1},{told} {seconds:.2f} s")

    def _states(self, X) -> np.ndarray:
        """Rows of which a likelihood is defined."""
        X = self._fitted()._checked(X)
        return binary_rows("X", X) if self.pair_.visibles.binary else X

    def _checked(self, X, *, reset: bool = False, sparse: bool = False) -> Any:
        """Rows in float32; where `sparse`, sparse ones stay sparse (CSR), else they are made dense."""
        binary = self.visible != "gaussian"
        rows: Any = validate_data(
            self, X, dtype=(np.float32, np.float64), reset=reset, accept_sparse="csr" if binary else False
        )
        if not binary:
            return np.asarray(rows, np.float32)
        if issparse(rows):
            rows = type(rows)((unit_interval_rows("X.data", rows.data), rows.indices, rows.indptr), shape=rows.shape)
            return rows if sparse else rows.toarray()
        return unit_interval_rows("X", np.asarray(rows))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.visible != "gaussian"
        tags.input_tags.sparse = self.visible != "gaussian"
        tags.transformer_tags.preserves_dtype = ["float32"]  # arrays hold float32 and give float32, whatever comes in
        return tags


def _mean(X: Any) -> np.ndarray:
    return np.asarray(X.mean(axis=0), np.float32).ravel()
