"""The mean-field limit: what a device would learn if its pulses were infinitely small and many. No rule of any hardware."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from .contract import PulsedArray, RuleConfig, RuledArray, Training, weight_granularity
from .site import Site


class MeanFieldConfig(RuleConfig):
    """`MeanField` has no parameters."""

    title: ClassVar[str] = "mean-field limit"
    rank: ClassVar[int] = 90
    training: ClassVar[Training] = "no hardware"
    rule: Literal["mean-field"] = "mean-field"

    def ruled(self, shape: tuple[int, int], site: Site) -> MeanField:
        limit = replace(site.config, pulses="mean-field")
        return MeanField(replace(site, config=limit).arranged(shape))


class MeanField(RuledArray):
    """W follows the mean of the device's law for exactly rate x^T d: `StochasticPulses` without granularity or chance.

    A diagnostic. Bounds, asymmetry, the spread over cells and all noise of reads are those of the device; what is gone is that
    a change comes in whole pulses, with noise from pulse to pulse. So of what stochastic pulses lose against ideal
    synapses, this shows how much finer pulses could win back, and what is left is the shape of the response. aihwkit has the
    same as the limit dw_min -> 0 (its pull request 778).

    Counts ``ideal.update``, which has no price: no hardware does it.

    Parameters
    ----------
    array : PulsedArray
        a `Crossbar` or `TiledCrossbar` whose configuration has pulses = "mean-field".
    """

    array: PulsedArray

    def __init__(self, array: PulsedArray) -> None:
        super().__init__(array)
        weight_granularity(array)  # refuses what has no pulses: there is no limit of them

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.array.update(x, d, rate)
