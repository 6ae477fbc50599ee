"""Whether a pulse went up or down: as a trace file says it, or as its conductances show it."""

from __future__ import annotations

import numpy as np

from ..base.errors import RevpathError

UNSAID = 0
_UP = {"up", "+", "set", "potentiation", "pot", "ltp", "p", "increase", "positive"}
_DOWN = {"down", "-", "reset", "depression", "dep", "ltd", "d", "decrease", "negative"}
_NOT_YET = {"", "initial", "start", "none", "nan"}
_BLOCK = 5  # fewest pulses of a block whose direction its conductances may tell
_CLEAR = 0.8  # rank correlation with the pulse number at which a block counts as going one way


class TraceError(RevpathError):
    """A trace file is not one, or cannot be understood; names the file, the column and the row."""


def directions(column: np.ndarray, rows: np.ndarray, where: str) -> np.ndarray:
    """+1 up, -1 down, 0 not said; TraceError names the row of what is none of them."""
    way = np.zeros(len(column), int)
    for k, cell in enumerate(column):
        word = str(cell).strip().lower()
        if word in _UP or word in _DOWN:
            way[k] = 1 if word in _UP else -1
        elif word not in _NOT_YET:
            try:
                way[k] = int(np.sign(float(word)))  # 0 is not said
            except ValueError:
                raise TraceError(
                    f"{where}: row {rows[k]}: direction = {cell!r} must be up or down (+1 or -1, potentiation or depression, "
                    "LTP or LTD, set or reset, or a voltage with its sign)"
                ) from None
    return way


def inferred(
    named: list[tuple[str, np.ndarray]], runs: list[np.ndarray], count: int, where: str, notes: list[str]
) -> np.ndarray:
    """Directions where each run is plainly a block of up pulses and then a block of down pulses.

    The turn is the largest mean conductance of the runs at one place, which must be the same for all: runs of one length, and
    blocks of at least 5 pulses whose conductances rise and fall with a rank correlation of 0.8 or more.

    Raises
    ------
    TraceError: it is not plain; asks for a direction column.
    """
    ask = "add a direction column (up or down)"
    lengths = sorted({len(g) for _, g in named})
    if len(lengths) > 1:
        raise TraceError(
            f"{where}: no direction column, and series of {lengths} reads: where each turns cannot be told; {ask}"
        )
    turn = int(np.argmax(np.mean([g for _, g in named], axis=0)))
    way = np.zeros(count, int)
    for (name, g), run in zip(named, runs, strict=True):
        if min(turn, len(g) - 1 - turn) < _BLOCK or not (_trend(g[: turn + 1]) > _CLEAR and _trend(g[turn:]) < -_CLEAR):
            raise TraceError(f"{where}: no direction column, and {name} does not plainly rise and then fall; {ask}")
        way[run] = np.where(np.arange(len(g)) <= turn, 1, -1)
    notes.append(
        f"no direction column: taken as {turn} up pulses and then {lengths[0] - 1 - turn} down pulses in each series"
    )
    return way


def _trend(g: np.ndarray) -> float:
    """Rank correlation with the place (Spearman's); 0 for constant conductances."""
    from scipy.stats import rankdata

    ranks = rankdata(g)
    return 0.0 if np.ptp(ranks) == 0 else float(np.corrcoef(ranks, np.arange(len(g)))[0, 1])
