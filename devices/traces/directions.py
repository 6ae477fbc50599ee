"""Whether a pulse went up or down: as a trace file says it, or as its conductances show it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .errors import TraceError
from .numerals import Column, cleaned, number_and_unit
from .units import VOLTAGE, unit_of

UNSAID = 0
_WORDS = {
    1: "up + set potentiation potentiate potentiated potentiating pot ltp p increase increasing inc rise rising positive pos plus",
    -1: "down - reset depression depress depressed depressing dep ltd d decrease decreasing dec fall falling negative neg minus",
}
_WAYS = {word: way for way, words in _WORDS.items() for word in words.split()} | {"\u2191": 1, "\u2193": -1}
_NOT_YET = {"", "initial", "init", "start", "none", "nan", "read", "na", "<na>"}
_BLOCK = 5  # fewest pulses of a block whose direction its conductances may tell
_CLEAR = 0.8  # rank correlation with the pulse number at which a block counts as going one way


def way_of_word(word: str) -> int:
    """+1 for a word that means up, -1 for down, 0 for any other."""
    return _WAYS.get(word.strip().lower(), 0)


def way_of_cell(cell: object) -> int | None:
    """+1 up, -1 down, 0 not said; None for a cell that says something else.

    A cell may be a word, a phrase with one such word (``LTP pulse``), a sign, or a voltage with its sign and unit.
    """
    text = cleaned(cell).lower()
    if isinstance(cell, bool | np.bool_):
        return None
    if text in _NOT_YET:
        return UNSAID
    if text in _WAYS:
        return _WAYS[text]
    numeral, unit_text = number_and_unit(cleaned(cell))
    unit = unit_of(unit_text, VOLTAGE) if unit_text else None
    if re.fullmatch(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", numeral.lower(), re.ASCII):
        if unit is not None and unit.quantity != VOLTAGE:
            return None
        return int(np.sign(float(numeral.replace(",", "."))))
    ways = {_WAYS[word] for word in re.split(r"[^a-z]+", text) if len(word) > 1 and word in _WAYS}
    return ways.pop() if len(ways) == 1 else None


def directions(column: Column) -> np.ndarray:
    """+1 up, -1 down, 0 not said, of each row; TraceError names the row of what is none of them."""
    ways = np.zeros(len(column.cells), int)
    for k, cell in enumerate(column.cells):
        way = way_of_cell(cell)
        if way is None:
            raise column.error(
                k,
                "must be up or down (+1 or -1, potentiation or depression, LTP or LTD, set or reset, or a voltage with its sign)",
            )
        ways[k] = way
    return ways


def are_directions(cells: Sequence[object] | np.ndarray) -> bool:
    """Whether each cell says up, down or nothing, and both are said."""
    ways = {way_of_cell(cell) for cell in cells}
    return ways >= {1, -1} and None not in ways


def are_signs(cells: np.ndarray) -> bool:
    """Whether the cells are numbers, such as voltages, and no words."""
    return all(way_of_word(cleaned(cell)) == 0 or cleaned(cell) in "+-" for cell in cells)


def inferred(
    named: list[tuple[str, np.ndarray]], runs: list[np.ndarray], count: int, source: str
) -> tuple[np.ndarray, str]:
    """Directions, and the note on them, where each run is plainly a block of up pulses and then a block of down pulses.

    The turn is the largest mean conductance of the runs at one place, which must be the same for all: runs of one length, and
    blocks of at least 5 pulses whose conductances rise and fall with a rank correlation of 0.8 or more.

    Raises
    ------
    TraceError
        it is not plain; asks for a direction column.
    """
    ask = "add a direction column (up or down)"
    lengths = sorted({len(g) for _, g in named})
    if len(lengths) > 1:
        raise TraceError(
            f"{source}: no direction column, and series of {lengths} reads: where each turns cannot be told; {ask}"
        )
    turn = int(np.argmax(np.mean([g for _, g in named], axis=0)))
    way = np.zeros(count, int)
    for (name, g), run in zip(named, runs, strict=True):
        if min(turn, len(g) - 1 - turn) < _BLOCK or not (_trend(g[: turn + 1]) > _CLEAR and _trend(g[turn:]) < -_CLEAR):
            raise TraceError(f"{source}: no direction column, and {name} does not plainly rise and then fall; {ask}")
        way[run] = np.where(np.arange(len(g)) <= turn, 1, -1)
    return (
        way,
        f"no direction column: taken as {turn} up pulses and then {lengths[0] - 1 - turn} down pulses in each series",
    )


def _trend(g: np.ndarray) -> float:
    """Rank correlation with the place (Spearman's); 0 for constant conductances."""
    from scipy.stats import rankdata

    ranks = rankdata(g)
    return 0.0 if np.ptp(ranks) == 0 else float(np.corrcoef(ranks, np.arange(len(g)))[0, 1])
