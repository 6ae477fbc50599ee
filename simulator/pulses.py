"""Stochastic pulse trains and what they do to soft-bounds cells: the in-array outer-product update.

Gokmen & Vlasov, "Acceleration of deep neural network training with resistive cross-point devices", Front. Neurosci. 10:333
(2016), section "Stochastic update rule"; pulse-length management as in IBM aihwkit (../shared/references/aihwkit.md, 1.3).

These kernels call the compiled Philox and Box-Muller of `noise.py`, in another file, which the cache of Numba does not
track. It is safe because those two functions are frozen by known-answer tests: changing them changes every result.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from .compile import kernel
from .noise import normals_from_words, philox_lanes

PULSE_BITS = 16  # resolution of the firing probability of a line, and random bits that one slot of one line takes
LONGEST_TRAIN = 63
_LANES = 64  # lines of a block
_CHUNK = 256  # coincidences that are worked on side by side
_U64 = np.uint64


def train_length(rate: float, x_max: float, d_max: float, granularity: float, longest: int) -> tuple[int, float, float]:
    """How many slots an outer product takes and how line values become firing probabilities.

    Parameters
    ----------
    rate: learning rate; x_max, d_max: largest magnitudes on either side of the outer product.
    granularity: weight change of one coincidence.
    longest: largest number of slots allowed.

    Returns
    -------
    slots, d_gain, x_gain: P(word line fires) = min(x_gain |x|, 1), P(bit line fires) = min(d_gain |d|, 1), such that
    slots x granularity x P x P = rate |x| |d| where nothing saturates. Slots are 0 where there is nothing to do.
    """
    wanted = rate * x_max * d_max / granularity
    if wanted == 0:
        return 0, 0.0, 0.0
    slots = min(math.ceil(wanted), longest)
    gain = math.sqrt(rate / (granularity * slots))
    if wanted > longest:
        d_max *= longest / wanted
    ratio = math.sqrt(x_max / d_max)
    return slots, gain * ratio, gain / ratio


@kernel()
def pulse_trains(trains, thresholds, slots, first_line, step, key, scratch):
    """Bernoulli trains: bit k of trains[l] is 1 where line l fires in slot k.

    Parameters
    ----------
    trains: out, (lines,) uint64. thresholds: (lines,) int32, probability x 2**16.
    slots: number of slots, at most 63. first_line: number of line 0. step, key: address. scratch: see `_fire`.
    """
    low, high, words = scratch[:3]
    for start in range(0, trains.size, _LANES):
        fires = trains[start : start + _LANES]
        limits = thresholds[start : start + _LANES]
        lanes = (fires.size + 7) & ~7
        largest = np.int32(0)
        for i in range(fires.size):
            fires[i] = _U64(0)
            largest = max(largest, limits[i])
        if largest == 0:
            continue
        for group in range((slots + 7) // 8):
            for i in range(lanes):
                low[i] = first_line + start + i
                high[i] = group
            philox_lanes(words, low[:lanes], high, step, key)
            for k in range(min(8, slots - 8 * group)):
                slot = _U64(8 * group + k)
                half = np.uint32(16 * (k & 1))
                word = words[k >> 1]
                for i in range(fires.size):
                    draw = np.int32((word[i] >> half) & np.uint32(0xFFFF))
                    fires[i] |= _U64(draw < limits[i]) << slot


@kernel(inline=True)
def _popcount(v):
    v = v - ((v >> _U64(1)) & _U64(0x5555555555555555))
    v = (v & _U64(0x3333333333333333)) + ((v >> _U64(2)) & _U64(0x3333333333333333))
    v = (v + (v >> _U64(4))) & _U64(0x0F0F0F0F0F0F0F0F)
    v = v + (v >> _U64(8))
    v = v + (v >> _U64(16))
    return (v + (v >> _U64(32))) & _U64(0x7F)


@kernel()
def _fire(cells, noise, entries, filled, scratch, step, key):
    """Apply the first `filled` coincidences of a list, in order, to both cells of their pairs; returns how many went up.

    Parameters
    ----------
    cells: state and shown, (pairs, 2) float32, what the cells hold and what a read sees of them; traits, (pairs, 2, 4)
        float32: s_up, s_down, b_max, b_min of each cell.
    noise: (cycle-to-cycle noise, write noise x step, lowest state that can be shown), float32.
    entries: (at least filled,) uint64: index of the pair in bits 0 to 31 and number of the pulse within its train in bits 32 to
        62, which together are its Philox counter; bit 63 is set where the weight goes up.
    scratch: working space of `_CHUNK` lanes: Philox counters (low, high), words, radius, normals. step, key: address.
    """
    state, shown, traits = cells
    low, high, words, radius, normals = scratch
    lanes = (filled + 7) & ~7  # whole vectors; what is made too much is not used
    low = low[:lanes]
    high = high[:lanes]
    for e in range(lanes):
        low[e] = entries[e] & _U64(0xFFFFFFFF)
        high[e] = (entries[e] >> _U64(32)) & _U64(0x7FFFFFFF)
    philox_lanes(words, low, high, step, key)
    normals_from_words(words, radius[:lanes], normals)
    c = noise[0]
    write = noise[1]
    floor = noise[2]
    one = np.float32(1.0)
    raised = 0
    for e in range(filled):
        p = np.int64(low[e])
        up = np.int64(entries[e] >> _U64(63))
        raised += up
        for side in range(2):
            falls = up ^ (1 - side)  # 0 or 1: the two cells of a pair go opposite ways
            w = state[p, side]
            s = traits[p, side, falls] * np.float32(1 - 2 * falls)
            w += s * (one - w / traits[p, side, 2 + falls] + c * normals[side, e])
            w = min(max(w, traits[p, side, 3]), traits[p, side, 2])
            state[p, side] = w
            shown[p, side] = max(w + write * normals[2 + side, e], floor)
    return raised


@kernel(parallel=True)
def word_trains(trains, thresholds, plan, key):
    """Trains of the word lines of a batch: (batch, rows) uint64 from (batch, rows) int32 thresholds; see `pulse_trains`."""
    for s in prange(trains.shape[0]):
        low = np.empty(_LANES, np.uint32)
        high = np.empty(_LANES, np.uint32)
        words = np.empty((4, _LANES), np.uint32)
        pulse_trains(trains[s], thresholds[s], np.int64(plan[s, 0]), 0, plan[s, 1], key, (low, high, words))


@kernel()
def _coincidences(counts, word_train, trains):
    """counts[f] <- slots in which the word line and bit line f both fire; returns the largest and the sum."""
    total = 0
    most = 0
    for f in range(trains.size):
        n = np.int64(_popcount(word_train & trains[f]))
        counts[f] = n
        total += n
        most = max(most, n)
    return most, total


@kernel()
def _fire_block(cells, noise, x_trains, x_signs, lines, scratch, columns, address):
    """One sample on one block of columns; returns pairs moved up and down.

    Parameters
    ----------
    cells, noise, scratch: see `_fire`. x_trains (rows,) uint64, x_signs (rows,) int8: the word lines.
    lines: the bit lines that fire at all: their trains, their entries (see `_fire`) on row 0, and working space; (n,) each.
    columns: of the array. address: (step, key).
    """
    trains, places, counts = lines
    step, key = address
    entries = np.empty(_CHUNK + _LANES, np.uint64)
    raised = 0
    moved = 0
    filled = 0
    for i in range(x_trains.size):
        if x_trains[i] == _U64(0):
            continue
        most, total = _coincidences(counts, x_trains[i], trains)
        moved += total
        negative = _U64(x_signs[i] < 0) << _U64(63)
        for k in range(most):
            here = _U64(i * columns) | (_U64(k) << _U64(32))
            for f in range(trains.size):
                entries[filled] = (places[f] + here) ^ negative
                filled += np.int64(counts[f] > k)
            if filled >= _CHUNK:
                raised += _fire(cells, noise, entries, _CHUNK, scratch, step, key)
                filled -= _CHUNK
                for e in range(filled):
                    entries[e] = entries[_CHUNK + e]
    if filled:
        raised += _fire(cells, noise, entries, filled, scratch, step, key)
    return raised, moved - raised


@kernel(parallel=True)
def soft_bounds_update(cells, noise, x_trains, x_signs, d_thresholds, d_signs, plan, keys, pulses):
    """Outer products of a batch, sample after sample, on an array of soft-bounds pairs.

    Threads own blocks of 64 columns, so no cell is touched by two of them and the order of pulses on a cell is that of the
    samples, whatever the number of threads.

    Parameters
    ----------
    cells, noise: see `_fire`.
    x_trains: (batch, rows) uint64; x_signs, d_signs: (batch, rows or columns) int8 in {-1, 0, 1}.
    d_thresholds: (batch, columns) int32. plan: (batch, 2) uint64: slots, and step of the sample.
    keys: Philox keys of the bit-line trains and of the cells' noise.
    pulses: out, (blocks, 3) int64: pairs moved up, pairs moved down, bit-line pulses.
    """
    batch = x_trains.shape[0]
    columns = d_thresholds.shape[1]
    for block in prange(pulses.shape[0]):
        first = block * _LANES
        stop = min(first + _LANES, columns)
        trains = np.empty(stop - first, np.uint64)
        fires = np.empty(stop - first, np.uint64)
        places = np.empty(stop - first, np.uint64)
        counts = np.empty(stop - first, np.int64)
        low = np.empty(_CHUNK, np.uint32)
        high = np.empty(_CHUNK, np.uint32)
        words = np.empty((4, _CHUNK), np.uint32)
        radius = np.empty(_CHUNK, np.float32)
        normals = np.empty((4, _CHUNK), np.float32)
        scratch = (low, high, words, radius, normals)
        ups = 0
        downs = 0
        line_pulses = 0
        for s in range(batch):
            slots = np.int64(plan[s, 0])
            if slots == 0:
                continue
            step = plan[s, 1]
            pulse_trains(trains, d_thresholds[s, first:stop], slots, first, step, keys[0], scratch)
            n = 0
            for j in range(trains.size):
                line_pulses += np.int64(_popcount(trains[j]))
                fires[n] = trains[j]
                places[n] = _U64(first + j) | (_U64(d_signs[s, first + j] > 0) << _U64(63))
                n += np.int64(trains[j] != _U64(0))
            raised, lowered = _fire_block(
                cells,
                noise,
                x_trains[s],
                x_signs[s],
                (fires[:n], places[:n], counts[:n]),
                scratch,
                columns,
                (step, keys[1]),
            )
            ups += raised
            downs += lowered
        pulses[block, 0] = ups
        pulses[block, 1] = downs
        pulses[block, 2] = line_pulses
