"""One pulse on one cell, in scalar Python from the formulas of the reference notes: the twin of `pulse` of each law.

Parameters of the cell come in plain numbers; nothing of the package is used.
"""

from __future__ import annotations

from math import exp


def clip(w: float, low: float, high: float) -> float:
    return min(max(w, low), high)


def constant(w, up, xi, s_up, s_down, b_max, b_min, *, c):
    return clip(w + s_up * (1 + c * xi) if up else w - s_down * (1 + c * xi), b_min, b_max)


def linear(w, up, xi, s_up, s_down, b_max, b_min, *, c, slope_up, slope_down, additive):
    s, slope = (s_up, slope_up) if up else (s_down, slope_down)
    step = slope * w + s * (1 + c * xi) if additive else (slope * w + s) * (1 + c * xi)
    return clip(w + step if up else w - step, b_min, b_max)


def soft_bounds(w, up, xi, s_up, s_down, b_max, b_min, *, c, additive=True, reference=0.0):
    v = w + reference
    rest = 1 - v / (b_max if up else b_min)
    size = (s_up if up else s_down) * (rest + c * xi if additive else rest * (1 + c * xi))
    return clip(v + size if up else v - size, b_min, b_max) - reference


def exponential(w, up, xi, s_up, s_down, b_max, b_min, *, c, a, b, big_up, big_down, gamma_up, gamma_down, add, slope):
    z = 2 * a * w / (b_max - b_min) + b
    size = s_up * max(1 - big_up * exp(gamma_up * z), 0) if up else s_down * max(1 - big_down * exp(-gamma_down * z), 0)
    noise = c * (abs(size) + add + slope * abs(w)) * xi
    return clip(w + size + noise if up else w - size - noise, b_min, b_max)


def power(w, up, xi, s_up, s_down, b_max, b_min, *, c, gamma_up, gamma_down):
    span = b_max - b_min
    size = s_up * ((b_max - w) / span) ** gamma_up if up else s_down * ((w - b_min) / span) ** gamma_down
    return clip(w + size * (1 + c * xi) if up else w - size * (1 + c * xi), b_min, b_max)


def table(w, up, xi, s_up, s_down, b_max, b_min, *, c, nodes_up, nodes_down):
    nodes = nodes_up if up else nodes_down
    place = clip((w - b_min) / (b_max - b_min), 0, 1) * (len(nodes) - 1)
    k = min(int(place), len(nodes) - 2)
    size = (s_up if up else s_down) * (nodes[k] + (place - k) * (nodes[k + 1] - nodes[k]))
    return clip(w + size * (1 + c * xi) if up else w - size * (1 + c * xi), b_min, b_max)
