"""How fast a cell switches at a voltage: what decides the step, the window and the energy of a pulse of another height or width.

The rate of I. Messaris et al., "A Compact Verilog-A ReRAM Switching Model", arXiv:1703.01167 (2017), equation (8): exponential
in the voltage, quadratic in the distance of the resistance R to an end that depends on the voltage. Up is what raises the
conductance:

    up:    dR/dt = -rate_up (exp(V / scale_up) - 1) (R - R_up)^2         for R > R_up = resistance_up + slope_up V
    down:  dR/dt = rate_down (exp(V / scale_down) - 1) (R_down - R)^2    for R < R_down = resistance_down + slope_down V

In conductance G = 1 / R these are dG/dt = rate s R_up^2 (1 / R_up - G)^2 and dG/dt = -rate s R_down^2 (G - 1 / R_down)^2: the
`power-step` response with gamma = 2 between G = 1 / R_down and 1 / R_up, without an approximation but that of short pulses.
"""

from __future__ import annotations

import math

from pydantic import Field, model_validator

from ..base.errors import RevpathError
from .fields import Law, Ohms, OhmsPerVolt, PerOhmSecond, Volts

_LARGEST_STEP = 0.1
"""Share of the window that a pulse may cross from its far end: there the rate has fallen by a fifth within the pulse."""


class Switching(Law):
    """How the steps of a pulse follow its height and width; all numbers or none.

    Parameters
    ----------
    rate_up, rate_down : float or None
        Switching sensitivity, in 1 / (ohm s).
    scale_up, scale_down : float or None
        Volts in which it grows e-fold.
    resistance_up, resistance_down : float or None
        Ends of the resistance for pulses of no height, in ohm.
    slope_up, slope_down : float or None
        How the ends move with the height of the pulse, in ohm / V.
    voltage_min, voltage_max : float or None
        Heights that were measured, in V.
    """

    rate_up: PerOhmSecond | None = Field(default=None, gt=0)
    rate_down: PerOhmSecond | None = Field(default=None, gt=0)
    scale_up: Volts | None = Field(default=None, gt=0)
    scale_down: Volts | None = Field(default=None, gt=0)
    resistance_up: Ohms | None = Field(default=None, gt=0)
    resistance_down: Ohms | None = Field(default=None, gt=0)
    slope_up: OhmsPerVolt | None = None
    slope_down: OhmsPerVolt | None = None
    voltage_min: Volts | None = Field(default=None, gt=0)
    voltage_max: Volts | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _all_or_none(self) -> Switching:
        missing = [name for name in type(self).model_fields if getattr(self, name) is None]
        if missing and len(missing) < len(type(self).model_fields):
            raise ValueError(f"{missing[0]} is missing: a rate of switching needs all of its numbers")
        return self

    @property
    def known(self) -> bool:
        """Whether the rate is known."""
        return self.rate_up is not None

    def window(self, voltage: float) -> tuple[float, float]:
        """Smallest and largest conductance that pulses of a height lead to, in S.

        Parameters
        ----------
        voltage : float
            Height of the pulse, either way, in V.

        Raises
        ------
        RevpathError
            The rate is not known, or the height is not among those that were measured.
        """
        low, high = self.voltage_min, self.voltage_max
        if low is None or high is None:
            raise RevpathError("switching: how the step follows the height and the width of a pulse is not known")
        if not low <= voltage <= high:
            raise RevpathError(f"voltage = {voltage!r} must be in the {low:g} to {high:g} V that were measured")
        up, down = self._ends(voltage)
        return 1 / down, 1 / up

    def steps(self, voltage: float, duration: float) -> tuple[float, float]:
        """Changes of a state in [-1, 1] by a pulse that begins at the far end of the window: up, down.

        Parameters
        ----------
        voltage, duration : float
            Of the pulse, in V and s.

        Raises
        ------
        RevpathError
            As `window`; or the pulse is so long that it is no small step.
        """
        low, high = self.window(voltage)
        if not duration > 0:
            raise RevpathError(f"duration = {duration!r} must be above 0 s")
        up, down = self._ends(voltage)
        steps = tuple(
            2 * (rate or 0.0) * math.expm1(voltage / (scale or 1.0)) * end**2 * (high - low) * duration
            for rate, scale, end in ((self.rate_up, self.scale_up, up), (self.rate_down, self.scale_down, down))
        )
        longest = duration * 2 * _LARGEST_STEP / max(steps)
        if duration > longest:
            raise RevpathError(
                f"duration = {duration:g} s must be at most {longest:.3g} s at {voltage:g} V: a longer pulse crosses more than "
                f"{_LARGEST_STEP:.0%} of the window"
            )
        return steps[0], steps[1]

    def _ends(self, voltage: float) -> tuple[float, float]:
        """Resistances at which up and down pulses end, in ohm."""
        return (
            (self.resistance_up or 0.0) + (self.slope_up or 0.0) * voltage,
            (self.resistance_down or 0.0) + (self.slope_down or 0.0) * voltage,
        )
