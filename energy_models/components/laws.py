"""The laws behind component models: energy, area and time of a part from its records and its drivers.

Every law is a function of `Parts` (its records by role) and drivers, and returns a `Result`. No number stands here: those
of physics are records, and those of structure (an exponent, a count) come with the component's table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from ...devices.base.record import Record, parse_unit
from ..errors import PriceError
from ..physics import adc_floor, converter_snr, landauer
from ..records import get
from .scaling import area_factor, energy_factor


@dataclass(frozen=True)
class Result:
    """Energy in the SI unit of the component (J or W), area in mm^2, time of one use in s; None where not known."""

    value: float
    area_mm2: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Parts:
    """Records by role, and the component's structural numbers."""

    records: Mapping[str, Record]
    structure: Mapping[str, float]

    def __call__(self, role: str, unit: str) -> float:
        return self.records[role].to(unit)

    def has(self, role: str) -> bool:
        return role in self.records


_ONE = "dimensionless"

Law = Callable[[Parts, Mapping[str, float]], Result]

LAWS: dict[str, Law] = {}
"""Every law by the name that a component's table gives it; `law` puts it there."""


def law(name: str) -> Callable[[Law], Law]:
    """Register a law of components under a name.

    Raises
    ------
    ValueError
        another law has the name.

    Examples
    --------
    >>> @law("twice")
    ... def twice(part, drive):
    ...     return Result(2 * drive["joules"])
    >>> LAWS.pop("twice") is twice
    True
    """

    def register(function: Law) -> Law:
        if LAWS.setdefault(name, function) is not function:
            raise ValueError(f"law {name!r} stands twice")
        return function

    return register


@law("adc-survey")
def adc_survey(part: Parts, drive: Mapping[str, float]) -> Result:
    """Fit of published converters (Andrulis et al. 2024): effective bits x rate x node, times supply squared.

    supply_ratio: supply over the node's usual one. The fit has none; C V^2 says the square (Jia 2020: 3.56 to 1.79 pJ
    from 1.2 to 0.85 V, which is the square to 1 %). The fit is of whole bits: between them it is straight in logarithms.
    """
    hertz, node = drive["rate_Hz"], drive["node_nm"]
    below = math.floor(drive["enob"])
    share = drive["enob"] - below
    picojoule = _survey_picojoule(part, below, hertz, node)
    if share:
        picojoule = picojoule ** (1 - share) * _survey_picojoule(part, below + 1, hertz, node) ** share
    area = math.exp(
        part("area_intercept", _ONE)
        + part("area_tech", _ONE) * math.log(node)
        + part("area_frequency", _ONE) * math.log(hertz)
        + part("area_energy", _ONE) * math.log(picojoule)
    )
    joule = picojoule * _unit("pJ", "J") * drive["supply_ratio"] ** 2
    return Result(joule, area * _unit("um^2", "mm^2"), 1 / hertz)


def _survey_picojoule(part: Parts, bits: int, hertz: float, node: float) -> float:
    """The fit's picojoules at whole effective bits."""
    ceiling = part("foms_4b", _ONE) + part("foms_per_bit", _ONE) * (bits - part.structure["first_bits"])
    fom = min(ceiling, part("foms_intercept", _ONE) + part("foms_frequency", _ONE) * math.log(hertz))
    exponent = part("tech_intercept", _ONE) + part("tech_slope", _ONE) * math.log(node)
    exponent += part("enob_slope", _ONE) * math.log(bits) + part("residual", _ONE)
    return converter_snr(bits) / (2 * _decibel(fom)) * math.exp(exponent)


@law("adc-oscillator")
def adc_oscillator(part: Parts, drive: Mapping[str, float]) -> Result:
    """A current-controlled oscillator and a counter for each column: energy grows with the time they run.

    Periods = mean code x read time / time of one code (HERMES: 300 ps). Each charges the ring's capacitance and toggles
    a few flip-flops of the counter. What holds the column meanwhile is `column_regulator`.
    """
    periods = part("mean_code", _ONE) * drive["seconds"] / part("lsb_time", "s")
    flip = part("register", "J/bit_moved") * _digital(part, "register", drive)
    each = part("ring", "F") * drive["supply_V"] ** 2 + part("counter_bits", _ONE) * flip
    return Result(periods * each, seconds=drive["seconds"])


@law("adc-flash")
def adc_flash(part: Parts, drive: Mapping[str, float]) -> Result:
    """A flash converter: 2**bits - 1 comparisons at once, each of a latch scaled to the node and supply; one bit is a comparator.

    Its reference ladder (divider.resistive) and its encoder are not in it.
    """
    each = part("comparison", "J/conversion") * _digital(part, "comparison", drive)
    return Result((2 ** drive["bits"] - 1) * each)


@law("static-area")
def static_area(part: Parts, drive: Mapping[str, float]) -> Result:
    """Leakage of an area of logic while it is powered."""
    return Result(part("density", "W/mm^2") * drive["mm2"], area_mm2=drive["mm2"])


@law("adc-steps")
def adc_steps(part: Parts, drive: Mapping[str, float]) -> Result:
    """An integrating converter in situ (NeuRRAM): samples, integration steps, then one comparison for each step."""
    energy = drive["samples"] * part("sample", "J/sample") + drive["integrations"] * part("integrate", "J/op")
    energy += drive["comparisons"] * (part("compare", "J/conversion") + part("shift_add", "J/op"))
    seconds = drive["integrations"] * part("integrate_time", "s") + drive["comparisons"] * part("compare_time", "s")
    seconds += drive["phases"] * part("phase_time", "s")
    area = sum(part(role, "mm^2") for role in ("sample_area", "integrate_area", "compare_area"))
    return Result(energy, area, seconds)


@law("column-regulator")
def column_regulator(part: Parts, drive: Mapping[str, float]) -> Result:
    """Holds a column at its read voltage while its current is measured: bias, and signal current from the supply.

    Bias: the amplifier must follow a change of the input within one step (`step_s`) to half a code of `bits`, so that
    g_m = C (bits + 1) ln 2 / step_s, with C of the column's cells, their access transistors (wide enough for the write
    current `write_A`) and its wire; it draws g_m / (g_m / I_D) in each of its
    branches for as long as it is on (`on_s`). Signal: the cells burn G V^2 t, which is counted as their own; the same
    current comes from the supply, so that (supply - read voltage) x G V t is lost in the regulator. `signal_s` is how
    long a cell conducts at full scale, `activity` the mean share of it: half where all currents pass (gross), and where
    cells of both signs share a column only the net current, of random signs sqrt(2 / (pi cells)) of that.

    No amplifier settles a line faster than the line itself: a distributed line of R and C that is driven at one end and open
    at the other has the time constant 4 R C / pi^2, its slowest mode, and needs (bits + 1) ln 2 of them. (T. Sakurai,
    Approximation of wiring delay in MOSFET LSI, IEEE JSSC 18, 418-426 (1983), doi 10.1109/JSSC.1983.1051966, treats that line;
    its abstract was read. The constant is that of the diffusion equation, held to a ladder in the tests.)
    """
    if drive["read_V"] >= drive["supply_V"]:
        raise PriceError(f"driver read_V = {drive['read_V']:g} must be below supply_V = {drive['supply_V']:g}")
    each = part("cell", "F/cell") + part("junction", "F/A") * drive["write_A"] + part("wire", "F/m") * drive["pitch_m"]
    farad = each * drive["cells"]
    ohm = part("resistance", "ohm/m") * drive["pitch_m"] * drive["cells"]
    least = (drive["bits"] + 1) * math.log(2) * (2 / math.pi) ** 2 * ohm * farad
    if drive["step_s"] < least:
        raise PriceError(
            f"driver step_s = {drive['step_s']:g}: a line of {drive['cells']:g} cells, {ohm:.3g} ohm and {farad:.3g} F, needs "
            f"{least:.3g} s to settle to half a code of {drive['bits']:g} bits, whatever drives it"
        )
    bias = _settling_amperes(part, farad, drive["bits"], drive["step_s"]) * drive["on_s"]
    signal = drive["cells"] * drive["siemens"] * drive["read_V"] * drive["activity"] * drive["signal_s"]
    energy = drive["supply_V"] * bias + (drive["supply_V"] - drive["read_V"]) * signal
    return Result(energy, seconds=drive["step_s"])


@law("adc-integrating")
def adc_integrating(part: Parts, drive: Mapping[str, float]) -> Result:
    """A slow converter in every column, from first principles: one amplifier that settles, and the latches behind it.

    A sample and an integration are one settling of the amplifier, a comparison is two (compare, then take the charge of
    one code away); each to half a code of `bits`, the finest of the design. A settling in any time t costs
    supply x branches x C (bits + 1) ln 2 / (g_m / I_D): the slower, the less current. A comparison clocks a latch and a
    bit of the output register.
    """
    steps = drive["samples"] + drive["integrations"] + 2 * drive["comparisons"]
    charge = _settling_amperes(part, part("capacitor", "F"), drive["bits"], drive["step_s"]) * drive["step_s"]
    volts = min(drive["supply_V"], part.structure["logic_V"])  # the scaling fit ends there: C V^2 beyond
    flip = part("register", "J/bit_moved") * _digital(part, "register", {**drive, "supply_V": volts})
    latches = 2 * drive["comparisons"] * flip * (drive["supply_V"] / volts) ** 2
    return Result(drive["supply_V"] * charge * steps + latches, seconds=steps * drive["step_s"])


@law("dac-pulse")
def dac_pulse(part: Parts, drive: Mapping[str, float]) -> Result:
    """A pulse as long as its number: a counter of `bits` that runs for 2**bits cycles of the clock, whatever the number."""
    cycles = 2 ** drive["bits"]
    flips = part("counter_bits", _ONE) * part("register", "J/bit_moved") * _digital(part, "register", drive)
    each = _area(part, drive, 1)
    return Result(cycles * flips, None if each is None else drive["bits"] * each, cycles / drive["clock_Hz"])


def _settling_amperes(part: Parts, farad: float, bits: float, seconds: float) -> float:
    """Supply current of an amplifier that settles `farad` to half a code of `bits` within `seconds`."""
    siemens = farad * (bits + 1) * math.log(2) / seconds
    return part("branches", _ONE) * siemens / part("gm_over_id", "1/V")


@law("line-charge")
def line_charge(part: Parts, drive: Mapping[str, float]) -> Result:
    """C V^2 of one line: its driver, its cells, and the wire over their pitch; `activity` of the lines toggle."""
    farad = part("cell", "F/cell") * drive["cells"]
    if part.has("driver"):
        farad += part("driver", "F")
    if part.has("wire"):
        farad += part("wire", "F/m") * drive["pitch_m"] * drive["cells"]
    return Result(farad * drive["volts"] ** 2 * drive["activity"])


@law("wire")
def wire(part: Parts, drive: Mapping[str, float]) -> Result:
    """C V^2 of a full-swing wire of so many millimetres, for a bit that toggles with `activity`."""
    return Result(part("wire", "F/mm") * drive["millimetres"] * drive["volts"] ** 2 * drive["activity"])


@law("per-length")
def per_length(part: Parts, drive: Mapping[str, float]) -> Result:
    """A link priced by the bit and millimetre."""
    return Result(part("energy", "J/bit_moved/mm") * drive["millimetres"])


@law("dac-bits")
def dac_bits(part: Parts, drive: Mapping[str, float]) -> Result:
    """Log-linear between two published converters: energies and areas of capacitor arrays grow by a factor a bit, energies as
    V^2; the time is that of the finer one."""
    low, high = part.structure["low_bits"], part.structure["high_bits"]
    share = (drive["bits"] - low) / (high - low)
    energy = part("low", "J/conversion") ** (1 - share) * part("high", "J/conversion") ** share
    area = part("low_area", "mm^2") ** (1 - share) * part("high_area", "mm^2") ** share
    hertz = float(part.records["high"].conditions["sample_rate_Hz"])
    return Result(energy * drive["supply_ratio"] ** 2, area, 1 / hertz)


@law("array-read")
def array_read(part: Parts, drive: Mapping[str, float]) -> Result:
    """Joules of one read where no simulation gave them: cells x mean G x V^2 x t x mean of (x / full scale)^2."""
    energy = drive["cells"] * drive["siemens"] * drive["volts"] ** 2 * drive["seconds"] * drive["activity"]
    return Result(energy, seconds=drive["seconds"])


@law("write-current")
def write_current(part: Parts, drive: Mapping[str, float]) -> Result:
    """A pulse drawn from its supply: V I t (phase-change and magnetic cells, whose file gives a current)."""
    return Result(drive["volts"] * drive["amperes"] * drive["seconds"], seconds=drive["seconds"])


@law("write-voltage")
def write_voltage(part: Parts, drive: Mapping[str, float]) -> Result:
    """A pulse on a resistor: V^2 G t, an upper bound for a filament without compliance."""
    return Result(drive["volts"] ** 2 * drive["siemens"] * drive["seconds"], seconds=drive["seconds"])


@law("write-polarization")
def write_polarization(part: Parts, drive: Mapping[str, float]) -> Result:
    """A ferroelectric cell: switching charge 2 P_r A at V."""
    return Result(2 * drive["polarization_C_m2"] * drive["area_m2"] * drive["volts"], seconds=drive["seconds"])


@law("digital")
def digital(part: Parts, drive: Mapping[str, float]) -> Result:
    """A digital part scaled from the node, supply and word of its record: energy and area ~ word ** power."""
    ref = part.records["energy"]
    words = (drive["word_bits"] / float(ref.conditions["word_bits"])) ** part.structure["power"]
    value = ref.value * ref.factor(_BASE[ref.unit]) * _digital(part, "energy", drive) * words
    seconds = part("cycle", "s") if part.has("cycle") else None
    return Result(value, _area(part, drive, words), seconds)


@law("digital-sum")
def digital_sum(part: Parts, drive: Mapping[str, float]) -> Result:
    """Several digital parts used one after the other: each as `digital`, with its own power of the word and its own count.

    The structure gives ``ROLE_power`` and ``ROLE_count`` for each energy; an area ``ROLE_area`` counts once, however often its
    part is used, and where one is missing the sum is not known. Each use takes a cycle.
    """
    value, area, uses = 0.0, 0.0, 0.0
    for role in (r for r in part.records if f"{r}_power" in part.structure):
        ref, count = part.records[role], part.structure[f"{role}_count"]
        words = (drive["word_bits"] / float(ref.conditions["word_bits"])) ** part.structure[f"{role}_power"]
        value += count * ref.value * ref.factor(_BASE[ref.unit]) * _digital(part, role, drive) * words
        uses += count
        each = _area(part, drive, words, f"{role}_area")
        area += math.nan if each is None else each
    return Result(value, None if math.isnan(area) else area, uses * part("cycle", "s") if part.has("cycle") else None)


@law("memory")
def memory(part: Parts, drive: Mapping[str, float]) -> Result:
    """A memory between two published sizes, straight in logarithms, scaled to node and supply; its area is linear in bytes."""
    small, large = part.records["small"], part.records["large"]
    low, high = float(small.conditions["size_byte"]), float(large.conditions["size_byte"])
    share = math.log(drive["bytes"] / low) / math.log(high / low)
    a, b = (record.to("J/byte_moved") for record in (small, large))
    share_of_area = drive["bytes"] / float(part.records["area"].conditions["size_byte"])
    return Result(
        a ** (1 - share) * b**share * _digital(part, "small", drive),
        _area(part, drive, share_of_area),
        part("cycle", "s"),
    )


@law("published")
def published(part: Parts, drive: Mapping[str, float]) -> Result:
    """A figure that nothing drives: taken as published, at its own node."""
    ref = part.records["energy"]
    area = part("area", "mm^2") if part.has("area") else None
    return Result(ref.value * ref.factor(_BASE[ref.unit]), area, part("time", "s") if part.has("time") else None)


@law("static")
def static(part: Parts, drive: Mapping[str, float]) -> Result:
    """Watts of parts that leak while powered: the sum of the records, each times its count among the drivers."""
    return Result(sum(part(role, "W") * drive.get(role, 1) for role in part.records))


@law("gpu-busy")
def gpu_busy(part: Parts, drive: Mapping[str, float]) -> Result:
    """Watts of a GPU that is kept busy without products: idle, and the busy share of the span to its rated power (gpu/model.py)."""
    idle = part("idle", "W")
    return Result(idle + part("share", _ONE) * (part("power", "W") - idle))


@law("gpu-flop")
def gpu_flop(part: Parts, drive: Mapping[str, float]) -> Result:
    """Joules of a FLOP on top of that: at its best rate of products a GPU draws its rated power."""
    return Result((1 - part("share", _ONE)) * (part("power", "W") - part("idle", "W")) / part("rate", "flop/s"))


@law("thermal-sample")
def thermal_sample(part: Parts, drive: Mapping[str, float]) -> Result:
    """Least energy of a sample of so many effective bits, 8 k T x 1.5 x 4**bits, on either side of a converter."""
    return Result(adc_floor(converter_snr(drive["enob"]), part("temperature", "K")))


@law("erased-bits")
def erased_bits(part: Parts, drive: Mapping[str, float]) -> Result:
    """Least energy of erasing so many bits, k T ln 2 each (Landauer 1961)."""
    return Result(drive["bits"] * landauer(part("temperature", "K")))


def _digital(part: Parts, role: str, drive: Mapping[str, float]) -> float:
    """Energy factor from a record's node and supply to the drivers'."""
    ref = part.records[role]
    volts = float(ref.conditions.get("vdd_V", get("scaling.assumed.reference_supply").to("V")))
    return energy_factor(drive["node_nm"], drive["supply_V"], float(ref.conditions["node_nm"]), volts)


def _area(part: Parts, drive: Mapping[str, float], words: float, role: str = "area") -> float | None:
    if not part.has(role):
        return None
    ref = part.records[role]
    return ref.to("mm^2") * area_factor(drive["node_nm"], float(ref.conditions["node_nm"])) * words


def _decibel(value: float) -> float:
    """The power ratio of so many dB."""
    return math.pow(10, value / 10)


@cache
def _unit(have: str, want: str) -> float:
    one: Any = 1.0 * parse_unit(have)
    return float(one.to(want).magnitude)


_BASE: Mapping[str, str] = MappingProxyType(
    {unit: unit for unit in ("J/op", "J/conversion", "J/pulse", "J/sample", "J/bit_moved", "J/byte_moved", "W")}
)
