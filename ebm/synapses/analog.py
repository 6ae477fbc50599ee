"""Synapses on a simulated analog array: one crossbar, or several that act as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ...devices.base.errors import RevpathError
from ...simulator import ArrayConfig, Crossbar, Events, Stream
from ...simulator.arrays.operator import checked_sizes
from ...simulator.arrays.parts import AnalogArray
from ...simulator.arrays.tiles import TiledCrossbar
from .contract import SynapsesFactory, sample_units


class CrossbarSynapses:
    """Weights in an analog array: every multiplication is a noisy read, every update pulses on cells.

    Parameters
    ----------
    array: what holds W (n_in, n_out), word lines being inputs: a `Crossbar`, a `TiledCrossbar`, a `SlicedCrossbar` (which
        reads but cannot be updated), or anything else that keeps the contract of `AnalogArray`.
    """

    def __init__(self, array: AnalogArray) -> None:
        self.array = array
        self._digital = Events()

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape

    @property
    def events(self) -> Events:
        return self.array.events + self._digital

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.array.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        return self.array.backward(d)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        p, states, done = sample_units(self.backward(x) if transposed else self.forward(x), bias, units)
        self._digital += done
        return p, states

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.array.update(x, d, rate)

    @contextmanager
    def aside(self) -> Iterator[None]:
        digital = self._digital
        with self.array.aside():
            try:
                yield
            finally:
                self._digital = digital

    def weights(self) -> np.ndarray:
        return self.array.read()

    def program(self, weights: np.ndarray) -> None:
        self.array.program(weights)


def crossbar_synapses(config: ArrayConfig, seed: int = 0, tile: tuple[int, int] | None = None) -> SynapsesFactory:
    """A factory of analog synapses for a model: every array of the model gets its own noise.

    Parameters
    ----------
    config: what the arrays are made of. With tiles, the range of its ADC is that of a tile's partial sums. A range that is to be
        "calibrated" is found by the first batch ("auto"): a model has no moment at which it could be calibrated.
    seed: root seed of all noise.
    tile: the largest array that can be had, (rows, columns); larger weights go to a grid of tiles. None: any size.

    >>> from revpath.ebm import RBM, crossbar_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> config = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0)
    >>> model = RBM(16, synapses=crossbar_synapses(config, seed=1, tile=(256, 256)))
    """
    return CrossbarFactory((config,), seed, tile)


def crossbar_synapses_by_array(
    configs: Sequence[ArrayConfig], seed: int = 0, tile: tuple[int, int] | None = None
) -> SynapsesFactory:
    """The same for a model whose arrays differ: the n-th array is made of the n-th configuration."""
    return CrossbarFactory(tuple(configs), seed, tile)


@dataclass(frozen=True)
class CrossbarFactory:
    """Makes the analog synapses of a model; a class rather than a closure, so that models pickle and clone.

    Raises
    ------
    ArrayError: `tile` is neither None nor two positive integers.
    """

    configs: tuple[ArrayConfig, ...]
    seed: int
    tile: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.tile is not None:
            object.__setattr__(self, "tile", checked_sizes(self.tile, "tile"))

    def __call__(self, shape: tuple[int, int], array: int) -> CrossbarSynapses:
        if len(self.configs) != 1 and array >= len(self.configs):
            raise RevpathError(f"array = {array} has none of the {len(self.configs)} configurations: give one an array")
        config = (self.configs[0] if len(self.configs) == 1 else self.configs[array]).self_ranging()
        if self.tile is None:
            return CrossbarSynapses(Crossbar(shape, config, seed=self.seed, array=array))
        return CrossbarSynapses(TiledCrossbar(shape, config, tile=self.tile, seed=self.seed, array=array))
