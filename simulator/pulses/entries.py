"""One pulse as one number, and the random numbers that a list of them takes.

An entry is a uint64: the index of the pair in bits 0 to 31 and the number of the pulse within its train in bits 32 to
62, which together are its Philox counter; bit 63 is set where the weight goes up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compile import kernel
from ..noise.streams import normals_from_words, philox_lanes

PULSED_TOGETHER = 256  # pulses that are worked on side by side
LARGEST_COUNT = 2**31 - 1  # pulses on one weight in one call: their numbers have 31 bits
SUM = 1 << 31  # bit of the Philox counter that no pulse of its own has: the address of a sum of pulses
RISES = 63  # the bit of an entry that says so
PULSES_A_CALL = 1 << 24  # of a kernel, a second or two: between two calls Ctrl-C is heard
_U64 = np.uint64


class Scratch(NamedTuple):
    """Working space for random numbers, in whole vectors of lanes: Philox counters, words, radius, normals."""

    low: np.ndarray
    high: np.ndarray
    words: np.ndarray
    radius: np.ndarray
    normals: np.ndarray


@kernel(draws=True)
def scratch_of(lanes):
    """A `Scratch` of so many lanes: low, high (lanes,) uint32, words (4, lanes) uint32, radius, normals float32."""
    return Scratch(
        np.empty(lanes, np.uint32),
        np.empty(lanes, np.uint32),
        np.empty((4, lanes), np.uint32),
        np.empty(lanes, np.float32),
        np.empty((4, lanes), np.float32),
    )


@kernel(inline=True)
def packed(pair, k, up):
    """The entry of pulse `k` of a pair, up where `up` is 1 or true."""
    return _U64(pair) | (_U64(k) << _U64(32)) | (_U64(up) << _U64(RISES))


@kernel(inline=True)
def pair_of(entry):
    """The index of the pair, int64."""
    return np.int64(entry & _U64(0xFFFFFFFF))


@kernel(inline=True)
def rises(entry):
    """1 where the weight goes up, else 0, int64."""
    return np.int64(entry >> _U64(RISES))


@kernel(draws=True)
def draw_noise(entries, filled, scratch, step, key):
    """Four normals for each of the first `filled` entries, into the normals of `scratch`. step, key: address."""
    lanes = (filled + 7) & ~7  # whole vectors; what is made too much is not used
    for e in range(lanes):
        scratch.low[e] = entries[e] & _U64(0xFFFFFFFF)
        scratch.high[e] = (entries[e] >> _U64(32)) & _U64(0x7FFFFFFF)
    philox_lanes(scratch.words, scratch.low[:lanes], scratch.high[:lanes], step, key)
    normals_from_words(scratch.words, scratch.radius[:lanes], scratch.normals)


@kernel(draws=True)
def draw_sums(pairs, filled, scratch, step, key):
    """The same for sums of pulses on the first `filled` of `pairs`, whose addresses have bit `SUM`."""
    lanes = (filled + 7) & ~7
    for e in range(lanes):
        scratch.low[e] = pairs[min(e, filled - 1)]
        scratch.high[e] = SUM
    philox_lanes(scratch.words, scratch.low[:lanes], scratch.high[:lanes], step, key)
    normals_from_words(scratch.words, scratch.radius[:lanes], scratch.normals)
