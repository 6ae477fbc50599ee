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
_LANES = 64
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
def pulse_trains(trains, thresholds, slots, first_line, step, key):
    """Bernoulli trains: bit k of trains[l] is 1 where line l fires in slot k.

    Parameters
    ----------
    trains: out, (lines,) uint64. thresholds: (lines,) int32, probability x 2**16.
    slots: number of slots, at most 63. first_line: number of line 0. step, key: address.
    """
    low = np.empty(_LANES, np.uint32)
    high = np.empty(_LANES, np.uint32)
    words = np.empty((4, _LANES), np.uint32)
    fires = np.empty(_LANES, np.uint64)
    limits = np.empty(_LANES, np.int32)
    lines = trains.size
    for start in range(0, lines, _LANES):
        width = min(_LANES, lines - start)
        limits[:] = 0
        limits[:width] = thresholds[start : start + width]
        busy = False
        for i in range(_LANES):
            busy |= limits[i] > 0
            fires[i] = _U64(0)
            low[i] = first_line + start + i
        if busy:
            for group in range((slots + 7) // 8):
                for i in range(_LANES):
                    high[i] = group
                philox_lanes(words, low, high, step, key)
                for k in range(min(8, slots - 8 * group)):
                    slot = _U64(8 * group + k)
                    half = np.uint32(16 * (k & 1))
                    word = words[k >> 1]
                    for i in range(_LANES):
                        draw = np.int32((word[i] >> half) & np.uint32(0xFFFF))
                        fires[i] |= _U64(draw < limits[i]) << slot
        trains[start : start + width] = fires[:width]


@kernel(inline=True)
def _popcount(v):
    v = v - ((v >> _U64(1)) & _U64(0x5555555555555555))
    v = (v & _U64(0x3333333333333333)) + ((v >> _U64(2)) & _U64(0x3333333333333333))
    v = (v + (v >> _U64(4))) & _U64(0x0F0F0F0F0F0F0F0F)
    v = v + (v >> _U64(8))
    v = v + (v >> _U64(16))
    return (v + (v >> _U64(32))) & _U64(0x7F)


@kernel()
def fire_soft_bounds(state, shown, cells, traits, pair, noise, low, high, step, key):
    """Apply listed coincidences, in order, to both cells of their pairs.

    Parameters
    ----------
    state, shown: (pairs, 2) float32, what the cells hold and what a read sees of them.
    cells: how many entries of low, high and pair are filled (at most 64).
    traits: (pairs, 2, 4) float32: s_up, s_down, b_max, b_min of each cell.
    pair: (64,) int64, index of the pair with the sign of the change: p + 1 for up, -(p + 1) for down.
    noise: (cycle-to-cycle noise, write noise x step, lowest state that can be shown).
    low, high: (64,) uint32 Philox counters: pair index, and number of the pulse within its train.
    """
    words = np.empty((4, _LANES), np.uint32)
    radius = np.empty(_LANES, np.float32)
    normals = np.empty((4, _LANES), np.float32)
    philox_lanes(words, low, high, step, key)
    normals_from_words(words, radius, normals)
    c = noise[0]
    write = noise[1]
    floor = noise[2]
    one = np.float32(1.0)
    for e in range(cells):
        up_first = pair[e] > 0
        p = pair[e] - 1 if up_first else -pair[e] - 1
        for side in range(2):
            w = state[p, side]
            if up_first == (side == 0):
                w += traits[p, side, 0] * (one - w / traits[p, side, 2] + c * normals[side, e])
            else:
                w -= traits[p, side, 1] * (one - w / traits[p, side, 3] + c * normals[side, e])
            w = min(max(w, traits[p, side, 3]), traits[p, side, 2])
            state[p, side] = w
            shown[p, side] = max(w + write * normals[2 + side, e], floor)


@kernel(parallel=True)
def word_trains(trains, thresholds, plan, key):
    """Trains of the word lines of a batch: (batch, rows) uint64 from (batch, rows) int32 thresholds; see `pulse_trains`."""
    for s in prange(trains.shape[0]):
        pulse_trains(trains[s], thresholds[s], np.int64(plan[s, 0]), 0, plan[s, 1], key)


@kernel(parallel=True)
def soft_bounds_update(state, shown, traits, noise, x_trains, x_signs, d_thresholds, d_signs, plan, keys, pulses):
    """Outer products of a batch, sample after sample, on an array of soft-bounds pairs.

    Threads own blocks of 64 columns, so no cell is touched by two of them and the order of pulses on a cell is that of the
    samples, whatever the number of threads.

    Parameters
    ----------
    state, shown, traits: (rows x columns, 2[, 4]), see `fire_soft_bounds`.
    x_trains: (batch, rows) uint64; x_signs, d_signs: (batch, rows or columns) int8 in {-1, 0, 1}.
    d_thresholds: (batch, columns) int32. plan: (batch, 2) uint64: slots, and step of the sample.
    keys: Philox keys of the bit-line trains and of the cells' noise.
    pulses: out, (blocks, 3) int64: pairs moved up, pairs moved down, bit-line pulses.
    """
    batch, rows = x_trains.shape
    columns = d_thresholds.shape[1]
    blocks = pulses.shape[0]
    for block in prange(blocks):
        first = block * _LANES
        width = min(_LANES, columns - first)
        trains = np.empty(width, np.uint64)
        firing = np.empty(width, np.int64)
        low = np.zeros(_LANES, np.uint32)
        high = np.zeros(_LANES, np.uint32)
        pair = np.zeros(_LANES, np.int64)
        ups = 0
        downs = 0
        line_pulses = 0
        for s in range(batch):
            slots = np.int64(plan[s, 0])
            if slots == 0:
                continue
            step = plan[s, 1]
            pulse_trains(trains, d_thresholds[s, first : first + width], slots, first, step, keys[0])
            n_firing = 0
            for j in range(width):
                if trains[j] != _U64(0):
                    firing[n_firing] = j
                    n_firing += 1
                    line_pulses += np.int64(_popcount(trains[j]))
            filled = 0
            for i in range(rows):
                x_train = x_trains[s, i]
                if x_train == _U64(0):
                    continue
                for f in range(n_firing):
                    j = firing[f]
                    n = np.int64(_popcount(x_train & trains[j]))
                    if n == 0:
                        continue
                    cell = i * columns + first + j
                    up = x_signs[s, i] == d_signs[s, first + j]
                    if up:
                        ups += n
                    else:
                        downs += n
                    for k in range(n):
                        low[filled] = cell
                        high[filled] = k
                        pair[filled] = cell + 1 if up else -(cell + 1)
                        filled += 1
                        if filled == _LANES:
                            fire_soft_bounds(state, shown, filled, traits, pair, noise, low, high, step, keys[1])
                            filled = 0
            if filled:
                fire_soft_bounds(state, shown, filled, traits, pair, noise, low, high, step, keys[1])
        pulses[block, 0] = ups
        pulses[block, 1] = downs
        pulses[block, 2] = line_pulses
