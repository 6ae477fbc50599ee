"""What surrounds a read: lines driven from inputs, and from the ideal output to what the converter says."""

from __future__ import annotations

import numba
import numpy as np
from numba import prange

from ..compile import kernel
from ..errors import ArrayError
from ..noise.streams import BLOCK, SPAN, Numbers, normals_of_blocks
from .adc_dac import ADC, DAC
from .bank import ConverterBank, digitise_by_bank, drive_by_bank

_PARALLEL_FROM = 1 << 16  # numbers; below this a thread costs more than it brings


@kernel()
def _convert(out, x, step, inverse):
    """out <- x in whole steps; exactly rounded, hence not relaxed."""
    for i in range(x.size):
        out[i] = step * np.rint(x[i] * inverse)


@kernel()
def _beyond(x, limit):
    count = np.int32(0)  # as wide as the numbers, so that the loop vectorises eight at a time
    for i in range(x.size):
        count = np.int32(count + np.int32(abs(x[i]) > limit))
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


@kernel()
def _drive(out, x, siemens, converter, totals):
    """Fills `totals`, see `drive`; returns how many rows hold what cannot be driven."""
    step, inverse, limit = converter
    faults = 0
    for s in range(x.shape[0]):
        if _beyond(x[s], limit) > 0:
            faults += 1
            continue
        if step > np.float32(0.0):
            _convert(out[s], x[s], step, inverse)
        power, dissipated, signal, driven = _line_totals(out[s], siemens)
        totals[s, 0] = power
        totals[s, 1] = dissipated
        totals[s, 2] = signal
        totals[s, 3] = driven
        faults += np.int64(not np.isfinite(power))
    return faults


@kernel(parallel=True)
def _drive_threaded(out, x, siemens, converter, totals):
    faults = np.zeros(x.shape[0], np.int64)
    for s in prange(x.shape[0]):
        faults[s] = _drive(out[s : s + 1], x[s : s + 1], siemens, converter, totals[s : s + 1])
    return faults.sum()


def count_beyond(y: np.ndarray, adc: ADC) -> int:
    """How many outputs y (batch, sensed), before conversion, lie beyond the y_max of an ADC."""
    if adc.y_min == 0:
        return int(np.count_nonzero(y > adc.y_max))
    return int(_beyond(y.reshape(-1), np.float32(adc.y_max)))


# What the totals of a read are, see `drive`.
POWER, DISSIPATED, CARRIED, DRIVEN = range(4)


def drive(
    x: np.ndarray, siemens: np.ndarray, dac: DAC, stream: Numbers | None = None, bank: ConverterBank | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What the driven lines see, and the totals that price and limit the read.

    Parameters
    ----------
    x : ndarray
        (batch, lines) float32, contiguous.
    siemens : ndarray
        (lines,) float64, all cells on a line together.
    dac : DAC
        of whole inputs; those of sliced ones are driven slice by slice with `DAC.line_converter`.
    stream : Numbers, optional
        of the noise and stochastic rounding of the DAC, which take a step each.
    bank : ConverterBank, optional
        its mismatch.

    Returns
    -------
    The converted inputs, and totals (batch, 4): sums over lines of x^2, siemens x^2 and siemens |x|; lines driven.

    Raises
    ------
    ArrayError
        an input is not finite, or beyond x_max of the DAC; or the DAC needs a stream, a bank or slices.
    """
    if dac.slice_bits is not None:
        raise ArrayError(f"slice_bits = {dac.slice_bits}: drive each of `input_slices` with `DAC.line_converter`")
    step, limit = dac.step, dac.limit
    if not dac.signed:
        check_inputs(x, dac)
    if not dac.uniform:
        check_inputs(x, dac)
        x, step, limit = dac.by_its_law(x).astype(np.float32), 0.0, np.inf
    elif bank is not None or dac.mismatched or dac.noise_lsb > 0 or dac.stochastic_rounding:
        check_inputs(x, dac)
        x = drive_by_bank(x, dac, stream, bank)
        step, limit = 0.0, np.inf  # converted, and errors may carry it beyond the range
    out = x if step == 0 else np.empty_like(x)
    totals = np.empty((len(x), 4))
    run = _drive_threaded if _worth_threads(x) else _drive
    if run(out, x, siemens, (np.float32(step), _inverse(step), np.float32(limit)), totals):
        check_inputs(x, dac)
    return out, totals


def check_inputs(x: np.ndarray, dac: DAC) -> None:
    """ArrayError where an input is not finite, or beyond x_max of a DAC that does not scale it."""
    if dac.range != "fixed" and np.isfinite(x).all() and (dac.signed or dac.range == "clip" or not np.any(x < 0)):
        return
    if not dac.signed and np.any(x < 0):
        dac.refuse(x)
    if not np.all(np.abs(x) <= np.float32(dac.limit)):
        bad = np.argwhere(~np.isfinite(x))
        if len(bad):
            raise ArrayError(f"input [{bad[0, 0]}, {bad[0, 1]}] = {x[tuple(bad[0])]} must be finite")
        dac.refuse(x)


@kernel()
def _row_sums(values):
    """Of each row in float64, one number after the other; of four rows abreast, for an addition waits for the last one."""
    sums = np.zeros(values.shape[0])
    whole = values.shape[0] // 4 * 4
    for s in range(0, whole, 4):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for j in range(values.shape[1]):
            a += np.float64(values[s, j])
            b += np.float64(values[s + 1, j])
            c += np.float64(values[s + 2, j])
            d += np.float64(values[s + 3, j])
        sums[s], sums[s + 1], sums[s + 2], sums[s + 3] = a, b, c, d
    for s in range(whole, values.shape[0]):
        for j in range(values.shape[1]):
            sums[s] += np.float64(values[s, j])
    return sums


@kernel()
def read_totals(totals, variance, sensed, converter_variance, signal):
    """Over a batch: lines driven, sums of siemens x^2 and siemens |x|, floor of the sum of signal-to-noise ratios, noiseless reads.

    The sum over sensed lines of (signal / noise)^2 is at least (total signal)^2 / (total variance), by Cauchy and
    Schwarz: a floor that never accuses wrongly, and costs one vector product.

    Parameters
    ----------
    totals
        of `drive`.
    variance
        (batch, 1) or (batch, sensed), from the cells.
    converter_variance
        of every conversion.
    signal
        output of one siemens at x = 1.
    """
    driven = 0.0
    dissipated = 0.0
    carried = 0.0
    snr = 0.0
    silent = 0
    noises = _row_sums(variance)
    for s in range(totals.shape[0]):
        dissipated += totals[s, 1]
        carried += totals[s, 2]
        driven += totals[s, 3]
        noise = noises[s] * (sensed // variance.shape[1]) + sensed * converter_variance
        heard = totals[s, 2] * signal
        if noise > 0:
            snr += heard * heard / noise
        elif heard > 0:
            silent += 1
    return driven, dissipated, carried, snr, silent


@kernel()
def _quantise(y, step, inverse, levels):
    """y <- step times the nearest code, held within +-levels; returns how many were held."""
    held = np.int32(0)  # see `_beyond`
    for i in range(y.size):
        code = np.rint(y[i] * inverse)
        held = np.int32(held + np.int32(abs(code) > levels))
        y[i] = step * min(max(code, -levels), levels)
    return held


@kernel()
def _add_noise(y, first, columns, variance, own, normals):
    """y <- y + sigma normals, for a stretch of the outputs (row by row) that begins at number `first`.

    Parameters
    ----------
    variance
        (batch, 1) or (batch, columns), to which `own` comes.
    """
    position = 0
    while position < y.size:
        row = (first + position) // columns
        column = first + position - row * columns
        part = y[position : position + columns - column]
        z = normals[position : position + columns - column]
        if variance.shape[1] == 1:
            sigma = np.float32(np.sqrt(variance[row, 0] + own))
            for i in range(part.size):
                part[i] += sigma * z[i]
        else:
            each = variance[row, column:]
            for i in range(part.size):
                part[i] += np.float32(np.sqrt(each[i] + own)) * z[i]
        position += part.size


@kernel(draws=True)
def _digitise(y, first, stop, columns, variance, converter, address):
    """Noise (where variance has rows) and quantisation (where the step is not 0) of outputs (batch x columns,).

    Spans are of `SPAN` numbers of the draw, of which the outputs take those from position `lead` of block `base` on;
    spans from `first` to before `stop` are changed in place. Returns how many saturated.
    """
    step, inverse, levels, own = converter
    number, key, base, lead = address
    low = np.empty(SPAN // 4, np.uint32)
    high = np.empty(SPAN // 4, np.uint32)
    words = np.empty((4, SPAN // 4), np.uint32)
    radius = np.empty(SPAN // 4, np.float32)
    rows = np.empty((4, SPAN // 4), np.float32)
    normals = np.empty(SPAN, np.float32)
    held = 0
    for span in range(first, stop):
        start = span * SPAN - lead
        begin = max(start, 0)
        part = y[begin : min(start + SPAN, y.size)]
        if variance.shape[0] > 0:
            z = normals[: begin - start + part.size]
            normals_of_blocks(
                z, base + np.uint64(span * (SPAN // BLOCK)), number, key, (low, high, words, radius, rows)
            )
            _add_noise(part, begin, columns, variance, own, z[begin - start :])
        if step > np.float32(0.0):
            held += _quantise(part, step, inverse, levels)
    return held


@kernel(parallel=True, draws=True)
def _digitise_threaded(y, chunks, columns, variance, converter, address):
    spans = (y.size + address[3] + SPAN - 1) // SPAN
    per = (spans + chunks - 1) // chunks
    held = np.zeros(chunks, np.int64)
    for c in prange(chunks):
        held[c] = _digitise(y, c * per, min((c + 1) * per, spans), columns, variance, converter, address)
    return held.sum()


def digitise(
    y: np.ndarray, variance: np.ndarray, adc: ADC, stream: Numbers, bank: ConverterBank | None = None
) -> tuple[np.ndarray, int]:
    """Noisy, digitised outputs (in place) and the number of saturated conversions.

    Parameters
    ----------
    y : ndarray
        ideal outputs (batch, sensed), float32.
    variance : ndarray
        of what the cells add, (batch, 1) or (batch, sensed), or without rows where they add nothing, as `NO_VARIANCE`.
    stream : Numbers
        noise of cells and converter together takes one step of it, and then stochastic rounding one.
    bank : ConverterBank, optional
        mismatch of the ADC, of which every sensed line has its converter.

    Raises
    ------
    ArrayError
        the range of the ADC is not resolved, or a bank is missing or of another size.
    """
    if not len(variance) and adc.noise_lsb > 0:
        variance = np.zeros((len(y), 1))
    if not len(variance) and adc.bits is None:
        return y, 0
    if adc.middle != 0:
        y, held = digitise(y - adc.middle, variance, adc.centred, stream, bank)
        return y + adc.middle, held
    y = np.ascontiguousarray(y)
    singly = bank is not None or adc.mismatched or adc.stochastic_rounding or not adc.uniform
    if singly and not len(variance):
        return y, _digitise_singly(y, adc, stream, bank)
    number, position = stream.address(y.shape[1]) if len(variance) else (np.uint64(0), 0)
    variance = np.ascontiguousarray(variance)
    own = variance.dtype.type((adc.step * adc.noise_lsb) ** 2)
    step = 0.0 if singly else adc.step
    converter = (np.float32(step), _inverse(step), np.float32(adc.levels), own)
    lead = position % BLOCK
    flat, address = y.reshape(-1), (number, stream.key, np.uint64(position // BLOCK), lead)
    if _worth_threads(y):
        held = _digitise_threaded(flat, 4 * numba.get_num_threads(), y.shape[1], variance, converter, address)
    else:
        held = _digitise(flat, 0, -(-(y.size + lead) // SPAN), y.shape[1], variance, converter, address)
    return y, _digitise_singly(y, adc, stream, bank) if singly else int(held)


def _digitise_singly(y: np.ndarray, adc: ADC, stream: Numbers, bank: ConverterBank | None) -> int:
    """Outputs that have their noise, digitised in place by a bank or by the law of their kind; how many saturated."""
    if adc.uniform:
        return digitise_by_bank(y, adc, stream, bank)
    saturated = int(np.count_nonzero(np.abs(y) > (adc.levels + 0.5) * adc.step))
    y[...] = adc.by_its_law(y)
    return saturated


def _inverse(step: float) -> np.float32:
    return np.float32(1.0 / step if step > 0 else 0.0)


def _worth_threads(x: np.ndarray) -> bool:
    return x.size >= _PARALLEL_FROM and numba.get_num_threads() > 1
