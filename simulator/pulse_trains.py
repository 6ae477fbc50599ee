"""Random pulse trains of word and bit lines, for the outer-product update.

Stochastic trains are those of Gokmen & Vlasov, "Acceleration of deep neural network training with resistive cross-point
devices", Front. Neurosci. 10:333 (2016), section "Stochastic update rule"; pulse-length management as in IBM aihwkit
(../shared/references/aihwkit.md, 1.3).

These kernels call compiled functions of `noise.py`, in another file; see the note there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .compile import kernel
from .noise import philox_lanes

PULSE_BITS = 16  # resolution of the firing probability of a line, and random bits that one slot of one line takes
LONGEST_TRAIN = 63
BLOCK_LINES = 64  # lines whose random numbers are made together
_U64 = np.uint64


@kernel()
def pulse_trains(trains, values, gain, slots, first_line, step, key, scratch):
    """Bernoulli trains: bit k of trains[l] is 1 where line l fires in slot k, with probability min(gain |value|, 1).

    Parameters
    ----------
    trains: out, (lines,) uint64. values, gain: float32. The probability is rounded to a multiple of 2**-16.
    slots: number of slots, at most 63. first_line: number of line 0. step, key: address.
    scratch: Philox counters (low, high) and words of `BLOCK_LINES` lanes.

    Returns
    -------
    The pulses, and the lines that may fire (whose random bits a chip would have to make).
    """
    low, high, words = scratch
    limits = np.empty(BLOCK_LINES, np.int32)
    pulses = 0
    lines = 0
    for start in range(0, trains.size, BLOCK_LINES):
        fires = trains[start : start + BLOCK_LINES]
        sizes = values[start : start + BLOCK_LINES]
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
        for i in range(fires.size):
            for slot in range(slots):
                pulses += np.int64((fires[i] >> _U64(slot)) & _U64(1))
    return pulses, lines


@kernel(parallel=True)
def line_trains(trains, values, gains, plan, key, lines):
    """Trains of all word lines, or of all bit lines, for a batch of outer products; see `pulse_trains`.

    Parameters
    ----------
    trains: out, (batch, lines) uint64. values: (batch, lines) float32. gains: (batch,) float32.
    plan: (batch, 2) uint64: slots, and step of the sample. key: Philox key.
    lines: out, (batch, 2) int64: pulses, and (line, slot) pairs that needed random bits.
    """
    for s in prange(trains.shape[0]):
        low = np.empty(BLOCK_LINES, np.uint32)
        high = np.empty(BLOCK_LINES, np.uint32)
        words = np.empty((4, BLOCK_LINES), np.uint32)
        slots = np.int64(plan[s, 0])
        pulses, may_fire = pulse_trains(trains[s], values[s], gains[s], slots, 0, plan[s, 1], key, (low, high, words))
        lines[s, 0] = pulses
        lines[s, 1] = may_fire * slots
