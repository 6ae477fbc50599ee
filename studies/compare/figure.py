"""Figures: pure functions from results to matplotlib figures, colour-blind safe, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...devices.base.printable import figure_text, one_line
from ...devices.base.style import style
from .floors import orders_above_floor
from .verdict import Contender, Ruler, Verdict

__all__ = ["DRAWN", "compare_caption", "compare_figure", "plot_energy_curves"]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008); lines also differ in marker and dash
_BLUE, _ORANGE, _GREEN, _VERMILION, _PURPLE, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#666666"
_SKY, _BLACK = "#56B4E9", "#000000"
_BAND = 0.12  # opacity
_NAME_WIDTH, _TITLE_LONGEST = 60, 200  # characters


DRAWN = ("analog", "gpu", "gpu-bound")
"""Kinds of contenders that the figure shows: what others would be at another node, or on a GPU that waits, is in the table."""


def compare_figure(contenders: Sequence[Contender], verdict: Verdict, ruler: Ruler, name: str) -> Figure:
    """Joules of training against loss, every contender, with the line of what counting does.

    Parameters
    ----------
    name : str
        of the data. What is judged of it stands in `compare_caption`, beside the figure and not in it.
    """
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(7.0, 6.2), layout="constrained")
        axes = plot_energy_curves(contenders, ruler, figure.subplots())
        if verdict.quality is not None:
            label = f"compared here: {verdict.quality:g} {ruler.unit}"
            axes.axhline(verdict.quality, color=_GREY, linewidth=0.8, label=label)
        if (legend := axes.get_legend()) is not None:
            legend.remove()  # a dozen entries leave no room among the curves
        figure.legend(loc="outside lower center", ncols=2)
        heading = f"Energy of training to equal quality: {one_line(name, _NAME_WIDTH)}"
        axes.set_title(figure_text(heading, _TITLE_LONGEST))
    return figure


def compare_caption(verdict: Verdict, ruler: Ruler, name: str) -> str:
    """What a reader must know beside the figure: the verdict, what is drawn how, and what is not."""
    return (
        f"Energy of training to equal quality on {one_line(name, _NAME_WIDTH)}. {verdict.sentence} Markers: checkpoints of the first "
        "seed; thin lines: other seeds; bands: 90 % intervals of the prices; dotted: the best matrix product, a lower bound; "
        f"dashes and open markers: devices that do not exist; +n: orders of magnitude above 2 N D k T. Quality: {ruler.unit}, "
        "validation. GPUs that wait, and other nodes, are in the table of the result."
    )


def plot_energy_curves(contenders: Sequence[Contender], ruler: Ruler, ax: Axes) -> Axes:
    """Draw the curves on `ax` and return it.

    Kinds other than `DRAWN` are left to the table. A marker is a checkpoint of the first seed, thin lines are other seeds. Bands are
    90 % intervals of the prices, dotted lines the best matrix product, dashes and open markers devices that do not exist.
    """
    contenders = [c for c in contenders if c.kind in DRAWN]
    looks = _looks(contenders)
    for c in contenders:
        if not c.stops:
            continue
        joules = np.array([s.bill.joules for s in c.stops])
        losses = np.array([s.validation for s in c.stops])
        bound = c.kind == "gpu-bound"
        colour, marker = looks[c.name]
        ax.plot(
            joules,
            losses,
            color=colour,
            marker=None if bound else marker,
            markersize=3.5,
            linewidth=1.0 if bound else 1.5,
            linestyle=":" if bound else ("--" if c.hypothetical else "-"),
            label="_" + c.title if bound else figure_text(c.title, _NAME_WIDTH),
            markerfacecolor="white" if c.hypothetical else colour,
        )
        for stops in c.again if c.ours and not bound else ():
            of_seed = [s.bill.joules for s in stops], [s.validation for s in stops]
            ax.plot(*of_seed, color=colour, linewidth=0.6, alpha=0.6, linestyle="--" if c.hypothetical else "-")
        if not bound:
            _draw_band(ax, c, colour)
        if c.ours and not bound:
            _write_orders(ax, c, colour)
    ax.plot([], [], color=_GREY, linestyle=":", label="same, best matrix product (lower bound)")
    ax.fill_between([], [], [], color=_GREY, alpha=_BAND, lw=0, label="90 % interval of the prices")
    ax.plot([], [], linestyle="none", label="+n: orders of magnitude above 2 N D k T")
    ax.set_xscale("log")
    ax.set_xlabel("energy of training (J), at the boundary of the chip or GPU")
    ax.set_ylabel(f"{ruler.unit} (validation)")
    losses = [s.validation for c in contenders for s in c.stops]
    if ruler.counting is not None:
        losses.append(ruler.counting)
        ax.axhline(ruler.counting, color="black", linewidth=1, linestyle=(0, (6, 3)))
        ax.annotate(
            f"{ruler.counted}: {ruler.counting:.2f}; above this line nobody needs a model that learns",
            (0.01, ruler.counting),
            xycoords=("axes fraction", "data"),
            xytext=(0, -3),
            textcoords="offset points",
            va="top",
        )
    if ruler.logarithmic:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    elif losses:
        ax.set_ylim(bottom=min(losses) - ruler.coarser)
    ax.grid(alpha=0.25, which="major")
    ax.legend(loc="best")
    return ax


def _draw_band(ax: Axes, contender: Contender, colour: str) -> None:
    """The 90 % interval of joules at the best loss so far, which is what a first passage is read from."""
    intervals = [s.bill.interval() for s in contender.stops]
    losses = np.minimum.accumulate([s.validation for s in contender.stops])
    ax.fill_betweenx(losses, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=_BAND, lw=0)


def _write_orders(ax: Axes, contender: Contender, colour: str) -> None:
    """How many orders of magnitude its best checkpoint is above 2 N D k T, beside it."""
    best = contender.best
    ax.annotate(
        f"+{orders_above_floor(contender, best):.1f}",
        (best.bill.joules, best.validation),
        (3, -9),
        textcoords="offset points",
        fontsize=7,
        color=colour,
    )


def _looks(contenders: Sequence[Contender]) -> dict[str, tuple[str, str]]:
    """Colour and marker by contender; a lower bound takes the colour of its curve."""
    looks: dict[str, tuple[str, str]] = {}
    analog = iter([(_VERMILION, "o"), (_ORANGE, "o"), (_PURPLE, "o"), (_BLACK, "o")])
    elsewhere = iter([(_GREEN, "^"), (_SKY, "^")])
    rivals = iter([(_BLUE, "s"), (_SKY, "D"), (_GREY, "v"), (_BLUE, "P"), (_SKY, "X"), (_GREY, "*")])
    for c in contenders:
        stem = c.name.removesuffix("-bound")
        if stem in looks:
            looks[c.name] = looks[stem]
        elif c.kind == "analog":
            looks[c.name] = next(analog, (_GREY, "x"))
        elif not c.ours:
            looks[c.name] = next(rivals, (_GREY, "x"))
        else:
            looks[c.name] = next(elsewhere, (_GREY, "^"))
    return looks
