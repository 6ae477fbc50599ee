"""The likelihood of pulse traces, by a filter that keeps read noise and noise from cycle to cycle apart.

A read shows y_t = v_t + r, with r fresh at each read; a pulse changes v_t by the mean of the law and noise that stays. The
two are told apart because read noise makes the change of one pulse and of the next correlate by -sigma_r^2, while what
stays in the cell makes them independent. A Kalman filter over the traces is that bookkeeping, done exactly for laws that are
linear in the state; for the others the mean is linearised over the (small) uncertainty of the state, and hard bounds are
taken by the mean and variance of a clipped normal.

A series starts at its first read, about which the state is normal with the variance of a read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .kernels import run
from .laws import TraceLaw

_LEAST = 0.03


@dataclass(frozen=True)
class Segments:
    """Series, or pieces of them, side by side, on the coordinate of their devices.

    Attributes
    ----------
    y : ndarray
        (segments, pulses + 1) reads.
    up, there : ndarray
        (segments, pulses) direction; whether the pulse exists (a row's first
    ones do). device, group: (segments,)
    index of the device, and of the cycle of that device. half: (devices,) half the range of the device, in state units.
    series, offset : ndarray, optional
        (segments,) index of the series that a segment is a piece of, and of its first read there; or None.
    """

    y: np.ndarray
    up: np.ndarray
    there: np.ndarray
    device: np.ndarray
    group: np.ndarray
    half: np.ndarray
    series: np.ndarray | None = None
    offset: np.ndarray | None = None

    @cached_property
    def least(self) -> np.ndarray:
        """(devices,) variance that a cell keeps at its bound: `_LEAST` of its typical change, squared."""
        d = np.abs(np.diff(self.y, axis=1))
        own = [d[self.device == k][self.there[self.device == k]] for k in range(len(self.half))]
        return np.array([(_LEAST * np.median(x[x > 0])) ** 2 if np.any(x > 0) else 1e-14 for x in own])

    def chosen(self, mask: np.ndarray) -> Segments:
        """The segments of a mask (segments,)."""
        return Segments(
            self.y[mask],
            self.up[mask],
            self.there[mask],
            self.device[mask],
            self.group[mask],
            self.half,
            None if self.series is None else self.series[mask],
            None if self.offset is None else self.offset[mask],
        )

    @property
    def count(self) -> int:
        return int(self.there.sum())


@dataclass(frozen=True)
class Parameters:
    """Rows of parameters, to be tried at once.

    Attributes
    ----------
    q : ndarray
        (rows, shape parameters).
    noise, read : ndarray
        (rows,) cycle noise as the law counts it; read noise in state units. s_up,
    s_down : ndarray
        (rows, devices) scale of the steps on the coordinate of the device.
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


def filtered(law: TraceLaw, data: Segments, p: Parameters, closed: np.ndarray | None = None) -> Filtered:
    """Run the filter over all segments, for each row of parameters, and keep what it made of each pulse.

    Parameters
    ----------
    closed : ndarray, optional
        see `summed`.
    """
    detail = np.zeros((4, len(p.q), *data.up.shape))
    _run(law, data, p, closed, detail)
    return Filtered(*detail)


def summed(law: TraceLaw, data: Segments, p: Parameters, closed: np.ndarray | None = None) -> np.ndarray:
    """Log-likelihoods of whole segments, (rows, segments).

    closed: (2, devices) whether traces of the device end at its lowest and at its highest bound; all, if None. It matters
    most to laws whose bounds are at what is seen: a device that turned before it met its bound must not be clipped there.
    """
    return _run(law, data, p, closed, np.zeros((4, 0, 0, 0)))


def _run(law: TraceLaw, data: Segments, p: Parameters, closed: np.ndarray | None, detail: np.ndarray) -> np.ndarray:
    rows, devices = len(p.q), len(data.half)
    low, high = (np.broadcast_to(b[:, None], (rows, devices)) for b in law.bounds(p.q.T))
    if closed is not None:
        low, high = np.where(closed[0], low, -np.inf), np.where(closed[1], high, np.inf)
    total = np.empty((rows, len(data.y)))
    run(
        law.kernel,
        law.noise == "additive",
        law.law == "soft-bounds",
        np.ascontiguousarray(law.kernel_shape(p.q)),
        np.ascontiguousarray(p.noise),
        np.ascontiguousarray(p.read),
        np.ascontiguousarray(p.s_up),
        np.ascontiguousarray(p.s_down),
        np.ascontiguousarray(low),
        np.ascontiguousarray(high),
        np.ascontiguousarray(data.y),
        data.up,
        data.there.sum(axis=1),
        data.device,
        data.half,
        data.least,
        total,
        detail,
    )
    return total
