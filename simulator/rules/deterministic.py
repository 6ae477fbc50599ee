"""Deterministic pulses: the outer product by pulse trains that are spread evenly instead of at random."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from ..config import ArrayConfig
from ..crossbar import Crossbar
from ..errors import ArrayError
from ..pulses import train_length
from .contract import RuleConfig, RuledArray, weight_granularity


class DeterministicPulsesConfig(RuleConfig):
    """`DeterministicPulses` has no parameters but those of the array (`ArrayConfig.longest_train`)."""

    title: ClassVar[str] = "deterministic pulses"
    rule: Literal["deterministic"] = "deterministic"

    def on(self, shape: tuple[int, int], config: ArrayConfig, *, seed: int = 0, array: int = 0) -> DeterministicPulses:
        return DeterministicPulses(Crossbar(shape, config, seed=seed, array=array))


class DeterministicPulses(RuledArray):
    """W <- W + rate x^T d by n = round(round(BL p_x) round(BL p_d) / BL) pulses on each weight, in BL slots.

    p_x and p_d, the shares of the slots in which a word and a bit line fire, and BL are those of the stochastic update;
    halves round up. aihwkit's pulse type MeanCount (../shared/references/aihwkit.md, 1.3). No random number is needed and
    nothing is left to chance, but a change of less than half a pulse is lost each time: nothing gathers it.

    Word and bit lines fire together as in the stochastic update: BL slots for an outer product, one line pulse for each
    firing.

    Parameters
    ----------
    array: a `Crossbar`.
    """

    def __init__(self, array: Crossbar) -> None:
        if not isinstance(array, Crossbar):
            raise ArrayError(f"array = {type(array).__name__} must be a Crossbar: its lines fire together")
        super().__init__(array)
        self.granularity = weight_granularity(array)

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        x_max, d_max = np.abs(x).max(axis=1), np.abs(d).max(axis=1)
        slots, x_gains, d_gains = train_length(rate, x_max, d_max, self.granularity, self.config.longest_train)
        most = 0
        for row in range(len(x)):
            if slots[row]:
                n = int(slots[row])
                most += self._pulse(_firings(x[row], x_gains[row], n), _firings(d[row], d_gains[row], n), n)
        self.array.cells.mind_wear(most, self.array.config.on_worn)

    def _pulse(self, words: np.ndarray, bits: np.ndarray, slots: int) -> int:
        """One outer product: firings of word lines (rows,) and bit lines (columns,), signed like x and d; the most pulses of a
        cell."""
        sizes = (2 * np.outer(np.abs(words), np.abs(bits)) + slots) // (2 * slots)
        counts = sizes * np.outer(np.sign(words), np.sign(bits))
        up, both = int(counts[counts > 0].sum()), int(sizes.sum())
        cells = self.array.cells
        if both:
            cells.pulse(counts, self.array._pulse_streams.pulses)
        moves_one = cells.moving == 1
        self._tally.count("update.slot", slots)
        self._tally.count("line.pulse", int(np.abs(words).sum() + np.abs(bits).sum()))
        self._tally.count("pulse.up", up if moves_one else both)
        self._tally.count("pulse.down", both - up if moves_one else both)
        if cells.device.pulse.duration is None:
            self._tally.count("update.slot_of_unknown_duration", slots)
        else:
            self._tally.integrate("array.busy_s", slots * cells.device.pulse.duration)
        return int(sizes.max())


def _firings(values: np.ndarray, gain: float, slots: int) -> np.ndarray:
    """Slots in which lines fire, signed: a share min(gain |value|, 1) of them, rounded, halves up; int64."""
    share = np.minimum(np.float64(gain) * np.abs(values.astype(np.float64)), 1.0)
    return (np.sign(values) * np.floor(slots * share + 0.5)).astype(np.int64)
