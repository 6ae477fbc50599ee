"""From the bytes of a file to rows of cells: encoding, separator, comments, stray quotes.

Every guess is returned as a note. What is not text says what it is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from .errors import TraceError

TAB, BLANKS, ONE_BLANK = "\t", "  ", " "
SEPARATORS = (TAB, ";", ",", "|", BLANKS, ONE_BLANK)
SEPARATOR_NAMES = {TAB: "tabs", ";": "semicolons", ",": "commas", "|": "bars", BLANKS: "blanks", ONE_BLANK: "blanks"}
_SIGNATURES = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old format (.xls)",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"MATLAB": "a MATLAB file",
    b"\x93NUMPY": "a NumPy file",
    b"SQLite": "a database",
    b"%PDF": "a PDF",
}
ZIP = b"PK\x03\x04"  # an .xlsx file is a zip archive
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig", ""),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_QUOTED_LINES = 4  # most lines that a quoted cell may run over; a quote that is open for longer is a stray one


@dataclass(frozen=True)
class Row:
    """One line of a file as cells, with its line number from 1."""

    number: int
    cells: list[str]


def decoded(content: bytes, name: str) -> tuple[str, list[str]]:
    """Text of a file, and notes on its encoding where that was guessed.

    Raises
    ------
    TraceError
        It is not text; says what it is and how to save it.
    """
    for signature, what in _SIGNATURES.items():
        if content.startswith(signature):
            raise TraceError(
                f"{name}: not a readable text file: it is {what}; save it as CSV, or give a table (pandas)"
            )
    for bom, encoding, said in _BOMS:
        if content.startswith(bom):
            return _strict(content, encoding, name), [f"read as {said}"] if said else []
    zeros = content[:4096].count(0)
    if zeros:
        # of Western text in UTF-16, every other byte is zero
        even, odd = content[:4096:2].count(0), content[1:4096:2].count(0)
        if max(even, odd) < 0.4 * len(content[:4096]) / 2 or min(even, odd) > 0.1 * max(even, odd):
            raise TraceError(f"{name}: not a readable text file: it has zero bytes; save the table as CSV UTF-8")
        return _strict(content, "utf-16-be" if even > odd else "utf-16-le", name), [
            "no byte-order mark: read as UTF-16"
        ]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError as error:
        byte = error.start
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise TraceError(
            f"{name}: not a readable text file: row {row} is neither UTF-8 nor Windows-1252; save it as CSV UTF-8"
        ) from None
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise TraceError(f"{name}: not a readable text file: it has control characters; save the table as CSV UTF-8")
    row = content[:byte].count(b"\n") + 1
    return text, [f"not UTF-8 (row {row}): read as Windows-1252 (cp1252)"]


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise TraceError(
            f"{name}: not a readable text file: it begins as {encoding.upper()} and does not go on so; save it as CSV UTF-8"
        ) from None


def lines_of(text: str) -> list[tuple[int, str]]:
    """Lines with their numbers, line ends of any system."""
    return list(enumerate(re.split(r"\r\n|\r|\n", text), 1))


def is_comment(line: str) -> bool:
    """A line that starts with # (unless # is the name of a column), % or //."""
    return re.match(r"\s*(#(?!\s*([,;\t|]|$|\s{2,}))|%|//)", line) is not None


def split_rows(lines: list[tuple[int, str]], separator: str) -> tuple[list[Row], list[int]]:
    """Cells of each line that is not blank, and the lines whose quotes are stray.

    A quoted cell may hold separators, and may run over a few lines as spreadsheets write it.
    """
    rows, stray = [], []
    k = 0
    while k < len(lines):
        number, line = lines[k]
        k += 1
        if not line.strip():
            continue
        if '"' not in line:
            rows.append(Row(number, _bare(line, separator)))
            continue
        cells = _quoted(line, separator)
        more = 0
        while cells is None and more < _QUOTED_LINES and k + more < len(lines):
            more += 1
            cells = _quoted("\n".join(part for _, part in lines[k - 1 : k + more]), separator)
        if cells is None or (more and '"' not in lines[k + more - 1][1]):
            stray.append(number)
            rows.append(Row(number, [cell.replace('"', "").strip() for cell in _bare(line, separator)]))
        else:
            rows.append(Row(number, cells))
            k += more
    return rows, stray


def _bare(line: str, separator: str) -> list[str]:
    """Cells of a line in which quotes mean nothing."""
    if separator in (BLANKS, ONE_BLANK):
        # a unit in brackets or behind a slash belongs to the name before it
        wide = r"\s{2,}|\t" if separator == BLANKS else r"(?<![/,])\s+(?![\[(/])"
        return re.split(wide, line.strip())
    return [cell.strip() for cell in line.split(separator)]


def _quoted(text: str, separator: str) -> list[str] | None:
    """Cells of a line in which quotes hold cells together; None if a quote stays open, or text follows a closed one."""
    if separator in (BLANKS, ONE_BLANK):
        gap = r"\s{2,}" if separator == BLANKS else r"\s+"
        cells = re.findall(rf'"[^"]*"|(?:(?!{gap}).)+', text.strip())
        return [c.strip().strip('"').strip() for c in cells if c.strip()] if text.count('"') % 2 == 0 else None
    cells, place = [], 0
    while True:
        start = re.compile(r"[ ]*").match(text, place)
        begin = start.end() if start else place
        if begin < len(text) and text[begin] == '"':
            match = re.compile(r'"((?:[^"]|"")*)"[ ]*').match(text, begin)
            if match is None or (match.end() < len(text) and text[match.end()] != separator):
                return None
            cells.append(re.sub(r"\s+", " ", match[1].replace('""', '"')).strip())
            place = match.end()
        else:
            end = text.find(separator, place)
            end = len(text) if end < 0 else end
            cells.append(text[place:end].strip())
            place = end
        if place >= len(text):
            return cells
        place += 1
        if place == len(text):
            return [*cells, ""]


def usual_width(rows: list[Row]) -> int:
    """Number of cells that most rows of the second half of a file have, empty ones at the end left off."""
    half = rows[len(rows) // 2 :]
    return Counter(len(trimmed(row.cells)) for row in half).most_common(1)[0][0] if half else 0


def trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]
