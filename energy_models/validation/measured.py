"""The GPU model against what `revpath gpu measure` measured: mean power of each workload, by the model and by the meter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...devices.base.errors import RecordError
from ...devices.base.record import Record, load_records
from ..errors import PriceError
from ..gpu.model import Gpu, Work, energy, gpu_names
from ..sensitivity import Propagated, propagate

_HOUR = 3600.0


@dataclass(frozen=True)
class Compared:
    """One workload: watts of the meter and of the model, the latter with its interval.

    model_W: None where the model refuses the workload, and `why` then says why: a GPU that is faster than the best
    product of the library, for example.
    """

    workload: str
    measured_W: float
    model_W: Propagated | None
    why: str = ""

    @property
    def error(self) -> float | None:
        """Model over measured, less 1."""
        return None if self.model_W is None else self.model_W.interval.nominal / self.measured_W - 1


def compare_measured(
    path: str | Path, gpu: str | None = None, *, n_draws: int = 10_000, seed: int = 0
) -> list[Compared]:
    """The model beside every workload of a measured file whose unit it knows: FLOP of matrix products, and bytes moved.

    Samples count as FLOP where their record says how many each takes (condition ``flop_per_sample``).

    Parameters
    ----------
    gpu : str, optional
        the model's GPU; taken from the records' conditions unless given.

    Raises
    ------
    RecordError
        the file holds no such workload, or its GPU is not one that the library describes.
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
        watts, name = energy(model, work, "gpu"), id.rpartition(".")[2]
        try:
            estimate = propagate(lambda take, watts=watts: watts(take) / _HOUR, n_draws=n_draws, seed=seed)
            found.append(Compared(name, power.to("W"), estimate))
        except PriceError as error:
            found.append(Compared(name, power.to("W"), None, str(error)))
    if not found:
        raise RecordError(
            f"{path}: holds no workload that the GPU model describes (FLOP or bytes, with rate and power)"
        )
    return found


def _work(record: Record) -> Work | None:
    """An hour of the workload; None where the model has no such work."""
    amount = float(record.conditions["rate_per_s"]) * _HOUR
    if record.unit == "J/sample" and "flop_per_sample" in record.conditions:
        amount *= float(record.conditions["flop_per_sample"])
    elif record.unit not in ("J/flop", "J/byte_moved"):
        return None
    if record.unit != "J/byte_moved":
        return Work(flops=amount, hours=1, format=str(record.conditions.get("format", "bf16")))
    return Work(flops=0, hours=1, bytes=amount)


def _gpu_of(record: Record) -> str:
    name = str(record.conditions.get("gpu", "")).lower()
    for known in gpu_names():
        if known in name:
            return known
    raise RecordError(
        f"record {record.id!r}: gpu = {name!r} is none of {', '.join(gpu_names())}: say which to compare with"
    )
