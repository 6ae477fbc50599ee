"""Deterministic pulses: the outer product by pulse trains that are spread evenly instead of at random."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from ..errors import ArrayError
from ..pulses.plan import train_length
from .contract import FiringArray, RuleConfig, RuledArray, weight_granularity
from .site import Site


class DeterministicPulsesConfig(RuleConfig):
    """`DeterministicPulses` has no parameters but those of the array (`ArrayConfig.longest_train`)."""

    title: ClassVar[str] = "deterministic pulses"
    rank: ClassVar[int] = 20
    rule: Literal["deterministic"] = "deterministic"

    def ruled(self, shape: tuple[int, int], site: Site) -> DeterministicPulses:
        return DeterministicPulses(site.arranged(shape))


class DeterministicPulses(RuledArray):
    """W <- W + rate x^T d by n = round(round(BL p_x) round(BL p_d) / BL) pulses on each weight, in BL slots.

    p_x and p_d, the shares of the slots in which a word and a bit line fire, and BL are those of the stochastic update;
    halves round up. aihwkit's pulse type MeanCount (Rasch et al., arXiv:2104.02184). No random number is needed and
    nothing is left to chance, but a change of less than half a pulse is lost each time: nothing gathers it.

    Word and bit lines fire together as in the stochastic update: BL slots for an outer product, one line pulse for each
    firing.

    Parameters
    ----------
    array : FiringArray
        a `Crossbar`, or a `TiledCrossbar`, whose tiles then fire in step: the length of a train is that of the whole
        matrix, and each tile takes all of its slots.
    """

    array: FiringArray

    def __init__(self, array: FiringArray) -> None:
        if not isinstance(array, FiringArray):
            raise ArrayError(f"array = {type(array).__name__} cannot fire its lines together: this rule needs that")
        super().__init__(array)
        self.granularity = weight_granularity(array)

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        x_max, d_max = np.abs(x).max(axis=1), np.abs(d).max(axis=1)
        slots, x_gains, d_gains = train_length(rate, x_max, d_max, self.granularity, self.config.longest_train)
        for row in range(len(x)):
            n = int(slots[row])
            if n:
                self.array.fire(_firings(x[row], x_gains[row], n), _firings(d[row], d_gains[row], n), n)


def _firings(values: np.ndarray, gain: float, slots: int) -> np.ndarray:
    """Slots in which lines fire, signed: a share min(gain |value|, 1) of them, rounded, halves up; int64."""
    share = np.minimum(np.float64(gain) * np.abs(values.astype(np.float64)), 1.0)
    return (np.sign(values) * np.floor(slots * share + 0.5)).astype(np.int64)
