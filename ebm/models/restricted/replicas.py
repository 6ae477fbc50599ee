r"""Parallel tempering: chains of one machine at several temperatures, which change places.

A replica at inverse temperature :math:`\beta_k` has the law :math:`\propto \exp(-\beta_k E(v, h))`. Neighbours change places
with probability :math:`\min(1, \exp((\beta_k - \beta_{k+1})(E_k - E_{k+1})))`, which leaves the law of all replicas as it is, so
that the one at 1 forgets its start as fast as the hottest (Swendsen & Wang, Phys. Rev. Lett. 57, 1986; for RBMs: Desjardins et al.,
AISTATS 2010). One read of the array serves all temperatures: net inputs are scaled by the periphery.
"""

from __future__ import annotations

import numpy as np

from ....simulator.noise.streams import Stream
from .pair import LayerPair, Units


class Replicas:
    """Hidden states of chains at inverse temperatures 1/T, 2/T, ..., 1.

    Parameters
    ----------
    temperatures : int
        T, 2 or more.
    chains : int
        Of each temperature.
    n_hidden : int
        Units.
    swaps : Stream
        Random numbers of the changes of places.

    Attributes
    ----------
    h : numpy.ndarray
        (T, chains, n_hidden) float32, the hottest first.
    tried, accepted : int
        Changes of places between neighbours so far.
    """

    def __init__(self, temperatures: int, chains: int, n_hidden: int, swaps: Stream) -> None:
        self.betas = (np.arange(1, temperatures + 1) / temperatures).astype(np.float32)
        self.h = np.zeros((temperatures, chains, n_hidden), np.float32)
        self.tried = self.accepted = 0
        self._swaps = swaps
        self._odd = 0

    def step(self, pair: LayerPair, units: Units) -> tuple[np.ndarray, np.ndarray]:
        """One Gibbs step of all replicas and a round of changes of places.

        Returns
        -------
        tuple of numpy.ndarray
            v (chains, n_visible) and p(h = 1 | v) (chains, n_hidden) at temperature 1, from before places were changed.
        """
        temperatures, chains, n_hidden = self.h.shape
        betas = np.repeat(self.betas, chains)[:, None]
        v, p, h, energy = pair.tempered(self.h.reshape(-1, n_hidden), betas, units)
        self.h = h.reshape(temperatures, chains, n_hidden)
        tries = self._change_places(energy.reshape(temperatures, chains))
        pair.count(add=tries, multiply=tries, exp=tries, compare=tries)
        pair.digital["random.bit"] += 16 * tries
        return v[-chains:], p[-chains:]

    def _change_places(self, energy: np.ndarray) -> int:
        """Pairs of neighbours, those from even and from odd places in turn; energy (T, chains). Gives how many tried."""
        lower = np.arange(self._odd, len(self.betas) - 1, 2)
        self._odd = 1 - self._odd
        gap = (self.betas[lower] - self.betas[lower + 1])[:, None] * (energy[lower] - energy[lower + 1])
        change = np.log(self._swaps.uniforms(gap.shape)) < gap
        self.tried += change.size
        self.accepted += int(change.sum())
        low, high = self.h[lower], self.h[lower + 1]
        self.h[lower], self.h[lower + 1] = (
            np.where(change[..., None], high, low),
            np.where(change[..., None], low, high),
        )
        return change.size
