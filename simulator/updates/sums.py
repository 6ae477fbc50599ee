"""Stochastic pulses in sums: one normal number for all the pulses that a cell takes in a group of samples.

Where a step has the form w -> a w + b + s c xi with normal xi (constant steps and soft bounds with additive noise), the
state after any series of pulses is normal, and its mean and variance follow from how many pulses went up and down and in
which order: n equal pulses take the mean m to m + (t - m) E and the variance V to V (1 - E)^2 + k E (2 - E), with E = 1 -
a^n, the state t = b / (1 - a) at which such pulses stop, and k = (s c)^2 / (1 - a^2), the variance there. With a = 1: m + n
b, and V + n (s c)^2. One number drawn from that law replaces one for every pulse.

It is exact as long as no bound is met. Mean and variance go monotonically from sample to sample, so the largest and
smallest mean and the largest variance over the samples bound all that happens between; for constant steps, whose order does
not matter to the sum, so do all pulses up and all pulses down alone. Where these come closer to a bound than `REACH`
standard deviations the cell is left as it was and marked, for `walk.walked_pulses` to look at its samples one after another:
the chance that a bound was missed is below N x 2 Phi(-8) = 1.3e-15 N for N pulses, by the union bound.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel, ones
from ..noise.streams import normals_from_words, philox_lanes
from ..pulses.entries import SUM
from ..pulses.layout import B_MAX, B_MIN, FLOOR, S_UP, STEP_NOISE, WRITE_NOISE

# samples that are summed together, and slots of their trains: more, and bounds are reached
GROUP, GROUP_SLOTS = 128, 1024
STEEPEST = 0.5  # n |ln a| of a train, up to which the series of `_add_sloped` is good to float32
REACH = 8.0  # standard deviations
_CUT = 8  # samples of constant steps whose pulses are bounded as if those up, or those down, all came first
_WIDTH = 256  # columns that are worked on side by side; arrays of working space have rows of this length
STEEPEST_SLOPE, FARTHEST = 3, 4  # of `numbers` of `summed_pulses`, after those of every law
# where the rows of `sums` begin: of the state the mean, the smallest and largest mean, the variance and the largest variance
_MEAN, _LEAST, _MOST, _VARIANCE, _WIDEST = 0, 256, 512, 768, 1024
# where the rows of `steps` begin: of constant steps, step and variance of up pulses; of sloped ones, ln a, t and k of them
_STEP, _NOISE, _DOWN = 0, 512, 256
_LOG, _RESTING_AT, _RESTING = 0, 256, 512
_SLOPED_DOWN = 768


@kernel(draws=True)
def _count(up, down, word_train, word_sign, trains, signs):
    """Add the coincidences of a word line and bit line j to up[j], or to down[j] where they lower the weight."""
    for j in range(trains.size):
        n = np.int32(ones(word_train & trains[j]))
        rises = n if signs[j] == word_sign else np.int32(0)
        up[j] += rises
        down[j] += n - rises


@kernel(draws=True)
def _start(sums, state):
    """The sums of one side of a block of cells (n,) before the first pulse: sums is (5 x 256,) float32.

    Its rows are mean, smallest and largest mean, variance and largest variance of the state.
    """
    sums[:] = np.float32(0.0)
    for j in range(state.size):
        w = state[j]
        sums[_MEAN + j] = w
        sums[_LEAST + j] = w
        sums[_MOST + j] = w


@kernel(draws=True)
def _add_constant(sums, steps, up, down):
    """Some samples on cells with constant steps, whose order does not matter but to the bounds of the mean.

    Parameters
    ----------
    sums
        see `_start`.
    steps
        (4 x 256,) float32: step up, step down, variance of one up, of one down.
    up, down
        (n,) int32, pulses of the samples.
    """
    for j in range(up.size):  # both sides of every choice are loaded first: a load under a condition is not vectorised
        ups, downs = np.float32(up[j]), np.float32(down[j])
        rise, fall = ups * steps[_STEP + j], downs * steps[_STEP + _DOWN + j]
        variance = ups * steps[_NOISE + j] + downs * steps[_NOISE + _DOWN + j]
        mean, least, most = sums[_MEAN + j], sums[_LEAST + j], sums[_MOST + j]
        lower, higher = mean - fall, mean + rise
        sums[_MEAN + j] = mean + (rise - fall)
        sums[_LEAST + j] = lower if lower < least else least
        sums[_MOST + j] = higher if higher > most else most
        sums[_VARIANCE + j] += variance
        sums[_WIDEST + j] += variance


@kernel(draws=True)
def _add_sloped(sums, steps, ups, downs):
    """One sample on cells whose steps change linearly with the state.

    Parameters
    ----------
    sums
        see `_start`.
    steps
        (6 x 256,) float32: ln a, t and k of up pulses, then of down pulses.
    ups, downs
        (n,) int32, pulses of the sample, of which one is 0.
    """
    one = np.float32(1.0)
    for j in range(ups.size):
        n = np.float32(ups[j] + downs[j])
        up = ups[j] > downs[j]
        rise, fall = steps[_LOG + j], steps[_LOG + _SLOPED_DOWN + j]
        y = n * (rise if up else fall)
        rise, fall = steps[_RESTING_AT + j], steps[_RESTING_AT + _SLOPED_DOWN + j]
        target = rise if up else fall
        rise, fall = steps[_RESTING + j], steps[_RESTING + _SLOPED_DOWN + j]
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
        mean = sums[_MEAN + j] + (target - sums[_MEAN + j]) * e
        keep = one - e
        variance = sums[_VARIANCE + j] * keep * keep + resting * e * (one + keep)
        sums[_MEAN + j] = mean
        least, most, widest = sums[_LEAST + j], sums[_MOST + j], sums[_WIDEST + j]
        sums[_LEAST + j] = mean if mean < least else least
        sums[_MOST + j] = mean if mean > most else most
        sums[_WIDEST + j] = variance if variance > widest else widest
        sums[_VARIANCE + j] = variance


@kernel(draws=True)
def _constant_steps(steps, traits, c):
    """What `_add_constant` needs of the cells (n,) of one side of a block. traits: (n, at least 2). c: step noise."""
    for j in range(traits.shape[0]):
        for falls in range(2):
            s = traits[j, S_UP + falls]
            steps[_STEP + falls * _DOWN + j] = s
            steps[_NOISE + falls * _DOWN + j] = s * s * c * c


@kernel(draws=True)
def _sloped_steps(steps, sums, traits, c, steepest):
    """What `_add_sloped` needs of the cells (n,) of one side of a block.

    A cell whose steps are too steep to be summed (slope of `steepest` or more) gets a variance that no bound is far enough from.
    """
    steps[:] = np.float32(0.0)
    for j in range(traits.shape[0]):
        for falls in range(2):
            s = traits[j, S_UP + falls]
            # soft bounds: s (1 - w / bound), so that pulses stop at the bound that they move to
            slope = s / abs(traits[j, B_MAX + falls]) if s > np.float32(0.0) else np.float32(0.0)
            if slope < steepest:
                start = falls * _SLOPED_DOWN
                steps[start + _LOG + j] = np.float32(np.log1p(-np.float64(slope)))
                steps[start + _RESTING_AT + j] = traits[j, B_MAX + falls]
                steps[start + _RESTING + j] = s * abs(traits[j, B_MAX + falls]) * c * c / (np.float32(2.0) - slope)
            else:
                sums[_WIDEST + j] = np.float32(np.inf)


@kernel(draws=True)
def _keep(kept, sums, traits, far):
    """kept[j] <- False where a bound came within `far` standard deviations of a cell of one side of a block."""
    for j in range(kept.size):
        room = far * np.sqrt(sums[_WIDEST + j])
        inside = sums[_MOST + j] + room <= traits[j, B_MAX] and sums[_LEAST + j] - room >= traits[j, B_MIN]
        kept[j] = kept[j] and inside


@kernel(parallel=True, draws=True)
def summed_pulses(cells, numbers, moving, sloped, rows, x_trains, x_signs, d_trains, d_signs, step, key, left, pulses):
    """The coincidences of a group of samples, on every cell that meets no bound.

    Parameters
    ----------
    cells
        state and shown, (pairs, 2) float32; traits, (pairs, 2, n) float32; wear, (pairs, 2) int64.
    numbers
        float32: step noise, write noise (state), lowest state that can be shown, steepest slope of a step that can be
        summed, standard deviations that a bound must be away.
    moving
        cells of a weight that move.
    sloped
        whether these are soft bounds; constant steps otherwise.
    rows
        (words,) int64, the word lines that may fire.
    x_trains, d_trains
        (group, words or bit lines) uint32.
    x_signs, d_signs
        of the same shapes, int32, +1 or -1.
    step, key
        address.
    left
        out, (words x columns,) uint8: 1 where a bound is, or may be, too near, and nothing was changed.
    pulses
        out, (words, 2) int64: coincidences that raise a weight, and that lower it, those on cells left included.
    """
    state, shown, traits, wear = cells
    columns = d_trains.shape[1]
    together = 1 if sloped else _CUT
    for i in prange(x_trains.shape[1]):
        steps = np.empty((2, 6 * _WIDTH), np.float32)
        sums = np.empty((2, 5 * _WIDTH), np.float32)
        total = np.empty(_WIDTH, np.int32)
        raises = np.empty(_WIDTH, np.int32)
        lowers = np.empty(_WIDTH, np.int32)
        low = np.empty(_WIDTH, np.uint32)
        high = np.full(_WIDTH, SUM, np.uint32)
        words = np.empty((4, _WIDTH), np.uint32)
        radius = np.empty(_WIDTH, np.float32)
        normals = np.empty((4, _WIDTH), np.float32)
        busy = False
        for s in range(x_trains.shape[0]):
            busy |= x_trains[s, i] != 0
        raised = 0
        lowered = 0
        for first in range(0, columns if busy else 0, _WIDTH):
            width = min(_WIDTH, columns - first)
            start = rows[i] * columns + first
            up, down, taken = raises[:width], lowers[:width], total[:width]
            kept = np.ones(width, np.bool_)
            taken[:] = 0
            for side in range(moving):
                _start(sums[side], state[start : start + width, side])
                of_cells = traits[start : start + width, side]
                if sloped:
                    _sloped_steps(steps[side], sums[side], of_cells, numbers[STEP_NOISE], numbers[STEEPEST_SLOPE])
                else:
                    _constant_steps(steps[side], of_cells, numbers[STEP_NOISE])
            for cut in range(0, x_trains.shape[0], together):
                up[:] = 0
                down[:] = 0
                fires = False
                for s in range(cut, min(cut + together, x_trains.shape[0])):
                    if x_trains[s, i] != 0:
                        fires = True
                        here = slice(first, first + width)
                        _count(up, down, x_trains[s, i], x_signs[s, i], d_trains[s, here], d_signs[s, here])
                if not fires:
                    continue
                for j in range(width):
                    taken[j] += up[j] + down[j]
                    raised += up[j]
                    lowered += down[j]
                for side in range(moving):
                    to, fro = (down, up) if side == 1 else (up, down)
                    if sloped:
                        _add_sloped(sums[side], steps[side], to, fro)
                    else:
                        _add_constant(sums[side], steps[side], to, fro)
            for side in range(moving):
                _keep(kept, sums[side], traits[start : start + width, side], numbers[FARTHEST])
            lanes = (width + 7) & ~7  # whole vectors; what is made too much is not used
            for j in range(lanes):
                low[j] = start + j
            philox_lanes(words, low[:lanes], high, step, key)
            normals_from_words(words, radius[:lanes], normals)
            for j in range(width):
                n = taken[j]
                p = start + j
                if not kept[j]:
                    left[i * columns + first + j] = n > 0
                elif n > 0:
                    for side in range(moving):
                        w = sums[side, _MEAN + j] + np.sqrt(sums[side, _VARIANCE + j]) * normals[side, j]
                        w = min(max(w, traits[p, side, B_MIN]), traits[p, side, B_MAX])
                        state[p, side] = w
                        shown[p, side] = max(w + numbers[WRITE_NOISE] * normals[2 + side, j], numbers[FLOOR])
                        wear[p, side] += n
        pulses[i, 0] = raised
        pulses[i, 1] = lowered
