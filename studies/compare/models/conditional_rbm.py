"""The conditional RBM in a comparison: dense layers of the context and of the symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from ....ebm import ConditionalRBM
from ....ebm.models.conditional import LABEL_BYTES
from ....ebm.synapses.contract import Synapses, SynapsesFactory
from ....energy_models.prices.vocabulary import parse_event
from ...tasks.text import SYMBOLS
from .contract import WORD, ComparedModel

_CLASSES = len(SYMBOLS)


class ConditionalRBMSpec(ComparedModel):
    """`revpath.ebm.ConditionalRBM`, by its exact gradient or by contrastive divergence."""

    kind: Literal["conditional-rbm"] = "conditional-rbm"
    context: int = Field(default=8, ge=1, le=64)
    hidden: int = Field(default=256, ge=1)
    rule: Literal["exact", "cd"] = "exact"
    learning_rate: float = Field(default=40.0, ge=0)
    label_learning_rate: float = Field(default=0.2, ge=0)
    bias_learning_rate: float = Field(default=2.0, ge=0)

    @property
    def family(self) -> str:
        return "conditional RBM"

    @property
    def size(self) -> tuple[int, ...]:
        """(symbols of context, hidden units)."""
        return self.context, self.hidden

    @property
    def arrays(self) -> tuple[tuple[int, int], ...]:
        return (self.context * _CLASSES, self.hidden), (_CLASSES, self.hidden)

    @property
    def biases(self) -> int:
        return self.hidden + _CLASSES

    def estimator(self, synapses: SynapsesFactory | None, batch: int, seed: int) -> ConditionalRBM:
        return ConditionalRBM(
            self.hidden,
            learning_rate=self.learning_rate,
            label_learning_rate=self.label_learning_rate,
            bias_learning_rate=self.bias_learning_rate,
            batch_size=batch,
            rule=self.rule,
            synapses=synapses,
            random_state=seed,
        )

    def synapses(self, estimator: Any) -> Sequence[Synapses]:
        return estimator.context_synapses_, estimator.label_synapses_

    def kept(self, batch: int) -> int:
        """Labels and their gradient, fields and theirs, probabilities, biases."""
        labels, fields = _CLASSES * self.hidden, batch * self.hidden
        others = batch * _CLASSES + self.hidden + _CLASSES
        return labels * (LABEL_BYTES + WORD) + 2 * fields * WORD + others * WORD

    def touched(self, batch: int) -> int:
        """Those of its symbols at every place of the context, and all of the labels."""
        return (min(batch, _CLASSES) * self.context + _CLASSES) * self.hidden

    def fields(self, batch: int) -> int:
        return 2 * batch * self.hidden

    def functions(self, examples: int) -> float:
        return examples * _CLASSES * self.hidden

    def products(self, events: Mapping[str, float], examples: int) -> float:
        """Every driven row of an array is read once and updated once, all columns each."""
        driven = ("dac.conversion", "dac.pulse")
        return 2 * self.hidden * sum(amount for full, amount in events.items() if parse_event(full)[0] in driven)
