"""What a device file says beside laws: its pulses, its yield, its endurance and how long it keeps. None is not known."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from ..base.errors import RevpathError
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
    stuck_on, stuck_off : Ratio, optional
        at g_max and at g_min.
    stuck_between : Ratio, optional
        at a state within +- `stuck_range` of the middle of the state coordinate, w = 0 (stuck anywhere, where the range
        is not known).
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


class Leak(Law):
    """How the state of a volatile cell decays while an array is trained: by updates, as published fits count, or by time.

    With each update of the array (a mini-batch) the state w of a cell becomes (1 - 1 / t) w, where t = lifetime (1 +
    lifetime_spread xi) with a standard normal xi drawn once for each cell; a cell whose t is not above 1 forgets all. It is
    the decay of IBM aihwkit's pulsed devices (Rasch et al., AICAS 2021, "A flexible and fast PyTorch toolkit for simulating
    training and inference on analog crossbar arrays"). How long an update takes is not said there: a cell whose time constant
    is known beside (its capacitance times its resistance) also becomes exp(-seconds / time_constant) w, with the same spread.

    Attributes
    ----------
    lifetime : float or None
        Updates after which some 1 / e of the state is left; None where no leak is known.
    lifetime_spread : float or None
        Of the lifetime, and of the time constant, over cells, relative.
    time_constant : float or None
        Seconds after which 1 / e of the state is left; None where that is not known.
    """

    lifetime: Ratio | None = Field(default=None, gt=1)
    lifetime_spread: Ratio | None = Field(default=None, ge=0)
    time_constant: Seconds | None = Field(default=None, gt=0)

    @property
    def known(self) -> bool:
        """Whether a leak is known, by updates or by time."""
        return self.lifetime is not None or self.time_constant is not None

    def lost(self, updates: float, seconds: float) -> float:
        """About what share of its state the nominal cell loses, where that is small: the exponent of the decay."""
        by_updates = 0.0 if self.lifetime is None else updates / self.lifetime
        return by_updates + (0.0 if self.time_constant is None else seconds / self.time_constant)

    def remaining(self, updates: float, z: np.ndarray, *, seconds: float = 0.0) -> np.ndarray:
        """What share of its state each cell keeps over a number of updates and a time.

        Parameters
        ----------
        updates : float
            Updates of the array since then; not negative.
        z : ndarray (...)
            The standard normal number of each cell.
        seconds : float
            Time since then; not negative.

        Returns
        -------
        ndarray (...)
            Between 0 and 1; 1 where no leak is known.

        Raises
        ------
        RevpathError
            `updates` or `seconds` is negative or not finite.

        Examples
        --------
        >>> import numpy as np
        >>> float(Leak(lifetime=2.0).remaining(3, np.zeros(1))[0])
        0.125
        """
        for name, value in (("updates", updates), ("seconds", seconds)):
            if not (np.isfinite(value) and value >= 0):
                raise RevpathError(f"{name} = {value!r} must be finite and not negative")
        z = np.asarray(z, float)
        spread = 1 + (self.lifetime_spread or 0.0) * z
        kept = np.ones_like(z)
        if self.lifetime is not None:
            t = self.lifetime * spread
            kept *= np.where(t > 1, 1 - 1 / np.maximum(t, 1.0), 0.0) ** updates
        if self.time_constant is not None and seconds > 0:
            kept *= np.where(spread > 0, np.exp(-seconds / (self.time_constant * np.maximum(spread, 1e-12))), 0.0)
        return kept


class Retention(Law):
    """How long a state is kept as the paper specifies it, and at which temperature; drift is a law of its own."""

    duration: Seconds | None = Field(default=None, gt=0)
    temperature: Kelvin | None = Field(default=None, gt=0)
