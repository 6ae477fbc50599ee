"""A text as a task: the next of 27 symbols from those before it, judged by exact bits per character."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .contract import LearningTask, Rows, Split
from .text import Text, scored


class NextCharacter(LearningTask):
    """The next character of a text.

    Parameters
    ----------
    text : Text
        As `load_text` gives it.
    """

    kind: ClassVar = "text"
    unit: ClassVar = "bits/char"
    example: ClassVar = "character"
    qualities: ClassVar = tuple(round(4.0 - 0.05 * k, 2) for k in range(45))
    coarser: ClassVar = 0.2
    first_checkpoint: ClassVar = 2_000

    def __init__(self, text: Text) -> None:
        self.text = text

    @property
    def name(self) -> str:
        return self.text.name

    @property
    def sha256(self) -> str:
        return self.text.sha256

    def places(self, context: int) -> np.ndarray:
        return np.arange(context, len(self.text.train))

    def take(self, places: np.ndarray, context: int) -> Rows:
        return _contexts(self.text.train, places, context)

    def scored(self, split: Split, context: int) -> Rows:
        codes = getattr(self.text, split)
        return _contexts(codes, np.asarray(scored(codes, context)), context)

    def loss(self, model: Any, rows: Rows, *, stored: bool = False) -> float:
        return model.bits_per_symbol(*rows, stored=stored)


def _contexts(codes: np.ndarray, places: np.ndarray, context: int) -> Rows:
    """(n, context) symbols before each place, the nearest first, and the symbols there."""
    before = codes[places[:, None] - 1 - np.arange(context)]
    return before.astype(np.int64), codes[places].astype(np.int64)
