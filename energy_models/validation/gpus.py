"""How well the GPU model foretells trainings that it was not fitted to: one run, or one paper, left out at a time.

Three questions, from the model's own job to what it was never meant for:

- `power_left_out`: mean watts, hence energy, **given the GPU-hours**. This is the energy model's own test;
- `energy_left_out`: energy from parameters, tokens and GPU alone. The hours are foretold too, by the share of the best
  matrix product that other runs kept busy (`Law`), which differs between groups of people by a factor of two;
- `hours_left_out`: GPU-hours from the same. A published energy that is rated power times hours tests only this.

Everything that was fitted is fitted again without the run (or the paper): see `metered.fit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np

from ..errors import PriceError
from ..gpu.metered import BlindRun, Constants, MeteredRun, blind_runs, fit, metered_runs, without
from ..gpu.model import Gpu
from ..gpu.runs import TrainingRun, runs
from ..records import library

By = Literal["run", "paper"]
Law = Literal["mean", "size"]
"""How utilisation is foretold: the geometric mean of the others, or a power of the parameters fitted to them."""
_HOUR = 3600.0
_SIZED = 3  # others that a power law with two constants needs at least, so that one degree of freedom is left


class Named(Protocol):
    """What a report needs of a run."""

    @property
    def name(self) -> str: ...
    @property
    def gpu(self) -> Gpu: ...
    @property
    def year(self) -> int: ...


R = TypeVar("R", bound=Named, covariant=True)


@dataclass(frozen=True)
class LeftOut(Generic[R]):
    """A run foretold from the others: published and model value (W, J or GPU-hours).

    Attributes
    ----------
    prior : bool
        the host of its node was assumed, since no other system with that GPU was metered.
    """

    run: R
    published: float
    model: float
    prior: bool = False

    @property
    def error(self) -> float:
        """Model over published, less 1."""
        return self.model / self.published - 1


@dataclass(frozen=True)
class Summary:
    """Of the sizes of some errors: the median, the mean, the largest, and how many are within a goal."""

    count: int
    median: float
    mean: float
    worst: float
    within: int


def summary(found: Sequence[LeftOut[Named]], goal: float) -> Summary:
    """The errors in brief. goal: a fraction."""
    sizes = [abs(left.error) for left in found]
    return Summary(len(sizes), median(sizes), fmean(sizes), max(sizes), sum(size <= goal for size in sizes))


def power_left_out(by: By = "run", pool: Sequence[MeteredRun] | None = None) -> list[LeftOut[MeteredRun]]:
    """Mean watts of each metered run with the constants of the others; energy follows, since hours are given.

    Runs that are not `inside` are foretold too: pick them out by that.
    """
    every = list(metered_runs() if pool is None else pool)
    found = []
    for run in every:
        constants = fit(without(run.name, pool=every) if by == "run" else without(paper=run.paper, pool=every))
        prior = run.encloses == "system" and run.gpu.name in constants.assumed
        found.append(LeftOut(run, run.watts, constants.watts(run), prior))
    return found


def null_left_out(by: By = "run", pool: Sequence[MeteredRun] | None = None) -> list[LeftOut[MeteredRun]]:
    """The same watts by a model without physics: rated power times the median share of it that the others drew, by what was metered.

    What a model of GPUs has to beat. Of runs that are `inside` only, and learnt from those.

    Raises
    ------
    PriceError
        no other run has its meter around the same.
    """
    every = [run for run in (metered_runs() if pool is None else pool) if run.inside]
    found = []
    for run in every:
        others = without(run.name, pool=every) if by == "run" else without(paper=run.paper, pool=every)
        shares = [other.watts / _rated(other) for other in others if other.encloses == run.encloses]
        if not shares:
            raise PriceError(f"run {run.name!r}: no other run was metered around its {run.encloses}")
        found.append(LeftOut(run, run.watts, median(shares) * _rated(run)))
    return found


def power_blind() -> list[LeftOut[BlindRun]]:
    """Mean watts of trainings that Zeus metered, to which nothing was fitted, by the model of all others.

    A board of another rating is the library's GPU of its chip with all watts scaled by the rating.
    """
    constants = fit()
    found = []
    for run in blind_runs():
        constant, slope = constants.line(run.gpu, "gpu")
        scale = run.rated_W / library()[run.gpu.id("power")].to("W")
        found.append(LeftOut(run, run.watts, scale * (constant + slope * constants.utilisation)))
    return found


def null_blind() -> list[LeftOut[BlindRun]]:
    """The same by the model without physics: the rating times the median share that GPUs metered alone drew of theirs."""
    pool = [run for run in metered_runs() if run.inside and run.encloses == "gpu"]
    share = median(run.watts / _rated(run) for run in pool)
    return [LeftOut(run, run.watts, share * run.rated_W) for run in blind_runs()]


def _rated(run: MeteredRun) -> float:
    return library()[run.gpu.id("power")].to("W")


def energy_left_out(
    law: Law = "mean", by: By = "run", chosen: Sequence[TrainingRun] | None = None
) -> list[LeftOut[TrainingRun]]:
    """Joules of each run from parameters, tokens and GPU alone. chosen: the runs whose power was metered, unless given."""
    pool = list(runs("measured") if chosen is None else chosen)
    found = []
    for run in pool:
        constants = fit(without(run.name) if by == "run" else without(paper=_paper(run)))
        others = [other for other in pool if (other.name != run.name if by == "run" else _paper(other) != _paper(run))]
        share = _law(law, [(other, implied_utilisation(other, constants)) for other in others])(run)
        found.append(LeftOut(run, run.energy_J or math.nan, _joules(run, share, constants)))
    return found


def hours_left_out(law: Law = "mean", chosen: Sequence[TrainingRun] | None = None) -> list[LeftOut[TrainingRun]]:
    """GPU-hours of each run that published them, from parameters, tokens and GPU alone; the run itself left out."""
    pool = [run for run in (runs() if chosen is None else chosen) if run.utilisation is not None]
    found = []
    for run in pool:
        others = [(other, other.utilisation or math.nan) for other in pool if other is not run]
        share = _law(law, others)(run)
        found.append(LeftOut(run, run.hours or math.nan, run.flops / (share * run.rate) / _HOUR))
    return found


def implied_utilisation(run: TrainingRun, constants: Constants) -> float:
    """The share u of the best matrix product at which the model gives the run the energy that it spent.

    E = F / (u R) (A + B u), with A and B of `Constants.line`, so u = A / (E R / F - B).

    Raises
    ------
    PriceError
        the run has no published energy, or spent less than its best matrix products alone would.
    """
    if run.energy_J is None:
        raise PriceError(f"run {run.name!r} has no published energy")
    constant, slope = _line(run, constants)
    share = constant / (run.energy_J * run.rate / run.flops - slope)
    if not 0 < share <= 1:
        raise PriceError(f"run {run.name!r} spent less than its best matrix products alone would")
    return share


def _joules(run: TrainingRun, share: float, constants: Constants) -> float:
    constant, slope = _line(run, constants)
    return run.flops / (share * run.rate) * (constant + slope * share)


def _line(run: TrainingRun, constants: Constants) -> tuple[float, float]:
    """(A, B) of mean power inside what the run's energy encloses."""
    constant, slope = constants.line(run.gpu, run.encloses or "gpu")
    pue = library()["run.patterson2021.pue"].to("dimensionless") if run.encloses == "facility" else 1.0
    return pue * constant, pue * slope


def _law(law: Law, others: Sequence[tuple[TrainingRun, float]]) -> Callable[[TrainingRun], float]:
    """Utilisation as a function of a run. The power law is of parameters, and never exceeds the best of the others:
    large models all keep GPUs about equally busy, and a power law would go on."""
    sized = [(run.parameters, share) for run, share in others if run.parameters]
    if law == "mean" or len(sized) < _SIZED or len({p for p, _ in sized}) < 2:
        mean = math.exp(fmean(math.log(share) for _, share in others))
        return lambda _: mean
    power, scale = np.polyfit([math.log(p) for p, _ in sized], [math.log(share) for _, share in sized], 1)
    best = max(share for _, share in others)
    return lambda run: min(best, math.exp(scale + power * math.log(run.parameters or math.nan)))


def _paper(run: TrainingRun) -> str:
    return str(library()[f"run.{run.name}.energy"].conditions.get("paper", run.name))
