"""A network's bill, seconds and area on every chip and GPU of the library, and by name what is not priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from ...energy_models import PriceError, UnpricedEvent, chip_names, load_chip, price, pulse_prices
from ...energy_models.framework.plan import FORMATS
from ...energy_models.gpu.model import Gpu, Work, energy, gpu_names, hours_needed
from ...energy_models.gpu.price import BASES, Basis, price_on_gpu
from ...energy_models.prices.bill import Interval
from ...energy_models.prices.chip import Chip
from ...energy_models.prices.pricing import unit_prices
from ...energy_models.prices.schedule import completed
from ...energy_models.prices.schedule import seconds as seconds_of
from ...energy_models.prices.vocabulary import FLOOR_EVENTS, parse_event
from ...energy_models.records import get
from ...energy_models.sensitivity import propagate
from ..compare.recipes import Hardware
from .counted import LAYERS, Counted, counted, digital
from .layers import Network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NetworkPrice", "price_network", "prices_table"]

OPS = 2  # operations in one multiply-accumulate


@dataclass(frozen=True)
class NetworkPrice:
    """One example of a network on one chip or GPU.

    joules: at the boundary of the chip or GPU, with its central 90 %; of what is priced. seconds: arrays and lanes, one
    layer after another, or a GPU at its training utilisation and never faster than its memory gives it the weights for a whole batch.
    mm2: of as many units of the chip's published workload as hold the weights, at its own precision; None where it is not
    known. not_priced: events that the chip has no price for, each with its amount, so the joules are too few by them.
    """

    where: str
    kind: str
    joules: Interval | None
    seconds: float
    mm2: float | None
    not_priced: tuple[str, ...] = ()


def price_network(
    network: Network,
    *,
    training: bool = False,
    batch: int = 1,
    chips: Sequence[str | Chip] | None = None,
    gpus: Sequence[str] | None = None,
    hardware: Hardware | None = None,
    n_draws: int = 2_000,
) -> list[NetworkPrice]:
    """One example of inference, or of a training step, on every chip and GPU of the library unless some are named.

    Parameters
    ----------
    network : Network
        Such as of `read_network`.
    training : bool
        Forward, backward and update instead of forward alone.
    batch : int
        Examples that share one reading of the weights on a GPU.
    chips, gpus : sequence, optional
        Names or chips.
    hardware : Hardware, optional
        The arrays; those of `revpath compare` unless given.

    Raises
    ------
    PriceError
        batch is not a positive integer.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise PriceError(f"batch = {batch!r} must be a positive integer")
    hardware = hardware or LAYERS
    loaded = [load_chip(c) for c in (chip_names() if chips is None else chips)]
    analog = [chip for chip in loaded if chip.kind == "analog"]
    found = []
    if analog:
        done = counted(network, training=training, hardware=hardware)
        weights = sum(layer.weights for layer in network.layers)
        found += [_on_chip(chip, done, weights, hardware, n_draws) for chip in analog]
    work = digital(network, training=training)
    found += [_on_priced_gpu(chip.name, work, n_draws) for chip in loaded if chip.name in BASES.values()]
    for name in gpu_names() if gpus is None else gpus:
        found.append(_on_gpu(Gpu(name), network, work["matmul.flop"], training, batch, n_draws))
    return found


def _on_chip(chip: Chip, done: Counted, weights: int, hardware: Hardware, n_draws: int) -> NetworkPrice:
    try:
        overrides = pulse_prices(hardware.cell())
    except PriceError:  # the device's pulses have no energies of their own: the chip's are taken
        overrides = {}
    overrides = {event: record for event, record in overrides.items() if event in done.events}
    whole, seconds = _completed(done, chip)
    events, left = {}, []
    for name, amount in whole.items():
        bare = parse_event(name)[0]
        if bare in FLOOR_EVENTS:
            continue
        if not _priced(name, amount, chip, bare in overrides):
            left.append(f"{name} ({amount:.3g})")
        else:
            events[name] = amount
    present = {parse_event(name)[0] for name in events}
    for name in list(events):  # what others carry is lost where none of them is priced
        entry = chip.prices.get(parse_event(name)[0])
        if entry is not None and entry.included_in and not present & set(entry.included_in):
            left.append(f"{name} ({events.pop(name):.3g})")
    joules = None
    if any(not name.startswith("array.read_energy") for name in events):
        bill = price(events, chip, overrides={k: v for k, v in overrides.items() if k in present}, n_draws=n_draws)
        joules = bill.interval()
    return NetworkPrice(chip.name, chip.title, joules, seconds, _area(chip, weights), tuple(left))


def _completed(done: Counted, chip: Chip) -> tuple[Mapping[str, float], float]:
    """The events with those that the chip's digital part adds, as in the study, and the seconds of arrays and lanes.

    Tiles of a layer read side by side: the lanes wait for the longest of them, not for their sum.
    """
    if chip.digital is None:
        return done.events, done.seconds
    whole = completed({**done.events, "array.busy_s": done.seconds}, chip)
    return {**whole, "array.busy_s": done.events["array.busy_s"]}, seconds_of(whole)


def _priced(name: str, amount: float, chip: Chip, overridden: bool) -> bool:
    """Whether a chip prices an event, by itself or inside others."""
    entry = chip.prices.get(parse_event(name)[0])
    if overridden or (entry is not None and entry.included_in):
        return True
    try:
        unit_prices({name: amount}, chip)
    except (UnpricedEvent, PriceError):
        return False
    return True


def _area(chip: Chip, weights: int) -> float | None:
    """mm2 of as many units of a chip as hold the weights; None where the chip's file gives no area or no unit."""
    if not chip.workloads:
        return None
    held = chip.workloads[0].ops / OPS  # a unit's workload is one product with all of its weights
    units = ceil(weights / held)
    if chip.area:
        return chip.records[chip.area].to("mm^2") * units
    try:
        return sum(part.area_mm2() for part in chip.parts) * units or None
    except PriceError:
        return None


def _on_priced_gpu(name: str, work: Mapping[str, float], n_draws: int) -> NetworkPrice:
    basis: Basis = "run" if BASES["run"] == name else "gemm"
    bill = price_on_gpu(work, basis, n_draws=n_draws)
    return NetworkPrice(name, load_chip(name).title, bill.interval(), _seconds(Gpu("h100"), work["matmul.flop"]), None)


def _on_gpu(gpu: Gpu, network: Network, flops: float, training: bool, batch: int, n_draws: int) -> NetworkPrice:
    passes = 3 if training else 1  # weights are read forward and backward, and written
    format = _format(gpu)
    moved = network.parameters * _bits(format) / 8 * passes / batch
    seconds = max(_seconds(gpu, flops), moved / get(gpu.id("hbm")).to("byte_moved/s"))
    work = Work(flops, seconds / 3600, format, moved)
    found = propagate(energy(gpu, work, "gpu"), n_draws=n_draws)
    return NetworkPrice(gpu.name, f"GPU, {work.format}, kept busy", found.interval, seconds, None)


def _seconds(gpu: Gpu, flops: float) -> float:
    return hours_needed(gpu, flops, get("gpu.utilisation").value, _format(gpu)) * 3600


def _format(gpu: Gpu) -> str:
    """The format in which a GPU computes."""
    return FORMATS[gpu.name] if gpu.name in FORMATS else gpu.formats[0]


def _bits(format: str) -> int:
    """Of a number in a format, such as 16 of ``bf16``: weights are kept as they are multiplied."""
    return int(format.lstrip("abcdefghijklmnopqrstuvwxyz"))


def prices_table(found: Sequence[NetworkPrice], products: int) -> pd.DataFrame:
    """One row a chip or GPU: joules with 90 %, pJ a multiply-accumulate, seconds, mm2, J s, and what is not priced."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for one in found:
        joules = one.joules.nominal if one.joules else None
        rows.append(
            {
                "where": one.where,
                "J": joules,
                "low": one.joules.low if one.joules else None,
                "high": one.joules.high if one.joules else None,
                "pJ/MAC": None if joules is None else joules / products * 1e12,
                "s": one.seconds,
                "mm2": one.mm2,
                "J s": None if joules is None else joules * one.seconds,
                "not priced": "; ".join(one.not_priced),
                "kind": one.kind,
            }
        )
    return pd.DataFrame(rows)
