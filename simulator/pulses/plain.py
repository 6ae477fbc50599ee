"""Pulses of laws that no kernel knows, in NumPy by `PulsedResponse.pulse`: the same addresses, the same law, but slow.

A law that a user defines trains by this at once; registering a kernel (`laws.kernel_of`) makes it fast.
"""

from __future__ import annotations

import numpy as np

from .entries import RISES, draw_noise, scratch_of
from .kernels import PLAIN, counted_pulses
from .laws import PulsedCells, cells_of
from .layout import ALONE, FLOOR, RISING

_SLOTS = 63  # bits of a train


def give_pulses(
    cells: PulsedCells, counts: np.ndarray, first: int, stop: int, step: np.uint64, key: np.ndarray
) -> None:
    """Counted pulses by the kernel of the law, or by NumPy where there is none; see `kernels.counted_pulses`."""
    if cells.law.kind != PLAIN:
        counted_pulses(cells.contents, cells.law, cells.moving, counts, first, stop, step, key)
        return
    sizes = np.abs(counts)
    for k in range(first, min(int(sizes.max(initial=0)), stop)):
        pairs = np.flatnonzero(sizes > k)
        _one_pulse_each(cells, pairs, counts[pairs] > 0, k, step, key)


def coincidences(x_trains: np.ndarray, d_trains: np.ndarray) -> np.ndarray:
    """Slots (rows, columns) int64 in which a word line and a bit line both fire, of trains (rows,) and (columns,) uint64.

    Examples
    --------
    >>> coincidences(np.array([0b110, 0b001], np.uint64), np.array([0b010, 0b111], np.uint64)).tolist()
    [[1, 2], [0, 1]]
    """
    slots = np.arange(_SLOTS, dtype=np.uint64)
    x, d = (((trains[:, np.newaxis] >> slots) & np.uint64(1)).astype(np.int64) for trains in (x_trains, d_trains))
    return x @ d.T


def _one_pulse_each(
    cells: PulsedCells, pairs: np.ndarray, up: np.ndarray, k: int, step: np.uint64, key: np.ndarray
) -> None:
    """Pulse number k of some pairs (n,), up where the weight rises."""
    state, shown, _, wear = cells.contents
    normals = _normals(pairs, up, k, step, key)
    response, parameters, floor = cells.response, cells.parameters, cells.law.numbers[FLOOR]
    for side in range(1 if cells.moving == ALONE else 2):
        rises = up if side == 0 else ~up
        if cells.moving == RISING:
            chosen = np.flatnonzero(up == (side == 0))
            rises = np.ones(len(up), bool)
        else:
            chosen = np.arange(len(pairs))
        here, xi = pairs[chosen], normals[:, chosen].astype(float)
        w = response.pulse(state[here, side], rises[chosen], xi[side], cells_of(parameters, (here, side)))
        state[here, side] = w
        shown[here, side] = np.maximum(response.shown(w, xi[2 + side]), floor)
        wear[here, side] += 1


def _normals(pairs: np.ndarray, up: np.ndarray, k: int, step: np.uint64, key: np.ndarray) -> np.ndarray:
    """Normals (4, n) of pulse k of pairs (n,), those that a kernel would draw."""
    lanes = (len(pairs) + 7) & ~7
    entries = np.zeros(lanes, np.uint64)
    entries[: len(pairs)] = (
        pairs.astype(np.uint64) | (np.uint64(k) << np.uint64(32)) | (up.astype(np.uint64) << np.uint64(RISES))
    )
    scratch = scratch_of(lanes)
    draw_noise(entries, len(pairs), scratch, step, key)
    return scratch.normals[:, : len(pairs)]
