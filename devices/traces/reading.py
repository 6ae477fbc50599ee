"""Pulse traces of measured cells: conductance after each potentiation and depression pulse, read and checked.

A trace file is a CSV with one row for each read. Columns are found by name, whatever their order, case and spaces:

- pulse: `pulse`, `pulse number`, `n`, `#` ...; counts up within a device and cycle. A missing number ends a series, since
  what one pulse did is not known there.
- conductance: `conductance`, `G`; the unit in brackets behind the name, `G (uS)`, or as the argument `unit`. A
  `resistance` or `R` column (ohm) is taken instead, and inverted.
- device: `device`, `cell`, `device id` ...; without it all rows are one device.
- direction, of the pulse that came before the read: `direction`, `polarity`, `type` ... with up/down, +1/-1,
  potentiation/depression, LTP/LTD, set/reset, or the sign of a voltage. Of the first read of a series it may be empty.
- cycle: `cycle`, `loop`, `sweep`; optional.

Nothing is guessed in silence and no row is left out in silence: what was understood is in `Traces.notes`, and what cannot
be is a `TraceError` with its row.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .directions import UNSAID, TraceError, directions, inferred

_SYNONYMS = {
    "pulse": (
        "pulse",
        "pulsenumber",
        "pulseno",
        "pulseindex",
        "pulsecount",
        "pulses",
        "number",
        "index",
        "n",
        "#",
        "no",
    ),
    "conductance": ("conductance", "g", "cond"),
    "resistance": ("resistance", "r", "res"),
    "device": ("device", "cell", "deviceid", "cellid", "devicenumber", "dut", "id"),
    "direction": ("direction", "polarity", "type", "pulsetype", "dir", "mode", "sign"),
    "cycle": ("cycle", "cyclenumber", "loop", "sweep", "repeat"),
}
_SIEMENS = {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9, "pS": 1e-12}
_MICRO, _OHM = "\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "\N{OHM SIGN}\N{GREEK CAPITAL LETTER OMEGA}"
_OHMS = {"ohm": 1.0, "Ohm": 1.0, "kohm": 1e3, "kOhm": 1e3, "Mohm": 1e6, "MOhm": 1e6}
_UNITS = {
    "conductance": _SIEMENS | {f"{mu}S": 1e-6 for mu in _MICRO},
    "resistance": _OHMS
    | {f"{prefix}{ohm}": scale for ohm in _OHM for prefix, scale in (("", 1.0), ("k", 1e3), ("M", 1e6))},
}
_MOST = 1.0  # siemens; beyond it the unit is wrong
FEWEST = 8  # increments of either direction that a device needs


@dataclass(frozen=True)
class Series:
    """Consecutive reads of one cell, one pulse apart.

    Attributes
    ----------
    device, cycle: what the file calls them. pulse: numbers of the pulses. g: siemens (n + 1,). up: (n,) whether the pulse
    between two reads went up.
    """

    device: str
    cycle: str
    pulse: np.ndarray
    g: np.ndarray
    up: np.ndarray


@dataclass(frozen=True)
class Traces:
    """Checked traces.

    Attributes
    ----------
    series: in the order of the file. name: file name, or what the table was called. sha256: of the file's bytes, or of the
    numbers of a table. synthetic: whether the comments of the file say SYNTHETIC. notes: what was understood that the file
    does not say outright.
    """

    series: tuple[Series, ...]
    name: str
    sha256: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.device for s in self.series))


def read_traces(source: Any, *, unit: str | None = None, name: str | None = None) -> Traces:
    """Traces from a CSV file, or from a table: a mapping of columns, a structured array, a data frame.

    Parameters
    ----------
    source: path, or table. unit: of the conductance column (S, mS, uS, nS, pS) or of the resistance column (ohm, kohm,
        Mohm), where its name does not say. name: how to call the table; the file's name if it is a file.

    Raises
    ------
    TraceError: no such file, no such column, no unit, a number that is none, a conductance that is negative or above
        1 S, a resistance that is not positive, pulse numbers that do not count up, directions that are not said and cannot be
        told, too few pulses of a device, only one direction, a cell that does not move.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        headers, columns, rows, sha256, synthetic = _read_csv(path)
        where = name or path.name
    else:
        headers, columns = _columns_of(source)
        where, synthetic = name or "table", False
        rows = np.arange(1, 1 + (len(columns[0]) if columns else 0))
        sha256 = hashlib.sha256(
            "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True)).encode()
        ).hexdigest()
    notes: list[str] = []
    table, units = _named(headers, columns, where, notes)
    g = _conductances(table, units, unit, rows, where, notes)
    pulse = _numbers(table["pulse"], "pulse", rows, where)
    one = np.full(len(g), "1", dtype=object)
    device, cycle = (_labels(table.get(key), one, key, rows, where) for key in ("device", "cycle"))
    if "device" not in table:
        notes.append("no device column: all rows are taken as one device")
    way = directions(table["direction"], rows, where) if "direction" in table else None
    runs = _runs(device, cycle, pulse, way, rows, where, notes)
    if way is None:
        way = inferred(
            [(f"device {device[r[0]]}, cycle {cycle[r[0]]}", g[r]) for r in runs], runs, len(g), where, notes
        )
    series = _split(runs, device, cycle, pulse, g, way, rows, where, notes)
    _enough(series, where)
    return Traces(tuple(series), where, sha256, synthetic, tuple(notes))


# -- files and tables ---------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> tuple[list[str], list[np.ndarray], np.ndarray, str, bool]:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise TraceError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: not a readable text file: {error}") from error
    lines = list(enumerate(text.splitlines(), 1))
    comments = [line for _, line in lines if _comment(line)]
    kept = [(k, line) for k, line in lines if line.strip() and not _comment(line)]
    if len(kept) < 2:
        raise TraceError(f"{path.name}: holds no table: a line of column names and rows of numbers are needed")
    delimiter = max(",;\t", key=kept[0][1].count)
    headers, *body = list(csv.reader((line for _, line in kept), delimiter=delimiter))
    for (number, _), cells in zip(kept[1:], body, strict=True):
        if len(cells) != len(headers):
            raise TraceError(f"{path.name}: row {number} has {len(cells)} columns, the line of names {len(headers)}")
    columns = [np.array([cell.strip() for cell in column], dtype=object) for column in zip(*body, strict=True)]
    rows = np.array([k for k, _ in kept[1:]])
    synthetic = any("SYNTHETIC" in line for line in comments)
    return headers, columns, rows, hashlib.sha256(content).hexdigest(), synthetic


def _comment(line: str) -> bool:
    """A line that starts with #, unless # is the name of a column."""
    return re.match(r"\s*#(?!\s*[,;\t])", line) is not None


def _columns_of(source: Any) -> tuple[list[str], list[np.ndarray]]:
    names = getattr(getattr(source, "dtype", None), "names", None)
    if names is None and isinstance(source, Mapping):
        names = list(source)
    elif names is None and hasattr(source, "columns"):
        names = list(source.columns)
    if not names:
        raise TraceError(
            f"traces = {type(source).__name__}: give the path of a CSV file, a mapping of columns, a structured array or a data frame"
        )
    columns = [np.asarray(source[name]).astype(object) for name in names]
    lengths = {str(name): column.shape for name, column in zip(names, columns, strict=True)}
    if any(column.ndim != 1 for column in columns) or len(set(lengths.values())) > 1:
        raise TraceError(f"table: columns must be one-dimensional and equally long, not {lengths}")
    return [str(name) for name in names], columns


def _named(
    headers: list[str], columns: list[np.ndarray], where: str, notes: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Columns and their units by what they are."""
    table: dict[str, np.ndarray] = {}
    units: dict[str, str] = {}
    ignored = []
    for header, column in zip(headers, columns, strict=True):
        title, unit = _title_and_unit(header)
        role = next((role for role, names in _SYNONYMS.items() if title in names), None)
        if role is None:
            ignored.append(repr(header))
        elif role in table:
            raise TraceError(f"{where}: column {header!r}: there are two columns of {role}s; leave one out")
        else:
            table[role] = column
            if unit:
                units[role] = unit
    if "conductance" in table and "resistance" in table:
        ignored.append("the resistance, since there is a conductance")
        del table["resistance"]
    shown = ", ".join(repr(h) for h in headers)
    for role in ("pulse", "conductance"):
        if role not in table and not (role == "conductance" and "resistance" in table):
            also = f" or a resistance ({', '.join(_SYNONYMS['resistance'])})" if role == "conductance" else ""
            raise TraceError(
                f"{where}: no {role} column; call it one of {', '.join(_SYNONYMS[role])}{also}. Columns: {shown}"
            )
    if ignored:
        notes.append(f"columns not used: {', '.join(ignored)}")
    return table, units


def _title_and_unit(header: str) -> tuple[str, str]:
    """ "Conductance (uS)" or "G_uS" as ("conductance", "uS") and ("g", "uS")."""
    found = re.match(r"^(.*?)\s*[\[(]\s*(.*?)\s*[\])]\s*$", header.strip())
    title, unit = found.groups() if found else (header.strip(), "")
    last = title.rpartition("_")
    if not unit and last[0] and any(last[2] in known for known in _UNITS.values()):
        title, unit = last[0], last[2]
    return re.sub(r"[\s_.-]", "", title.lower()), unit


# -- columns ------------------------------------------------------------------------------------------------------------


def _numbers(column: np.ndarray, role: str, rows: np.ndarray, where: str) -> np.ndarray:
    out = np.empty(len(column))
    for k, cell in enumerate(column):
        try:
            out[k] = float(cell)
        except (TypeError, ValueError):
            out[k] = math.nan
        if not math.isfinite(out[k]):
            raise TraceError(
                f"{where}: row {rows[k]}: {role} = {cell!r} is not a finite number (with a point, not a comma)"
            )
    return out


def _conductances(
    table: dict[str, np.ndarray],
    units: dict[str, str],
    unit: str | None,
    rows: np.ndarray,
    where: str,
    notes: list[str],
) -> np.ndarray:
    role = "conductance" if "conductance" in table else "resistance"
    known = _UNITS[role]
    said = units.get(role)
    if said is not None and unit is not None and known.get(said) != known.get(unit):
        raise TraceError(f"{where}: unit = {unit!r}, but the {role} column says {said!r}")
    chosen = said or unit
    if chosen is None:
        example = "conductance (uS)" if role == "conductance" else "resistance (ohm)"
        raise TraceError(
            f"{where}: the {role} has no unit: name the column {example!r}, or give unit={example[-4:-1].strip('(')!r}"
        )
    if chosen not in known:
        raise TraceError(f"{where}: {role} in {chosen!r} cannot be read; allowed: {', '.join(known)}")
    values = _numbers(table[role], role, rows, where)
    bad = np.flatnonzero(values <= 0 if role == "resistance" else values < 0)
    if bad.size:
        allowed = "positive" if role == "resistance" else "not negative"
        raise TraceError(
            f"{where}: row {rows[bad[0]]}: {role} = {values[bad[0]]:g} {chosen} must be {allowed} ({bad.size} such rows)"
        )
    if role == "resistance":
        notes.append("conductances are the inverse of the resistance column")
    g = 1 / (values * known[chosen]) if role == "resistance" else values * known[chosen]
    if g.max() > _MOST:
        k = int(np.argmax(g))
        raise TraceError(
            f"{where}: row {rows[k]}: {role} = {values[k]:g} {chosen} is {g[k]:.3g} S; a memory cell has at most {_MOST:g} S: is "
            f"{chosen} the right unit?"
        )
    return g


def _labels(column: np.ndarray | None, default: np.ndarray, role: str, rows: np.ndarray, where: str) -> np.ndarray:
    if column is None:
        return default
    labels = np.array([str(cell).strip() for cell in column], dtype=object)
    empty = np.flatnonzero([not label or label == "nan" for label in labels])
    if empty.size:
        raise TraceError(f"{where}: row {rows[empty[0]]}: {role} is empty")
    return labels


# -- series -------------------------------------------------------------------------------------------------------------


def _runs(device, cycle, pulse, way, rows, where: str, notes: list[str]) -> list[np.ndarray]:
    """Row indices of each run of counting pulses of a device and cycle, in the order of the file."""
    groups: dict[tuple[str, str], list[int]] = {}
    for k, key in enumerate(zip(device, cycle, strict=True)):
        groups.setdefault(key, []).append(k)
    runs: list[np.ndarray] = []
    restarts = False
    for (a, b), members in groups.items():
        start = 0
        for k in range(1, len(members) + 1):
            if k < len(members):
                here, before = members[k], members[k - 1]
                if pulse[here] > pulse[before]:
                    continue
                turned = way is not None and way[here] not in (way[before], UNSAID) and way[before] != UNSAID
                if not (turned and pulse[here] <= pulse[members[start]] + 1):
                    raise TraceError(
                        f"{where}: row {rows[here]}: pulse = {pulse[here]:g} after {pulse[before]:g} (device {a}, cycle {b}): pulse "
                        "numbers must count up within a device and cycle; say repeated sweeps in a cycle column"
                    )
                restarts = True
            runs.append(np.array(members[start:k]))
            start = k
    if restarts:
        notes.append("pulse numbers restart where the direction turns: each block is a series of its own")
    return runs


def _split(runs, device, cycle, pulse, g, way, rows, where: str, notes: list[str]) -> list[Series]:
    """Series of reads one pulse apart; a gap in the pulse numbers ends one."""
    series, gaps = [], 0
    for run in runs:
        breaks = np.flatnonzero(np.diff(pulse[run]) != 1) + 1
        gaps += len(breaks)
        for part in np.split(run, breaks):
            if len(part) < 2:
                continue
            silent = part[1:][way[part[1:]] == UNSAID]
            if silent.size:
                raise TraceError(
                    f"{where}: row {rows[silent[0]]}: direction is empty; only the first read of a series may lack it"
                )
            series.append(Series(str(device[part[0]]), str(cycle[part[0]]), pulse[part], g[part], way[part[1:]] > 0))
    if gaps:
        notes.append(f"{gaps} gaps in the pulse numbers: the series are cut there")
    if not series:
        raise TraceError(f"{where}: no two reads are one pulse apart: the change by one pulse cannot be told")
    return series


def _enough(series: list[Series], where: str) -> None:
    for name in dict.fromkeys(s.device for s in series):
        own = [s for s in series if s.device == name]
        up = sum(int(s.up.sum()) for s in own)
        down = sum(int((~s.up).sum()) for s in own)
        if min(up, down) == 0:
            raise TraceError(
                f"{where}: device {name} has no {'up' if not up else 'down'} pulses: a device trains with both"
            )
        if min(up, down) < FEWEST:
            raise TraceError(
                f"{where}: device {name} has {up} up and {down} down pulses; at least {FEWEST} of either are needed"
            )
        g = np.concatenate([s.g for s in own])
        if np.ptp(g) <= 1e-6 * g.max():
            raise TraceError(f"{where}: device {name} does not move: its conductance is {g[0]:g} S throughout")
