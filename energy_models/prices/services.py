"""Work that no simulation counts but every chip in use does: functions of a vector, refresh against drift, calibration.

Each is a dictionary of events, to be added to those of a run and priced with them.
"""

from __future__ import annotations

import math

from ..errors import PriceError


def softmax_events(n: int, vectors: int = 1) -> dict[str, int]:
    """Events of the softmax of `vectors` vectors of n numbers: the largest is found and subtracted, then n exponentials,
    their sum, and n divisions."""
    n, vectors = _count("n", n), _count("vectors", vectors)
    return {
        "digital.compare": (n - 1) * vectors,
        "digital.add": (2 * n - 1) * vectors,
        "digital.exp": n * vectors,
        "digital.divide": n * vectors,
    }


def refresh_events(
    cells: int, seconds: float, period_s: float, *, pulses_per_cell: float, verify_reads_per_cell: float
) -> dict[str, float]:
    """Events of rewriting `cells` drifting cells every `period_s` for `seconds`.

    Pulses are taken as half up, half down; what each cell needs comes from a programming report of the simulator.
    """
    rounds = _cells(cells) * _rounds(seconds, period_s)
    pulses = _positive("pulses_per_cell", pulses_per_cell) * rounds
    return {
        "pulse.up": pulses / 2,
        "pulse.down": pulses / 2,
        "cell.verify_read": _positive("verify_reads_per_cell", verify_reads_per_cell) * rounds,
    }


def calibration_events(
    converters: int, seconds: float, period_s: float, *, conversions: int, enob: float
) -> dict[str, float]:
    """Events of calibrating `converters` every `period_s` for `seconds`: `conversions` of each, of `enob` effective bits."""
    total = _cells(converters) * _count("conversions", conversions) * _rounds(seconds, period_s)
    return {f"adc.conversion{{enob={_positive('enob', enob):g}}}": total}


def _rounds(seconds: float, period_s: float) -> int:
    """Whole rounds in the time: the first comes after one period."""
    return math.floor(_positive("seconds", seconds) / _positive("period_s", period_s))


def _cells(value: int) -> int:
    return _count("cells", value)


def _count(field: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PriceError(f"{field} = {value!r} must be a positive integer")
    return value


def _positive(field: str, value: float) -> float:
    if isinstance(value, bool | str) or not (math.isfinite(value) and value > 0):
        raise PriceError(f"{field} = {value!r} must be positive and finite")
    return float(value)
