"""Soft bounds: steps that shrink linearly towards the bound that they move to. Filamentary ReRAM is mostly fitted so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..laws.fields import Ratio
from .pulsed import CellParameters, Noise, PulsedResponse, SpreadResponse, quotient


class SoftBounds(PulsedResponse):
    """A step that shrinks linearly towards the bound it moves to.

    Attributes
    ----------
    up
        dw =  s_up (1 - w / b_max + c xi),  down: dw = -s_down (1 - w / b_min + c xi)

    Notes
    -----
    with c = step_noise (cycle to cycle, additive) and then w clipped to [b_min, b_max]. Spread over devices, drawn
    once: b_max = w_max (1 + w_max_spread xi), b_min = w_min (1 + w_min_spread xi), gain = 1 + step_spread xi,
    s_up = |gain + asymmetry_spread xi'| step, s_down = |gain - asymmetry_spread xi'| step. What the array shows is
    w + write_noise step xi, with a fresh xi after each pulse (the state itself is not disturbed). Granularity: step.
    """

    law: Literal["soft-bounds"] = "soft-bounds"
    step: Ratio = Field(gt=0)
    w_min: Ratio = Field(lt=0)
    w_max: Ratio = Field(gt=0)
    step_spread: Ratio = Field(ge=0)
    asymmetry_spread: Ratio = Field(ge=0)
    w_max_spread: Ratio = Field(ge=0)
    w_min_spread: Ratio = Field(ge=0)
    step_noise: Ratio = Field(ge=0)
    write_noise: Ratio = Field(ge=0)

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_up * (1 - quotient(w, cells.b_max))

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_down * (1 - quotient(w, cells.b_min))


@dataclass(frozen=True)
class ReferencedCells(CellParameters):
    """Cells beside a reference device: `reference` is its state, and b_max and b_min bound w + reference."""

    reference: np.ndarray


class SoftBoundsReference(SpreadResponse):
    """Soft bounds of a device whose reference, another device, is subtracted: w = (state of the device) - reference.

    With v = w + reference, up: dw = s_up (1 - v / b_max + noise), down: dw = -s_down (1 - v / b_min + noise), and v
    clipped to [b_min, b_max]. Noise is c xi (additive) or (1 - v / b) c xi (multiplicative). The slopes vary between
    devices by factors |1 + slope_up_spread xi| and |1 + slope_down_spread xi|, which divide the bounds. The reference is
    reference_mean + reference_spread xi, and on top of it, where `at_symmetry_point` is set, the symmetry point of the
    device itself: (s_up - s_down) / (s_up / b_max - s_down / b_min). Granularity: step.

    w_min and w_max bound the device, not the difference. Gong et al., IEDM 2022, as in aihwkit's
    SoftBoundsReferenceDevice.
    """

    draws: ClassVar[int] = 7
    law: Literal["soft-bounds-reference"] = "soft-bounds-reference"
    noise: Noise = "additive"
    at_symmetry_point: bool = True
    reference_mean: Ratio | None = None
    reference_spread: Ratio | None = Field(default=None, ge=0)
    slope_up_spread: Ratio | None = Field(default=None, ge=0)
    slope_down_spread: Ratio | None = Field(default=None, ge=0)

    def draw_cell_parameters(self, z: np.ndarray) -> ReferencedCells:
        z = self._checked(z)
        s_up, s_down, b_max, b_min = self._steps_and_bounds(z)
        b_max = quotient(b_max, np.abs(1 + self._number("slope_up_spread") * z[..., 4]))
        b_min = quotient(b_min, np.abs(1 + self._number("slope_down_spread") * z[..., 5]))
        reference = self._number("reference_mean") + self._number("reference_spread") * z[..., 6]
        if self.at_symmetry_point:
            reference = reference + quotient(s_up - s_down, quotient(s_up, b_max) - quotient(s_down, b_min))
        return ReferencedCells(s_up, s_down, b_max, b_min, reference)

    def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_up * (1 - quotient(w + _reference(cells), cells.b_max))

    def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return cells.s_down * (1 - quotient(w + _reference(cells), cells.b_min))

    def bounded(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
        return np.clip(w, cells.b_min - _reference(cells), cells.b_max - _reference(cells))


def _reference(cells: CellParameters) -> np.ndarray:
    assert isinstance(cells, ReferencedCells), "cells of another law"
    return cells.reference
