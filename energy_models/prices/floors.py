"""What physics charges at least: noise and energy are one budget.

Golden values at 300 K (k T = 4.142e-21 J): Landauer 2.87 zJ a bit; an 8-bit converter 3.3 fJ; an 8-bit column 0.81 fJ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import FloorError, PriceError
from ..records import get
from .vocabulary import EVENTS, check_amount, parse_event

if TYPE_CHECKING:
    from .bill import Bill


def thermal_energy(temperature_K: float | None = None) -> float:
    """k T in joules, at the library's reference temperature unless another is given."""
    if temperature_K is None:
        temperature_K = get("constants.temperature").to("K")
    if not (math.isfinite(temperature_K) and temperature_K > 0):
        raise PriceError(f"temperature_K = {temperature_K!r} must be positive")
    return get("constants.boltzmann").to("J/K") * temperature_K


def landauer(temperature_K: float | None = None) -> float:
    """Least energy to erase one bit, k T ln 2, in joules (Landauer 1961)."""
    return thermal_energy(temperature_K) * math.log(2)


def converter_snr(enob: float) -> float:
    """Full-scale signal-to-noise power ratio of a converter of `enob` effective bits: 1.5 x 4**enob.

    A sine of full scale 2**b steps has power 4**b / 8 step^2, its quantisation noise 1/12 step^2; the ratio is
    1.5 x 4**b, the familiar 6.02 b + 1.76 dB. Effective bits are defined by this equation.
    """
    return 1.5 * 4.0**enob


def adc_floor(snr: float, temperature_K: float | None = None) -> float:
    """Least energy of one conversion in joules, 8 k T x SNR.

    The sample is held on a capacitor C, whose noise voltage has variance k T / C. A full-scale sine of peak-to-peak
    voltage V has power V^2 / 8, so SNR = C V^2 / (8 k T). Charging C to V from a supply of V draws C V^2 = 8 k T x SNR.
    (The bound behind Murmann's survey, a Schreier figure of merit of 191.8 dB at 300 K.)
    """
    return 8 * thermal_energy(temperature_K) * _ratio(snr)


def column_read_floor(snr: float, temperature_K: float | None = None) -> float:
    """Least energy of one column read in joules, 2 k T x SNR, whatever the number of rows.

    Conductances G_i at voltages V_i for a time t give the current I = sum G_i V_i and dissipate E = sum G_i V_i^2 t.
    Their Johnson current noise, averaged over t, has variance 2 k T (sum G_i) / t. With SNR = I^2 / variance and
    Cauchy's inequality (sum G V)^2 <= (sum G)(sum G V^2), E >= 2 k T x SNR, with equality where all lines have the same
    voltage. (Agarwal et al. 2016, Front. Neurosci. 9:484, state the independence of the number of rows.)
    """
    return 2 * thermal_energy(temperature_K) * _ratio(snr)


def _ratio(snr: float) -> float:
    if not snr >= 0:  # nan too
        raise PriceError(f"snr = {snr!r} must be a ratio of powers, not negative")
    return snr


def random_sign_read_floor(snr: float, rows: int, temperature_K: float | None = None) -> float:
    """Least energy of one column read in joules where signs are random: 2 k T x SNR x rows.

    `snr` is that of the dot product itself, not of full scale. With products of random sign the signal grows as
    sqrt(N) only: N lines G V^2 t spend E = N G V^2 t, the mean square of the current is N (G V)^2, the noise 2 k T N G / t,
    so SNR = G V^2 t / (2 k T): every product costs 2 k T x SNR, however many share the column. (`column_read_floor` is the
    full-scale figure, N times less, which no neural network's data reach.)
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise PriceError(f"rows = {rows!r} must be a positive integer")
    return rows * column_read_floor(snr, temperature_K)


@dataclass(frozen=True)
class Floor:
    """Energy of one component beside the least that physics allows, both in joules; ``eta`` = energy / floor."""

    component: str
    energy_J: float
    floor_J: float

    @property
    def eta(self) -> float:
        return self.energy_J / self.floor_J if self.floor_J > 0 else math.inf


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
_BITS_IN = {"dac.conversion": "bits"}

# Components that can be without a floor, and why.
_NO_FLOOR: Mapping[str, str] = {
    "array read": "its noise was not simulated: no array.snr_sum among the events",
    "verify array": "the noise of verify reads is not counted",
    "static": "leakage does no work, and a perfect switch has none",
    "idle": "waiting does no work",
}


def why_no_floor(component: str) -> str:
    """The reason why physics sets no least energy for a row of the bill, in a few words; "" for rows that have a floor."""
    return _NO_FLOOR.get(component, "")


def check_floor(events: Mapping[str, int | float], bill: Bill) -> tuple[Floor, ...]:
    """Energy over thermal floor of the array read and of the converters, at nominal prices.

    The array's energy is its integral ``array.read_energy_J`` and its floor 2 k T x ``array.snr_sum``; the converters'
    energy is their row of the bill and its floor 8 k T x ``adc.snr_sum``. A component whose sum of signal-to-noise
    ratios is not among the events is not in the answer.

    Raises
    ------
    FloorError: a component spends less than its floor: its simulated noise is lower than its energy can buy.
    """
    T = bill.temperature_K
    cases = (
        ("array read", "array.snr_sum", events.get("array.read_energy_J", 0.0), column_read_floor),
        ("adc", "adc.snr_sum", bill.nominal("adc"), adc_floor),
    )
    floors = []
    for component, name, energy, least in cases:
        snr = check_amount(name, events.get(name, 0.0))
        if snr == 0:
            continue
        floor = Floor(component, float(energy), least(snr, T))
        if floor.eta < 1 - 1e-9:
            raise FloorError(
                f"{component}: {floor.energy_J:.3g} J is below the {floor.floor_J:.3g} J that its simulated noise "
                f"requires at {T:g} K ({name} = {snr:.3g}, eta = {floor.eta:.2g}). A chip cheaper than its simulated "
                f"noise allows is refused: {_REMEDY[component]}"
            )
        floors.append(floor)
    return tuple(floors)


def check_bounds(bill: Bill) -> tuple[Floor, ...]:
    """Energy over the floors that follow from the events' names and amounts alone, noise having been counted or not.

    k T ln 2 for each bit that an event decides and overwrites at the least: one for a result, for a switched line and for
    a pulse that writes a cell; eight for a byte; as many as it says for a conversion to analog. Of conversions to digital
    whose noise was not counted but whose effective bits are: 8 k T x 1.5 x 4**enob. Rows that have a floor in
    ``bill.floors`` are left out, and so are those of `why_no_floor`: leakage, idling, and reads whose noise nobody counted.

    Raises
    ------
    FloorError: a component spends less than its floor: nothing can.
    """
    done = {floor.component for floor in bill.floors}
    least: dict[str, float] = {}
    bit = landauer(bill.temperature_K)
    for line in bill.lines:
        name, parameters = parse_event(line.event)
        if line.component in done or line.amount == 0:
            continue
        each = _bits(name, parameters) * bit
        if name == "adc.conversion" and "enob" in parameters:
            each = adc_floor(converter_snr(float(parameters["enob"])), bill.temperature_K)
        if each:
            least[line.component] = least.get(line.component, 0.0) + line.amount * each
    floors = [Floor(component, bill.nominal(component), joules) for component, joules in least.items()]
    for floor in floors:
        if floor.eta < 1 - 1e-9:
            why = _REMEDY.get(floor.component, _FORGETS)
            raise FloorError(
                f"{floor.component}: {floor.energy_J:.3g} J is below the {floor.floor_J:.3g} J that physics charges at "
                f"{bill.temperature_K:g} K (eta = {floor.eta:.2g}). A chip below the thermal floor is refused: {why}"
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
