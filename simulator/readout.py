"""What surrounds a read: lines driven from inputs, and from the ideal output to what the converter says.

`_add_noise` calls the compiled normals of `noise.py`, in another file; see the note in `pulses.py`.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import prange

from .compile import kernel
from .converters import ADC, DAC
from .errors import ArrayError
from .noise import BLOCK, SPAN, Stream, normals_of_blocks

_PARALLEL_FROM = 1 << 14  # outputs; below this a thread costs more than it brings


@kernel(relaxed=True)
def _sum_pairs(pairs, row_sum, column_sums):
    for j in range(column_sums.size):
        both = np.float64(pairs[j, 0] + pairs[j, 1])
        row_sum += both
        column_sums[j] += both
    return row_sum


@kernel()
def summarise(shown, scale, weights, row_sums, column_sums):
    """What reads need of the contents.

    Parameters
    ----------
    shown: (rows x columns, 2) float32 states. scale: weight per unit of state difference, float32.
    weights: out, (rows, columns) float32. row_sums, column_sums: out, float64; states added up along each line (the
        latter must come filled with zeros).
    """
    columns = weights.shape[1]
    for i in range(weights.shape[0]):
        pairs = shown[i * columns : (i + 1) * columns]
        row = weights[i]
        for j in range(row.size):
            row[j] = scale * (pairs[j, 0] - pairs[j, 1])
        row_sums[i] = _sum_pairs(pairs, 0.0, column_sums)


@kernel()
def _convert(out, x, step, inverse):
    """out <- x in whole steps; exactly rounded, hence not relaxed."""
    for i in range(x.size):
        out[i] = step * np.rint(x[i] * inverse)


@kernel()
def _beyond(x, limit):
    count = 0
    for i in range(x.size):
        count += np.int64(abs(x[i]) > limit)
    return count


@kernel(relaxed=True)
def _line_totals(x, siemens):
    """Sums over lines of x^2, siemens x^2, siemens |x|, in float64, and how many lines are driven."""
    power = 0.0
    dissipated = 0.0
    signal = 0.0
    driven = 0
    for i in range(x.size):
        size = np.float64(abs(x[i]))
        square = size * size
        power += square
        dissipated += square * siemens[i]
        signal += size * siemens[i]
        driven += np.int64(x[i] != np.float32(0.0))
    return power, dissipated, signal, driven


@kernel(parallel=True)
def _drive(out, x, siemens, converter, totals):
    step, inverse, limit = converter
    for s in prange(x.shape[0]):
        if step > np.float32(0.0):
            _convert(out[s], x[s], step, inverse)
        power, dissipated, signal, driven = _line_totals(out[s], siemens)
        totals[0, s] = power
        totals[1, s] = dissipated
        totals[2, s] = signal
        totals[3, s] = driven
        totals[4, s] = _beyond(x[s], limit)


def drive(x: np.ndarray, siemens: np.ndarray, dac: DAC) -> tuple[np.ndarray, np.ndarray]:
    """What the driven lines see, and the totals that price and limit the read.

    Parameters
    ----------
    x: (batch, lines) float32, contiguous. siemens: (lines,) float64, all cells on a line together.

    Returns
    -------
    The converted inputs, and totals (4, batch): sums over lines of x^2, siemens x^2 and siemens |x|; lines driven.

    Raises
    ------
    ArrayError: an input is not finite, or beyond x_max of the DAC.
    """
    out = x if dac.bits is None else np.empty_like(x)
    totals = np.empty((5, len(x)))
    _drive(out, x, siemens, (np.float32(dac.step), _inverse(dac.step), np.float32(dac.limit)), totals)
    if not np.isfinite(totals[0]).all():
        bad = np.argwhere(~np.isfinite(x))[0]
        raise ArrayError(f"x[{bad[0]}, {bad[1]}] = {x[tuple(bad)]} must be finite")
    if totals[4].any():
        dac.refuse(x)
    return out, totals[:4]


@kernel()
def _quantise(y, step, inverse, limit):
    """y <- step rint(y / step), held within +-limit; returns how many were held."""
    held = 0
    for i in range(y.size):
        v = step * np.rint(y[i] * inverse)
        held += np.int64(abs(v) > limit)
        y[i] = min(max(v, -limit), limit)
    return held


@kernel()
def _add_noise(y, first, columns, sigma, normals):
    """y <- y + sigma normals, for a stretch of the outputs (row by row) that begins at number `first`."""
    position = 0
    while position < y.size:
        row = (first + position) // columns
        column = first + position - row * columns
        part = y[position : position + columns - column]
        z = normals[position : position + columns - column]
        if sigma.shape[1] == 1:
            one = sigma[row, 0]
            for i in range(part.size):
                part[i] += one * z[i]
        else:
            each = sigma[row, column:]
            for i in range(part.size):
                part[i] += each[i] * z[i]
        position += part.size


@kernel(parallel=True)
def _digitise(y, columns, sigma, converter, chunks, address, clipped):
    """Noise (where sigma has rows) and quantisation (where the step is not 0) of outputs (batch x columns,) in place."""
    step, inverse, limit = converter
    number, key = address
    spans = (y.size + SPAN - 1) // SPAN
    per = (spans + chunks - 1) // chunks
    for c in prange(chunks):
        low = np.empty(SPAN // 4, np.uint32)
        high = np.empty(SPAN // 4, np.uint32)
        words = np.empty((4, SPAN // 4), np.uint32)
        radius = np.empty(SPAN // 4, np.float32)
        rows = np.empty((4, SPAN // 4), np.float32)
        normals = np.empty(SPAN, np.float32)
        held = 0
        for span in range(c * per, min((c + 1) * per, spans)):
            part = y[span * SPAN : (span + 1) * SPAN]
            if sigma.shape[0] > 0:
                z = normals[: part.size]
                normals_of_blocks(z, span * (SPAN // BLOCK), number, key, (low, high, words, radius, rows))
                _add_noise(part, span * SPAN, columns, sigma, z)
            if step > np.float32(0.0):
                held += _quantise(part, step, inverse, limit)
        clipped[c] = held


def digitise(y: np.ndarray, sigma: np.ndarray | None, adc: ADC, stream: Stream) -> tuple[np.ndarray, int]:
    """Noisy, digitised outputs (in place) and the number of saturated conversions.

    Parameters
    ----------
    y: ideal outputs (batch, sensed), float32. sigma: rms noise (batch, 1) or (batch, sensed), or None; it takes one step
        of `stream`.
    """
    if sigma is None and adc.bits is None:
        return y, 0
    y = np.ascontiguousarray(y)
    number = np.uint64(0) if sigma is None else stream.take_step()
    sigma = np.empty((0, 1), np.float32) if sigma is None else np.ascontiguousarray(sigma, np.float32)
    converter = (np.float32(adc.step), _inverse(adc.step), np.float32(adc.y_max))
    chunks = 4 * numba.get_num_threads() if y.size >= _PARALLEL_FROM else 1
    clipped = np.zeros(chunks, np.int64)
    _digitise(y.reshape(-1), y.shape[1], sigma, converter, chunks, (number, stream.key), clipped)
    return y, int(clipped.sum())


def _inverse(step: float) -> np.float32:
    return np.float32(1.0 / step if step > 0 else 0.0)
