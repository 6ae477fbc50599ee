"""Two layers and the array between them: what is read, sampled, swapped between temperatures and learned, and its digital work.

Biases are digital vectors beside the array (`LayerPair`), or one more row and one more column of it, driven at 1
(`BiasesInArray`). Everything the periphery does is counted here.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from ....simulator.events import Events
from ....simulator.noise.streams import Stream
from ...synapses.contract import Synapses, SynapsesFactory
from ...synapses.units import probabilities, sample_units
from .visibles import Visibles

Units = tuple[Stream, Stream]
"""Random numbers of the hidden and of the visible units."""


class LayerPair:
    """Visible and hidden units with W (n_visible, n_hidden) between them and digital biases.

    Parameters
    ----------
    make : SynapsesFactory
        Makes what holds W.
    visibles : Visibles
        Their kind.
    visible, hidden : numpy.ndarray
        Biases to begin with, float32 (n_visible,), (n_hidden,).
    weights : numpy.ndarray
        Weights to begin with, float32 (n_visible, n_hidden).
    """

    def __init__(
        self, make: SynapsesFactory, visibles: Visibles, visible: np.ndarray, hidden: np.ndarray, weights: np.ndarray
    ) -> None:
        self.visibles = visibles
        self.digital: Counter[str] = Counter()  # changed in place, since use must leave attributes as they are
        self.synapses = self._made(make, visible, hidden, weights)

    def _made(self, make: SynapsesFactory, visible: np.ndarray, hidden: np.ndarray, weights: np.ndarray) -> Synapses:
        self.visible, self.hidden = visible, hidden
        synapses = make(weights.shape, 0)
        synapses.program(weights)
        return synapses

    @property
    def weights(self) -> np.ndarray:
        """W as stored, float32 (n_visible, n_hidden): a diagnostic."""
        return self.synapses.weights()

    @property
    def biases(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the visible and of the hidden units, float32."""
        return self.visible, self.hidden

    @property
    def events(self) -> Events:
        """Everything that happened in array and periphery."""
        return self.synapses.events + Events(self.digital)

    # -- reads --------------------------------------------------------------------------------------------------------

    def sample_hidden(self, v: np.ndarray, units: Units) -> tuple[np.ndarray, np.ndarray]:
        """v (batch, n_visible) -> probabilities and states, (batch, n_hidden) float32."""
        return self.synapses.sample(self.visibles.drive(v), self.hidden, units[0])

    def hidden_probabilities(self, v: np.ndarray) -> np.ndarray:
        """v (batch, n_visible) -> P(h = 1 | v), (batch, n_hidden) float32."""
        field = self._up(v)
        self.count(add=field.size, sigmoid=field.size)
        return probabilities(field, self.hidden)

    def sample_visible(self, h: np.ndarray, units: Units) -> np.ndarray:
        """h (batch, n_hidden) -> values (batch, n_visible) float32."""
        if self.visibles.binary:
            return self.synapses.sample(h, self.visible, units[1], transposed=True)[1]
        values, done = self.visibles.sample(self._down(h), self.visible, None, units[1])
        self.digital.update(done.counts)
        return values

    def walk(self, v: np.ndarray, n_steps: int, units: Units, held: np.ndarray | None = None) -> np.ndarray:
        """`n_steps` Gibbs steps from v (batch, n_visible); where `held` (the same shape) is true, values stay."""
        given = v
        for _ in range(n_steps):
            v = self.sample_visible(self.sample_hidden(v, units)[1], units)
            if held is not None:
                v = np.where(held, given, v)
        return v

    def tempered(
        self, h: np.ndarray, betas: np.ndarray, units: Units
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """One Gibbs step h -> v -> h of replicas at inverse temperatures, all by one read each way.

        Parameters
        ----------
        h : numpy.ndarray
            (replicas, n_hidden) float32.
        betas : numpy.ndarray
            (replicas, 1) float32, of each.
        units : Units
            Random numbers.

        Returns
        -------
        tuple of numpy.ndarray
            v (replicas, n_visible), p(h = 1 | v) and h (replicas, n_hidden), float32, and E(v, h) at temperature 1,
            float64 (replicas,).
        """
        v, done = self.visibles.sample(self._down(h), self.visible, betas, units[1])
        field = self._up(v) + self.hidden
        p, h, of_hidden = sample_units(betas * field, np.zeros_like(self.hidden), units[0])
        energy = self.visibles.energy(v, self.visible) - (field.astype(np.float64) * h).sum(axis=1)
        self.digital.update((done + of_hidden).counts)
        self.count(multiply=field.size + v.size, add=field.size + v.size)
        return v, p, h, energy

    # -- learning -----------------------------------------------------------------------------------------------------

    def learn(self, v: np.ndarray, p: np.ndarray, sign: int, share: float) -> None:
        """All parameters take sign * share times the sum over rows of v (batch, n_visible) and p (batch, n_hidden)."""
        self.synapses.update(self.visibles.drive(v), p if sign > 0 else -p, share)
        self.visible = self.visible + np.float32(sign * share) * v.sum(axis=0)
        self.hidden = self.hidden + np.float32(sign * share) * p.sum(axis=0)
        self._count_biases(len(v), v.shape[1] + p.shape[1])

    def learn_centred(
        self, v: np.ndarray, p: np.ndarray, sign: int, share: float, offsets: tuple[np.ndarray, ...]
    ) -> None:
        """The same for units less their offsets (n_visible,), (n_hidden,): what the offsets move, biases take back."""
        of_visible, of_hidden = offsets
        x = self.visibles.drive(v)
        less_x, less_p = x - of_visible, p - of_hidden
        self.synapses.update(less_x, less_p if sign > 0 else -less_p, share)
        rate = np.float32(sign * share)
        moved_visible = x.sum(axis=0) - (less_p @ of_hidden) @ less_x
        self.visible = self.visible + rate * self.visibles.sd * moved_visible
        self.hidden = self.hidden + rate * (p.sum(axis=0) - (less_x @ of_visible) @ less_p)
        n = x.shape[1] + p.shape[1]
        self._count_biases(len(v), n)
        self.count(add=3 * len(v) * n, multiply=2 * len(v) * n)

    def decay(self, share: float) -> None:
        """W <- (1 - share) W: an array cannot decay unread, so each of its rows is read and updated by what it read."""
        each = np.eye(self.synapses.shape[0], dtype=np.float32)
        self.synapses.update(each, -self.synapses.forward(each), share)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _up(self, v: np.ndarray) -> np.ndarray:
        """Net inputs of the hidden units without digital biases, (batch, n_hidden)."""
        return self.synapses.forward(self.visibles.drive(v))

    def _down(self, h: np.ndarray) -> np.ndarray:
        """Net inputs of the visible units without digital biases, (batch, n_visible)."""
        return self.synapses.backward(h)

    def count(self, **operations: int) -> None:
        """So many digital operations, by their names without ``digital.``."""
        self.digital.update({f"digital.{name}": n for name, n in operations.items()})

    def _count_biases(self, rows: int, biases: int) -> None:
        # for each bias: its sum over the rows, the product with the rate, its addition
        self.count(add=rows * biases, multiply=biases)


class BiasesInArray(LayerPair):
    """The same with biases as the last row and the last column of the array, driven at 1; their crossing does nothing.

    Biases then have the noise, the range and the granularity of the cells. The adder of a digital bias is still counted.
    """

    def _made(self, make: SynapsesFactory, visible: np.ndarray, hidden: np.ndarray, weights: np.ndarray) -> Synapses:
        n, m = weights.shape
        whole = np.zeros((n + 1, m + 1), np.float32)
        whole[:n, :m], whole[:n, m], whole[n, :m] = weights, visible / self.visibles.sd, hidden
        self.visible, self.hidden = np.zeros(n, np.float32), np.zeros(m, np.float32)  # beside the array: nothing
        synapses = make(whole.shape, 0)
        synapses.program(whole)
        return synapses

    @property
    def weights(self) -> np.ndarray:
        return self.synapses.weights()[:-1, :-1]

    @property
    def biases(self) -> tuple[np.ndarray, np.ndarray]:
        whole = self.synapses.weights()
        return whole[:-1, -1] * self.visibles.sd, whole[-1, :-1]

    def sample_hidden(self, v: np.ndarray, units: Units) -> tuple[np.ndarray, np.ndarray]:
        p, h, done = sample_units(self._up(v), self.hidden, units[0])
        self.digital.update(done.counts)
        return p, h

    def sample_visible(self, h: np.ndarray, units: Units) -> np.ndarray:
        values, done = self.visibles.sample(self._down(h), self.visible, None, units[1])
        self.digital.update(done.counts)
        return values

    def learn(self, v: np.ndarray, p: np.ndarray, sign: int, share: float) -> None:
        self.synapses.update(_with_one(self.visibles.drive(v)), sign * _with_one(p), share)

    def decay(self, share: float) -> None:
        """W alone: biases stay, so the last line of each read is left out."""
        each = np.eye(self.synapses.shape[0], dtype=np.float32)[:-1]
        rows = -self.synapses.forward(each)
        rows[:, -1] = 0
        self.synapses.update(each, rows, share)

    def _up(self, v: np.ndarray) -> np.ndarray:
        return self.synapses.forward(_with_one(self.visibles.drive(v)))[:, :-1]

    def _down(self, h: np.ndarray) -> np.ndarray:
        return self.synapses.backward(_with_one(h))[:, :-1]


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)
