"""The barrier to entry: who can afford which model, by year of hardware and by step of the road, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..gpu.runs import load_run
from ..records import get, library
from ..sensitivity import nominal
from .cost_law import load_law
from .plan import affordable_parameters, dollars_per_flop
from .road import Revolution, Step, road, saving

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BUDGETS = ("student", "laboratory", "university", "company", "large_company", "frontier")
_COLOURS = ("#CC79A7", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#0072B2")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_BARE = "#444444"
_INSTEAD = "analog EBM instead:\nour small study, 90 %"
_APART = 0.7  # the revolutionary path stands beside the road, not on it


@dataclass(frozen=True)
class Affordable:
    """The largest model, in parameters, that a budget buys under the law C = 120 P^2."""

    budget: str
    dollars: float
    where: str
    parameters: float


def price_years() -> list[tuple[int, str]]:
    """(year, id of the price) of the GPU that was cheapest per FLOP among those priced that year."""
    best: dict[int, tuple[float, str]] = {}
    for id, record in library().items():
        if id.startswith("price.") and "year" in record.conditions:
            year = int(record.conditions["year"])
            each = dollars_per_flop(id)
            best[year] = min(best.get(year, (float("inf"), "")), (each, id))
    return [(year, best[year][1]) for year in sorted(best)]


def by_year() -> list[Affordable]:
    """What each budget buys with the cheapest priced GPU of each year."""
    found = []
    for year, id in price_years():
        each = dollars_per_flop(id)
        found += [Affordable(name, money, str(year), affordable_parameters(money, each)) for name, money in budgets()]
    return found


def by_step(steps: Sequence[Step] | None = None, revolutionary: float | None = None) -> list[Affordable]:
    """What each budget buys today, after each step of the road in turn, and after the revolutionary path's factor.

    That factor was measured on one small text at one quality; that it holds at these sizes is nobody's finding. It is of
    energy, and is drawn as if dollars went with energy, which they do not: most of a GPU-hour's price is the GPU.

    steps: those that today's baseline has not taken, unless given.
    """
    chosen = [step for step in road() if not step.in_baseline] if steps is None else list(steps)
    id = price_years()[-1][1]
    each = dollars_per_flop(id)
    rungs = [("today", 1.0)]
    for i, step in enumerate(chosen, 1):
        rungs.append((step.name, nominal(saving(chosen[:i]))[0]))
    if revolutionary is not None:
        rungs.append((_INSTEAD, revolutionary))
    return [
        Affordable(name, money, where, affordable_parameters(money, each, saving=factor))
        for where, factor in rungs
        for name, money in budgets()
    ]


def budgets() -> list[tuple[str, float]]:
    """(name, dollars) from the smallest."""
    return [(name, get(f"budget.{name}").to("dimensionless")) for name in _BUDGETS]


def brain_parameters() -> tuple[float, float, float]:
    """The model that a GPU trains, under the law, on a brain's energy until it is grown: nominal, low and high.

    Energy is 10 to 25 W for 20 years, at the joules per FLOP of the best run of record; a brain does something else.
    """
    record, years = get("anchor.brain"), get("anchor.schooling").to("s")
    per_flop = get("gpu.run.llama31_405b").to("J/flop")
    unit = load_law().flops(1.0)
    low, high = record.uncertainty.low, record.uncertainty.high  # type: ignore[union-attr]
    sizes = [(watts * years / per_flop / unit) ** 0.5 for watts in (record.value, low, high)]
    return sizes[0], sizes[1], sizes[2]


def anchor_dollars() -> float:
    """What the seeds' anchor cost to rent, 8 P100 for 3.5 days, at the earliest price of a P100 that we have (2019)."""
    return (load_run("transformer_big").hours or 0.0) * get("price.p100_2019").to("1/hour")


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
            fontsize=8,
            color=colour,
        )
    for run, label, place in (
        ("transformer_big", f"Transformer (big),\n8 P100 for 3.5 days, {_money(anchor_dollars())}", (7, -6)),
        ("gpt3", "GPT-3", (7, -3)),
        ("llama31_405b", "Llama 3.1 405B", (-66, -10)),
        ("llama31_8b", "Llama 3.1 8B", (7, -3)),
    ):
        found = load_run(run)
        ax.plot(found.year, found.parameters or 0.0, "*", color=_BARE, markersize=8)
        ax.annotate(label, (found.year, found.parameters or 0.0), place, textcoords="offset points", fontsize=7)
    _, low, high = brain_parameters()
    ax.axhspan(low, high, color="#999999", alpha=0.25, linewidth=0)
    watts = get("anchor.brain").uncertainty
    ax.annotate(
        f"energy of a brain, {watts.low:g} to {watts.high:g} W for {get('anchor.schooling').value:g} years",  # type: ignore[union-attr]
        (0.02, low),
        (0, -2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="top",
        fontsize=7,
    )
    ax.set_yscale("log")
    ax.set_ylim(1e8, 3e13)
    ax.set_xlim(2016.3, years[-1] + 1.2)
    ax.set_xticks(range(2017, years[-1] + 1, 2))
    ax.set_xlabel("year (cheapest GPU priced that year)", fontsize=9)
    ax.set_ylabel("largest model: parameters, at 20 tokens each", fontsize=9)
    ax.set_title("by year", fontsize=9, loc="left")
    return ax


def plot_by_step(ax: Axes, revolutionary: Revolution | None = None) -> Axes:
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
    ax.set_xlim(-0.4, len(places) + (_APART - 0.6 if revolutionary else 0.2))
    ticks = [*range(evolutionary), *([evolutionary + _APART] if revolutionary else [])]
    ax.set_xticks(ticks, places, rotation=25, ha="right", fontsize=7)
    ax.set_title("by step, best published cases", fontsize=9, loc="left")
    return ax


def _money(dollars: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if dollars >= size:
            return f"${dollars / size:.2g}{letter}" if dollars < 10 * size else f"${dollars / size:.0f}{letter}"
    return f"${float(f'{dollars:.2g}'):.0f}"
