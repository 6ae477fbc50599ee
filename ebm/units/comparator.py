r"""A comparator on a noisy line: the noise that a read has anyway decides, and the threshold is the bias.

.. math:: P(s = 1) = \Phi\Big(\frac{f + b}{\sigma}\Big) \approx \frac{1}{1 + e^{-\beta (f + b)}}, \qquad
    \beta = \frac{4}{\sqrt{2 \pi}\, \sigma} \approx \frac{1.596}{\sigma}

with the normal distribution function :math:`\Phi`, and :math:`\sigma` the noise of line and comparator together, in units of input
times weight; :math:`\beta` makes the slopes at 0 equal, and then no probability differs by more than 0.018. A machine of such
units is one at the temperature :math:`1 / \beta`, nearly: stochastic dot products by the noise of the circuit, as Mahmoodi, Prezioso &
Strukov built them of memristors and of flash (Nature Communications 10, 5113, 2019). No converter, no table, no random bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...simulator.events import Events, event
from ...simulator.noise.streams import Stream
from .contract import Response, Units, checked_bits, checked_number


def inverse_temperature(sigma: float) -> float:
    """beta of a comparator whose line and own noise have the standard deviation `sigma` together.

    Raises
    ------
    RevpathError
        `sigma` is no finite number, or negative.

    Examples
    --------
    >>> round(inverse_temperature(1.6), 3)
    0.997
    """
    checked_number("sigma", sigma)
    return math.inf if sigma == 0 else 4 / (math.sqrt(2 * math.pi) * sigma)


@dataclass(frozen=True)
class ComparatorUnits(Units):
    """Bernoulli units of known temperature: a comparator on each line decides by its noise.

    The states are all that is known of a unit, so that learning takes them in place of probabilities.

    Parameters
    ----------
    noise : float
        Standard deviation of what is added to a line, in units of input times weight: the comparator's own noise, or that of a
        resistor before it. 0 leaves the decision to the noise of the array alone.
    threshold_bits : int
        Of the converter that sets the threshold, the bias, for each decision.

    Examples
    --------
    >>> from revpath.ebm import RBM
    >>> from revpath.ebm.units import ComparatorUnits, with_units
    >>> model = RBM(16, synapses=with_units("reram-sb-gong2018", ComparatorUnits(noise=1.6), seed=1))
    """

    name = "comparator"
    noise: float = 1.6
    threshold_bits: int = 8

    def __post_init__(self) -> None:
        checked_number("noise", self.noise)
        checked_bits("threshold_bits", self.threshold_bits, 10)

    def respond(self, field: np.ndarray, bias: np.ndarray, stream: Stream) -> Response:
        driven = field + bias
        if self.noise:
            driven = driven + np.float32(self.noise) * stream.normals(field.shape)
        states = (driven > 0).astype(np.float32)
        return Response(states, states, decisions(states.size, self.threshold_bits))


def decisions(comparisons: int, threshold_bits: int, thresholds: int | None = None) -> Events:
    """So many decisions of comparators, and the thresholds set for them: one each unless said otherwise."""
    set_ = comparisons if thresholds is None else thresholds
    return Events({"comparator.decision": comparisons, event("dac.conversion", bits=threshold_bits): set_})
