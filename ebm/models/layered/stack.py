"""Layers of synapses and biases, and the digital work around them, which is counted here and nowhere else.

What lanes do is stated once, for every rule: a vector that drives lines is read from a memory, a vector that lanes make is
written to it, both in words of two bytes; biases are read, and written back, once a mini-batch. The memory is as large as what a
mini-batch keeps until its updates, and the events name its size. What waits for the next read only, and not for the update, is
counted apart (``reuse=column``): a schedule with registers beside columns does not move it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Self

import numpy as np

from ....simulator.events import Events, event
from ...synapses.contract import DigitalSynapses, Synapses
from ..symbol_model import BYTES

SMALLEST = 1024
"""Bytes of the smallest memory that anyone compiles."""


def kept_bytes(words: int, sizes: Sequence[int]) -> int:
    """Bytes of the memory that keeps so many words of a mini-batch, and the biases of layers of the sizes (n_0, ..., n_L)."""
    return max(SMALLEST, BYTES * (words + sum(sizes[1:])))


class LayerStack:
    """Arrays one after another, each with a bias on what it puts out.

    Parameters
    ----------
    synapses : sequence of Synapses
        The l-th holds W_l (n_l, n_{l+1}).

    Attributes
    ----------
    biases : list of numpy.ndarray
        The l-th is that of the outputs of W_l, (n_{l+1},) float32.
    """

    def __init__(self, synapses: Sequence[Synapses]) -> None:
        self.synapses = tuple(synapses)
        self.biases = [np.zeros(each.shape[1], np.float32) for each in synapses]
        self._digital: Counter[str] = Counter()
        self._memory = SMALLEST

    def __len__(self) -> int:
        return len(self.synapses)

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, ..., n_L): inputs, units of each layer."""
        return (self.synapses[0].shape[0], *(each.shape[1] for each in self.synapses))

    @property
    def events(self) -> Events:
        """Everything that happened in arrays and lanes."""
        return sum((each.events for each in self.synapses), Events(self._digital))

    def keep(self, words: int) -> None:
        """From now on a mini-batch keeps so many words, beside the biases."""
        self._memory = kept_bytes(words, self.sizes)

    def ideal(self) -> Self:
        """The same weights and biases without arrays and their noise."""
        copies = [DigitalSynapses(each.shape) for each in self.synapses]
        for copy, each in zip(copies, self.synapses, strict=True):
            copy.program(each.weights())
        stack = type(self)(copies)
        stack.biases = [bias.copy() for bias in self.biases]
        return stack

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

    # -- work that is counted -----------------------------------------------------------------------------------------

    def forward(self, layer: int, states: np.ndarray) -> np.ndarray:
        """states (batch, n_l) -> states @ W_l, float32 (batch, n_{l+1})."""
        self.moved(read=states.size, reuse="column" if layer else "")
        return self.synapses[layer].forward(states)

    def backward(self, layer: int, states: np.ndarray) -> np.ndarray:
        """states (batch, n_{l+1}) -> states @ W_l.T, float32 (batch, n_l), by a transposed read."""
        self.moved(read=states.size, reuse="column")
        return self.synapses[layer].backward(states)

    def update(self, layer: int, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W_l <- W_l + rate x.T @ d for x (batch, n_l), d (batch, n_{l+1})."""
        self.moved(read=x.size + d.size)
        self.synapses[layer].update(x, d, rate)

    def hard_sigmoid(self, layer: int, field: np.ndarray, *, passing: bool = False) -> np.ndarray:
        """field (batch, n_{l+1}) with the bias of W_l, cut to [0, 1]; `passing`: states that no update needs."""
        self.count(add=field.size, compare=2 * field.size)
        self.moved(written=field.size, reuse="column" if passing else "")
        return np.clip(field + self.biases[layer], 0, 1, dtype=np.float32)

    def move_bias(self, layer: int, d: np.ndarray, rate: float) -> None:
        """The bias of W_l takes rate times the sum of d (batch, n_{l+1}) over its rows."""
        units = d.shape[1]
        self.count(add=d.size + units, multiply=units)
        self.moved(read=units, written=units)
        self.biases[layer] += np.float32(rate) * d.sum(axis=0, dtype=np.float32)

    def count(self, **operations: int) -> None:
        """So many digital operations, by their names without ``digital.``."""
        self._digital.update({f"digital.{name}": n for name, n in operations.items()})

    def moved(self, *, read: int = 0, written: int = 0, reuse: str = "") -> None:
        """So many words from and to the memory of the mini-batch, and what shares them, if anything."""
        shared = {"reuse": reuse} if reuse else {}
        moved = {"sram.byte_read": BYTES * read, "sram.byte_written": BYTES * written}
        self._digital.update({event(name, kept=self._memory, **shared): n for name, n in moved.items() if n})
