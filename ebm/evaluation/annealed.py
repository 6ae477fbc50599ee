r"""Annealed importance sampling of log Z, from independent units to the machine, held by gates: a number that fails one is refused.

On the path :math:`f_k(v) = \exp((1 - \beta_k) a^\top v + \beta_k b^\top v) \prod_j (1 + \exp(\beta_k (v^\top W + c)_j))`, from
independent units with biases a (those of the data: Salakhutdinov & Murray, ICML 2008) at :math:`\beta_0 = 0` to the machine at
:math:`\beta_K = 1`, a chain that makes one Gibbs step at each temperature has the weight
:math:`w = \prod_k f_k(v_{k-1}) / f_{k-1}(v_{k-1})`, whose mean is :math:`Z / Z_0` (Neal, Statistics and Computing 11, 2001). The mean
of its logarithm is below, so likelihoods come out too high where chains are few or temperatures coarse.

The other side: the same path walked back from a row v gives an unbiased estimate of the probability that the annealed sampler ends at
v (Burda, Grosse & Salakhutdinov, AISTATS 2015), whose logarithm is too low. The truth is likely between the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...devices.base.errors import RevpathError
from ...devices.base.product import product
from ...simulator.compile import kernel
from ...simulator.noise.streams import Stream
from .exact import Parameters, free_energy, log_sum

_TOGETHER = 64  # factors that are multiplied before a logarithm is taken: each is near 1
_SMALL = 0.05  # up to here exp(x) - 1 is its Taylor sum of degree 6, right to 1e-12


class NotTrustworthy(RevpathError):
    """An estimate failed a gate: the message gives every gate, what it asks and what was found."""


@dataclass(frozen=True, eq=False)
class Annealing:
    """Chains that were annealed from independent units to the machine.

    Attributes
    ----------
    log_partition : float
        The estimate of log Z, nats.
    log_weights : numpy.ndarray
        log w of each chain, (chains,).
    temperatures : int
        K.
    """

    log_partition: float
    log_weights: np.ndarray
    temperatures: int

    @property
    def effective_chains(self) -> float:
        """(sum w)^2 / sum w^2: how many chains of equal weight would say as much."""
        w = np.exp(self.log_weights - self.log_weights.max())
        return float(w.sum() ** 2 / (w**2).sum())

    @property
    def standard_error(self) -> float:
        """Of log Z, nats, from the spread of the weights that were seen."""
        w = np.exp(self.log_weights - self.log_weights.max())
        return float(w.std(ddof=1) / w.mean() / math.sqrt(len(w)))


@dataclass(frozen=True, eq=False)
class Judgement:
    """A mean log-likelihood between two sides, and what it was held to.

    Attributes
    ----------
    nats : float
        Mean log p of the rows by annealed importance sampling: rather too high.
    from_below : float
        Mean over rows of the estimate that is rather too low.
    fine, coarse : Annealing
        With all temperatures, and with a quarter of them.
    """

    nats: float
    from_below: float
    fine: Annealing
    coarse: Annealing


def anneal(
    model: Parameters, base: np.ndarray, *, temperatures: int = 10_000, chains: int = 100, seed: int = 0
) -> Annealing:
    """Estimate log Z.

    Parameters
    ----------
    model : exact.Parameters
        A machine of binary units.
    base : numpy.ndarray
        a, biases of independent visible units, (n_visible,), such as the log-odds of the data.
    temperatures : int
        K, 1 or more.
    chains : int
        2 or more.
    seed : int
        Of all random numbers.

    Raises
    ------
    RevpathError
        Biases of another shape; counts out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.evaluation import annealed, exact
    >>> model = exact.Parameters(np.full((3, 2), 0.5), np.zeros(3), np.zeros(2))
    >>> estimate = annealed.anneal(model, np.zeros(3), temperatures=200)
    >>> bool(abs(estimate.log_partition - exact.log_partition(model)) < 0.1)
    True
    """
    path = _Path(model, base, temperatures)
    if isinstance(chains, bool) or not hasattr(chains, "__index__") or chains < 2:
        raise RevpathError(f"chains = {chains!r} must be an integer of at least 2")
    numbers = Stream(seed, "annealed.visible"), Stream(seed, "annealed.hidden")
    v = (numbers[0].uniforms((chains, path.base.size)) < 1 / (1 + np.exp(-path.base))).astype(np.float32)
    logs = np.zeros(chains)
    step = 1 / temperatures
    for k in range(1, temperatures + 1):
        beta = k * step
        back, h = path.up(v, beta, -step, numbers[1])
        logs += path.visible_part(v, step) - back
        v = path.down(h, beta, numbers[0])
    return Annealing(path.log_z + log_sum(logs) - math.log(chains), logs, temperatures)


def from_below(
    model: Parameters,
    base: np.ndarray,
    rows: np.ndarray,
    *,
    temperatures: int = 10_000,
    repeats: int = 1,
    seed: int = 0,
) -> np.ndarray:
    """log p of each row (n,), estimated by walking the path back from it: rather too low.

    Parameters
    ----------
    model, base, temperatures, seed
        As in `anneal`.
    rows : numpy.ndarray
        (n, n_visible), binary.
    repeats : int
        Walks from each row; exp of the estimate is their mean.
    """
    path = _Path(model, base, temperatures)
    numbers = Stream(seed, "from-below.visible"), Stream(seed, "from-below.hidden")
    v = np.repeat(np.asarray(rows, np.float32), repeats, axis=0)
    logs = np.repeat(-free_energy(model, rows), repeats) - path.log_z
    step = 1 / temperatures
    _, h = path.up(v, 1.0, 0.0, numbers[1])
    for k in range(temperatures, 0, -1):
        v = path.down(h, k * step, numbers[0])
        onward, h = path.up(v, (k - 1) * step, step, numbers[1])
        logs -= path.visible_part(v, step) + onward
    of_row = logs.reshape(-1, repeats)
    return np.array([log_sum(each) for each in of_row]) - math.log(repeats)


def judge(
    model: Parameters,
    base: np.ndarray,
    rows: np.ndarray,
    *,
    temperatures: int = 10_000,
    chains: int = 100,
    seed: int = 0,
    least_chains: float = 10.0,
    agreement: float = 0.2,
    bracket: float = 1.0,
    walked_back: int = 100,
) -> Judgement:
    """Mean log p of rows, or a refusal.

    Parameters
    ----------
    model, base, temperatures, chains, seed
        As in `anneal`.
    rows : numpy.ndarray
        (n, n_visible), binary.
    least_chains : float
        Effective chains that either run must have.
    agreement : float
        Largest difference of log Z between all temperatures and a quarter of them, nats.
    bracket : float
        Largest gap between the two sides, nats, on the rows that are walked back.
    walked_back : int
        Of the rows, the first so many are walked back.

    Raises
    ------
    NotTrustworthy
        A gate failed.
    """
    coarse = anneal(model, base, temperatures=max(1, temperatures // 4), chains=chains, seed=seed)
    fine = anneal(model, base, temperatures=temperatures, chains=chains, seed=seed + 1)
    log_p = -free_energy(model, rows) - fine.log_partition
    some = np.asarray(rows)[:walked_back]
    below = from_below(model, base, some, temperatures=temperatures, seed=seed + 2)
    gap = float((log_p[: len(some)] - below).mean())
    least = min(coarse.effective_chains, fine.effective_chains)
    apart = abs(coarse.log_partition - fine.log_partition)
    gates = {
        f"effective chains {least:.3g}, at least {least_chains:g}": least >= least_chains,
        f"log Z of {coarse.temperatures} and {temperatures} temperatures {apart:.3g} nats apart, at most {agreement:g}": (
            apart <= agreement
        ),
        f"sides {gap:.3g} nats apart, at most {bracket:g} either way": abs(gap) <= bracket,
    }
    if not all(gates.values()):
        told = "; ".join(f"{'passed' if passed else 'FAILED'}: {gate}" for gate, passed in gates.items())
        raise NotTrustworthy(f"the annealed estimate is not to be trusted ({told}): take more temperatures or chains")
    return Judgement(float(log_p.mean()), float(log_p.mean() - gap), fine, coarse)


class _Path:
    """The machine and independent units beside it, in float32, and Gibbs steps between."""

    def __init__(self, model: Parameters, base: np.ndarray, temperatures: int) -> None:
        self.base = np.asarray(base, np.float64)
        if self.base.shape != model.visible.shape or not np.isfinite(self.base).all():
            raise RevpathError(
                f"base has shape {self.base.shape}; it must be finite and of shape {model.visible.shape}"
            )
        if isinstance(temperatures, bool) or not hasattr(temperatures, "__index__") or temperatures < 1:
            raise RevpathError(f"temperatures = {temperatures!r} must be a positive integer")
        self._weights = model.weights.astype(np.float32)
        self._visible, self._hidden = model.visible, model.hidden.astype(np.float32)
        self.log_z = float(np.logaddexp(0.0, self.base).sum() + model.hidden.size * math.log(2))

    def visible_part(self, v: np.ndarray, step: float) -> np.ndarray:
        """What the visible biases add to log f over a step of beta, (chains,)."""
        return step * (v.astype(np.float64) @ (self._visible - self.base))

    def up(self, v: np.ndarray, beta: float, step: float, numbers: Stream) -> tuple[np.ndarray, np.ndarray]:
        """log of the hidden factors at beta + step over those at beta, (chains,), and h drawn at beta."""
        field = product(v, self._weights)
        h, logs = np.empty_like(field), np.empty(len(v))
        _weigh_and_draw(field, self._hidden, beta, step, _SMALL, numbers.uniforms(field.shape), h, logs)
        return logs, h

    def down(self, h: np.ndarray, beta: float, numbers: Stream) -> np.ndarray:
        """v drawn at beta."""
        field = product(h, self._weights.T)
        bias = (1 - beta) * self.base + beta * self._visible
        v = np.empty_like(field)
        _draw(field, bias, beta, numbers.uniforms(field.shape), v)
        return v


@kernel()
def _weigh_and_draw(field, bias, beta, step, small, uniforms, h, logs):
    """With x = field + bias and p = sigmoid(beta x): logs = sum log(1 + p (exp(step x) - 1)); h = 1{uniform < p}."""
    for s in range(field.shape[0]):
        total, factors = 0.0, 1.0
        for j in range(field.shape[1]):
            x = np.float64(field[s, j]) + np.float64(bias[j])
            p = 1.0 / (1.0 + np.exp(-beta * x))
            d = step * x
            if abs(d) < small:
                more = d * (1.0 + d * (1.0 / 2 + d * (1.0 / 6 + d * (1.0 / 24 + d * (1.0 / 120 + d / 720)))))
                factors *= 1.0 + p * more
            elif d > 0:  # as a logarithm: its exponential may leave float64
                total += d + np.log(p + (1.0 - p) * np.exp(-d))
            else:
                total += np.log(1.0 - p + p * np.exp(d))
            if j % _TOGETHER == _TOGETHER - 1:
                total += np.log(factors)
                factors = 1.0
            h[s, j] = np.float32(1.0) if uniforms[s, j] < p else np.float32(0.0)
        logs[s] = total + np.log(factors)


@kernel()
def _draw(field, bias, beta, uniforms, v):
    """v = 1{uniform < sigmoid(beta field + bias)}; bias (n,) float64 of that beta."""
    for s in range(field.shape[0]):
        for i in range(field.shape[1]):
            p = 1.0 / (1.0 + np.exp(-(beta * np.float64(field[s, i]) + bias[i])))
            v[s, i] = np.float32(1.0) if uniforms[s, i] < p else np.float32(0.0)
