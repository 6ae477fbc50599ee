"""What the digital part does beside its operations: the schedule that is chosen, and the events that follow from the chip.

One rule for every contender: a digital operation takes a cycle of a lane for each step of its price, every cycle fetches one
instruction and clocks the lanes, every result is latched, what passes between arrays and lanes goes over a bus, and all of it
leaks for as long as arrays or lanes work, one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...devices.base.errors import unknown
from ..errors import PriceError
from .chip import ChipOrName, Price, load_chip
from .vocabulary import DIGITAL_OPERATIONS, check_amount, parse_event

_BYTE = 8


@dataclass(frozen=True)
class Schedule:
    """How a datapath orders its work, stated and printed, for both sides of a comparison alike.

    Attributes
    ----------
    name : str
    rows, units : int
        Of a tile that is kept in registers: so many samples of a batch by so many units of a layer. What the tile shares is
        read once for all of it.
    fused : bool
        An element-wise function follows the product before it without its operands going through memory.
    """

    name: str
    rows: int
    units: int
    fused: bool


SCHEDULES: Mapping[str, Schedule] = {
    "naive": Schedule("naive", 1, 1, False),
    "tiled": Schedule("tiled", 8, 8, True),
}
"""``naive``: every operand from memory and every result back. ``tiled``: 8 x 8 of them in registers, functions fused."""


def schedule(name: str) -> Schedule:
    """A schedule by name; UnknownName lists them."""
    if name not in SCHEDULES:
        raise unknown("schedule", name, SCHEDULES)
    return SCHEDULES[name]


def completed(
    events: Mapping[str, int | float], chip: ChipOrName, chosen: Schedule = SCHEDULES["naive"]
) -> dict[str, float]:
    """The events, and those that the chip's digital part adds to them.

    Parameters
    ----------
    events : mapping
        Names to amounts, as they were counted.
    chip : Chip, or its name or file
        With a digital part, unless there is no digital work. A GPU has none: what its operations cost holds all that is
        around them.
    chosen : Schedule
        Rows of its tile share each weight of a matrix product that lanes do.

    Returns
    -------
    dict
        ``digital.lane_s``, ``digital.powered_s``, ``digital.cycle``, ``register.bit`` and ``bus.byte`` on top,
        ``table.powered_s`` where there are tables, and
        ``matmul.flop`` replaced where the lanes do it.

    Raises
    ------
    PriceError
        Digital operations on an analog chip whose digital part nobody described.

    Examples
    --------
    >>> more = completed({"digital.add": 1600}, "reram-32nm")
    >>> more["digital.cycle"], more["register.bit"]
    (100.0, 25600.0)
    """
    amounts = {full: check_amount(full, amount) for full, amount in events.items()}
    chip = load_chip(chip)
    part = chip.digital
    if part is None:
        priced = set(DIGITAL_OPERATIONS) & set(chip.prices)  # what has no price at all, pricing refuses
        if chip.kind == "analog" and any(parse_event(full)[0] in priced for full in amounts):
            raise PriceError(
                f"chip {chip.name!r} has no [digital] part, so its digital work would take no time: give it lanes, "
                "word_bits, cycle and why, or extend a chip that has one"
            )
        return amounts
    if part.matmul:
        amounts = _on_lanes(amounts, part.word_bits, chosen)
    steps = sum(
        amount * _steps(chip.prices.get(parse_event(full)[0]))
        for full, amount in amounts.items()
        if parse_event(full)[0] in DIGITAL_OPERATIONS
    )
    cycles = steps / part.lanes
    powered = amounts.get("array.busy_s", 0.0) + cycles * chip.records[part.cycle].to("s")
    added = {
        "digital.lane_s": part.lanes * powered,
        f"digital.powered_s{_kept(amounts)}": powered,
        "digital.cycle": cycles,
        "register.bit": part.word_bits * steps,
        "bus.byte": _over_the_bus(amounts),
    }
    if table := _kept(amounts, "table.byte_"):
        added[f"table.powered_s{table}"] = powered
    return {**amounts, **{full: amounts.get(full, 0.0) + amount for full, amount in added.items() if amount}}


def seconds(complete: Mapping[str, int | float]) -> float:
    """How long completed events take, arrays and lanes one after the other."""
    return sum(amount for full, amount in complete.items() if parse_event(full)[0] == "digital.powered_s")


def _on_lanes(amounts: Mapping[str, float], word_bits: int, chosen: Schedule) -> dict[str, float]:
    """Matrix products as multiplies and adds, their weights read once for the rows of a tile."""
    out = dict(amounts)
    products = out.pop("matmul.flop", 0.0) / 2
    if products:
        stored = f"sram.byte_read{_kept(amounts)}"
        added = {
            "digital.multiply": products,
            "digital.add": products,
            stored: products * word_bits / _BYTE / chosen.rows,
        }
        out |= {full: out.get(full, 0.0) + amount for full, amount in added.items()}
    return out


def _steps(price: Price | None) -> int:
    """Cycles that a function takes on a lane: one for each part that its price adds up."""
    return max(1, sum(term.times for term in price.terms)) if price else 1


def _kept(amounts: Mapping[str, float], events: str = "sram.byte_") -> str:
    """``{kept=BYTES}`` of the memory that events of that beginning name; "" where they name none."""
    sizes = {parse_event(full)[1].get("kept") for full in amounts if full.startswith(events)} - {None}
    return "{kept=" + max((str(s) for s in sizes), key=float) + "}" if sizes else ""


def _over_the_bus(amounts: Mapping[str, float]) -> float:
    """Bytes of what is converted either way, each number in whole bytes."""
    total = 0.0
    for full, amount in amounts.items():
        name, parameters = parse_event(full)
        if name in ("adc.conversion", "dac.conversion", "dac.pulse"):
            bits = float(parameters.get("bits", parameters.get("enob", _BYTE)))
            total += amount * (math.ceil(bits / _BYTE) if math.isfinite(bits) and bits > 0 else 1)
    return total
