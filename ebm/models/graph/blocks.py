"""Units in blocks of one colour, and an array between every two blocks that have couplings."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ....simulator.events import Events
from ....simulator.noise.streams import Stream
from ...synapses.contract import Synapses, SynapsesFactory
from ...synapses.masked import masked
from ...synapses.units import sample_units
from .graph import Graph


class Blocks:
    """Couplings of a graph in arrays, and block Gibbs sampling by reads of them.

    Parameters
    ----------
    graph : Graph
        Units and couplings.
    colours : numpy.ndarray
        (n_units,), as `Graph.colours` gives them.
    make : SynapsesFactory or None
        What makes arrays; None for sparse ideal ones.

    Attributes
    ----------
    biases : numpy.ndarray
        (n_units,) float32, digital.
    synapses : tuple of Synapses
        Arrays, one for each pair of colours that has couplings.
    """

    def __init__(self, graph: Graph, colours: np.ndarray, make: SynapsesFactory | None) -> None:
        self.graph = graph
        self.biases = np.zeros(graph.n_units, np.float32)
        self.digital: Counter[str] = Counter()
        self._units = [np.flatnonzero(colours == colour) for colour in range(int(colours.max()) + 1)]
        place = np.empty(graph.n_units, np.int64)
        for units in self._units:
            place[units] = np.arange(len(units))
        ends = np.sort(colours[graph.edges], axis=1)
        turned = colours[graph.edges[:, 0]] > colours[graph.edges[:, 1]]
        lower, upper = (place[np.where(turned, graph.edges[:, 1 - end], graph.edges[:, end])] for end in (0, 1))
        self.synapses: tuple[Synapses, ...] = ()
        self._pairs: list[tuple[int, int]] = []
        self._crossings: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # edges, rows, columns
        for number, (a, b) in enumerate(np.unique(ends, axis=0).tolist()):
            chosen = np.flatnonzero((ends == (a, b)).all(axis=1))
            mask = np.zeros((len(self._units[a]), len(self._units[b])), bool)
            mask[lower[chosen], upper[chosen]] = True
            self.synapses += (masked(make, mask, number),)
            self._pairs.append((a, b))
            self._crossings.append((chosen, lower[chosen], upper[chosen]))

    @property
    def events(self) -> Events:
        """Everything that happened in arrays and periphery."""
        return sum((each.events for each in self.synapses), Events(self.digital))

    @property
    def couplings(self) -> np.ndarray:
        """Of each edge as stored, (m,) float64: a diagnostic."""
        values = np.zeros(len(self.graph.edges))
        for synapses, (edges, rows, columns) in zip(self.synapses, self._crossings, strict=True):
            values[edges] = synapses.weights()[rows, columns]
        return values

    def program(self, couplings: np.ndarray) -> None:
        """Store a coupling for each edge, (m,)."""
        for synapses, (edges, rows, columns) in zip(self.synapses, self._crossings, strict=True):
            whole = np.zeros(synapses.shape, np.float32)
            whole[rows, columns] = couplings[edges]
            synapses.program(whole)

    def sweep(self, states: np.ndarray, free: np.ndarray, units: Stream) -> np.ndarray:
        """Draw all free units once, colour by colour.

        Parameters
        ----------
        states : numpy.ndarray
            (chains, n_units) float32.
        free : numpy.ndarray
            (n_units,) bool: those that are drawn; the others stay.
        units : Stream
            Random numbers.

        Returns
        -------
        numpy.ndarray
            New states, (chains, n_units) float32.
        """
        states = states.copy()
        for colour, block in enumerate(self._units):
            drawn = free[block]
            if drawn.any():
                new = self._drawn(colour, states, units)
                states[:, block[drawn]] = new[:, drawn]
        return states

    def learn(self, states: np.ndarray, sign: int, share: float) -> None:
        """Couplings and biases take sign * share times the sums over rows of products and of states (rows, n_units)."""
        for (a, b), synapses in zip(self._pairs, self.synapses, strict=True):
            d = states[:, self._units[b]]
            synapses.update(states[:, self._units[a]], d if sign > 0 else -d, share)
        self.biases += np.float32(sign * share) * states.sum(axis=0)
        n = self.graph.n_units
        self.digital.update({"digital.add": len(states) * n, "digital.multiply": n})

    def _drawn(self, colour: int, states: np.ndarray, units: Stream) -> np.ndarray:
        """States of a block given all others: one read of each array that reaches it, (chains, units of the colour)."""
        bias = self.biases[self._units[colour]]
        reaching = [
            (pair, synapses) for pair, synapses in zip(self._pairs, self.synapses, strict=True) if colour in pair
        ]
        if len(reaching) == 1:
            ((pair, synapses),) = reaching
            x = states[:, self._units[pair[0] + pair[1] - colour]]
            return synapses.sample(x, bias, units, transposed=colour == pair[0])[1]
        field = np.zeros((len(states), len(bias)), np.float32)
        for pair, synapses in reaching:
            x = states[:, self._units[pair[0] + pair[1] - colour]]
            field += synapses.backward(x) if colour == pair[0] else synapses.forward(x)
        self.digital["digital.add"] += max(0, len(reaching) - 1) * field.size
        _, new, done = sample_units(field, bias, units)
        self.digital.update(done.counts)
        return new
