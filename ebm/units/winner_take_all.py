r"""Winner-take-all: of a row of lines the largest is on, and noise makes the choice a draw from a softmax, nearly.

.. math:: s_j = 1\{j = \arg\max_k (f_k + b_k + \sigma \xi_k)\}, \qquad
    P(s_j = 1) \approx \frac{e^{\beta (f_j + b_j)}}{\sum_k e^{\beta (f_k + b_k)}}, \qquad \beta = \frac{2}{\sqrt{\pi}\, \sigma}

which is exact for Gumbel noise of scale :math:`1 / \beta` (Yellott, Journal of Mathematical Psychology 15, 1977), and for the
normal noise of a circuit has the slope of the softmax where two lines are equal. The tails of normal noise are shorter: unlikely
symbols are drawn too seldom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...devices.base.errors import RevpathError
from ...simulator.noise.streams import Stream
from .comparator import decisions
from .contract import Response, Units, checked_bits, checked_number


@dataclass(frozen=True)
class WinnerTakeAll(Units):
    """Units of which one in a row is on: a draw of a symbol without exponentials, sums or converters.

    Priced as a tree of comparators, one less than there are lines.

    Parameters
    ----------
    noise : float
        Standard deviation of what is added to each line, in units of input times weight; the noise of the array comes on top.
    threshold_bits : int
        Of the converter that adds the bias to a line, for each draw.
    law : "normal" or "gumbel"
        Of the noise that is added: what a circuit has, or what would make the softmax exact.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.units import WinnerTakeAll
    >>> from revpath.simulator import Stream
    >>> WinnerTakeAll(noise=0.0).respond(np.array([[0.2, 0.9]], np.float32), np.zeros(2, np.float32), Stream(0, "u")).states
    array([[0., 1.]], dtype=float32)
    """

    name = "winner-take-all"
    noise: float = 2 / math.sqrt(math.pi)
    threshold_bits: int = 8
    law: Literal["normal", "gumbel"] = "normal"

    def __post_init__(self) -> None:
        checked_number("noise", self.noise)
        checked_bits("threshold_bits", self.threshold_bits, 10)
        if self.law not in ("normal", "gumbel"):
            raise RevpathError(f"law = {self.law!r} must be 'normal' or 'gumbel'")

    @property
    def inverse_temperature(self) -> float:
        """beta of the softmax that its own noise makes; infinite without noise."""
        if self.noise == 0:
            return math.inf
        return math.pi / math.sqrt(6) / self.noise if self.law == "gumbel" else 2 / (math.sqrt(math.pi) * self.noise)

    def respond(self, field: np.ndarray, bias: np.ndarray, stream: Stream) -> Response:
        driven = field + bias
        if self.noise and self.law == "normal":
            driven = driven + np.float32(self.noise) * stream.normals(field.shape)
        elif self.noise:
            uniforms = np.maximum(stream.uniforms(field.shape).astype(np.float64), 2.0**-25)
            driven = driven - np.log(-np.log(uniforms)) / self.inverse_temperature
        rows, lines = field.shape
        states = np.zeros((rows, lines), np.float32)
        states[np.arange(rows), np.argmax(driven, axis=1)] = 1
        return Response(states, states, decisions(rows * (lines - 1), self.threshold_bits, thresholds=rows * lines))
