r"""Digital units: a table of the logistic function, and random bits that are compared with what it says.

.. math:: P(s = 1) = 1 / (1 + e^{-(f + b)})
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...simulator.noise.streams import Stream
from ..synapses.units import sample_units
from .contract import Response, Units


@dataclass(frozen=True)
class DigitalUnits(Units):
    """Units in the lanes of a digital part, behind the converters of the array: an add, a sigmoid, a compare and 16 random bits."""

    name = "digital"
    converted = True

    def respond(self, field: np.ndarray, bias: np.ndarray, stream: Stream) -> Response:
        return Response(*sample_units(field, bias, stream))
