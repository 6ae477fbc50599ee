r"""A restricted Boltzmann machine with Gaussian visible units, by enumeration of its hidden ones.

.. math::

    E(v, h) = \sum_i \frac{(v_i - b_i)^2}{2 \sigma_i^2} - \sum_{ij} \frac{v_i}{\sigma_i} W_{ij} h_j - c^\top h

The visible units are integrated in closed form: :math:`Z = \prod_i \sqrt{2 \pi} \sigma_i \sum_h \exp(c^\top h +
(b / \sigma)^\top W h + \lVert W h \rVert^2 / 2)`. What is judged is a density: its logarithm, in nats, depends on the
unit of the data and may be positive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ...devices.base.errors import RevpathError
from ...devices.base.product import product
from . import exact

_BLOCK = 1 << 12  # hidden states that are held together


@dataclass(frozen=True, eq=False)
class GaussianParameters:
    """What defines p(v, h), checked and in float64.

    Parameters
    ----------
    weights : numpy.ndarray
        W, (n_visible, n_hidden).
    visible : numpy.ndarray
        b, (n_visible,), in the unit of the data.
    hidden : numpy.ndarray
        c, (n_hidden,).
    sd : numpy.ndarray
        sigma, (n_visible,), positive, in the unit of the data.

    Examples
    --------
    >>> import numpy as np
    >>> model = GaussianParameters(np.zeros((1, 1)), np.zeros(1), np.zeros(1), np.ones(1))
    >>> round(float(log_likelihood(model, np.zeros((1, 1)))[0]), 4)  # the standard normal at 0
    -0.9189
    """

    weights: np.ndarray
    visible: np.ndarray
    hidden: np.ndarray
    sd: np.ndarray

    def __post_init__(self) -> None:
        checked = exact.Parameters(self.weights, self.visible, self.hidden)
        for field in ("weights", "visible", "hidden"):
            object.__setattr__(self, field, getattr(checked, field))
        sd = np.asarray(self.sd, np.float64)
        if sd.shape != self.visible.shape or not ((sd > 0) & np.isfinite(sd)).all():
            raise RevpathError(f"sd with shape {sd.shape} must be positive, finite and of shape {self.visible.shape}")
        object.__setattr__(self, "sd", sd)


def free_energy(model: GaussianParameters, v: np.ndarray) -> np.ndarray:
    """F(v) = -log sum_h exp(-E(v, h)), float64 (batch,), for rows v (batch, n_visible)."""
    v = np.asarray(v, np.float64)
    field = product(v / model.sd, model.weights) + model.hidden
    return (((v - model.visible) / model.sd) ** 2).sum(axis=1) / 2 - np.logaddexp(0.0, field).sum(axis=1)


def log_partition(model: GaussianParameters) -> float:
    """log Z in nats; 2**n_hidden terms, n_hidden <= 24.

    Raises
    ------
    RevpathError
        More hidden units than can be enumerated.
    """
    parts = [exact.log_sum(logs) for _, _, logs in _hidden_states(model)]
    return exact.log_sum(np.array(parts)) + float(np.log(np.sqrt(2 * np.pi) * model.sd).sum())


def log_likelihood(model: GaussianParameters, v: np.ndarray) -> np.ndarray:
    """log p(v) in nats of a density, float64 (batch,), for rows v (batch, n_visible)."""
    return -free_energy(model, v) - log_partition(model)


def gradient(model: GaussianParameters, v: np.ndarray) -> exact.Parameters:
    """Gradient of the mean of log p(v) by W, b / sigma and c, in the shape of the parameters."""
    x = np.asarray(v, np.float64) / model.sd
    on = expit(product(x, model.weights) + model.hidden)
    both, visible, hidden = np.zeros_like(model.weights), np.zeros_like(model.visible), np.zeros_like(model.hidden)
    log_z = log_partition(model) - float(np.log(np.sqrt(2 * np.pi) * model.sd).sum())
    for h, field, logs in _hidden_states(model):
        p = np.exp(logs - log_z)
        mean = model.visible / model.sd + field
        both += product((p[:, None] * mean).T, h)
        visible += p @ mean
        hidden += p @ h
    return exact.Parameters(product(x.T, on) / len(x) - both, x.mean(axis=0) - visible, on.mean(axis=0) - hidden)


def _hidden_states(model: GaussianParameters) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Blocks of hidden states (states, n_hidden), their W h (states, n_visible), and the logarithms of their weights."""
    n = model.hidden.size
    if n > exact.MAX_UNITS:
        raise RevpathError(
            f"hidden units = {n}: enumeration takes 2**n terms and is allowed up to n = {exact.MAX_UNITS}"
        )
    for first in range(0, 2**n, _BLOCK):
        h = exact.states(n, first, min(first + _BLOCK, 2**n))
        field = product(h, model.weights.T)
        yield h, field, h @ model.hidden + field @ (model.visible / model.sd) + (field**2).sum(axis=1) / 2
