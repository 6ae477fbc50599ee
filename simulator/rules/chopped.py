"""Chopped Tiki-Taka: the signs of lines are turned again and again, so that what is no gradient averages out."""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..noise.streams import Stream
from .site import Site
from .transfer import TransferArray, TransferConfig


class ChoppedConfig(TransferConfig):
    """Parameters of the family, and of the choppers.

    Attributes
    ----------
    in_chop_prob : float
        chance that a word line's chopper turns after a transfer of the line; 0 for never.
    in_chop_random : bool
        by chance, or after every ceil(1 / in_chop_prob) transfers of the line (at least 2).
    out_chop_prob : float
        chance that a bit line's chopper turns after transfers of all word lines.
    """

    in_chop_prob: float = Field(default=0.01, ge=0, le=1)
    in_chop_random: bool = True
    out_chop_prob: float = Field(default=0.0, ge=0, le=1)

    @property
    def period(self) -> int:
        """Transfers of a line between two turns of its chopper, if they are regular."""
        return max(ceil(1 / self.in_chop_prob), 2) if self.in_chop_prob else 0


class ChoppedTikiTaka2Config(ChoppedConfig):
    """Parameters of `ChoppedTikiTaka2`; defaults of aihwkit's ChoppedTTv2ReRamESPreset."""

    title: ClassVar[str] = "chopped Tiki-Taka v2"
    rank: ClassVar[int] = 50
    rule: Literal["chopped-tiki-taka-2"] = "chopped-tiki-taka-2"

    def ruled(self, shape: tuple[int, int], site: Site) -> ChoppedTikiTaka2:
        return ChoppedTikiTaka2(shape, site.config, self, seed=site.seed, array=site.array, tile=site.tile)


class ChoppedArray(TransferArray):
    """Two arrays, with choppers. Each random turn costs 16 random bits and a comparison.

    A chopper that has turned makes A unlearn what it holds before it can learn more; what it holds meanwhile goes into the
    buffer with the wrong sign. Turns must be rarer than A takes to follow.
    """

    options: ChoppedConfig

    def _begin(self) -> None:
        super()._begin()
        self._chance = Stream(self._seed, "choppers", self._number)

    def _turns(self, lines: int) -> np.ndarray:
        """Whether the choppers of the word lines turn that were just read, bool (lines,)."""
        if not self.options.in_chop_prob:
            return np.zeros(lines, bool)
        if self.options.in_chop_random:
            return self._draws(lines, self.options.in_chop_prob)
        return np.full(lines, self._passes % self.options.period + 1 == self.options.period)

    def _switch(self, rows: slice) -> None:
        self.in_chopper[rows] *= np.where(self._turns(rows.stop - rows.start), -1, 1)
        if rows.stop == self.shape[0] and self.options.out_chop_prob:
            self.out_chopper *= np.where(self._draws(self.shape[1], self.options.out_chop_prob), -1, 1)

    def _draws(self, n: int, chance: float) -> np.ndarray:
        self._count({"random.bit": 16 * n, "digital.compare": n})
        return self._chance.uniforms(n) < chance


class ChoppedTikiTaka2(ChoppedArray):
    """c-TTv2: `TikiTaka2` with choppers, which take out what A rests at when it has no gradient.

    Rasch, Carta, Fagbohungbe and Gokmen, "Fast and robust analog in-memory deep neural network training", Nat. Commun. 15,
    7133 (2024) (arXiv 2303.04721).
    """

    defaults: ClassVar[type[TransferConfig]] = ChoppedTikiTaka2Config
