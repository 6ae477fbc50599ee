"""A table of named columns, from a file or from what a caller holds: where the line of names is, units below it, stray rows."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import TraceError
from .numerals import cleaned, is_number, number_and_unit
from .text import (
    BLANKS,
    ONE_BLANK,
    SEPARATOR_NAMES,
    SEPARATORS,
    ZIP,
    Row,
    decoded,
    is_comment,
    lines_of,
    split_rows,
    trimmed,
    usual_width,
)
from .titles import title_of
from .units import unit_of

_PREAMBLE = 100  # rows in which the line of names is looked for
_BELOW = 4  # rows below the names that may hold units and remarks


@dataclass(frozen=True)
class Table:
    """Named columns of cells.

    Attributes
    ----------
    name : str
        Of the file, or what the table is called.
    headers, units : list of str
        Names as they stand there, and what a row of units says below them.
    columns : list of ndarray of object
        Cells of each column.
    rows : ndarray of int
        Numbers of the rows in the source, from 1.
    widths : ndarray of int
        Cells that each row has; a short row lacks the last ones.
    sha256 : str
        Of the bytes of the file, or of the cells of a table.
    notes : tuple of str
        What was guessed.
    semicolons, synthetic : bool
        Whether semicolons separate the cells; whether a comment says SYNTHETIC.
    """

    name: str
    headers: list[str]
    units: list[str]
    columns: list[np.ndarray]
    rows: np.ndarray
    widths: np.ndarray
    sha256: str
    notes: tuple[str, ...] = ()
    semicolons: bool = False
    synthetic: bool = False


@dataclass
class _Lines:
    """Rows of a file as one separator cuts them, and the row that seems to hold the names."""

    separator: str
    rows: list[Row]
    stray: list[int] = field(default_factory=list)
    place: int = 0
    score: int = 0

    def find_names(self) -> None:
        """The first of the rows with most titles that are understood."""
        for k, row in enumerate(self.rows[:_PREAMBLE]):
            score = _score(row.cells)
            if score > self.score:
                self.place, self.score = k, score

    @property
    def alike(self) -> float:
        """Share of the rows below the names that have as many cells as the names."""
        width = len(trimmed(self.rows[self.place].cells)) if self.rows else 0
        below = self.rows[self.place + 1 :]
        return sum(len(trimmed(row.cells)) == width for row in below) / max(len(below), 1) if width > 1 else 0.0


def _score(cells: list[str]) -> int:
    """How many of the cells are titles of columns that traces have; a role counts once, but each column of siemens."""
    titles = [title_of(cell) for cell in cells if cell and not is_number(cell) and len(cell) < 80]
    roles = {title.role for title in titles if title.role is not None}
    return len(roles) + max(0, sum(title.unit is not None for title in titles) - len(roles))


def read_file(path: Path, name: str) -> Table:
    """The table of a CSV or text file, or of the first sheet of an Excel workbook.

    Raises
    ------
    TraceError
        It is no file, no text or holds no table; names file and row.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TraceError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise TraceError(f"{path}: not a readable text file: {error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(ZIP):
        cut, notes = _Lines(",", _workbook(content, name)), []
        cut.find_names()
        return _assembled(cut, name, digest, notes, synthetic=False)
    text, notes = decoded(content, name)
    lines = [(k, line) for k, line in lines_of(text)]
    comments = [(k, line) for k, line in lines if is_comment(line)]
    kept = [(k, line) for k, line in lines if line.strip() and not is_comment(line)]
    if not kept:
        raise TraceError(f"{name}: holds no table: a line of column names and rows of numbers are needed")
    cut = _best_cut(kept)
    if cut.score < 2:
        # np.savetxt writes the names as a comment
        for k, line in reversed(comments):
            named = _best_cut([(k, line.strip().lstrip("#%/ ")), *[entry for entry in kept if entry[0] > k]])
            if named.place == 0 and named.score >= 2:
                cut = named
                notes.append(f"column names taken from the comment in row {k}")
                break
    if len(cut.rows) < 2:
        raise TraceError(f"{name}: holds no table: a line of column names and rows of numbers are needed")
    if cut.separator in ("|", BLANKS, ONE_BLANK):
        notes.append(f"cells separated by {SEPARATOR_NAMES[cut.separator]}")
    return _assembled(cut, name, digest, notes, synthetic=any("SYNTHETIC" in line for _, line in comments))


def _best_cut(lines: list[tuple[int, str]]) -> _Lines:
    """Lines cut by the separator under which most names are understood and the rows are most alike."""
    cuts = []
    for separator in SEPARATORS:
        rows, stray = split_rows(lines, separator)
        if separator == "|":
            rows = [_without_frame(row) for row in rows]
        cut = _Lines(separator, [row for row in rows if any(row.cells)], stray)
        cut.find_names()
        cuts.append(cut)
    return max(cuts, key=lambda cut: (cut.score, round(cut.alike, 2)))


def _without_frame(row: Row) -> Row:
    """Without the bars at both ends of a row of Markdown."""
    cells = row.cells
    if len(cells) > 2 and not cells[0] and not cells[-1]:
        cells = cells[1:-1]
    return Row(row.number, [] if all(set(cell) <= set("-: ") and cell for cell in cells) else cells)


def _assembled(cut: _Lines, name: str, digest: str, notes: list[str], *, synthetic: bool) -> Table:
    names, below = cut.rows[cut.place], cut.rows[cut.place + 1 :]
    if cut.stray:
        notes.append(f"stray quotes in rows {_listed(cut.stray)} left out")
    if cut.score and cut.place:
        first = cut.rows[0]
        shown = ", ".join(repr(cell) for cell in first.cells if cell)
        notes.append(
            f"line of names: row {names.number}; {cut.place} rows before it not used, the first of them {shown}"
        )
    headers = _merged_units(trimmed(names.cells), usual_width(below))
    units, below, extra_notes = _without_units(headers, below)
    notes += extra_notes
    body = _body(headers, names.number, below, name, notes)
    if not body:
        raise TraceError(f"{name}: holds no table: no row of numbers below the names {', '.join(map(repr, headers))}")
    width = len(headers)
    cells = [(row.cells + [""] * width)[:width] for row in body]
    columns = [np.array(column, dtype=object) for column in zip(*cells, strict=True)]
    return Table(
        name,
        headers,
        units,
        columns,
        np.array([row.number for row in body]),
        np.array([len(row.cells) for row in body]),
        digest,
        tuple(notes),
        cut.separator == ";",
        synthetic,
    )


def _merged_units(headers: list[str], width: int) -> list[str]:
    """Titles such as Conductance, uS put together again where a comma in them has cut the line of names."""
    merged: list[str] = []
    spare = len(headers) - width
    for header in headers:
        if spare > 0 and merged and unit_of(header) is not None:
            merged[-1] += f" ({header})"
            spare -= 1
        else:
            merged.append(header)
    return merged


def _without_units(headers: list[str], below: list[Row]) -> tuple[list[str], list[Row], list[str]]:
    """Units of the columns, the rows of data, and notes, of the rows below a line of names."""
    units, notes = [""] * len(headers), []
    skipped = 0
    while skipped < min(_BELOW, len(below)) and not any(_holds_number(cell) for cell in below[skipped].cells):
        row = below[skipped]
        known = [unit_of(cleaned(cell)) is not None for cell in row.cells[: len(headers)]]
        if any(known) and not any(units):
            units = [cleaned(cell).strip("[](){} ") for cell in row.cells[: len(headers)]]
            units += [""] * (len(headers) - len(units))
            notes.append(f"row {row.number} holds units")
        else:
            notes.append(f"row {row.number} holds no numbers and is not used: {_shown(row)}")
        skipped += 1
    return units, below[skipped:], notes


def _holds_number(cell: object) -> bool:
    return is_number(str(cell)) or bool(number_and_unit(str(cell))[1])


def _body(headers: list[str], names_row: int, below: list[Row], name: str, notes: list[str]) -> list[Row]:
    """Rows of data; what stands beyond the last name, below the table or repeats the names is noted or an error."""
    end = len(below)
    while end and not any(_holds_number(cell) for cell in below[end - 1].cells):
        end -= 1
        notes.append(f"row {below[end].number} holds no numbers and is not used: {_shown(below[end])}")
    width, body, repeats = len(headers), [], []
    for row in below[:end]:
        if trimmed(row.cells) == headers:
            repeats.append(row.number)
            continue
        beyond = [cell for cell in row.cells[width:] if cell]
        if any(_holds_number(cell) for cell in beyond):
            raise TraceError(
                f"{name}: row {row.number} has {len(trimmed(row.cells))} columns, the line of names (row {names_row}: "
                f"{', '.join(map(repr, headers))}) {width}; is a comma in a number, or a name missing?"
            )
        if beyond:
            notes.append(f"row {row.number}: a cell beyond the last column is not used: {beyond[0]!r}")
        body.append(row)
    if repeats:
        notes.append(f"the names stand again in rows {_listed(repeats)}")
    return body


def _shown(row: Row) -> str:
    text = ", ".join(cell for cell in row.cells if cell)
    return repr(text if len(text) < 60 else text[:57] + "...")


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (" ..." if len(numbers) > 8 else "")


def _workbook(content: bytes, name: str) -> list[Row]:
    """Rows of the first sheet of an Excel workbook."""
    try:
        import openpyxl  # type: ignore[import-not-found]  # no part of this project needs it but this line
    except ImportError:
        raise TraceError(
            f"{name}: an Excel workbook (or another zip archive); reading it needs openpyxl, which is not installed: "
            "pip install openpyxl, or save the sheet as CSV UTF-8"
        ) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            Row(k, ["" if cell is None else str(cell).strip() for cell in cells])
            for k, cells in enumerate(sheet.iter_rows(values_only=True), 1)
        ]
    except Exception as error:  # whatever a broken archive makes of the library
        raise TraceError(f"{name}: not a readable Excel workbook: {error}; save the sheet as CSV UTF-8") from error
    return [row for row in rows if any(row.cells)]


# -- tables that a caller holds -----------------------------------------------------------------------------------------


def table_of(source: Any, name: str) -> Table:
    """The table of a mapping of columns, a structured array or a data frame.

    Raises
    ------
    TraceError
        It is none of these, or its columns are not of one length.
    """
    headers, columns = _columns_of(source)
    lengths = {header: column.shape for header, column in zip(headers, columns, strict=True)}
    if any(column.ndim != 1 for column in columns) or len(set(lengths.values())) > 1:
        raise TraceError(f"{name}: columns must be one-dimensional and equally long, not {lengths}")
    count = len(columns[0])
    digest = hashlib.sha256(
        "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True)).encode()
    ).hexdigest()
    texts = [Row(k + 1, [str(column[k]) for column in columns]) for k in range(min(_BELOW, count))]
    units, kept, notes = _without_units(headers, texts)
    skipped = len(texts) - len(kept)
    if skipped == count:
        skipped, units, notes = 0, [""] * len(headers), []
    rows, widths = np.arange(1 + skipped, 1 + count), np.full(count - skipped, len(headers))
    return Table(name, headers, units, [column[skipped:] for column in columns], rows, widths, digest, tuple(notes))


def _columns_of(source: Any) -> tuple[list[str], list[np.ndarray]]:
    names = getattr(getattr(source, "dtype", None), "names", None)
    if names is not None:
        columns = [source[name] for name in names]
    elif isinstance(source, Mapping):
        names = list(source)
        columns = [source[name] for name in names]
    elif hasattr(source, "columns"):
        if any(level is not None for level in getattr(getattr(source, "index", None), "names", [])):
            source = source.reset_index()
        names = list(source.columns)
        by_place = getattr(source, "iloc", None)
        columns = [source[name] if by_place is None else by_place[:, k] for k, name in enumerate(names)]
    if not names:
        raise TraceError(
            f"traces = {type(source).__name__}: give the path of a CSV file, a mapping of columns, a structured array or a data frame"
        )
    return [_header(name) for name in names], [_cells(column) for column in columns]


def _header(name: object) -> str:
    """Of a level of names and one of units, a name with its unit."""
    if isinstance(name, tuple) and len(name) == 2 and unit_of(str(name[1])) is not None:
        return f"{name[0]} ({name[1]})"
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _cells(column: Any) -> np.ndarray:
    """Cells as objects; a masked one is empty."""
    if isinstance(column, np.ma.MaskedArray):
        cells = column.data.astype(object)
        cells[np.ma.getmaskarray(column)] = ""
        return cells
    return np.asarray(column).astype(object)
