"""Inputs driven a few bits at a time: an 8-bit input by a 1-bit driver in seven reads, and how the reads are added up.

The code of an input, k = round(x / step) with |k| < 2**(bits - 1), is cut into digits of `slice_bits` bits of its
magnitude, each with the sign of k: k = sum_n digit_n 2**(slice_bits n), |digit_n| < 2**slice_bits, exactly. A digit is
driven by `DAC.line_converter`, whose full scale is x_max (a DAC without a sign has `bits` bits of magnitude), so that

    x_n = digit_n x_max / (2**slice_bits - 1),    sum_n weight_n x_n = k step,
    weight_n = 2**(slice_bits n) (2**slice_bits - 1) / (2**(bits - 1) - 1).

Where slice_bits does not divide bits - 1, the last slice uses only the lowest digits of its converter, and what the ADC
adds to it weighs the more: 7 magnitude bits cut in threes give weights of 0.06, 0.44 and 3.5.

What an array counts: an ``array.read`` for each slice; a ``dac.conversion{bits=slice_bits + 1}`` and a ``line.drive``
for each line and slice whose digit is not 0; with digital shift-and-add an ``adc.conversion`` for each sensed line and
slice, and a ``digital.add`` for each sensed line and slice beyond the first (the shift is wiring); with analog
shift-and-add one ``adc.conversion`` for each sensed line, and one ``analog.shift_add`` for each sensed line and slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ArrayError
from ..noise.outputs import summed
from ..noise.streams import Numbers
from .adc_dac import DAC
from .readout import check_inputs


@dataclass(frozen=True, eq=False)
class InputSlice:
    """inputs: (batch, lines) float32, digits in units in which the full digit is x_max. weight: of its outputs."""

    inputs: np.ndarray
    weight: float


def input_codes(x: np.ndarray, dac: DAC, stream: Numbers | None = None) -> np.ndarray:
    """Codes (batch, lines) int32 of inputs (batch, lines) float32: the nearest, or stochastically rounded.

    Takes a step of the stream for stochastic rounding.

    Raises
    ------
    ArrayError
        an ideal DAC, which has no codes; inputs that are not finite or beyond x_max; rounding without a stream.
    """
    if dac.bits is None:
        raise ArrayError("bits = None: an ideal DAC has no codes")
    check_inputs(x, dac)
    wanted = np.asarray(x, np.float32) * np.float32(1 / dac.step)
    if dac.stochastic_rounding:
        if stream is None:
            raise ArrayError("stream = None: stochastic_rounding needs a stream of random numbers")
        below = np.floor(wanted)
        codes = below + (stream.uniforms(wanted.shape) < wanted - below)
    else:
        codes = np.rint(wanted)
    return np.clip(codes, -dac.levels, dac.levels).astype(np.int32)


def digits_of(codes: np.ndarray, dac: DAC) -> np.ndarray:
    """Signed digits (slices, ...) int32 of codes (...), lowest first: sum_n digits[n] 2**(slice_bits n) = codes."""
    if dac.slice_bits is None:
        return codes[None]
    shifts = dac.slice_bits * np.arange(dac.slices).reshape(-1, *[1] * codes.ndim)
    return (np.sign(codes) * ((np.abs(codes) >> shifts) & (2**dac.slice_bits - 1))).astype(np.int32)


def input_slices(x: np.ndarray, dac: DAC, stream: Numbers | None = None) -> list[InputSlice]:
    """What to drive, slice by slice, for inputs (batch, lines): sum of weight x inputs is the rounded input.

    Drive each by `drive(slice.inputs, siemens, dac.line_converter, ...)`. A DAC without slices gives one of weight 1; its
    inputs are rounded only where that is by chance, and takes a step of the stream.

    Raises
    ------
    ArrayError
        as `input_codes`.
    """
    if dac.slice_bits is None:
        if dac.stochastic_rounding:
            x = input_codes(x, dac, stream).astype(np.float32) * np.float32(dac.step)
        return [InputSlice(x, 1.0)]
    full = 2**dac.slice_bits - 1
    digits = digits_of(input_codes(x, dac, stream), dac)
    unit = np.float32(dac.x_max / full)
    return [
        InputSlice(digit.astype(np.float32) * unit, 2.0 ** (dac.slice_bits * n) * full / dac.levels)
        for n, digit in enumerate(digits)
    ]


def shift_and_add(outputs: Sequence[np.ndarray], slices: Sequence[InputSlice]) -> np.ndarray:
    """Outputs of all slices, each (batch, sensed), added up by weight: (batch, sensed) float32, summed in float64.

    Digital: of what the ADC said. Analog: of what came before it; variances of the slices then add by weight squared
    (`added_variance`). The charge-sharing circuit's own noise and mismatch are not modelled.
    """
    total = np.zeros(outputs[0].shape)
    for y, part in zip(outputs, slices, strict=True):
        total += part.weight * y
    return total.astype(np.float32)


def added_variance(variances: Sequence[np.ndarray], slices: Sequence[InputSlice]) -> np.ndarray:
    """Variance of the analog sum from those of its slices, each (batch, 1) or (batch, sensed), or without rows for none."""
    return summed(*(part.weight**2 * v for v, part in zip(variances, slices, strict=True)))
