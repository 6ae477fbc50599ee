"""The names of events, and what a price of each must be: the contract with whoever counts them.

An event name may carry parameters, ``name{key=value,...}``. A new event of a simulator becomes one line here and one
price in each chip that can perform it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, SupportsFloat

from ...devices.base.errors import shown
from ..errors import PriceError

Boundary = Literal["array", "macro", "chip"]

Role = Literal["compute", "conversion", "movement", "writes", "digital", "idle"]
ROLES: tuple[Role, ...] = ("compute", "conversion", "movement", "writes", "digital", "idle")


@dataclass(frozen=True)
class EventKind:
    """What one event is to a price.

    Attributes
    ----------
    unit : str
        the unit of its price. Counts are priced in joules per something; ``W`` prices seconds; ``V`` prices coulombs;
        ``J`` marks an integral that is in joules already.
    component : str
        the row of the bill it belongs to.
    boundary : Boundary
        the smallest boundary that contains it (array within macro within chip).
    role : Role
        what it was spent on: computing, converting between analog and digital (drivers and samplers of lines included),
        moving and keeping data, writing weights (verify reads included), digital periphery, or idling.
    """

    unit: str
    component: str
    boundary: Boundary
    role: Role


_DIGITAL = ("add", "multiply", "divide", "exp", "log", "softplus", "sigmoid", "compare")

EVENTS: Mapping[str, EventKind] = MappingProxyType(
    {
        "array.read_energy_J": EventKind("J", "array read", "array", "compute"),
        "array.read": EventKind("J/op", "array control", "macro", "digital"),
        "array.busy_s": EventKind("W", "static", "chip", "idle"),
        "array.gated_s": EventKind("W", "gated arrays", "chip", "idle"),
        "chip.idle_s": EventKind("W", "idle", "chip", "idle"),
        "digital.lane_s": EventKind("W", "static digital", "chip", "idle"),
        "digital.powered_s": EventKind("W", "static digital", "chip", "idle"),
        "table.powered_s": EventKind("W", "static table", "chip", "idle"),
        "digital.cycle": EventKind("J/op", "instructions and clock", "chip", "digital"),
        "line.drive": EventKind("J/op", "line drive", "macro", "conversion"),
        "dac.conversion": EventKind("J/conversion", "dac", "macro", "conversion"),
        "dac.pulse": EventKind("J/conversion", "dac", "macro", "conversion"),
        "adc.conversion": EventKind("J/conversion", "adc", "macro", "conversion"),
        "comparator.decision": EventKind("J/conversion", "comparator", "macro", "conversion"),
        "column.sample": EventKind("J/sample", "sample and hold", "macro", "conversion"),
        "column.regulate": EventKind("J/op", "column regulator", "macro", "conversion"),
        "array.read_charge_C": EventKind("V", "column regulator", "macro", "conversion"),
        "column.integrate": EventKind("J/op", "integrator", "macro", "conversion"),
        "analog.shift_add": EventKind("J/op", "analog shift-add", "macro", "conversion"),
        "update.slot": EventKind("J/op", "update control", "macro", "writes"),
        "line.pulse": EventKind("J/pulse", "programming lines", "macro", "writes"),
        "pulse.up": EventKind("J/pulse", "programming pulses", "array", "writes"),
        "pulse.down": EventKind("J/pulse", "programming pulses", "array", "writes"),
        "cell.programmed": EventKind("J/pulse", "programming open loop", "array", "writes"),
        "array.verify_energy_J": EventKind("J", "verify array", "array", "writes"),
        "cell.verify_read": EventKind("J/conversion", "verify conversion", "macro", "writes"),
        "random.bit": EventKind("J/bit_moved", "random bits", "chip", "digital"),
        "register.bit": EventKind("J/bit_moved", "registers", "chip", "movement"),
        **{f"digital.{name}": EventKind("J/op", f"digital.{name}", "chip", "digital") for name in _DIGITAL},
        "sram.byte_read": EventKind("J/byte_moved", "sram", "chip", "movement"),
        "sram.byte_written": EventKind("J/byte_moved", "sram", "chip", "movement"),
        "table.byte_read": EventKind("J/byte_moved", "table memory", "chip", "movement"),
        "table.byte_written": EventKind("J/byte_moved", "table memory", "chip", "movement"),
        "edram.byte_read": EventKind("J/byte_moved", "edram", "chip", "movement"),
        "edram.byte_written": EventKind("J/byte_moved", "edram", "chip", "movement"),
        "hbm.byte_read": EventKind("J/byte_moved", "hbm", "chip", "movement"),
        "hbm.byte_written": EventKind("J/byte_moved", "hbm", "chip", "movement"),
        "bus.byte": EventKind("J/byte_moved", "bus", "chip", "movement"),
        "noc.byte_hop": EventKind("J/byte_moved", "network on chip", "chip", "movement"),
        "matmul.flop": EventKind("J/flop", "matmul", "chip", "compute"),
        "gpu.busy_s": EventKind("W", "gpu time", "chip", "idle"),
    }
)

DIGITAL_OPERATIONS = tuple(f"digital.{name}" for name in _DIGITAL)
"""Events that a lane of a digital part performs."""

REUSE = "reuse"
"""Parameter of bytes that says what shares them, see `revpath.energy_models.prices.schedule`; a schedule takes it away."""

# Every component has one boundary and one role (a test holds it).
ROLE_OF: Mapping[str, Role] = MappingProxyType({kind.component: kind.role for kind in EVENTS.values()})

# Sums of signal-to-noise ratios cost nothing: they say how much energy a read must have cost (limits.py).
FLOOR_EVENTS = frozenset({"array.snr_sum", "adc.snr_sum"})

# What a simulator counts when it did something that no hardware can do, or whose cost it cannot know. Never priceable.
UNPRICEABLE: Mapping[str, str] = MappingProxyType(
    {
        "array.noiseless_read": "a read without any noise has no finite energy: give the device read noise, or the "
        "converter finite bits",
        "update.slot_of_unknown_duration": "the static energy of an update needs its duration: give the device a "
        "pulse duration",
        "ideal.update": "ideal cells take the exact change, which no device does: give the array a real device",
    }
)


def parse_event(full: str) -> tuple[str, dict[str, str]]:
    """The bare name and the parameters of ``name{key=value,...}``; PriceError where it has another form."""
    name, brace, rest = str(full).partition("{")
    if not brace:
        return name, {}
    pairs = [pair.partition("=") for pair in rest.removesuffix("}").split(",")]
    if not rest.endswith("}") or not all(key and equals and value for key, equals, value in pairs):
        raise PriceError(f"event = {full!r} must look like 'adc.conversion{{enob=7.95}}'")
    return name, {key: value for key, _, value in pairs}


def check_amount(event: str, amount: object) -> float:
    """A count or integral as a float; PriceError where it is negative, not finite or not a number."""
    if isinstance(amount, bool) or not isinstance(amount, SupportsFloat):
        raise PriceError(f"event {event!r}: {amount!r} is not a number")
    try:
        value = float(amount)
    except (TypeError, ValueError):  # an array of several, a complex number
        raise PriceError(f"event {event!r}: {shown(amount)} is not one number") from None
    except OverflowError:
        value = math.inf
    if not 0 <= value <= MOST:
        raise PriceError(f"event {event!r}: {shown(amount)} must be finite and not negative, at most {MOST:g}")
    return value


MOST = 1e290
"""The largest amount of an event: sums and factors of a bill stay within the range of floats."""
