"""From a fitted law to the numbers of a response, their spreads over devices, and how certain each is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import stats

from .choice import Coordinates
from .filter import Segments
from .laws import NODES, TraceLaw, table_nodes
from .layout import Layout
from .search import Optimum, information, slopes

_RESAMPLES = 400
_CLUSTERS = 5  # devices from which on they are resampled


@dataclass(frozen=True)
class Estimate:
    """Values by name (``step``, ``up_steps.3``, ``g_min`` ...) with standard errors; `how` says where these come from."""

    value: dict[str, float]
    error: dict[str, float]
    how: str


@dataclass(frozen=True)
class _Cells:
    """What is known of each device, (devices,): logs of scales (2, devices), their sampling covariances (devices, 2, 2).

    middle, half: siemens of state 0, and of a unit of state. They define the coordinate, so that they stay where they are when
    devices are resampled: a device with large steps also shows a large range, and would not count in its own units.
    """

    logs: np.ndarray
    covariance: np.ndarray
    coordinates: Coordinates
    middle: float
    half: float

    def take(self, k: np.ndarray) -> _Cells:
        a = self.coordinates
        taken = Coordinates(a.low[k], a.high[k], a.low_error[k], a.high_error[k])
        return replace(self, logs=self.logs[:, k], covariance=self.covariance[k], coordinates=taken)


def estimate(optimum: Optimum, data: Segments, coordinates: Coordinates, doubted: Optimum | None = None) -> Estimate:
    """Numbers of the response that an optimum stands for, in the state coordinate of the nominal device.

    Standard errors: of what the devices share (shape and noise) from the expected information of the pulses; from five devices on
    by the sandwich over devices, which also holds where devices differ in more than their scales. Of what is a mean or a
    spread over devices by resampling the devices (bootstrap; with two to four devices, the jackknife). The two are added in
    square. They are widened so that value +- 1.645 errors is a 90 % interval: by Student's t at the degrees of freedom of the
    noise and of the devices, combined after Satterthwaite (Biometrics Bull. 2, 110, 1946).

    Parameters
    ----------
    optimum : Optimum
    data : Segments
    coordinates : Coordinates
    doubted : Optimum or None
        The optimum without read noise, where the pulses do not tell it from `optimum`. Then there is no read noise among the
        numbers, and how far they differ between both is added to their errors, in square.
    """
    devices = optimum.devices
    known = _information(optimum, data, coordinates)
    numbers = _Numbers(optimum.law, known.cells, devices > 1)
    values = numbers.values(optimum.x[optimum.layout.shared])
    freedom = 1 / (2 * known.cycle_noise_variance)
    within = _within(optimum, numbers, known)
    between, by_devices, how = _between(optimum, numbers)
    if devices >= _CLUSTERS:
        freedom = min(freedom, by_devices)
    variance = within + between
    share = np.divide(within, variance, out=np.ones_like(variance), where=variance > 0)
    inverse = share**2 / freedom + (1 - share) ** 2 / max(by_devices, 1)
    wider = stats.t.ppf(0.95, 1 / inverse) / stats.norm.ppf(0.95)
    error = dict(zip(numbers.names, (wider * np.sqrt(variance)).tolist(), strict=True))
    value = dict(zip(numbers.names, values.tolist(), strict=True))
    if doubted is not None:
        logs = doubted.x[doubted.layout.scales].reshape(2, devices)
        other = numbers.with_logs(logs).values(doubted.x[doubted.layout.shared])
        difference = dict(zip(numbers.names, values - other, strict=True))
        error = {name: float(np.hypot(error[name], difference[name])) for name in error}
        del value["read_sigma"], error["read_sigma"]
    return Estimate(value, error, how)


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a law as a function of what its devices share; `spreads`: whether these are among them."""

    law: TraceLaw
    cells: _Cells
    spreads: bool

    def _named(self, shared: np.ndarray) -> dict[str, float]:
        layout = Layout(len(self.law.parameters), 0)
        out = _means(self.law, shared, self.cells)[0] | _shape(self.law, shared[layout.shape])
        if self.spreads:
            out |= {name: value for name, (value, _) in _spreads(self.law, shared, self.cells).items()}
        out["read_sigma"] = float(np.exp(shared[layout.read_noise])) * self.cells.half
        return out

    @cached_property
    def names(self) -> list[str]:
        return list(self._named(self.start))

    @property
    def start(self) -> np.ndarray:
        return np.r_[[p.start for p in self.law.parameters], 0.0, 0.0]

    def values(self, shared: np.ndarray) -> np.ndarray:
        """(numbers,) in the order of `names`; siemens of the window and of read noise."""
        return np.array(list(self._named(shared).values()))

    def with_logs(self, logs: np.ndarray) -> _Numbers:
        return replace(self, cells=replace(self.cells, logs=logs))

    def of_devices(self, places: np.ndarray) -> _Numbers:
        return replace(self, cells=self.cells.take(places))


@dataclass(frozen=True)
class _Known:
    """What the pulses tell: covariances of all parameters and of the shared ones, how scales follow these, and the devices."""

    whole: np.ndarray
    shared: np.ndarray
    response: np.ndarray
    cells: _Cells
    cycle_noise_variance: float


def _jacobian(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    h = 1e-4
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))], axis=1)


def _within(optimum: Optimum, numbers: _Numbers, known: _Known) -> np.ndarray:
    """Variances of the numbers for these very devices."""
    layout, devices = optimum.layout, optimum.devices
    if devices == 1:
        jacobian = _jacobian(
            lambda x: numbers.with_logs(x[layout.scales].reshape(2, 1)).values(x[layout.shared]), optimum.x
        )
        covariance = known.whole
    else:
        best = optimum.x[layout.shared]

        def moved(shared: np.ndarray) -> np.ndarray:
            """With shape and noise changed, the scales follow, as the likelihood says."""
            logs = numbers.cells.logs + (known.response @ (shared - best)).reshape(2, devices)
            return numbers.with_logs(logs).values(shared)

        jacobian, covariance = _jacobian(moved, best), known.shared
    return np.maximum(np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian), 0.0)


def _between(optimum: Optimum, numbers: _Numbers) -> tuple[np.ndarray, int, str]:
    """Variances of the numbers over samples of devices, their degrees of freedom, and in words where errors come from."""
    devices, shared = optimum.devices, optimum.x[optimum.layout.shared]
    if devices == 1:
        return np.zeros(len(numbers.names)), 0, "expected information; one device, so nothing is known of others"
    if devices >= _CLUSTERS:
        rng = np.random.default_rng(0)
        samples = [rng.integers(devices, size=devices) for _ in range(_RESAMPLES)]
        again = [numbers.of_devices(sample).values(shared) for sample in samples]
        # a resample of n has the variance of n - 1
        between = np.var(again, axis=0, ddof=1) * devices / (devices - 1)
        how = f"{devices} devices: sandwich over devices for shape and noise, bootstrap over devices for the rest"
    else:
        rest = [numbers.of_devices(np.delete(np.arange(devices), k)).values(shared) for k in range(devices)]
        between = (devices - 1) ** 2 / devices * np.var(rest, axis=0, ddof=1)
        how = f"{devices} devices, few for spreads: expected information, and jackknife over devices"
    for name, (_, error) in _spreads(optimum.law, shared, numbers.cells).items():
        between[numbers.names.index(name)] = error**2
    return between, devices - 1, how


def _information(optimum: Optimum, data: Segments, coordinates: Coordinates) -> _Known:
    layout, devices = optimum.layout, optimum.devices
    expected = information(optimum, data)
    of_scales = expected[layout.scales, layout.scales]
    response = -np.linalg.solve(of_scales, expected[layout.scales, layout.shared])
    whole = np.linalg.inv(expected)
    shared = whole[layout.shared, layout.shared]
    if devices >= _CLUSTERS:
        by_pulse = slopes(optimum, data)
        effective = by_pulse.scores[:, layout.shared] + by_pulse.scores[:, layout.scales] @ response
        sums = np.stack([effective[by_pulse.owner == k].sum(axis=0) for k in range(devices)])
        sums = sums - sums.mean(axis=0)
        shared = shared @ (sums.T @ sums) @ shared * devices / (devices - 1)
    places = [np.ix_(layout.of_device(k), layout.of_device(k)) for k in range(devices)]
    pairs = np.array([np.linalg.inv(expected[place]) for place in places])
    logs = optimum.x[layout.scales].reshape(2, devices)
    cells = _Cells(logs, pairs, coordinates, coordinates.middle, coordinates.half)
    # of cycle noise, whose logarithm is known to +-e: as much as so many pulses without read noise would tell
    return _Known(whole, shared, response, cells, float(whole[layout.cycle_noise, layout.cycle_noise]))


def _means(law: TraceLaw, shared: np.ndarray, cells: _Cells) -> tuple[dict[str, float], np.ndarray]:
    """Numbers of the nominal device, and the scales of all, (2, devices), at state 0."""
    layout, at = Layout(len(law.parameters), 0), cells.coordinates
    q, noise = shared[layout.shape, None], float(np.exp(shared[layout.cycle_noise]))
    low, high = (float(x[0]) for x in law.bounds(q))
    half = (at.high - at.low) / (2 * cells.half)
    scales = np.exp(cells.logs) * half
    centre = ((at.high + at.low) / 2 - cells.middle) / cells.half
    if law.law == "linear-step":  # its scales are steps at w = 0, which is not the centre of every device
        scales = scales * np.maximum(np.stack(law.steps(-centre / half, q)), 0.1)
    up, down = scales.mean(axis=1)
    out: dict[str, float] = {}
    origin = 0.0
    if law.law == "soft-bounds":  # its zero is where up and down steps balance
        origin = float((up - down) / (up / high - down / low))
        scales = scales * np.stack(law.steps((origin - centre) / half, q))
        out["step"] = step = float(scales.mean())
        out["step_noise"] = noise * float(np.sqrt(up * down)) / step
    else:
        out["step"] = float(max(up, down))
        out["asymmetry"] = float(1 - down / up if up >= down else up / down - 1)
        out["step_noise"] = noise
    out["g_min"], out["g_max"] = at.middle + low * at.half, at.middle + high * at.half
    if law.own_bounds:
        low, high = ((out[g] - cells.middle) / cells.half for g in ("g_min", "g_max"))
    out["w_min"], out["w_max"] = low - origin, high - origin
    return out, scales


def _spreads(law: TraceLaw, shared: np.ndarray, cells: _Cells) -> dict[str, tuple[float, float]]:
    """Standard deviations over devices, less what sampling alone would give, with standard errors."""
    (out, scales), at = _means(law, shared, cells), cells.coordinates
    q = shared[Layout(len(law.parameters), 0).shape, None]
    low, high = (float(x[0]) for x in law.bounds(q))
    up, down = scales / out["step"]
    errors = np.einsum("ik,kij,jk->kij", scales / out["step"], cells.covariance, scales / out["step"])
    both, cross = errors[:, 0, 0] + errors[:, 1, 1], 2 * errors[:, 0, 1]
    middle, half = (at.high + at.low) / 2 - at.middle, (at.high - at.low) / 2
    found = {
        "step_spread": _spread((up + down) / 2, (both + cross) / 4),
        "asymmetry_spread": _spread((up - down) / 2, (both - cross) / 4),
    }
    for name, bound, w, error in (
        ("w_max_spread", high, out["w_max"], at.high_error),
        ("w_min_spread", low, out["w_min"], at.low_error),
    ):
        known = np.nan_to_num(error, nan=0.0) / cells.half
        value, width = _spread((middle + bound * half) / cells.half, known**2)
        found[name] = (value / abs(w), width / abs(w))
    return found


def _spread(x: np.ndarray, sampling: np.ndarray) -> tuple[float, float]:
    """Standard deviation of x less that of sampling, and its standard error, for normal x.

    The error of the variance, sqrt(2 / (n - 1)) of it, is that of the deviation times twice the deviation; where hardly any of it
    is left, the deviation is known to be below the root of that error, and this is its error.
    """
    if len(x) < 2:  # where one of two devices is left out
        return 0.0, 0.0
    total = float(x.var(ddof=1))
    value = float(np.sqrt(max(total - sampling.mean(), 0.0)))
    of_variance = total * np.sqrt(2 / (len(x) - 1))
    return value, float(of_variance / max(2 * value, np.sqrt(of_variance), 1e-150))


def _shape(law: TraceLaw, q: np.ndarray) -> dict[str, float]:
    """What the fields of the response call the shape."""
    named = {p.name: float(x) for p, x in zip(law.parameters, q, strict=True)}
    if law.law == "linear-step":
        return named
    if law.law == "power-step":
        up, down = named["gamma_up"], named["gamma_down"]
        gamma = max(up, down)
        return {
            "gamma": gamma,
            "gamma_asymmetry": (1 - down / up if up >= down else up / down - 1) if gamma > 0 else 0.0,
        }
    if law.law == "exponential-step":  # loss (at the bound) = amplitude exp(gamma)
        gammas = named["gamma_up"], named["gamma_down"]
        amplitudes = named["loss_up"] * np.exp(-gammas[0]), named["loss_down"] * np.exp(-gammas[1])
        return dict(
            zip(("amplitude_up", "amplitude_down", "gamma_up", "gamma_down"), (*amplitudes, *gammas), strict=True)
        )
    if law.law == "table-step":
        sides = zip(("up_steps", "down_steps"), table_nodes(q[:, None]), strict=True)
        return {f"{name}.{k}": float(nodes[k, 0]) for name, nodes in sides for k in range(NODES)}
    return {}
