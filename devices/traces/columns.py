"""Which column of a table is what: by title and content; an exact name wins, and what is not used is noted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .directions import are_directions
from .errors import TraceError
from .numerals import cleaned, is_number
from .tables import Table
from .titles import (
    BY_WORDS,
    CYCLE,
    DEVICE,
    DIRECTION,
    EXACT,
    LOOSE,
    PULSE,
    QUANTITIES,
    READ_VOLTAGE,
    SYNONYM,
    Title,
    naming_help,
    title_of,
)
from .units import CONDUCTANCE, CURRENT, RESISTANCE, VOLTAGE

_MELT = "give one row for each read, with a device column (pandas: melt)"


@dataclass(frozen=True)
class Choice:
    """Places of the columns that are used.

    Attributes
    ----------
    titles : list of Title
        Of all columns.
    places : dict of str to int
        By role: pulse, device, direction, cycle, read voltage.
    quantity : str
        ``conductance``, ``resistance`` or ``current``.
    reads : list of int
        Columns of that quantity: one, or one for each device side by side.
    notes : tuple of str
    """

    titles: list[Title]
    places: dict[str, int]
    quantity: str
    reads: list[int]
    notes: tuple[str, ...]


def choose_columns(table: Table, unit: str | None) -> Choice:
    """Find pulse, reads, device, direction, cycle and read voltage among the columns of a table.

    Parameters
    ----------
    table : Table
    unit : str or None
        That the caller gave for the reads: then unnamed numeric columns side by side may be devices.

    Raises
    ------
    TraceError
        No column is a pulse number or a read, or two are equally; names them and what would be understood.
    """
    titles = [title_of(h, u) for h, u in zip(table.headers, table.units, strict=True)]
    shown = ", ".join(repr(h) for h in table.headers)
    places: dict[str, int] = {}
    for role in (PULSE, DEVICE, DIRECTION, CYCLE, READ_VOLTAGE):
        place = _best(role, titles, table)
        if place is not None:
            places[role] = place
    quantity, reads = _reads(titles, table, unit, set(places.values()))
    for role, found in ((PULSE, PULSE in places), (CONDUCTANCE, bool(reads))):
        if not found:
            also = f" or a resistance ({naming_help(RESISTANCE)}) or a current" if role == CONDUCTANCE else ""
            wide = "; devices side by side: name their columns 'D1 (uS)', 'D2 (uS)'" if role == CONDUCTANCE else ""
            raise TraceError(
                f"{table.name}: no {role} column; call it one of {naming_help(role)}{also}{wide}. Columns: {shown}"
            )
    notes = []
    if quantity != CURRENT:
        places.pop(READ_VOLTAGE, None)
    elif READ_VOLTAGE not in places:
        constant = _constant_voltage(titles, table, set(places.values()) | set(reads))
        if constant is not None:
            places[READ_VOLTAGE] = constant
            notes.append(f"{table.headers[constant]!r} is the same in all rows: taken as the read voltage")
    used = set(places.values()) | set(reads)
    ignored = [repr(h) or "''" for k, h in enumerate(table.headers) if k not in used and (h or any(table.columns[k]))]
    if ignored:
        notes.append(f"columns not used: {', '.join(ignored)}")
    for role, place in places.items():
        if titles[place].level >= LOOSE:
            notes.append(f"column {table.headers[place]!r} taken as the {role}")
    if len(reads) > 1 and DEVICE in places:
        raise TraceError(
            f"{table.name}: a device column ({table.headers[places[DEVICE]]!r}) and several columns of {quantity}s "
            f"({', '.join(repr(table.headers[k]) for k in reads)}); leave all but one out, or {_MELT}"
        )
    return Choice(titles, places, quantity, reads, tuple(notes))


def _best(role: str, titles: list[Title], table: Table) -> int | None:
    """The column of a role with the surest name; TraceError where two are equally sure."""
    for level in (EXACT, SYNONYM, LOOSE, BY_WORDS):
        fit = [k for k, t in enumerate(titles) if t.role == role and t.level == level]
        if level >= LOOSE:
            fit = [k for k in fit if _suits(role, table.columns[k], titles[k])]
        if len(fit) > 1:
            names = " and ".join(repr(table.headers[k]) for k in fit)
            raise TraceError(
                f"{table.name}: column {table.headers[fit[1]]!r}: there are two columns of {role}s ({names}); leave one out, or {_MELT}"
            )
        if fit:
            return fit[0]
    return None


def _suits(role: str, cells: np.ndarray, title: Title) -> bool:
    """Whether the cells are what a loose name promises."""
    texts = [cleaned(cell) for cell in cells]
    if role == PULSE:
        return all(is_number(text) and "." not in text.removesuffix(".0") for text in texts)
    if role == DIRECTION:
        return are_directions(cells)
    if role == DEVICE:
        return all(texts) and len(set(texts)) <= len(texts) / 2
    return role != READ_VOLTAGE or title.unit is None or title.unit.quantity == VOLTAGE


def _reads(titles: list[Title], table: Table, unit: str | None, used: set[int]) -> tuple[str, list[int]]:
    """The quantity that was read, and its column, or columns of devices side by side."""
    for quantity in QUANTITIES:
        for levels in ((EXACT,), (SYNONYM,)):
            fit = [k for k, t in enumerate(titles) if t.role == quantity and t.level in levels]
            if len(fit) > 1:
                raise TraceError(
                    f"{table.name}: column {table.headers[fit[1]]!r}: there are two columns of {quantity}s; leave one out; if each is a "
                    f"device, name them 'D1 (uS)', 'D2 (uS)', or {_MELT}"
                )
            if fit:
                return quantity, fit
        fit = [k for k, t in enumerate(titles) if t.role == quantity and t.level == BY_WORDS and k not in used]
        if fit:
            return quantity, fit
    if unit is not None:
        rest = [
            k
            for k, t in enumerate(titles)
            if k not in used and t.role is None and t.unit is None and not t.something_else and t.text.strip()
            and all(is_number(str(cell)) for cell in table.columns[k])
        ]  # fmt: skip
        if len(rest) > 1:
            return CONDUCTANCE, rest
    return CONDUCTANCE, []


def _constant_voltage(titles: list[Title], table: Table, used: set[int]) -> int | None:
    """A column of one voltage throughout, beside currents."""
    for k, title in enumerate(titles):
        volts = title.unit is not None and title.unit.quantity == VOLTAGE
        if k not in used and volts and len({cleaned(cell) for cell in table.columns[k]}) == 1:
            return k
    return None
