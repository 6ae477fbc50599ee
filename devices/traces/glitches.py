"""Reads that no law explains: a glitch of the instrument, or a jump of the cell, named and left out of a fit.

One read of 500 uS among a few hundred of 10 to 70 uS would decide law and step of a fit by least squares or normal likelihood.
Two looks find such reads. Before a fit, a read that both its neighbours contradict: they agree with each other, and it lies
many times the changes about it away. After a fit, a pulse whose change is beyond reach of each of the laws that fit best, in robust
standard deviations. Where many pulses are so, they are no glitches but the way the cell behaves, and all stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..base.units_shown import prefixed
from .filter import Segments
from .search import Optimum, residuals
from .series import FEWEST, Series, Traces

SPIKE = 8.0  # median changes about a read; read noise alone reaches it once in 10^12
WILD = 6.0  # robust standard deviations under the law that explains a pulse best
_LONGEST = 3  # reads of one glitch
_ALIKE = 11  # pulses that began at about the same conductance, whose changes say what is usual there
_ABRUPT = 4.0  # of their median, from which on a change is more than an abrupt cell
_NEAR = 6  # changes to either side that say what is usual
_FITTING = 2  # laws, the best ones, that are asked
_MOST = 0.02  # share of pulses; where more are wild, they belong to the cell


@dataclass(frozen=True)
class Glitch:
    """A read, or a pulse between two reads, that is left out.

    Attributes
    ----------
    series : int
        Place among the series.
    first, last : int
        Reads that are left out, both included; `last` is before `first` where only the change between two reads is.
    """

    series: int
    first: int
    last: int


def without_spikes(traces: Traces) -> Traces:
    """Traces without reads that the reads on both sides contradict; each is named in a note."""
    glitches = []
    for name in traces.devices:
        mine = [(k, s) for k, s in enumerate(traces.series) if s.device == name]
        pulses = _Pulses.of([s for _, s in mine])
        glitches += [glitch for k, s in mine for glitch in _spikes(k, s, pulses)]
    return without(traces, glitches, f"{SPIKE:g} times the changes about it off its neighbours")


def without_wild(traces: Traces, data: Segments, optima: list[Optimum]) -> Traces:
    """Traces without pulses that no candidate law explains; the same object if there are none."""
    glitches = _wild(traces, data, optima)
    return without(traces, glitches, f"{WILD:g} standard deviations off under each of the best laws")


@dataclass(frozen=True)
class _Pulses:
    """All pulses of a device: conductance before, direction, and size of the change."""

    before: np.ndarray
    up: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, series: list[Series]) -> _Pulses:
        changes = np.concatenate([np.abs(np.diff(s.g)) for s in series])
        return cls(np.concatenate([s.g[:-1] for s in series]), np.concatenate([s.up for s in series]), changes)

    @cached_property
    def floor(self) -> float:
        """Half the usual change: at a bound hardly anything moves, and a step away and back is no spike there."""
        return 0.5 * float(np.median(self.size))

    def usual(self, g: float, up: bool) -> float:
        """Median change of the pulses of a direction that began nearest to a conductance, siemens."""
        same = np.flatnonzero(self.up == up)
        nearest = same[np.argsort(np.abs(self.before[same] - g), kind="stable")[:_ALIKE]]
        return float(np.median(self.size[nearest]))


def _spikes(place: int, s: Series, pulses: _Pulses) -> list[Glitch]:
    """Runs of up to `_LONGEST` reads that the reads on both sides contradict."""
    d = np.abs(np.diff(s.g))
    if len(d) < 4:
        return []
    heights: dict[tuple[int, int], float] = {}
    for count in range(1, _LONGEST + 1):
        for first in range(len(s.g) - count + 1):
            last = first + count - 1
            if count > 1 and (first == 0 or last == len(s.g) - 1):
                continue
            near = np.r_[d[max(first - 1 - _NEAR, 0) : max(first - 1, 0)], d[last + 1 : last + 1 + _NEAR]]
            height = _height(s, first, last)
            if len(near) < 3 or height <= SPIKE * max(float(np.median(near)), pulses.floor, 1e-30):
                continue
            into, back = max(first - 1, 0), min(last + 1, len(s.g) - 1)
            if height > _ABRUPT * max(pulses.usual(s.g[into], s.up[into]), pulses.usual(s.g[back], s.up[back - 1])):
                heights[first, last] = height
    # what overlaps or touches a higher run is contradicted by that, and is none itself
    taken: list[tuple[int, int]] = []
    for first, last in sorted(heights, key=lambda run: -heights[run]):
        if all(last + 1 < other_first or first > other_last + 1 for other_first, other_last in taken):
            taken.append((first, last))
    return [Glitch(place, first, last) for first, last in sorted(taken)]


def _height(s: Series, first: int, last: int) -> float:
    """How far reads lie beyond what the reads on both sides allow, siemens: 0 where any of them lies between or on their side."""
    g, up = s.g, s.up
    if first == 0 or last == len(g) - 1:  # only a change against the direction of the pulse speaks against an end
        change = g[1] - g[0] if first == 0 else g[last] - g[last - 1]
        way = up[0] if first == 0 else up[last - 1]
        return max(-change if way else change, 0.0)
    reads = g[first : last + 1]
    before, after = reads - g[first - 1], reads - g[last + 1]
    offsets = np.concatenate([before, after])
    if not (np.all(offsets > 0) or np.all(offsets < 0)):
        return 0.0
    height, top = float(np.abs(offsets).min()), bool(offsets[0] > 0)
    if up[first - 1] != up[last] and up[first - 1] == top:  # a turn has a peak by its nature
        return max(height - _steps_about(s, first), 0.0)
    return height


def _steps_about(s: Series, t: int) -> float:
    """The largest change among the pulses beside a turn, which a peak of the same height is made of."""
    d = np.abs(np.diff(s.g))
    near = np.r_[d[max(t - 4, 0) : max(t - 1, 0)], d[t + 1 : t + 4]]
    return float(near.max()) if near.size else 0.0


def _wild(traces: Traces, data: Segments, optima: list[Optimum]) -> list[Glitch]:
    if data.series is None or data.offset is None:
        return []
    least = np.full(data.there.shape, np.inf)
    # a law that does not fit at all has so much noise that nothing is wild under it
    for optimum in sorted(optima, key=lambda optimum: -optimum.schwarz(data.count))[:_FITTING]:
        r = residuals(optimum, data)
        z = np.zeros(data.there.shape)
        z[data.there] = r.innovation[0][data.there] / np.sqrt(r.variance[0][data.there])
        middle = np.median(z[data.there])
        width = 1.4826 * float(np.median(np.abs(z[data.there] - middle)))
        least = np.minimum(least, np.abs(z) / max(width, 1.0))
    wild = data.there & (least > WILD)
    if not wild.any() or wild.sum() > max(1, _MOST * data.count):
        return []
    glitches = []
    for i, t in zip(*np.nonzero(wild), strict=True):
        place, k = int(data.series[i]), int(data.offset[i] + t)
        s = traces.series[place]
        if t and wild[i, t - 1]:  # the way back of the glitch before it
            continue
        d = np.diff(s.g)
        if k == 0:
            glitches.append(Glitch(place, 0, 0))
        elif k == len(d) - 1 or abs(s.g[k + 2] - s.g[k]) < 0.5 * abs(d[k]):
            glitches.append(Glitch(place, k + 1, k + 1))
        else:
            glitches.append(Glitch(place, k + 1, k))  # a jump that stays: only the change goes
    return glitches


def without(traces: Traces, glitches: list[Glitch], why: str) -> Traces:
    """Traces whose series end before glitches and go on after them; the same object where nothing can be left out.

    Where too many pulses are wild, or a device would keep too few, nothing is left out, and a note says so.
    """
    if not glitches:
        return traces
    pulses = sum(len(s.up) for s in traces.series)
    if len(glitches) > max(1, _MOST * pulses):
        note = f"{len(glitches)} of {pulses} reads are {why}: too many for glitches, so they stay; step and noise are less certain"
        return _noted(traces, note)
    parts: list[Series] = []
    for k, s in enumerate(traces.series):
        begin = 0
        for glitch in sorted((g for g in glitches if g.series == k), key=lambda g: g.first):
            if glitch.first - 1 > begin:
                parts.append(s.part(begin, glitch.first - 1))
            begin = glitch.last + 1
        if len(s.g) - 1 > begin:
            parts.append(s.part(begin, len(s.g) - 1))
    names = [_named(traces.series[g.series], g) for g in sorted(glitches, key=lambda g: (g.series, g.first))]
    shown = "; ".join(names[:6]) + (f"; and {len(names) - 6} more" if len(names) > 6 else "")
    if not _enough(traces, parts):
        return _noted(
            traces, f"{shown}: {why}, but too few pulses would be left without: kept, and the fit leans on it"
        )
    return _noted(replace(traces, series=tuple(parts)), f"left out of the fit, {why}: {shown}")


def _noted(traces: Traces, note: str) -> Traces:
    return traces if note in traces.notes else replace(traces, notes=(*traces.notes, note))


def _named(s: Series, glitch: Glitch) -> str:
    k = glitch.first
    row = "" if s.rows is None else f"row {s.rows[k]}, "
    place = f"({row}device {s.device}, cycle {s.cycle}, pulse {s.pulse[k]:g})"
    if glitch.last < glitch.first:
        return f"the change from {prefixed(s.g[k - 1], 'S')} to {prefixed(s.g[k], 'S')} {place}"
    reads = ", ".join(prefixed(g, "S") for g in s.g[k : glitch.last + 1])
    return f"the read of {reads} {place}"


def _enough(traces: Traces, parts: list[Series]) -> bool:
    """Whether each device keeps pulses enough of both directions."""
    for name in traces.devices:
        ups = sum(int(s.up.sum()) for s in parts if s.device == name)
        downs = sum(int((~s.up).sum()) for s in parts if s.device == name)
        if min(ups, downs) < FEWEST:
            return False
    return True
