"""The converters of one side of an array: each with an offset, a gain and a nonlinearity of its own.

Law of the nonlinearity: the differential errors of neighbouring codes are independent and equal in law, so that the
integral one is a random walk over the codes; its best straight line is removed (offset and gain have fields of their
own) and it is scaled to `inl_lsb` rms, exactly, for each converter. That is a converter of equal unit elements, whose
INL is a Brownian bridge ("Brownian Bridge Based Analysis and Modeling of DAC Linearity", chapter 6 of Smart and
Flexible Digital-to-Analog Converters, https://doi.org/10.1007/978-94-007-0347-6_6, abstract; there about the line
through the end points). Most of its power is in a smooth bow. Binary-weighted converters, whose errors are largest
where many bits change at once, have another law, which is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numba import prange

from ..compile import kernel
from ..errors import ArrayError
from ..noise.streams import Numbers, Stream
from .adc_dac import ADC, DAC

_PARALLEL_FROM = 1 << 16  # numbers; below this a thread costs more than it brings


@dataclass(frozen=True, eq=False)
class ConverterBank:
    """Errors of the converters of one side of an array.

    Attributes
    ----------
    gain : ndarray
        (converters,) float32, 1 for a perfect one.
    offset : ndarray
        (converters,) float32, in steps.
    inl : ndarray
        (converters, codes) float32, in steps, codes from the lowest to the highest; or (converters, 0) without any.
    lines : int
        how many lines they serve; line j has converter j // lines_per_converter.
    """

    gain: np.ndarray
    offset: np.ndarray
    inl: np.ndarray
    lines: int
    lines_per_converter: int = 1


def draw_bank(converter: ADC | DAC, lines: int, stream: Stream) -> ConverterBank | None:
    """The converters of `lines` lines; None where all are alike.

    Takes three steps of the stream (gain, offset, nonlinearity) whichever of them are on, or none where all are alike.
    Converter k of an array is the same however many others there are. A table takes 4 bytes for each code.

    Parameters
    ----------
    converter : ADC or DAC
        for sliced inputs the one that drives a line, `DAC.line_converter`.
    """
    if not converter.mismatched:
        return None
    shared = converter.lines_per_converter if isinstance(converter, ADC) else 1
    count = -(-lines // shared)
    gain = 1 + np.float32(converter.gain_error) * stream.normals(count)
    offset = np.float32(converter.offset_lsb) * stream.normals(count)
    if converter.inl_lsb == 0:
        stream.take_step()
        inl = np.empty((count, 0), np.float32)
    else:
        inl = converter.inl_lsb * _wander(stream.normals((count, 2 * converter.levels)))
    return ConverterBank(gain, offset, inl.astype(np.float32), lines, shared)


def _wander(steps: np.ndarray) -> np.ndarray:
    """Random walks (k, n + 1) with steps (k, n), about their best straight lines, of unit rms."""
    walk = np.zeros((steps.shape[0], steps.shape[1] + 1))
    np.cumsum(steps, axis=1, dtype=np.float64, out=walk[:, 1:])
    walk -= walk.mean(axis=1, keepdims=True)
    codes = np.arange(walk.shape[1]) - (walk.shape[1] - 1) / 2
    walk -= np.outer(walk @ codes / (codes @ codes), codes)
    return walk / np.sqrt(np.mean(walk**2, axis=1, keepdims=True))


@kernel()
def _round_by_chance(values, uniforms):
    """values <- the integers below, or above with the probability of the distance from below."""
    for j in range(values.size):
        below = np.floor(values[j])
        values[j] = below + np.float32(uniforms[j] < values[j] - below)


@kernel()
def _hold(values, levels):
    """values <- the nearest integers within +-levels; returns how many were beyond."""
    held = 0
    for j in range(values.size):
        code = np.rint(values[j])
        held += np.int64(abs(code) > levels)
        values[j] = min(max(code, -levels), levels)
    return held


@kernel()
def _scale_and_shift(values, gain, offset):
    for j in range(values.size):
        values[j] = values[j] * gain[j] + offset[j]


@kernel()
def _bend(values, codes, inl, owner, levels):
    """values += INL at the nearest of the codes; the integer comparisons keep what is not a number inside the table."""
    last = inl.shape[1] - 1
    for j in range(values.size):
        nearest = np.int64(min(max(np.rint(codes[j]), -levels), levels) + levels)
        values[j] += inl[owner[j], min(max(nearest, 0), last)]


@kernel()
def _multiply(out, values, factor):
    for j in range(out.size):
        out[j] = values[j] * factor


@kernel()
def _digitise_rows(y, uniforms, bank, converter):
    """y (batch, lines) <- what each line's converter says; returns how many saturated.

    Parameters
    ----------
    uniforms
        like y for stochastic rounding, or without rows.
    bank
        gain and offset of each line, or without entries for perfect converters; INL of each converter; which converter
        each line has.
    """
    step, inverse, levels = converter
    gain, offset, inl, owner = bank
    held = 0
    for s in range(y.shape[0]):
        row = y[s]
        _multiply(row, row, inverse)
        if gain.size > 0:
            _scale_and_shift(row, gain, offset)
        if inl.shape[1] > 0:
            _bend(row, row, inl, owner, levels)
        if uniforms.shape[0] > 0:
            _round_by_chance(row, uniforms[s])
        held += _hold(row, levels)
        _multiply(row, row, step)
    return held


@kernel(parallel=True)
def _digitise_rows_threaded(y, uniforms, bank, converter):
    held = np.zeros(y.shape[0], np.int64)
    for s in prange(y.shape[0]):
        held[s] = _digitise_rows(y[s : s + 1], uniforms[s : s + 1], bank, converter)
    return held.sum()


@kernel()
def _finish_drive(out, codes, step):
    """out <- step out, but 0 where the code is 0."""
    for i in range(out.size):
        out[i] = step * out[i] if codes[i] != np.float32(0.0) else np.float32(0.0)


@kernel()
def _add(values, normals, sigma):
    for i in range(values.size):
        values[i] += sigma * normals[i]


@kernel()
def _drive_rows(out, x, uniforms, normals, bank, converter):
    """out <- x as its lines' converters drive it; a code of 0 drives nothing."""
    step, inverse, levels, sigma = converter
    gain, offset, inl, owner = bank
    codes = np.empty(x.shape[1], np.float32)
    for s in range(x.shape[0]):
        row = out[s]
        _multiply(codes, x[s], inverse)
        if uniforms.shape[0] > 0:
            _round_by_chance(codes, uniforms[s])
        _hold(codes, levels)
        row[:] = codes
        if gain.size > 0:
            _scale_and_shift(row, gain, offset)
        if inl.shape[1] > 0:
            _bend(row, codes, inl, owner, levels)
        if normals.shape[0] > 0:
            _add(row, normals[s], sigma)
        _finish_drive(row, codes, step)


@kernel(parallel=True)
def _drive_rows_threaded(out, x, uniforms, normals, bank, converter):
    for s in prange(x.shape[0]):
        rows = slice(s, s + 1)
        _drive_rows(out[rows], x[rows], uniforms[rows], normals[rows], bank, converter)


def digitise_by_bank(y: np.ndarray, adc: ADC, stream: Numbers, bank: ConverterBank | None) -> int:
    """Outputs (batch, lines) float32, noise already in them, digitised in place; the number of saturated conversions.

    In steps, the converter of line j sees v = y gain_j / step + offset_j; its code is the nearest to v + inl_j(nearest
    code to v), or with stochastic rounding one of the two around it. Takes one step of the stream for that, else none.
    """
    errors = _errors(bank, adc, y.shape[1], "ADC")
    uniforms = stream.uniforms(y.shape) if adc.stochastic_rounding else np.empty((0, 0), np.float32)
    numbers = (np.float32(adc.step), np.float32(1 / adc.step), np.float32(adc.levels))
    run = _digitise_rows_threaded if _worth_threads(y) else _digitise_rows
    return int(run(y, uniforms, errors, numbers))


def drive_by_bank(x: np.ndarray, dac: DAC, stream: Numbers | None, bank: ConverterBank | None) -> np.ndarray:
    """Inputs (batch, lines) float32, within x_max, as the lines' converters drive them.

    In steps, a code k other than 0 gives k gain_i + offset_i + inl_i(k) + noise. Takes one step of the stream for
    stochastic rounding and then one for noise, each only where it is on.

    Raises
    ------
    ArrayError
        noise or stochastic rounding without a stream, or a bank for another number of lines.
    """
    errors = _errors(bank, dac, x.shape[1], "DAC")
    nothing = np.empty((0, 0), np.float32)
    uniforms = _source(stream).uniforms(x.shape) if dac.stochastic_rounding else nothing
    normals = _source(stream).normals(x.shape) if dac.noise_lsb > 0 else nothing
    numbers = (np.float32(dac.step), np.float32(1 / dac.step), np.float32(dac.levels), np.float32(dac.noise_lsb))
    out = np.empty_like(x)
    run = _drive_rows_threaded if _worth_threads(x) else _drive_rows
    run(out, x, uniforms, normals, errors, numbers)
    return out


def _errors(bank: ConverterBank | None, converter: ADC | DAC, lines: int, name: str) -> tuple[np.ndarray, ...]:
    """Gain and offset by line, INL by converter, converter by line: what the kernels take."""
    if bank is None:
        if converter.mismatched:
            raise ArrayError(f"the {name} has offset_lsb, gain_error or inl_lsb: a read needs its bank (`draw_bank`)")
        perfect = np.empty(0, np.float32)
        return perfect, perfect, np.empty((0, 0), np.float32), np.empty(0, np.int64)
    if bank.lines != lines:
        raise ArrayError(f"bank of the {name} serves {bank.lines} lines; the read has {lines}")
    codes = 2 * converter.levels + 1
    if bank.inl.shape[1] not in (0, codes):
        raise ArrayError(f"bank of the {name} has {bank.inl.shape[1]} codes; bits = {converter.bits} needs {codes}")
    owner = np.arange(lines) // bank.lines_per_converter
    return bank.gain[owner], bank.offset[owner], bank.inl, owner


def _source(stream: Numbers | None) -> Numbers:
    if stream is None:
        raise ArrayError("stream = None: a DAC with noise_lsb or stochastic_rounding needs a stream of random numbers")
    return stream


def _worth_threads(x: np.ndarray) -> bool:
    return x.size >= _PARALLEL_FROM and len(x) > 1 and numba.get_num_threads() > 1
