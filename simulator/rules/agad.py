"""AGAD: gradients are read against where A stood before its chopper turned."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .chopped import ChoppedArray, ChoppedConfig
from .site import Site
from .transfer import TransferConfig


class AGADConfig(ChoppedConfig):
    """Parameters of `AGAD`; defaults of aihwkit's AGADReRamESPreset.

    Attributes
    ----------
    in_chop_prob : float
        also sets how fast the running mean of the reads follows them, min(tail_weightening x in_chop_prob, 1).
    tail_weightening : float
        above 1, the mean weights the end of a chopper period more, when A has settled.
    """

    title: ClassVar[str] = "AGAD"
    rank: ClassVar[int] = 60
    rule: Literal["agad"] = "agad"
    in_chop_prob: float = Field(default=0.02, gt=0, le=1)
    in_chop_random: bool = False
    tail_weightening: float = Field(default=5.0, gt=0)

    def ruled(self, shape: tuple[int, int], site: Site) -> AGAD:
        return AGAD(shape, site.config, self, seed=site.seed, array=site.array, tile=site.tile)


class AGAD(ChoppedArray):
    """Analog gradient accumulation with dynamic reference: H_k <- H_k + scale (signs) (A_k - reference_k).

    The reference of a word line is the running mean of its reads when its chopper last turned, so a wrong zero of A
    cancels at once instead of on average. Nothing is written to C before every line has had a full period. Rasch et al.,
    Nat. Commun. 15, 7133 (2024); the recursion as in aihwkit's rpu_dynamic_transfer_device.cpp, which has no gate by
    the standard error that its documentation speaks of.

    Counted on top of `TransferArray`, for each weight of a transferred word line: two additions and a multiplication for the
    mean, an addition for the reference; reads of both and a write of the mean, and one of the reference when it is renewed.

    Attributes
    ----------
    mean, reference
        (rows, columns) float32.
    """

    options: AGADConfig

    defaults: ClassVar[type[TransferConfig]] = AGADConfig

    def _begin(self) -> None:
        super()._begin()
        self.mean, self.reference = np.zeros(self.shape, np.float32), np.zeros(self.shape, np.float32)
        self._turned = np.zeros(self.shape[0], bool)

    def _signal(self, rows: slice, values: np.ndarray) -> np.ndarray:
        renewed = self._turned[rows, None]
        self.reference[rows] = np.where(renewed, self.mean[rows], self.reference[rows])
        follow = np.float32(min(self.options.tail_weightening / self.options.period, 1.0))
        self.mean[rows] += follow * (values - self.mean[rows])
        self._count({"digital.add": 3 * values.size, "digital.multiply": values.size})
        self._count_traffic(read=2 * values.size, written=values.size + int(renewed.sum()) * self.shape[1])
        return values - self.reference[rows]

    def _may_write(self) -> bool:
        return self._passes > self.options.period

    def _turns(self, lines: int) -> np.ndarray:
        regular = np.full(lines, self._passes % self.options.period + 1 == self.options.period)
        return regular | super()._turns(lines) if self.options.in_chop_random else regular

    def _switch(self, rows: slice) -> None:
        before = self.in_chopper[rows].copy()
        super()._switch(rows)
        self._turned[rows] = self.in_chopper[rows] != before
