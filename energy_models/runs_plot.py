"""The GPU model against the training runs of record, on axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .runs import LeftOut

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOUR, _LINE = "#0072B2", "#666666"


def plot_left_out(found: Sequence[LeftOut], ax: Axes, title: str = "", *, goal: float) -> Axes:
    """Error of each run when foretold from the others, in per cent, with the goal (a fraction) as a band."""
    names = [f"{left.run.name}, {left.run.gpu.name.upper()}, {left.run.year}" for left in reversed(found)]
    errors = [100 * left.error for left in reversed(found)]
    ax.axvspan(-100 * goal, 100 * goal, color=_LINE, alpha=0.1, linewidth=0)
    ax.hlines(range(len(errors)), 0, errors, color=_COLOUR, linewidth=1)
    ax.plot(errors, range(len(errors)), "o", color=_COLOUR, markersize=5)
    ax.axvline(0, color=_LINE, linewidth=1)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.set_xlabel(f"model over published, % (band: {goal:.0%})", fontsize=9)
    ax.set_title(title, fontsize=9, loc="left")
    return ax
