"""Maximum likelihood of one response law on pulse traces: shape and noise shared by all devices, scales of their own.

The vector that is searched: shape parameters, log cycle noise, log read noise, then for each device the logarithms of its
scale of up steps and of its scale of down steps. Since the traces of one device know only its own scales, the scales of
all devices are varied at once, and a gradient costs as many filters as there are shape parameters, plus five.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .trace_filter import Filtered, Parameters, Segments, filtered
from .trace_laws import TraceLaw

_STEP = 1e-5  # finite differences, in parameters of order 1
_NOISE = (-7.0, 4.0)  # limits of the logarithms
_READ = (-9.0, -0.5)
_SCALE = (-11.0, 1.5)


@dataclass(frozen=True)
class Moments:
    """A first look at increments, without a law: where a search starts.

    Attributes
    ----------
    s_up, s_down: (devices,) mean steps. kept, read: standard deviations (of v) of the noise that stays and of read noise.
    correlation: of successive residuals; -1/2 is pure read noise, 0 none.
    """

    s_up: np.ndarray
    s_down: np.ndarray
    kept: float
    read: float
    correlation: float


@dataclass(frozen=True)
class Optimum:
    """The most likely parameters.

    Attributes
    ----------
    x: the vector of the search. loglik: there. scores: (pulses, len(x)) gradient of the log-likelihood of each pulse, and
    `owner` (pulses,) the device of each.
    """

    law: TraceLaw
    x: np.ndarray
    loglik: float
    devices: int

    @property
    def q(self) -> np.ndarray:
        return self.x[: len(self.law.parameters)]

    @property
    def noise(self) -> float:
        return float(np.exp(self.x[len(self.q)]))

    @property
    def read(self) -> float:
        return float(np.exp(self.x[len(self.q) + 1]))

    @property
    def scales(self) -> np.ndarray:
        """(2, devices): of up and of down steps."""
        return np.exp(self.x[len(self.q) + 2 :]).reshape(2, self.devices)

    def parameters(self) -> Parameters:
        return unpacked(self.law, self.x[None], self.devices)


def unpacked(law: TraceLaw, x: np.ndarray, devices: int) -> Parameters:
    """Rows of search vectors as parameters of the filter."""
    n = len(law.parameters)
    scales = np.exp(x[:, n + 2 :])
    return Parameters(x[:, :n], np.exp(x[:, n]), np.exp(x[:, n + 1]), scales[:, :devices], scales[:, devices:])


def moments(data: Segments) -> Moments:
    """Steps and noises from the increments alone.

    The residuals e of a straight line through the increments of each direction have variance kept^2 + 2 read^2 and
    covariance -read^2 from one pulse to the next, which gives both; read^2 is kept between 0 and half the variance.
    """
    d = np.diff(data.y, axis=1)
    e = np.zeros_like(d)
    devices = len(data.half)
    steps = np.full((2, devices), np.nan)
    for k, up in enumerate((True, False)):
        mask = data.there & (data.up == up)
        if mask.sum() < 3:
            continue
        line = np.polyfit(data.y[:, :-1][mask], d[mask], 1)
        e[mask] = d[mask] - np.polyval(line, data.y[:, :-1][mask])
        for j in range(devices):
            own = mask & (data.device == j)[:, None]
            if own.any():
                steps[k, j] = (1 if up else -1) * d[own].mean()
    variance = float(np.mean(e[data.there] ** 2)) + 1e-12
    both = data.there[:, 1:] & data.there[:, :-1]
    covariance = float(np.mean((e[:, 1:] * e[:, :-1])[both])) if both.any() else 0.0
    read2 = min(max(-covariance, 1e-3 * variance), 0.49 * variance)
    typical = max(float(np.nanmean(np.abs(steps))), 1e-4)
    s = np.where(np.isfinite(steps) & (steps > 0.1 * typical), steps, typical)
    return Moments(s[0], s[1], float(np.sqrt(variance - 2 * read2)), float(np.sqrt(read2)), covariance / variance)


def start(law: TraceLaw, data: Segments, look: Moments) -> np.ndarray:
    """Where the search for a law begins."""
    typical = float(np.mean((look.s_up + look.s_down) / 2))
    noise = np.log(max(look.kept, 1e-5) / typical)
    read = np.log(look.read * float(np.mean(data.half)))
    x = [p.start for p in law.parameters] + [np.clip(noise, -5, 3), np.clip(read, -8, -1)]
    return np.concatenate([x, np.log(look.s_up), np.log(look.s_down)])


def limits(law: TraceLaw, devices: int, lowest: float) -> list[tuple[float, float]]:
    """Of the search vector. `lowest`: how far below the seen range a lower bound may lie, as -v: conductances end at zero."""
    shape = [(p.low, max(min(p.high, lowest), p.low) if p.name == "bottom" else p.high) for p in law.parameters]
    return [*shape, _NOISE, _READ, *([_SCALE] * (2 * devices))]


def search(
    law: TraceLaw, data: Segments, x: np.ndarray, lowest: float, *, free: np.ndarray | None = None, ftol: float = 1e-9
) -> Optimum:
    """Climb the likelihood from `x`. free: mask of the parameters that move (all, if None)."""
    devices = len(data.half)
    moving = np.ones(len(x), bool) if free is None else free
    within = np.array(limits(law, devices, lowest))
    x = np.clip(x, *within.T)

    def cost(part: np.ndarray) -> tuple[float, np.ndarray]:
        whole = x.copy()
        whole[moving] = part
        value, gradient = _climb(law, data, whole, moving)
        return -value / data.count, -gradient[moving] / data.count

    found = minimize(
        cost,
        x[moving],
        jac=True,
        method="L-BFGS-B",
        bounds=within[moving],
        options={"maxiter": 150, "ftol": ftol, "gtol": 1e-6},
    )
    best = x.copy()
    best[moving] = found.x
    return Optimum(law, best, -float(found.fun) * data.count, devices)


def scores(at: Optimum, data: Segments) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the log-likelihood of each pulse (pulses, parameters), and the device of each (pulses,)."""
    n, devices = len(at.q), at.devices
    rows = np.concatenate([_rows(at.x, n, devices, sign * 10 * _STEP)[1:] for sign in (1, -1)])
    ll = filtered(at.law, data, unpacked(at.law, rows, devices)).loglik
    half = len(rows) // 2
    slopes = ((ll[:half] - ll[half:]) / (20 * _STEP))[:, data.there]
    owner = np.broadcast_to(data.device[:, None], data.there.shape)[data.there]
    out = np.zeros((slopes.shape[1], len(at.x)))
    out[:, : n + 2] = slopes[: n + 2].T
    pulses = np.arange(len(owner))
    for side in (0, 1):
        out[pulses, n + 2 + side * devices + owner] = slopes[n + 2 + side]
    return out, owner


def residuals(at: Optimum, data: Segments) -> Filtered:
    """What the filter made of each pulse at the optimum; one row."""
    return filtered(at.law, data, at.parameters())


def loglik(at: Optimum, data: Segments) -> float:
    return float(residuals(at, data).loglik.sum())


def _rows(x: np.ndarray, n: int, devices: int, step: float) -> np.ndarray:
    """x, and x with each shared parameter changed, with all scales of up steps, and with all scales of down steps."""
    rows = np.tile(x, (n + 5, 1))
    for k in range(n + 2):
        rows[k + 1, k] += step
    rows[n + 3, n + 2 : n + 2 + devices] += step
    rows[n + 4, n + 2 + devices :] += step
    return rows


def _climb(law: TraceLaw, data: Segments, x: np.ndarray, moving: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood and its gradient; what does not move is not varied."""
    n, devices = len(law.parameters), len(data.half)
    needed = np.r_[True, moving[: n + 2], moving[n + 2 :].any(), moving[n + 2 :].any()]
    rows = _rows(x, n, devices, _STEP)[needed]
    ll = filtered(law, data, unpacked(law, rows, devices)).loglik.sum(axis=2)
    base, change = ll[0], np.zeros((n + 5, ll.shape[1]))
    change[needed] = (ll - base) / _STEP
    gradient = np.zeros(len(x))
    gradient[: n + 2] = change[1 : n + 3].sum(axis=1)
    for side in (0, 1):
        at = n + 2 + side * devices
        gradient[at : at + devices] = np.bincount(data.device, change[n + 3 + side], devices)
    return float(base.sum()), gradient
