"""The GPU model against metered trainings, on axes: modelled against published, each run foretold from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..gpu.metered import MeteredRun
from ..validation.gpus import LeftOut, Named
from .labels import label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE = {"p100": ("#E69F00", "s"), "v100": ("#D55E00", "^"), "a100": ("#009E73", "D"), "h100": ("#0072B2", "o")}
_LINE = "#666666"


def plot_modelled(found: Sequence[LeftOut[Named]], ax: Axes, *, goal: float, unit: str, scale: float = 1.0) -> Axes:
    """Model against published value on two logarithmic axes, with the goal (a fraction) as a band about equality.

    Hollow marks: runs for which the model makes no claim (`MeteredRun.inside`). Runs that miss the goal by half as much
    again are named.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    x = np.array([left.published for left in found]) / scale
    y = np.array([left.model for left in found]) / scale
    ends = np.array([0.7 * min(x.min(), y.min()), 2.2 * max(x.max(), y.max())])
    ax.fill_between(ends, ends * (1 - goal), ends * (1 + goal), color=_LINE, alpha=0.15, linewidth=0)
    ax.plot(ends, ends, color=_LINE, linewidth=1)
    for left, a, b in zip(found, x, y, strict=True):
        colour, marker = _STYLE[left.run.gpu.name]
        hollow = isinstance(left.run, MeteredRun) and not left.run.inside
        ax.plot(
            a, b, marker, color=colour, markersize=5, linestyle="none", markerfacecolor="none" if hollow else colour
        )  # fmt: skip
    for gpu, (colour, marker) in _STYLE.items():  # for the legend, of the GPUs that occur
        if any(left.run.gpu.name == gpu for left in found):
            ax.plot([], [], marker, color=colour, markersize=5, linestyle="none", label=gpu.upper())
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(*ends)
    ax.set_ylim(*ends)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        if ends[1] < 50 * ends[0]:  # less than two decades: powers of ten alone would leave two ticks
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"published, {unit}")
    ax.set_ylabel(f"model, the run left out, {unit}")
    missed = [
        (float(a), float(b), left.run.name.replace("_", " "))
        for left, a, b in zip(found, x, y, strict=True)
        if abs(left.error) > 1.5 * goal
    ]
    label_points(ax, missed, list(zip(x.tolist(), y.tolist(), strict=True)))
    return ax
