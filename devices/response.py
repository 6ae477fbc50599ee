"""How a cell answers a programming pulse. A response lives on a state coordinate w in [w_min, w_max] that maps linearly
to the conductance window; laws and parameter names follow the resistive-processing-unit literature (Gokmen & Vlasov
2016) and ../shared/references/aihwkit.md, section 1.1.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from .laws import Law, Ratio


class NoResponse(Law):
    """The pulse response is not known: the cell can be programmed and read, but not trained in place."""

    law: Literal["unknown"] = "unknown"


class IdealResponse(Law):
    """The cell takes exactly the change it is given, inside [w_min, w_max]: no pulses, no noise, no asymmetry."""

    law: Literal["ideal"] = "ideal"
    w_min: Ratio = -1.0
    w_max: Ratio = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> IdealResponse:
        if not self.w_min < self.w_max:
            raise ValueError(f"w_min = {self.w_min} must be below w_max = {self.w_max}")
        return self


class SoftBounds(Law):
    """A step that shrinks linearly towards the bound it moves to.

    up:   dw =  s_up (1 - w / b_max + c xi),  down: dw = -s_down (1 - w / b_min + c xi)

    with c = step_noise (cycle to cycle, additive) and then w clipped to [b_min, b_max]. Spread over devices, drawn
    once: b_max = w_max (1 + w_max_spread xi), b_min = w_min (1 + w_min_spread xi), gain = 1 + step_spread xi,
    s_up = |gain + asymmetry_spread xi'| step, s_down = |gain - asymmetry_spread xi'| step. What the array shows is
    w + write_noise step xi, with a fresh xi after each pulse (the state itself is not disturbed).
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

    def mean_up(self, w: np.ndarray) -> np.ndarray:
        """Mean change by one up pulse of a nominal device."""
        return self.step * (1 - np.asarray(w) / self.w_max)

    def mean_down(self, w: np.ndarray) -> np.ndarray:
        """Mean change by one down pulse of a nominal device (negative)."""
        return -self.step * (1 - np.asarray(w) / self.w_min)


Response = Annotated[NoResponse | IdealResponse | SoftBounds, Field(discriminator="law")]
