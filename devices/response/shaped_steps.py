"""Steps of any shape: an exponential, which fits abrupt filaments and crystallisation, and a table of measurements."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..laws.fields import Ratio
from .pulsed import CellParameters, SpreadResponse, quotient


class ExponentialStep(SpreadResponse):
    """Steps with an exponential in the state.

    z = 2 a w / (b_max - b_min) + b;  up: dw = s_up max(1 - A_up exp(gamma_up z), 0),
    down: dw = -s_down max(1 - A_down exp(-gamma_down z), 0)

    with noise c |dw| xi, or, where noise_floor or noise_slope is given, c (|dw| + noise_floor + noise_slope |w|) xi, which
    leaves fluctuations where steps have died out. Granularity: the mean of the up and the down step at w = 0. (aihwkit's
    ExpStepDevice averages the down step with itself: 1.991e-3 in place of 1.736e-3 for its ReRAM, 0.0324 in place of 0.157
    for its PCM. T3 of the reference notes; the tests hold both.)
    """

    law: Literal["exponential-step"] = "exponential-step"
    amplitude_up: Ratio
    amplitude_down: Ratio
    gamma_up: Ratio
    gamma_down: Ratio
    a: Ratio
    b: Ratio
    noise: Literal["multiplicative"] = "multiplicative"
    noise_floor: Ratio = Field(default=0.0, ge=0)
    noise_slope: Ratio = Field(default=0.0, ge=0)

    @property
    def granularity(self) -> float:
        here = np.zeros(())
        middle = float(self.mean_up(here) - self.mean_down(here)) / 2
        return middle if middle > 0 else self.step

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return self._step(w, cells, cells.s_up, self.amplitude_up, self.gamma_up)

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return self._step(w, cells, cells.s_down, self.amplitude_down, -self.gamma_down)

    def amplitude(self, change: np.ndarray, scale: np.ndarray, w: np.ndarray) -> np.ndarray:
        return self._number("step_noise") * (np.abs(change) + self.noise_floor + self.noise_slope * np.abs(w))

    def _step(self, w: np.ndarray, cells: CellParameters, s: np.ndarray, amplitude: float, gamma: float) -> np.ndarray:
        z = quotient(2 * self.a * w, cells.span) + self.b
        return np.where(cells.span > 0, s * np.maximum(1 - amplitude * np.exp(gamma * z), 0.0), 0.0)


class TableStep(SpreadResponse):
    """Steps read from a table: `up_steps` and `down_steps` are multiples of `step` at states equally far apart.

    The first node is at b_min, the last at b_max; between them the step is linear in the state. up: dw = s_up u(w), down:
    dw = -s_down d(w), with multiplicative or additive noise. It is what a measured device becomes. Granularity: step times
    the mean of u and d at the middle of the range. (aihwkit's PiecewiseStepDevice takes u at a node near the middle.)
    """

    most: ClassVar[int] = 64
    law: Literal["table-step"] = "table-step"
    up_steps: tuple[Ratio, ...]
    down_steps: tuple[Ratio, ...]

    @model_validator(mode="after")
    def _nodes(self) -> TableStep:
        if len(self.up_steps) != len(self.down_steps) or not 2 <= len(self.up_steps) <= self.most:
            raise ValueError(
                f"up_steps has {len(self.up_steps)} nodes and down_steps {len(self.down_steps)}; both must have as many, "
                f"2 to {self.most}"
            )
        if min(*self.up_steps, *self.down_steps) < 0:
            raise ValueError("up_steps and down_steps must not be negative: a down step is counted downwards")
        if not any(self.up_steps) or not any(self.down_steps):
            raise ValueError("up_steps and down_steps must not be all zero: such a cell cannot be trained")
        return self

    @property
    def granularity(self) -> float:
        middle = np.asarray(0.5 * (self.w_min + self.w_max))
        size = float(self.mean_up(middle) - self.mean_down(middle)) / 2
        return size if size > 0 else self.step

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_up * self._look_up(w, cells, self.up_steps)

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_down * self._look_up(w, cells, self.down_steps)

    def _look_up(self, w: np.ndarray, cells: CellParameters, nodes: tuple[float, ...]) -> np.ndarray:
        place = quotient(w - cells.b_min, cells.span)
        return np.where(cells.span > 0, np.interp(place, np.linspace(0, 1, len(nodes)), nodes), 0.0)
