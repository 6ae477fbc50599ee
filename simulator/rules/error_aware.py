"""Error-aware probabilistic updates (EaPU): few weights are written, and those by more than writing errs."""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...devices.base.product import product
from ...devices.response.pulsed import PulsedResponse
from ..noise.streams import Stream
from .contract import PulsedArray, RuleConfig, RuledArray, Training, weight_granularity
from .gathering import count_accumulation, listed_rows, touched_rows
from .site import Site

_CHANCE_BITS = 16  # of the random number of a weight


class ErrorAwareUpdatesConfig(RuleConfig):
    """Parameters of `ErrorAwareUpdates`.

    Attributes
    ----------
    threshold : float, optional
        the smallest change that is written, in weights; None for what `signal_to_noise` asks of the device.
    signal_to_noise : float
        mean change over its standard deviation that a write must have at least, where `threshold` is None.
    """

    title: ClassVar[str] = "error-aware updates"
    rank: ClassVar[int] = 28
    training: ClassVar[Training] = "digital gradient"
    rule: Literal["error-aware"] = "error-aware"
    threshold: float | None = Field(default=None, gt=0)
    signal_to_noise: float = Field(default=1.0, ge=0)

    def ruled(self, shape: tuple[int, int], site: Site) -> ErrorAwareUpdates:
        return ErrorAwareUpdates(site.arranged(shape), self, seed=site.seed, number=site.array)


class ErrorAwareUpdates(RuledArray):
    r"""The change of a weight, D = rate (x^T d) of a batch, is written as a multiple of a threshold T, right in the mean.

    With u uniform on (0, 1), for each weight anew:

    .. math:: W \leftarrow W + T \,\mathrm{sign}(D) \lfloor |D| / T + u \rfloor

    so that a change below T is written as T with probability \|D\| / T, and else not at all. J. Liu et al., the error-aware
    probabilistic update, Nat. Commun. (2025), s41467-025-66240-7, which updates weights "based
    on a specified probability derived from device writing noise" (its abstract, and figure 5, are what was read of it). How
    the noise gives the threshold is thus ours: the fewest pulses n whose mean n step is `signal_to_noise` times their standard
    deviation, sqrt(n) step_noise step. Write noise of the device takes no part in it: it is not left in the state.

    Nothing is kept between two updates. D is formed in digital lanes all the same, and is as large as W.

    Counted beside pulses: what `gathering.count_accumulation` says; then, for each weight of a word line that is driven, 16
    random bits, a multiplication (by 1 / T), an addition and a comparison, and a read of D.

    Parameters
    ----------
    array : PulsedArray
        what is pulsed.
    config : ErrorAwareUpdatesConfig, optional
        see there.
    seed, number : int
        of the chance.

    Attributes
    ----------
    pulses
        that make the threshold, a positive integer.
    threshold
        T, in weights.
    """

    array: PulsedArray

    def __init__(
        self, array: PulsedArray, config: ErrorAwareUpdatesConfig | None = None, *, seed: int = 0, number: int = 0
    ) -> None:
        super().__init__(array)
        self.options = config or ErrorAwareUpdatesConfig()
        granularity = weight_granularity(array)
        self.pulses = self._pulses_of_a_write(array, granularity)
        self.threshold = self.pulses * granularity
        self._chance = Stream(seed, "error-aware updates", number)

    def _pulses_of_a_write(self, array: PulsedArray, granularity: float) -> int:
        if self.options.threshold is not None:
            return max(1, round(self.options.threshold / granularity))
        assert isinstance(array.device.response, PulsedResponse)
        noise = getattr(array.device.response, "step_noise", None) or 0.0  # None is not known, and taken as zero
        return max(1, ceil((self.options.signal_to_noise * noise) ** 2))

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self._write(*touched_rows(x), d, rate)

    def _update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        self._write(*listed_rows(rows), d, rate)

    def _write(self, rows: np.ndarray, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Write the change of the word lines `rows` (touched,), whose inputs are x (batch, touched)."""
        change = np.float32(rate / self.threshold) * product(x.T, d)
        writes = np.floor(np.abs(change) + self._chance.uniforms(change.shape)).astype(np.int64)
        count_accumulation(self, x, d)
        n = change.size
        self._count({"random.bit": _CHANCE_BITS * n, "digital.multiply": n, "digital.add": n, "digital.compare": n})
        self._count_traffic(read=n, written=0)
        if writes.any():
            counts = np.zeros(self.shape, np.int64)
            counts[rows] = self.pulses * writes * np.sign(change).astype(np.int64)
            self.array.pulse(counts)
