"""A digital copy of the weights learns, and the array is programmed after it by write-verify."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ...devices.base.product import product
from ..errors import ArrayError
from ..programming.report import ProgrammingReport
from ..programming.write_verify import WriteVerify
from .contract import PulsedArray, RuleConfig, RuledArray, Training
from .gathering import count_accumulation
from .site import Site


class WriteVerifiedCopyConfig(RuleConfig):
    """Parameters of `WriteVerifiedCopy`.

    Attributes
    ----------
    scheme : WriteVerify, optional
        how cells are programmed; None for open loop.
    program_every : int
        calls of `update` (mini-batches) between two programmings of the whole array.
    """

    title: ClassVar[str] = "write-verified copy"
    rank: ClassVar[int] = 70
    training: ClassVar[Training] = "digital training"
    rule: Literal["write-verified-copy"] = "write-verified-copy"
    scheme: WriteVerify | None = WriteVerify()
    program_every: int = Field(default=1, ge=1)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """Programmed after each gradient, to 1 % of the window."""
        scheme = WriteVerify(tolerance=0.01, max_pulses=100, policy="adaptive")
        return cls(program_every=updates_per_gradient, scheme=scheme)

    def ruled(self, shape: tuple[int, int], site: Site) -> WriteVerifiedCopy:
        return WriteVerifiedCopy(site.arranged(shape), self)


class WriteVerifiedCopy(RuledArray):
    """copy <- copy + rate x^T d in digital memory, cut to the window; every so often the array is programmed to it.

    The array computes, the copy remembers: the most digital memory and the most looking of all rules, and the only one for
    cells whose pulse response is not known. Cells that are within the tolerance are read, but not pulsed.

    Counted beside reads and programming: for each product of an x and a d that are not 0 a multiplication, an addition, a
    comparison with the window, and a read and a write of the copy; for each programming a read of the copy.

    Parameters
    ----------
    array : PulsedArray
        a `Crossbar` or what is programmed like one.
    config : WriteVerifiedCopyConfig, optional
        see there.

    Attributes
    ----------
    copy
        (rows, columns) float32.
    cut_weights
        how often an update would have taken a weight beyond weight_max, and was cut.
    report
        of the last programming; None before the first.
    """

    def __init__(self, array: PulsedArray, config: WriteVerifiedCopyConfig | None = None) -> None:
        super().__init__(array)
        self.options = config or WriteVerifiedCopyConfig()
        try:
            self._limit = np.float32(array.mapping.weight_max)
        except AttributeError:
            raise ArrayError(f"array = {type(array).__name__} has no mapping: this rule must know weight_max") from None
        self.cut_weights = 0
        self.report: ProgrammingReport | None = None
        self._forget(array.read())

    def program(self, weights: np.ndarray, **how: Any) -> ProgrammingReport:
        """Store weights (rows, columns) in the copy and in the array, by the scheme of the rule if no other is given."""
        how.setdefault("scheme", self.options.scheme)
        self.report = super().program(weights, **how)
        return self.report

    def _forget(self, weights: np.ndarray) -> None:
        self.copy = np.clip(weights, -self._limit, self._limit)
        self._calls = 0

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        moved = self.copy + np.float32(rate) * product(x.T, d)
        self.copy = np.clip(moved, -self._limit, self._limit)
        self.cut_weights += int(np.count_nonzero(moved != self.copy))
        count_accumulation(self, x, d)
        self._count({"digital.compare": int(np.count_nonzero(x, axis=1) @ np.count_nonzero(d, axis=1))})
        self._calls += 1
        if self._calls % self.options.program_every == 0:
            self._count_traffic(read=self.copy.size, written=0)
            self.report = self.array.program(self.copy, scheme=self.options.scheme)
