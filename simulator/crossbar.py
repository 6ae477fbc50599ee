"""A simulated analog array: pairs of memory cells, converters, noise, pulses, and a count of all it did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..devices import Device
from ..devices.laws import ConstantReadNoise, NoReadNoise
from ..devices.response import IdealResponse, NoResponse, SoftBounds
from .config import ArrayConfig
from .errors import ArrayError
from .events import Events, Tally, event
from .mapping import DifferentialMapping
from .noise import Stream
from .pulses import BLOCK_COLUMNS, PULSE_BITS, soft_bounds_update, train_length, word_trains
from .readout import digitise, drive, read_totals, summarise


class Crossbar(LinearOperator):
    """An analog array that holds a weight matrix W of shape (rows, columns); word lines are rows, bit lines columns.

    It is a `scipy.sparse.linalg.LinearOperator` that behaves as W: ``x @ array`` drives the word lines and senses the
    bit lines, ``array @ y`` drives the bit lines and senses the word lines (the transposed read of the same cells).
    `forward` and `backward` are the same reads for batches stored as rows. With all non-idealities off, ``x @ array``
    equals ``x @ W`` to float32 rounding.

    Parameters
    ----------
    shape: (rows, columns).
    config: what the array is made of.
    seed, array: noise is a function of (seed, purpose, array, step, position); arrays of one run differ in `array`.

    Attributes
    ----------
    clipped: conversions at which the ADC saturated.
    """

    def __init__(
        self, shape: tuple[int, int], config: ArrayConfig | None = None, *, seed: int = 0, array: int = 0
    ) -> None:
        if not isinstance(shape, tuple | list) or len(shape) != 2 or not all(map(_is_size, shape)):
            raise ArrayError(f"shape = {shape!r} must be two positive integers (rows, columns)")
        if config is not None and not isinstance(config, ArrayConfig):
            raise ArrayError(f"config = {config!r} must be an ArrayConfig")
        rows, columns = int(shape[0]), int(shape[1])
        super().__init__(np.dtype(np.float32), (rows, columns))
        self.config = config or ArrayConfig()
        self.device: Device = self.config.device  # type: ignore[assignment]
        self.mapping = DifferentialMapping.of(self.device, self.config.weight_max, self.config.mapping)
        self._conversions = (
            event("dac.conversion", bits=self.config.dac.bits or "inf"),
            event("adc.conversion", enob=f"{self.config.adc.enob:.2f}"),
        )
        self._tally = Tally()
        self.clipped = 0
        self._streams = {
            p: Stream(seed, p, array) for p in ("read", "aside", "program", "word-trains", "bit-trains", "pulses")
        }
        self._traits = self._draw_traits(Stream(seed, "device-to-device", array))
        self._state = np.empty((rows * columns, 2), np.float32)
        self._shown = np.empty_like(self._state)
        self._place(np.zeros((rows, columns)))

    @property
    def events(self) -> Events:
        """All that has happened so far."""
        return self._tally.events

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray) -> None:
        """Store weights (rows, columns) open loop: each cell lands on its target with the device's programming noise.

        A pulsed cell stops at its own bounds, which may lie inside the window of the nominal one.

        Raises
        ------
        ArrayError: wrong shape, or not finite. MappingError: a weight is beyond weight_max.
        """
        weights = _as_finite(weights, self.shape[1], "weights")
        if len(weights) != self.shape[0]:
            raise ArrayError(f"weights has shape {weights.shape}; it must be {self.shape}")
        target = self.mapping.conductances(self.mapping.states(weights))
        sigma = self.device.programming.sigma(target, self.device.window.g_max)
        if np.any(sigma):
            target = np.maximum(target + sigma * self._streams["program"].normals(target.shape), 0.0)
        states = self.mapping.to_state(target).reshape(-1, 2).astype(np.float32)
        if self._traits is not None:
            states = np.clip(states, self._traits[:, :, 3], self._traits[:, :, 2])
        self._state[:] = states
        self._shown[:] = states
        self._changed()
        self._tally.count("cell.programmed", states.size)

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the array shows, without read noise: a diagnostic that no hardware has."""
        return self._weights.copy()

    def conductances(self) -> np.ndarray:
        """Siemens of all cells, (rows, columns, 2): G+ and G-."""
        return self.mapping.conductances(self._shown).reshape(*self.shape, 2)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Reads inside this block are not part of the run: they are not counted, and take none of its noise.

        For evaluation during training, which must neither cost joules nor change what is learned.
        """
        tally, clipped, stream = self._tally, self.clipped, self._streams["read"]
        self._tally, self._streams["read"] = Tally(), self._streams["aside"]
        try:
            yield
        finally:
            self._tally, self.clipped, self._streams["read"] = tally, clipped, stream

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        return self._read_array(_as_batch(x, self.shape[0], "x"), transposed=False)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        return self._read_array(_as_batch(d, self.shape[1], "d"), transposed=True)

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self.backward(np.ascontiguousarray(X.T)).T

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return self.forward(np.ascontiguousarray(X.T)).T

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.backward(x.reshape(1, -1)).reshape(-1)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x.reshape(1, -1)).reshape(-1)

    def _read_array(self, x: np.ndarray, *, transposed: bool) -> np.ndarray:
        config = self.config
        x, totals = drive(x, self._line_sums[1 if transposed else 0], config.dac)
        y = x @ (self._weights.T if transposed else self._weights)
        variance = self._cell_variance(x, totals, transposed)
        y, clipped = digitise(y, variance, config.adc, self._streams["read"])
        self.clipped += clipped
        self._count_read(totals, y.shape[1], variance)
        return y

    def _cell_variance(self, x: np.ndarray, totals: np.ndarray, transposed: bool) -> np.ndarray | None:
        """Output variance from read noise of the cells: sum over driven cells of sigma^2 x^2, two cells a pair.

        Parameters
        ----------
        x: what the lines see, (batch, driven). totals: of `drive`.

        Returns
        -------
        (batch, 1) where all sensed lines have the same, else (batch, sensed); None without read noise.
        """
        law = self.device.read_noise
        if isinstance(law, NoReadNoise):
            return None
        per_siemens = self.mapping.scale / self.mapping.slope
        if isinstance(law, ConstantReadNoise):
            return totals[:, :1] * (2 * (law.relative * self.device.window.g_max * per_siemens) ** 2)
        if self._variance is None:
            sigma = law.sigma(self.conductances(), self.device.window.g_max, 0.0) * per_siemens
            self._variance = np.square(sigma).sum(axis=-1).astype(np.float32)
        return np.square(x) @ (self._variance.T if transposed else self._variance)

    def _count_read(self, totals: np.ndarray, sensed: int, variance: np.ndarray | None) -> None:
        config, batch, tally = self.config, len(totals), self._tally
        cells = np.zeros((batch, 1)) if variance is None else variance
        signal = self.mapping.scale / self.mapping.slope  # output of a siemens at full input
        driven, dissipated, snr, silent = read_totals(totals, cells, sensed, config.adc.variance, signal)
        tally.count("array.read", batch)
        tally.count("line.drive", int(driven))
        tally.count(self._conversions[0], int(driven))
        tally.count(self._conversions[1], batch * sensed)
        volts = config.read_voltage / config.dac.x_max
        tally.integrate("array.read_energy_J", dissipated * volts**2 * config.read_time)
        tally.integrate("array.busy_s", batch * config.read_time)
        if silent:
            tally.count("array.noiseless_read", batch)
        else:
            tally.integrate("array.snr_sum", snr)
        if config.adc.bits:
            tally.integrate("adc.snr_sum", batch * sensed * config.adc.snr)

    # -- update -----------------------------------------------------------------------------------------------------

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W <- W + rate x^T d in the array, one outer product for each row of the batch, in order.

        Soft-bounds cells are moved by coincidences of stochastic pulse trains on word and bit lines; ideal cells take
        the exact change and saturate at weight_max.

        Parameters
        ----------
        x: (batch, rows). d: (batch, columns). rate: learning rate, non-negative.

        Raises
        ------
        ArrayError: shapes that do not match, values that are not finite, or a device whose pulse response is not known.
        """
        x = _as_finite(x, self.shape[0], "x")
        d = _as_finite(d, self.shape[1], "d")
        if len(x) != len(d):
            raise ArrayError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        if not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
            raise ArrayError(f"rate = {rate!r} must be a finite number and not negative")
        response = self.device.response
        if isinstance(response, NoResponse):
            raise ArrayError(f"device {self.device.name!r} has no known pulse response: it can be read but not trained")
        if isinstance(response, IdealResponse):
            self._update_exactly(x, d, rate)
        else:
            self._update_by_pulses(x, d, rate, response)

    def _update_exactly(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        weights = self._weights + np.float32(rate) * (x.T @ d)
        limit = np.float32(self.mapping.weight_max)
        np.clip(weights, -limit, limit, out=weights)
        self._state[:] = self.mapping.states(weights).reshape(-1, 2)
        self._shown[:] = self._state
        self._changed()
        self._weights = weights  # free of the rounding of states: many small changes add up
        self._tally.count("ideal.update", len(x))

    def _update_by_pulses(self, x: np.ndarray, d: np.ndarray, rate: float, response: SoftBounds) -> None:
        batch, (rows, columns) = len(x), self.shape
        streams = self._streams
        granularity = 2 * response.step * self.mapping.scale  # one coincidence moves both cells of a pair
        slots, x_gains, d_gains = train_length(rate, _largest(x), _largest(d), granularity, self.config.longest_train)
        first = streams["pulses"].take_step(batch)
        plan = np.stack([slots, first + np.arange(batch, dtype=np.uint64)], axis=1)
        trains = np.zeros((batch, rows), np.uint64)
        word_lines = np.zeros((batch, 2), np.int64)
        word_trains(trains, x, x_gains.astype(np.float32), plan, streams["word-trains"].key, word_lines)
        bit_lines = np.zeros((-(-columns // BLOCK_COLUMNS), 4), np.int64)
        soft_bounds_update(
            (self._state, self._shown, self._traits),
            np.array([response.step_noise, response.write_noise * response.step, self.mapping.floor], np.float32),
            trains,
            x,
            d,
            d_gains.astype(np.float32),
            plan,
            np.stack([streams["bit-trains"].key, streams["pulses"].key]),
            bit_lines,
        )
        self._changed()
        up, down, pulses, line_slots = (int(n) for n in bit_lines.sum(axis=0))
        pulses += int(word_lines[:, 0].sum())
        line_slots += int(word_lines[:, 1].sum())
        self._count_update(int(slots.sum()), up + down, pulses, line_slots)

    def _count_update(self, slots: int, moved: int, line_pulses: int, line_slots: int) -> None:
        tally, duration = self._tally, self.device.pulse.duration
        tally.count("update.slot", slots)
        tally.count("line.pulse", line_pulses)
        tally.count("random.bit", PULSE_BITS * line_slots)
        # a coincidence moves the two cells of a pair in opposite directions: one up pulse and one down pulse
        tally.count("pulse.up", moved)
        tally.count("pulse.down", moved)
        if duration is None:
            tally.count("update.slot_of_unknown_duration", slots)
        else:
            tally.integrate("array.busy_s", slots * duration)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _draw_traits(self, stream: Stream) -> np.ndarray | None:
        """(cells, 2, 4) float32: s_up, s_down, b_max, b_min of every cell of a pulsed device; None for others."""
        response = self.device.response
        if not isinstance(response, SoftBounds):
            return None
        z = stream.normals((self.shape[0] * self.shape[1], 2, 4))
        gain = 1 + response.step_spread * z[..., 0]
        tilt = response.asymmetry_spread * z[..., 1]
        high = np.abs(response.w_max * (1 + response.w_max_spread * z[..., 2]))
        low = -np.abs(response.w_min * (1 + response.w_min_spread * z[..., 3]))
        s_up, s_down = response.step * np.abs(gain + tilt), response.step * np.abs(gain - tilt)
        # no cell conducts less than nothing: a lower bound drawn below zero conductance is moved up to it
        return np.stack([s_up, s_down, high, np.maximum(low, self.mapping.floor)], axis=-1).astype(np.float32)

    def _place(self, weights: np.ndarray) -> None:
        """Fabricated state: weights that nothing programmed (no noise, no events)."""
        if isinstance(self.device.response, SoftBounds):
            # a pulsed cell rests where up and down pulses balance: the zero of its state coordinate
            self._state[:] = 0.0
        else:
            self._state[:] = self.mapping.states(weights).reshape(-1, 2)
        self._shown[:] = self._state
        self._changed()

    def _changed(self) -> None:
        """Recompute what depends on the contents."""
        rows, columns = self.shape
        self._weights = np.empty(self.shape, np.float32)
        totals = np.empty(rows), np.zeros(columns)
        summarise(self._shown, np.float32(self.mapping.scale), self._weights, *totals)
        offset = 2 * (self.mapping.g_min - self.mapping.slope * self.mapping.w_min)
        self._line_sums = (
            totals[0] * self.mapping.slope + offset * columns,
            totals[1] * self.mapping.slope + offset * rows,
        )
        self._variance = None


def _largest(x: np.ndarray) -> np.ndarray:
    """Largest magnitude of each row."""
    return np.maximum(x.max(axis=1), -x.min(axis=1))


def _is_size(n: Any) -> bool:
    return not isinstance(n, bool) and hasattr(n, "__index__") and n > 0


def _as_batch(x: np.ndarray, width: int, name: str) -> np.ndarray:
    """(batch, width) as contiguous float32; ArrayError where it is not that."""
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise ArrayError(f"{name} must be an array of shape (batch, {width}): {error}") from error
    if x.ndim != 2 or x.shape[1] != width:
        raise ArrayError(f"{name} has shape {x.shape}; it must be (batch, {width})")
    if x.dtype.kind not in "fiub":
        raise ArrayError(f"{name} has type {x.dtype}; it must hold real numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused
        return np.ascontiguousarray(x, np.float32)


def _as_finite(x: np.ndarray, width: int, name: str) -> np.ndarray:
    x = _as_batch(x, width, name)
    with np.errstate(over="ignore", invalid="ignore"):  # one pass: whatever is not finite shows in the sum of squares
        squares = np.dot(x.ravel(), x.ravel())
    if not np.isfinite(squares):
        bad = np.argwhere(~np.isfinite(x))
        where = f"first at {tuple(int(i) for i in bad[0])}" if len(bad) else "its squares overflow float32"
        raise ArrayError(f"{name} must be finite: {where}")
    return x
