"""Numbers that no cell, circuit or machine has: a slip of a prefix (PJ for pJ, S for uS) is refused, not simulated.

The ranges are generous: they are there to see a wrong unit, which is off by a factor of 1000 or more, not to judge a
number. Each is stated below with what it rests on. Zero is always allowed: whether it may be zero is a matter of the law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from .errors import RecordError
from .units import conversion_factor, parse_unit


@dataclass(frozen=True)
class Plausible:
    """Between which sizes a number makes sense, its sign aside.

    Attributes
    ----------
    low, high : float
        Smallest and largest size, in `unit`.
    unit : str
        SI unit of both.
    what : str
        What has such a size, for the message.
    """

    low: float
    high: float
    unit: str
    what: str


_ANY = Plausible(1e-60, 1e60, "", "any number (beyond it, products leave the range of floats)")
_EVENT = "one event (k T ln 2 is 3e-21 J at 300 K; a GPU board of 1 kW takes 1 J in a millisecond)"

# By unit: any number of that dimension. 1e-24 J is below the Landauer limit at 1 K.
RANGES: dict[str, Plausible] = {
    "J/op": Plausible(1e-24, 1, "J/op", _EVENT),
    "J/conversion": Plausible(1e-24, 1, "J/conversion", _EVENT),
    "J/pulse": Plausible(1e-24, 1, "J/pulse", _EVENT),
    "J/cell": Plausible(1e-24, 1, "J/cell", _EVENT),
    "J/flop": Plausible(1e-24, 1, "J/flop", _EVENT),
    "J/bit_moved": Plausible(1e-24, 1, "J/bit_moved", _EVENT),
    "J/sample": Plausible(1e-24, 1e6, "J/sample", "one sample of a model"),
    "J/token": Plausible(1e-24, 1e6, "J/token", "one token of a model"),
    "J": Plausible(1e-24, 1e18, "J", "an energy (1e18 J are 280 TWh, the use of a country in a year)"),
    "W": Plausible(1e-18, 1e11, "W", "a power (from a transistor that is off to a hundred power stations)"),
    "V": Plausible(1e-9, 1e4, "V", "a voltage on a chip"),
    "A": Plausible(1e-21, 1e6, "A", "a current"),
    "F": Plausible(1e-21, 1, "F", "a capacitance on a chip (a line has fF to pF)"),
    "ohm": Plausible(1e-6, 1e18, "ohm", "a resistance"),
    "s": Plausible(1e-16, 1e13, "s", "a time (from a tenth of a femtosecond to 300,000 years, or as many GPU hours)"),
    "Hz": Plausible(1e-13, 1e16, "Hz", "a rate"),
    "K": Plausible(1e-3, 1e4, "K", "a temperature"),
    "m": Plausible(1e-12, 1e4, "m", "a length on a chip or board"),
    "m^2": Plausible(1e-20, 1e4, "m^2", "an area of silicon"),
    "op/J": Plausible(1, 1e24, "op/J", "an efficiency (1e24 op/J is below the Landauer limit at 1 K)"),
    "op/s": Plausible(1e-3, 1e24, "op/s", "a throughput"),
    "flop/s": Plausible(1e-3, 1e24, "flop/s", "a throughput"),
    "byte_moved/s": Plausible(1e-3, 1e20, "byte_moved/s", "a bandwidth"),
}

# By what a field of a device is.
CELL_CONDUCTANCE = Plausible(1e-18, 1e-2, "S", "a memory cell (100 ohm and below is the wire, not the cell)")
PULSE_VOLTAGE = Plausible(1e-3, 100, "V", "a programming pulse")
PULSE_LENGTH = Plausible(1e-14, 1e4, "s", "a programming pulse")
READ_VOLTAGE = Plausible(1e-6, 100, "V", "a read (below 1 uV there is only noise)")
READ_LENGTH = Plausible(1e-14, 1e6, "s", "a read")
CYCLES = Plausible(1e-9, 1e24, "dimensionless", "cycles that a cell survives")


def refuse_absurd(value: float, unit: str, where: str, plausible: Plausible | None = None) -> None:
    """RecordError for a number that is off by more than a slip of its unit could excuse.

    Parameters
    ----------
    value : float
        The number, of either sign; zero is allowed.
    unit : str
        Its unit, as `revpath.devices.base.units.parse_unit` reads it.
    where : str
        File, record or field, for the message.
    plausible : Plausible, optional
        The range of what the number is, where that is known more closely than by its dimension.

    Raises
    ------
    RecordError
        The size lies outside the range; names `where`, the number, the range and what has it.
    UnitError
        The unit cannot be read, or has not the dimension of `plausible`.

    Examples
    --------
    >>> refuse_absurd(1.5, "pJ/op", "my.add")
    >>> refuse_absurd(88.2, "S", "window.g_max", CELL_CONDUCTANCE)
    Traceback (most recent call last):
    ...
    revpath.devices.base.errors.RecordError: window.g_max = 88.2 S is not plausible: a memory cell (100 ohm and below \
is the wire, not the cell) has 1e-18 to 0.01 S; is the prefix of the unit right (P is peta, p pico; M mega, m milli)?
    """
    known = plausible or plausible_range(unit)
    factor = 1.0 if known.unit in ("", unit) else conversion_factor(unit, known.unit)
    size = abs(value) * factor
    if value == 0 or (math.isfinite(size) and known.low <= size <= known.high):
        return
    raise RecordError(
        f"{where} = {value:g} {unit} is not plausible: {known.what} has {known.low:g} to {known.high:g} "
        f"{known.unit or unit}; is the prefix of the unit right (P is peta, p pico; M mega, m milli)?"
    )


def plausible_range(unit: str) -> Plausible:
    """The range of the dimension of a unit: one of `RANGES`, or what floats can multiply.

    Parameters
    ----------
    unit : str
        Any unit that can be read.

    Returns
    -------
    Plausible
        In an SI unit of the same dimension; with an empty unit, in the unit asked for.
    """
    if unit in RANGES:
        return RANGES[unit]
    if unit in ("S", "dimensionless"):  # devices need no pint: theirs are the commonest
        return _ANY
    return _by_dimension().get(parse_unit(unit).dimensionality, _ANY)


@cache
def _by_dimension() -> dict[object, Plausible]:
    return {parse_unit(unit).dimensionality: known for unit, known in RANGES.items()}
