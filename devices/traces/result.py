"""What a fit of pulse traces says: the device, the traces it was made of, the laws that were tried, and the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .choice import Choice, Coordinates
from .filter import Filtered, Segments
from .laws import TraceLaw
from .numbers import Estimate
from .search import Optimum, ReadNoise, at_limits, residuals
from .series import Traces

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..device import Device


@dataclass(frozen=True)
class TraceFit:
    """What pulse traces say of a device.

    Attributes
    ----------
    device : Device
        With the chosen law; it trains.
    traces : Traces
        As fitted, with notes of what was guessed and what was left out.
    choice : Choice
        All candidate laws and their scores.
    optimum : Optimum
        Of the chosen law, its noises corrected for the parameters of the mean (`search.restricted`).
    estimate : Estimate
        The numbers, with standard errors.
    read : ReadNoise
        The test for read noise.
    coordinates : Coordinates
    segments : Segments
    """

    device: Device
    traces: Traces
    choice: Choice
    optimum: Optimum
    estimate: Estimate
    read: ReadNoise
    coordinates: Coordinates
    segments: Segments = field(repr=False)

    @property
    def law(self) -> TraceLaw:
        """The chosen law."""
        return self.optimum.law

    @property
    def residuals(self) -> Filtered:
        """Innovations of the chosen law, pulse by pulse; one row."""
        return residuals(self.optimum, self.segments)

    @property
    def standardised(self) -> np.ndarray:
        """(pulses,) innovations over their standard deviations: standard normal where the law and its noise are right."""
        r, there = self.residuals, self.segments.there
        return r.innovation[0][there] / np.sqrt(r.variance[0][there])

    @property
    def at_limits(self) -> list[str]:
        """Names of parameters that ended at a limit of the search, read noise of none left out."""
        return at_limits(self.choice.candidates[self.choice.chosen].optimum, self.traces.devices)

    @property
    def table(self) -> pd.DataFrame:
        """The candidate laws, from the simplest.

        Columns: parameters of the shape, log-likelihood, score (nats of what was left out), how far behind the best and the
        standard error of that, how far behind by Schwarz's criterion, and whether it was chosen.
        """
        import pandas as pd

        choice = self.choice
        rows = [
            {
                "law": c.law.law,
                "noise": c.law.noise,
                "shape_parameters": len(c.law.parameters),
                "loglik": c.optimum.loglik,
                "cv_loglik": c.score,
                "behind_best": choice.behind[k],
                "error": choice.error[k],
                "schwarz_behind": choice.schwarz_behind[k],
                "chosen": k == choice.chosen,
            }
            for k, c in enumerate(choice.candidates)
        ]
        return pd.DataFrame(rows)

    @property
    def report(self) -> str:
        """All of it in words."""
        from .report import report

        return report(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Traces with the fit, steps against conductance, and residuals, in the place of `axes` or on a new figure."""
        from ..figures.traces import sheet

        return sheet(self, axes)
