"""The filter of pulse traces in NumPy, from the formulas, pulse after pulse over all segments: what the kernel is held to."""

import numpy as np
from scipy.special import ndtr

from revpath.devices.traces.filter import Parameters, Segments
from revpath.devices.traces.laws import TraceLaw

SMALL = 1e-4  # difference of v for the slope of a law


def filtered_twin(law: TraceLaw, data: Segments, p: Parameters) -> np.ndarray:
    """Log-likelihood, innovation, its variance and the state before: (4, rows, segments, pulses); all ends closed."""
    rows, (count, length) = len(p.q), data.up.shape
    out = np.zeros((4, rows, count, length))
    q = np.moveaxis(p.q[:, :, None], 1, 0)
    s_up, s_down = p.s_up[:, data.device], p.s_down[:, data.device]
    r2, least = (p.read[:, None] / data.half[data.device]) ** 2, data.least[data.device]
    low, high = law.bounds(q)
    v, spread = np.broadcast_to(data.y[:, 0], (rows, count)), r2
    for t in range(length):
        up, there = data.up[:, t], data.there[:, t]
        s = np.where(up, s_up, -s_down)
        here, near = (s * np.where(up, *law.steps(v + h, q)) for h in (0.0, SMALL))
        base = np.abs(here)
        if law.noise == "additive":
            base = np.sqrt(s_up * s_down) if law.law == "soft-bounds" else np.abs(s)
        total = spread * (1 + (near - here) / SMALL) ** 2 + (p.noise[:, None] * base) ** 2
        mean, total = clipped_twin(v + here, np.maximum(total, 1e-14), low, high, least)
        s2, error = total + r2, data.y[:, t + 1] - mean
        ll = -0.5 * (error**2 / s2 + np.log(2 * np.pi * s2))
        out[..., t] = np.where(there, [ll, error, s2, np.broadcast_to(v, error.shape)], 0.0)
        v, spread = mean + total / s2 * error, total * r2 / s2
    return out


def clipped_twin(mean, variance, low, high, least) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a normal number that is clipped to [low, high], with `least` in place of what is lost."""
    sd = np.sqrt(variance)
    a, b = (low - mean) / sd, (high - mean) / sd
    far = (a < -6) & (b > 6)
    a, b = np.clip(a, -9, 9), np.clip(b, -9, 9)
    below, above = ndtr(a), ndtr(-b)
    da, db = (np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi) for x in (a, b))
    first = a * below + b * above + da - db
    second = a * a * below + b * b * above + (1 - below - above) + a * da - b * db
    share = np.clip(second - first * first, 0, 1)
    at, left = np.clip(mean + sd * first, low, high), variance * share + least * (1 - share)
    return np.where(far, mean, at), np.where(far, variance, left)
