"""Pulses on the cells of an array, one after another: outer products, and counted pulses.

What one pulse does to a cell is in `apply_pulses`, for every law of `revpath.devices.response`. Trains are made in
`pulse_trains.py`; pulse-length management is that of IBM aihwkit (../shared/references/aihwkit.md, 1.3).
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel, ones
from ..noise.streams import normals_from_words, philox_lanes

BLOCK_COLUMNS = 64  # bit lines that one thread owns
PULSED_TOGETHER = 256  # pulses that are worked on side by side
SUM = 1 << 31  # bit of the Philox counter that no pulse of its own has: the address of a sum of pulses
SOFT_BOUNDS, AFFINE, EXPONENTIAL, POWER, TABLE, FRESH_WRITE = range(6)  # laws of one pulse, see `pulse_laws.py`
_U64 = np.uint64


@kernel(draws=True)
def _moved(law, traits, p, side, falls, w, normal):
    """The state after one pulse on a cell that holds w, float32, by the laws that `apply_pulses` does not have itself.

    Parameters
    ----------
    law, traits: of `pulse_laws.kernel_law` and `pulse_laws.traits_of`; or, of a `FRESH_WRITE`, whatever the cell holds,
        the target and the standard deviation of where it lands. p, side: which cell (a view of its traits would cost
        as much as the rest). falls: 1 for a down pulse, 0 for an up pulse.
    """
    kind, numbers, tables = law
    if kind == FRESH_WRITE:
        return max(traits[p, side, 0] + traits[p, side, 1] * normal, numbers[2])
    one, zero = np.float32(1.0), np.float32(0.0)
    s, high, low = traits[p, side, falls], traits[p, side, 2], traits[p, side, 3]
    span = high - low
    change = zero
    scale = s
    if kind == EXPONENTIAL:
        if span > zero:
            z = numbers[8] * w / span + numbers[9]
            change = s * max(one - numbers[4 + falls] * np.float32(np.exp(numbers[6 + falls] * z)), zero)
        scale = abs(change) + numbers[10] + numbers[11] * abs(w)
    elif span > zero:
        place = min(max((w - low) / span, zero), one)
        if kind == POWER:
            change = s * np.float32((one - place if falls == 0 else place) ** traits[p, side, 4 + falls])
        else:
            place *= np.float32(tables.shape[1] - 1)
            i = min(np.int64(place), tables.shape[1] - 2)
            left = tables[falls, i]
            change = s * (left + (tables[falls, i + 1] - left) * (place - np.float32(i)))
    base = change if numbers[3] != zero else scale
    change += numbers[0] * base * normal
    w = w - change if falls == 1 else w + change
    return min(max(w, low), high)


@kernel(draws=True)
def draw_noise(entries, filled, scratch, step, key):
    """Four normals for each of the first `filled` entries of `apply_pulses`, into the last array of `scratch`.

    scratch: working space of whole vectors of lanes: Philox counters (low, high), words, radius, normals. step, key: address.
    """
    low, high, words, radius, normals = scratch
    lanes = (filled + 7) & ~7  # whole vectors; what is made too much is not used
    for e in range(lanes):
        low[e] = entries[e] & _U64(0xFFFFFFFF)
        high[e] = (entries[e] >> _U64(32)) & _U64(0x7FFFFFFF)
    philox_lanes(words, low[:lanes], high[:lanes], step, key)
    normals_from_words(words, radius[:lanes], normals)


@kernel(draws=True)
def apply_pulses(cells, law, moving, entries, filled, normals):
    """Apply the first `filled` pulses of a list, in order, to the cells of their pairs; returns how many rise.

    Every pulse of the package is given here. (Not by an inlined function of one cell: Numba then counts references to
    the arrays at each pulse, which doubles the time of simple laws.)

    Parameters
    ----------
    cells: state and shown, (pairs, 2) float32, what the cells hold and what a read sees of them; traits, (pairs, 2, n)
        float32: s_up, s_down, b_max, b_min of each cell, and what else its law needs; wear, (pairs, 2) int64: pulses
        that each cell has taken. Or (cells, 1) in place of (pairs, 2).
    law: kind, numbers and tables, see `pulse_laws.kernel_law`.
    moving: cells of a weight that move: 2, or 1 where G- is a reference, or where there is no second one.
    entries: (at least filled,) uint64: index of the pair in bits 0 to 31 and number of the pulse within its train in
        bits 32 to 62, which together are its Philox counter; bit 63 is set where the weight goes up.
    normals: (4, lanes) float32: noise of G+ and of G-, and their write noise.
    """
    state, shown, traits, wear = cells
    kind, numbers, _ = law
    c = numbers[0]
    write = numbers[1]
    floor = numbers[2]
    multiplicative = numbers[3] != np.float32(0.0)
    one = np.float32(1.0)
    zero = np.float32(0.0)
    raised = 0
    for e in range(filled):
        p = np.int64(entries[e] & _U64(0xFFFFFFFF))
        up = np.int64(entries[e] >> _U64(63))
        raised += up
        for side in range(moving):
            falls = up ^ (1 - side)  # 0 or 1: the two cells of a pair go opposite ways
            w = state[p, side]
            if kind == SOFT_BOUNDS:
                s = traits[p, side, falls] * np.float32(1 - 2 * falls)
                bound = traits[p, side, 2 + falls]
                w += s * (one - (w / bound if bound != zero else zero) + c * normals[side, e])
                w = min(max(w, traits[p, side, 3]), traits[p, side, 2])
            elif kind == AFFINE:
                change = traits[p, side, 6 + falls] + traits[p, side, 4 + falls] * w
                change += c * (change if multiplicative else traits[p, side, falls]) * normals[side, e]
                w = min(max(w + change * np.float32(1 - 2 * falls), traits[p, side, 3]), traits[p, side, 2])
            else:
                w = _moved(law, traits, p, side, falls, w, normals[side, e])
            state[p, side] = w
            shown[p, side] = max(w + write * normals[2 + side, e], floor)
            wear[p, side] += 1
    return raised


@kernel(draws=True)
def fire_pulses(cells, law, moving, entries, filled, scratch, step, key):
    """`apply_pulses` with normals of their own. scratch, step, key: see `draw_noise`."""
    draw_noise(entries, filled, scratch, step, key)
    return apply_pulses(cells, law, moving, entries, filled, scratch[4])


@kernel(draws=True)
def _listed(entries, places, counts, k):
    """Entries (see `apply_pulses`) for pulse k of the pairs that take more than k, up where counts are positive; how many."""
    filled = 0
    for e in range(counts.size):
        if abs(counts[e]) > k:
            entries[filled] = _U64(places[e]) | (_U64(k) << _U64(32)) | (_U64(counts[e] > 0) << _U64(63))
            filled += 1
    return filled


@kernel(parallel=True, draws=True)
def counted_pulses(cells, law, moving, counts, step, key):
    """So many pulses on each weight, up where positive; pulses k = 0, 1, ... of weight p have the address (p, k, step).

    Parameters
    ----------
    cells, law, moving: see `apply_pulses`. counts: (pairs,) int64, below 2**31 in size. step, key: address.
    """
    for block in prange((counts.size + PULSED_TOGETHER - 1) // PULSED_TOGETHER):
        first = block * PULSED_TOGETHER
        here = counts[first : first + PULSED_TOGETHER]
        entries = np.empty(PULSED_TOGETHER, np.uint64)
        low = np.empty(PULSED_TOGETHER, np.uint32)
        high = np.empty(PULSED_TOGETHER, np.uint32)
        words = np.empty((4, PULSED_TOGETHER), np.uint32)
        radius = np.empty(PULSED_TOGETHER, np.float32)
        normals = np.empty((4, PULSED_TOGETHER), np.float32)
        scratch = (low, high, words, radius, normals)
        places = np.arange(first, first + here.size)
        most = 0
        for j in range(here.size):
            most = max(most, abs(here[j]))
        for k in range(most):
            filled = _listed(entries, places, here, k)
            fire_pulses(cells, law, moving, entries, filled, scratch, step, key)


@kernel(draws=True)
def _coincidences(counts, word_train, trains):
    """counts[f] <- slots in which the word line and bit line f both fire; returns the largest and the sum."""
    total = 0
    most = 0
    for f in range(trains.size):
        n = np.int64(ones(word_train & trains[f]))
        counts[f] = n
        total += n
        most = max(most, n)
    return most, total


@kernel(draws=True)
def _fire_block(cells, law, moving, x_trains, x, lines, scratch, columns, address):
    """One sample on one block of columns; returns pairs moved up and down.

    Parameters
    ----------
    cells, law, moving, scratch: see `apply_pulses`. x_trains (rows,) uint64, x (rows,) float32: the word lines.
    lines: the bit lines that fire at all: trains, entries on row 0, and working space; (n,) each.
    columns: of the array. address: (step, key).
    """
    trains, places, counts = lines
    step, key = address
    entries = np.empty(PULSED_TOGETHER + BLOCK_COLUMNS, np.uint64)
    raised = 0
    moved = 0
    filled = 0
    for i in range(x_trains.size):
        if x_trains[i] == _U64(0):
            continue
        most, total = _coincidences(counts, x_trains[i], trains)
        moved += total
        negative = _U64(x[i] < 0) << _U64(63)
        for k in range(most):
            here = _U64(i * columns) | (_U64(k) << _U64(32))
            for f in range(trains.size):
                entries[filled] = (places[f] + here) ^ negative
                filled += np.int64(counts[f] > k)
            if filled >= PULSED_TOGETHER:
                raised += fire_pulses(cells, law, moving, entries, PULSED_TOGETHER, scratch, step, key)
                filled -= PULSED_TOGETHER
                for e in range(filled):
                    entries[e] = entries[PULSED_TOGETHER + e]
    if filled:
        raised += fire_pulses(cells, law, moving, entries, filled, scratch, step, key)
    return raised, moved - raised


@kernel(parallel=True, draws=True)
def pulsed_update(cells, law, moving, x_trains, x, d_trains, d, steps, key, pulses):
    """Outer products of a batch, sample after sample, on an array of pairs of cells.

    Threads own blocks of 64 columns, so no cell is touched by two of them and the order of pulses on a cell is that of
    the samples, whatever the number of threads.

    Parameters
    ----------
    cells, law, moving: see `apply_pulses`. x_trains, d_trains: (batch, rows or columns) uint64, of `pulse_trains.line_trains`.
    x, d: (batch, rows or columns) float32. steps: (batch,) uint64, of the samples. key: of the cells' noise.
    pulses: out, (blocks, 2) int64: pairs moved up, pairs moved down.
    """
    columns = d.shape[1]
    for block in prange(pulses.shape[0]):
        first = block * BLOCK_COLUMNS
        width = min(BLOCK_COLUMNS, columns - first)
        fires = np.empty(width, np.uint64)
        places = np.empty(width, np.uint64)
        counts = np.empty(width, np.int64)
        low = np.empty(PULSED_TOGETHER, np.uint32)
        high = np.empty(PULSED_TOGETHER, np.uint32)
        words = np.empty((4, PULSED_TOGETHER), np.uint32)
        radius = np.empty(PULSED_TOGETHER, np.float32)
        normals = np.empty((4, PULSED_TOGETHER), np.float32)
        scratch = (low, high, words, radius, normals)
        up = 0
        down = 0
        for s in range(x.shape[0]):
            n = 0
            for j in range(first, first + width):
                fires[n] = d_trains[s, j]
                places[n] = _U64(j) | (_U64(d[s, j] > 0) << _U64(63))
                n += np.int64(d_trains[s, j] != _U64(0))
            lines = (fires[:n], places[:n], counts[:n])
            raised, lowered = _fire_block(
                cells, law, moving, x_trains[s], x[s], lines, scratch, columns, (steps[s], key)
            )
            up += raised
            down += lowered
        pulses[block, 0] = up
        pulses[block, 1] = down
