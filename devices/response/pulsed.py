"""What all pulse responses share: bounds, spread over devices, noise from pulse to pulse, and one pulse as it is.

A response lives on a state coordinate w in [w_min, w_max] that maps linearly to the conductance window. The laws and
the meaning of their parameters follow the resistive-processing-unit literature (Gokmen & Vlasov 2016) as IBM aihwkit
implements it (Rasch et al., arXiv:2104.02184 (2021)). `pulse` is the law itself, cell by cell in NumPy:
slow, plain, and what faster kernels are held to.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..base.errors import RevpathError
from ..laws.fields import Ratio
from .contract import Response

Noise = Literal["multiplicative", "additive"]


@dataclass(frozen=True)
class CellParameters:
    """What differs between cells, drawn once; arrays that broadcast with the states.

    Attributes
    ----------
    s_up, s_down : ndarray
        step of an up and of a down pulse (positive, state units).
    b_max, b_min : ndarray
        bounds of the state.
    """

    s_up: np.ndarray
    s_down: np.ndarray
    b_max: np.ndarray
    b_min: np.ndarray

    @property
    def span(self) -> np.ndarray:
        return self.b_max - self.b_min


class PulsedResponse(Response):
    """A cell that one pulse moves by about `step`, up or down, between bounds.

    With xi standard normal, drawn once for each cell: b_max = w_max (1 + w_max_spread xi), b_min = w_min (1 +
    w_min_spread xi), gain = 1 + step_spread xi (or exp(step_spread xi), where `spread_law` is lognormal), tilt =
    asymmetry_spread xi, s_up = |gain + tilt + bias_up| step and s_down = |gain - tilt + bias_down| step. Bounds that were
    drawn crossed are exchanged, and then b_max is made positive and b_min negative. A pulse changes the state by the mean
    of its law and noise from cycle to cycle, and clips it to the bounds; what a read shows is the state and write_noise x
    step x xi, with a fresh xi after each pulse (the state is not disturbed).

    A number that is None is not known, and taken as zero.

    A law defines `up` and `down`, and what differs from the defaults here: `amplitude`, `granularity`, `bounded`, and
    `draw_cell_parameters` with `draws` where cells differ by more than steps and bounds.

    Attributes
    ----------
    step : float
        Change by a pulse at w = 0 or as the law says, in units of the state; positive.
    w_min, w_max : float
        Bounds of the state of the nominal cell, w_min <= 0 <= w_max.
    draws : int
        Standard normal numbers that one cell needs.
    noise : str
        Whether noise from pulse to pulse is a share of the change ("multiplicative") or of the step ("additive").
    spread_law : str
        Of the gain over cells, "normal" or "lognormal".
    step_spread, asymmetry, asymmetry_spread, w_max_spread, w_min_spread, step_noise, write_noise : float or None
        As in the formulas above; None, or no field of that name, where it is not known.
    """

    draws: ClassVar[int] = 4
    step: Ratio = Field(gt=0)
    w_min: Ratio = Field(le=0)
    w_max: Ratio = Field(ge=0)

    @property
    def pulsed(self) -> bool:
        return True

    @model_validator(mode="after")
    def _bounds_in_order(self) -> PulsedResponse:
        if not self.w_min < self.w_max:
            raise ValueError(f"w_min = {self.w_min} must be below w_max = {self.w_max}")
        return self

    # -- what a law defines --------------------------------------------------------------------------------------

    @abstractmethod
    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        """Mean change by an up pulse, far from the bounds.

        Parameters
        ----------
        w : ndarray (...)
            States of the cells.
        cells : CellParameters
            Of the same law, with arrays that broadcast with `w`.

        Returns
        -------
        ndarray (...)
            Change of the state, positive where it rises.
        """

    @abstractmethod
    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        """Mean change by a down pulse, far from the bounds, counted downwards.

        Parameters
        ----------
        w : ndarray (...)
            States of the cells.
        cells : CellParameters
            Of the same law, with arrays that broadcast with `w`.

        Returns
        -------
        ndarray (...)
            Change of the state, positive where it falls.
        """

    def amplitude(self, change: np.ndarray, scale: np.ndarray, w: np.ndarray) -> np.ndarray:
        """What the xi of a pulse is multiplied by: its size is the standard deviation of the change by one pulse.

        Multiplicative noise has step_noise x `change`, the mean of the law; additive noise step_noise x `scale`, the step of
        the cell.
        """
        base = change if self.noise_kind == "multiplicative" else scale
        return self._number("step_noise") * base

    @property
    def granularity(self) -> float:
        """The typical change by one pulse, with which lengths of pulse trains are computed."""
        return self.step

    @property
    def noise_kind(self) -> Noise:
        """What noise from pulse to pulse is a share of: "multiplicative" of the change, "additive" of the step."""
        return getattr(self, "noise", "additive")

    # -- what follows from it ------------------------------------------------------------------------------------

    @property
    def states(self) -> float:
        """Pulses of the typical change that fit between the bounds: the number of states, as the literature counts."""
        return (self.w_max - self.w_min) / self.granularity

    @property
    def nominal(self) -> CellParameters:
        """A cell at the centre of all spreads (with a lognormal spread: the median cell)."""
        return self.draw_cell_parameters(np.zeros(self.draws))

    def draw_cell_parameters(self, z: np.ndarray) -> CellParameters:
        """Parameters of cells from standard normal numbers z, (..., draws)."""
        z = self._checked(z)
        return CellParameters(*self._steps_and_bounds(z))

    def mean_up(self, w: np.ndarray) -> np.ndarray:
        """Mean change by one up pulse of the nominal cell, far from its bounds."""
        return self.up(np.asarray(w, float), self.nominal)

    def mean_down(self, w: np.ndarray) -> np.ndarray:
        """Mean change by one down pulse of the nominal cell (negative), far from its bounds."""
        return -self.down(np.asarray(w, float), self.nominal)

    def pulse(self, w: np.ndarray, up: np.ndarray, xi: np.ndarray, cells: CellParameters) -> np.ndarray:
        """The states after one pulse on every cell.

        Parameters
        ----------
        w : ndarray
            states.
        up : ndarray
            whether the pulse goes up.
        xi : ndarray
            standard normal, one a pulse.
        cells : CellParameters
            of `draw_cell_parameters`.
        """
        w, up = np.asarray(w, float), np.asarray(up, bool)
        change = np.where(up, self.up(w, cells), self.down(w, cells))
        noise = self.amplitude(change, np.where(up, cells.s_up, cells.s_down), w) * xi
        return self.bounded(w + np.where(up, 1, -1) * (change + noise), cells)

    def bounded(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        """The states, inside the bounds of their cells."""
        return np.clip(w, cells.b_min, cells.b_max)

    def shown(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        """What reads see of states w after a pulse: with write noise."""
        return np.asarray(w) + self._number("write_noise") * self.step * xi

    def mean_field(self, w: np.ndarray, up: np.ndarray, cells: CellParameters | None = None) -> np.ndarray:
        """dw for each unit of pulses x step, as the step goes to zero: the law without its granularity and its noise.

        Noise that is a share of the step vanishes with it; a `noise_floor` does not, and is left out all the same.
        Asymmetry, saturation and the differences between cells remain. With cells None: the nominal cell.
        """
        w, cells = np.asarray(w, float), cells or self.nominal
        return np.where(np.asarray(up, bool), self.up(w, cells), -self.down(w, cells)) / self.step

    def flow(
        self, w: np.ndarray, amount: np.ndarray, cells: CellParameters | None = None, stages: int = 64
    ) -> np.ndarray:
        """States after infinitely many infinitely small pulses: `amount` = pulses x step, negative for down pulses.

        dw / d(amount) = `mean_field`, integrated by `stages` steps of the midpoint rule and bounded after each.
        """
        cells = cells or self.nominal
        w, amount = np.broadcast_arrays(np.asarray(w, float), np.asarray(amount, float))
        up, h = amount > 0, np.abs(amount) / stages
        for _ in range(stages):
            middle = self.bounded(w + 0.5 * h * self.mean_field(w, up, cells), cells)
            w = self.bounded(w + h * self.mean_field(middle, up, cells), cells)
        return w

    def symmetry_point(self) -> float | None:
        """Where up and down pulses of the nominal cell balance; None where they do nowhere, or everywhere."""
        w = np.linspace(self.w_min, self.w_max, 1025)
        excess = self.mean_up(w) + self.mean_down(w)
        turns = np.flatnonzero(np.diff(np.sign(excess)))
        if np.abs(excess).max() <= 1e-12 * self.step or not turns.size:
            return None
        low, high, sign = float(w[turns[0]]), float(w[turns[0] + 1]), np.sign(excess[turns[0]])
        for _ in range(60):  # halvings: to the last bit
            middle = np.asarray(0.5 * (low + high))
            if np.sign(self.mean_up(middle) + self.mean_down(middle)) == sign:
                low = float(middle)
            else:
                high = float(middle)
        return 0.5 * (low + high)

    def curve(self, pulses: int) -> np.ndarray:
        """States of the nominal cell without noise: w_min, then `pulses` up pulses, then as many down: 2 pulses + 1."""
        cells, w = self.nominal, np.empty(2 * pulses + 1)
        w[0] = self.bounded(np.asarray(self.w_min), cells)
        for k in range(1, len(w)):
            w[k] = self.pulse(w[k - 1], np.asarray(k <= pulses), np.asarray(0.0), cells)
        return w

    # -- inside --------------------------------------------------------------------------------------------------

    def _number(self, name: str) -> float:
        """A parameter, or 0 where it is not known or the law has none."""
        value = getattr(self, name, None)
        return 0.0 if value is None else float(value)

    def _checked(self, z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, float)
        if z.ndim == 0 or z.shape[-1] != self.draws:
            raise RevpathError(f"z has shape {z.shape}; its last axis must hold {self.draws} normals for each cell")
        return z

    def _steps_and_bounds(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        spread = self._number("step_spread")
        lognormal = getattr(self, "spread_law", "normal") == "lognormal"
        gain = np.exp(spread * z[..., 0]) if lognormal else 1 + spread * z[..., 0]
        tilt = self._number("asymmetry_spread") * z[..., 1]
        asymmetry = self._number("asymmetry")
        s_up = self.step * np.abs(gain + tilt + min(asymmetry, 0.0))
        s_down = self.step * np.abs(gain - tilt - max(asymmetry, 0.0))
        top = self.w_max * (1 + self._number("w_max_spread") * z[..., 2])
        bottom = self.w_min * (1 + self._number("w_min_spread") * z[..., 3])
        b_max, b_min = np.abs(np.maximum(top, bottom)), -np.abs(np.minimum(top, bottom))
        return s_up, s_down, b_max, b_min


class SpreadResponse(PulsedResponse):
    """A pulse response with the spreads that most published fits give; None where a fit does not.

    Attributes
    ----------
    asymmetry : Ratio, optional
        lowers one side of the steps: a positive one by s_down = (1 - asymmetry) step, a negative one by s_up = (1 +
        asymmetry) step. (aihwkit's up_down; its documentation says half on either side, its code does this: T2.)
    step_spread, spread_law : Ratio, optional, {"normal", "lognormal"}
        of the gain over devices.
    asymmetry_spread, w_max_spread, w_min_spread : Ratio, optional
        over devices.
    step_noise, noise : Ratio, optional, Noise
        from pulse to pulse, relative to the mean change (multiplicative) or to the step (additive).
    write_noise : Ratio, optional
        standard deviation of what a read shows about the state, in steps.
    """

    asymmetry: Ratio | None = Field(default=None, gt=-1, lt=1)
    step_spread: Ratio | None = Field(default=None, ge=0)
    spread_law: Literal["normal", "lognormal"] = "normal"
    asymmetry_spread: Ratio | None = Field(default=None, ge=0)
    w_max_spread: Ratio | None = Field(default=None, ge=0)
    w_min_spread: Ratio | None = Field(default=None, ge=0)
    step_noise: Ratio | None = Field(default=None, ge=0)
    noise: Noise = "multiplicative"
    write_noise: Ratio | None = Field(default=None, ge=0)


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, and 0 where b is 0: cells without a range do not move."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
