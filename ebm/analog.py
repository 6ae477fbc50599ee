"""Synapses on a simulated analog array."""

from __future__ import annotations

import numpy as np

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

    def weights(self) -> np.ndarray:
        return self.array.read()

    def program(self, weights: np.ndarray) -> None:
        self.array.program(weights)


def crossbar_synapses(config: ArrayConfig, seed: int = 0) -> SynapsesFactory:
    """A factory of analog synapses for a model: every array of the model gets its own noise.

    >>> from revpath.ebm import RBM, crossbar_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> RBM(16, synapses=crossbar_synapses(ArrayConfig(device="ideal"), seed=1))  # doctest: +SKIP
    """
    return lambda shape, array: CrossbarSynapses(Crossbar(shape, config, seed=seed, array=array))
