"""The barrier to entry: who can afford which model, by year of hardware and by step of the road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...devices.base.lazy import lazily
from ...devices.base.record import Uniform
from ..gpu.runs import load_run
from ..records import get, library
from ..sensitivity import propagate
from .cost_law import load_law
from .plan import affordable_parameters, dollars_per_flop
from .road import RoadStep, road, saving

_BUDGETS = ("student", "laboratory", "university", "company", "large_company", "frontier")
INSTEAD = "analog EBM instead:\nour small study, 90 %"


@dataclass(frozen=True)
class Affordable:
    """The largest model, in parameters, that a budget buys under the law C = 120 P^2.

    Attributes
    ----------
    parameters : float
        at the median of the levers' draws.
    as_published : float
        at the levers' published figures as stated.
    """

    budget: str
    dollars: float
    where: str
    parameters: float
    as_published: float


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
        for name, money in budgets():
            size = affordable_parameters(money, each)
            found.append(Affordable(name, money, str(year), size, size))
    return found


def by_step(steps: Sequence[RoadStep] | None = None, revolutionary: float | None = None) -> list[Affordable]:
    """What each budget buys today, after each step of the road in turn, and after the revolutionary path's factor.

    That factor was measured on one small text at one quality; that it holds at these sizes is nobody's finding. It is of
    energy, and is drawn as if dollars went with energy, which they do not: most of a GPU-hour's price is the GPU.

    Parameters
    ----------
    steps : sequence of RoadStep, optional
        those that today's baseline has not taken, unless given.
    """
    chosen = [step for step in road() if not step.in_baseline] if steps is None else list(steps)
    id = price_years()[-1][1]
    each = dollars_per_flop(id)
    rungs = [("today", 1.0, 1.0)]
    for i, step in enumerate(chosen, 1):
        rungs.append((step.name, *middle_and_published(chosen[:i])))
    if revolutionary is not None:
        rungs.append((INSTEAD, revolutionary, revolutionary))
    return [
        Affordable(
            name, money, where, *(affordable_parameters(money, each, saving=factor) for factor in (middle, best))
        )
        for where, middle, best in rungs
        for name, money in budgets()
    ]


def middle_and_published(steps: Sequence[RoadStep]) -> tuple[float, float]:
    """How many times cheaper with `steps`: the median of the draws, and at the published figures as stated."""
    found = propagate(saving(steps))
    return float(np.median(found.samples)), found.interval.nominal


def budgets() -> list[tuple[str, float]]:
    """(name, dollars) from the smallest."""
    return [(name, get(f"budget.{name}").to("dimensionless")) for name in _BUDGETS]


def brain_watts() -> tuple[float, float]:
    """The least and the most that a brain takes."""
    band = get("anchor.brain").uncertainty
    assert isinstance(band, Uniform)
    return band.low, band.high


def brain_parameters() -> tuple[float, float, float]:
    """The model that a GPU trains, under the law, on a brain's energy until it is grown: nominal, low and high.

    Energy is 10 to 25 W for 20 years, at the joules per FLOP of the best run of record; a brain does something else.
    """
    record, years = get("anchor.brain"), get("anchor.schooling").to("s")
    per_flop = get("gpu.run.llama31_405b").to("J/flop")
    unit = load_law().flops(1.0)
    sizes = [(watts * years / per_flop / unit) ** 0.5 for watts in (record.value, *brain_watts())]
    return sizes[0], sizes[1], sizes[2]


def anchor_dollars() -> float:
    """What the seeds' anchor cost to rent, 8 P100 for 3.5 days, at the earliest price of a P100 that we have (2019)."""
    return (load_run("transformer_big").hours or 0.0) * get("price.p100_2019").to("1/hour")


# Where these names were until 0.2.
__getattr__, __dir__ = lazily(__name__, {"...figures.barrier": ("plot_by_step", "plot_by_year")})
