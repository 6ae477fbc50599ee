r"""A binary restricted Boltzmann machine by enumeration: the oracle that every sampler and every gradient is held to.

.. math:: p(v, h) = \exp(v^\top W h + b^\top v + c^\top h) / Z

One layer can be summed in closed form, so Z takes 2**n terms for the smaller layer of n units. All arithmetic is
float64. Nothing here reads an array or counts an event: this judges stored weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ...devices.base.errors import RevpathError
from ...devices.base.product import add_product, product
from ...simulator.compile import kernel

MAX_UNITS = 24
"""Largest layer that is enumerated: 2**24 states."""

_LOW_UNITS = 7  # the states of this many units are tabulated
_GROUP = 32  # visible units multiplied into one product: 32 x 2**7 float64 stay in a first-level cache
_LARGEST_LOG = 600.0  # exp() of it is finite, with room for rounding
_STEEP = 300.0  # beyond this |net input| the factor of a unit is added as a logarithm
_BLOCK = 1 << 20  # float64 in the largest temporary


@dataclass(frozen=True, eq=False)
class Parameters:
    """What defines p(v, h), checked and in float64.

    Parameters
    ----------
    weights : ndarray
        W, (n_visible, n_hidden).
    visible : ndarray
        b, (n_visible,).
    hidden : ndarray
        c, (n_hidden,).
    """

    weights: np.ndarray
    visible: np.ndarray
    hidden: np.ndarray

    def __post_init__(self) -> None:
        for field, ndim in (("weights", 2), ("visible", 1), ("hidden", 1)):
            value = np.asarray(getattr(self, field), np.float64)
            if value.ndim != ndim or value.size == 0 or not np.isfinite(value).all():
                raise RevpathError(f"{field} with shape {value.shape} must be finite, not empty and have {ndim} axes")
            object.__setattr__(self, field, value)
        if self.weights.shape != (self.visible.size, self.hidden.size):
            raise RevpathError(
                f"weights have shape {self.weights.shape}, but there are {self.visible.size} visible and "
                f"{self.hidden.size} hidden biases"
            )

    @property
    def transposed(self) -> Parameters:
        """The same machine with its layers exchanged."""
        return Parameters(self.weights.T, self.hidden, self.visible)


def states(n: int, first: int = 0, stop: int | None = None) -> np.ndarray:
    """States number `first` to `stop` - 1 of n units, float64 (stop - first, n); unit i is bit i of the number."""
    numbers = np.arange(first, 2**n if stop is None else stop)
    return ((numbers[:, None] >> np.arange(n)) & 1).astype(np.float64)


def free_energy(model: Parameters, v: np.ndarray) -> np.ndarray:
    """F(v) = -log sum_h exp(-E(v, h)), float64 (batch,), for rows v (batch, n_visible)."""
    v = _rows(model, v)
    rows = max(1, _BLOCK // max(model.weights.shape))
    blocks = (v[first : first + rows].astype(np.float64) for first in range(0, len(v), rows))
    return np.concatenate(
        [-product(x, model.visible) - _softplus_sum(product(x, model.weights) + model.hidden) for x in blocks]
    )


def log_partition(model: Parameters) -> float:
    """log Z in nats. Cost: 2**n times the size of the other layer, n <= 24 being the units of the smaller one."""
    model = _smaller_hidden(model)
    return log_sum(np.array([log_sum(block) for block in _log_terms(model)]))


def log_likelihood(model: Parameters, v: np.ndarray) -> np.ndarray:
    """log p(v) in nats, float64 (batch,), for binary rows v (batch, n_visible)."""
    return -free_energy(model, v) - log_partition(model)


def moments(model: Parameters) -> Parameters:
    """Expectations under the model in the shape of its parameters: <v h> (n_visible, n_hidden), <v>, <h>."""
    if model.hidden.size > model.visible.size:
        return moments(model.transposed).transposed
    log_z = log_partition(model)
    n_visible, n_hidden = model.weights.shape
    both, visible, hidden = np.zeros((n_visible, n_hidden)), np.zeros(n_visible), np.zeros(n_hidden)
    rows = max(1, _BLOCK // n_visible)
    for first in range(0, 2**n_hidden, rows):
        h = states(n_hidden, first, min(first + rows, 2**n_hidden))
        field = product(h, model.weights.T) + model.visible
        weight = np.exp(product(h, model.hidden) + _softplus_sum(field) - log_z)
        on = expit(field)
        add_product(both, on.T, weight[:, None] * h)
        visible += product(on.T, weight)
        hidden += product(h.T, weight)
    return Parameters(both, visible, hidden)


def gradient(model: Parameters, v: np.ndarray) -> Parameters:
    """Gradient of the mean of log p(v) over binary rows v, in the shape of the parameters."""
    v = _rows(model, v).astype(np.float64)
    on = expit(product(v, model.weights) + model.hidden)
    of_model = moments(model)
    return Parameters(
        product(v.T, on) / len(v) - of_model.weights,
        v.mean(axis=0) - of_model.visible,
        on.mean(axis=0) - of_model.hidden,
    )


def visible_probabilities(model: Parameters) -> np.ndarray:
    """p(v) of every visible state, float64 (2**n_visible,), in the order of `states`."""
    _check_units("visible units", model.visible.size)
    log_terms = np.concatenate(list(_log_terms(model.transposed)))
    return np.exp(log_terms - log_sum(log_terms))


def joint_probabilities(model: Parameters) -> np.ndarray:
    """p(v, h) of every state, float64 (2**n_visible, 2**n_hidden), in the order of `states`."""
    _check_units("visible and hidden units together", model.visible.size + model.hidden.size)
    v, h = states(model.visible.size), states(model.hidden.size)
    return np.exp(
        product(product(v, model.weights), h.T)
        + product(v, model.visible)[:, None]
        + product(h, model.hidden)
        - log_partition(model)
    )


@kernel(relaxed=True)
def _add_log_factors(low, high, log_term):
    """log_term[n, l] += log prod_i (1 + low[i, l] high[i, n]); shapes (units, L), (units, N), (N, L), all float64."""
    product = np.empty(low.shape[1])
    for n in range(high.shape[1]):
        product[:] = 1.0
        for i in range(low.shape[0]):
            factor = high[i, n]
            for state in range(product.size):
                product[state] *= 1.0 + low[i, state] * factor
        log_term[n] += np.log(product)


def _log_terms(model: Parameters) -> Iterator[np.ndarray]:
    """log of sum_v exp(-E(v, h)) for all hidden states h in the order of `states`, in blocks.

    The sum over v is exp(c.h) prod_i (1 + exp(net input i)). The exponential splits into a factor of the low hidden
    units, tabulated, and one of the high units, so a term costs two products and a sum; logarithms are taken once for
    a group of units whose product cannot overflow. Every factor is at least 1, so none underflows.
    """
    n_visible, n_hidden = model.weights.shape
    low = min(_LOW_UNITS, n_hidden)
    low_states, n_high = states(low), 2 ** (n_hidden - low)
    steep = np.abs(model.weights).sum(axis=1) + np.abs(model.visible) > _STEEP
    groups = _groups(model, np.flatnonzero(~steep))
    low_fields = model.visible[:, None] + product(model.weights[:, :low], low_states.T)
    low_factors = np.exp(low_fields[~steep])
    together = max(1, _BLOCK // max(n_visible, len(low_states)))
    for first in range(0, n_high, together):
        high_states = states(n_hidden - low, first, min(first + together, n_high))
        high_fields = product(model.weights[:, low:], high_states.T)
        high_factors = np.exp(high_fields[~steep])
        log_term = product(high_states, model.hidden[low:])[:, None] + product(low_states, model.hidden[:low])
        for group in groups:
            _add_log_factors(low_factors[group], high_factors[group], log_term)
        for on_low, on_high in zip(low_fields[steep], high_fields[steep], strict=True):
            log_term += np.logaddexp(0.0, on_high[:, None] + on_low)
        yield log_term.ravel()


def _groups(model: Parameters, units: np.ndarray) -> list[slice]:
    """Slices of `units` whose factors can be multiplied without overflow, whatever the hidden state."""
    largest = np.logaddexp(0.0, model.visible + np.maximum(model.weights, 0.0).sum(axis=1))[units]
    groups, first, total = [], 0, 0.0
    for i, size in enumerate(largest):
        if i - first == _GROUP or total + size > _LARGEST_LOG:
            groups.append(slice(first, i))
            first, total = i, 0.0
        total += size
    return [*groups, slice(first, len(units))] if len(units) else []


def log_sum(logs: np.ndarray) -> float:
    """log of the sum of exp(logs), for logs of any shape."""
    largest = logs.max()
    return float(largest + np.log(np.exp(logs - largest).sum()))


def _softplus_sum(field: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, field).sum(axis=1)


def _rows(model: Parameters, v: np.ndarray) -> np.ndarray:
    v = np.asarray(v)
    if v.ndim != 2 or v.shape[1] != model.visible.size or len(v) == 0:
        raise RevpathError(f"v has shape {v.shape}; it must be (batch, {model.visible.size}) with at least one row")
    return v


def _smaller_hidden(model: Parameters) -> Parameters:
    model = model if model.hidden.size <= model.visible.size else model.transposed
    _check_units("units of the smaller layer", model.hidden.size)
    return model


def _check_units(what: str, n: int) -> None:
    if n > MAX_UNITS:
        raise RevpathError(f"{what} = {n}: enumeration takes 2**n terms and is allowed up to n = {MAX_UNITS}")
