"""Training runs of record, and how well the GPU model foretells each from the others.

Two questions, kept apart because the evidence differs:

- energy, where power was logged (basis ``measured``): from parameters, tokens and GPU alone;
- GPU-hours, where they were published: from the same. A "published energy" that is rated power times hours tests
  nothing more than the hours, and is not counted as measured.

One number is fitted for each: the share of the best matrix product that a run keeps busy, as the geometric mean of the
other runs' shares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from ..devices.errors import unknown
from ..devices.record import Record
from .errors import PriceError
from .gpu_model import Encloses, Gpu, Work, energy
from .records import library
from .sensitivity import nominal

Basis = Literal["measured", "scaled", "rated"]
_LARGE = 5e9  # parameters, above which training runs of one era use GPUs about equally well


@dataclass(frozen=True)
class TrainingRun:
    """One published run. Quantities that were not published are None."""

    name: str
    gpu: Gpu
    format: str
    year: int
    flops: float
    tokens: float | None
    parameters: float | None
    hours: float | None
    energy_J: float | None
    basis: Basis | None
    encloses: Encloses | None
    records: tuple[Record, ...]

    @property
    def utilisation(self) -> float | None:
        """Of the best measured matrix product of its GPU, by its hours."""
        if self.hours is None:
            return None
        return self.flops / (self.hours * 3600 * self._rate)

    @property
    def mfu(self) -> float | None:
        """Model FLOPs utilisation: of the rated peak, by its hours."""
        if self.hours is None:
            return None
        return self.flops / (self.hours * 3600 * library()[self.gpu.id(self.format)].to("flop/s"))

    @property
    def joules_per_flop(self) -> float | None:
        return None if self.energy_J is None else self.energy_J / self.flops

    @property
    def _rate(self) -> float:
        return library()[self.gpu.id(f"matmul_{self.format}")].to("flop/s")


def run_names() -> list[str]:
    """The runs of record, by the year and then the name."""
    names = {id.split(".")[1] for id in library() if id.startswith("run.") and id.endswith((".tokens", ".flops"))}
    return sorted(names, key=lambda name: (load_run(name).year, name))


@cache
def load_run(name: str) -> TrainingRun:
    """A run by name. Its FLOPs are 6 P T unless it has a record of them."""
    prefix = f"run.{name}."
    own = {id.removeprefix(prefix): record for id, record in library().items() if id.startswith(prefix)}
    if not own.keys() & {"tokens", "flops"}:
        names = {id.split(".")[1] for id in library() if id.startswith("run.")}
        raise unknown("run", name, names)
    first = next(iter(own.values())).conditions
    parameters = own["parameters"].to("dimensionless") if "parameters" in own else None
    tokens = own["tokens"].to("token") if "tokens" in own else None
    if "flops" in own:
        flops = own["flops"].to("flop")
    elif parameters is not None and tokens is not None:
        flops = library()["cost_law.hpe2024.c0"].to("flop/token") * parameters * tokens
    else:
        raise PriceError(f"run {name!r} has neither flops nor both parameters and tokens")
    spent = own.get("energy")
    return TrainingRun(
        name=name,
        gpu=Gpu(str(first["gpu"])),
        format=str(first["format"]),
        year=int(first["year"]),
        flops=flops,
        tokens=tokens,
        parameters=parameters,
        hours=own["gpu_hours"].to("hour") if "gpu_hours" in own else None,
        energy_J=spent.to("J") if spent else None,
        basis=spent.conditions["basis"] if spent else None,  # type: ignore[arg-type]
        encloses=spent.conditions["encloses"] if spent else None,  # type: ignore[arg-type]
        records=tuple(own.values()),
    )


def runs(basis: Basis | None = None, names: Iterable[str] | None = None) -> list[TrainingRun]:
    """The runs of record, all or those whose energy has a basis."""
    chosen = [load_run(name) for name in (run_names() if names is None else names)]
    return [run for run in chosen if basis is None or run.basis == basis]


def model_energy(run: TrainingRun, hours: float) -> float:
    """Joules that the GPU model gives the run in so many GPU-hours, inside the boundary that its energy encloses."""
    encloses: Encloses = run.encloses or "gpu"
    pue = "run.patterson2021.pue" if run.name == "gpt3" else "pue.google2021"
    return nominal(energy(run.gpu, Work(run.flops, hours, run.format), encloses, pue=pue))[0]


def implied_utilisation(run: TrainingRun) -> float:
    """The share of the best matrix product at which the GPU model gives the run the energy that it spent."""
    from scipy.optimize import brentq

    if run.energy_J is None:
        raise PriceError(f"run {run.name!r} has no published energy")
    target, shortest = run.energy_J, run.flops / run._rate / 3600
    if model_energy(run, shortest) > target:
        raise PriceError(f"run {run.name!r} spent less than its best matrix products alone would")
    share: Any = brentq(lambda u: model_energy(run, shortest / u) - target, 1e-3, 1.0)
    return float(share)


@dataclass(frozen=True)
class LeftOut:
    """A run foretold from the others: published and model value (joules or GPU-hours)."""

    run: TrainingRun
    published: float
    model: float

    @property
    def error(self) -> float:
        """Model over published, less 1."""
        return self.model / self.published - 1


def leave_one_out_energy(chosen: Sequence[TrainingRun] | None = None) -> list[LeftOut]:
    """Each run's energy from its parameters, tokens and GPU, with the utilisation of the others.

    chosen: the runs whose power was measured, unless given. Small models and mixtures keep a GPU half as busy as dense
    ones of 7e9 parameters and more: pools that mix them foretell neither (`like_for_like` is the pool that does).
    """
    pool = list(runs("measured") if chosen is None else chosen)
    shares = [implied_utilisation(run) for run in pool]
    found = []
    for i, run in enumerate(pool):
        hours = run.flops / (_mean_of_others(shares, i) * run._rate) / 3600
        found.append(LeftOut(run, run.energy_J or math.nan, model_energy(run, hours)))
    return found


def like_for_like() -> list[TrainingRun]:
    """The runs with measured power that resemble each other: dense, 7e9 parameters about and more, A100 or H100."""
    dense = [run for run in runs("measured") if run.name != "olmoe" and (run.parameters or 0) > _LARGE]
    return [run for run in dense if run.gpu.name in ("a100", "h100")]


def leave_one_out_hours(chosen: Sequence[TrainingRun] | None = None) -> list[LeftOut]:
    """Each run's GPU-hours from its parameters, tokens and GPU, with the utilisation of the others."""
    pool = [run for run in (runs() if chosen is None else chosen) if run.hours is not None]
    shares = [run.utilisation or math.nan for run in pool]
    return [
        LeftOut(run, run.hours or math.nan, run.flops / (_mean_of_others(shares, i) * run._rate) / 3600)
        for i, run in enumerate(pool)
    ]


def energy_in_known_hours() -> list[LeftOut]:
    """Energies of the runs that published both hours and measured power: the model with nothing fitted but its records.

    Of these, the Olmo 3 runs fixed ``gpu.busy_fraction``; see `leave_one_out_power` for the prediction.
    """
    pool = [run for run in runs("measured") if run.hours is not None]
    return [LeftOut(run, run.energy_J or math.nan, model_energy(run, run.hours or math.nan)) for run in pool]


def busy_fraction(run: TrainingRun) -> float:
    """The share s of the span from idle to rated power at which the model gives a run its measured GPU power."""
    if run.hours is None or run.energy_J is None or run.encloses != "gpu" or run.basis != "measured":
        raise PriceError(f"run {run.name!r}: needs GPU-hours and the GPUs' own measured energy")
    known = library()
    power, idle = known[run.gpu.id("power")].to("W"), known[run.gpu.id("idle")].to("W")
    mean, u = run.energy_J / (run.hours * 3600), run.utilisation or 0.0
    span = (mean - idle) / (power - idle)
    return (span - u) / (1 - u)


def leave_one_out_power() -> list[LeftOut]:
    """Mean GPU power of each run with known hours, with the busy fraction of the others; W instead of joules."""
    pool = [run for run in runs("measured") if run.hours is not None and run.encloses == "gpu"]
    found = []
    for run in pool:
        s = float(np.mean([busy_fraction(other) for other in pool if other is not run]))
        known = library()
        power, idle = known[run.gpu.id("power")].to("W"), known[run.gpu.id("idle")].to("W")
        u = run.utilisation or 0.0
        model = idle + (power - idle) * (s + (1 - s) * u)
        found.append(LeftOut(run, (run.energy_J or math.nan) / ((run.hours or math.nan) * 3600), model))
    return found


def _mean_of_others(shares: Sequence[float], left_out: int) -> float:
    return math.exp(float(np.mean([math.log(share) for i, share in enumerate(shares) if i != left_out])))
