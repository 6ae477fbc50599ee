"""How a cell answers a programming pulse: one documented law for each shape of step.

Responses live on a state coordinate w in [w_min, w_max] that maps linearly to the conductance window. What they share
is in `pulsed`; the laws are in `soft_bounds`, `step_laws` and `shaped_steps`, and all of them are named here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..laws.fields import Law, Ratio
from .pulsed import CellParameters, PulsedResponse
from .shaped_steps import ExponentialStep, TableStep
from .soft_bounds import SoftBounds, SoftBoundsReference
from .step_laws import ConstantStep, LinearStep, PowerStep

__all__ = [
    "CellParameters",
    "ConstantStep",
    "ExponentialStep",
    "IdealResponse",
    "LinearStep",
    "NoResponse",
    "PowerStep",
    "PulsedResponse",
    "Response",
    "SoftBounds",
    "SoftBoundsReference",
    "TableStep",
]


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


Response = Annotated[
    NoResponse
    | IdealResponse
    | ConstantStep
    | LinearStep
    | SoftBounds
    | SoftBoundsReference
    | ExponentialStep
    | PowerStep
    | TableStep,
    Field(discriminator="law"),
]
