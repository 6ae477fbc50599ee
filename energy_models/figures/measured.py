"""Measured and modelled power of a GPU's workloads, on axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..validation.measured import Compared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_METER, _MODEL = "#D55E00", "#0072B2"


def plot_measured(found: Sequence[Compared], ax: Axes, title: str = "") -> Axes:
    """Mean watts of each workload by the meter (cross) and by the model (dot, with its central 90 %)."""
    places = range(len(found))
    for place, one in zip(places, found, strict=True):
        if one.model_W is not None:
            interval = one.model_W.interval
            ax.plot([interval.low, interval.high], [place, place], color=_MODEL, linewidth=2, alpha=0.4)
            ax.plot(interval.nominal, place, "o", color=_MODEL, markersize=6, label="model, 90 %")
        ax.plot(one.measured_W, place, "x", color=_METER, markersize=7, markeredgewidth=2, label="meter")
    ax.set_yticks(places, [one.workload for one in found], fontsize=8)
    ax.set_ylim(-0.6, len(found) - 0.4)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    ax.set_xlabel("mean power of the GPU, W", fontsize=9)
    ax.set_title(title, fontsize=9, loc="left")
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    ax.legend(once.values(), once.keys(), fontsize=7, loc="best")
    return ax
