"""What a comparison asks of the task that its models learn: rows to learn, rows to be judged on, and in which unit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np

Split = Literal["validation", "test"]
Rows = tuple[np.ndarray, np.ndarray]
"""Inputs (n, width) and what is to be predicted (n,), int64."""


class LearningTask(ABC):
    """Data that every contender learns, cut into training, validation and test once and for all.

    Attributes
    ----------
    kind : str
        Of task, one word.
    unit, example : str
        Of its loss, such as "bits/char"; and what one row of it is, in the singular.
    qualities : tuple of float
        Losses at which contenders are compared, the worst first: so fine that the best one which both sides reach is near
        what they can, not one that flatters either.
    coarser : float
        How much worse the second quality is, which shows where a ratio is going.
    logarithmic : bool
        Whether losses are drawn by their logarithm.
    first_checkpoint : int
        Examples before the first look at the loss: a quality that a curve had at its start cannot be priced.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]
    example: ClassVar[str]
    qualities: ClassVar[tuple[float, ...]]
    coarser: ClassVar[float]
    logarithmic: ClassVar[bool] = False
    first_checkpoint: ClassVar[int]

    @property
    @abstractmethod
    def name(self) -> str:
        """Of the data, fit to be shown."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Of the data, 64 hexadecimal digits."""

    @abstractmethod
    def places(self, context: int) -> np.ndarray:
        """Where training examples stand, (n,) int64, for a model that sees `context` symbols before one (0: none)."""

    @abstractmethod
    def take(self, places: np.ndarray, context: int) -> Rows:
        """The training examples at these places."""

    @abstractmethod
    def scored(self, split: Split, context: int) -> Rows:
        """The examples of a split on which every contender is judged."""

    @abstractmethod
    def loss(self, model: Any, rows: Rows, *, stored: bool = False) -> float:
        """Of a model on these rows, in `unit`: by reads of its arrays that are not counted, or from its stored weights."""
