"""Pulses near a bound: a cell goes through its samples one after another, in sums where no bound is near, else pulse by pulse."""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel, ones
from ..pulses.entries import draw_sums, packed, scratch_of
from ..pulses.kernels import SOFT_BOUNDS, fire_pulses
from ..pulses.layout import B_MAX, B_MIN, FLOOR, S_UP, STEP_NOISE, WRITE_NOISE

LONGEST_SUMMED = 32  # slots of a train: pulse words have 32 bits here
TOGETHER = 64  # pairs that go side by side
MEAN, VARIANCE = 0, 1  # of the state of a cell, in `sums`


@kernel(inline=True, draws=True)
def _after(law, traits, p, side, net, mean, variance):
    """Mean and variance of the state of a cell after |net| equal pulses, up where net > 0, that meet no bound.

    Of steps w -> a w + b + s c xi: constant steps (a = 1) and soft bounds; the formulas are in `sums.py`. Steps that
    reach the bound of soft bounds at once (a <= 0) have no such law: the variance is infinite.
    """
    kind, numbers, _ = law
    falls = 0 if net > 0 else 1
    n = abs(net)
    s = np.float64(traits[p, side, S_UP + falls])
    noise = (s * numbers[STEP_NOISE]) ** 2
    if kind != SOFT_BOUNDS or s == 0.0:
        return mean + net * s, variance + n * noise
    bound = np.float64(traits[p, side, B_MAX + falls])
    slope = s / abs(bound) if bound != 0.0 else 1.0
    if slope >= 1.0:
        return mean, np.inf
    e = -np.expm1(n * np.log1p(-slope))
    keep = 1.0 - e
    return mean + (bound - mean) * e, variance * keep * keep + noise / (slope * (2.0 - slope)) * e * (1.0 + keep)


@kernel(draws=True)
def _fits(law, traits, moving, p, net, far, now, then):
    """Whether both cells of a pair stay off their bounds while they take |net| equal pulses; then <- mean and variance after.

    Parameters
    ----------
    net
        pulses of the sample, up where positive.
    far
        square of the standard deviations that a bound must be away.
    now, then
        (2, 2) float64, mean and variance of either cell before and after.
    """
    fits = True
    for side in range(moving):
        before, variance = now[side, MEAN], now[side, VARIANCE]
        m, v = _after(law, traits, p, side, net * (1 - 2 * side), before, variance)
        then[side, MEAN] = m
        then[side, VARIANCE] = v
        above = traits[p, side, B_MAX] - max(before, m)
        below = min(before, m) - traits[p, side, B_MIN]
        nearest = min(above, below)
        fits &= nearest >= 0.0 and nearest * nearest >= far * max(variance, v)
    return fits


@kernel(draws=True)
def _settle(cells, law, moving, chosen, pairs, sums, taken, scratch, step, key):
    """Draw the states of the pairs that took pulses together, with what a read sees of them.

    Parameters
    ----------
    chosen
        which of `pairs`.
    sums
        (n, 2, 2) float64, mean and variance of either cell.
    taken
        (n,) pulses; 0 afterwards.
    """
    state, shown, traits, wear = cells
    _, numbers, _ = law
    normals = scratch.normals
    draw_sums(pairs[chosen], chosen.size, scratch, step, key)
    for e in range(chosen.size):
        c = chosen[e]
        p = pairs[c]
        for side in range(moving):
            w = np.float32(sums[c, side, MEAN] + np.sqrt(sums[c, side, VARIANCE]) * normals[side, e])
            w = min(max(w, traits[p, side, B_MIN]), traits[p, side, B_MAX])
            state[p, side] = w
            shown[p, side] = max(w + numbers[WRITE_NOISE] * normals[2 + side, e], numbers[FLOOR])
            wear[p, side] += taken[c]
            sums[c, side, MEAN] = w
            sums[c, side, VARIANCE] = 0.0
        taken[c] = 0


@kernel(parallel=True, draws=True)
def walked_pulses(cells, law, moving, pairs, places, x_trains, x_signs, d_trains, d_signs, reach, steps, key):
    """What `pulsed_update` does, in law, on some of the pairs: sums of pulses as long as no bound is near, single pulses there.

    A sample is added to the sum where both cells of the pair stay `reach` standard deviations off their bounds. Where they do
    not, the sum is drawn and the sample tried again; where it does not fit even so, its pulses are played. Some pairs go through
    the samples side by side, for the sake of the random numbers.

    Parameters
    ----------
    cells, law, moving
        see `kernels.apply_pulses`; the law is constant steps or soft bounds.
    pairs
        (n,) int64, indices.
    places
        (rows,) int64, where each word line stands in x_trains.
    x_trains, d_trains
        (lines, batch) uint32.
    x_signs, d_signs
        (lines, batch) int32, +1 or -1.
    reach
        standard deviations.
    steps
        (batch,) uint64, and key: address of the noise; a sum has that of the sample before which it is drawn, and the
        last one, like those of `sums`, that of the first sample.
    """
    state, _, traits, _ = cells
    columns = d_trains.shape[0]
    far = reach * reach
    for block in prange((pairs.size + TOGETHER - 1) // TOGETHER):
        here = pairs[block * TOGETHER : (block + 1) * TOGETHER]
        room = TOGETHER * LONGEST_SUMMED
        scratch = scratch_of(room)
        entries = np.empty(room, np.uint64)
        sums = np.zeros((here.size, 2, 2))
        then = np.empty((2, 2))
        taken = np.zeros(here.size, np.int64)
        net = np.empty(here.size, np.int64)
        stopped = np.empty(here.size, np.int64)
        for c in range(here.size):
            for side in range(moving):
                sums[c, side, MEAN] = state[here[c], side]
        for s in range(steps.size):
            count = 0  # of pairs whose sum has to be drawn
            filled = 0
            for c in range(here.size):
                i = here[c] // columns
                j = here[c] - i * columns
                n = np.int64(ones(x_trains[places[i], s] & d_trains[j, s]))
                net[c] = n * np.int64(x_signs[places[i], s] * d_signs[j, s])
                if n == 0:
                    continue
                if _fits(law, traits, moving, here[c], net[c], far, sums[c], then):
                    sums[c] = then
                    taken[c] += n
                elif taken[c] > 0:
                    stopped[count] = c
                    count += 1
                else:
                    filled = _list_pulses(entries, filled, here[c], net[c])
            if count > 0:
                _settle(cells, law, moving, stopped[:count], here, sums, taken, scratch, steps[s], key)
            for e in range(count):
                c = stopped[e]
                if _fits(law, traits, moving, here[c], net[c], far, sums[c], then):
                    sums[c] = then
                    taken[c] = abs(net[c])
                else:
                    filled = _list_pulses(entries, filled, here[c], net[c])
            if filled > 0:
                fire_pulses(cells, law, moving, entries, filled, scratch, steps[s], key)
                for c in range(here.size):
                    if taken[c] == 0:
                        for side in range(moving):
                            sums[c, side, MEAN] = state[here[c], side]
        count = 0
        for c in range(here.size):
            if taken[c] > 0:
                stopped[count] = c
                count += 1
        if count > 0:
            _settle(cells, law, moving, stopped[:count], here, sums, taken, scratch, steps[0], key)


@kernel(draws=True)
def _list_pulses(entries, filled, p, net):
    """Append the pulses of a sample on pair p, see `kernels.apply_pulses`; returns how many entries there are then."""
    for k in range(abs(net)):
        entries[filled] = packed(p, k, net > 0)
        filled += 1
    return filled
