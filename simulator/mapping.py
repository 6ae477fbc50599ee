"""How a signed weight becomes the conductances of two cells: W proportional to G+ - G-.

A differential weight has two cells of its own. With an offset column, each weight is one cell, and all weights of a
word line share one reference cell as their G-: half the cells, twice the weight per siemens.

Cells live on the state coordinate of their device's pulse response (`revpath.devices.response`), where
g = g_min + (w - w_min) (g_max - g_min) / (w_max - w_min). `weight_max` is the weight of a full difference: one cell at
the top of its window, the other at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..devices import Device
from ..devices.response import IdealResponse, PulsedResponse
from .checks import is_number
from .errors import MappingError

Side = Literal["one-sided", "two-sided", "offset"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class WeightMapping:
    """The affine maps between weight, state and conductance of the two cells of a weight.

    Attributes
    ----------
    w_min, w_max : float
        state coordinate at the ends of the conductance window.
    g_min, slope : float
        conductance (S) at w_min, and siemens per unit of state.
    scale : float
        weight per unit of state difference.
    side : Side
        "two-sided" moves both cells about the middle of the window (needed to train in place); "one-sided" leaves one
        of them at g_min, which dissipates less; "offset" has one cell a weight about the middle of the window, and a
        reference cell there for each word line.
    """

    w_min: float
    w_max: float
    g_min: float
    slope: float
    scale: float
    side: Side

    @classmethod
    def of(cls, device: Device, weight_max: float, side: Side) -> WeightMapping:
        """The mapping of a device. MappingError: an unknown side, or a weight_max that is not positive and finite."""
        if side not in SIDES:
            raise MappingError(f"mapping = {side!r} must be one of {', '.join(map(repr, SIDES))}")
        if not is_number(weight_max) or weight_max <= 0:
            raise MappingError(f"weight_max = {weight_max!r} must be a positive and finite number")
        if not 1e-30 <= weight_max <= 1e30:
            raise MappingError(f"weight_max = {weight_max!r} must be from 1e-30 to 1e30, which float32 can hold")
        response = device.response
        w_min, w_max = (
            (response.w_min, response.w_max) if isinstance(response, PulsedResponse | IdealResponse) else (0.0, 1.0)
        )
        span = w_max - w_min
        slope = (device.window.g_max - device.window.g_min) / span
        scale = weight_max / span * (2 if side == "offset" else 1)
        return cls(w_min, w_max, device.window.g_min, slope, scale, side)

    @property
    def shared(self) -> bool:
        """True where the weights of a word line share one reference cell, their G-."""
        return self.side == "offset"

    @property
    def weight_max(self) -> float:
        return self.scale * (self.w_max - self.w_min) / (2 if self.shared else 1)

    @property
    def per_siemens(self) -> float:
        """Output of one siemens at x = 1, in units of weight."""
        return self.scale / self.slope

    @property
    def zero(self) -> tuple[float, float]:
        """Siemens of G+ and G- of a weight of zero."""
        plus, minus = self.conductances(self.states(np.zeros(1)))[0]
        return float(plus), float(minus)

    @property
    def floor(self) -> float:
        """The state at which the conductance is zero: nothing goes below it."""
        return self.w_min - self.g_min / self.slope

    def states(self, weights: np.ndarray) -> np.ndarray:
        """Target states (..., 2) of the cells G+ and G- for weights (...).

        Raises
        ------
        MappingError
            a weight is beyond weight_max; says how many are, and the largest.
        """
        self.check(weights)
        difference = np.asarray(weights, np.float64) / self.scale
        middle = 0.5 * (self.w_min + self.w_max)
        if self.shared:
            pair = [middle + difference, np.full_like(difference, middle)]
        elif self.side == "two-sided":
            pair = [middle + 0.5 * difference, middle - 0.5 * difference]
        else:
            pair = [self.w_min + np.maximum(difference, 0), self.w_min + np.maximum(-difference, 0)]
        return np.stack(pair, axis=-1)

    def check(self, weights: np.ndarray) -> None:
        """MappingError where a weight is beyond weight_max; says how many are, and the largest."""
        too_large = self.beyond(weights)
        if too_large.any():
            raise MappingError(
                f"{int(too_large.sum())} of {weights.size} weights are beyond weight_max = {self.weight_max:.6g} "
                f"(largest {float(np.max(np.abs(weights))):.6g}); raise weight_max, or program with clip=True"
            )

    def beyond(self, weights: np.ndarray) -> np.ndarray:
        """Which weights the window cannot hold, by more than float32 rounding."""
        return np.abs(weights) > self.weight_max * (1 + 1e-6)

    def weights(self, states: np.ndarray) -> np.ndarray:
        """Weights (...) of states (..., 2), float32."""
        return np.float32(self.scale) * (states[..., 0] - states[..., 1])

    def conductances(self, states: np.ndarray) -> np.ndarray:
        """Siemens of states, float64, never negative: a float32 state may lie a rounding below that of zero conductance."""
        return np.maximum(self.g_min + (np.asarray(states, np.float64) - self.w_min) * self.slope, 0.0)

    def to_state(self, conductances: np.ndarray) -> np.ndarray:
        return self.w_min + (conductances - self.g_min) / self.slope
