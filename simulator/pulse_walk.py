"""Pulses near a bound: a cell goes through its samples one after another, in sums where no bound is near, else pulse by pulse."""

from __future__ import annotations

import numpy as np
from numba import prange

from .compile import kernel, ones
from .noise import normals_from_words, philox_lanes
from .pulses import BLOCK_COLUMNS, SOFT_BOUNDS, SUM, fire_pulses

_U64 = np.uint64


@kernel(inline=True)
def _after(law, traits, p, side, net, mean, variance):
    """Mean and variance of the state of a cell after |net| equal pulses, up where net > 0, that meet no bound.

    Of steps w -> a w + b + s c xi: constant steps (a = 1) and soft bounds; the formulas are in `pulse_sums.py`. Steps that
    reach the bound of soft bounds at once (a <= 0) have no such law: the variance is infinite.
    """
    kind, numbers, _ = law
    falls = 0 if net > 0 else 1
    n = abs(net)
    s = np.float64(traits[p, side, falls])
    noise = (s * numbers[0]) ** 2
    if kind != SOFT_BOUNDS or s == 0.0:
        return mean + net * s, variance + n * noise
    bound = np.float64(traits[p, side, 2 + falls])
    slope = s / abs(bound) if bound != 0.0 else 1.0
    if slope >= 1.0:
        return mean, np.inf
    e = -np.expm1(n * np.log1p(-slope))
    keep = 1.0 - e
    return mean + (bound - mean) * e, variance * keep * keep + noise / (slope * (2.0 - slope)) * e * (1.0 + keep)


@kernel()
def _settle(cells, law, moving, p, mean, variance, taken, scratch, step, key):
    """Draw the state of a pair of cells that took so many pulses together, with what a read sees of it."""
    state, shown, traits, wear = cells
    _, numbers, _ = law
    low, high, words, radius, normals = scratch
    low[:8] = p
    high[:8] = SUM
    philox_lanes(words, low[:8], high[:8], step, key)
    normals_from_words(words, radius[:8], normals)
    for side in range(moving):
        w = np.float32(mean[side] + np.sqrt(variance[side]) * normals[side, 0])
        w = min(max(w, traits[p, side, 3]), traits[p, side, 2])
        state[p, side] = w
        shown[p, side] = max(w + numbers[1] * normals[2 + side, 0], numbers[2])
        wear[p, side] += taken
        mean[side] = w
        variance[side] = 0.0


@kernel(parallel=True)
def walked_pulses(cells, law, moving, pairs, x_trains, x_signs, d_trains, d_signs, reach, steps, key):
    """What `pulsed_update` does, in law, on some of the pairs: sums of pulses as long as no bound is near, single pulses there.

    A sample is added to the sum where both cells of the pair stay `reach` standard deviations off their bounds. Where they do
    not, the sum is drawn and the sample tried again; where it does not fit even so, its pulses are played.

    Parameters
    ----------
    cells, law, moving: see `pulses.apply_pulses`; the law is constant steps or soft bounds. pairs: (n,) int64, indices.
    x_trains, d_trains: (lines, batch) uint32; x_signs, d_signs: (lines, batch) int32, +1 or -1. reach: standard deviations.
    steps: (batch,) uint64, and key: address of the noise; a sum has that of the first sample that it may hold.
    """
    state, _, traits, _ = cells
    columns = d_trains.shape[0]
    far = reach * reach
    for block in prange((pairs.size + BLOCK_COLUMNS - 1) // BLOCK_COLUMNS):
        low = np.empty(64, np.uint32)
        high = np.empty(64, np.uint32)
        words = np.empty((4, 64), np.uint32)
        radius = np.empty(64, np.float32)
        normals = np.empty((4, 64), np.float32)
        scratch = (low, high, words, radius, normals)
        entries = np.empty(64, np.uint64)
        mean = np.empty(2)
        variance = np.empty(2)
        next_mean = np.empty(2)
        next_variance = np.empty(2)
        for at in range(block * BLOCK_COLUMNS, min((block + 1) * BLOCK_COLUMNS, pairs.size)):
            p = pairs[at]
            i = p // columns
            j = p - i * columns
            for side in range(moving):
                mean[side] = state[p, side]
                variance[side] = 0.0
            taken = 0
            first = 0
            for s in range(steps.size):
                n = np.int64(ones(x_trains[i, s] & d_trains[j, s]))
                if n == 0:
                    continue
                sign = np.int64(x_signs[i, s] * d_signs[j, s])
                fits = False
                while not fits:
                    fits = True
                    for side in range(moving):
                        m, v = _after(law, traits, p, side, n * sign * (1 - 2 * side), mean[side], variance[side])
                        next_mean[side] = m
                        next_variance[side] = v
                        above = traits[p, side, 2] - max(mean[side], m)
                        below = min(mean[side], m) - traits[p, side, 3]
                        nearest = min(above, below)
                        fits &= nearest >= 0.0 and nearest * nearest >= far * max(variance[side], v)
                    if fits or taken == 0:
                        break
                    _settle(cells, law, moving, p, mean, variance, taken, scratch, steps[first], key)
                    taken = 0
                    first = s
                if fits:
                    mean[:moving] = next_mean[:moving]
                    variance[:moving] = next_variance[:moving]
                    taken += n
                    continue
                for k in range(n):
                    entries[k] = _U64(p) | (_U64(k) << _U64(32)) | (_U64(sign > 0) << _U64(63))
                fire_pulses(cells, law, moving, entries, n, scratch, steps[s], key)
                for side in range(moving):
                    mean[side] = state[p, side]
                first = s + 1
            if taken > 0:
                _settle(cells, law, moving, p, mean, variance, taken, scratch, steps[first], key)
