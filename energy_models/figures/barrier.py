"""The barrier to entry as two panels: who can afford which model, by year of hardware and by step of the road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..framework.barrier import anchor_dollars, brain_parameters, brain_watts, budgets, by_step, by_year
from ..framework.beside import anchors
from ..gpu.runs import load_run
from ..prices.bill import Interval
from ..records import get
from .labels import label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#CC79A7", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#0072B2")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_BARE = "#444444"
_APART = 0.7  # the revolutionary path stands beside the road, not on it
_SIZES = (1e8, 3e13)  # parameters, for both panels alike


class Measured(Protocol):
    """A factor with its interval."""

    @property
    def times(self) -> Interval: ...


class Revolutionary(Protocol):
    """What the figure needs of `revpath.studies.compare.revolution.Revolution`."""

    @property
    def factor(self) -> Measured: ...


def plot_by_year(ax: Axes) -> Axes:
    """Largest P by year, one line a budget, with runs of record and the brain as anchors."""
    rows = by_year()
    years = sorted({int(row.where) for row in rows})
    for (name, money), colour, marker in zip(budgets(), _COLOURS, _MARKERS, strict=True):
        sizes = [row.parameters for row in rows if row.budget == name]
        ax.plot(years, sizes, color=colour, marker=marker, markersize=4, linewidth=1.3)
        ax.annotate(
            _money(money),
            (years[-1], sizes[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=colour,
        )
    marks = []
    for run, label in (
        ("transformer_big", f"Transformer (big), {_money(anchor_dollars())}"),
        ("gpt3", "GPT-3"),
        ("llama31_405b", "Llama 3.1 405B"),
        ("llama31_8b", "Llama 3.1 8B"),
    ):
        found = load_run(run)
        ax.plot(found.year, found.parameters or 0.0, "*", color=_BARE, markersize=6)
        marks.append((float(found.year), float(found.parameters or 0.0), label))
    for label, year, size in anchors():
        ax.plot(year, size, "*", color=_BARE, markerfacecolor="white", markersize=6)
        marks.append((float(year), float(size), label))
    _, low, high = brain_parameters()
    ax.axhspan(low, high, color="#999999", alpha=0.25, linewidth=0)
    least, most = brain_watts()
    ax.annotate(
        f"energy of a brain, {least:g} to {most:g} W for {get('anchor.schooling').value:g} years",
        (0.02, low),
        (0, -2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="top",
        fontsize=7,
    )
    ax.set_yscale("log")
    ax.set_ylim(*_SIZES)
    ax.set_xlim(2016.3, years[-1] + 1.2)
    ax.set_xticks(range(2017, years[-1] + 1, 2))
    ax.set_xlabel("year (cheapest GPU priced that year)")
    ax.set_ylabel("largest model: parameters, at 20 tokens each")
    ax.set_title("by year")
    label_points(ax, marks, [(float(row.where), row.parameters) for row in rows])
    return ax


def plot_by_step(ax: Axes, revolutionary: Revolutionary | None = None) -> Axes:
    """Largest P after each step that today's baseline has not taken, one line a budget.

    The revolutionary path stands apart: the factor of our own comparison in place of the steps, with its central 90 %.
    """
    times = revolutionary.factor.times if revolutionary else None
    rows = by_step(revolutionary=times.nominal if times else None)
    places = list(dict.fromkeys(row.where for row in rows))
    evolutionary = len(places) - (1 if revolutionary else 0)
    for (name, money), colour, marker in zip(budgets(), _COLOURS, _MARKERS, strict=True):
        sizes = [row.parameters for row in rows if row.budget == name]
        ax.plot(range(evolutionary), sizes[:evolutionary], color=colour, marker=marker, markersize=4, linewidth=1.3)
        if times:
            ends = [sizes[0] * times.low**0.5, sizes[0] * times.high**0.5]  # P goes with the square root of the saving
            ax.plot([evolutionary + _APART] * 2, ends, color=colour, linewidth=1)
            ax.plot(evolutionary + _APART, sizes[-1], marker, markerfacecolor="white", color=colour, markersize=5)
        ax.annotate(
            f"{name.replace('_', ' ')},\n{_money(money)}",
            (evolutionary - 1, sizes[evolutionary - 1]),
            (6, -5),
            textcoords="offset points",
            fontsize=7,
            color=colour,
        )
    ax.set_yscale("log")
    ax.set_ylim(*_SIZES)
    ax.set_xlim(-0.4, len(places) + (_APART - 0.6 if revolutionary else 0.2))
    ticks = [*range(evolutionary), *([evolutionary + _APART] if revolutionary else [])]
    ax.set_xticks(ticks, places, rotation=35, ha="right", rotation_mode="anchor")
    if times:
        ax.plot(
            [], [], "o", color=_BARE, markerfacecolor="white", markersize=5, linestyle="none", label="as measured, 90 %"
        )
        ax.legend(loc="lower right")
    ax.set_title("by step, median over the levers' ranges")
    return ax


def _money(dollars: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if dollars >= size:
            return f"${dollars / size:.2g}{letter}" if dollars < 10 * size else f"${dollars / size:.0f}{letter}"
    return f"${float(f'{dollars:.2g}'):.0f}"
