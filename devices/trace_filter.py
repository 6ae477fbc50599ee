"""The likelihood of pulse traces, by a filter that keeps read noise and noise from cycle to cycle apart.

A read shows y_t = v_t + r, with r fresh at each read; a pulse changes v_t by the mean of the law and noise that stays. The
two are told apart because read noise makes the change of one pulse and of the next correlate by -sigma_r^2, while what
stays in the cell makes them independent. A Kalman filter over the traces is that bookkeeping, done exactly for laws that are
linear in the state; for the others the mean is linearised over the (small) uncertainty of the state, and hard bounds are
taken by the mean and variance of a clipped normal.

Series are cut into `SEGMENT` pulses, each starting at its first read, so that all run side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from .trace_laws import TraceLaw

SEGMENT = 24
_SMALL = 1e-4  # difference of v for the slope of a law


@dataclass(frozen=True)
class Segments:
    """Pieces of series, side by side, on the coordinate of their devices.

    Attributes
    ----------
    y: (segments, pulses + 1) reads. up, there: (segments, pulses) direction; whether the pulse exists. device, group: (segments,)
    index of the device, and of the cycle of that device. half: (devices,) half the range of the device, in state units.
    """

    y: np.ndarray
    up: np.ndarray
    there: np.ndarray
    device: np.ndarray
    group: np.ndarray
    half: np.ndarray

    def chosen(self, mask: np.ndarray) -> Segments:
        return Segments(self.y[mask], self.up[mask], self.there[mask], self.device[mask], self.group[mask], self.half)

    @property
    def count(self) -> int:
        return int(self.there.sum())


@dataclass(frozen=True)
class Parameters:
    """Rows of parameters, to be tried at once.

    q: (rows, shape parameters). noise, read: (rows,) cycle noise as the law counts it; read noise in state units. s_up,
    s_down: (rows, devices) scale of the steps on the coordinate of the device.
    """

    q: np.ndarray
    noise: np.ndarray
    read: np.ndarray
    s_up: np.ndarray
    s_down: np.ndarray


@dataclass(frozen=True)
class Filtered:
    """Of each pulse, (rows, segments, pulses): log-likelihood (0 where there is none), innovation and its variance; `state`
    is what the filter took v to be before the pulse."""

    loglik: np.ndarray
    innovation: np.ndarray
    variance: np.ndarray
    state: np.ndarray


def filtered(law: TraceLaw, data: Segments, p: Parameters) -> Filtered:
    """Run the filter over all segments, for each row of parameters."""
    rows, (count, length) = len(p.q), data.up.shape
    shape = (rows, count, length)
    loglik, innovation, variance, state = (np.zeros(shape) for _ in range(4))
    q = np.moveaxis(p.q[:, :, None], 1, 0)
    s_up, s_down = p.s_up[:, data.device], p.s_down[:, data.device]
    scale = np.sqrt(s_up * s_down) if law.law == "soft-bounds" else None
    r2 = (p.read[:, None] / data.half[data.device]) ** 2
    low, high = law.bounds(q)
    v, spread = np.broadcast_to(data.y[:, 0], (rows, count)), r2
    for t in range(length):
        up, there = data.up[:, t], data.there[:, t]
        s = np.where(up, s_up, -s_down)
        here, near = (s * np.where(up, *law.steps(v + h, q)) for h in (0.0, _SMALL))
        base = (np.abs(s) if scale is None else scale) if law.noise == "additive" else np.abs(here)
        total = spread * (1 + (near - here) / _SMALL) ** 2 + (p.noise[:, None] * base) ** 2
        mean, total = _clipped(v + here, np.maximum(total, 1e-14), low, high)
        state[..., t] = v
        s2 = total + r2
        error = data.y[:, t + 1] - mean
        loglik[..., t] = np.where(there, -0.5 * (error**2 / s2 + np.log(2 * np.pi * s2)), 0.0)
        innovation[..., t], variance[..., t] = error, s2
        v, spread = mean + total / s2 * error, total * r2 / s2
    return Filtered(loglik, innovation, variance, state)


def _clipped(
    mean: np.ndarray, variance: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a normal number that is clipped to [low, high]."""
    sd = np.sqrt(variance)
    a, b = np.clip((low - mean) / sd, -9, 9), np.clip((high - mean) / sd, -9, 9)
    if np.all(a < -6) and np.all(b > 6):
        return mean, variance
    below, above = ndtr(a), ndtr(-b)
    da, db = (np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi) for x in (a, b))
    first = a * below + b * above + da - db
    second = a * a * below + b * b * above + (1 - below - above) + a * da - b * db
    # beyond 9 standard deviations outside, a and b are not the distances any more: the state is at the bound
    at = np.clip(mean + sd * first, low, high)
    return at, variance * np.maximum(second - first * first, 1e-6)
