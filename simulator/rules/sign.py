"""Sign pulses, the Manhattan rule: the direction of a change is kept, its size is that of a pulse."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ..errors import ArrayError
from ..noise.streams import Stream
from .contract import FiringArray, RuleConfig, RuledArray, weight_granularity
from .site import Site

_CHANCE_BITS = 16  # of the random number that decides on the last pulse


class SignPulsesConfig(RuleConfig):
    """Parameters of `SignPulses`.

    Attributes
    ----------
    threshold : float
        inputs and errors below this share of the largest of their sample count as 0, from 0 to below 1.
    """

    title: ClassVar[str] = "sign pulses"
    rank: ClassVar[int] = 25
    rule: Literal["sign"] = "sign"
    threshold: float = Field(default=0.0, ge=0, lt=1)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """Half of the largest, where each phase of a gradient comes alone: probabilities, of which none is negative."""
        return cls(threshold=0.5) if updates_per_gradient > 1 else cls()

    def ruled(self, shape: tuple[int, int], site: Site) -> SignPulses:
        return SignPulses(site.arranged(shape), self, seed=site.seed, number=site.array)


class SignPulses(RuledArray):
    """W <- W + rate sign(x)^T sign(d), for one outer product after another, by as many pulses on each weight.

    The Manhattan rule in its stochastic form, in which all weights take their pulses at once: Zamanidoost, Bayat, Strukov and
    Kataeva, "Manhattan rule training for memristive crossbar circuit pattern classifiers", IEEE WISP 2015
    (doi:10.1109/WISP.2015.7139171). Pulses of one
    amplitude and no numbers to keep: a line fires or does not. What is not known any more is how large a change was to be, so
    the rate must be small where the signs of many samples do not agree.

    A change of `rate` is rate / granularity pulses, at most `longest_train`: the whole ones, and one more by chance, so that
    the mean is right. The chance is one for all weights of an outer product, so that lines can fire together.

    Counted beside pulses: 16 random bits and a comparison for each outer product, and with a threshold a comparison for each
    entry of x and d.

    Parameters
    ----------
    array : FiringArray
        a `Crossbar`, or a `TiledCrossbar`, whose tiles fire in step.
    config : SignPulsesConfig, optional
        see there.
    seed, number : int
        of the chance.
    """

    array: FiringArray

    def __init__(
        self, array: FiringArray, config: SignPulsesConfig | None = None, *, seed: int = 0, number: int = 0
    ) -> None:
        if not isinstance(array, FiringArray):
            raise ArrayError(f"array = {type(array).__name__} cannot fire its lines together: this rule needs that")
        super().__init__(array)
        self.options = config or SignPulsesConfig()
        self.granularity = weight_granularity(array)
        self._chance = Stream(seed, "sign pulses", number)

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        pulses = min(rate / self.granularity, float(self.config.longest_train))
        slots = np.floor(pulses + self._chance.uniforms(len(x)).astype(np.float64)).astype(np.int64)
        self._count({"random.bit": _CHANCE_BITS * len(x), "digital.compare": len(x)})
        words, bits = self._signs(x), self._signs(d)
        for n, word, bit in zip(slots, words, bits, strict=True):
            if n and word.any() and bit.any():
                self.array.fire(n * word, n * bit, int(n))

    def _signs(self, values: np.ndarray) -> np.ndarray:
        """-1, 0 or 1 (batch, lines) int64: the sign of what is large enough."""
        signs = np.sign(values).astype(np.int64)
        if self.options.threshold:
            largest = np.abs(values).max(axis=1, keepdims=True)
            signs[np.abs(values) < np.float32(self.options.threshold) * largest] = 0
            self._count({"digital.compare": values.size})
        return signs
