r"""A non-linear converter in the array: a ramp whose steps are those of the inverse activation, so that its code is the activation.

.. math:: c = \#\{k : f + b > g^{-1}\big((k + \tfrac{1}{2}) / L\big)\}, \qquad s = c / L, \qquad L = 2^n - 1

with g the logistic function. The ramp comes from one more column of memristors, and the comparator at each line stops a counter
(Yang et al., Nature Communications 2025, doi 10.1038/s41467-025-56254-6, arXiv 2411.18271, programmed and measured there with 5
bits). The activation needs no table, and no rounding comes before it: its levels are evenly spaced where it is used, not where it
is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from .comparator import decisions
from .contract import Response, Units, checked_bits, checked_number


@dataclass(frozen=True)
class NonlinearADC(Units):
    """Units whose converter is the activation; states are drawn by random bits from what it says.

    Parameters
    ----------
    bits : int
        Of the code, 1 to 8: a ramp of 2**bits steps, at each of which every comparator decides.
    noise : float
        Standard deviation of the comparators' own noise, in units of input times weight.
    threshold_bits : int
        Of the converter that shifts the ramp of a line by its bias, once a conversion.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.units import NonlinearADC
    >>> NonlinearADC(bits=2).activation(np.array([-9.0, -1.0, 0.5, 9.0], np.float32)).round(2).tolist()
    [0.0, 0.33, 0.67, 1.0]
    """

    name = "nonlinear-adc"
    bits: int = 5
    noise: float = 0.0
    threshold_bits: int = 8

    def __post_init__(self) -> None:
        checked_bits("bits", self.bits, 8)
        checked_number("noise", self.noise)
        checked_bits("threshold_bits", self.threshold_bits, 10)

    @property
    def thresholds(self) -> np.ndarray:
        """Where codes begin, (2**bits - 1,) float32, in units of input times weight."""
        levels = 2**self.bits - 1
        p = (np.arange(levels) + 0.5) / levels
        return np.log(p / (1 - p)).astype(np.float32)

    def activation(self, driven: np.ndarray) -> np.ndarray:
        """What the codes say of net inputs, of any shape, float32 in [0, 1]."""
        codes = np.searchsorted(self.thresholds, driven, side="left")
        return (codes / np.float32(2**self.bits - 1)).astype(np.float32)

    def respond(self, field: np.ndarray, bias: np.ndarray, stream: Stream) -> Response:
        driven = field + bias
        if self.noise:
            driven = driven + np.float32(self.noise) * stream.normals(field.shape)
        p = self.activation(driven)
        states = (stream.uniforms(p.shape) < p).astype(np.float32)
        n = p.size
        # a comparator decides at every step of the ramp, and a counter switches two bits a step on average until it is stopped
        done = decisions(n * 2**self.bits, self.threshold_bits, thresholds=n)
        drawn = Events({"register.bit": 2 * n * 2**self.bits, "random.bit": 16 * n, "digital.compare": n})
        return Response(p, states, done + drawn)
