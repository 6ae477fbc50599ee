"""The GPU model against what `revpath gpu measure` measured: mean power of each workload, by the model and by the meter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..devices.errors import RecordError
from ..devices.record import Record, load_records
from .gpu_model import Gpu, Work, energy, gpu_names
from .sensitivity import Propagated, propagate

_HOUR = 3600.0


@dataclass(frozen=True)
class Compared:
    """One workload: watts of the meter and of the model, the latter with its interval."""

    workload: str
    measured_W: float
    model_W: Propagated

    @property
    def error(self) -> float:
        """Model over measured, less 1."""
        return self.model_W.interval.nominal / self.measured_W - 1


def compare_measured(
    path: str | Path, gpu: str | None = None, *, n_draws: int = 10_000, seed: int = 0
) -> list[Compared]:
    """The model beside every workload of a measured file whose unit it knows: FLOP of matrix products, and bytes moved.

    gpu: the model's GPU; taken from the records' conditions unless given.

    Raises
    ------
    RecordError: the file holds no such workload, or its GPU is not one that the library describes.
    """
    records = load_records(Path(path))
    found = []
    for id, record in records.items():
        power = records.get(f"{id}.power")
        if power is None or "rate_per_s" not in record.conditions:
            continue
        work = _work(record)
        if work is None:
            continue
        model = Gpu(gpu or _gpu_of(record))
        watts = energy(model, work, "gpu")
        estimate = propagate(lambda take, watts=watts: watts(take) / _HOUR, n_draws=n_draws, seed=seed)
        found.append(Compared(id.rpartition(".")[2], power.to("W"), estimate))
    if not found:
        raise RecordError(
            f"{path}: holds no workload that the GPU model describes (FLOP or bytes, with rate and power)"
        )
    return found


def _work(record: Record) -> Work | None:
    """An hour of the workload; None where the model has no such work."""
    amount = float(record.conditions["rate_per_s"]) * _HOUR
    if record.unit == "J/flop":
        return Work(flops=amount, hours=1, format=str(record.conditions.get("format", "bf16")))
    return Work(flops=0, hours=1, bytes=amount) if record.unit == "J/byte_moved" else None


def _gpu_of(record: Record) -> str:
    name = str(record.conditions.get("gpu", "")).lower()
    for known in gpu_names():
        if known in name:
            return known
    raise RecordError(
        f"record {record.id!r}: gpu = {name!r} is none of {', '.join(gpu_names())}: say which to compare with"
    )
