"""Pulse trains of lines: in which slots each line fires, as the bits of one word, and how two of them coincide.

Stochastic trains are those of Gokmen & Vlasov, "Acceleration of deep neural network training with resistive cross-point
devices", Front. Neurosci. 10:333 (2016), section "Stochastic update rule".
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel, ones
from ..noise.streams import philox_lanes

PULSE_BITS = 16  # resolution of the firing probability of a line, and random bits that one slot of one line takes
LONGEST_TRAIN = 63
_LANES = 64  # lines that are worked on side by side
_U64 = np.uint64


@kernel(draws=True)
def pulse_trains(trains, values, gain, slots, step, key, scratch):
    """Bernoulli trains: bit k of trains[l] is 1 where line l fires in slot k, with probability min(gain |value|, 1).

    Parameters
    ----------
    trains
        out, (lines,) uint64.
    values, gain
        float32. The probability is rounded to a multiple of 2**-16.
    slots
        number of slots, at most 63.
    step, key
        address.
    scratch
        working space of 64 lanes: Philox counters (low, high), (64,) uint32, and words, (4, 64) uint32.

    Returns
    -------
    The pulses, and the lines that may fire (whose random bits a chip would have to make).
    """
    low, high, words = scratch
    limits = np.empty(_LANES, np.int32)
    pulses = 0
    lines = 0
    for start in range(0, trains.size, _LANES):
        fires = trains[start : start + _LANES]
        sizes = values[start : start + _LANES]
        lanes = (fires.size + 7) & ~7
        may_fire = 0
        for i in range(fires.size):
            probability = min(abs(sizes[i]) * gain, np.float32(1.0))
            limits[i] = np.int32(np.rint(probability * np.float32(65536.0)))
            fires[i] = _U64(0)
            may_fire += np.int64(limits[i] > 0)
        if may_fire == 0:
            continue
        lines += may_fire
        for group in range((slots + 7) // 8):
            for i in range(lanes):
                low[i] = start + i
                high[i] = group
            philox_lanes(words, low[:lanes], high, step, key)
            for k in range(min(8, slots - 8 * group)):
                slot = _U64(8 * group + k)
                half = np.uint32(16 * (k & 1))
                word = words[k >> 1]
                for i in range(fires.size):
                    draw = np.int32((word[i] >> half) & np.uint32(0xFFFF))
                    fires[i] |= _U64(draw < limits[i]) << slot
        for i in range(fires.size):
            pulses += np.int64(ones(fires[i]))
    return pulses, lines


@kernel(parallel=True, draws=True)
def line_trains(trains, values, gains, plan, key, counts):
    """Trains of the word lines, or of the bit lines, of a batch, see `pulse_trains`.

    Parameters
    ----------
    trains
        out, (batch, lines) uint64.
    values
        (batch, lines) float32.
    gains
        (batch,) float32.
    plan
        (batch, 2) uint64: slots, and step of the sample.
    key
        Philox key.
    counts
        out, (batch, 2) int64: pulses, and (line, slot) pairs that needed random bits.
    """
    for s in prange(trains.shape[0]):
        low = np.empty(_LANES, np.uint32)
        high = np.empty(_LANES, np.uint32)
        words = np.empty((4, _LANES), np.uint32)
        slots = np.int64(plan[s, 0])
        pulses, may_fire = pulse_trains(trains[s], values[s], gains[s], slots, plan[s, 1], key, (low, high, words))
        counts[s, 0] = pulses
        counts[s, 1] = may_fire * slots


@kernel(draws=True)
def row_trains(trains, rows, gains, plan, key, counts):
    """As `line_trains`, of one word line a sample whose input is 1, whatever the others: rows (batch,), trains (batch,)."""
    low = np.zeros(8, np.uint32)
    high = np.zeros(8, np.uint32)
    words = np.empty((4, 8), np.uint32)
    for s in range(rows.size):
        slots = np.int64(plan[s, 0])
        limit = np.int32(np.rint(min(gains[s], np.float32(1.0)) * np.float32(65536.0)))
        train = _U64(0)
        if limit > 0:
            low[0] = rows[s]
            for group in range((slots + 7) // 8):
                high[0] = group
                philox_lanes(words, low, high, plan[s, 1], key)
                for k in range(min(8, slots - 8 * group)):
                    draw = np.int32((words[k >> 1, 0] >> np.uint32(16 * (k & 1))) & np.uint32(0xFFFF))
                    train |= _U64(draw < limit) << _U64(8 * group + k)
        trains[s] = train
        counts[s, 0] = np.int64(ones(train))
        counts[s, 1] = slots * np.int64(limit > 0)
