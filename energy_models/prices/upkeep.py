"""What keeping arrays in use takes beside their work: wear, refresh against forgetting, and arrays that wait.

No bill holds it, since how long a trained array is kept is not part of a training. What no source says is None, and what is
taken in place of a source is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...devices import Device, load_device
from ...devices.response import PulsedResponse
from ..errors import PriceError, UnpricedEvent
from ..records import get
from .chip import ChipOrName, load_chip
from .pricing import price, pulse_prices
from .vocabulary import parse_event

WEAK_PULSES = "wear.zhao2018.incremental_cycles"
"""Of an analog ReRAM, taken for pulsed cells of which no endurance is known."""
_PULSES_PER_CYCLE = 2  # one up, one down
_DRAWS = 100


@dataclass(frozen=True)
class Upkeep:
    """One row: a number in a unit, None where nothing says it, and what was assumed for it."""

    name: str
    value: float | None
    unit: str
    assumed: str = ""


def upkeep(
    events: Mapping[str, int | float],
    chip: ChipOrName,
    device: Device | str | Path,
    *,
    cells: int,
    joules: float,
    seconds: float | None = None,
) -> tuple[Upkeep, ...]:
    """Wear, refresh and idle time of the arrays of one training.

    Parameters
    ----------
    events : mapping
        Of the training: its pulses, and how long arrays were busy.
    chip : Chip, or its name or file
        That prices a rewritten cell and an array that waits.
    device : Device, or its name or file
    cells : int
        Of all arrays.
    joules : float
        Of the training, from which the joules follow that wear the cells out.
    seconds : float, optional
        Of the training.

    Returns
    -------
    tuple of Upkeep
        Pulses a cell; trainings and joules until the mean cell is worn; joules of a rewrite of all cells and watts of doing so
        as often as the cells forget; seconds for which arrays wait, and joules that they take if nothing gates them.

    Raises
    ------
    PriceError
        cells or joules are not positive.

    Examples
    --------
    >>> rows = upkeep({"pulse.up": 5e6, "pulse.down": 5e6}, "reram-32nm", "reram-sb-gong2018", cells=1000, joules=1e-3)
    >>> [(row.name, f"{row.value:.3g}", row.unit) for row in rows[:2]]
    [('pulses of a cell', '1e+04', '1'), ('trainings until worn', '2e+07', '1')]
    """
    for name, value in (("cells", cells), ("joules", joules)):
        if not (math.isfinite(value) and value > 0):
            raise PriceError(f"{name} = {value!r} must be positive and finite")
    chip, device = load_chip(chip), load_device(device)
    return (
        *_wear(events, device, cells, joules),
        *_refresh(chip, device, cells),
        *_waiting(events, chip, seconds),
    )


def _wear(events: Mapping[str, int | float], device: Device, cells: int, joules: float) -> tuple[Upkeep, ...]:
    """The mean cell: one that is pulsed more is worn sooner."""
    pulses = sum(amount for full, amount in events.items() if parse_event(full)[0] in ("pulse.up", "pulse.down"))
    each = pulses / cells
    limit, assumed = _endured(device)
    trainings = None if limit is None or not each else limit / each
    return (
        Upkeep("pulses of a cell", each, "1", "the mean cell"),
        Upkeep("trainings until worn", trainings, "1", assumed),
        Upkeep("energy until worn", None if trainings is None else trainings * joules, "J", assumed),
    )


def _endured(device: Device) -> tuple[float | None, str]:
    """Pulses that a cell endures; those of another ReRAM where nobody says."""
    response, cycles = device.response, device.endurance.cycles
    if not isinstance(response, PulsedResponse):
        return cycles, ""
    if cycles is not None:
        return cycles * _PULSES_PER_CYCLE * response.states, ""
    if not device.name.startswith("reram"):
        return None, ""
    return get(WEAK_PULSES).to("dimensionless") * _PULSES_PER_CYCLE, "endures as the ReRAM of zhao2018"


def _refresh(chip: ChipOrName, device: Device, cells: int) -> tuple[Upkeep, ...]:
    """A rewrite from one end of the window to the middle, each cell read once; as often as the cells forget."""
    response = device.response
    if not isinstance(response, PulsedResponse) or "pulse.energy_up" not in device.records:
        return (Upkeep("rewriting all cells", None, "J"), Upkeep("refresh", None, "W"))
    half = response.states / 2
    events = {"pulse.up": cells * half / 2, "pulse.down": cells * half / 2, "cell.verify_read": float(cells)}
    try:
        joules = price(events, chip, overrides=pulse_prices(device), n_draws=_DRAWS).joules
    except UnpricedEvent:  # of a chip that only reads
        return (Upkeep("rewriting all cells", None, "J"), Upkeep("refresh", None, "W"))
    said = f"{half:.3g} pulses and a read a cell"
    period = device.retention.duration
    return (
        Upkeep("rewriting all cells", joules, "J", said),
        Upkeep("refresh", None if period is None else joules / period, "W", said if period else ""),
    )


def _waiting(events: Mapping[str, int | float], chip: ChipOrName, seconds: float | None) -> tuple[Upkeep, ...]:
    busy = sum(amount for full, amount in events.items() if parse_event(full)[0] == "array.busy_s")
    idle = None if seconds is None else max(0.0, seconds - busy)
    entry = load_chip(chip).prices.get("array.busy_s")
    priced = entry is not None and not entry.refused and not entry.included_in
    joules = None
    if idle is not None and priced:
        joules = price({"array.busy_s": idle}, chip, n_draws=_DRAWS).joules if idle else 0.0
    return (
        Upkeep("arrays wait", idle, "s"),
        Upkeep("waiting, not gated", joules, "J", "leaks as a busy array; the bill has it gated"),
    )
