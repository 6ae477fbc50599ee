"""Stochastic pulses: the update that every array has, as a rule among others."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from ..arrays.rows import update_rows
from .contract import RuleConfig, RuledArray
from .site import Site


class StochasticPulses(RuledArray):
    """W <- W + rate x^T d by coincidences of random pulse trains on word and bit lines.

    Gokmen & Vlasov, "Acceleration of deep neural network training with resistive cross-point devices", Front. Neurosci.
    10:333 (2016). All weights at once, no digital memory; the change that the pulses make is right in the mean wherever
    up and down pulses of a cell are alike.
    """

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.array.update(x, d, rate)

    def _update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        update_rows(self.array, rows, d, rate)


class StochasticPulsesConfig(RuleConfig):
    """`StochasticPulses` has no parameters but those of the array (`ArrayConfig.longest_train`)."""

    title: ClassVar[str] = "stochastic pulses"
    rank: ClassVar[int] = 10
    rule: Literal["stochastic"] = "stochastic"

    def ruled(self, shape: tuple[int, int], site: Site) -> StochasticPulses:
        return StochasticPulses(site.arranged(shape))
