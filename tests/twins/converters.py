"""Slow, obvious twins of converters with errors of their own: one number, one converter at a time, in float32."""

from __future__ import annotations

import math

import numpy as np

F32 = np.float32


def rounded(v, uniform=None) -> int:
    """The nearest integer (ties to even), or given a uniform number the one above with the probability of the rest."""
    if uniform is None:
        return round(float(v))
    below = math.floor(float(v))
    return below + (1 if float(uniform) < float(F32(v - F32(below))) else 0)


def digitised(y, step, levels, errors=None, uniform=None) -> tuple[np.float32, bool]:
    """What an ADC says of one output, and whether it saturated; errors: (gain, offset in steps, inl by code) or None."""
    seen = F32(F32(y) * F32(1 / step))
    if errors is not None:
        gain, offset, inl = errors
        seen = F32(F32(seen * F32(gain)) + F32(offset))
        if len(inl):
            nearest = min(max(rounded(seen), -levels), levels)
            seen = F32(seen + F32(inl[nearest + levels]))
    code = rounded(seen, uniform)
    return F32(F32(step) * F32(min(max(code, -levels), levels))), abs(code) > levels


def driven(x, step, levels, errors=None, uniform=None, noise=0.0) -> np.float32:
    """What a DAC drives for one input; noise in steps. A code of 0 drives nothing."""
    code = min(max(rounded(F32(F32(x) * F32(1 / step)), uniform), -levels), levels)
    if code == 0:
        return F32(0)
    value = F32(code)
    if errors is not None:
        gain, offset, inl = errors
        value = F32(F32(value * F32(gain)) + F32(offset))
        if len(inl):
            value = F32(value + F32(inl[code + levels]))
    return F32(F32(step) * F32(value + F32(noise)))


def wander(normals) -> list[float]:
    """INL of unit rms from the differential errors of neighbouring codes: their sums, less the best straight line."""
    walk = [0.0]
    for z in normals:
        walk.append(walk[-1] + float(z))
    n = len(walk)
    slope, start = np.polyfit(range(n), walk, 1)
    bent = [w - slope * k - start for k, w in enumerate(walk)]
    rms = math.sqrt(sum(b * b for b in bent) / n)
    return [b / rms for b in bent]


def digits(code: int, base_bits: int, count: int) -> list[int]:
    """Signed digits of a code in base 2**base_bits, lowest first, by repeated division."""
    size, out = abs(code), []
    for _ in range(count):
        size, digit = divmod(size, 2**base_bits)
        out.append(digit if code > 0 else -digit)
    assert size == 0
    return out


def within_bounds(x, w, step, levels, x_step, repeats) -> tuple[np.ndarray, int]:
    """Bound management, one vector after another: read with x / 2^k until no output has the last code; and how many reads."""
    out, reads = [], 0
    for row in np.asarray(x, float):
        for k in range(repeats + 1):
            reads += 1
            codes = np.rint((np.rint(row / 2**k / x_step) * x_step) @ w / step)
            if (np.abs(codes) < levels).all() or k == repeats:
                out.append(np.clip(codes, -levels, levels) * step * 2**k)
                break
    return np.array(out), reads
