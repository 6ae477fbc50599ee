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


class Leak(Law):
    """How the state of a volatile cell decays while an array is trained, counted in updates as published fits count it.

    With each update of the array (a mini-batch) the state w of a cell becomes (1 - 1 / t) w, where t = lifetime (1 +
    lifetime_spread xi) with a standard normal xi drawn once for each cell; a cell whose t is not above 1 forgets all. It is
    the decay of IBM aihwkit's pulsed devices (Rasch et al., AICAS 2021, "A flexible and fast PyTorch toolkit for simulating
    training and inference on analog crossbar arrays"). How long an update takes is not said: as a time the leak is not known.

    Attributes
    ----------
    lifetime : float or None
        Updates after which some 1 / e of the state is left; None where no leak is known.
    lifetime_spread : float or None
        Of the lifetime over cells, relative.
    """

    lifetime: Ratio | None = Field(default=None, gt=1)
    lifetime_spread: Ratio | None = Field(default=None, ge=0)

    def remaining(self, updates: float, z: np.ndarray) -> np.ndarray:
        """What share of its state each cell keeps over a number of updates.

        Parameters
        ----------
        updates : float
            Updates of the array since then; not negative.
        z : ndarray (...)
            The standard normal number of each cell.

        Returns
        -------
        ndarray (...)
            Between 0 and 1; 1 where no leak is known.

        Raises
        ------
        RevpathError
            `updates` is negative or not finite.

        Examples
        --------
        >>> import numpy as np
        >>> float(Leak(lifetime=2.0).remaining(3, np.zeros(1))[0])
        0.125
        """
        if not (np.isfinite(updates) and updates >= 0):
            raise RevpathError(f"updates = {updates!r} must be finite and not negative")
        z = np.asarray(z, float)
        if self.lifetime is None:
            return np.ones_like(z)
        t = self.lifetime * (1 + (self.lifetime_spread or 0.0) * z)
        kept = np.where(t > 1, 1 - 1 / np.maximum(t, 1.0), 0.0)
        return kept**updates


class Retention(Law):
    """How long a state is kept as the paper specifies it, and at which temperature; drift is a law of its own."""

    duration: Seconds | None = Field(default=None, gt=0)
    temperature: Kelvin | None = Field(default=None, gt=0)
