"""Joules of training against quality, each side as the cheapest of its contenders, and the ratios between them."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from ....devices.base.style import BLUE, GREEN, GREY, ORANGE, PALETTE, PURPLE, VERMILION, style
from ..frontier import Counting

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP*X"
_HUES = (VERMILION, BLUE, GREEN, PURPLE, ORANGE)
_PLACES = {"GPU": ("s", (0, (1, 1))), "digital lanes": ("^", (0, (4, 2))), "ReRAM": ("o", "-"), "Li-ECRAM": ("D", "-")}
"""Marker and dash by what a model runs on."""
_RATIOS = {
    "ratio": ("whole: rival on GPU / model on arrays", "o"),
    "algorithm": ("model: rival on GPU / model on GPU", "s"),
    "hardware": ("arrays: model on GPU / model on arrays", "D"),
    "same_node": ("arrays: model on digital lanes / model on arrays", "^"),
}
"""Columns of the table of factors: words and marker."""


def frontier_figure(table: pd.DataFrame, title: str, unit: str, counted: Counting | None = None) -> Figure:
    """Joules of the cheapest contender of each side at each quality.

    Parameters
    ----------
    table : DataFrame
        Of `revpath.studies.equal_quality.frontier.envelope`.
    title, unit : str
        Of the task.
    counted : Counting, optional
        The model that counts.
    """
    from matplotlib.figure import Figure

    sides = list(dict.fromkeys(table["side"]))
    with style():
        figure = Figure(figsize=(7.0, 3.6 + 0.15 * len(sides)), layout="constrained")
        ax = figure.subplots()
        families = dict(zip(dict.fromkeys(side.split(", ")[0] for side in sides), cycle(_HUES), strict=False))
        for n, side in enumerate(sides):
            colour = families[side.split(", ")[0]]
            marker, dash = next((look for words, look in _PLACES.items() if f", {words}" in side), ("P", "-"))
            rows = table.loc[table["side"] == side].sort_values("quality", ascending=False)
            joules = rows["joules"].to_numpy()
            spread = np.abs(np.vstack([joules - rows["low"], rows["high"] - joules]))
            shift = 1 + 0.006 * (n - len(sides) / 2)  # so that bars do not hide each other
            ax.errorbar(
                rows["quality"] * shift,
                joules,
                yerr=spread,
                color=colour,
                marker=marker,
                markersize=3.5,
                linewidth=1.2,
                elinewidth=0.6,
                linestyle=dash,
                markerfacecolor="white" if "best matrix product" in side else colour,
                label=side,
            )
            early = rows.loc[rows["unseen"]]
            ax.plot(early["quality"] * shift, early["joules"], "v", color=colour, markersize=7, fillstyle="none")
        if counted is not None:
            ax.axvline(counted.validation, color=GREY, linewidth=1, linestyle="--")
            ax.plot(
                counted.validation,
                counted.lanes.nominal,
                "*",
                color="black",
                markersize=8,
                linestyle="none",
                label=f"{counted.title}, digital lanes",
            )
        ax.plot(
            [],
            [],
            "v",
            color=GREY,
            fillstyle="none",
            linestyle="none",
            label="reached by its first checkpoint: at most",
        )
        ax.set_yscale("log")
        ax.set_xscale("log")
        ax.invert_xaxis()
        _plain_ticks(ax, sorted(set(table["quality"])))
        ax.set_xlabel(f"quality: {unit} on validation data (better to the right)")
        ax.set_ylabel("energy of training (J)")
        ax.set_title(title)
        ax.grid(alpha=0.25)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _plain_ticks(ax: Axes, values: list[float]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    ax.xaxis.set_major_locator(FixedLocator(values))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:g}")


def factors_figure(table: pd.DataFrame, titles: dict[str, str], units: dict[str, str]) -> Figure:
    """The whole ratio and its factors with their intervals: a panel for each task and family.

    Parameters
    ----------
    table : DataFrame
        Of `revpath.studies.equal_quality.frontier.factors`.
    titles, units : dict of str to str
        Of the tasks.
    """
    from matplotlib.figure import Figure

    there = table.dropna(subset=["ratio"])
    panels = list(dict.fromkeys(zip(there["task"], there["family"], strict=True)))
    heights = [max(2, len(there.loc[(there["task"] == t) & (there["family"] == f)])) for t, f in panels]
    with style():
        figure = Figure(figsize=(7.0, 0.9 + 0.42 * sum(heights) + 0.35 * len(panels)), layout="constrained")
        axes: Any = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False, height_ratios=heights or None)
        for ax, (task, family) in zip(axes[:, 0], panels, strict=False):
            rows = there.loc[(there["task"] == task) & (there["family"] == family)]
            _ratios(ax, rows)
            ax.set_title(f"{titles[task]}, {family}")
            ax.set_ylabel(units[task])
        if panels:
            axes[-1, 0].set_xscale("log")
            axes[-1, 0].set_xlabel(
                "ratio of joules, other side over the analog side: above 1 the analog side needs less"
            )
            handles, labels = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _ratios(ax: Axes, rows: pd.DataFrame) -> None:
    ax.axvline(1, color="black", linewidth=0.8)
    for k, (name, (words, marker)) in enumerate(_RATIOS.items()):
        places = np.arange(len(rows)) + 0.18 * (k - 1.5)
        middle = rows[name].to_numpy()
        spread = np.abs(np.vstack([middle - rows[f"{name}_low"], rows[f"{name}_high"] - middle]))
        ax.errorbar(
            middle, places, xerr=spread, fmt=marker, color=PALETTE[k], markersize=3.5, elinewidth=1, label=words
        )
    ax.set_yticks(np.arange(len(rows)), [f"{q:g}" for q in rows["quality"]])
    ax.invert_yaxis()
    ax.grid(alpha=0.25, axis="x")


def robustness_figure(table: pd.DataFrame, title: str) -> Figure:
    """Every universe as a point, and in which share of them the analog side needs fewer joules.

    Parameters
    ----------
    table : DataFrame
        Of `revpath.studies.equal_quality.multiverse.multiverse`, at one quality of each family.
    title : str
    """
    from matplotlib.figure import Figure

    there = table.dropna(subset=["ratio"])
    rows = list(dict.fromkeys(zip(there["family"], there["quality"], there["opponent"], strict=True)))
    chips = list(dict.fromkeys(there["chip"]))
    colours = dict(zip(chips, cycle(PALETTE), strict=False))
    markers = dict(zip(chips, cycle(_MARKERS), strict=False))
    with style():
        figure = Figure(figsize=(7.0, 1.4 + 0.32 * len(rows)), layout="constrained")
        ax = figure.subplots()
        ax.axvline(1, color="black", linewidth=0.8)
        for y, (family, quality, opponent) in enumerate(rows):
            of = (there["family"] == family) & (there["quality"] == quality) & (there["opponent"] == opponent)
            for m, chip in enumerate(chips):
                those = there.loc[of & (there["chip"] == chip)]
                ax.plot(
                    those["ratio"],
                    np.full(len(those), y + 0.5 * (m / max(len(chips) - 1, 1) - 0.5)),
                    markers[chip],
                    color=colours[chip],
                    markersize=2.2,
                    alpha=0.7,
                )
            wins = float(np.mean(there.loc[of, "ratio"] > 1))
            ax.annotate(f"{wins:.0%}", (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7)
        ax.annotate("less by\nanalog", (1.01, -0.9), xycoords=("axes fraction", "data"), va="bottom", fontsize=6)
        ax.set_yticks(np.arange(len(rows)), [f"{f} at {q:g}\nagainst {o}" for f, q, o in rows], fontsize=6)
        ax.set_ylim(len(rows) - 0.4, -0.8)
        ax.set_xscale("log")
        ax.set_xlabel("ratio of joules, opponent over the analog side")
        ax.set_title(title)
        ax.grid(alpha=0.25, axis="x")
        handles = [ax.plot([], [], markers[c], color=colours[c], markersize=4, label=c)[0] for c in chips]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
