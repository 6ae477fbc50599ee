"""How a cell answers a programming pulse: one documented law for each shape of step.

Responses live on a state coordinate w in [w_min, w_max] that maps linearly to the conductance window. `Response` is the
contract, `PulsedResponse` that of cells which pulses move; the laws are in `soft_bounds`, `step_laws` and `shaped_steps`, and
register by their class (`Response.variants`): importing their file is all that this one does for them.
"""

from __future__ import annotations

from .contract import IdealResponse, NoResponse, Response
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
