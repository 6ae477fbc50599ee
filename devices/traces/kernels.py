"""The filter of `trace_filter` pulse by pulse, compiled: a fit runs it some thousand times.

The formulas are those of `trace_laws`, in scalars; the tests hold both to each other, and the filter to a twin in NumPy.
"""

from __future__ import annotations

import math

import numpy as np

from ..base.compile import kernel

CONSTANT, SOFT, LINEAR, POWER, EXPONENTIAL, TABLE = range(6)


@kernel()
def step(kind: int, v: float, up: bool, q: np.ndarray) -> float:
    """Change by a pulse in units of the scale, positive; of a table, q holds the nodes of up and then of down steps."""
    if kind == CONSTANT:
        return 1.0
    if kind == SOFT:
        return 1 - v / q[0] if up else 1 + v / q[1]
    if kind == LINEAR:
        return 1 - q[0] * v if up else 1 + q[1] * v
    if kind == POWER:
        place = min(max((v + q[1]) / (q[0] + q[1]), 1e-12), 1 - 1e-12)
        return (1 - place) ** q[2] if up else place ** q[3]
    if kind == EXPONENTIAL:
        left = 1 - q[0] * math.exp(q[2] * (v - 1)) if up else 1 - q[1] * math.exp(-q[3] * (v + 1))
        return max(left, 0.0)
    half = len(q) // 2
    place = min(max((v + 1) * (half - 1) / 2, 0.0), half - 1 - 1e-9)
    left_node = int(place)
    share, at = place - left_node, left_node + (0 if up else half)
    return (1 - share) * q[at] + share * q[at + 1]


@kernel()
def clipped(mean: float, variance: float, low: float, high: float, least: float) -> tuple[float, float]:
    """Mean and variance of a normal number that is clipped to [low, high].

    A cell that sits at its bound would have no variance at all, and, without read noise, an endless likelihood that knows
    nothing: what clipping takes of the variance leaves its share of `least`.
    """
    sd, root, density = math.sqrt(variance), math.sqrt(2.0), 1 / math.sqrt(2 * math.pi)
    a, b = (low - mean) / sd, (high - mean) / sd
    if a < -6 and b > 6:
        return mean, variance
    a, b = min(max(a, -9.0), 9.0), min(max(b, -9.0), 9.0)
    below, above = 0.5 * math.erfc(-a / root), 0.5 * math.erfc(b / root)
    da, db = density * math.exp(-0.5 * a * a), density * math.exp(-0.5 * b * b)
    first = a * below + b * above + da - db
    second = a * a * below + b * b * above + (1 - below - above) + a * da - b * db
    # beyond 9 standard deviations outside, a and b are not the distances any more: the state is at the bound
    at = min(max(mean + sd * first, low), high)
    share = min(max(second - first * first, 0.0), 1.0)
    return at, variance * share + least * (1 - share)


@kernel()
def run(
    kind, additive, balanced, q, noise, read, s_up, s_down, low, high, y, up, count, device, half, least, total, detail
):  # fmt: skip
    """Fill total (rows, segments) with log-likelihoods, and, if it is not empty, detail (4, rows, segments, pulses) with
    log-likelihood, innovation, its variance and the state before, pulse by pulse.

    Parameters
    ----------
    low, high
        (rows, devices) bounds of v.
    least
        (devices,) see `clipped`.
    count
        (segments,) pulses that exist.
    balanced
        additive noise is counted in the geometric mean of both scales, not in the scale of the pulse.
    """
    keep = detail.shape[1] > 0
    small, log = 1e-4, math.log(2 * math.pi)  # small: difference of v for the slope of a law
    for row in range(len(noise)):
        shape, c2 = q[row], noise[row] * noise[row]
        for i in range(len(y)):
            d = device[i]
            r = read[row] / half[d]
            r2 = r * r
            v, spread, sum_ = y[i, 0], r2, 0.0
            for t in range(count[i]):
                way = up[i, t]
                scale = s_up[row, d] if way else -s_down[row, d]
                here = scale * step(kind, v, way, shape)
                slope = (scale * step(kind, v + small, way, shape) - here) / small
                if additive:
                    base2 = s_up[row, d] * s_down[row, d] if balanced else scale * scale
                else:
                    base2 = here * here
                variance = max(spread * (1 + slope) ** 2 + c2 * base2, 1e-14)
                mean, variance = clipped(v + here, variance, low[row, d], high[row, d], least[d])
                s2 = variance + r2
                error = y[i, t + 1] - mean
                ll = -0.5 * (error * error / s2 + log + math.log(s2))
                if keep:
                    detail[0, row, i, t], detail[1, row, i, t] = ll, error
                    detail[2, row, i, t], detail[3, row, i, t] = s2, v
                sum_ += ll
                v, spread = mean + variance / s2 * error, variance * r2 / s2
            total[row, i] = sum_
