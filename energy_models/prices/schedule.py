"""What the digital part does beside its operations: the schedule that is chosen, and the events that follow from the chip.

Models count bytes as a datapath without registers moves them, and say what shares them, ``sram.byte_read{reuse=rows}``: a label
weight serves all rows of a batch, a sum all units of a layer. A schedule keeps some of that in registers, and moves the rest.

One rule for every contender: a digital operation takes a cycle of a lane for each step of its price, every cycle fetches one
instruction and clocks the lanes, every result is latched, what passes between arrays and lanes goes over a bus, and all of it
leaks for as long as arrays or lanes work, one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...devices.base.errors import unknown
from ..errors import PriceError
from .chip import ChipOrName, Price, load_chip
from .vocabulary import DIGITAL_OPERATIONS, REUSE, check_amount, parse_event

_BYTE = 8


Reuse = Literal["rows", "units", "column", "fused"]
REUSES: tuple[Reuse, ...] = get_args(Reuse)
"""What bytes can be shared by.

``rows``: a number of a unit serves all rows of a batch. ``units``: a number of a row serves, or is the sum over, all units of a layer.
``column``: a number of one unit and row waits for the next read of an array. ``fused``: it is used by the function that follows.
"""


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
    columns : bool
        Every column of an array has registers beside it for the numbers of its unit, and a tree that adds over columns: they wait
        there for the next read, and sums over units are never stored.

    Examples
    --------
    >>> Schedule("mine", rows=16, units=4, fused=True).moved("rows")
    0.0625
    """

    name: str
    rows: int
    units: int
    fused: bool
    columns: bool = False

    def __post_init__(self) -> None:
        for side in ("rows", "units"):
            value = getattr(self, side)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PriceError(f"schedule {self.name!r}: {side} = {value!r} must be a positive integer")

    def moved(self, reuse: Reuse) -> float:
        """Which part of the bytes that are shared so goes through memory."""
        match reuse:
            case "rows":
                return 1 / self.rows
            case "units":
                return 0.0 if self.columns else 1 / self.units
            case "column":
                return float(not self.columns)
            case "fused":
                return float(not self.fused)
        raise PriceError(f"reuse = {reuse!r} must be one of {', '.join(REUSES)}")

    def __str__(self) -> str:
        """In words, as bills print it."""
        tile = f"{self.rows} x {self.units} in registers" if self.rows * self.units > 1 else "one number at a time"
        kept = ", numbers of units beside their columns" if self.columns else ""
        return f"{self.name}: {tile}{kept}, functions {'' if self.fused else 'not '}fused"


SCHEDULES: Mapping[str, Schedule] = {
    "naive": Schedule("naive", 1, 1, False),
    "register-tile": Schedule("register-tile", 8, 8, True),
    "column-registers": Schedule("column-registers", 1, 1, True, columns=True),
}
"""``naive``: every operand from memory and every result back. ``register-tile``: 8 x 8 of them in registers, functions fused.
``column-registers``: the numbers of a unit stay beside its column."""
NAIVE = SCHEDULES["naive"]


def schedule(name: str | Schedule) -> Schedule:
    """A schedule by name, or itself; UnknownName lists them."""
    if isinstance(name, Schedule):
        return name
    if name not in SCHEDULES:
        raise unknown("schedule", name, SCHEDULES)
    return SCHEDULES[name]


def scheduled(events: Mapping[str, int | float], chosen: str | Schedule) -> dict[str, float]:
    """The events with the bytes that a schedule moves: what is shared, once for all that share it, and no word of it any more.

    Parameters
    ----------
    events : mapping
        Names to amounts, as they were counted.
    chosen : str or Schedule

    Raises
    ------
    PriceError
        An amount is none, or bytes are shared by something unknown.

    Examples
    --------
    >>> scheduled({"sram.byte_read{kept=2048,reuse=rows}": 64, "digital.add": 3}, "register-tile")
    {'sram.byte_read{kept=2048}': 8.0, 'digital.add': 3.0}
    """
    chosen, out = schedule(chosen), {}
    for full, amount in events.items():
        name, parameters = parse_event(full)
        reuse: Any = parameters.pop(REUSE, None)
        if reuse is not None:
            full = name + ("{" + ",".join(f"{k}={v}" for k, v in parameters.items()) + "}" if parameters else "")
        moved = check_amount(full, amount) * (1 if reuse is None else chosen.moved(reuse))
        if moved or reuse is None:
            out[full] = out.get(full, 0.0) + moved
    return out


class Completed(dict[str, float]):
    """Events, and those that a chip's digital part adds to them; `schedule` says by which order of work."""

    def __init__(self, events: Mapping[str, float], chosen: Schedule) -> None:
        super().__init__(events)
        self.schedule = chosen


def completed(events: Mapping[str, int | float], chip: ChipOrName, chosen: str | Schedule = NAIVE) -> Completed:
    """The events, and those that the chip's digital part adds to them.

    Parameters
    ----------
    events : mapping
        Names to amounts, as they were counted.
    chip : Chip, or its name or file
        With a digital part, unless there is no digital work. A GPU has none: what its operations cost holds all that is
        around them.
    chosen : str or Schedule
        Rows of its tile share each weight of a matrix product that lanes do; it moves what bytes say they share (`scheduled`).

    Returns
    -------
    Completed
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
    chosen = schedule(chosen)
    amounts = scheduled(events, chosen)
    chip = load_chip(chip)
    part = chip.digital
    if part is None:
        priced = set(DIGITAL_OPERATIONS) & set(chip.prices)  # what has no price at all, pricing refuses
        if chip.kind == "analog" and any(parse_event(full)[0] in priced for full in amounts):
            raise PriceError(
                f"chip {chip.name!r} has no [digital] part, so its digital work would take no time: give it lanes, "
                "word_bits, cycle and why, or extend a chip that has one"
            )
        return Completed(amounts, chosen)
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
    more = {full: amounts.get(full, 0.0) + amount for full, amount in added.items() if amount}
    return Completed({**amounts, **more}, chosen)


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
