r"""A network of conductances in layers: node voltages settle where they dissipate least, and every conductance sees its own voltage.

.. math::

    E(u; x) = \tfrac{1}{2} \sum_{l=0}^{L-1} \sum_{ij} g^l_{ij} (u^l_i - u^{l+1}_j)^2 - \sum_{l=1}^{L} b_l^\top u^l, \qquad
    u^0 = a\,(x, -x)

with :math:`g \ge 0`. Diodes keep one half of each hidden layer at or above 0 and the other at or below; outputs are free.
With the rest held, the least of E over one node is where its currents balance, cut by its diode:

.. math:: u_j = \mathrm{clip}\left(\frac{\sum_i g_{ij} u_i + \sum_k g_{jk} u_k + b_j}{\sum_i g_{ij} + \sum_k g_{jk}}\right)

Nodes of one layer do not touch, so layer after layer goes down to the least of a convex function under bounds: an exact
quadratic programme (Kendall, Pantone, Manickavasagam, Bengio & Scellier, arXiv 2006.01981, 2020; Scellier, "A fast algorithm
to simulate nonlinear resistive networks", ICML 2024, arXiv 2402.11674).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np

from ....devices.base.errors import RevpathError
from ....simulator.events import Events
from ...synapses.contract import Synapses

Voltages = list[np.ndarray]
"""u^1, ..., u^L, each (batch, n_l) float32."""

_MOST_ROUNDS = 10_000
_SETTLED = 1e-6  # of the largest voltage: a few steps of float32


class NotSettled(RevpathError):
    """Voltages still move after 10,000 rounds, or a node has no conductance that would hold it."""


class Circuit:
    """Conductances between layers, current sources at nodes.

    Parameters
    ----------
    synapses : sequence of Synapses
        The l-th holds g^l - offset, (n_l, n_{l+1}); n_0 is twice the number of inputs.
    offset : float
        Conductance of a cell whose weight is 0: the half of its window where weights have both signs, so that the bottom of
        the window is no conductance; 0 where weights are conductances, which are then kept at or above 0.
    input_gain : float
        a.

    Attributes
    ----------
    sources : list of numpy.ndarray
        b_l of the layers above the inputs, (n_l,) float32.
    """

    def __init__(self, synapses: Sequence[Synapses], offset: float, input_gain: float) -> None:
        self.synapses = tuple(synapses)
        self.sources = [np.zeros(each.shape[1], np.float32) for each in synapses]
        self._offset, self._gain = np.float32(offset), np.float32(input_gain)
        self._digital: Counter[str] = Counter()

    @property
    def events(self) -> Events:
        """Everything that happened in arrays and around them."""
        return sum((each.events for each in self.synapses), Events(self._digital))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A block whose work is not part of the run: not counted, and drawing on noise of its own."""
        digital = self._digital.copy()
        try:
            with ExitStack() as stack:
                for each in self.synapses:
                    stack.enter_context(each.aside())
                yield
        finally:
            self._digital = digital

    def program(self, conductances: Sequence[np.ndarray]) -> None:
        """Store g^l, each (n_l, n_{l+1}) and not negative."""
        for synapses, g in zip(self.synapses, conductances, strict=True):
            synapses.program((g - self._offset).astype(np.float32))

    def conductances(self) -> list[np.ndarray]:
        """g^l as stored, float32: a diagnostic."""
        return [each.weights() + self._offset for each in self.synapses]

    # -- settling -----------------------------------------------------------------------------------------------------

    def driven(self, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """What inputs x (batch, n) in [0, 1] drive into the first layer, (batch, n_1), and all conductance at nodes, (n_l,) each."""
        sums = [self._total(layer) for layer in range(len(self.synapses))]
        return self._gain * self._up(0, _doubled(x)), sums

    def settled(
        self,
        driven: tuple[np.ndarray, list[np.ndarray]],
        start: Voltages | None = None,
        *,
        rounds: int | None = None,
        pull: float = 0.0,
        targets: np.ndarray | None = None,
    ) -> Voltages:
        """Voltages of least E + pull C, with C = 1/2 ||u^L - targets||^2.

        Parameters
        ----------
        driven : tuple
            As `driven` gives it.
        start : list of numpy.ndarray, optional
            Where voltages begin; 0 unless given.
        rounds : int, optional
            Rounds over all layers; None goes on until nothing moves by more than 1e-6 of the largest voltage.
        pull : float
            Conductance of the pull of the outputs to the targets; a negative one pushes away.
        targets : numpy.ndarray, optional
            (batch, n_L), where there is a pull.

        Raises
        ------
        NotSettled
            A node without conductance, or one from which a push takes more than it has; voltages that go on moving.
        """
        drive, sums = driven
        u = [np.zeros((len(drive), len(b)), np.float32) for b in self.sources] if start is None else list(start)
        self._check(sums, pull)
        for _ in range(_MOST_ROUNDS if rounds is None else rounds):
            before, u = u, self._round(drive, sums, u, pull, targets)
            if rounds is None and _close(before, u):
                return u
        if rounds is None:
            raise NotSettled(
                f"voltages still move after {_MOST_ROUNDS} rounds: give a number of rounds, or lower input_gain"
            )
        return u

    def _round(
        self, drive: np.ndarray, sums: list[np.ndarray], u: Voltages, pull: float, targets: np.ndarray | None
    ) -> Voltages:
        u, last = list(u), len(self.synapses) - 1
        for layer in range(last + 1):
            current = drive if layer == 0 else self._up(layer, u[layer - 1])
            current = current + self.sources[layer]
            conductance = sums[layer]
            if layer < last:
                current = current + self._down(layer + 1, u[layer + 1])
            elif targets is not None:
                current, conductance = current + np.float32(pull) * targets, conductance + np.float32(pull)
            free = current / conductance
            self.count(add=2 * free.size, divide=free.size, compare=free.size if layer < last else 0)
            u[layer] = _diodes(free) if layer < last else free
        return u

    # -- learning -----------------------------------------------------------------------------------------------------

    def learn(self, x: np.ndarray, pushed: Voltages, pulled: Voltages, rate: float) -> None:
        """g and b move by -rate (dE/d at the pulled state - dE/d at the pushed one), summed over rows.

        dE/dg is half the square of the voltage that a conductance sees: its outer products are those of the voltages of both
        ends, of their squares below with 1, and of 1 with their squares above. Inputs are the same in both states.
        """
        gain = float(self._gain)
        for layer in range(len(self.synapses)):
            high, low = pulled[layer], pushed[layer]
            ones = np.ones((len(x), self.synapses[layer].shape[0]), np.float32)
            if layer == 0:
                self.synapses[0].update(_doubled(x), high - low, rate * gain)
            else:
                self.synapses[layer].update(pulled[layer - 1], high, rate)
                self.synapses[layer].update(pushed[layer - 1], -low, rate)
                below = pushed[layer - 1] ** 2 - pulled[layer - 1] ** 2
                self.synapses[layer].update(below, np.ones_like(high), rate / 2)
            self.synapses[layer].update(ones, low**2 - high**2, rate / 2)
            self.sources[layer] += np.float32(rate) * (high - low).sum(axis=0)
            self.count(add=4 * high.size, multiply=3 * high.size)
            self._keep_conductances(layer)

    def _keep_conductances(self, layer: int) -> None:
        """Ideal conductances stop at 0, as cells stop at the bottom of their window."""
        if self._offset == 0:
            weights = self.synapses[layer].weights()
            if weights.min() < 0:
                self.synapses[layer].program(np.maximum(weights, 0))

    # -- inside -------------------------------------------------------------------------------------------------------

    def count(self, **operations: int) -> None:
        """So many digital operations, by their names without ``digital.``."""
        self._digital.update({f"digital.{name}": n for name, n in operations.items() if n})

    def _up(self, layer: int, u: np.ndarray) -> np.ndarray:
        """u (batch, n_l) -> u g^l, (batch, n_{l+1}), by a read."""
        within, largest = self._scaled(u)
        return largest * self.synapses[layer].forward(within) + self._of_offset(u)

    def _down(self, layer: int, u: np.ndarray) -> np.ndarray:
        """u (batch, n_{l+1}) -> u g^l.T, (batch, n_l), by a transposed read."""
        within, largest = self._scaled(u)
        return largest * self.synapses[layer].backward(within) + self._of_offset(u)

    def _scaled(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Voltages (batch, n) within [-1, 1], as converters take them, and what multiplies the sums of each row, (batch, 1)."""
        largest = np.maximum(np.abs(u).max(axis=1, keepdims=True, initial=0), np.float32(1))
        self.count(compare=u.size, divide=u.size)
        return u / largest, largest

    def _of_offset(self, u: np.ndarray) -> np.ndarray:
        if self._offset == 0:
            return np.zeros((len(u), 1), np.float32)
        self.count(add=u.size, multiply=len(u))
        return self._offset * u.sum(axis=1, keepdims=True)

    def _total(self, layer: int) -> np.ndarray:
        """All conductance at each node of the layer above W_l, by a read of lines that are all driven."""
        total = self._up(layer, np.ones((1, self.synapses[layer].shape[0]), np.float32))[0]
        if layer + 1 < len(self.synapses):
            total = total + self._down(layer + 1, np.ones((1, self.synapses[layer + 1].shape[1]), np.float32))[0]
        return total

    def _check(self, sums: list[np.ndarray], pull: float) -> None:
        for layer, total in enumerate(sums):
            pulled = total + (pull if layer == len(sums) - 1 else 0.0)
            if not pulled.min() > 0:
                node, least = int(np.argmin(pulled)), float(total[np.argmin(pulled)])
                said = f" and a push of {-pull:g} takes it away: lower nudging" if pull < 0 < least else ": it floats"
                raise NotSettled(f"node {node} of layer {layer + 1} has a conductance of {least:.3g}{said}")


def _doubled(x: np.ndarray) -> np.ndarray:
    """(x, -x): conductances cannot be negative, inputs can."""
    return np.concatenate([x, -x], axis=1)


def _diodes(u: np.ndarray) -> np.ndarray:
    """The first half of the columns at or above 0, the others at or below."""
    half = u.shape[1] // 2
    return np.concatenate([np.maximum(u[:, :half], 0), np.minimum(u[:, half:], 0)], axis=1)


def _close(before: Voltages, after: Voltages) -> bool:
    largest = max(float(np.abs(u).max(initial=0)) for u in after)
    return all(float(np.abs(a - b).max(initial=0)) <= _SETTLED * largest for a, b in zip(before, after, strict=True))
