"""What a comparison needs to know of a model: how it is made, its arrays, and what its training moves beside their reads.

Operations and bytes are counted by the model itself. No schedule changes operations; bytes say what shares them, and a schedule
moves them by one rule for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from ....ebm.synapses.contract import Synapses, SynapsesFactory

WORD = 2
"""Bytes of a number of the periphery: 16-bit fixed point."""

Moved = tuple[float, float]
"""Bytes read and written."""


class ComparedModel(BaseModel, ABC):
    """A model with its learning rates, as frozen data."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    context: int = 0
    """Symbols before the one that is predicted; 0 where there are none."""
    looked_up: ClassVar[bool] = False
    """Whether weights are read line by line, so that digital lanes keep them in a table of their own."""

    @property
    @abstractmethod
    def family(self) -> str:
        """What it is, in a few words: models of one family differ in their size, and in what holds their weights."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, ...]:
        """The numbers by which models of one family differ, as people name them."""

    @property
    @abstractmethod
    def arrays(self) -> tuple[tuple[int, int], ...]:
        """(word lines, bit lines) of each array, in the order of their numbers."""

    @property
    def example_bytes(self) -> int:
        """Bytes of data that an example fetches: of a text, one character."""
        return 1

    @property
    @abstractmethod
    def biases(self) -> int:
        """Trained numbers beside the arrays."""

    @property
    def weights(self) -> int:
        """Trained numbers in arrays."""
        return sum(rows * columns for rows, columns in self.arrays)

    @property
    def parameters(self) -> int:
        """All trained numbers."""
        return self.weights + self.biases

    @abstractmethod
    def estimator(self, synapses: SynapsesFactory | None, batch: int, seed: int) -> Any:
        """The model, not begun; None for ideal digital synapses."""

    def learn(self, estimator: Any, x: np.ndarray, y: np.ndarray, slowdown: float = 1.0) -> None:
        """One pass over these rows, in mini-batches, with all rates divided by `slowdown`."""
        estimator.partial_fit(x, y, slowdown=slowdown)

    @abstractmethod
    def synapses(self, estimator: Any) -> Sequence[Synapses]:
        """Those of an estimator that has begun."""

    @abstractmethod
    def kept(self, batch: int) -> int:
        """Bytes that the periphery keeps for a mini-batch."""

    @abstractmethod
    def touched(self, batch: int) -> int:
        """Weights that a mini-batch can touch."""

    @abstractmethod
    def fields(self, batch: int) -> int:
        """Numbers of a mini-batch that a GPU writes for a later kernel and reads there."""

    @abstractmethod
    def functions(self, examples: int) -> float:
        """Element-wise functions of so many examples, each of which an unfused schedule gives three numbers to move."""

    @abstractmethod
    def products(self, events: Mapping[str, float], examples: int) -> float:
        """Multiplications that the arrays did in so many examples, reads and updates."""

    def moved_weights(self, examples: int, batch: int) -> Moved:
        """Bytes of weights that digital lanes read and write beside their products: an update of all that a batch touches."""
        updated = examples / batch * self.touched(batch) * WORD
        return updated, updated

    def on_lanes(self, events: Mapping[str, float], examples: int) -> dict[str, float]:
        """The operations of the digital twin, where they are others than those of its matrix products."""
        return dict(events)
