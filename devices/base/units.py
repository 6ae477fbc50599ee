"""Units of records: read by pint from a small, bounded grammar, and multiplicative without exception.

A number in a unit is the number times the unit here, and nothing else. So units with an offset (degree Celsius) or of a
logarithm (decibel, pH) are refused with the way out, and so are pint's units without a dimension that are no share (a
cycle is 2 pi there, a bit is 1): 1e6 cycles would become 6.3e6, and J/bit would pass for J.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .errors import UnitError, shown

# Dimensions that pint lacks, so that J/pulse never stands in for J/conversion.
OWN_UNITS = ("conversion", "flop", "pulse", "op", "sample", "cell", "token")
_SHARES = ("percent", "permille", "ppm")  # without a dimension, and a plain factor
_LONGEST, _MOST_PARTS, _DEEPEST, _STEEPEST = 100, 40, 6, 12  # characters, parts, brackets, exponent
_PART = re.compile(
    r"(?P<power>\*\*|\^)|(?P<operator>[*/·])|(?P<bracket>[()])|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+])"
    r"|(?P<name>(?:[A-Za-zµμΩΩ°ÅΔ_][A-Za-z0-9_µμΩΩ°]*|[%‰])(?:⁻?[⁰¹²³⁴-⁹])?)|(?P<space> +)"
)
_AMBIGUOUS = {"pH": "acidity is the logarithm of a concentration; a picohenry is written 'picohenry'"}


@cache
def parse_unit(unit: str) -> Any:
    """The pint unit that a text names.

    Parameters
    ----------
    unit : str
        Products, quotients and powers of unit names, at most 100 characters: ``"pJ/conversion"``, ``"V/Hz**0.5"``.
        Exponents are numbers between -12 and 12, alone or in brackets (``**(1/2)``).

    Returns
    -------
    pint.Unit
        Of plain factors only: a number in it is the number times the unit.

    Raises
    ------
    UnitError
        It is no unit, too long or too deeply nested; it has an offset (degC), a logarithm (dB, dBm, Np, octave), or no
        dimension without being a share (cycle, bit, radian).

    Examples
    --------
    >>> parse_unit("uS").dimensionality == parse_unit("A/V").dimensionality
    True
    """
    import pint

    _check_grammar(unit)
    try:
        parsed = _registry().parse_units(unit)
    except (pint.errors.PintError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
        raise UnitError(
            f"unit = {shown(unit)} is not a unit that can be read: {str(error) or 'it is incomplete'}"
        ) from error
    for name, exponent in parsed._units.items():
        _check_factor(unit, str(name))
        if abs(exponent) > _STEEPEST:
            raise _unreadable(unit, f"exponents go from -{_STEEPEST} to {_STEEPEST}")
    return parsed


@cache
def conversion_factor(have: str, want: str) -> float:
    """What one `have` is in `want`.

    Parameters
    ----------
    have, want : str
        Two units of the same dimension.

    Returns
    -------
    float
        A positive factor.

    Raises
    ------
    UnitError
        One cannot be read, or they differ in dimension.

    Examples
    --------
    >>> conversion_factor("pJ/pulse", "fJ/pulse")
    1000.0
    """
    a, b = parse_unit(have), parse_unit(want)
    if a.dimensionality != b.dimensionality:
        raise UnitError(f"unit {have!r} ({a.dimensionality}) cannot be read as {want!r} ({b.dimensionality})")
    return float(_registry().convert(1.0, a, b))


@cache
def _registry() -> Any:
    import pint  # 0.2 s: only those who read records pay for it

    registry = pint.UnitRegistry(cache_folder=None)
    for base in OWN_UNITS:
        registry.define(f"{base} = [{base}]")
    registry.define("byte_moved = [data]")
    registry.define("bit_moved = byte_moved / 8")
    return registry


def _check_grammar(unit: str) -> None:
    """UnitError for what is not a short product of names and powers; no hostile text comes as far as pint."""
    if not isinstance(unit, str):
        raise UnitError(f"unit = {shown(unit)} is not a unit that can be read: it must be a text")
    parts = _split(unit)
    if not parts:
        raise UnitError(f"unit = {unit!r} is not a unit that can be read: it is empty; write 'dimensionless'")
    depth, place = 0, 0
    while place < len(parts):
        kind, text = parts[place]
        if kind == "power":
            place = _exponent(unit, parts, place + 1)
            continue
        if kind == "bracket":
            depth += 1 if text == "(" else -1
            if not 0 <= depth <= _DEEPEST:
                raise _unreadable(unit, f"brackets must match, and be nested at most {_DEEPEST} deep")
        elif kind == "number" and text != "1":
            raise _unreadable(unit, f"the factor {text} belongs to the value, not to the unit")
        elif kind == "sign":
            raise _unreadable(unit, "units are multiplied and divided, not added")
        elif text[0] in "%‰" and len(parts) > 1:
            raise _unreadable(unit, f"{text} stands alone")
        elif text in _AMBIGUOUS:
            raise _unreadable(unit, _AMBIGUOUS[text])
        place += 1
    if depth:
        raise _unreadable(unit, "a bracket is not closed")


def _split(unit: str) -> list[tuple[str, str]]:
    """The parts of a unit, (kind, text), without spaces."""
    if len(unit) > _LONGEST:
        raise _unreadable(unit, f"it has {len(unit)} characters, {_LONGEST} are allowed")
    parts: list[tuple[str, str]] = []
    place = 0
    while place < len(unit):
        match = _PART.match(unit, place)
        if match is None:
            raise _unreadable(unit, f"{unit[place]!r} has no place in a unit")
        place = match.end()
        if match.lastgroup != "space":
            parts.append((str(match.lastgroup), match.group()))
    if len(parts) > _MOST_PARTS:
        raise _unreadable(unit, f"it has {len(parts)} parts, {_MOST_PARTS} are allowed")
    return parts


def _exponent(unit: str, parts: list[tuple[str, str]], place: int) -> int:
    """Where the exponent that begins at `place` ends: a signed number, or a fraction in brackets; never a power again."""
    kinds = " ".join(kind if kind != "bracket" else text for kind, text in parts[place:])
    match = re.match(r"(?:sign )?number\b|\( (?:sign )?number (?:operator number )?\)", kinds)
    if match is None:
        raise _unreadable(unit, "an exponent must be a number")
    end = place + len(match.group().split())
    numbers = [float(text) for kind, text in parts[place:end] if kind == "number"]
    if 0 in numbers[1:] or not numbers[0] / (numbers[1] if len(numbers) > 1 else 1) <= _STEEPEST:
        raise _unreadable(unit, f"exponents go from -{_STEEPEST} to {_STEEPEST}")
    if end < len(parts) and parts[end][0] == "power":
        raise _unreadable(unit, "a power cannot be raised to a power")
    return end


def _check_factor(unit: str, name: str) -> None:
    """UnitError unless a number in this unit is the number times a fixed amount of a dimension, or a share."""
    registry = _registry()
    converter = registry._units[name].converter if name in registry._units else None
    if converter is not None and converter.is_logarithmic:
        raise UnitError(
            f"unit = {unit!r}: {name} is a logarithm, and records hold plain numbers: give the ratio, or the power in watts"
        )
    if name.startswith("delta_") or (converter is not None and not converter.is_multiplicative):
        raise UnitError(f"unit = {unit!r}: {name} has a zero of its own; give temperatures and differences in K")
    roots = registry.get_root_units(name)[1]._units  # of rpm: radian and second; of baud: bit and second
    vanishing = any(registry.parse_units(root).dimensionless for root in roots)
    if vanishing or (registry.parse_units(name).dimensionless and name not in _SHARES):
        raise UnitError(
            f"unit = {unit!r}: {name} has no dimension, or is made of what has none, and would vanish or count as a "
            f"factor; counts are 'dimensionless', shares one of {', '.join(_SHARES)}, data 'bit_moved' or 'byte_moved', and events "
            f"{', '.join(OWN_UNITS)}"
        )


def _unreadable(unit: str, why: str) -> UnitError:
    return UnitError(f"unit = {shown(unit)} is not a unit that can be read: {why}")
