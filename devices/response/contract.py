"""What a device says of how it answers to pulses: the contract that each response keeps, and the two without pulses."""

from __future__ import annotations

from abc import ABC
from typing import Literal

from pydantic import model_validator

from ..laws.fields import Ratio, Variant


class Response(Variant, ABC):
    """The response of a cell to programming pulses. `Device.response` is one of its variants.

    A variant is a class with ``law: Literal["name"] = "name"``: defining it registers it, so that files, `Device` and figures
    know it. One that is moved by pulses derives from `revpath.devices.response.PulsedResponse`, which says what it must define.

    Attributes
    ----------
    law : str
        The name in files.
    """

    law: str

    @property
    def pulsed(self) -> bool:
        """Whether pulses move the cell, by a law that is known: a `PulsedResponse`."""
        return False

    @property
    def exact(self) -> bool:
        """Whether the cell takes any change that it is given, exactly and without pulses."""
        return False


class NoResponse(Response):
    """The pulse response is not known: the cell can be programmed and read, but not trained in place."""

    law: Literal["unknown"] = "unknown"


class IdealResponse(Response):
    """The cell takes exactly the change it is given, inside [w_min, w_max]: no pulses, no noise, no asymmetry."""

    law: Literal["ideal"] = "ideal"
    w_min: Ratio = -1.0
    w_max: Ratio = 1.0

    @property
    def exact(self) -> bool:
        return True

    @model_validator(mode="after")
    def _ordered(self) -> IdealResponse:
        if not self.w_min < self.w_max:
            raise ValueError(f"w_min = {self.w_min} must be below w_max = {self.w_max}")
        return self
