"""Mixed precision: gradients are gathered digitally, and pulses sent where a whole step has come together."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ...devices.base.product import product
from ..errors import ArrayError
from ..noise.streams import Stream
from .contract import PulsedArray, RuleConfig, RuledArray, Training, weight_granularity
from .gathering import count_accumulation
from .site import Site


class MixedPrecisionConfig(RuleConfig):
    """Parameters of `MixedPrecision`, with the names and defaults of aihwkit's MixedPrecisionCompound.

    Attributes
    ----------
    transfer_every : int
        calls of `update` (mini-batches) between two transfers to the array. A model that calls it twice for a gradient,
        once for each of its signs, saves pulses with 2.
    n_rows_per_transfer : int, optional
        word lines that one transfer serves, in turn; None for all. (aihwkit's are rows of its matrix, which are our bit
        lines.)
    granularity : float, optional
        change of a weight that one pulse is taken to make; None for that of the nominal cell.
    n_x_bins, n_d_bins : int
        bins to which x and d are quantised before they are multiplied, each row symmetrically about 0 up to its largest
        magnitude; 0 for no quantisation.
    stoc_round : bool
        round to bins by chance, so that the mean is right.
    """

    title: ClassVar[str] = "mixed precision"
    rank: ClassVar[int] = 30
    training: ClassVar[Training] = "digital training"
    rule: Literal["mixed-precision"] = "mixed-precision"
    transfer_every: int = Field(default=1, ge=1)
    n_rows_per_transfer: int | None = Field(default=None, ge=1)
    granularity: float | None = Field(default=None, gt=0)
    n_x_bins: int = Field(default=0, ge=0)
    n_d_bins: int = Field(default=0, ge=0)
    stoc_round: bool = True

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """One transfer for each gradient."""
        return cls(transfer_every=updates_per_gradient)

    def ruled(self, shape: tuple[int, int], site: Site) -> MixedPrecision:
        return MixedPrecision(site.arranged(shape), self, seed=site.seed, number=site.array)


class MixedPrecision(RuledArray):
    """chi <- chi + rate x^T d in digital memory; then n = trunc(chi / granularity) pulses, and chi <- chi - n granularity.

    Nandakumar et al., "Mixed-precision deep learning based on computational memory", Front. Neurosci. 14:406 (2020); the
    recursion as in aihwkit's rpu_mixedprec_device.cpp, which sends after the first product of the next mini-batch, and its n
    pulses by stochastic trains: the tests show both. The pulses are blind: what a cell really does is not looked at.

    Counted beside reads and pulses: for each product of an x and a d that are not 0 a multiplication, an addition, and
    a read and a write of chi; for each transfer, a read of chi and a comparison for each weight, and a subtraction and a
    write where pulses are sent. Quantisation costs a largest magnitude, a division and, by chance, random bits.

    Parameters
    ----------
    array : PulsedArray
        what is pulsed.
    config : MixedPrecisionConfig, optional
        see there.
    seed, number : int
        of the random rounding.

    Attributes
    ----------
    chi
        (rows, columns) float32, in granularities: what has not been sent yet.

    Raises
    ------
    ArrayError
        the array has no pulses; or one bin, or more rows in a transfer than there are.
    """

    array: PulsedArray

    def __init__(
        self, array: PulsedArray, config: MixedPrecisionConfig | None = None, *, seed: int = 0, number: int = 0
    ) -> None:
        super().__init__(array)
        self.options = config or MixedPrecisionConfig()
        self.granularity = weight_granularity(array) if self.options.granularity is None else self.options.granularity
        rows = self.options.n_rows_per_transfer
        if rows is not None and rows > self.shape[0]:
            raise ArrayError(f"n_rows_per_transfer = {rows} must be at most the {self.shape[0]} rows of the array")
        for name in ("n_x_bins", "n_d_bins"):
            if getattr(self.options, name) == 1:
                raise ArrayError(f"{name} = 1 must be 0 or at least 2: there is one bin on either side of 0, or none")
        self._rounding = Stream(seed, "mixed-precision rounding", number)
        self._forget(np.zeros(self.shape, np.float32))

    def _forget(self, weights: np.ndarray) -> None:
        self.chi = np.zeros(self.shape, np.float32)
        self._calls = self._next_row = 0

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        x = self._quantised(x, self.options.n_x_bins)
        d = self._quantised(d, self.options.n_d_bins)
        self.chi += np.float32(rate / self.granularity) * product(x.T, d)
        count_accumulation(self, x, d)
        self._calls += 1
        if self._calls % self.options.transfer_every == 0:
            self._transfer()

    def _transfer(self) -> None:
        rows = self.options.n_rows_per_transfer or self.shape[0]
        served = (self._next_row + np.arange(rows)) % self.shape[0]
        self._next_row = (self._next_row + rows) % self.shape[0]
        counts = np.zeros(self.shape, np.int64)
        counts[served] = np.trunc(self.chi[served])
        self.chi -= counts.astype(np.float32)
        looked_at, sent = rows * self.shape[1], int(np.count_nonzero(counts))
        self._count({"digital.compare": looked_at, "digital.add": sent})
        self._count_traffic(read=looked_at, written=sent)
        if sent:
            self.array.pulse(counts)

    def _quantised(self, values: np.ndarray, bins: int) -> np.ndarray:
        if not bins:
            return values
        width = np.abs(values).max(axis=1, keepdims=True) / np.float32(bins // 2)
        width[width == 0] = 1
        chance = self._rounding.uniforms(values.shape) - np.float32(0.5) if self.options.stoc_round else np.float32(0)
        codes = np.clip(np.rint(values / width + chance), -(bins // 2), bins // 2)
        self._count({"digital.compare": values.size, "digital.divide": values.size})
        if self.options.stoc_round:
            self._count({"random.bit": 16 * values.size, "digital.add": values.size})
        return (codes * width).astype(np.float32)
