"""Units as headers, unit rows and cells write them: prefix, spelling, micro signs of either code point, factors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

CONDUCTANCE, RESISTANCE, CURRENT, VOLTAGE = "conductance", "resistance", "current", "voltage"
EXAMPLES = {CONDUCTANCE: "uS", RESISTANCE: "ohm", CURRENT: "uA", VOLTAGE: "V"}
ALLOWED = {
    CONDUCTANCE: "S, mS, uS, nS, pS",
    RESISTANCE: "ohm, kohm, Mohm, Gohm",
    CURRENT: "A, mA, uA, nA, pA",
    VOLTAGE: "V, mV",
}
_MICRO = "\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}"
_BASES = {"S": CONDUCTANCE, "ohm": RESISTANCE, "A": CURRENT, "V": VOLTAGE}
_LETTERS = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_WORDS = {
    "femto": "f",
    "pico": "p",
    "nano": "n",
    "micro": "u",
    "milli": "m",
    "": "",
    "kilo": "k",
    "mega": "M",
    "giga": "G",
}
_SPELLED = {"siemens": "S", "siemen": "S", "ohms": "ohm", "ohm": "ohm", "ampere": "A", "amperes": "A", "amps": "A",
            "amp": "A", "volts": "V", "volt": "V"}  # fmt: skip
# symbols that are the same in lower or upper case, as tools that change the case of headers leave them
_WRONG_CASE = {"us": "uS", "ns": "nS", "ps": "pS", "ms": "mS", "s": "S", "ua": "uA", "na": "nA", "pa": "pA", "ma": "mA",
               "a": "A", "mv": "mV", "v": "V"}  # fmt: skip
_MOJIBAKE = {"\xc2\xb5": "u", "\xce\xbc": "u", "\xce\xa9": "ohm", "\xe2\x84\xa6": "ohm"}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_FACTOR = re.compile(
    r"^[x×*]?\s*(?:1(?:\.0*)?[eE]([+-]?\d+)|10\s*\^\s*\{?\(?([+-]?\d+)\)?\}?|10([+-]\d+))\s*[x×*·]?\s*(.+)$"
)


@dataclass(frozen=True)
class Unit:
    """What a unit measures, how many of SI it is, and what was guessed in reading it (empty if nothing was).

    Attributes
    ----------
    text : str
        As it stands in the source.
    quantity : str
        ``conductance``, ``resistance``, ``current`` or ``voltage``.
    scale : float
        SI units in one of it.
    guess : str
        What was taken for granted.
    """

    text: str
    quantity: str
    scale: float
    guess: str = ""


@lru_cache(maxsize=4096)
def unit_of(text: str, expected: str | None = None) -> Unit | None:
    """The unit that a text names, or None if it names none that a trace can have.

    Parameters
    ----------
    text : str
        Such as ``µS``, ``kiloohm``, ``1/ohm``, ``uA/V`` or ``10^-6 S``.
    expected : str or None
        The quantity that the name of the column speaks of: only then is a unit in the wrong case taken, with a guess.
    """
    plain = _plain(text)
    factor = _FACTOR.match(plain)
    if factor:
        inner = unit_of(factor[4], expected)
        power = next(p for p in factor.groups()[:3] if p is not None)
        if inner is None:
            return None
        return Unit(
            text, inner.quantity, inner.scale * 10.0 ** int(power), f"{text!r} taken as a factor of 1e{int(power)}"
        )
    symbol = plain.replace(" ", "").replace("-", "") if not plain.startswith("1/") else plain.replace(" ", "")
    per_ohm = re.fullmatch(r"1/(\w+)|([a-zA-Z]*ohm)\^?\(?1\)?", symbol, re.IGNORECASE)
    if per_ohm:
        ohms = _simple(per_ohm[1] or per_ohm[2])
        inverse = ohms is not None and ohms[0] == RESISTANCE
        return Unit(text, CONDUCTANCE, 1 / ohms[1]) if inverse and ohms is not None else None
    per_volt = re.fullmatch(r"(\w+)/(\w+)", symbol)
    if per_volt:
        over, under = _simple(per_volt[1]), _simple(per_volt[2])
        quantities = over and under and (over[0], under[0])
        if over is None or under is None or quantities not in ((CURRENT, VOLTAGE), (VOLTAGE, CURRENT)):
            return None
        return Unit(text, CONDUCTANCE if over[0] == CURRENT else RESISTANCE, over[1] / under[1])
    simple = _simple(symbol)
    if simple is not None:
        return Unit(text, *simple)
    corrected = _simple(_WRONG_CASE.get(symbol.lower(), ""))
    if corrected is not None and corrected[0] == expected and symbol != symbol.upper():
        return Unit(text, *corrected, f"{text!r} taken as {_WRONG_CASE[symbol.lower()]}")
    return None


def _plain(text: str) -> str:
    """Without blanks at the ends, with plain letters for micro and ohm signs, also those of a file read in a wrong encoding."""
    for wrong, right in _MOJIBAKE.items():
        text = text.replace(wrong, right)
    for sign in _MICRO:
        text = text.replace(sign, "u")
    for sign in "\N{OHM SIGN}\N{GREEK CAPITAL LETTER OMEGA}":
        text = text.replace(sign, "ohm")
    text = text.translate(_SUPERSCRIPTS).replace("\N{MINUS SIGN}", "-").replace("$", "").replace("\\", "")
    text = re.sub(r"\bmu(?=\s*[SAV]\b)|\{?mu\}?(?=[SAV]\b)", "u", text)
    return re.sub(r"\s+", " ", text).strip().strip("[](){}").strip()


def _simple(symbol: str) -> tuple[str, float] | None:
    """Quantity and scale of a prefix and a base, as symbols or spelled out."""
    for base, quantity in _BASES.items():
        prefix = symbol[: len(symbol) - len(base)]
        same = symbol.endswith(base) or (base == "ohm" and symbol.lower().endswith("ohm"))
        if symbol and same and prefix in _LETTERS:
            return quantity, _LETTERS[prefix]
    lower = symbol.lower()
    for word, base in _SPELLED.items():
        if lower.endswith(word):
            prefix = lower.removesuffix(word)
            for spelled, letter in _WORDS.items():
                # kilohm and megohm lose a vowel
                if prefix in (spelled, spelled[:-1] if base == "ohm" and len(spelled) > 3 else spelled):
                    return _BASES[base], _LETTERS[letter]
            if prefix in ("u", "n", "p", "k"):
                return _BASES[base], _LETTERS[prefix]
            original = symbol[: len(prefix)]
            if original in ("m", "M", "G"):
                return _BASES[base], _LETTERS[original]
    return None
