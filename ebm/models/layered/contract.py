"""What a rule of learning for layers is: how it answers, how it learns from a mini-batch, and what a mini-batch keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ....devices.base.errors import RevpathError, unknown
from .stack import LayerStack


class LayerRule(ABC):
    """How layers answer and learn; frozen, and named by ``name``. Defining a subclass puts it into `RULES`.

    Attributes
    ----------
    RULES : dict of str to type
        Every rule that has been defined, by its name.
    name : str
        Of the rule.
    title : str
        Of a network that learns by it, in a few words.
    probabilistic : bool
        Whether outputs are logarithms of probabilities, up to a constant for each row.
    """

    RULES: ClassVar[dict[str, type[LayerRule]]] = {}
    name: ClassVar[str]
    title: ClassVar[str]
    probabilistic: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        LayerRule.RULES[cls.name] = cls

    @abstractmethod
    def outputs(self, stack: LayerStack, x: np.ndarray) -> np.ndarray:
        """Scores of the classes (batch, n_L) for inputs x (batch, n_0) in [0, 1], by reads that are counted."""

    @abstractmethod
    def learn(self, stack: LayerStack, x: np.ndarray, targets: np.ndarray, rate: float) -> None:
        """One mini-batch: move every weight and bias by rate times the sum of what its rows ask for.

        Parameters
        ----------
        stack : LayerStack
        x : array
            (batch, n_0) float32 in [0, 1].
        targets : array
            (batch, n_L) float32, one-hot.
        rate : float
            Of a row.
        """

    @abstractmethod
    def products(self, sizes: Sequence[int]) -> int:
        """Multiplications of arrays for a row, reads and updates, for layers of the sizes (n_0, ..., n_L)."""

    @abstractmethod
    def words(self, sizes: Sequence[int]) -> int:
        """Words that a row keeps until the update, for layers of the sizes (n_0, ..., n_L)."""


def layer_rule(rule: str | LayerRule) -> LayerRule:
    """A rule by name, or itself.

    Raises
    ------
    RevpathError
        Neither a rule nor the name of one.

    Examples
    --------
    >>> layer_rule("transposed-error")
    TransposedError()
    """
    if isinstance(rule, LayerRule):
        return rule
    if not isinstance(rule, str):
        raise RevpathError(f"rule = {rule!r} must be a LayerRule or the name of one: {', '.join(LayerRule.RULES)}")
    if rule not in LayerRule.RULES:
        raise unknown("rule", rule, LayerRule.RULES)
    return LayerRule.RULES[rule]()
