"""Slow, obvious twins of the fast paths of the simulator: one number, one cell, one pulse at a time."""

from __future__ import annotations

import math

import numpy as np

from revpath.simulator.noise.streams import normals_from_words

F32 = np.float32


def philox4x32_10(counter, key) -> tuple[int, int, int, int]:
    """Philox4x32-10 of Salmon et al. (SC 2011, section 3.3) on Python integers: four words in, two words of key."""
    c0, c1, c2, c3 = (int(c) for c in counter)
    k0, k1 = (int(k) for k in key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words_at(low: int, high: int, step: int, key) -> tuple[int, int, int, int]:
    """The four words at an address of a stream."""
    return philox4x32_10((low, high, step & 0xFFFFFFFF, step >> 32), key)


def box_muller(word: int, angle: int) -> tuple[float, float]:
    """Two normals from two words, in double precision by the textbook: the top bits of `angle` are its quadrant."""
    radius = math.sqrt(-2.0 * math.log((word + 0.5) / 2**32))
    turn = (angle >> 30) * math.pi / 2 + ((angle & 0x3FFFFFFF) - 0x20000000 + 0.5) * (math.pi / 2) / 2**30
    return radius * math.cos(turn), radius * math.sin(turn)


def normals_at(low: int, high: int, step: int, key) -> np.ndarray:
    """The four float32 normals at an address: scalar Philox, then the transform of the simulator on one lane."""
    words = np.array(words_at(low, high, step, key), np.uint32).reshape(4, 1)
    normals = np.empty((4, 1), np.float32)
    normals_from_words(words, np.empty(1, np.float32), normals)
    return normals[:, 0]


def address_of(n: int) -> tuple[int, int]:
    """(Philox position, row of its words) of number n of a draw: blocks of 256, in each four rows of 64 positions."""
    block, inside = divmod(n, 256)
    row, lane = divmod(inside, 64)
    return 64 * block + lane, row


def stream_normals(n: int, step: int, key) -> np.ndarray:
    """The first n normals of a draw, one at a time."""
    out = np.empty(n, np.float32)
    for i in range(n):
        position, row = address_of(i)
        out[i] = normals_at(position & 0xFFFFFFFF, position >> 32, step, key)[row]
    return out


def stream_uniforms(n: int, step: int, key) -> np.ndarray:
    """The first n uniforms of a draw, one at a time: the top 23 bits of a word, and a half."""
    out = np.empty(n, np.float32)
    for i in range(n):
        position, row = address_of(i)
        word = words_at(position & 0xFFFFFFFF, position >> 32, step, key)[row]
        out[i] = ((word >> 9) + 0.5) / 2**23
    return out


def quantise(y: np.ndarray, y_max: float, bits: int) -> np.ndarray:
    """A mid-tread converter: the nearest of the levels k y_max / (2**(bits - 1) - 1), |k| at most 2**(bits - 1) - 1."""
    levels = 2 ** (bits - 1) - 1
    k = np.clip(np.rint(np.asarray(y, float) * levels / y_max), -levels, levels)
    return k * y_max / levels


def train_plan(rate, x_max, d_max, granularity, longest) -> tuple[int, float, float]:
    """Slots, x_gain and d_gain of one outer product: aihwkit.md, section 1.3, with both managements on."""
    k = rate * x_max * d_max / granularity
    if k == 0:
        return 0, 0.0, 0.0
    slots = min(math.ceil(k), longest)
    gain = math.sqrt(rate / (granularity * slots))
    if k > longest:
        d_max = d_max * (longest / k)
    ratio = math.sqrt(x_max / d_max)
    return slots, gain / ratio, gain * ratio


def fires(line: int, slot: int, threshold: int, step: int, key) -> bool:
    """Whether a line fires in a slot: its 16-bit draw is below its threshold."""
    word = words_at(line, slot // 8, step, key)[(slot % 8) // 2]
    return (word >> 16 * (slot % 2)) & 0xFFFF < threshold


def pulse(w, traits, up: bool, c, normal):
    """One pulse on one soft-bounds cell, in float32: the law of `SoftBounds`."""
    s_up, s_down, b_max, b_min = traits
    if up:
        w = w + s_up * (F32(1) - w / b_max + c * normal)
    else:
        w = w - s_down * (F32(1) - w / b_min + c * normal)
    return min(max(w, b_min), b_max)


def pulsed_outer_products(array, x, d, rate) -> dict:
    """What `Crossbar.update` does to soft-bounds cells in their present state, slot by slot and cell by cell.

    Nothing of the array is changed. Returns state and shown (rows, columns, 2), and counts by event name.
    """
    rows, columns = array.shape
    response = array.device.response
    state = array.cells.state.reshape(rows, columns, 2).copy()
    shown = array.cells.shown.reshape(rows, columns, 2).copy()
    traits = array.cells.traits.reshape(rows, columns, 2, 4)
    streams = array._pulse_streams
    keys = {
        name: [int(k) for k in s.key] for name, s in zip(("word-trains", "bit-trains", "pulses"), streams, strict=True)
    }
    c, write = F32(response.step_noise), F32(response.write_noise * response.step)
    floor = F32(array.mapping.floor)
    granularity = 2 * response.step * array.mapping.scale
    counts = dict.fromkeys(("update.slot", "line.pulse", "random.bit", "pulse.up", "pulse.down"), 0)
    step = streams.pulses.step
    for x_row, d_row in zip(np.asarray(x, np.float32), np.asarray(d, np.float32), strict=True):
        x_max, d_max = float(np.abs(x_row).max()), float(np.abs(d_row).max())
        slots, x_gain, d_gain = train_plan(rate, x_max, d_max, granularity, array.config.longest_train)
        x_limits = [_threshold(v, x_gain) for v in x_row]
        d_limits = [_threshold(v, d_gain) for v in d_row]
        counts["update.slot"] += slots
        counts["random.bit"] += 16 * slots * sum(limit > 0 for limit in x_limits + d_limits)
        landed = np.zeros((rows, columns), int)
        for slot in range(slots):
            x_fires = [fires(i, slot, limit, step, keys["word-trains"]) for i, limit in enumerate(x_limits)]
            d_fires = [fires(j, slot, limit, step, keys["bit-trains"]) for j, limit in enumerate(d_limits)]
            counts["line.pulse"] += sum(x_fires) + sum(d_fires)
            for i in range(rows):
                for j in range(columns):
                    if not (x_fires[i] and d_fires[j]):
                        continue
                    up = bool(np.sign(x_row[i]) == np.sign(d_row[j]))
                    z = normals_at(i * columns + j, int(landed[i, j]), step, keys["pulses"])
                    for side in range(2):
                        rises = up == (side == 0)
                        w = pulse(state[i, j, side], traits[i, j, side], rises, c, z[side])
                        state[i, j, side] = w
                        shown[i, j, side] = max(w + write * z[2 + side], floor)
                        counts["pulse.up" if rises else "pulse.down"] += 1
                    landed[i, j] += 1
        step += 1
    return {"state": state, "shown": shown, "counts": counts}


def _threshold(value, gain) -> int:
    return int(np.rint(min(abs(value) * F32(gain), F32(1)) * F32(65536)))


def sampled_read(conductances, sigma, x, scale, slope, rng) -> np.ndarray:
    """x (rows,) through cells (rows, columns, 2) whose noise is drawn one by one: the currents of both, subtracted.

    sigma: standard deviation of each cell, siemens. scale / slope: output of one siemens at x = 1.
    """
    noisy = conductances + sigma * rng.standard_normal(conductances.shape)
    return x @ (noisy[..., 0] - noisy[..., 1]) * (scale / slope)


def snr_sum(conductances, x, variances, scale, slope) -> float:
    """Sum over sensed columns of (sum_i (G+ + G-) |x|)^2 / variance, both in output units, one column at a time."""
    total = 0.0
    for j in range(conductances.shape[1]):
        signal = sum(abs(x[i]) * conductances[i, j].sum() for i in range(len(x))) * scale / slope
        total += signal**2 / variances[j]
    return total


def read_energy(conductances, x, volts_at_one: float, seconds: float) -> float:
    """Sum over cells of G V^2 t, one cell at a time; conductances (rows, columns, 2), x (rows,)."""
    joules = 0.0
    for i in range(conductances.shape[0]):
        for j in range(conductances.shape[1]):
            for side in range(2):
                joules += conductances[i, j, side] * (x[i] * volts_at_one) ** 2 * seconds
    return joules
