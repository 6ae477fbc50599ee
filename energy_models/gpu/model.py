"""The energy of work on GPUs: idle, busy, FLOPs, bytes, links and host, times restarts and PUE.

    E = PUE (1 + r) [ t (P_idle + s (P - P_idle) + P_host) + e_F F + e_B B + e_L L ],
    e_F = (1 - s) (P - P_idle) / R

with t GPU-seconds, F FLOPs, B bytes of memory traffic, L bytes between GPUs, P the rated power, R the best measured
rate of a matrix product, and s the share of the span from idle to rated power that a busy GPU draws whatever its
matrix rate (record ``gpu.busy_fraction``). So a GPU at its best matrix product draws its rated power, and one that
waits on a large model draws little less: metered trainings give s of 0.37 to 0.87 (`metered`). A small model leaves the
GPU idle between its kernels, which this model does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...devices.base.errors import unknown
from ..errors import PriceError
from ..records import library
from ..sensitivity import Propagated, Quantity, Take, Value, propagate

Encloses = Literal["gpu", "system", "facility"]
ENCLOSURES: tuple[Encloses, ...] = ("gpu", "system", "facility")
PARTS = ("idle", "busy", "flops", "bytes", "links", "host", "facility")
_OVER = 1.02  # a job may draw so much more than the rated power by rounding of its inputs, not more


@dataclass(frozen=True)
class Gpu:
    """A GPU by name, and the ids of its records ``gpu.<name>.<quantity>``."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in gpu_names():
            raise unknown("gpu", self.name, gpu_names())

    def id(self, quantity: str) -> str:
        """The id of one of its records; UnknownName lists what there is."""
        prefix = f"gpu.{self.name}."
        id = prefix + quantity
        if id not in library():
            raise unknown(f"{prefix}*", quantity, [k.removeprefix(prefix) for k in library() if k.startswith(prefix)])
        return id

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats whose best matrix product was measured."""
        prefix = f"gpu.{self.name}.matmul_"
        return tuple(id.removeprefix(prefix) for id in library() if id.startswith(prefix))


def gpu_names() -> list[str]:
    """The GPUs that have records of rated power."""
    found = (id.split(".") for id in library() if id.startswith("gpu.") and id.endswith(".power"))
    return [parts[1] for parts in found]


@dataclass(frozen=True)
class Work:
    """What some GPUs did, all of them together.

    Attributes
    ----------
    flops : float
        of matrix products, 1 multiply-accumulate = 2 FLOP, recomputed ones included.
    hours : float
        GPU-hours, waiting included.
    bytes : float
        to and from their memory.
    link_bytes : float
        between them.
    """

    flops: float
    hours: float
    format: str = "bf16"
    bytes: float = 0.0
    link_bytes: float = 0.0

    def __post_init__(self) -> None:
        for field in ("flops", "hours", "bytes", "link_bytes"):
            value = getattr(self, field)
            if not 0 <= value < float("inf"):
                raise PriceError(f"{field} = {value!r} must be finite and not negative")


def parts(
    gpu: Gpu, work: Work, take: Take, *, busy: str = "gpu.busy_fraction", pue: str = "pue.google2021"
) -> dict[str, Value]:
    """Joules of each part, from idle to facility; what the facility adds is its own part.

    Raises
    ------
    PriceError
        a PUE below 1; the work is faster than the best matrix product, or draws more than the rated power.
    """
    seconds = work.hours * 3600.0
    rate = take(gpu.id(f"matmul_{work.format}"), "flop/s")
    power, idle = take(gpu.id("power"), "W"), take(gpu.id("idle"), "W")
    s, factor = take(busy, "dimensionless"), take(pue, "dimensionless")
    _refuse_impossible(gpu, work)
    _check_pue(pue, factor)
    joules: dict[str, Value] = {
        "idle": seconds * idle,
        "busy": seconds * s * (power - idle),
        "flops": work.flops * (1 - s) * (power - idle) / rate,
        "bytes": work.bytes * take("hbm.neurosim2020.hbm2", "J/byte_moved"),
        "links": work.link_bytes * take("gpu.link.energy", "J/byte_moved"),
        "host": seconds * take(gpu.id("host"), "W"),
    }
    joules["facility"] = (factor - 1.0) * sum(joules.values())
    return joules


def waiting_power(gpu: Gpu, take: Take) -> Value:
    """Watts of a GPU that is busy without FLOPs or bytes, its host included."""
    power, idle = take(gpu.id("power"), "W"), take(gpu.id("idle"), "W")
    return idle + take("gpu.busy_fraction", "dimensionless") * (power - idle) + take(gpu.id("host"), "W")


def energy(gpu: Gpu, work: Work, encloses: Encloses = "facility", *, pue: str = "pue.google2021") -> Quantity:
    """Joules inside a boundary as a quantity: ``gpu`` without links' far ends and host, ``system``, or ``facility``."""
    if encloses not in ENCLOSURES:
        raise PriceError(f"encloses = {encloses!r} is not one of {', '.join(ENCLOSURES)}")

    def quantity(take: Take) -> Value:
        joules = parts(gpu, work, take, pue=pue)
        return sum(joules[part] for part in _inside(encloses))

    return quantity


def _inside(encloses: Encloses) -> tuple[str, ...]:
    return {"gpu": PARTS[:4], "system": PARTS[:6], "facility": PARTS}[encloses]


@dataclass(frozen=True)
class GpuBill:
    """Energy of some work on GPUs: each part with its interval, and the whole inside each boundary."""

    gpu: str
    work: Work
    parts: Mapping[str, Propagated]
    totals: Mapping[Encloses, Propagated]

    @property
    def shaky(self) -> tuple[str, ...]:
        return self.totals["facility"].shaky


def gpu_bill(
    gpu: Gpu | str, work: Work, *, pue: str = "pue.google2021", n_draws: int = 10_000, seed: int = 0
) -> GpuBill:
    """The bill of `work` on `gpu`, with intervals."""
    chosen = Gpu(gpu) if isinstance(gpu, str) else gpu

    def part(name: str) -> Propagated:
        return propagate(lambda take: parts(chosen, work, take, pue=pue)[name], n_draws=n_draws, seed=seed)

    totals: dict[Encloses, Propagated] = {
        e: propagate(energy(chosen, work, e, pue=pue), n_draws=n_draws, seed=seed) for e in ENCLOSURES
    }
    return GpuBill(chosen.name, work, {name: part(name) for name in PARTS}, totals)


def hours_needed(gpu: Gpu, flops: float, utilisation: float, format: str = "bf16") -> float:
    """GPU-hours for so many FLOPs, restarts included.

    utilisation: of the best matrix product, while it runs. Restarts come on top, by the record ``gpu.restarts``: time
    lost over useful time.
    """
    if not 0 < utilisation <= 1:
        raise PriceError(f"utilisation = {utilisation!r} of the best matrix product must be in (0, 1]")
    rate = library()[gpu.id(f"matmul_{format}")].to("flop/s")
    return flops / (utilisation * rate) / 3600.0 * (1 + library()["gpu.restarts"].to("dimensionless"))


def _refuse_impossible(gpu: Gpu, work: Work) -> None:
    """PriceError where the work cannot be done in its GPU-hours, by the records' stated values."""
    known = library()
    rate = known[gpu.id(f"matmul_{work.format}")].to("flop/s")
    bandwidth = known[gpu.id("hbm")].to("byte_moved/s")
    seconds = work.hours * 3600.0
    if work.flops > _OVER * rate * seconds:
        raise PriceError(
            f"hours = {work.hours:g} on {gpu.name}: {work.flops:.3g} FLOP need at least {work.flops / rate / 3600:.3g} "
            f"GPU-hours at the best matrix product in {work.format}"
        )
    if work.bytes > _OVER * bandwidth * seconds:
        raise PriceError(
            f"hours = {work.hours:g} on {gpu.name}: {work.bytes:.3g} bytes need at least "
            f"{work.bytes / bandwidth / 3600:.3g} GPU-hours of its memory"
        )


def _check_pue(id: str, value: Value) -> None:
    lowest = value if isinstance(value, float | int) else value.min()
    if lowest < 1:
        raise PriceError(f"pue = {id!r} reaches {lowest:g}; a facility cannot use less than its machines: at least 1")
