"""The response laws as a fit sees them: a shape on the coordinate of one device, and what it becomes as a response.

The coordinate v of a device is linear in its conductance: -1 at the least and +1 at the largest that its traces show. A
law gives the change by a pulse, in units of the device's own scale of up or of down pulses: u(v) and d(v), positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..response.pulsed import Noise
from .kernels import CONSTANT, EXPONENTIAL, LINEAR, POWER, SOFT, TABLE

FARTHEST = 1.5  # soft bounds may lie this far out, where +-1 is what the traces show
NODES = 7  # of a table
Shape = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Parameter:
    """A shape parameter: where the search starts, and between which limits it stays."""

    name: str
    start: float
    low: float
    high: float


@dataclass(frozen=True)
class TraceLaw:
    """A candidate.

    Attributes
    ----------
    law : str
        of the response that it becomes.
    noise : Noise
        from cycle to cycle.
    rank : int
        simpler laws have a lower one.
    parameters : tuple[Parameter, ...]
        of its
    shape. steps: (v, q) -> u, d, with q (parameters, ...) broadcast against v. bounds: q -> the lowest and highest v.
    kernel : int
        what `trace_kernels` calls the shape.
    """

    law: str
    noise: Noise
    rank: int
    parameters: tuple[Parameter, ...]
    steps: Shape
    bounds: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    kernel: int

    @property
    def own_bounds(self) -> bool:
        """Whether its shape says where its bounds are; else they are what the traces show."""
        return self.bounds is _fitted

    def kernel_shape(self, q: np.ndarray) -> np.ndarray:
        """Rows of shape parameters (rows, parameters) as the kernel takes them."""
        return np.concatenate(table_nodes(q.T)).T if self.kernel == TABLE else q

    @property
    def name(self) -> str:
        return f"{self.law}, {self.noise} noise"


def _seen(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds at what the traces show."""
    one = np.ones(q.shape[1:])
    return -one, one


def _fitted(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds that the first two parameters say."""
    return -q[1], q[0]


def _constant(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one = np.ones_like(v)
    return one, one


def _soft(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 1 - v / q[0], 1 + v / q[1]


def _linear(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 1 - q[0] * v, 1 + q[1] * v


def _power(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    place = np.clip((v + q[1]) / (q[0] + q[1]), 1e-12, 1 - 1e-12)
    return (1 - place) ** q[2], place ** q[3]


def _exponential(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q[0], q[1] is what a step has lost at the bound that it moves to; q[2], q[3] how steeply."""
    up, down = 1 - q[0] * np.exp(q[2] * (v - 1)), 1 - q[1] * np.exp(-q[3] * (v + 1))
    return np.maximum(up, 0.0), np.maximum(down, 0.0)


def _table(v: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q: logarithms of the nodes; the middle one of either side is 1, since the scale is the device's."""
    place = np.clip((v + 1) * (NODES - 1) / 2, 0.0, NODES - 1 - 1e-9)
    left = place.astype(int)
    share = place - left
    found = []
    for nodes in table_nodes(q):
        nodes = np.broadcast_to(nodes, (NODES, *v.shape))
        low, high = (np.take_along_axis(nodes, (left + k)[None], axis=0)[0] for k in (0, 1))
        found.append((1 - share) * low + share * high)
    return found[0], found[1]


def table_nodes(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (NODES, ...) of the up and of the down steps, from lowest to highest v."""
    half, free = NODES // 2, NODES - 1
    sides = []
    for side in (q[:free], q[free:]):
        sides.append(np.exp(np.concatenate([side[:half], np.zeros((1, *q.shape[1:])), side[half:]])))
    return sides[0], sides[1]


_BOUNDS = (Parameter("top", 1.1, 0.9, FARTHEST), Parameter("bottom", 1.1, 0.9, FARTHEST))
_SLOPES = tuple(Parameter(f"gamma_{way}", 0.5, -2.0, 1.2) for way in ("up", "down"))
_POWERS = (*_BOUNDS, *(Parameter(f"gamma_{way}", 1.0, 0.02, 8.0) for way in ("up", "down")))
_LOSSES = tuple(Parameter(f"loss_{way}", 0.5, -3.0, 3.0) for way in ("up", "down"))
_STEEPNESS = tuple(Parameter(f"gamma_{way}", 2.0, 0.2, 20.0) for way in ("up", "down"))
_LOGS = tuple(
    Parameter(f"log_{way}_{k}", 0.0, -5.0, 3.0) for way in ("up", "down") for k in range(NODES) if k != NODES // 2
)
LAWS: tuple[TraceLaw, ...] = (
    TraceLaw("constant-step", "multiplicative", 0, (), _constant, _seen, CONSTANT),
    TraceLaw("soft-bounds", "additive", 1, _BOUNDS, _soft, _fitted, SOFT),
    TraceLaw("linear-step", "additive", 2, _SLOPES, _linear, _seen, LINEAR),
    TraceLaw("linear-step", "multiplicative", 2, _SLOPES, _linear, _seen, LINEAR),
    TraceLaw("power-step", "additive", 3, _POWERS, _power, _fitted, POWER),
    TraceLaw("power-step", "multiplicative", 3, _POWERS, _power, _fitted, POWER),
    TraceLaw("exponential-step", "multiplicative", 4, (*_LOSSES, *_STEEPNESS), _exponential, _seen, EXPONENTIAL),
    TraceLaw("table-step", "additive", 5, _LOGS, _table, _seen, TABLE),
    TraceLaw("table-step", "multiplicative", 5, _LOGS, _table, _seen, TABLE),
)
