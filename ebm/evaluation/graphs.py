r"""A Boltzmann machine on a graph by enumeration of all its states: the oracle of its sampler and of its gradient.

.. math:: p(s) = \exp(\textstyle\sum_{(i,j)} J_{ij} s_i s_j + \sum_i b_i s_i) / Z, \qquad s \in \{0, 1\}^n
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...devices.base.errors import RevpathError
from .exact import log_sum, states

MAX_UNITS = 20
"""Most units, hidden and visible, that are enumerated: 2**20 states."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Expectations.

    Attributes
    ----------
    couplings : numpy.ndarray
        <s_i s_j> of each edge, (m,).
    biases : numpy.ndarray
        <s_i>, (n_units,).
    """

    couplings: np.ndarray
    biases: np.ndarray


def log_weights(edges: np.ndarray, couplings: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """-E of every state, float64 (2**n,), in the order of `exact.states`; n is the length of the biases.

    Raises
    ------
    RevpathError
        More than 20 units.
    """
    n = len(biases)
    if n > MAX_UNITS:
        raise RevpathError(f"units = {n}: enumeration takes 2**n states and is allowed up to n = {MAX_UNITS}")
    s = states(n)
    return (s[:, edges[:, 0]] * s[:, edges[:, 1]]) @ couplings + s @ biases


def probabilities(edges: np.ndarray, couplings: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """p of every state, as `log_weights`."""
    logs = log_weights(edges, couplings, biases)
    return np.exp(logs - log_sum(logs))


def log_likelihood(
    edges: np.ndarray, couplings: np.ndarray, biases: np.ndarray, visible: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """log p in nats of rows (n, len(visible)) of the visible units (their numbers), the others summed out; (n,)."""
    logs = log_weights(edges, couplings, biases)
    number = (states(len(biases))[:, visible] @ (1 << np.arange(len(visible)))).astype(np.int64)
    of_visible = np.full(2 ** len(visible), -np.inf)
    np.logaddexp.at(of_visible, number, logs)
    return of_visible[(np.asarray(rows) @ (1 << np.arange(len(visible)))).astype(np.int64)] - log_sum(logs)


def moments(edges: np.ndarray, couplings: np.ndarray, biases: np.ndarray, given: np.ndarray | None = None) -> Moments:
    """Expectations; where `given` (2**n,) is there, under these probabilities of states instead."""
    p = probabilities(edges, couplings, biases) if given is None else given
    s = states(len(biases))
    return Moments(p @ (s[:, edges[:, 0]] * s[:, edges[:, 1]]), p @ s)
