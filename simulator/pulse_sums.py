"""Stochastic pulses in sums: one normal number for all the pulses that a cell takes in a group of samples.

Where a step has the form w -> a w + b + s c xi with normal xi (constant steps and soft bounds with additive noise), the
state after any series of pulses is normal, and its mean and variance follow from how many pulses went up and down and in
which order: n equal pulses take the mean m to m + (t - m) E and the variance V to V (1 - E)^2 + k E (2 - E), with E = 1 -
a^n, the state t = b / (1 - a) at which such pulses stop, and k = (s c)^2 / (1 - a^2), the variance there. With a = 1: m + n
b, and V + n (s c)^2. One number drawn from that law replaces one for every pulse.

It is exact as long as no bound is met. Mean and variance go monotonically from sample to sample, so the largest and
smallest mean and the largest variance over the samples bound all that happens between. Where these come closer to a
bound than `REACH` standard deviations the cell is left as it was and marked, for its pulses to be played one by one: the
chance that a bound was missed is below N x 2 Phi(-8) = 1.3e-15 N for N pulses, by the union bound.

These kernels call compiled functions of `noise.py`, in another file; see the note there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .compile import kernel
from .noise import normals_from_words, philox_lanes

GROUP, GROUP_SLOTS = (
    128,
    1024,
)  # samples that are summed together, and slots of their trains: more, and bounds are reached
LONGEST_SUMMED = 32  # slots of a train: pulse words have 32 bits here
STEEPEST = 0.5  # n |ln a| of a train, up to which the series of `_add_sloped` is good to float32
REACH = 8.0  # standard deviations
_WIDTH = 64  # columns that are worked on side by side; arrays of working space have rows of this length
_ONE_SUM = 1 << 31  # bit of the Philox counter that no pulse of its own has


@kernel(inline=True)
def _ones(v):
    """How many bits of a 32-bit word are set."""
    v = v - ((v >> np.uint32(1)) & np.uint32(0x55555555))
    v = (v & np.uint32(0x33333333)) + ((v >> np.uint32(2)) & np.uint32(0x33333333))
    v = (v + (v >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    v = v + (v >> np.uint32(8))
    return (v + (v >> np.uint32(16))) & np.uint32(0x3F)


@kernel()
def _count(signed, word_train, word_sign, trains, signs):
    """signed[j] <- coincidences of a word line and bit line j, negative where they lower the weight."""
    for j in range(trains.size):
        signed[j] = np.int32(_ones(word_train & trains[j])) * (word_sign * signs[j])


@kernel()
def _add_constant(sums, cell, signed, side_sign):
    """One sample on cells with constant steps.

    Parameters
    ----------
    sums: (6 x 64,) float32: mean, smallest and largest mean, variance, pulses, pulses up less pulses down.
    cell: (4 x 64,) float32: step up, step down, variance of one step up, of one down. signed: (64,) int32, see `_count`.
    """
    for j in range(_WIDTH):  # both sides of every choice are loaded first: a load under a condition is not vectorised
        net = np.float32(signed[j]) * side_sign
        up = net > np.float32(0.0)
        n = abs(net)
        rise, fall = cell[j], cell[_WIDTH + j]
        mean = sums[j] + net * (rise if up else fall)
        sums[j] = mean
        least, most = sums[_WIDTH + j], sums[2 * _WIDTH + j]
        sums[_WIDTH + j] = mean if mean < least else least
        sums[2 * _WIDTH + j] = mean if mean > most else most
        rise, fall = cell[2 * _WIDTH + j], cell[3 * _WIDTH + j]
        sums[3 * _WIDTH + j] += n * (rise if up else fall)
        sums[4 * _WIDTH + j] += n
        sums[5 * _WIDTH + j] += net


@kernel()
def _add_sloped(sums, cell, signed, side_sign):
    """One sample on cells whose steps change linearly with the state.

    Parameters
    ----------
    sums: (7 x 64,) float32: as of `_add_constant`, with the state for the mean, and the largest variance.
    cell: (6 x 64,) float32: ln a, t and k of up pulses, then of down pulses. signed: (64,) int32, see `_count`.
    """
    one = np.float32(1.0)
    for j in range(_WIDTH):
        net = np.float32(signed[j]) * side_sign
        up = net > np.float32(0.0)
        n = abs(net)
        rise, fall = cell[j], cell[3 * _WIDTH + j]
        y = n * (rise if up else fall)
        rise, fall = cell[_WIDTH + j], cell[4 * _WIDTH + j]
        target = rise if up else fall
        rise, fall = cell[2 * _WIDTH + j], cell[5 * _WIDTH + j]
        resting = rise if up else fall
        # 1 - exp(y) by Taylor's series, relative error below 1e-7 for |y| <= 1/2
        e = one + y * np.float32(1 / 8)
        e = one + y * np.float32(1 / 7) * e
        e = one + y * np.float32(1 / 6) * e
        e = one + y * np.float32(1 / 5) * e
        e = one + y * np.float32(1 / 4) * e
        e = one + y * np.float32(1 / 3) * e
        e = one + y * np.float32(1 / 2) * e
        e = -y * e
        mean = sums[j] + (target - sums[j]) * e
        keep = one - e
        variance = sums[3 * _WIDTH + j] * keep * keep + resting * e * (one + keep)
        sums[j] = mean
        least, most, widest = sums[_WIDTH + j], sums[2 * _WIDTH + j], sums[6 * _WIDTH + j]
        sums[_WIDTH + j] = mean if mean < least else least
        sums[2 * _WIDTH + j] = mean if mean > most else most
        sums[6 * _WIDTH + j] = variance if variance > widest else widest
        sums[3 * _WIDTH + j] = variance
        sums[4 * _WIDTH + j] += n
        sums[5 * _WIDTH + j] += net


@kernel()
def _gather(cell, sums, state, traits, c, sloped, steepest):
    """What `_add_constant` or `_add_sloped` needs of the cells (n,) of one side of a block, and their sums at the start.

    A cell whose steps are too steep to be summed (slope of `steepest` or more) gets a variance that no bound is far enough from.
    """
    zero = np.float32(0.0)
    sums[:] = zero
    cell[:] = zero
    for j in range(state.size):
        if not sloped:
            for falls in range(2):
                s = traits[j, falls]
                cell[falls * _WIDTH + j] = s
                cell[(2 + falls) * _WIDTH + j] = s * s * c * c
            continue
        w = state[j]
        sums[j] = w
        sums[_WIDTH + j] = w
        sums[2 * _WIDTH + j] = w
        for falls in range(2):
            s = traits[j, falls]
            # soft bounds: s (1 - w / bound), so that pulses stop at the bound that they move to
            slope = s / abs(traits[j, 2 + falls]) if s > zero else zero
            if slope < steepest:
                at = 3 * falls * _WIDTH
                cell[at + j] = np.float32(np.log1p(-np.float64(slope)))
                cell[at + _WIDTH + j] = traits[j, 2 + falls]
                cell[at + 2 * _WIDTH + j] = s * abs(traits[j, 2 + falls]) * c * c / (np.float32(2.0) - slope)
            else:
                sums[6 * _WIDTH + j] = np.float32(np.inf)


@kernel()
def _settle(sums, state, traits, sloped, far, kept):
    """Which cells (n,) of one side of a block may be summed: kept[j] <- 0 where a bound is within `far` sds."""
    for j in range(state.size):
        w = np.float32(0.0) if sloped else state[j]
        variance = sums[6 * _WIDTH + j] if sloped else sums[3 * _WIDTH + j]
        reach = far * np.sqrt(variance)
        inside = w + sums[2 * _WIDTH + j] + reach <= traits[j, 2] and w + sums[_WIDTH + j] - reach >= traits[j, 3]
        kept[j] = kept[j] and inside


@kernel(parallel=True)
def summed_pulses(cells, numbers, moving, sloped, x_trains, x_signs, d_trains, d_signs, step, key, left, pulses):
    """The coincidences of a group of samples, on every cell that meets no bound.

    Parameters
    ----------
    cells: state and shown, (pairs, 2) float32; traits, (pairs, 2, n) float32; wear, (pairs, 2) int64.
    numbers: float32: step noise, write noise (state), lowest state that can be shown, steepest slope of a step that can be
        summed, standard deviations that a bound must be away.
    moving: cells of a weight that move. sloped: whether these are soft bounds; constant steps otherwise.
    x_trains, d_trains: (group, lines) uint32; x_signs, d_signs: (group, lines) int32, +1 or -1. step, key: address.
    left: out, (pairs,) uint8: 1 where pulses are to be played one by one, and nothing was changed.
    pulses: out, (rows, 2) int64: coincidences that raise a weight, and that lower it, those on cells left included.
    """
    state, shown, traits, wear = cells
    columns = d_trains.shape[1]
    for i in prange(x_trains.shape[1]):
        cell = np.empty((2, 6 * _WIDTH), np.float32)
        sums = np.empty((2, 7 * _WIDTH), np.float32)
        signed = np.zeros(_WIDTH, np.int32)
        kept = np.empty(_WIDTH, np.bool_)
        low = np.empty(_WIDTH, np.uint32)
        high = np.empty(_WIDTH, np.uint32)
        words = np.empty((4, _WIDTH), np.uint32)
        radius = np.empty(_WIDTH, np.float32)
        normals = np.empty((4, _WIDTH), np.float32)
        busy = False
        for s in range(x_trains.shape[0]):
            busy |= x_trains[s, i] != 0
        up = 0.0
        down = 0.0
        for first in range(0, columns if busy else 0, _WIDTH):
            width = min(_WIDTH, columns - first)
            start = i * columns + first
            signed[:] = 0
            for side in range(moving):
                here = state[start : start + width, side]
                _gather(
                    cell[side], sums[side], here, traits[start : start + width, side], numbers[0], sloped, numbers[3]
                )
            for s in range(x_trains.shape[0]):
                if x_trains[s, i] == 0:
                    continue
                trains = d_trains[s, first : first + width]
                _count(signed, x_trains[s, i], x_signs[s, i], trains, d_signs[s, first : first + width])
                for side in range(moving):
                    if sloped:
                        _add_sloped(sums[side], cell[side], signed, np.float32(1 - 2 * side))
                    else:
                        _add_constant(sums[side], cell[side], signed, np.float32(1 - 2 * side))
            kept[:] = True
            for side in range(moving):
                here = state[start : start + width, side]
                _settle(sums[side], here, traits[start : start + width, side], sloped, numbers[4], kept)
            for j in range(_WIDTH):
                low[j] = start + j
                high[j] = _ONE_SUM
            philox_lanes(words, low, high, step, key)
            normals_from_words(words, radius, normals)
            for j in range(width):
                n = sums[0, 4 * _WIDTH + j]
                net = sums[0, 5 * _WIDTH + j]
                up += 0.5 * (n + net)
                down += 0.5 * (n - net)
                if n == np.float32(0.0):
                    continue
                p = start + j
                if not kept[j]:
                    left[p] = 1
                    continue
                for side in range(moving):
                    w = sums[side, j] + np.sqrt(sums[side, 3 * _WIDTH + j]) * normals[side, j]
                    if not sloped:
                        w += state[p, side]
                    w = min(max(w, traits[p, side, 3]), traits[p, side, 2])
                    state[p, side] = w
                    shown[p, side] = max(w + numbers[1] * normals[2 + side, j], numbers[2])
                    wear[p, side] += np.int64(n)
        pulses[i, 0] = np.int64(up)
        pulses[i, 1] = np.int64(down)
