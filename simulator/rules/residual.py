"""Residual learning over several arrays: each learns what those before it were too coarse for, and none is digital."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ..arrays.crossbar import Crossbar
from ..arrays.rows import forward_rows, update_rows
from ..arrays.tiles import TiledCrossbar
from ..errors import ArrayError
from ..programming.report import ProgrammingReport
from .contract import RuleConfig, RuledArray, weight_granularity
from .site import Site
from .transfer import read_lines


class ResidualLearningConfig(RuleConfig):
    """Parameters of `ResidualLearning`; defaults after the authors' script for LeNet-5 (their `Mnist_LeNet5.py`).

    Attributes
    ----------
    n_arrays : int
        arrays of the size of W, from the coarsest on; at least 2. (The script has up to 7, and calls them tiles.)
    gamma : float
        weight of an array, as a share of that of the array before it.
    transfer_every : int
        calls of `update` (mini-batches) between two transfers from the last array.
    spacing : int
        how many times rarer transfers are from each array before it.
    transfer_lr : float
        rate of the transfers into the first array, absolute.
    transfer_growth : float
        how many times larger it is into each array after it.
    n_reads_per_transfer : int, optional
        word lines that are read in one transfer, one after another; None for all.
    warm_start : int
        calls of `update` for which the last array writes directly to the first, then for as many to the second, and so
        on; transfers from each to the one before it begin after that. The authors go on when the loss stops falling,
        which an array does not know. 0 for no such phase.
    """

    title: ClassVar[str] = "residual learning"
    rank: ClassVar[int] = 67
    rule: Literal["residual"] = "residual"
    n_arrays: int = Field(default=3, ge=2, le=16)
    gamma: float = Field(default=0.5, gt=0, lt=1)
    transfer_every: int = Field(default=2, ge=1)
    spacing: int = Field(default=5, ge=1)
    transfer_lr: float = Field(default=0.1, gt=0)
    transfer_growth: float = Field(default=1.2, gt=0)
    n_reads_per_transfer: int | None = Field(default=1, ge=1)
    warm_start: int = Field(default=0, ge=0)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """Whole arrays are transferred, since runs are short, and rarely: each must settle before it is handed on."""
        return cls(transfer_every=20 * updates_per_gradient, n_reads_per_transfer=None)

    def ruled(self, shape: tuple[int, int], site: Site) -> ResidualLearning:
        return ResidualLearning([site.arranged(shape, weight_slice=n) for n in range(self.n_arrays)], self)


class ResidualLearning(RuledArray):
    r"""W is a sum of arrays of falling weight, of which the last learns, and each is written into the one before it.

    .. math:: W = \sum_{n=0}^{N} \gamma^n W^{(n)}

    Each outer product is given to the last array by stochastic pulses at the rate of the update. Then, every so often, a word
    line k of array n + 1 is read, and :math:`W_k^{(n)} \leftarrow W_k^{(n)} + \beta_n W_k^{(n+1)}` by stochastic pulses. Since
    gradients are those of the sum, each array settles on what those before it leave over. J. Li, Wu, Liu, Gokmen and Chen,
    "In-memory training on analog devices with limited conductance states via multi-tile residual learning", arXiv 2510.02516
    (2025): the abstract was read, and the authors' program (github.com/kdhhewuciedu/AIMC, rpu_transfer_device.cpp), which
    says what the recursion is; the paper's theory was not.

    No number is kept in digital memory for any weight; the price is N + 1 arrays, all of which every product reads.

    Counted beside reads (those of transfers included) and pulses: for each output of a product, N multiplications and N
    additions.

    Parameters
    ----------
    arrays : sequence of Crossbar or TiledCrossbar
        of one shape, from the coarsest on.
    options : ResidualLearningConfig, optional
        see there.

    Attributes
    ----------
    arrays : sequence of Crossbar or TiledCrossbar
        the same, the first also as `array`.

    Raises
    ------
    ArrayError
        as many arrays as `options` says are needed; of one shape; with pulses; or more reads in a transfer than rows.
    """

    array: Crossbar | TiledCrossbar

    def __init__(
        self, arrays: Sequence[Crossbar | TiledCrossbar], options: ResidualLearningConfig | None = None
    ) -> None:
        self.options = options or ResidualLearningConfig()
        self.arrays = list(arrays)
        if len(self.arrays) != self.options.n_arrays or len({each.shape for each in self.arrays}) != 1:
            raise ArrayError(
                f"arrays = {[getattr(each, 'shape', each) for each in self.arrays]} must be {self.options.n_arrays} of one shape"
            )
        super().__init__(self.arrays[0])
        for each in self.arrays:
            weight_granularity(each)  # refuses what has no pulses
        self._reads = self.options.n_reads_per_transfer or self.shape[0]
        if self._reads > self.shape[0]:
            raise ArrayError(
                f"n_reads_per_transfer = {self._reads} must be at most the {self.shape[0]} rows of the array"
            )
        self._shares = [np.float32(self.options.gamma**n) for n in range(len(self.arrays))]
        self._begin()

    @property
    def parts(self) -> Sequence[Crossbar | TiledCrossbar]:
        return self.arrays

    def _begin(self) -> None:
        self._calls = 0
        self._next_row = [0] * len(self.arrays)  # of each array, to be transferred

    # -- W ----------------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray, **how: Any) -> ProgrammingReport:
        """Store weights (rows, columns) in the first array, and zeros in the others; the report is that of the first."""
        for each in self.arrays[1:]:
            each.program(np.zeros(self.shape, np.float32), **how)
        return super().program(weights, **how)

    def _forget(self, weights: np.ndarray) -> None:
        self._begin()

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the arrays show, without read noise: a diagnostic that no hardware has."""
        return self._summed([each.read() for each in self.arrays])

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32."""
        return self._joined([each.forward(x) for each in self.arrays])

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32."""
        return self._joined([each.backward(d) for each in self.arrays])

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows of W that are listed, (batch, columns) float32."""
        return self._joined([forward_rows(each, rows) for each in self.arrays])

    def _joined(self, outputs: list[np.ndarray]) -> np.ndarray:
        n = (len(outputs) - 1) * outputs[0].size
        self._count({"digital.multiply": n, "digital.add": n})
        return self._summed(outputs)

    def _summed(self, terms: list[np.ndarray]) -> np.ndarray:
        """The first and shares of the others, float32."""
        total = terms[0].copy()
        for share, term in zip(self._shares[1:], terms[1:], strict=True):
            total += share * term
        return total

    def calibrate(
        self, x: np.ndarray, *, transposed: bool = False, percentile: float | tuple[float, float] = 99.9
    ) -> float:
        """Set the range of the ADCs of one direction of all arrays from what inputs x give the first."""
        y_max = super().calibrate(x, transposed=transposed, percentile=percentile)
        self.set_range(y_max, y_min=self.adc(transposed=transposed).y_min, transposed=transposed)
        return y_max

    def set_range(self, y_max: float, *, y_min: float | None = None, transposed: bool = False) -> None:
        """Give the ADCs of one direction of all arrays a range, see `Crossbar.set_range`."""
        for each in self.arrays:
            each.set_range(y_max, y_min=y_min, transposed=transposed)

    # -- update -----------------------------------------------------------------------------------------------------

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.arrays[-1].update(x, d, rate)
        self._after_update()

    def _update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        update_rows(self.arrays[-1], rows, d, rate)
        self._after_update()

    def _after_update(self) -> None:
        """The transfers that are due after a call of `update`."""
        self._calls += 1
        options, last = self.options, len(self.arrays) - 1
        phase = (self._calls - 1) // options.warm_start if options.warm_start else last
        if phase < last:
            if self._calls % options.transfer_every == 0:
                self._transfer(last, phase)
            return
        for source in range(last, 0, -1):
            if self._calls % (options.transfer_every * options.spacing ** (last - source)) == 0:
                self._transfer(source, source - 1)

    def _transfer(self, source: int, target: int) -> None:
        """Read the next word lines of one array, and add them, at the rate of the target, to another."""
        rate = self.options.transfer_lr * self.options.transfer_growth**target
        start = self._next_row[source]
        lines = (start + np.arange(self._reads)) % self.shape[0]
        drive = self.arrays[source].config.dac.x_max
        for part in (
            lines[lines >= start],
            lines[lines < start],
        ):  # the lines until the last, and those from the first on
            if part.size:
                values = read_lines(self.arrays[source], slice(int(part[0]), int(part[-1]) + 1), drive)
                update_rows(self.arrays[target], part, values, rate)
        self._next_row[source] = (start + self._reads) % self.shape[0]
