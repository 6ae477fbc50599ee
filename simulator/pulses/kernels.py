"""Pulses on the cells of an array, one after another: outer products, and counted pulses.

What one pulse does to a cell is in `apply_pulses`, for every law of `revpath.devices.response`. Trains are made in
`trains.py`; pulse-length management is that of IBM aihwkit (Rasch et al., arXiv:2104.02184 (2021)).
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel, ones
from .entries import PULSED_TOGETHER, draw_noise, packed, pair_of, rises, scratch_of
from .layout import (
    ALONE,
    AMPLITUDE,
    B_MAX,
    B_MIN,
    EXPONENT,
    FLOOR,
    GAMMA_UP,
    MULTIPLICATIVE,
    NOISE_FLOOR,
    NOISE_SLOPE,
    OFFSET,
    RISING,
    S_UP,
    SLOPE_UP,
    SPREAD,
    STEP_NOISE,
    STEP_UP,
    TARGET,
    TWICE_A,
    WRITE_NOISE,
)

BLOCK_COLUMNS = 64  # bit lines that one thread owns
SOFT_BOUNDS, AFFINE, EXPONENTIAL, POWER, TABLE, FRESH_WRITE = range(6)  # laws of one pulse, see `laws.py`
PLAIN = -1  # a law that is not here: see `plain.py`
_U64 = np.uint64


@kernel(draws=True)
def _moved(law, traits, p, side, falls, w, normal):
    """The state after one pulse on a cell that holds w, float32, by the laws that `apply_pulses` does not have itself.

    Parameters
    ----------
    law, traits
        of `laws.kernel_law` and `laws.traits_of`; or, of a `FRESH_WRITE`, whatever the cell holds, the target and the
        standard deviation of where it lands.
    p, side
        which cell (a view of its traits would cost as much as the rest).
    falls
        1 for a down pulse, 0 for an up pulse.
    """
    kind, numbers, tables = law
    if kind == FRESH_WRITE:
        return max(traits[p, side, TARGET] + traits[p, side, SPREAD] * normal, numbers[FLOOR])
    one, zero = np.float32(1.0), np.float32(0.0)
    s, high, low = traits[p, side, S_UP + falls], traits[p, side, B_MAX], traits[p, side, B_MIN]
    span = high - low
    change = zero
    scale = s
    if kind == EXPONENTIAL:
        if span > zero:
            z = numbers[TWICE_A] * w / span + numbers[OFFSET]
            change = s * max(one - numbers[AMPLITUDE + falls] * np.float32(np.exp(numbers[EXPONENT + falls] * z)), zero)
        scale = abs(change) + numbers[NOISE_FLOOR] + numbers[NOISE_SLOPE] * abs(w)
    elif span > zero:
        place = min(max((w - low) / span, zero), one)
        if kind == POWER:
            change = s * np.float32((one - place if falls == 0 else place) ** traits[p, side, GAMMA_UP + falls])
        else:
            place *= np.float32(tables.shape[1] - 1)
            i = min(np.int64(place), tables.shape[1] - 2)
            left = tables[falls, i]
            change = s * (left + (tables[falls, i + 1] - left) * (place - np.float32(i)))
    base = change if numbers[MULTIPLICATIVE] != zero else scale
    change += numbers[STEP_NOISE] * base * normal
    w = w - change if falls == 1 else w + change
    return min(max(w, low), high)


@kernel(draws=True)
def apply_pulses(cells, law, moving, entries, filled, normals):
    """Apply the first `filled` pulses of a list, in order, to the cells of their pairs; returns how many rise.

    Every pulse of the package is given here. (Not by an inlined function of one cell: Numba then counts references to
    the arrays at each pulse, which doubles the time of simple laws.)

    Parameters
    ----------
    cells
        state and shown, (pairs, 2) float32, what the cells hold and what a read sees of them; traits, (pairs, 2, n)
        float32: s_up, s_down, b_max, b_min of each cell, and what else its law needs; wear, (pairs, 2) int64: pulses
        that each cell has taken. Or (cells, 1) in place of (pairs, 2).
    law
        kind, numbers and tables, see `laws.kernel_law`.
    moving
        `BOTH` cells of a weight, `ALONE` where G- is a reference or where there is no second one, or `RISING`: G+ where
        the weight rises and G- where it falls, either by an up pulse.
    entries
        (at least filled,) uint64, see `entries.py`.
    normals
        (4, lanes) float32: noise of G+ and of G-, and their write noise.
    """
    state, shown, traits, wear = cells
    kind, numbers, _ = law
    c = numbers[STEP_NOISE]
    write = numbers[WRITE_NOISE]
    floor = numbers[FLOOR]
    multiplicative = numbers[MULTIPLICATIVE] != np.float32(0.0)
    one = np.float32(1.0)
    zero = np.float32(0.0)
    sides = 1 if moving == ALONE else 2
    raised = 0
    for e in range(filled):
        p = pair_of(entries[e])
        up = rises(entries[e])
        raised += up
        for side in range(sides):
            falls = up ^ (1 - side)  # 0 or 1: the two cells of a pair go opposite ways
            if falls == 1 and moving == RISING:
                continue
            w = state[p, side]
            if kind == SOFT_BOUNDS:
                s = traits[p, side, S_UP + falls] * np.float32(1 - 2 * falls)
                bound = traits[p, side, B_MAX + falls]
                w += s * (one - (w / bound if bound != zero else zero) + c * normals[side, e])
                w = min(max(w, traits[p, side, B_MIN]), traits[p, side, B_MAX])
            elif kind == AFFINE:
                change = traits[p, side, STEP_UP + falls] + traits[p, side, SLOPE_UP + falls] * w
                change += c * (change if multiplicative else traits[p, side, S_UP + falls]) * normals[side, e]
                w = min(max(w + change * np.float32(1 - 2 * falls), traits[p, side, B_MIN]), traits[p, side, B_MAX])
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
    return apply_pulses(cells, law, moving, entries, filled, scratch.normals)


@kernel(draws=True)
def _listed(entries, places, counts, k):
    """Entries (see `apply_pulses`) for pulse k of the pairs that take more than k, up where counts are positive; how many."""
    filled = 0
    for e in range(counts.size):
        if abs(counts[e]) > k:
            entries[filled] = packed(places[e], k, counts[e] > 0)
            filled += 1
    return filled


@kernel(parallel=True, draws=True)
def counted_pulses(cells, law, moving, counts, first, stop, step, key):
    """So many pulses on each weight, up where positive, or those of them from `first` on and before `stop`.

    Pulses k = 0, 1, ... of weight p have the address (p, k, step), so that it does not matter into how many calls they are cut.

    Parameters
    ----------
    cells, law, moving
        see `apply_pulses`.
    counts
        (pairs,) int64, below 2**31 in size.
    step, key
        address.
    """
    for block in prange((counts.size + PULSED_TOGETHER - 1) // PULSED_TOGETHER):
        start = block * PULSED_TOGETHER
        here = counts[start : start + PULSED_TOGETHER]
        entries = np.empty(PULSED_TOGETHER, np.uint64)
        scratch = scratch_of(PULSED_TOGETHER)
        places = np.arange(start, start + here.size)
        most = 0
        for j in range(here.size):
            most = max(most, abs(here[j]))
        for k in range(first, min(most, stop)):
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
def _fire_block(cells, law, moving, words, lines, scratch, columns, address):
    """One sample on one block of columns; returns pairs moved up and down.

    Parameters
    ----------
    cells, law, moving, scratch
        see `apply_pulses`.
    words
        word lines that may fire: numbers int64, trains uint64, inputs float32; (n,) each.
    lines
        the bit lines that fire at all: trains, entries on row 0, and working space; (n,) each.
    columns
        of the array.
    address
        (step, key).
    """
    numbers, x_trains, x = words
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
        negative = packed(0, 0, x[i] < 0)
        for k in range(most):
            here = packed(numbers[i] * columns, k, 0)
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


@kernel(draws=True)
def _bit_lines(trains, values, first, fires, places, counts):
    """The bit lines from `first` on that fire at all, as `_fire_block` takes them; fires, places, counts: working space."""
    n = 0
    for j in range(trains.size):
        fires[n] = trains[j]
        places[n] = packed(first + j, 0, values[j] > 0)
        n += np.int64(trains[j] != _U64(0))
    return fires[:n], places[:n], counts[:n]


@kernel(parallel=True, draws=True)
def pulsed_update(cells, law, moving, x_trains, x, d_trains, d, steps, key, pulses):
    """Outer products of a batch, sample after sample, on an array of pairs of cells.

    Threads own blocks of 64 columns, so no cell is touched by two of them and the order of pulses on a cell is that of
    the samples, whatever the number of threads.

    Parameters
    ----------
    cells, law, moving
        see `apply_pulses`.
    x_trains, d_trains
        (batch, rows or columns) uint64, of `trains.line_trains`.
    x, d
        (batch, rows or columns) float32.
    steps
        (batch,) uint64, of the samples.
    key
        of the cells' noise.
    pulses
        out, (blocks, 2) int64: pairs moved up, pairs moved down.
    """
    columns = d.shape[1]
    every = np.arange(x.shape[1])
    for block in prange(pulses.shape[0]):
        first = block * BLOCK_COLUMNS
        width = min(BLOCK_COLUMNS, columns - first)
        fires = np.empty(width, np.uint64)
        places = np.empty(width, np.uint64)
        counts = np.empty(width, np.int64)
        scratch = scratch_of(PULSED_TOGETHER)
        up = 0
        down = 0
        for s in range(x.shape[0]):
            lines = _bit_lines(
                d_trains[s, first : first + width], d[s, first : first + width], first, fires, places, counts
            )
            words = (every, x_trains[s], x[s])
            raised, lowered = _fire_block(cells, law, moving, words, lines, scratch, columns, (steps[s], key))
            up += raised
            down += lowered
        pulses[block, 0] = up
        pulses[block, 1] = down


@kernel(parallel=True, draws=True)
def pulsed_rows(cells, law, moving, rows, x_trains, d_trains, d, steps, key, pulses):
    """The same for inputs of 1 on one word line a sample: rows (batch,) int64, and trains of these lines alone, (batch,) uint64."""
    columns = d.shape[1]
    for block in prange(pulses.shape[0]):
        first = block * BLOCK_COLUMNS
        width = min(BLOCK_COLUMNS, columns - first)
        fires = np.empty(width, np.uint64)
        places = np.empty(width, np.uint64)
        counts = np.empty(width, np.int64)
        scratch = scratch_of(PULSED_TOGETHER)
        one = np.ones(1, np.float32)
        up = 0
        down = 0
        for s in range(rows.size):
            lines = _bit_lines(
                d_trains[s, first : first + width], d[s, first : first + width], first, fires, places, counts
            )
            words = (rows[s : s + 1], x_trains[s : s + 1], one)
            raised, lowered = _fire_block(cells, law, moving, words, lines, scratch, columns, (steps[s], key))
            up += raised
            down += lowered
        pulses[block, 0] = up
        pulses[block, 1] = down
