"""Time and area beside joules: what each part of a contender takes, and TOPS/W, TOPS/mm2 and joule-seconds of the whole.

Areas are those of components and records; a part that nobody has published an area of is named and left out of the sum, so that
the whole is a lower bound. Operations are the model's: two for each product of an array, a lane or a GPU, and one for each
digital function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...energy_models import component, get, load_chip
from ...energy_models.prices.vocabulary import DIGITAL_OPERATIONS, parse_event
from .contenders import TWIN, Contender, Stop
from .learn import LearningRun
from .recipes import Recipe

CELL_M = 1e-6
"""Metres from cell to cell, as the chips' regulators and lines take it: assumed."""
CELLS_PER_WEIGHT = 2
ADC_HERTZ = 1e8
"""Samples a second of the converter that the default chip prices."""


@dataclass(frozen=True)
class Part:
    """One part of a contender. mm2: None where nobody published one. seconds: that it works. assumed: what of it is a guess."""

    name: str
    mm2: float | None
    seconds: float | None
    assumed: str = ""


@dataclass(frozen=True)
class Extent:
    """Time, area and efficiency of a contender at a checkpoint; None where one of them is not known.

    Attributes
    ----------
    parts : tuple of Part
    seconds : float or None
        Of the training.
    mm2 : float or None
        Of the parts whose area is known: a lower bound.
    operations : float
    tops_per_watt, tops_per_mm2 : float or None
        10^12 operations per joule, and a second and mm2.
    joule_seconds : float or None
        Energy times delay.
    """

    parts: tuple[Part, ...]
    seconds: float | None
    mm2: float | None
    operations: float
    tops_per_watt: float
    tops_per_mm2: float | None
    joule_seconds: float | None


def extent(contender: Contender, stop: Stop, recipe: Recipe | None) -> Extent:
    """Of a contender at one of its checkpoints.

    Parameters
    ----------
    contender : Contender
    stop : Stop
        With its events.
    recipe : Recipe or None
        Of an EBM; None for the transformer.
    """
    parts = _parts(contender, stop, recipe)
    known = [part.mm2 for part in parts if part.mm2 is not None]
    mm2 = sum(known) if known else None
    done = operations(stop, recipe)
    rate = done / stop.seconds / 10**12 if stop.seconds else None
    return Extent(
        parts=parts,
        seconds=stop.seconds,
        mm2=mm2,
        operations=done,
        tops_per_watt=done / stop.bill.joules / 10**12,
        tops_per_mm2=rate / mm2 if rate is not None and mm2 else None,
        joule_seconds=None if stop.seconds is None else stop.bill.joules * stop.seconds,
    )


def recipe_of(runs: Sequence[LearningRun], name: str) -> Recipe | None:
    """The recipe of an EBM by the name of its contender; None for a transformer."""
    recipes = {run.recipe.name: run.recipe for run in runs}
    longest = sorted(recipes, key=len, reverse=True)
    return next((recipes[key] for key in longest if name == key or name.startswith(f"{key}-")), None)


def operations(stop: Stop, recipe: Recipe | None) -> float:
    """Two for a product, one for a digital function; lanes that do products have counted them as a multiply and an add.

    Parameters
    ----------
    recipe : Recipe, optional
        of an EBM whose arrays do products; None for all others.
    """
    products = stop.events.get("matmul.flop", 0.0)
    if recipe is not None and any(parse_event(full)[0] == "array.read" for full in stop.events):
        products += 2 * recipe.model.products(stop.events, stop.examples)
    return products + sum(amount for full, amount in stop.events.items() if parse_event(full)[0] in DIGITAL_OPERATIONS)


def _parts(contender: Contender, stop: Stop, recipe: Recipe | None) -> tuple[Part, ...]:
    if contender.kind == "analog" and recipe is not None and stop.bill.chip == "reram-32nm":
        return (*_arrays(stop, recipe), *_lanes(stop, "reram-32nm"))
    if stop.bill.chip == TWIN:
        return _lanes(stop, TWIN)
    if contender.kind.startswith("gpu"):
        return (Part("die", get("gpu.h100.die").to("mm^2"), stop.seconds),)
    return (Part(f"chip {stop.bill.chip}", None, stop.seconds),)


def _arrays(stop: Stop, recipe: Recipe) -> tuple[Part, ...]:
    """Cells, drivers and converters of all arrays, which are read one after the other."""
    busy = stop.events.get("array.busy_s")
    rows = sum(rows for rows, _ in recipe.model.arrays)
    cells = recipe.model.weights * CELLS_PER_WEIGHT
    bits = recipe.hardware.bits if recipe.hardware else 8
    converter = component("adc.survey").estimate(enob=bits, rate_Hz=ADC_HERTZ, node_nm=32)
    read_s = float(get("driver.isaac2016.row").conditions["read_time_s"])
    each = [math.ceil(columns / round(ADC_HERTZ * read_s)) for _, columns in recipe.model.arrays]
    return (
        Part("cells", cells * (CELL_M * 10**3) ** 2, busy, "a cell of 1 um2"),
        Part("row drivers", rows * get("driver.isaac2016.area").to("mm^2"), busy),
        Part("dac", rows * get("dac.chen2018.area").to("mm^2"), busy, "one of 8 bits a row, 40 nm"),
        Part("adc", sum(each) * (converter.area_mm2 or math.nan), busy, f"{max(each)} of {ADC_HERTZ:.0e} Hz an array"),
        Part("column regulator", None, busy),
        Part("sample and hold", None, busy),
    )


def _lanes(stop: Stop, chip: str) -> tuple[Part, ...]:
    """Lanes, their memory, instructions and control."""
    part = load_chip(chip).digital
    assert part is not None
    cycle_s = get(part.cycle).to("s")
    working = stop.events.get("digital.cycle", 0.0) * cycle_s
    each = get("digital.puma2019.alu_area").to("mm^2") + get("digital.puma2019.function_table_area").to("mm^2")
    kept = max(
        (
            float(parse_event(full)[1]["kept"])
            for full in stop.events
            if full.startswith("sram.byte_") and "kept" in full
        ),
        default=1024.0,
    )
    memory = component("static.sram").estimate(bytes=kept, port_bits=part.lanes * part.word_bits, node_nm=32)
    latches = 3 * part.lanes * part.word_bits * get("register.aladdin2014.area").to("mm^2")
    return (
        Part("lanes", part.lanes * each, working, f"{part.lanes} lanes"),
        Part("registers", latches, working, "three a lane, 40 nm"),
        Part("memory", memory.area_mm2, stop.seconds),
        Part("instructions", get("sram.puma2019.core_memory_area").to("mm^2"), working, "1 KB, as PUMA's data memory"),
        Part("control", get("control.puma2019.area").to("mm^2"), stop.seconds),
        Part("bus", None, None),
    )
