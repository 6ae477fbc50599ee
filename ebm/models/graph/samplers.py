"""Another machine as the sampler of a Boltzmann machine: the contract, and what carries it to samplers of the dimod kind.

A sampler is called with energy, states, what is free, sweeps and a seed, and gives states of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....devices.base.errors import RevpathError


@dataclass(frozen=True, eq=False)
class GraphEnergy:
    r"""Energy of binary states: :math:`E(s) = -\sum_{(i,j)} J_{ij} s_i s_j - \sum_i b_i s_i`, with :math:`s \in \{0, 1\}^n`.

    Parameters
    ----------
    edges : numpy.ndarray
        (m, 2) int64, pairs of units.
    couplings : numpy.ndarray
        J, (m,) float64.
    biases : numpy.ndarray
        b, (n_units,) float64.
    """

    edges: np.ndarray
    couplings: np.ndarray
    biases: np.ndarray

    def of(self, states: np.ndarray) -> np.ndarray:
        """E of each row of states (rows, n_units), float64 (rows,)."""
        s = np.asarray(states, np.float64)
        return -(s[:, self.edges[:, 0]] * s[:, self.edges[:, 1]]) @ self.couplings - s @ self.biases

    def spins(self) -> tuple[np.ndarray, np.ndarray]:
        """(h (n_units,), J (m,)) of the same energy, but for a constant, as sum h t + sum J t t of spins t = 2 s - 1."""
        h = -self.biases / 2
        for end in (0, 1):
            np.add.at(h, self.edges[:, end], -self.couplings / 4)
        return h, -self.couplings / 4

    def given(self, states: np.ndarray, free: np.ndarray) -> GraphEnergy:
        """Energy of the free units, numbered anew, where the others stand as in states (n_units,)."""
        number = np.cumsum(free) - 1
        both = free[self.edges].all(axis=1)
        biases = self.biases.copy()
        for end in (0, 1):
            np.add.at(biases, self.edges[:, end], self.couplings * np.where(free, 0, states)[self.edges[:, 1 - end]])
        return GraphEnergy(number[self.edges[both]], self.couplings[both], biases[free])


Sampler = Callable[[GraphEnergy, np.ndarray, np.ndarray, int, int], np.ndarray]
"""(energy, states (chains, n_units), free (n_units,) bool, sweeps, seed) -> states; what is not free must stay."""


@dataclass(frozen=True)
class DimodSampler:
    """A sampler with ``sample_ising(h, J, num_reads=...)``, as dimod's, an annealer's or a simulated one's, as a `Sampler`.

    Where units are held, one problem is sent for each different row. Sweeps and where chains stand mean nothing to it.

    Parameters
    ----------
    sampler : object
        It has ``sample_ising`` and gives a sample set with ``record.sample``, ``record.num_occurrences`` and ``variables``.
    beta : float
        Inverse temperature at which the machine draws: its energies are divided by it, so that draws are those at 1.
    """

    sampler: Any
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not callable(getattr(self.sampler, "sample_ising", None)):
            raise RevpathError(
                f"sampler = {type(self.sampler).__name__} has no sample_ising: it is none of the dimod kind"
            )
        if isinstance(self.beta, bool) or not 0 < self.beta < np.inf:
            raise RevpathError(f"beta = {self.beta!r} must be positive and finite")

    def __call__(self, energy: GraphEnergy, states: np.ndarray, free: np.ndarray, sweeps: int, seed: int) -> np.ndarray:
        """As `Sampler`.

        Raises
        ------
        RevpathError
            Fewer draws, or others than spins, came back.
        """
        drawn = states.copy()
        _, of_row = np.unique(states[:, ~free], axis=0, return_inverse=True)
        for number in range(int(np.max(of_row)) + 1):
            rows = np.flatnonzero(np.ravel(of_row) == number)
            drawn[np.ix_(rows, free)] = self._drawn(energy.given(states[rows[0]], free), len(rows))
        return drawn

    def _drawn(self, energy: GraphEnergy, reads: int) -> np.ndarray:
        h, couplings = energy.spins()
        given = self.sampler.sample_ising(
            dict(enumerate((h / self.beta).tolist())),
            {(int(a), int(b)): float(j) / self.beta for (a, b), j in zip(energy.edges, couplings, strict=True)},
            num_reads=reads,
        )
        spins = np.repeat(given.record.sample, given.record.num_occurrences, axis=0)
        if len(spins) < reads or not np.isin(spins, (-1, 1)).all():
            raise RevpathError(f"the sampler gave {len(spins)} draws of {reads}, or others than spins -1 and 1")
        order = np.argsort([int(variable) for variable in given.variables])
        return (spins[:reads, order] > 0).astype(np.float32)
