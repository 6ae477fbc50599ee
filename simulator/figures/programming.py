"""The picture of a programming report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..programming.report import ProgrammingReport

_BLUE, _VERMILION, _GREY = "#0072B2", "#D55E00", "#666666"  # Okabe and Ito, "Color universal design" (2008)
_BINS = 61  # odd: zero is the middle of a bin
_SEEN = 0.995  # of the cells are inside the axis of the picture, unless the tolerance band asks for more


def plot_errors(report: ProgrammingReport, ax: Axes | None = None) -> Axes:
    """Histogram of the error of every cell with the band of the tolerance; failures apart.

    The axis holds twice the tolerance and 99.5 % of the cells; how many are beyond it is written into the picture.

    Parameters
    ----------
    report : ProgrammingReport
        What is drawn.
    ax : matplotlib.axes.Axes, optional
        Where; default: axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With what was drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.simulator import Crossbar
    >>> report = Crossbar((4, 3)).program(np.zeros((4, 3)))
    >>> report.plot().get_ylabel()
    'cells'
    """
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(5.2, 3.4), layout="constrained").subplots()
    error, failed = 1e6 * report.error.reshape(-1), report.failed.reshape(-1)
    reach = float(np.quantile(np.abs(error), _SEEN)) if error.size else 0.0
    reach = max(reach * 1.05, 2e6 * (report.tolerance or 0.0)) or 1.0
    edges = np.linspace(-reach, reach, _BINS + 1).tolist()
    name = "all cells" if report.tolerance is None else f"accepted ({int((~failed).sum())})"
    ax.hist(error[~failed], edges, color=_BLUE, label=name)
    if failed.any():
        ax.hist(
            error[failed],
            edges,
            histtype="step",
            color=_VERMILION,
            hatch="////",
            linewidth=1.2,
            label=f"failed ({int(failed.sum())})",
        )
    if report.tolerance is not None:
        for side in (-1, 1):
            label = f"tolerance, {1e6 * report.tolerance:.3g} µS" if side > 0 else None
            ax.axvline(side * 1e6 * report.tolerance, color=_GREY, linestyle="--", linewidth=1.0, label=label)
    beyond = np.abs(error) > reach
    if beyond.any():
        text = f"{int(beyond.sum())} beyond the axis,\nlargest {np.abs(error).max():.3g} µS"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(0.015, 0.98, text, transform=ax.transAxes, va="top", fontsize="small", bbox=box)
    ax.set_yscale("log")
    ax.set_ylim(0.7, 5 * ax.get_ylim()[1] if beyond.any() else None)  # one cell is visible, and the text has room
    ax.set_xlim(-reach, reach)
    ax.set_xlabel("achieved minus target conductance (µS)")
    ax.set_ylabel("cells")
    ax.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax
