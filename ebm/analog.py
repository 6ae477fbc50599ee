"""Synapses on a simulated analog array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..devices.errors import RevpathError
from ..simulator import ArrayConfig, Crossbar, Events, Stream
from .synapses import SynapsesFactory, sample_units


class CrossbarSynapses:
    """Weights in an analog array: every multiplication is a noisy read, every update pulses on cells.

    Parameters
    ----------
    array: the crossbar that holds W (n_in, n_out); word lines are inputs.
    """

    def __init__(self, array: Crossbar) -> None:
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


def crossbar_synapses(config: ArrayConfig, seed: int = 0) -> SynapsesFactory:
    """A factory of analog synapses for a model: every array of the model gets its own noise.

    >>> from revpath.ebm import RBM, crossbar_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> model = RBM(16, synapses=crossbar_synapses(ArrayConfig(device="reram-sb-gong2018", weight_max=2.0), seed=1))
    """
    return CrossbarFactory((config,), seed)


def crossbar_synapses_by_array(configs: Sequence[ArrayConfig], seed: int = 0) -> SynapsesFactory:
    """The same for a model whose arrays differ: the n-th array is made of the n-th configuration."""
    return CrossbarFactory(tuple(configs), seed)


@dataclass(frozen=True)
class CrossbarFactory:
    """Makes the analog synapses of a model; a class rather than a closure, so that models pickle and clone."""

    configs: tuple[ArrayConfig, ...]
    seed: int

    def __call__(self, shape: tuple[int, int], array: int) -> CrossbarSynapses:
        if len(self.configs) != 1 and array >= len(self.configs):
            raise RevpathError(f"array = {array} has none of the {len(self.configs)} configurations: give one an array")
        config = self.configs[0] if len(self.configs) == 1 else self.configs[array]
        return CrossbarSynapses(Crossbar(shape, config, seed=self.seed, array=array))
