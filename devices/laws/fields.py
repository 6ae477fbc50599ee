"""What the laws of a cell are made of: frozen configurations whose fields say in which unit they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ..base.plausible import (
    CELL_CONDUCTANCE,
    CYCLES,
    PULSE_LENGTH,
    PULSE_VOLTAGE,
    READ_LENGTH,
    Plausible,
    refuse_absurd,
)


@dataclass(frozen=True)
class Unit:
    """What a field of a law holds; records are converted to its unit on loading.

    Attributes
    ----------
    name : str
        The unit.
    plausible : Plausible or None
        The range of what the field is, where that is narrower than any number of the unit.
    """

    name: str
    plausible: Plausible | None = None


class Law(BaseModel):
    """A frozen, validated configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def units(cls) -> dict[str, Unit]:
        """Fields that hold numbers, with the unit of each; the others are choices, such as ``law``.

        The unit may be inside an optional type or a list (``Volts | None``, ``tuple[Siemens, ...]``).
        """
        found = {}
        for field, info in cls.model_fields.items():
            inner = [m for part in get_args(info.annotation) for m in getattr(part, "__metadata__", ())]
            unit = next((m for m in (*info.metadata, *inner) if isinstance(m, Unit)), None)
            if unit is not None:
                found[field] = unit
        return found

    def numbers(self) -> Iterator[tuple[str, float, Unit]]:
        """Every number that is known: name (``field``, or ``field.k`` for the k-th of a list), value, unit."""
        for field, unit in type(self).units().items():
            value = getattr(self, field)
            if isinstance(value, tuple):
                yield from ((f"{field}.{k}", number, unit) for k, number in enumerate(value))
            elif value is not None:
                yield field, value, unit

    def refuse_absurd(self, section: str) -> None:
        """RecordError for a number that no cell has; see `revpath.devices.base.plausible`."""
        for name, value, unit in self.numbers():
            refuse_absurd(value, unit.name, f"{section}.{name}", unit.plausible)


def _number(value: Any) -> Any:
    """A number as Python's float; texts and booleans are none."""
    if isinstance(value, bool | str | bytes):
        raise ValueError("must be a number")
    return float(value) if isinstance(value, Real) else value


_Number = Annotated[float, BeforeValidator(_number)]
Siemens = Annotated[_Number, Unit("S")]
CellSiemens = Annotated[_Number, Unit("S", CELL_CONDUCTANCE)]
Seconds = Annotated[_Number, Unit("s")]
ReadSeconds = Annotated[_Number, Unit("s", READ_LENGTH)]
PulseSeconds = Annotated[_Number, Unit("s", PULSE_LENGTH)]
Volts = Annotated[_Number, Unit("V", PULSE_VOLTAGE)]
Joules = Annotated[_Number, Unit("J/pulse")]
Kelvin = Annotated[_Number, Unit("K")]
Ratio = Annotated[_Number, Unit("dimensionless")]
Cycles = Annotated[_Number, Unit("dimensionless", CYCLES)]
