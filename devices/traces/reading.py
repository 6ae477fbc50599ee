"""Pulse traces of measured cells: conductance after each potentiation and depression pulse, read and checked.

A trace file is a text file with one row for each read. Columns are found by name, whatever their order, case and spaces:

- pulse: `pulse`, `pulse number`, `Pulse #`, `n` ...; counts up within a device and cycle. A missing number ends a series,
  since what one pulse did is not known there.
- conductance: `conductance`, `G`; the unit behind the name, `G (uS)`, `G / uS`, in a row below the names, in the cells, or as
  the argument `unit`. A `resistance` (ohm) is taken instead, and inverted, or a `current` (A) with its read voltage, a column
  or the argument `read_voltage`. Several such columns are devices side by side, or, named LTP and LTD, the two directions.
- device: `device`, `cell`, `device id` ...; without it all rows are one device.
- direction, of the pulse that came before the read: `direction`, `polarity`, `type` ... with up/down, +1/-1,
  potentiation/depression, LTP/LTD, set/reset, or the sign of a voltage. Of the first read of a series it may be empty.
- cycle: `cycle`, `loop`, `sweep`; optional.

Nothing is guessed in silence and no row is left out in silence: what was understood is in `Traces.notes`, and what cannot
be is a `TraceError` with its row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .columns import Choice, choose_columns
from .directions import are_signs, directions
from .errors import TraceError
from .numerals import Column, as_quantity, cleaned, numbers
from .series import FEWEST as FEWEST
from .series import Reads, Series, Traces, checked_series
from .tables import Table, read_file, table_of
from .titles import CYCLE, DEVICE, DIRECTION, PULSE, READ_VOLTAGE, Title
from .units import ALLOWED, CONDUCTANCE, CURRENT, EXAMPLES, RESISTANCE, VOLTAGE, Unit, unit_of

__all__ = ["FEWEST", "Series", "Traces", "read_traces"]

MOST = 1.0  # siemens; beyond it the unit is wrong, or the read has failed
_LARGEST_READ_VOLTAGE = 10.0  # volts


def read_traces(
    source: Any,
    *,
    unit: str | None = None,
    name: str | None = None,
    read_voltage: float | str | None = None,
    decimal: str | None = None,
    cut_turns: bool = False,
) -> Traces:
    """Traces from a text file, or from a table: a mapping of columns, a structured array, a data frame.

    Parameters
    ----------
    source : path or table
        Text in any common encoding and with any common separator; Excel workbooks where openpyxl is installed.
    unit : str or None
        Of the conductance column (S, mS, uS, nS, pS), of the resistance column (ohm, kohm, Mohm) or of the currents (A, mA, uA,
        nA), where its name does not say.
    name : str or None
        How to call the table; the file's name if it is a file.
    read_voltage : float, str or None
        Volts, or text such as ``"200 mV"``: by what currents are divided.
    decimal : {".", ","} or None
        The decimal mark, where the numbers do not tell.
    cut_turns : bool
        Leave out the change from the last read of a direction to the first read of the other: for cells that relax between
        blocks, or blocks that were read in other ways.

    Returns
    -------
    Traces
        Checked series, siemens; `notes` says what was guessed.

    Raises
    ------
    TraceError
        No such file, no such column, no unit, a number that is none, a conductance that is negative or above 1 S, a resistance
        that is not positive, pulse numbers that do not count up, directions that are not said, cannot be told or are opposite to
        what the cells do, too few pulses of a device, only one direction, a cell that does not move.

    Examples
    --------
    >>> from revpath.devices import read_traces, sample_traces
    >>> len(read_traces(str(sample_traces())).devices)
    8
    """
    if isinstance(source, str | Path):
        path = Path(source)
        table = read_file(path, name or path.name)
    else:
        table = table_of(source, name or "table")
    choice = choose_columns(table, unit)
    notes = [*table.notes, *choice.notes]
    columns = [_one_read(table, choice, place, unit, read_voltage, decimal) for place in choice.reads]
    notes += dict.fromkeys(note for column in columns for note in column.notes)
    notes += _said_of_the_columns(choice)
    reads = Reads.joined(table.name, columns)
    return checked_series(reads, table.sha256, table.synthetic, tuple(notes), cut_turns=cut_turns)


def _said_of_the_columns(choice: Choice) -> list[str]:
    notes = []
    if len(choice.reads) > 1:
        names = ", ".join(repr(choice.titles[k].text) for k in choice.reads)
        what = "the two directions" if _two_ways([choice.titles[k] for k in choice.reads]) else "devices"
        notes.append(f"columns side by side taken as {what}: {names}")
    elif DEVICE not in choice.places:
        notes.append("no device column: all rows are taken as one device")
    if choice.quantity == RESISTANCE:
        notes.append("conductances are the inverse of the resistance column")
    return notes


def _two_ways(titles: list[Title]) -> bool:
    return sorted(title.way for title in titles) == [-1, 1]


def _one_read(
    table: Table, choice: Choice, place: int, unit: str | None, read_voltage: float | str | None, decimal: str | None
) -> Reads:
    """The reads of one column, with what the other columns say of them."""
    cells = table.columns[place]
    end = len(cells)
    side_by_side = len(choice.reads) > 1
    while side_by_side and end and not cleaned(cells[end - 1]):  # a device of fewer pulses than its neighbours
        end -= 1
    _long_enough(table, choice, place, end)

    def column(k: int, role: str) -> Column:
        return Column(role, table.columns[k][:end], table.rows[:end], table.name)

    pulses = numbers(column(choice.places[PULSE], PULSE), semicolons=table.semicolons, decimal=decimal, lasting=True)
    g, notes = _conductances(column(place, choice.quantity), choice.titles[place], unit, table, decimal)
    if choice.quantity == CURRENT:
        volts, more = _volts(choice, column, read_voltage, table, decimal)
        g, notes = g / volts, [*notes, *more]
    elif read_voltage is not None:
        notes.append(f"read_voltage is not used: there is a {choice.quantity} column")
    notes += _possible(g, column(place, choice.quantity), choice.titles[place])
    title = choice.titles[place]
    ways, signs, device = None, False, _labels(choice, column, DEVICE, end)
    if side_by_side and _two_ways([choice.titles[k] for k in choice.reads]):
        ways = np.full(end, title.way)
    elif side_by_side:
        number = choice.reads.index(place) + 1
        labels = [choice.titles[k].label for k in choice.reads]
        device = np.full(end, title.label if all(labels) and len(set(labels)) == len(labels) else str(number), object)
    if ways is None and DIRECTION in choice.places:
        ways = directions(column(choice.places[DIRECTION], DIRECTION))
        signs = are_signs(table.columns[choice.places[DIRECTION]])
    cycle = _labels(choice, column, CYCLE, end)
    return Reads(table.name, table.rows[:end], device, cycle, pulses.values, g, ways, signs, (*pulses.notes, *notes))


def _long_enough(table: Table, choice: Choice, place: int, end: int) -> None:
    """TraceError for a row that ends before a column that is used."""
    last = max(place, *choice.places.values())
    short = np.flatnonzero(table.widths[:end] <= last)
    if short.size:
        k = int(short[0])
        raise TraceError(
            f"{table.name}: row {table.rows[k]} has {table.widths[k]} columns, the line of names {len(table.headers)}"
        )


def _conductances(
    column: Column, title: Title, unit: str | None, table: Table, decimal: str | None
) -> tuple[np.ndarray, list[str]]:
    """Reads in SI (siemens; amperes of a current), and notes."""
    role, source = column.role, column.source
    read = numbers(column, semicolons=table.semicolons, decimal=decimal)
    given = unit_of(unit, role) if unit is not None else None
    for text, known in ((title.unit_text, title.unit), (unit, given)):
        if text and (known is None or known.quantity != role):
            raise TraceError(f"{source}: {role} in {text!r} cannot be read; allowed: {ALLOWED[role]}")
    if title.unit is not None and given is not None and title.unit.scale != given.scale:
        raise TraceError(f"{source}: unit = {unit!r}, but the {role} column says {title.unit_text!r}")
    chosen = title.unit or given
    scales = np.array([_scale(column, k, read.units.get(text), chosen, unit) for k, text in enumerate(read.unit_texts)])
    values = read.values * scales
    bad = np.flatnonzero(
        values <= 0 if role == RESISTANCE else values < 0 if role == CONDUCTANCE else np.zeros(len(values))
    )
    if bad.size:
        k = int(bad[0])
        allowed = "positive" if role == RESISTANCE else "not negative"
        rows = ", ".join(str(column.rows[j]) for j in bad[:8])
        raise TraceError(
            f"{source}: row {column.rows[k]}: {role} = {read.values[k]:g} {read.unit_texts[k] or (chosen.text if chosen else '')} must be "
            f"{allowed} ({bad.size} such rows: {rows}); leave a failed read out, and the series is cut there"
        )
    guesses = [known.guess for known in (chosen, *read.units.values()) if known is not None and known.guess]
    if read.units:
        guesses.append(f"units of the {role} taken from the cells: {', '.join(map(repr, read.units))}")
    return (1 / values if role == RESISTANCE else values), [*read.notes, *dict.fromkeys(guesses)]


def _scale(column: Column, k: int, in_cell: Unit | None, chosen: Unit | None, argument: str | None) -> float:
    """SI units of one unit of a cell: what stands in the cell, or else what its column or the caller says."""
    role = column.role
    if in_cell is not None:
        if in_cell.quantity != role:
            raise column.error(k, f"is no {role}; allowed: {ALLOWED[role]}")
        if chosen is not None and chosen.scale != in_cell.scale:
            said = repr(argument) if argument else "the name of the column"
            raise column.error(k, f"has another unit than {said} says ({chosen.text})")
        return in_cell.scale
    if chosen is None:
        example = EXAMPLES[role]
        raise TraceError(
            f"{column.source}: the {role} has no unit: name the column '{role} ({example})', or give unit={example!r}"
        )
    return chosen.scale


def _volts(choice: Choice, column, read_voltage: float | str | None, table: Table, decimal: str | None):
    """Read voltages of all rows, and notes."""
    if read_voltage is not None:
        volts = as_quantity(read_voltage, VOLTAGE, "read_voltage")
        said = [f"conductances are currents over a read voltage of {volts:g} V"]
        if READ_VOLTAGE in choice.places:
            raise TraceError(
                f"{table.name}: read_voltage = {read_voltage!r}, and there is a column "
                f"{choice.titles[choice.places[READ_VOLTAGE]].text!r}; give one of them"
            )
    elif READ_VOLTAGE in choice.places:
        place = choice.places[READ_VOLTAGE]
        title, cells = choice.titles[place], column(place, READ_VOLTAGE)
        read = numbers(cells, semicolons=table.semicolons, decimal=decimal)
        unit = title.unit or Unit("V", VOLTAGE, 1.0)
        if unit.quantity != VOLTAGE:
            raise TraceError(
                f"{table.name}: read voltage in {title.unit_text!r} cannot be read; allowed: {ALLOWED[VOLTAGE]}"
            )
        scales = [read.units[text].scale if text else unit.scale for text in read.unit_texts]
        volts = read.values * np.array(scales)
        zero = np.flatnonzero(volts == 0)
        if zero.size:
            raise cells.error(int(zero[0]), "is zero: a current at no voltage says nothing of the conductance")
        said = [f"conductances are currents over the read voltage in {title.text!r}"]
        if title.unit is None and not read.units:
            said.append("read voltage has no unit: taken as volts")
    else:
        raise TraceError(
            f"{table.name}: a current must be divided by its read voltage: give read_voltage=0.2 (volts), or a column "
            "'read voltage (V)'"
        )
    if np.max(np.abs(volts)) > _LARGEST_READ_VOLTAGE:
        raise TraceError(
            f"{table.name}: read voltage = {np.max(np.abs(volts)):g} V; a read has at most {_LARGEST_READ_VOLTAGE:g} V: is the unit right?"
        )
    return volts, said


def _possible(g: np.ndarray, column: Column, title: Title) -> list[str]:
    """TraceError for a conductance that no memory cell has; a note where a unit spelled out in full makes all of them so.

    Of "S" a prefix may be lost; "siemens" was meant. `fit_traces` refuses either.
    """
    if column.role == CURRENT and (g < 0).any():
        k = int(np.argmin(g))
        raise column.error(k, f"and its read voltage have opposite signs ({int((g < 0).sum())} such rows)")
    if g.max() <= MOST:
        return []
    k = int(np.argmax(g))
    unit = title.unit_text or "siemens"
    if np.median(g) > MOST and "siemens" in unit.lower():
        return [f"conductances up to {g[k]:.3g} S: a memory cell has at most {MOST:g} S; is {unit} the right unit?"]
    raise TraceError(
        f"{column.source}: row {column.rows[k]}: {column.role} = {column.cells[k]} {unit} is {g[k]:.3g} S; a memory cell has at most "
        f"{MOST:g} S: is {unit} the right unit? A failed read (overflow) must be left out"
    )


def _labels(choice: Choice, column, role: str, count: int) -> np.ndarray:
    """Names of devices or cycles; "1" where there is no such column."""
    if role not in choice.places:
        return np.full(count, "1", dtype=object)
    cells = column(choice.places[role], role)
    labels = np.array([cleaned(cell) for cell in cells.cells], dtype=object)
    empty = np.flatnonzero([not label or label.lower() in ("nan", "<na>", "none") for label in labels])
    if empty.size:
        k = int(empty[0])
        raise TraceError(f"{cells.source}: row {cells.rows[k]}: {role} is empty")
    return labels
