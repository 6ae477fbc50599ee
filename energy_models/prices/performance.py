"""Energy, speed and area of a chip on its published workloads: events priced, steps timed, parts added up."""

from __future__ import annotations

from dataclasses import dataclass

from ...devices.base.errors import unknown
from .chip import Chip, ChipOrName, load_chip
from .pricing import price
from .workload import Workload

_TERA = 10**12


@dataclass(frozen=True)
class Performance:
    """What a chip does on a workload, all copies together; None where the time or the area is not known.

    Attributes
    ----------
    tops : float, optional
        of the modelled time where the workload has steps, else as published.
    tops_published : float, optional
        as published.
    mm2 : float, optional
        as published where the chip has such a figure, else the sum of its parts.
    """

    joules: float
    tops_per_watt: float
    tops: float | None
    tops_published: float | None
    watts: float | None
    mm2: float | None
    tops_per_mm2: float | None
    watts_per_mm2: float | None


def performance(chip: ChipOrName, workload: str) -> Performance:
    """Energy, throughput, power density and efficiency of a chip on one of its workloads, at nominal prices.

    Raises
    ------
    UnknownName
        the chip has no such workload.
    PriceError
        a step without a time or a part without an area.
    """
    chip = load_chip(chip)
    work = find(chip, workload)
    bill = price(work.events, chip, overrides=work.models)
    joules = bill.joules
    published = chip.records[work.throughput].to("op/s") / _TERA if work.throughput else None
    seconds = sum(step.seconds() for step in work.steps)
    tops = work.copies * work.ops / seconds / _TERA if seconds else published
    watts = None if tops is None else tops * _TERA / work.ops * joules
    if chip.area:
        mm2 = chip.records[chip.area].to("mm^2") * work.copies
    else:
        mm2 = sum(part.area_mm2() for part in chip.parts) or None
    return Performance(
        joules=joules,
        tops_per_watt=work.ops / joules / _TERA,
        tops=tops,
        tops_published=published,
        watts=watts,
        mm2=mm2,
        tops_per_mm2=None if tops is None or mm2 is None else tops / mm2,
        watts_per_mm2=None if watts is None or mm2 is None else watts / mm2,
    )


def find(chip: Chip, workload: str) -> Workload:
    """The chip's workload of that name; UnknownName lists those it has."""
    for work in chip.workloads:
        if work.name == workload:
            return work
    raise unknown(f"chip {chip.name!r}: workload", workload, [w.name for w in chip.workloads] or ["(none)"])
