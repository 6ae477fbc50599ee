"""Constant, linear and power steps: how the change by a pulse depends on the state, from not at all to steeply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..laws.fields import Ratio
from .pulsed import CellParameters, SpreadResponse, quotient


class ConstantStep(SpreadResponse):
    """Steps that do not depend on the state: up dw = s_up (1 + c xi), down dw = -s_down (1 + c xi), c = step_noise.

    Granularity: step. The device of Gokmen & Vlasov, Front. Neurosci. 10:333 (2016).
    """

    law: Literal["constant-step"] = "constant-step"

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_up + 0.0 * w

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_down + 0.0 * w


@dataclass(frozen=True)
class SlopedCells(CellParameters):
    """Cells with the change of their steps for each unit of state."""

    slope_up: np.ndarray
    slope_down: np.ndarray


class LinearStep(SpreadResponse):
    """Steps that change linearly with the state.

    Attributes
    ----------
    up
        dw =  s_up (1 - gamma_up w / b_up),  down: dw = -s_down (1 - gamma_down w / b_down)

    Notes
    -----
    and noise: multiplicative c |dw| xi, or additive c s xi. gamma is what a step has lost at the bound that it moves to,
    compared with w = 0; with gamma = 1 these are soft bounds, with a negative one steps grow. Over devices it is gamma +
    gamma_spread xi, never of the other sign. The bounds b_up and b_down that it refers to are w_max and w_min of the
    nominal device, or the cell's own. Granularity: step. aihwkit's LinearStepDevice.

    An exponential of the number of pulses, G = B (1 - exp(-p / A)) as NeuroSim fits, is a linear step: the change is
    linear in what remains of B.
    """

    draws: ClassVar[int] = 6
    law: Literal["linear-step"] = "linear-step"
    gamma_up: Ratio
    gamma_down: Ratio
    gamma_up_spread: Ratio | None = Field(default=None, ge=0)
    gamma_down_spread: Ratio | None = Field(default=None, ge=0)
    slopes_refer_to: Literal["nominal", "own"] = "own"

    def draw_cell_parameters(self, z: np.ndarray) -> SlopedCells:
        z = self._checked(z)
        s_up, s_down, b_max, b_min = self._steps_and_bounds(z)
        nominal = self.slopes_refer_to == "nominal"
        gamma_up = _of_one_sign(self.gamma_up, self._number("gamma_up_spread") * z[..., 4])
        gamma_down = _of_one_sign(self.gamma_down, self._number("gamma_down_spread") * z[..., 5])
        slope_up = -quotient(gamma_up * s_up, np.asarray(self.w_max) if nominal else b_max)
        slope_down = -quotient(gamma_down * s_down, np.asarray(self.w_min) if nominal else b_min)
        return SlopedCells(s_up, s_down, b_max, b_min, slope_up, slope_down)

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        assert isinstance(cells, SlopedCells), "cells of another law"
        return cells.s_up + cells.slope_up * w

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        assert isinstance(cells, SlopedCells), "cells of another law"
        return cells.s_down + cells.slope_down * w


@dataclass(frozen=True)
class PoweredCells(CellParameters):
    """Cells with the exponents of their steps."""

    gamma_up: np.ndarray
    gamma_down: np.ndarray


class PowerStep(SpreadResponse):
    """Steps that go as a power of the distance to the bound that they move to.

    Attributes
    ----------
    up
        dw = s_up ((b_max - w) / (b_max - b_min))^gamma_up, down: dw = -s_down ((w - b_min) / (b_max -
        b_min))^gamma_down

    Notes
    -----
    with multiplicative or additive noise. Exponents over devices: |1 + gamma_spread xi + gamma_tilt_spread xi' + bias_up|
    gamma for up and |1 + gamma_spread xi - gamma_tilt_spread xi' + bias_down| gamma for down, with the one-sided biases of
    `gamma_asymmetry` as those of `asymmetry`. Granularity: step / 2^gamma, the step at the middle. aihwkit's PowStepDevice.
    """

    draws: ClassVar[int] = 6
    law: Literal["power-step"] = "power-step"
    gamma: Ratio = Field(ge=0)
    gamma_asymmetry: Ratio | None = Field(default=None, gt=-1, lt=1)
    gamma_spread: Ratio | None = Field(default=None, ge=0)
    gamma_tilt_spread: Ratio | None = Field(default=None, ge=0)

    @property
    def granularity(self) -> float:
        return self.step * 0.5**self.gamma

    def draw_cell_parameters(self, z: np.ndarray) -> PoweredCells:
        z = self._checked(z)
        gain = 1 + self._number("gamma_spread") * z[..., 4]
        tilt, bias = self._number("gamma_tilt_spread") * z[..., 5], self._number("gamma_asymmetry")
        up = self.gamma * np.abs(gain + tilt + min(bias, 0.0))
        down = self.gamma * np.abs(gain - tilt - max(bias, 0.0))
        return PoweredCells(*self._steps_and_bounds(z), up, down)

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        assert isinstance(cells, PoweredCells), "cells of another law"
        return _power(cells.s_up, quotient(cells.b_max - w, cells.span), cells.gamma_up, cells.span)

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        assert isinstance(cells, PoweredCells), "cells of another law"
        return _power(cells.s_down, quotient(w - cells.b_min, cells.span), cells.gamma_down, cells.span)


def _of_one_sign(gamma: float, deviation: np.ndarray) -> np.ndarray:
    return (-1 if gamma < 0 else 1) * np.abs(gamma + deviation)


def _power(step: np.ndarray, distance: np.ndarray, gamma: np.ndarray, span: np.ndarray) -> np.ndarray:
    """step distance^gamma; 0 for cells without a range."""
    return np.where(span > 0, step * np.clip(distance, 0.0, 1.0) ** gamma, 0.0)
