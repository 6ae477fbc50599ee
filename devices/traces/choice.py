"""Which response law pulse traces support.

Two things are asked of a law. It must hold for what it has not seen: cross-validated likelihood, where each series is left out
in turn while every device keeps others (or, with one series a device, whole devices, or, of one or two devices, stretches of pulses);
laws that are more than three standard errors behind the best are out. And it must be worth its parameters: of the laws that
stay, the best by the criterion of Schwarz (Ann. Stat. 6, 461, 1978), or one of a lower rank with as many parameters, to which
the evidence against it is not strong (3 nats, odds of 20: Kass & Raftery, J. Am. Stat. Assoc. 90, 773, 1995).

Scores and standard errors pull in the half percent of pulses at either end, at least one, so that no single read decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .filter import Segments, filtered
from .laws import LAWS, TraceLaw
from .layout import Layout
from .search import Moments, Optimum, ended, moments, search, start
from .series import Traces

FOLDS = 8
_STRETCHES = 5
_FEW = 3  # devices or cycles from which on these are left out
_BEHIND = 3.0  # standard errors behind the best left-out score, beyond which a law is out
_STRONG = 3.0  # nats of Schwarz's criterion between laws with as many parameters
_PULLED_IN = 0.005  # share of pulses at either end that scores pull in


@dataclass(frozen=True)
class Coordinates:
    """Siemens of each device's range, (devices,), and of the range of all of them (their mean).

    Attributes
    ----------
    low, high : ndarray
        extremes of the running median of three reads.
    low_error, high_error : ndarray
        their standard errors over series;
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
    """A law with its optimum and how likely it made what was left out.

    Attributes
    ----------
    optimum : Optimum
        Of all pulses.
    pulses : ndarray (pulses,)
        Log-likelihood of each pulse, left out.
    series : ndarray (series,)
        Their sums over series, or stretches of them.
    """

    optimum: Optimum
    pulses: np.ndarray
    series: np.ndarray

    @property
    def law(self) -> TraceLaw:
        return self.optimum.law

    @property
    def score(self) -> float:
        """Log-likelihood (nats) of all that was left out."""
        return float(self.pulses.sum())

    @property
    def schwarz(self) -> float:
        """Schwarz's criterion: higher is better."""
        return self.optimum.schwarz(len(self.pulses))


@dataclass(frozen=True)
class Choice:
    """All candidates, from the simplest, and which was chosen.

    Attributes
    ----------
    candidates : tuple of Candidate
    chosen, best : int
        Places of the chosen law, and of the one with the best left-out score.
    behind, error : ndarray (candidates,)
        How far each is behind the best in nats, without wild pulses, and the standard error of that.
    left_out : str
        What was left out at once, in words.
    moments : Moments
    ties : tuple of int
        Candidates that these traces do not tell from the chosen one by left-out likelihood: within one standard error.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    best: int
    behind: np.ndarray
    error: np.ndarray
    left_out: str
    moments: Moments = field(repr=False)
    ties: tuple[int, ...] = ()

    @property
    def schwarz_behind(self) -> np.ndarray:
        """(candidates,) nats behind the best by Schwarz's criterion."""
        values = np.array([c.schwarz for c in self.candidates])
        return values.max() - values


def coordinates(traces: Traces) -> Coordinates:
    """The conductance range of each device."""
    ranges = []
    for name in traces.devices:
        smooth = [_median_of_three(s.g) for s in traces.series if s.device == name]
        lows, highs = (np.array([f(g) for g in smooth]) for f in (np.min, np.max))
        errors = [x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.nan for x in (lows, highs)]
        ranges.append((lows.min(), highs.max(), *errors))
    return Coordinates(*np.array(ranges).T)


def segments(traces: Traces, ranges: Coordinates) -> Segments:
    """The series, on the coordinates of their devices; cut where stretches of pulses will have to be left out."""
    devices = {name: k for k, name in enumerate(traces.devices)}
    cycles: list[dict[str, int]] = [{} for _ in devices]
    device = np.array([devices[s.device] for s in traces.series])
    # series of one cycle are left out together: they may be its two directions
    cycle = np.array(
        [cycles[k].setdefault(s.cycle, len(cycles[k])) for k, s in zip(device, traces.series, strict=True)]
    )
    ups = np.array([int(s.up.sum()) for s in traces.series])
    lengths = np.array([len(s.up) for s in traces.series])
    whole = len(devices) >= _FEW or _cycle_labels(device, cycle, ups, lengths - ups) is not None
    length = int(lengths.max()) if whole else max(8, int(lengths.sum()) // (2 * _STRETCHES))
    pieces = []
    for k, s in enumerate(traces.series):
        low, high = ranges.low[device[k]], ranges.high[device[k]]
        v = (2 * s.g - low - high) / (high - low)
        pieces += [(v[a : a + length + 1], s.up[a : a + length], k, a) for a in range(0, len(s.up), length)]
    y = np.zeros((len(pieces), length + 1))
    up, there = np.zeros((len(pieces), length), bool), np.zeros((len(pieces), length), bool)
    for i, (v, ways, _, _) in enumerate(pieces):
        y[i], up[i, : len(ways)], there[i, : len(ways)] = np.r_[v, np.full(length + 1 - len(v), v[-1])], ways, True
    of_series, offset = np.array([p[2] for p in pieces]), np.array([p[3] for p in pieces])
    half = (ranges.high - ranges.low) / (2 * ranges.half)
    return Segments(y, up, there, device[of_series], cycle[of_series], half, of_series, offset)


def _cycle_labels(device: np.ndarray, cycle: np.ndarray, ups: np.ndarray, downs: np.ndarray) -> np.ndarray | None:
    """Fold of each series where cycles can be left out: every device keeps pulses of both directions; else None."""
    devices = int(device.max()) + 1
    cycles = min(int(cycle[device == k].max()) + 1 for k in range(devices))
    if cycles < _FEW and not (cycles > 1 and devices > 1):
        return None
    # two cycles of a device have two labels, so that none is left out whole
    labels = (cycle + device) % min(max(cycles, _FEW), FOLDS)
    for label in range(labels.max() + 1):
        kept = labels != label
        for count in (ups, downs):
            if np.any(np.bincount(device[kept], count[kept], devices) == 0):
                return None
    return labels


def choose(
    data: Segments, lowest: float, laws: tuple[TraceLaw, ...] = LAWS, progress: Callable[[str], None] | None = None
) -> Choice:
    """Fit all laws and choose one.

    Parameters
    ----------
    data : Segments
    lowest : float
        How far below the seen range a bound may lie, as -v.
    laws : tuple of TraceLaw
    progress : callable or None
        Told what begins.
    """
    optima = fit_all(data, lowest, laws, progress)
    return choose_among(optima, data, lowest, progress)


def fit_all(
    data: Segments, lowest: float, laws: tuple[TraceLaw, ...], progress: Callable[[str], None] | None = None
) -> list[Optimum]:
    """The optimum of each law on all pulses, from the simplest law."""
    look, optima = moments(data), []
    for law in sorted(laws, key=lambda law: law.rank):
        if progress is not None:
            progress(f"fit {law.name}")
        optima.append(_fitted(law, data, lowest, look))
    return optima


def choose_among(
    optima: list[Optimum], data: Segments, lowest: float, progress: Callable[[str], None] | None = None
) -> Choice:
    """Leave out parts of the pulses, score each law on them, and choose; see `choose`."""
    labels, by_device, left_out = _folds(data)
    candidates = []
    for optimum in optima:
        if progress is not None:
            progress(f"leave out {left_out}: {optimum.law.name}")
        pulses = _left_out(optimum, data, labels, lowest, by_device)
        candidates.append(Candidate(optimum, pulses[data.there], pulses.sum(axis=1)))
    best = int(np.argmax([c.score for c in candidates]))
    behind, error = np.array([_behind(candidates[best], c) for c in candidates]).T
    best = int(np.argmin(behind))
    chosen = _chosen(candidates, behind, error)
    gaps = [_behind(candidates[chosen], c) for c in candidates]
    ties = tuple(k for k, (gap, width) in enumerate(gaps) if k == chosen or abs(gap) <= width)
    return Choice(tuple(candidates), chosen, best, behind, error, left_out, moments(data), ties)


def _chosen(candidates: list[Candidate], behind: np.ndarray, error: np.ndarray) -> int:
    """Of the laws that hold for what was left out, the best by Schwarz's criterion, or one of lower rank that is as good."""
    stay = [k for k in range(len(candidates)) if behind[k] <= max(_BEHIND * error[k], 1e-9)]
    top = candidates[max(stay, key=lambda k: candidates[k].schwarz)]
    alike = [k for k in stay if len(candidates[k].law.parameters) == len(top.law.parameters)]
    close = [k for k in alike if top.schwarz - candidates[k].schwarz <= _STRONG]
    simplest = min(candidates[k].law.rank for k in close)
    return max((k for k in close if candidates[k].law.rank == simplest), key=lambda k: candidates[k].schwarz)


def _behind(best: Candidate, other: Candidate) -> tuple[float, float]:
    """How far one is behind the other in what was left out, and the standard error of that.

    The error is what scatters over pulses; the wildest pulses at either end are pulled in to the next.
    """
    difference = best.pulses - other.pulses
    count = len(difference)
    ends = max(1, int(np.ceil(_PULLED_IN * count)))
    if count > 2 * ends + 2:
        ordered = np.sort(difference)
        difference = np.clip(difference, ordered[ends], ordered[-ends - 1])
    error = float(difference.std(ddof=1) * np.sqrt(count))
    return float(difference.sum()), error


def _fitted(law: TraceLaw, data: Segments, lowest: float, look: Moments) -> Optimum:
    """The better of two searches: from the noises that the increments suggest, and from little read noise; and again from
    there, once it is known which devices met their bounds."""
    first = start(law, data, look)
    second, layout = first.copy(), Layout(len(law.parameters), len(data.half))
    second[layout.read_noise] = min(second[layout.read_noise] - 2, -5)
    optimum = max((search(law, data, x, lowest) for x in (first, second)), key=lambda optimum: optimum.loglik)
    for _ in range(3 * (not law.own_bounds)):
        closed = ended(optimum, data)
        if np.array_equal(closed, optimum.closed):
            break
        optimum = search(law, data, optimum.x, lowest, closed=closed)
    return optimum


def _folds(data: Segments) -> tuple[np.ndarray, bool, str]:
    """Label of each segment, whether devices are left out, and that in words."""
    devices = len(data.half)
    ups = (data.up & data.there).sum(axis=1)
    labels = _cycle_labels(data.device, data.group, ups, data.there.sum(axis=1) - ups)
    if labels is not None:
        return labels, False, f"cycles, in {labels.max() + 1} groups"
    if devices >= _FEW:
        count = min(devices, FOLDS)
        return data.device % count, True, "one device" if count == devices else f"{devices} devices in {count} groups"
    count = min(_STRETCHES, len(data.y))
    return np.arange(len(data.y)) % count, False, "stretches of pulses"


def _left_out(optimum: Optimum, data: Segments, labels: np.ndarray, lowest: float, by_device: bool) -> np.ndarray:
    """(segments, pulses) log-likelihood of each pulse under parameters that were searched without its fold."""
    out, closed = np.zeros(data.there.shape), optimum.closed
    for label in range(labels.max() + 1):
        held_out = labels == label
        training, test = data.chosen(~held_out), data.chosen(held_out)
        free, outside = np.ones(len(optimum.x), bool), np.zeros(len(optimum.x), bool)
        if by_device:
            outside = optimum.layout.scale_mask(np.isin(np.arange(optimum.devices), test.device))
            free = ~outside
        learned = search(optimum.law, training, optimum.x, lowest, closed=closed, free=free, ftol=1e-6)
        if by_device:
            learned = search(optimum.law, test, learned.x, lowest, closed=closed, free=outside, ftol=1e-6)
        out[held_out] = filtered(learned.law, test, learned.parameters(), learned.closed).loglik[0]
    return out


def _median_of_three(g: np.ndarray) -> np.ndarray:
    """Running median, which one wild read does not move."""
    return np.median(np.stack([g[:-2], g[1:-1], g[2:]]), axis=0) if len(g) >= 3 else g
