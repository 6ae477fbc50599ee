"""Tracking of the symmetric point: where A rests without a gradient is filtered out of its reads while it learns."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .chopped import ChoppedArray, ChoppedConfig
from .site import Site
from .transfer import TransferConfig


class TrackedTikiTakaConfig(ChoppedConfig):
    """Parameters of `TrackedTikiTaka`.

    Attributes
    ----------
    tracking : float
        share of a read that goes into the estimate of the symmetric point, which begins with the first read of a line;
        small beside in_chop_prob, or the estimate follows the gradient.
    """

    title: ClassVar[str] = "tracked symmetric point"
    rank: ClassVar[int] = 65
    rule: Literal["tracked-symmetric-point"] = "tracked-symmetric-point"
    in_chop_prob: float = Field(default=0.1, ge=0, le=1)
    tracking: float = Field(default=0.01, gt=0, le=1)

    def ruled(self, shape: tuple[int, int], site: Site) -> TrackedTikiTaka:
        return TrackedTikiTaka(shape, site.config, self, seed=site.seed, array=site.array, tile=site.tile)


class TrackedTikiTaka(ChoppedArray):
    """H_k <- H_k + scale (signs) (A_k - Q_k), and Q_k <- Q_k + tracking (A_k - Q_k), Q being where A rests.

    The choppers turn the gradient to and fro, so that it averages out of A, while the symmetric point does not: a slow filter
    tells the two apart, and no calibration before training is needed. After Xiao, Li, Wu, Gokmen and Chen, "Dynamic symmetric
    point tracking: tackling non-ideal reference in analog in-memory training", arXiv 2602.21321 (2026). Only its abstract was
    at hand ("a dynamic SP estimation method that tracks the SP during model training", "an enhanced variant based on chopping
    and filtering"): the recursion is ours, on the core of the Tiki-Taka family, and its choice of steps is not the paper's.

    `AGAD` differs in that its reference is renewed when a chopper turns, and stands still between.

    Counted on top of `TransferArray`, for each weight of a transferred word line: two subtractions, an addition and a
    multiplication, and a read and a write of Q.

    Attributes
    ----------
    resting
        Q (rows, columns) float32, in weights of A.
    """

    options: TrackedTikiTakaConfig

    defaults: ClassVar[type[TransferConfig]] = TrackedTikiTakaConfig

    def _begin(self) -> None:
        super()._begin()
        self.resting = np.zeros(self.shape, np.float32)
        self._seen = np.zeros(self.shape[0], bool)

    def _signal(self, rows: slice, values: np.ndarray) -> np.ndarray:
        seen = self._seen[rows, None]
        self.resting[rows] = np.where(seen, self.resting[rows], values)
        self._seen[rows] = True
        signal = values - self.resting[rows]
        self.resting[rows] += np.float32(self.options.tracking) * signal
        self._count({"digital.add": 2 * values.size, "digital.multiply": values.size})
        self._count_traffic(read=values.size, written=values.size)
        return signal
