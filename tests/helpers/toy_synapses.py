"""Synapses that keep the contract and nothing beside it: what a user would write, without base class, rows or tables."""

from contextlib import contextmanager

import numpy as np

from revpath.ebm import DigitalSynapses
from revpath.simulator import Events


class ToySynapses:
    """A float64 matrix that counts its calls."""

    def __init__(self, shape: tuple[int, int], array: int = 0) -> None:
        self.shape = shape
        self.array = array
        self._w = np.zeros(shape)
        self._events: dict[str, int] = {}

    @property
    def events(self) -> Events:
        return Events(self._events)

    def _count(self, n: int) -> None:
        self._events["toy.product"] = self._events.get("toy.product", 0) + n

    def forward(self, x):
        self._count(len(x))
        return (np.asarray(x, float) @ self._w).astype(np.float32)

    def backward(self, d):
        self._count(len(d))
        return (np.asarray(d, float) @ self._w.T).astype(np.float32)

    def sample(self, x, bias, units, *, transposed=False):
        ideal = DigitalSynapses(self.shape)
        ideal.program(self.weights())
        self._count(len(x))
        return ideal.sample(x, bias, units, transposed=transposed)

    def update(self, x, d, rate):
        self._count(len(x))
        self._w += rate * np.asarray(x, float).T @ np.asarray(d, float)

    @contextmanager
    def aside(self):
        events = dict(self._events)
        yield
        self._events = events

    def weights(self):
        return self._w.astype(np.float32)

    def program(self, weights):
        self._w = np.array(weights, float)
