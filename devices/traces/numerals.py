"""Numbers as spreadsheets and instruments write them: decimal commas, thousands marks, odd minus signs, units in the cell.

A column is read as a whole, since one cell such as 1,234 does not say whether its comma is decimal. What is not
unambiguous is an error that shows the cell.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import TraceError
from .units import Unit, unit_of

_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}\N{HAIR SPACE}\ufeff"
_MINUS = (
    "\N{MINUS SIGN}\N{EN DASH}\N{FIGURE DASH}\N{NON-BREAKING HYPHEN}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}"
)
_TABLE = str.maketrans({blank: " " for blank in _BLANKS} | {minus: "-" for minus in _MINUS})
_EXPONENT = r"(?:[eEdD][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}", re.ASCII)
_DECIMAL_COMMA = re.compile(rf"[+-]?\d*,\d+{_EXPONENT}|[+-]?\d+,", re.ASCII)
_POWER = re.compile(r"\s*[×x*·]\s*10\s*\^?\s*\(?([+-]?\d+)\)?$")
_NUMBER_AND_UNIT = re.compile(rf"([+-]?(?:\d[\d.,' ]*|[.,]\d+){_EXPONENT})\s*([^\d\s].*)", re.ASCII)
_NO_VALUE = {"", "nan", "na", "n/a", "#n/a", "none", "null", "-", "--", "<na>", "nat"}
_GROUPS = {
    mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+(?:[.,]\d+)?", re.ASCII) for mark in ",.' "
}


@dataclass(frozen=True)
class Column:
    """A column of a source with what is needed to speak of its cells.

    Attributes
    ----------
    role : str
        What it is: ``pulse``, ``conductance`` and so on.
    cells : ndarray of object
        One for each row.
    rows : ndarray of int
        Row numbers in the source.
    source : str
        What the source is called.
    """

    role: str
    cells: np.ndarray
    rows: np.ndarray
    source: str

    def error(self, k: int, problem: str) -> TraceError:
        """TraceError that names source, row and cell."""
        return TraceError(f"{self.source}: row {self.rows[k]}: {self.role} = {self.cells[k]!r} {problem}")


@dataclass(frozen=True)
class Numbers:
    """Values of a column, with the scales of units that stood in its cells, and notes on what was guessed.

    Attributes
    ----------
    values : ndarray of float
    units : dict of str to Unit
        By text; empty where no cell had one.
    unit_texts : list of str
        Of each cell; empty text where it had none.
    notes : tuple of str
    """

    values: np.ndarray
    units: dict[str, Unit]
    unit_texts: list[str]
    notes: tuple[str, ...]


def cleaned(cell: object) -> str:
    """Text of a cell with plain blanks and minus signs, without those at its ends and without stray quotes."""
    return str(cell).translate(_TABLE).strip().strip("\"'").strip()


def is_number(text: str) -> bool:
    """Whether a cell is a number in one of the spellings that a column may have."""
    text = _POWER.sub(r"e\1", cleaned(text))
    return bool(
        _PLAIN.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text) or any(g.fullmatch(text) for g in _GROUPS.values())
    )


def number_and_unit(text: str) -> tuple[str, str]:
    """The numeral and the unit of a cell such as "1.2 V"; the whole text and nothing where it is not that."""
    match = _NUMBER_AND_UNIT.fullmatch(_POWER.sub(r"e\1", cleaned(text)))
    if match and unit_of(match[2]) is not None:
        return match[1].strip(), match[2].strip()
    return cleaned(text), ""


def numbers(column: Column, *, decimal: str | None = None, semicolons: bool = False, lasting: bool = False) -> Numbers:
    """Finite numbers of a column.

    Parameters
    ----------
    column : Column
    decimal : {".", ","} or None
        The decimal mark, where the caller says it.
    semicolons : bool
        Whether semicolons separate the cells: a comma can then only be decimal.
    lasting : bool
        Whether it counts something (pulse numbers): 1,000 after 999 is then a thousand.

    Raises
    ------
    TraceError
        A cell is no finite number, or its marks are ambiguous; names row and cell.
    """
    values = np.full(len(column.cells), math.nan)
    texts: dict[int, str] = {}
    unit_texts = [""] * len(column.cells)
    for k, cell in enumerate(column.cells):
        if isinstance(cell, bool | np.bool_):
            raise column.error(k, "is not a number")
        if isinstance(cell, int | float | np.integer | np.floating):
            values[k] = float(cell)
        else:
            numeral, unit_texts[k] = number_and_unit(str(cell))
            texts[k] = _POWER.sub(r"e\1", numeral)
    style = _style(column, texts, decimal, semicolons, lasting)
    for k, text in texts.items():
        values[k] = style.value(text)
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        raise _not_a_number(column, int(missing[0]), texts.get(int(missing[0])), len(missing))
    units: dict[str, Unit] = {}
    for k, text in enumerate(unit_texts):
        if text and text not in units:
            unit = unit_of(text)
            if unit is None:
                raise column.error(k, f"has a unit, {text!r}, that is not known")
            units[text] = unit
    return Numbers(values, units, unit_texts, style.notes(column.role))


@dataclass(frozen=True)
class _Style:
    """How a column writes its numbers: the decimal mark, and the marks of thousands that it uses."""

    decimal: str
    thousands: frozenset[str]

    def value(self, text: str) -> float:
        for mark in self.thousands:
            if mark != self.decimal and _GROUPS[mark].fullmatch(text):
                text = text.replace(mark, "")
        if self.decimal == ",":
            if "." in text:
                return math.nan
            text = text.replace(",", ".")
        return float(re.sub("[dD]", "e", text)) if _PLAIN.fullmatch(text) else math.nan

    def notes(self, role: str) -> tuple[str, ...]:
        found = []
        if self.decimal == ",":
            found.append(f"{role}: decimal commas")
        if self.thousands:
            names = {",": "commas", ".": "points", "'": "apostrophes", " ": "blanks"}
            found.append(
                f"{role}: {' and '.join(names[m] for m in sorted(self.thousands))} taken as marks of thousands"
            )
        return tuple(found)


def _style(column: Column, texts: dict[int, str], decimal: str | None, semicolons: bool, lasting: bool) -> _Style:
    """The one style that explains all cells of a column; TraceError where two are possible or none is."""
    if decimal not in (None, ".", ","):
        raise TraceError(f"decimal = {decimal!r} must be '.' or ','")
    thousands = {mark for mark in "' " if any(_GROUPS[mark].fullmatch(text) for text in texts.values())}
    commas = {k: text for k, text in texts.items() if "," in text}
    points = {k: text for k, text in texts.items() if "." in text and "," not in text}
    both = {k: text for k, text in commas.items() if "." in text}
    if decimal == "," or (decimal is None and not commas and _repeated(texts, ".")):
        return _Style(decimal or ".", frozenset(thousands | ({"."} if both or _repeated(texts, ".") else set())))
    if not commas:
        return _Style(".", frozenset(thousands))
    if both:
        marks = {"," if text.rfind(",") > text.rfind(".") else "." for text in both.values()}
        if len(marks) > 1:
            raise column.error(next(iter(both)), "and other cells use points and commas in opposite ways")
        mark = marks.pop()
        return _Style(mark, frozenset(thousands | {"." if mark == "," else ","}))
    certain = [k for k, text in commas.items() if not _GROUPS[","].fullmatch(text)]
    if decimal == "." or (not certain and _only_thousands(texts, points, lasting)) or _repeated(texts, ","):
        return _Style(".", frozenset(thousands | {","}))
    if points:
        k = (certain or list(commas))[0]
        other = next(iter(points))
        raise column.error(
            k,
            f"is not a finite number (with a point, not a comma: row {column.rows[other]} has {column.cells[other]!r})",
        )
    if any(isinstance(cell, float | np.floating) for cell in column.cells):
        raise column.error((certain or list(commas))[0], "is not a finite number (with a point, not a comma)")
    if not certain and not semicolons:
        k = next(iter(commas))
        raise column.error(
            k, "is ambiguous: the comma may be a decimal mark or a mark of thousands; give decimal=',' or '.'"
        )
    return _Style(",", frozenset(thousands))


def _repeated(texts: dict[int, str], mark: str) -> bool:
    """Whether a mark stands more than once in a number, as only marks of thousands do."""
    return any(text.count(mark) > 1 and _GROUPS[mark].fullmatch(text) for text in texts.values())


def _only_thousands(texts: dict[int, str], points: dict[int, str], counts: bool) -> bool:
    """Whether commas that all stand before three digits are marks of thousands: others are decimal points, or whole below 1000."""
    if any(not _GROUPS["."].fullmatch(text) for text in points.values()):
        return True
    whole = [text for text in texts.values() if re.fullmatch(r"\d+", text, re.ASCII)]
    return counts and bool(whole) and all(int(text) < 1000 for text in whole)


def _not_a_number(column: Column, k: int, text: str | None, count: int) -> TraceError:
    """What is wrong with a cell that is no number, and what to do."""
    more = f" ({count} such rows)" if count > 1 else ""
    out = "; leave the row out, and the series ends there"
    if text is not None and text.lower() in _NO_VALUE:
        return column.error(k, f"is not a finite number: the cell is empty{out}{more}")
    if text is not None and any(c.isdigit() and not c.isascii() for c in text):
        return column.error(k, f"is not a finite number: it is written in other digits than 0 to 9{more}")
    if text is not None and re.search(r"\d_\d", text):
        return column.error(k, f"is not a finite number: an underscore is not part of one{more}")
    if text is not None and re.search(r"\d\s*[^\d\s.,+-]+$", text):
        return column.error(k, f"is not a finite number: its unit is not known{more}")
    if text is not None and "," in text:
        return column.error(k, f"is not a finite number (with a point, not a comma){more}")
    return column.error(k, f"is not a finite number (with a point, not a comma){out}{more}")


def as_quantity(cell: Any, quantity: str, name: str) -> float:
    """SI value of an argument such as 0.2 or "200 mV".

    Raises
    ------
    TraceError
        It is no positive number, or its unit measures something else.
    """
    numeral, unit_text = number_and_unit(str(cell))
    unit = unit_of(unit_text, quantity) if unit_text else None
    wrong = isinstance(cell, bool) or not _PLAIN.fullmatch(numeral) or (unit is not None and unit.quantity != quantity)
    if wrong or not math.isfinite(float(numeral)) or float(numeral) == 0:
        raise TraceError(
            f"{name} = {cell!r} must be a number other than 0, in SI units or with its unit, such as 0.2 or '200 mV'"
        )
    return float(numeral) * (unit.scale if unit else 1.0)
