"""The n-gram energy in a comparison: one array for each order, one word line an order and character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....ebm import ConditionalBoltzmann
from ....ebm.models.context_rows import rows_of_order
from ....ebm.synapses.contract import Synapses, SynapsesFactory
from ...tasks.text import SYMBOLS
from .contract import WORD, ComparedModel, Moved

_CLASSES = len(SYMBOLS)


class ConditionalBoltzmannSpec(ComparedModel):
    """`revpath.ebm.ConditionalBoltzmann`: couplings of the next symbol to the last 1 to `context` ones."""

    looked_up: ClassVar = True
    kind: Literal["conditional-boltzmann"] = "conditional-boltzmann"
    context: int = Field(default=6, ge=1, le=64)
    max_rows: int = Field(default=8192, ge=2)
    learning_rate: float = Field(default=80.0, ge=0)
    bias_learning_rate: float = Field(default=8.0, ge=0)

    @property
    def family(self) -> str:
        return "n-gram EBM"

    @property
    def size(self) -> tuple[int, ...]:
        """(highest order, most lines of an order)."""
        return self.context, self.max_rows

    @property
    def arrays(self) -> tuple[tuple[int, int], ...]:
        orders = range(1, self.context + 1)
        return tuple((rows_of_order(order, _CLASSES, self.max_rows), _CLASSES) for order in orders)

    @property
    def biases(self) -> int:
        return _CLASSES

    def estimator(self, synapses: SynapsesFactory | None, batch: int, seed: int) -> ConditionalBoltzmann:
        return ConditionalBoltzmann(
            self.context,
            max_rows=self.max_rows,
            learning_rate=self.learning_rate,
            bias_learning_rate=self.bias_learning_rate,
            batch_size=batch,
            synapses=synapses,
            random_state=seed,
        )

    def synapses(self, estimator: Any) -> Sequence[Synapses]:
        return estimator.synapses_

    def kept(self, batch: int) -> int:
        """The errors of a batch, and the biases."""
        return (batch + 1) * _CLASSES * WORD

    def touched(self, batch: int) -> int:
        return sum(min(batch, rows) * columns for rows, columns in self.arrays)

    def fields(self, batch: int) -> int:
        return 2 * batch * _CLASSES

    def functions(self, examples: int) -> float:
        return examples * _CLASSES

    def products(self, events: Mapping[str, float], examples: int) -> float:
        """Every example reads one line of each array, and updates it."""
        return 2 * examples * self.context * _CLASSES

    def moved_weights(self, examples: int, batch: int) -> Moved:
        """A look-up reads the lines of its orders, an update reads and writes them; no two examples share one."""
        lines = examples * self.context * _CLASSES * WORD
        return 2 * lines, lines

    def on_lanes(self, events: Mapping[str, float], examples: int) -> dict[str, float]:
        """A look-up multiplies nothing: its additions are counted; an update scales the errors once and adds them a line each."""
        out = {full: amount for full, amount in events.items() if full != "matmul.flop"}
        out["digital.add"] = out.get("digital.add", 0.0) + examples * self.context * _CLASSES
        out["digital.multiply"] = out.get("digital.multiply", 0.0) + examples * _CLASSES
        return out
