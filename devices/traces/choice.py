"""Which response law pulse traces support: cross-validated likelihood, and the simplest law within one standard error.

With three devices or more, each is left out in turn (in at most 8 groups): shape and noise come from the others, and only
the two scales of the device that was left out are fitted to it, for every law alike. With fewer devices it is cycles that are
left out, or, where there are fewer than three, stretches of pulses; the scales then come from the rest of the same device.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from .filter import Segments, summed
from .laws import LAWS, TraceLaw
from .reading import Traces
from .search import Moments, Optimum, ended, moments, search, start

FOLDS = 8
_STRETCHES = 5
_ONE = float(stats.norm.cdf(1.0))
_FEW = 3  # devices or cycles from which on these are left out


@dataclass(frozen=True)
class Coordinates:
    """Siemens of each device's range, (devices,), and of the range of all of them (their mean).

    Attributes
    ----------
    low, high: extremes of the running median of three reads. low_error, high_error: their standard errors over series;
    nan for a device with one series.
    """

    low: np.ndarray
    high: np.ndarray
    low_error: np.ndarray
    high_error: np.ndarray

    @property
    def middle(self) -> float:
        return float(np.mean(self.low + self.high)) / 2

    @property
    def half(self) -> float:
        """Siemens of one unit of state."""
        return float(np.mean(self.high - self.low)) / 2


@dataclass(frozen=True)
class Candidate:
    """A law with its optimum and the log-likelihoods of what was left out: of each fold, and of each series (or stretch)."""

    optimum: Optimum
    folds: np.ndarray
    series: np.ndarray

    @property
    def law(self) -> TraceLaw:
        return self.optimum.law

    @property
    def score(self) -> float:
        return float(self.folds.sum())


@dataclass(frozen=True)
class Choice:
    """All candidates, from the simplest; `chosen` and `best` index them. `behind`, `error`: how far each is behind the best,
    and the standard error of that, in nats over all folds. `left_out`: what a fold is, in words. `ties`: candidates that
    the traces do not tell from the best, since they are at most one standard error behind; the best is among them."""

    candidates: tuple[Candidate, ...]
    chosen: int
    best: int
    behind: np.ndarray
    error: np.ndarray
    left_out: str
    moments: Moments = field(repr=False)
    ties: tuple[int, ...] = ()


def coordinates(traces: Traces) -> Coordinates:
    """The conductance range of each device."""
    found = []
    for name in traces.devices:
        smooth = [_median_of_three(s.g) for s in traces.series if s.device == name]
        lows, highs = (np.array([f(g) for g in smooth]) for f in (np.min, np.max))
        errors = [x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.nan for x in (lows, highs)]
        found.append((lows.min(), highs.max(), *errors))
    return Coordinates(*np.array(found).T)


def segments(traces: Traces, at: Coordinates) -> Segments:
    """The series, on the coordinates of their devices; cut where stretches of pulses will have to be left out."""
    total, longest = sum(len(s.up) for s in traces.series), max(len(s.up) for s in traces.series)
    names = {name: k for k, name in enumerate(traces.devices)}
    cycles = np.bincount([names[s.device] for s in traces.series])
    whole = len(names) >= _FEW or cycles.min() >= _FEW
    length = longest if whole else max(8, total // (2 * _STRETCHES))
    pieces, so_far = [], dict[int, int]()
    for s in traces.series:
        k = names[s.device]
        cycle = so_far[k] = so_far.get(k, -1) + 1
        v = (2 * s.g - at.low[k] - at.high[k]) / (at.high[k] - at.low[k])
        pieces += [(v[a : a + length + 1], s.up[a : a + length], k, cycle) for a in range(0, len(s.up), length)]
    y, up, there = np.zeros((len(pieces), length + 1)), *np.zeros((2, len(pieces), length), bool)
    for i, (v, ways, _, _) in enumerate(pieces):
        y[i], up[i, : len(ways)], there[i, : len(ways)] = np.r_[v, np.full(length + 1 - len(v), v[-1])], ways, True
    half = (at.high - at.low) / (2 * at.half)
    return Segments(y, up, there, np.array([p[2] for p in pieces]), np.array([p[3] for p in pieces]), half)


def choose(data: Segments, lowest: float, laws: tuple[TraceLaw, ...] = LAWS) -> Choice:
    """Fit all laws and choose one. lowest: how far below the seen range a bound may lie, as -v."""
    look = moments(data)
    labels, by_device, left_out = _folds(data)
    found: list[Candidate] = []
    for law in sorted(laws, key=lambda law: law.rank):
        optimum = _fitted(law, data, lowest, look)
        series = _left_out(optimum, data, labels, lowest, by_device)
        found.append(Candidate(optimum, np.bincount(labels, series), series))
    best = int(np.argmax([c.score for c in found]))
    behind = np.array([found[best].score - c.score for c in found])
    error = np.array([_error_of_sum(found[best], c) for c in found])
    within = [k for k in range(len(found)) if behind[k] <= max(error[k], 1e-9)]
    simplest = min(found[k].law.rank for k in within)
    chosen = max((k for k in within if found[k].law.rank == simplest), key=lambda k: found[k].score)
    return Choice(tuple(found), chosen, best, behind, error, left_out, look, tuple(within))


def _error_of_sum(best: Candidate, other: Candidate) -> float:
    """Standard error of how far one is behind the other: the larger of what scatters over folds and over series, since three
    folds can agree by chance; widened by Student's t, so that five of six true values are within one."""
    found = []
    for a, b in ((best.folds, other.folds), (best.series, other.series)):
        n = len(a)
        found.append(float((a - b).std(ddof=1) * np.sqrt(n) * stats.t.ppf(_ONE, n - 1)))
    return max(found)


def _fitted(law: TraceLaw, data: Segments, lowest: float, look: Moments) -> Optimum:
    """The better of two searches: from the noises that the increments suggest, and from little read noise; and again from
    there, once it is known which devices met their bounds."""
    first = start(law, data, look)
    second, n = first.copy(), len(law.parameters)
    second[n + 1] = min(second[n + 1] - 2, -5)
    found = max((search(law, data, x, lowest) for x in (first, second)), key=lambda found: found.loglik)
    for _ in range(3 * (not law.own_bounds)):
        closed = ended(found, data)
        if np.array_equal(closed, found.closed):
            break
        found = search(law, data, found.x, lowest, closed=closed)
    return found


def _folds(data: Segments) -> tuple[np.ndarray, bool, str]:
    """Label of each segment, whether devices are left out, and that in words."""
    devices = len(data.half)
    if devices >= _FEW:
        count = min(devices, FOLDS)
        return data.device % count, True, "one device" if count == devices else f"{devices} devices in {count} groups"
    cycles = min(int(data.group[data.device == k].max()) + 1 for k in range(devices))
    if cycles >= _FEW:
        count = min(cycles, FOLDS)
        return data.group % count, False, "cycles" if count == cycles else f"{cycles} cycles in {count} groups"
    count = min(_STRETCHES, len(data.y))
    return np.arange(len(data.y)) % count, False, "stretches of pulses"


def _left_out(at: Optimum, data: Segments, labels: np.ndarray, lowest: float, by_device: bool) -> np.ndarray:
    n, devices, out = len(at.q), at.devices, np.empty(len(labels))
    for label in range(labels.max() + 1):
        held = labels == label
        rest, own = data.chosen(~held), data.chosen(held)
        free = np.ones(len(at.x), bool)
        if by_device:
            outside = np.isin(np.arange(devices), own.device)
            free[n + 2 :] = np.tile(~outside, 2)
        learned = search(at.law, rest, at.x, lowest, closed=at.closed, free=free, ftol=1e-6)
        if by_device:
            learned = search(at.law, own, learned.x, lowest, closed=at.closed, free=~free, ftol=1e-6)
        out[held] = summed(learned.law, own, learned.parameters(), learned.closed)[0]
    return out


def _median_of_three(g: np.ndarray) -> np.ndarray:
    """Running median, which one wild read does not move."""
    return np.median(np.stack([g[:-2], g[1:-1], g[2:]]), axis=0) if len(g) >= 3 else g
