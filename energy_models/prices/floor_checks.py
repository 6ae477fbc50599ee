"""Whether what was priced is above what physics charges: floors of simulated noise, and of bits that are overwritten."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..errors import FloorError
from ..physics import adc_floor, column_read_floor, converter_snr, landauer
from .bill import Bill, Line
from .floors import Floor
from .vocabulary import EVENTS, check_amount, parse_event

_REMEDY = {
    "array read": "raise the read voltage, the read time or the conductances, or let the columns be noisier",
    "adc": "price a converter of this resolution honestly, or simulate fewer effective bits",
}
_FORGETS = "no logic that overwrites its result spends less than k T ln 2 for each bit of it"

# Bits that one event decides and overwrites at least: one for the result of an operation, the switching of a line or the
# writing of a cell; a byte for a byte. Words are longer, and lines and cells far from so small a swing.
_BYTE = 2**3
_OVERWRITES: Mapping[str, int] = {
    name: _BYTE if kind.unit == "J/byte_moved" else 1 for name, kind in EVENTS.items() if kind.unit not in ("J", "W")
}
# Where the events tell how many bits: the parameter that says so.
_BITS_IN = {"dac.conversion": "bits", "dac.pulse": "bits"}


def check_floor(events: Mapping[str, int | float], bill: Bill) -> tuple[Floor, ...]:
    """`noise_floors` of a bill: FloorError where its simulated noise is lower than its energy can buy."""
    return noise_floors(events, bill.lines, bill.temperature_K)


def check_bounds(bill: Bill) -> tuple[Floor, ...]:
    """`bit_floors` of a bill, for the rows that have no floor of noise: FloorError below k T ln 2 a bit."""
    return bit_floors(bill.lines, bill.temperature_K, bill.floors)


def noise_floors(events: Mapping[str, int | float], lines: Sequence[Line], temperature_K: float) -> tuple[Floor, ...]:
    """Energy over thermal floor of the array read and of the converters, at nominal prices.

    The array's energy is its integral ``array.read_energy_J`` and its floor 2 k T x ``array.snr_sum``; the converters'
    energy is their row of the bill and its floor 8 k T x ``adc.snr_sum``. A component whose sum of signal-to-noise
    ratios is not among the events is not in the answer.

    Raises
    ------
    FloorError
        a component spends less than its floor: its simulated noise is lower than its energy can buy.
    """
    adc = sum(line.joules for line in lines if line.component == "adc")
    cases = (
        ("array read", "array.snr_sum", events.get("array.read_energy_J", 0.0), column_read_floor),
        ("adc", "adc.snr_sum", adc, adc_floor),
    )
    floors = []
    for component, name, energy, least in cases:
        snr = check_amount(name, events.get(name, 0.0))
        if snr == 0:
            continue
        floor = Floor(component, float(energy), least(snr, temperature_K))
        if floor.eta < 1 - 1e-9:
            raise FloorError(
                f"{component}: {floor.energy_J:.3g} J is below the {floor.floor_J:.3g} J that its simulated noise "
                f"requires at {temperature_K:g} K ({name} = {snr:.3g}, eta = {floor.eta:.2g}). A chip cheaper than its simulated "
                f"noise allows is refused: {_REMEDY[component]}"
            )
        floors.append(floor)
    return tuple(floors)


def bit_floors(lines: Sequence[Line], temperature_K: float, known: Sequence[Floor] = ()) -> tuple[Floor, ...]:
    """Energy over the floors that follow from the events' names and amounts alone, noise having been counted or not.

    k T ln 2 for each bit that an event decides and overwrites at the least: one for a result, for a switched line and for
    a pulse that writes a cell; eight for a byte; as many as it says for a conversion to analog. Of conversions to digital
    whose noise was not counted but whose effective bits are: 8 k T x 1.5 x 4**enob. Rows that have a floor in
    `known` are left out, and so are those of `why_no_floor`: leakage, idling, and reads whose noise nobody counted.

    Raises
    ------
    FloorError
        a component spends less than its floor: nothing can.
    """
    done = {floor.component for floor in known}
    least: dict[str, float] = {}
    bit = landauer(temperature_K)
    for line in lines:
        name, parameters = parse_event(line.event)
        if line.component in done or line.amount == 0:
            continue
        each = _bits(name, parameters) * bit
        if name == "adc.conversion" and "enob" in parameters:
            each = adc_floor(converter_snr(float(parameters["enob"])), temperature_K)
        if each:
            least[line.component] = least.get(line.component, 0.0) + line.amount * each
    spent = {name: sum(line.joules for line in lines if line.component == name) for name in least}
    floors = [Floor(name, spent[name], joules) for name, joules in least.items()]
    for floor in floors:
        if floor.eta < 1 - 1e-9:
            why = _REMEDY.get(floor.component, _FORGETS)
            raise FloorError(
                f"{floor.component}: {floor.energy_J:.3g} J is below the {floor.floor_J:.3g} J that physics charges at "
                f"{temperature_K:g} K (eta = {floor.eta:.2g}). A chip below the thermal floor is refused: {why}"
            )
    return tuple(floors)


def _bits(name: str, parameters: Mapping[str, str]) -> float:
    """Bits that one event overwrites at least: as many as it says, or one where it says nothing or no finite number."""
    least = _OVERWRITES.get(name, 0)
    try:
        said = float(parameters.get(_BITS_IN.get(name, ""), least))
    except ValueError:  # a price that ignores the parameter takes any text
        return least
    return max(least, said) if math.isfinite(said) else least
