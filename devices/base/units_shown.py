"""Numbers as people read them on figures: with the prefix that fits, and times in days and years."""

from __future__ import annotations

import math

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_TIMES = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("h", 3600), ("min", 60))


def prefixed(value: float, unit: str) -> str:
    """2.5e-9 and "s" as "2.5 ns", with four significant figures; no line breaks inside."""
    if value == 0:
        return f"0\N{NO-BREAK SPACE}{unit}"
    power = 3 * math.floor(math.log10(abs(value)) / 3 + 1e-12)
    power = min(max(power, -18), 9)
    return f"{value / 10.0**power:.4g}\N{NO-BREAK SPACE}{_PREFIXES[power]}{unit}"


def siemens_unit(g_max: float) -> tuple[str, float]:
    """The unit in which conductances up to `g_max` siemens are drawn, and how many of it are one siemens."""
    return ("µS", 1e6) if g_max >= 0.5e-6 else ("nS", 1e9)


def times_shown(seconds: float) -> str:
    """432000 as "5 days"; below a minute with a prefix."""
    for name, size in _TIMES:
        if seconds >= size * 0.999:
            count = f"{seconds / size:.3g}"
            return f"{count} {name}{'s' if count != '1' and name in ('day', 'month', 'year') else ''}"
    return prefixed(seconds, "s")


def percent(share: float) -> str:
    """0.1348 as "13.5 %"."""
    return f"{100 * share:.3g} %"


def counted(number: float) -> str:
    """1250.4 as "1,250", 21.07 as "21.1"."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
