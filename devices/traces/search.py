"""Maximum likelihood of one response law on pulse traces: shape and noise shared by all devices, scales of their own.

The vector that is searched is laid out as `layout.Layout` says. Since the traces of one device know only its own scales, the scales of
all devices are varied at once, and a gradient costs as many filters as there are shape parameters, plus five.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.optimize import minimize

from .filter import Filtered, Parameters, Segments, filtered, summed
from .kernels import TABLE
from .laws import NODES, TraceLaw
from .layout import Layout

_STEP = 1e-5  # finite differences, in parameters of order 1
_NOISE = (-7.0, 4.0)  # limits of the logarithms
_READ = (-9.0, -0.5)
_MET = 3.0  # nats by which a bound must be likelier than none: cells that sit at one give tens
FALSE_ALARM = 0.01  # share of traces without read noise in which it is found
NO_READ = _READ[0]  # logarithm of read noise that is as good as none
_SCALE = (-11.0, 1.5)


@dataclass(frozen=True)
class Moments:
    """A first look at increments, without a law: where a search starts.

    Attributes
    ----------
    s_up, s_down : ndarray
        (devices,) mean steps.
    kept, read : float
        standard deviations (of v) of the noise that stays and of read noise.
    correlation : float
        of successive residuals; -1/2 is pure read noise, 0 none.
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
    x : ndarray
        the vector of the search.
    loglik : float
        there.
    closed : ndarray
        (2, devices) whether the traces of a device end at its lowest and at
    its highest bound, see `filter.summed`.
    """

    law: TraceLaw
    x: np.ndarray
    loglik: float
    devices: int
    closed: np.ndarray

    @property
    def layout(self) -> Layout:
        return Layout(len(self.law.parameters), self.devices)

    @property
    def q(self) -> np.ndarray:
        """Shape parameters."""
        return self.x[self.layout.shape]

    @property
    def noise(self) -> float:
        """Cycle noise, as the law counts it."""
        return float(np.exp(self.x[self.layout.cycle_noise]))

    @property
    def read(self) -> float:
        """Read noise in state units."""
        return float(np.exp(self.x[self.layout.read_noise]))

    @property
    def scales(self) -> np.ndarray:
        """(2, devices): of up and of down steps."""
        return np.exp(self.x[self.layout.scales]).reshape(2, self.devices)

    def schwarz(self, pulses: int) -> float:
        """Log-likelihood less half a log of the number of pulses for each shape parameter: higher is better."""
        return self.loglik - 0.5 * len(self.law.parameters) * float(np.log(pulses))

    def parameters(self) -> Parameters:
        return unpacked(self.law, self.x[None], self.devices)


def unpacked(law: TraceLaw, x: np.ndarray, devices: int) -> Parameters:
    """Rows of search vectors (rows, layout.size) as parameters of the filter."""
    layout = Layout(len(law.parameters), devices)
    noise, read = np.exp(x[:, layout.cycle_noise]), np.exp(x[:, layout.read_noise])
    return Parameters(x[:, layout.shape], noise, read, np.exp(x[:, layout.up]), np.exp(x[:, layout.down]))


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
    noise = float(np.exp(np.clip(np.log(max(look.kept, 1e-5) / typical), -5, 3)))
    read = float(np.exp(np.clip(np.log(look.read * float(np.mean(data.half))), -8, -1)))
    shape, s_up, s_down = np.array([p.start for p in law.parameters]), look.s_up, look.s_down
    if law.kernel == TABLE:
        logs = _node_logs(data, typical)
        middle = logs[:, NODES // 2]
        shape = np.delete(logs - middle[:, None], NODES // 2, axis=1).ravel()
        s_up, s_down = s_up * np.exp(middle[0]), s_down * np.exp(middle[1])
    return Layout(len(law.parameters), len(data.half)).pack(shape, noise, read, s_up, s_down)


def _node_logs(data: Segments, typical: float) -> np.ndarray:
    """(2, NODES): logarithms of the mean change about each node over that of all pulses of its direction.

    A search that begins with a flat table can end in a table with a wrong middle node, which all the scales stand for.
    """
    d, place = np.diff(data.y, axis=1), (data.y[:, :-1] + 1) * (NODES - 1) / 2
    logs = np.zeros((2, NODES))
    for side, (up, sign) in enumerate(((True, 1), (False, -1))):
        mask = data.there & (data.up == up)
        near = np.maximum(1 - np.abs(place[mask][:, None] - np.arange(NODES)), 0.0)
        total = max(float(sign * d[mask].mean()), 0.1 * typical) if mask.any() else typical
        # a pulse's worth of the mean of all, so that a node that no pulse comes near is like the others
        means = (near.T @ (sign * d[mask]) + total) / (near.sum(axis=0) + 1)
        logs[side] = np.log(np.clip(means / total, 0.1, 10))
    return logs


def limits(law: TraceLaw, devices: int, lowest: float) -> list[tuple[float, float]]:
    """Of the search vector. `lowest`: how far below the seen range a lower bound may lie, as -v: conductances end at zero."""
    shape = [(p.low, max(min(p.high, lowest), p.low) if p.name == "bottom" else p.high) for p in law.parameters]
    return [*shape, _NOISE, _READ, *([_SCALE] * (2 * devices))]


def at_limits(optimum: Optimum, devices: tuple[str, ...]) -> list[str]:
    """Names of the parameters that ended at a limit of their search.

    Read noise that is as good as none, and a bottom at zero conductance, are no limits of the search but of nature.
    """
    layout = optimum.layout
    names = layout.names([p.name for p in optimum.law.parameters], devices)
    reached = []
    for k, (low, high) in enumerate(limits(optimum.law, layout.devices, np.inf)):
        near = 1e-3 * (high - low)
        at_low, at_high = optimum.x[k] - low < near, high - optimum.x[k] < near
        if at_high or (at_low and k != layout.read_noise):
            reached.append(names[k])
    return reached


def search(
    law: TraceLaw,
    data: Segments,
    x: np.ndarray,
    lowest: float,
    *,
    closed: np.ndarray | None = None,
    free: np.ndarray | None = None,
    ftol: float = 1e-9,
) -> Optimum:
    """Climb the likelihood from `x`. closed: see `Optimum`; all if None. free: mask of the parameters that move (all, if None)."""
    devices = len(data.half)
    closed = np.ones((2, devices), bool) if closed is None else closed
    moving = np.ones(len(x), bool) if free is None else free
    within = np.array(limits(law, devices, lowest))
    x = np.clip(x, *within.T)

    def cost(part: np.ndarray) -> tuple[float, np.ndarray]:
        whole = x.copy()
        whole[moving] = part
        value, gradient = _climb(law, data, whole, moving, closed)
        return -value / data.count, -gradient[moving] / data.count

    found = minimize(
        cost,
        x[moving],
        jac=True,
        method="L-BFGS-B",
        bounds=within[moving],
        options={"maxiter": 300, "ftol": ftol, "gtol": 1e-6},
    )
    best = x.copy()
    best[moving] = found.x
    return Optimum(law, best, -float(found.fun) * data.count, devices, closed)


def ended(at: Optimum, data: Segments) -> np.ndarray:
    """(2, devices): at which ends of its range each device met a bound, by what is likelier at these parameters.

    The two ends are asked one after the other: pulses at one end know nothing of the other.
    """
    closed = np.ones((2, at.devices), bool)
    for end in (0, 1):
        likelihoods = []
        for value in (False, True):
            tried = closed.copy()
            tried[end] = value
            ll = summed(at.law, data, at.parameters(), tried)[0]
            likelihoods.append(np.bincount(data.device, ll, at.devices))
        closed[end] = likelihoods[1] - likelihoods[0] > _MET
    return closed


@dataclass(frozen=True)
class Slopes:
    """How each pulse depends on the parameters: scores (pulses, parameters), the gradient of its log-likelihood; mean and
    variance (pulses, parameters), those of its predicted read, over the standard deviation and over the variance. owner
    (pulses,): its device."""

    scores: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    owner: np.ndarray

    @property
    def information(self) -> np.ndarray:
        """What the pulses are expected to tell of the parameters: that of normal reads with these means and variances."""
        return self.mean.T @ self.mean + 0.5 * self.variance.T @ self.variance


def slopes(at: Optimum, data: Segments) -> Slopes:
    """Derivatives by each parameter, pulse by pulse, by central differences."""
    layout, devices, h = at.layout, at.devices, 10 * _STEP
    rows = np.concatenate([_rows(at.x, layout, sign * h)[1:] for sign in (1, -1)])
    f = filtered(at.law, data, unpacked(at.law, rows, devices), at.closed)
    half, owner = len(rows) // 2, np.broadcast_to(data.device[:, None], data.there.shape)[data.there]
    variance = residuals(at, data).variance[0][data.there]
    found, pulses = [], np.arange(len(owner))
    for what, unit in ((f.loglik, 1.0), (-f.innovation, np.sqrt(variance)), (f.variance, variance)):
        change = ((what[:half] - what[half:]) / (2 * h))[:, data.there] / unit
        out = np.zeros((len(pulses), len(at.x)))
        shared_count = layout.shared_count
        out[:, layout.shared] = change[:shared_count].T
        for side, scales in enumerate(layout.sides):
            out[pulses, scales.start + owner] = change[shared_count + side]
        found.append(out)
    return Slopes(found[0], found[1], found[2], owner)


def information(at: Optimum, data: Segments) -> np.ndarray:
    """Expected information of the search vector (parameters, parameters).

    Where the pulses say nothing, the limits of the search do: a uniform law between them has variance width^2 / 12. Of a bound,
    pulses tell what their steps say: that the filter also clips there is too sharp a knowledge to be used (its
    information is endless where read noise is small, and a bound that one read touched is not known that well).
    """
    wide = np.r_[[p.high - p.low for p in at.law.parameters], 10.0, 8.0, np.full(2 * at.devices, 10.0)]
    open_ended = replace(at, closed=np.zeros((2, at.devices), bool)) if at.law.own_bounds else at
    return slopes(open_ended, data).information + np.diag(12 / wide**2)


def _half_log_det(at: Optimum, data: Segments) -> float:
    """Half the log of the determinant of what the pulses tell of the means; the restricted likelihood takes it off."""
    means = at.layout.means
    return 0.5 * float(np.linalg.slogdet(information(at, data)[np.ix_(means, means)])[1])


def restricted(at: Optimum, data: Segments, *, read: bool) -> Optimum:
    """The optimum with its noises corrected for the parameters of the mean that were fitted to the same pulses.

    Maximum likelihood takes part of the noise for a mean: with two scales for each device, and slow noise that a few dozen
    pulses tell, cycle noise comes out several percent too small, and every interval with it. Restricted likelihood
    (Patterson & Thompson, Biometrika 58, 545, 1971) adds -1/2 log det of the information of the means; this is one Newton step
    on it from the optimum, and the means follow. read: whether the read noise is free.
    """
    layout, whole = at.layout, information(at, data)
    noises = np.array([layout.cycle_noise, layout.read_noise][: 1 + read])
    means = layout.means

    def half_log_det(x: np.ndarray) -> float:
        return _half_log_det(replace(at, x=x), data)

    h = 1e-3
    pull = [(half_log_det(at.x - h * e) - half_log_det(at.x + h * e)) / (2 * h) for e in np.eye(len(at.x))[noises]]
    follow = -np.linalg.solve(whole[np.ix_(means, means)], whole[np.ix_(means, noises)])
    own = whole[np.ix_(noises, noises)] + whole[np.ix_(noises, means)] @ follow
    change = np.clip(np.linalg.solve(own, pull), -0.5, 0.5)
    x = at.x.copy()
    x[noises] += change
    x[means] += follow @ change
    return replace(at, x=x, loglik=loglik(replace(at, x=x), data))


@dataclass(frozen=True)
class ReadNoise:
    """Whether pulses show read noise: the ratio 2 (log L - log L without) of restricted likelihoods.

    Without read noise it is 0 in half of all cases and chi-squared with one degree of freedom in the other half (a parameter
    at the edge of what is allowed: Self & Liang, J. Am. Stat. Assoc. 82, 605, 1987), so that `ratio` beyond
    `limit` is seen in a share `FALSE_ALARM` of them. That is the law for many pulses: 180 gave 0 to 2 % in place of 1 %, and 5 % for
    linear steps that press against hard bounds (benchmarks/results/trace_coverage.json).
    """

    ratio: float
    limit: float

    @property
    def told(self) -> bool:
        return self.ratio > self.limit


def read_noise(at: Optimum, data: Segments, lowest: float) -> tuple[Optimum, ReadNoise]:
    """The optimum without read noise, in which all noise stays in the cell, and whether the pulses tell `at` from it."""
    layout = at.layout
    free, x = np.arange(layout.size) != layout.read_noise, at.x.copy()
    x[layout.read_noise] = NO_READ
    # all that was called read noise shows in a change twice
    look = moments(data)
    x[layout.cycle_noise] = 0.5 * np.log(
        at.noise**2 + 2 * at.read**2 / (float(np.mean(look.s_up + look.s_down)) / 2) ** 2
    )
    without = search(at.law, data, x, lowest, closed=at.closed, free=free)
    # by restricted likelihood: where means are fitted, slow noise comes out too small, and the rest looks like read noise
    gain = at.loglik - _half_log_det(at, data) - without.loglik + _half_log_det(without, data)
    found = ReadNoise(2 * gain, float(stats.chi2.isf(2 * FALSE_ALARM, 1)))
    return without, found


def residuals(at: Optimum, data: Segments) -> Filtered:
    """What the filter made of each pulse at the optimum; one row."""
    return filtered(at.law, data, at.parameters(), at.closed)


def loglik(at: Optimum, data: Segments) -> float:
    return float(summed(at.law, data, at.parameters(), at.closed).sum())


def _rows(x: np.ndarray, layout: Layout, step: float) -> np.ndarray:
    """x, and x with each shared parameter changed, with all scales of up steps, and with all scales of down steps."""
    rows = np.tile(x, (1 + layout.shared_count + 2, 1))
    for k in range(layout.shared_count):
        rows[1 + k, k] += step
    for side, scales in enumerate(layout.sides):
        rows[1 + layout.shared_count + side, scales] += step
    return rows


def _climb(
    law: TraceLaw, data: Segments, x: np.ndarray, moving: np.ndarray, closed: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Log-likelihood and its gradient; what does not move is not varied."""
    layout = Layout(len(law.parameters), len(data.half))
    shared_count = layout.shared_count
    scales_move = moving[layout.scales].any()
    needed = np.r_[True, moving[layout.shared], scales_move, scales_move]
    rows = _rows(x, layout, _STEP)
    ll = summed(law, data, unpacked(law, rows[needed], layout.devices), closed)
    base, change = ll[0], np.zeros((len(rows), ll.shape[1]))
    change[needed] = (ll - base) / _STEP
    gradient = np.zeros(layout.size)
    gradient[layout.shared] = change[1 : 1 + shared_count].sum(axis=1)
    for side, scales in enumerate(layout.sides):
        gradient[scales] = np.bincount(data.device, change[1 + shared_count + side], layout.devices)
    return float(base.sum()), gradient
