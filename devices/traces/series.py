"""Series of reads one pulse apart, made of the rows of a table, and whether they can be a cell that is pulsed up and down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .directions import UNSAID, inferred
from .errors import TraceError

FEWEST = 8  # increments of either direction that a device needs
_OPPOSITE = 4.0  # standard errors by which a mean change must have the other sign
_ABRUPT = 3.0  # times the changes after it, from which on a change at a turn is noted


@dataclass(frozen=True)
class Series:
    """Consecutive reads of one cell, one pulse apart.

    Attributes
    ----------
    device, cycle : str
        What the file calls them.
    pulse : ndarray (n + 1,)
        Numbers of the pulses.
    g : ndarray (n + 1,)
        Conductances, siemens.
    up : ndarray of bool (n,)
        Whether the pulse between two reads went up.
    rows : ndarray of int (n + 1,) or None
        Row numbers in the source.
    """

    device: str
    cycle: str
    pulse: np.ndarray
    g: np.ndarray
    up: np.ndarray
    rows: np.ndarray | None = None

    def part(self, first: int, last: int) -> Series:
        """Reads first to last, both included, and the pulses between them."""
        rows = None if self.rows is None else self.rows[first : last + 1]
        reads = slice(first, last + 1)
        return Series(self.device, self.cycle, self.pulse[reads], self.g[reads], self.up[first:last], rows)


@dataclass(frozen=True)
class Traces:
    """Checked traces.

    Attributes
    ----------
    series : tuple of Series
        In the order of the file.
    name : str
        File name, or what the table was called.
    sha256 : str
        Of the file's bytes, or of the cells of a table.
    synthetic : bool
        Whether the comments of the file say SYNTHETIC.
    notes : tuple of str
        What was understood that the file does not say outright.
    """

    series: tuple[Series, ...]
    name: str
    sha256: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.device for s in self.series))


@dataclass(frozen=True)
class Reads:
    """Rows of a table as values: one read each.

    Attributes
    ----------
    source : str
        What the table is called.
    rows, device, cycle, pulse, g : ndarray (reads,)
        Row numbers, names, pulse numbers and siemens.
    ways : ndarray (reads,) or None
        Direction of the pulse before the read: +1, -1, or 0 where it is not said.
    signs : bool
        Whether directions are signs of voltages, and no words.
    notes : tuple of str
    """

    source: str
    rows: np.ndarray
    device: np.ndarray
    cycle: np.ndarray
    pulse: np.ndarray
    g: np.ndarray
    ways: np.ndarray | None
    signs: bool
    notes: tuple[str, ...] = ()

    @staticmethod
    def joined(source: str, columns: list[Reads]) -> Reads:
        """The reads of columns side by side, one after the other."""
        said = [c.ways for c in columns if c.ways is not None]
        fields: dict[str, Any] = {
            key: np.concatenate([getattr(c, key) for c in columns]) for key in ("rows", "device", "cycle", "pulse", "g")
        }
        ways = np.concatenate(said) if len(said) == len(columns) else None
        return Reads(source=source, ways=ways, signs=all(c.signs for c in columns), **fields)


def checked_series(
    reads: Reads, sha256: str, synthetic: bool, notes: tuple[str, ...], *, cut_turns: bool = False
) -> Traces:
    """Traces of reads, checked; see `reading.read_traces`."""
    said = list(notes)
    runs, restarts = _runs(reads)
    if restarts:
        said.append("pulse numbers restart where the direction turns: each block is a series of its own")
    ways = reads.ways
    if ways is None:
        named = [(f"device {reads.device[r[0]]}, cycle {reads.cycle[r[0]]}", reads.g[r]) for r in runs]
        ways, note = inferred(named, runs, len(reads.g), reads.source)
        said.append(note)
    series, gaps = _split(reads, ways, runs)
    if gaps:
        said.append(f"{gaps} gaps in the pulse numbers: the series are cut there")
    check_enough(series, reads.source)
    series, turned_round = _along_the_data(series, reads)
    said += turned_round
    if cut_turns:
        series, count = _cut_at_turns(series)
        said.append(f"cut_turns: {count} changes where the direction turns are left out")
        check_enough(series, reads.source)
    else:
        said += _abrupt_turns(series)
    return Traces(tuple(series), reads.source, sha256, synthetic, tuple(said))


def _runs(reads: Reads) -> tuple[list[np.ndarray], bool]:
    """Row indices of each run of counting pulses of a device and cycle, in the order of the file; whether numbers restart."""
    groups: dict[tuple[str, str], list[int]] = {}
    for k, key in enumerate(zip(reads.device, reads.cycle, strict=True)):
        groups.setdefault(key, []).append(k)
    runs: list[np.ndarray] = []
    restarts, pulse, ways = False, reads.pulse, reads.ways
    for (device, cycle), members in groups.items():
        start = 0
        for k in range(1, len(members) + 1):
            if k < len(members):
                here, before = members[k], members[k - 1]
                if pulse[here] > pulse[before]:
                    continue
                turned = ways is not None and ways[here] not in (ways[before], UNSAID) and ways[before] != UNSAID
                if not (turned and pulse[here] <= pulse[members[start]] + 1):
                    raise TraceError(
                        f"{reads.source}: row {reads.rows[here]}: pulse = {pulse[here]:g} after {pulse[before]:g} (device {device}, "
                        f"cycle {cycle}): pulse numbers must count up within a device and cycle; say repeated sweeps in a cycle column"
                    )
                restarts = True
            runs.append(np.array(members[start:k]))
            start = k
    return runs, restarts


def _split(reads: Reads, ways: np.ndarray, runs: list[np.ndarray]) -> tuple[list[Series], int]:
    """Series of reads one pulse apart; a gap in the pulse numbers ends one."""
    series, gaps = [], 0
    for run in runs:
        breaks = np.flatnonzero(np.diff(reads.pulse[run]) != 1) + 1
        gaps += len(breaks)
        for part in np.split(run, breaks):
            if len(part) < 2:
                continue
            unsaid = part[1:][ways[part[1:]] == UNSAID]
            if unsaid.size:
                raise TraceError(
                    f"{reads.source}: row {reads.rows[unsaid[0]]}: direction is empty or 0; only the first read of a series may lack it "
                    "(write up or down, or +1 or -1)"
                )
            device, cycle = str(reads.device[part[0]]), str(reads.cycle[part[0]])
            series.append(Series(device, cycle, reads.pulse[part], reads.g[part], ways[part[1:]] > 0, reads.rows[part]))
    if not series:
        raise TraceError(f"{reads.source}: no two reads are one pulse apart: the change by one pulse cannot be told")
    return series, gaps


def check_enough(series: list[Series] | tuple[Series, ...], source: str) -> None:
    """TraceError for a device with too few pulses of a direction, or that does not move."""
    for name in dict.fromkeys(s.device for s in series):
        mine = [s for s in series if s.device == name]
        up = sum(int(s.up.sum()) for s in mine)
        down = sum(int((~s.up).sum()) for s in mine)
        if min(up, down) == 0:
            raise TraceError(
                f"{source}: device {name} has no {'up' if not up else 'down'} pulses: a device trains with both"
            )
        if min(up, down) < FEWEST:
            raise TraceError(
                f"{source}: device {name} has {up} up and {down} down pulses; at least {FEWEST} of either are needed"
            )
        g = np.concatenate([s.g for s in mine])
        if np.ptp(g) <= 1e-6 * g.max():
            raise TraceError(f"{source}: device {name} does not move: its conductance is {g[0]:g} S throughout")


# -- directions against the data -------------------------------------------------------------------------------------


def _along_the_data(series: list[Series], reads: Reads) -> tuple[list[Series], list[str]]:
    """Series whose pulses called up raise the conductance; signs of voltages are turned round where all cells ask for it."""
    devices = list(dict.fromkeys(s.device for s in series))
    rises = {name: _rises([s for s in series if s.device == name]) for name in devices}
    opposite = [name for name, (up, down) in rises.items() if up < -_OPPOSITE and down > _OPPOSITE]
    notes = [
        f"device {name}: conductance {'falls' if way else 'rises'} in pulses called {'up' if way else 'down'}, as in the others"
        for name, (up, down) in rises.items()
        for way, wrong in ((True, up < -_OPPOSITE), (False, down > _OPPOSITE))
        if wrong and name not in opposite
    ]
    if not opposite:
        return series, notes
    if reads.signs and opposite == devices:
        turned = [replace(s, up=~s.up) for s in series]
        notes.append(
            "directions are opposite to the data: conductance falls in positive pulses and rises in negative ones, in all devices; "
            "the signs are taken the other way round"
        )
        return turned, notes
    raise TraceError(
        f"{reads.source}: directions are opposite to the data: in device {', '.join(opposite)} conductance falls in pulses called up "
        "and rises in pulses called down; exchange them, or, if the numbers are resistances, name their column so"
    )


def _rises(series: list[Series]) -> tuple[float, float]:
    """Mean changes in pulses called up and down, in standard errors; wild changes are pulled in to 5 deviations."""
    changes, ups = np.concatenate([np.diff(s.g) for s in series]), np.concatenate([s.up for s in series])
    found = []
    for way in (True, False):
        d = changes[ups == way]
        middle = np.median(d)
        width = 1.4826 * np.median(np.abs(d - middle)) or d.std()
        d = np.clip(d, middle - 5 * width, middle + 5 * width)
        found.append(float(d.mean() / max(d.std(ddof=1) / np.sqrt(len(d)), 1e-30)))
    return found[0], found[1]


# -- turns --------------------------------------------------------------------------------------------------------------


def _turns(s: Series) -> np.ndarray:
    """Pulses (indices) whose direction is not that of the pulse before."""
    return np.flatnonzero(s.up[1:] != s.up[:-1]) + 1


def _cut_at_turns(series: list[Series]) -> tuple[list[Series], int]:
    """Series without the changes at turns, and how many these were."""
    parts, count = [], 0
    for s in series:
        turns = _turns(s)
        count += len(turns)
        for first, last in zip([0, *(turns + 1)], [*turns, len(s.g) - 1], strict=True):
            if last > first:
                parts.append(s.part(int(first), int(last)))
    return parts, count


def _abrupt_turns(series: list[Series]) -> list[str]:
    """Notes on changes where the direction turns that are many times those of the pulses after it."""
    notes = []
    for way, name, other in ((True, "up", "down"), (False, "down", "up")):
        ratios, pulses = [], []
        usual = np.concatenate([np.abs(np.diff(s.g))[s.up == way] for s in series])
        if not usual.size:
            continue
        least = float(np.median(usual))
        for s in series:
            d = np.abs(np.diff(s.g))
            for t in _turns(s):
                after = d[t + 1 : t + 4][s.up[t + 1 : t + 4] == way]
                if s.up[t] == way and len(after) == 3:
                    ratios.append(d[t] / max(float(np.median(after)), least, 1e-30))
                    pulses.append(s.pulse[t + 1])
        abrupt = [p for p, ratio in zip(pulses, ratios, strict=True) if ratio > _ABRUPT]
        if ratios and len(abrupt) >= max(1, len(ratios) / 2):
            shown = ", ".join(f"{p:g}" for p in dict.fromkeys(abrupt[:6]))
            notes.append(
                f"at the turn from {other} to {name} (pulse {shown}) the conductance changes {np.median(ratios):.1f} times as much as in the pulses "
                "after it, in most series: relaxation, or blocks read in other ways? cut_turns=True leaves these changes out"
            )
    return notes
