"""Tornado and flip points on axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..sensitivity import Flip, Swing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 40  # characters of a label: the id of a model's estimate holds all its drivers
_LOW, _HIGH, _LINE = "#56B4E9", "#D55E00", "#666666"


def plot_tornado(
    swings: Sequence[Swing],
    nominal: float,
    ax: Axes,
    *,
    threshold: float | None = 1.0,
    flips: Sequence[Flip] = (),
    most: int = 10,
) -> Axes:
    """The widest swings as bars around the nominal value, widest on top.

    Blue: the record at its 5 % quantile, vermilion: at its 95 %. A record that could reverse the verdict alone has the
    factor it would need beside its name, bold where that lies within its 90 %.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = list(reversed(swings[:most]))
    by_record = {flip.record: flip for flip in flips}
    labels = []
    for row, swing in enumerate(shown):
        for end, colour in ((swing.low, _LOW), (swing.high, _HIGH)):
            ax.barh(row, end - nominal, left=nominal, color=colour, height=0.5)
        flip = by_record.get(swing.record)
        name = swing.record if len(swing.record) <= _LONGEST else f"{swing.record[: _LONGEST - 1]}…"
        labels.append(name if flip is None else f"{name}\nreverses at {flip.factor:.3g} times")
    ends_named = ((_LOW, "number at its 5 %"), (_HIGH, "number at its 95 %"))
    handles: list[Any] = [Patch(color=c, label=name) for c, name in ends_named]
    ax.axvline(nominal, color=_LINE, linewidth=1)
    handles.append(Line2D([], [], color=_LINE, linewidth=1, label=f"all numbers as stated: {nominal:.3g}"))
    if threshold is not None:
        ax.axvline(threshold, color=_LINE, linewidth=1, linestyle="--")
        label = f"{threshold:g}: the verdict turns"
        handles.append(Line2D([], [], color=_LINE, linewidth=1, linestyle="--", label=label))
    ax.legend(handles=handles, frameon=False, fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    ax.set_yticks(range(len(shown)), labels, fontsize=8)
    for tick, swing in zip(ax.get_yticklabels(), shown, strict=True):
        flip = by_record.get(swing.record)
        tick.set_fontweight("bold" if flip is not None and flip.likely else "normal")
    ends = [end for swing in shown for end in (swing.low, swing.high)]
    if ends and min(ends) > 0:  # a ratio: twice and half are equally far
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
    return ax
