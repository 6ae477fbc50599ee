"""Training runs of record: what was published of each, and what is missing.

A "published energy" that is rated power times hours tests nothing more than the hours, and is not counted as measured:
see ``basis``. `metered` and `left_out` set the GPU model beside these runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ...devices.base.errors import unknown
from ...devices.base.record import Record
from ..errors import PriceError
from ..records import library
from .model import Encloses, Gpu

Basis = Literal["measured", "scaled", "rated"]


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
        return self.flops / (self.hours * 3600 * self.rate)

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
    def rate(self) -> float:
        """FLOP/s of the best measured matrix product of its GPU."""
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
    metering: Mapping[str, Any] = spent.conditions if spent else {"basis": None, "encloses": None}
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
        basis=metering["basis"],
        encloses=metering["encloses"],
        records=tuple(own.values()),
    )


def runs(basis: Basis | None = None, names: Iterable[str] | None = None) -> list[TrainingRun]:
    """The runs of record, all or those whose energy has a basis."""
    chosen = [load_run(name) for name in (run_names() if names is None else names)]
    return [run for run in chosen if basis is None or run.basis == basis]
