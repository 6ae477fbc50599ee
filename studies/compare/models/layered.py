"""Layers of dense inputs in a comparison: every weight takes part in every example, and none is kept twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from pydantic import Field

from ....ebm import LayeredNetwork
from ....ebm.models.layered import EquilibriumPropagation, LayerRule, TransposedError
from ....ebm.models.layered.stack import kept_bytes
from ....ebm.synapses.contract import Synapses, SynapsesFactory
from .contract import ComparedModel


class LayeredSpec(ComparedModel):
    """`revpath.ebm.LayeredNetwork` by one of its rules.

    `nudging`, `free_steps` and `nudged_steps` are those of equilibrium propagation.
    """

    kind: Literal["layered"] = "layered"
    inputs: int = Field(default=64, ge=1)
    hidden: tuple[int, ...] = Field(default=(64,))
    classes: int = Field(default=10, ge=2)
    rule: Literal["transposed-error", "equilibrium-propagation"] = "transposed-error"
    nudging: float = Field(default=0.5, gt=0, lt=1)
    free_steps: int = Field(default=8, ge=1)
    nudged_steps: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=0.5, ge=0)

    @property
    def sizes(self) -> tuple[int, ...]:
        """(inputs, units of each layer)."""
        return (self.inputs, *self.hidden, self.classes)

    @property
    def family(self) -> str:
        return LayerRule.RULES[self.rule].title

    @property
    def size(self) -> tuple[int, ...]:
        """(inputs, units of each layer)."""
        return self.sizes

    @property
    def arrays(self) -> tuple[tuple[int, int], ...]:
        return tuple(pairwise(self.sizes))

    @property
    def biases(self) -> int:
        return sum(self.sizes[1:])

    @property
    def example_bytes(self) -> int:
        """A byte a pixel."""
        return self.inputs

    def _rule(self) -> LayerRule:
        if self.rule == "transposed-error":
            return TransposedError()
        return EquilibriumPropagation(self.nudging, self.free_steps, self.nudged_steps)

    def estimator(self, synapses: SynapsesFactory | None, batch: int, seed: int) -> LayeredNetwork:
        return LayeredNetwork(
            self.hidden,
            rule=self._rule(),
            learning_rate=self.learning_rate,
            batch_size=batch,
            synapses=synapses,
            random_state=seed,
        )

    def learn(self, estimator: Any, x: np.ndarray, y: np.ndarray, slowdown: float = 1.0) -> None:
        estimator.partial_fit(x, y, classes=np.arange(self.classes), slowdown=slowdown)

    def synapses(self, estimator: Any) -> Sequence[Synapses]:
        return estimator.layers_.synapses

    def kept(self, batch: int) -> int:
        """As the model itself says, in its events."""
        return kept_bytes(batch * self._rule().words(self.sizes), self.sizes)

    def touched(self, batch: int) -> int:
        return self.weights

    def fields(self, batch: int) -> int:
        return 2 * batch * sum(self.sizes[1:])

    def functions(self, examples: int) -> float:
        return examples * sum(self.sizes[1:])

    def products(self, events: Mapping[str, float], examples: int) -> float:
        return examples * self._rule().products(self.sizes)
