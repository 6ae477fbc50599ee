"""What the laws of a cell are made of: frozen configurations whose fields say in which unit they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Unit:
    """The unit in which a field holds its number; records are converted to it on loading."""

    name: str


class Law(BaseModel):
    """A frozen, validated configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Siemens = Annotated[float, Unit("S")]
Seconds = Annotated[float, Unit("s")]
Volts = Annotated[float, Unit("V")]
Joules = Annotated[float, Unit("J/pulse")]
Ratio = Annotated[float, Unit("dimensionless")]
