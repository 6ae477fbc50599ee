"""Mixed precision with a memory of 8 bits a weight, which is looked at only where an outer product touches it."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ...devices.base.product import product
from ..noise.streams import Stream
from .contract import PulsedArray, RuleConfig, RuledArray, Training, weight_granularity
from .gathering import listed_rows, touched_rows
from .site import Site


class TouchedMixedPrecisionConfig(RuleConfig):
    """Parameters of `TouchedMixedPrecision`.

    Attributes
    ----------
    bits : {8, 16}
        of a number in memory, sign included, and of an entry of d.
    transfer_every : int
        calls of `update` after which whole steps are sent; a model that calls it twice for a gradient, once for each of
        its signs, saves pulses with 2.
    """

    title: ClassVar[str] = "8-bit mixed precision"
    rank: ClassVar[int] = 35
    training: ClassVar[Training] = "digital training"
    rule: Literal["touched-mixed-precision"] = "touched-mixed-precision"
    bits: Literal[8, 16] = 8
    transfer_every: int = Field(default=1, ge=1)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """One transfer for each gradient."""
        return cls(transfer_every=updates_per_gradient)

    def ruled(self, shape: tuple[int, int], site: Site) -> TouchedMixedPrecision:
        return TouchedMixedPrecision(site.arranged(shape), self, seed=site.seed, number=site.array)


class TouchedMixedPrecision(RuledArray):
    """`MixedPrecision` whose memory is an integer of a few bits for each weight, and which sends pulses as it is written.

    With M = 2**(bits - 2), one granularity of a weight is M in memory. For the weights of the word lines that a batch drives,
    and for no others:

        total = code + round(M rate (x^T d) / granularity),  n = trunc(total / M) pulses,  code = total - n M,

    where the rounding, and that of d to `bits` bits before it, is by chance, so that the mean is right. Pulses are sent after
    every `transfer_every` calls, and before where a total of 2 M or more would not fit; of a line that is not driven then, they
    wait until it is. So a code always fits, and nobody needs to look through the memory for pulses that are due, which is most
    of what `MixedPrecision` spends on sparse inputs. The idea of the memory is that of Nandakumar et al., Front. Neurosci.
    14:406 (2020); the bits and the rows are ours.

    Counted beside reads and pulses, with b = bits / 8 bytes: for each entry of d a division, a comparison, an addition, `bits`
    random bits, a multiplication by the rate and a write of b; for each product of an x and a d that are not 0 a
    multiplication, an addition, and a read of d; for each weight of a word line that is driven a read and a write of its code,
    `bits` random bits, two additions and a comparison; a subtraction where pulses are sent. The sums of a word line
    over the batch are in registers.

    Parameters
    ----------
    array : PulsedArray
        what is pulsed.
    config : TouchedMixedPrecisionConfig, optional
        see there.
    seed, number : int
        of the rounding.

    Attributes
    ----------
    codes
        (rows, columns) int16, the memory.
    """

    array: PulsedArray

    def __init__(
        self, array: PulsedArray, config: TouchedMixedPrecisionConfig | None = None, *, seed: int = 0, number: int = 0
    ) -> None:
        super().__init__(array)
        self.options = config or TouchedMixedPrecisionConfig()
        self.granularity = weight_granularity(array)
        self._full = 2 ** (self.options.bits - 2)
        self._levels = 2 ** (self.options.bits - 1) - 1  # of either sign
        self._rounding = Stream(seed, "touched mixed precision", number)
        self._forget(np.zeros(self.shape, np.float32))

    def _forget(self, weights: np.ndarray) -> None:
        self.codes = np.zeros(self.shape, np.int16)
        self._calls = 0

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self._gather(*touched_rows(x), d, rate)

    def _update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        self._gather(*listed_rows(rows), d, rate)

    def _gather(self, rows: np.ndarray, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Add the change of the word lines `rows` (touched,), whose inputs are x (batch, touched), and send what is due."""
        d = self._quantised(d)
        change = product(x.T, d).astype(np.float64) * (rate * self._full / self.granularity)
        chance = self._rounding.uniforms(change.shape).astype(np.float64)
        total = self.codes[rows] + np.floor(change + chance).astype(np.int64)
        pulses = np.sign(total) * (np.abs(total) // self._full)
        self._calls += 1
        if self._calls % self.options.transfer_every:
            pulses[np.abs(total) <= self._levels] = 0
        self.codes[rows] = total - pulses * self._full
        self._count_gathering(x, d, total.size, int(np.count_nonzero(pulses)))
        if pulses.any():
            counts = np.zeros(self.shape, np.int64)
            counts[rows] = pulses
            self.array.pulse(counts)

    def _quantised(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) in as many levels of either sign up to the largest of its sample, rounded by chance, float32."""
        width = np.abs(d).max(axis=1, keepdims=True) / np.float32(self._levels)
        width[width == 0] = 1
        levels = np.floor(d / width + self._rounding.uniforms(d.shape))
        return (np.clip(levels, -self._levels, self._levels) * width).astype(np.float32)

    def _count_gathering(self, x: np.ndarray, d: np.ndarray, touched: int, sent: int) -> None:
        bits, entries = self.options.bits, d.size
        products = int(np.count_nonzero(x, axis=1) @ np.count_nonzero(d, axis=1))
        self._count(
            {
                "digital.divide": entries,
                "digital.compare": entries + touched,
                "digital.multiply": entries + products,
                "digital.add": entries + products + 2 * touched + sent,
                "random.bit": bits * (entries + touched),
                "sram.byte_read": bits // 8 * (products + touched),
                "sram.byte_written": bits // 8 * (entries + touched),
            }
        )
