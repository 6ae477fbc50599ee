"""What a device file says beside laws: its pulses, its yield, its endurance and how long it keeps. None is not known."""

from __future__ import annotations

from pydantic import Field, model_validator

from .fields import Cycles, Joules, Kelvin, Law, PulseSeconds, Ratio, Seconds, Volts


class Pulse(Law):
    """One programming pulse. What is not known is None, and cannot be priced."""

    voltage: Volts | None = Field(default=None, gt=0)
    duration: PulseSeconds | None = Field(default=None, gt=0)
    energy_up: Joules | None = Field(default=None, ge=0)
    energy_down: Joules | None = Field(default=None, ge=0)


class Yields(Law):
    """Fractions of cells that do not answer to pulses, by where they stand.

    Attributes
    ----------
    stuck_on, stuck_off: at g_max and at g_min. stuck_between: at a state within +- `stuck_range` of the middle of the state
        coordinate, w = 0 (stuck anywhere, where the range is not known).
    """

    stuck_on: Ratio | None = Field(default=None, ge=0, le=1)
    stuck_off: Ratio | None = Field(default=None, ge=0, le=1)
    stuck_between: Ratio | None = Field(default=None, ge=0, le=1)
    stuck_range: Ratio | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _not_all(self) -> Yields:
        total = sum(part or 0.0 for part in (self.stuck_on, self.stuck_off, self.stuck_between))
        if total > 1:
            raise ValueError(f"stuck_on, stuck_off and stuck_between add up to {total:g}; they must not exceed 1")
        return self


class Endurance(Law):
    """How much writing a cell survives: `cycles` from one end of its window to the other and back."""

    cycles: Cycles | None = Field(default=None, gt=0)


class Retention(Law):
    """How long a state is kept as the paper specifies it, and at which temperature; drift is a law of its own."""

    duration: Seconds | None = Field(default=None, gt=0)
    temperature: Kelvin | None = Field(default=None, gt=0)
