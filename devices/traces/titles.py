"""What a column is, by its title: quantity and unit as papers, spreadsheets and instruments write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .directions import way_of_word
from .numerals import cleaned
from .units import CONDUCTANCE, CURRENT, RESISTANCE, VOLTAGE, Unit, unit_of

PULSE, DEVICE, DIRECTION, CYCLE, READ_VOLTAGE = "pulse", "device", "direction", "cycle", "read voltage"
QUANTITIES = (CONDUCTANCE, RESISTANCE, CURRENT)

EXACT, SYNONYM, LOOSE, BY_WORDS = range(4)
# of a role: its own name, names that can hardly mean another thing, names that its content must bear out
_NAMES: dict[str, tuple[str, str, str]] = {
    PULSE: (
        "pulse pulsenumber pulses",
        "pulseno pulsenum pulsenr pulseindex pulseidx pulsecount pulse# #pulse npulse npulses pulsen numberofpulses "
        "pulseid pulsecounter",
        "number index n # no nr idx count point readnumber",
    ),
    CONDUCTANCE: ("conductance g", "cond gread readconductance conductanceread", ""),
    RESISTANCE: ("resistance r", "res rread readresistance resistanceread", ""),
    CURRENT: ("current i", "iread readcurrent currentread imeas", ""),
    READ_VOLTAGE: ("readvoltage vread", "readv voltageread readbias readingvoltage vr", ""),
    DEVICE: ("device", "cell deviceid cellid devicenumber deviceno devicename cellnumber dut memristor sample", "id name"),
    DIRECTION: (
        "direction",
        "polarity pulsetype pulsedirection pulsepolarity dir updown",
        "type mode sign phase operation process pulsevoltage voltagepulse vpulse pulseamplitude amplitude writevoltage "
        "vwrite programmingvoltage vprog vp voltage v",
    ),
    CYCLE: ("cycle", "cyclenumber cycleno cyclenum cycleid loop sweep repeat repetition", ""),
}  # fmt: skip
_QUANTITY_WORDS = {
    CONDUCTANCE: {"conductance", "cond", "g"},
    RESISTANCE: {"resistance", "res", "r"},
    CURRENT: {"current", "i"},
}
_OTHER_THINGS = frozenset(
    [
        "error",
        "err",
        "std",
        "sd",
        "sigma",
        "stdev",
        "stddev",
        "deviation",
        "delta",
        "change",
        "dg",
        "dr",
        "di",
        "diff",
        "difference",
        "target",
        "goal",
        "compliance",
        "limit",
        "max",
        "min",
        "initial",
        "normalized",
        "normalised",
        "norm",
        "log",
        "log10",
        "ln",
        "ratio",
        "noise",
        "variance",
        "var",
        "percent",
        "time",
        "temperature",
        "temp",
        "width",
        "duration",
        "date",
        "timestamp",
        "hour",
        "leakage",
    ]
)
_COUNTING = {"number", "no", "num", "nr", "n", "#", "index", "idx", "count", "id"}


@dataclass(frozen=True)
class Title:
    """A title taken apart.

    Attributes
    ----------
    text : str
        As it stands in the source.
    words : tuple of str
        Lower-case words of the name, without the unit.
    unit : Unit or None
        What the title says that the numbers are in.
    unit_text : str
        The text of the unit, also where it is none that is known.
    role : str or None
        What the column seems to be.
    level : int
        How sure that is: `EXACT`, `SYNONYM`, `LOOSE` or `BY_WORDS`.
    """

    text: str
    words: tuple[str, ...]
    unit: Unit | None
    unit_text: str
    role: str | None
    level: int

    @property
    def label(self) -> str:
        """The name without the words of its quantity: what tells this column from its neighbours."""
        rest = [word for word in self.words if not any(word in known for known in _QUANTITY_WORDS.values())]
        rest = [re.sub(r"^[gri](?=\d)", "", word) for word in rest]
        return " ".join(rest)

    @property
    def way(self) -> int:
        """+1 or -1 where a word of the name is a direction, such as LTP; else 0."""
        ways = {way_of_word(word) for word in self.words if word not in ("p", "d", "+", "-")} - {0}
        return ways.pop() if len(ways) == 1 else 0

    @property
    def something_else(self) -> bool:
        """Whether it is an error, a change, a time or the like, and no read."""
        return bool(_OTHER_THINGS & set(self.words))


@lru_cache(maxsize=4096)
def title_of(header: str, unit_below: str = "") -> Title:
    """Take a header apart; unit_below: what a row of units says of the column."""
    text = cleaned(header)
    name, unit_text = _name_and_unit(text)
    unit_text = unit_text or cleaned(unit_below)
    words = _words(name)
    role, level = _by_name("".join(words))
    expected = VOLTAGE if role in (READ_VOLTAGE, DIRECTION) else role if role in QUANTITIES else None
    unit = unit_of(unit_text, expected) if unit_text else None
    if role is None or (level == LOOSE and unit is not None and unit.quantity in QUANTITIES):
        role, level = _by_words(words, unit), BY_WORDS
        if unit is None and unit_text and role in QUANTITIES:
            unit = unit_of(unit_text, role)
    return Title(header, words, unit, unit_text, role, level)


def _name_and_unit(text: str) -> tuple[str, str]:
    """ "G (uS)", "G / uS", "G, uS", "G_uS" and "G in uS" as "G" and "uS"."""
    unit_text, name = "", text
    for group in re.findall(r"[\[({]([^\[\](){}]*)[\])}]", text):
        whole = re.compile(r"\s*[\[({]" + re.escape(group) + r"[\])}]")
        if re.fullmatch(r"\s*\d*\s*", group):  # an index, as in Smu1.I[1][1]
            name = whole.sub("", name)
        elif unit_of(group, CONDUCTANCE) is not None or name.rstrip().endswith(
            (f"({group})", f"[{group}]", f"{{{group}}}")
        ):
            name, unit_text = whole.sub(" ", name), group.strip()
    if unit_text:
        return name, unit_text
    for mark in ("/", ",", " in ", ";", ":"):
        before, found, after = text.partition(mark) if mark == "/" else text.rpartition(mark)
        if found and before.strip() and unit_of(after) is not None:
            return before, after.strip()
    for mark in ("_", " "):
        before, _, after = text.rpartition(mark)
        unit = unit_of(after) if before else None
        if unit is None:
            continue
        role = _by_name("".join(_words(before)))[0]
        prefixed = len(after) > 1 and unit.quantity in (CONDUCTANCE, RESISTANCE)
        if prefixed or unit.quantity == (VOLTAGE if role in (READ_VOLTAGE, DIRECTION) else role):
            return before, after
    return name, ""


def _words(name: str) -> tuple[str, ...]:
    """Lower-case words; PulseNumber, pulse_number and pulse-number are two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return tuple(word for word in re.split(r"[^\w#+]+|_", apart.lower()) if word)


def _by_name(squeezed: str) -> tuple[str | None, int]:
    for level in (EXACT, SYNONYM, LOOSE):
        for role, names in _NAMES.items():
            if squeezed in names[level].split():
                return role, level
    return None, BY_WORDS


def _by_words(words: tuple[str, ...], unit: Unit | None) -> str | None:
    """The role that one word of several, or the unit alone, gives away."""
    known = set(words)
    if known & _OTHER_THINGS:
        return None
    if unit is not None and unit.quantity in QUANTITIES:
        return unit.quantity
    if "read" in known and (known & {"voltage", "v", "bias"}):
        return READ_VOLTAGE
    if known & {"pulse", "pulses"}:
        return (
            PULSE if known & _COUNTING else DIRECTION if known & {"polarity", "direction", "voltage", "sign"} else None
        )
    if unit is not None:  # volts
        return DIRECTION
    for quantity, names in _QUANTITY_WORDS.items():
        if known & names or any(re.fullmatch(r"[gri]\d+", word) and word[0] in names for word in words):
            return quantity
    for role in (DEVICE, CYCLE):
        if role in known and known & _COUNTING:
            return role
    return None


def naming_help(role: str) -> str:
    """The names that a column of a role may have, for an error."""
    exact, synonyms, loose = _NAMES[role]
    shown = [name for name in f"{exact} {synonyms} {loose}".split() if name != "#pulse"]
    return ", ".join(shown[:8])
