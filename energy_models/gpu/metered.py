"""Trainings whose power was metered, and the constants of the GPU model that they fix.

Fitted, all of them again whenever a run is left out (`fit`):

- the busy share s of the span from idle to rated power: the median over the runs whose GPUs were metered alone;
- the host's watts per GPU, for each kind of GPU: what metered systems draw beyond their modelled GPUs. Where no system
  with that GPU is in the pool, the host is a quarter of the rated power (record ``gpu.host_share``, an assumption);
- the utilisation of runs whose FLOPs nobody published: the geometric mean of those with both FLOPs and hours.

The model is for GPUs that are kept busy. Models below 1e8 parameters and runs below ten minutes leave them waiting, and
draw far less: such runs are loaded, shown and foretold, but neither fitted to nor counted (`MeteredRun.inside`). We drew
that line after we had seen them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median
from typing import Any, Literal

from ...devices.base.record import Record
from ..errors import PriceError
from ..records import library
from .model import Gpu
from .runs import TrainingRun, runs

SMALLEST, SHORTEST = 1e8, 10.0
"""Parameters and minutes from which on the model claims to hold."""
_HOUR = 3600.0


@dataclass(frozen=True)
class MeteredRun:
    """One metered training. watts: mean of a GPU, with its share of the host where `encloses` is ``system``; no PUE.

    paper: the publication, whose runs are left out together. meter: how power came to be known. flops, hours: None
    where not published. derived_from: runs whose published figures its own are computed from (a total less the rest).
    """

    name: str
    gpu: Gpu
    format: str
    year: int
    paper: str
    meter: str
    encloses: Literal["gpu", "system"]
    watts: float
    hours: float | None
    flops: float | None
    parameters: float
    minutes: float | None
    derived_from: frozenset[str] = frozenset()

    @property
    def utilisation(self) -> float | None:
        """Of the best measured matrix product; None without FLOPs."""
        if self.flops is None or self.hours is None:
            return None
        return self.flops / (self.hours * _HOUR * self.rate)

    @property
    def rate(self) -> float:
        return library()[self.gpu.id(f"matmul_{self.format}")].to("flop/s")

    @property
    def inside(self) -> bool:
        """The model claims to hold: a model and a run large enough to keep GPUs busy."""
        return self.parameters >= SMALLEST and (self.minutes is None or self.minutes >= SHORTEST)


@cache
def metered_runs() -> tuple[MeteredRun, ...]:
    """Every run with metered power and known hours (or the power itself), by paper and name, large and small."""
    found = [_of_record(run) for run in runs("measured") if run.hours is not None]
    names = sorted({id.split(".")[1] for id in library() if id.startswith("metered.")})
    found += [_of_file(name) for name in names]
    return tuple(sorted(found, key=lambda run: (run.paper, run.name)))


@dataclass(frozen=True)
class BlindRun:
    """A metered training on a board of another rating than the library's GPU of that chip, to which nothing was fitted.

    Attributes
    ----------
    watts : float
        mean of a GPU.
    rated_W : float
        of its board.
    inside, paper, meter : bool, str
        as of `MeteredRun`.
    """

    name: str
    gpu: Gpu
    watts: float
    rated_W: float
    year: int
    paper: str
    meter: str
    inside: bool


@cache
def blind_runs() -> tuple[BlindRun, ...]:
    """Every training that Zeus metered (records ``blind.*``), by paper and name."""
    found = []
    for id, record in library().items():
        if id.startswith("blind."):
            said = record.conditions
            least = float(said.get("parameters", said.get("parameters_at_least", 0.0)))
            run = id.split(".")[1]
            found.append(
                BlindRun(
                    run,
                    Gpu(str(said["gpu"])),
                    record.to("W"),
                    float(said["rated_W"]),
                    int(said["year"]),
                    str(said["paper"]),
                    str(said["meter"]),
                    least >= SMALLEST,
                )
            )
    return tuple(sorted(found, key=lambda run: (run.paper, run.name)))


def _of_record(run: TrainingRun) -> MeteredRun:
    spent = library()[f"run.{run.name}.energy"]
    watts = (run.energy_J or math.nan) / ((run.hours or math.nan) * _HOUR)
    if run.encloses == "facility":
        watts /= library()["run.patterson2021.pue"].to("dimensionless")
    return MeteredRun(
        run.name,
        run.gpu,
        run.format,
        run.year,
        str(spent.conditions["paper"]),
        str(spent.conditions["meter"]),
        "gpu" if run.encloses == "gpu" else "system",
        watts,
        run.hours,
        run.flops,
        run.parameters or math.nan,
        None,
    )


def _of_file(name: str) -> MeteredRun:
    known = library()

    def of(quantity: str) -> Record | None:
        return known.get(f"metered.{name}.{quantity}")

    spent, hours, power, flops = of("energy"), of("hours"), of("power"), of("flops")
    if power is not None and (spent is None or hours is not None):
        watts, first = power.to("W"), spent or power
    elif spent is not None and hours is not None:
        watts, first = spent.to("J") / (hours.to("hour") * _HOUR), spent
    else:
        raise PriceError(f"metered run {name!r} has neither power nor both energy and hours")
    where: Mapping[str, Any] = first.conditions
    return MeteredRun(
        name,
        Gpu(str(where["gpu"])),
        str(where["format"]),
        int(where["year"]),
        str(where["paper"]),
        str(where["meter"]),
        where["encloses"],
        watts,
        hours.to("hour") if hours else None,
        flops.to("flop") if flops else None,
        known[f"metered.{name}.parameters"].to("dimensionless"),
        float(where["minutes"]) if "minutes" in where else None,
        frozenset(str(where.get("derived_from", "")).split()),
    )


@dataclass(frozen=True)
class Constants:
    """What `fit` found. hosts: watts per GPU, by GPU. assumed: GPUs whose host no run in the pool was metered with."""

    busy: float
    utilisation: float
    hosts: Mapping[str, float]
    assumed: frozenset[str]

    def line(self, gpu: Gpu, encloses: str) -> tuple[float, float]:
        """(A, B) of the mean power A + B u of a GPU in use, u of its best matrix product."""
        rated, idle = _span(gpu)
        host = 0.0 if encloses == "gpu" else self.hosts[gpu.name]
        return idle + (rated - idle) * self.busy + host, (rated - idle) * (1 - self.busy)

    def watts(self, run: MeteredRun) -> float:
        """Mean power of the run by the model, inside what its meter enclosed."""
        constant, slope = self.line(run.gpu, run.encloses)
        u = run.utilisation
        return constant + slope * (self.utilisation if u is None else u)


def fit(pool: Iterable[MeteredRun] | None = None) -> Constants:
    """The constants that a pool of runs fixes; all metered runs unless given. Runs that are not `inside` are not used.

    Raises
    ------
    PriceError
        no run in the pool has its GPUs metered alone, or none has both FLOPs and hours.
    """
    used = [run for run in (metered_runs() if pool is None else pool) if run.inside]
    alone = [run for run in used if run.encloses == "gpu"]
    known = [u for run in used if (u := run.utilisation) is not None]
    if not alone or not known:
        raise PriceError("the pool fixes no busy share: it needs runs with metered GPUs and runs with FLOPs and hours")
    usual = math.exp(fmean(math.log(u) for u in known))
    busy = median(busy_share(run, usual) for run in alone)
    bare = Constants(busy, usual, dict.fromkeys(_gpus(), 0.0), frozenset())
    beyond: dict[str, list[float]] = {name: [] for name in _gpus()}
    for run in used:
        if run.encloses == "system":
            beyond[run.gpu.name].append(run.watts - bare.watts(run))
    share = library()["gpu.host_share"].to("dimensionless")
    hosts = {name: fmean(each) if each else share * _span(Gpu(name))[0] for name, each in beyond.items()}
    return Constants(busy, usual, hosts, frozenset(name for name, each in beyond.items() if not each))


def busy_share(run: MeteredRun, usual: float) -> float:
    """The share s at which the model gives a run its metered GPU power; `usual` utilisation where its own is unknown."""
    if run.encloses != "gpu":
        raise PriceError(f"run {run.name!r}: its meter enclosed the host, so the GPUs' own power is not known")
    rated, idle = _span(run.gpu)
    u = usual if run.utilisation is None else run.utilisation
    return ((run.watts - idle) / (rated - idle) - u) / (1 - u)


def without(name: str = "", paper: str = "", pool: Sequence[MeteredRun] | None = None) -> list[MeteredRun]:
    """The metered runs without one run and what is derived from it, or without every run of one paper."""
    every = metered_runs() if pool is None else pool
    return [run for run in every if name != run.name and name not in run.derived_from and paper != run.paper]


def _span(gpu: Gpu) -> tuple[float, float]:
    known = library()
    return known[gpu.id("power")].to("W"), known[gpu.id("idle")].to("W")


@cache
def _gpus() -> tuple[str, ...]:
    from .model import gpu_names

    return tuple(gpu_names())
