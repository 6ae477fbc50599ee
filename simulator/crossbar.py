"""A simulated analog array: differential pairs of memory cells, converters, noise, pulses, and a count of all it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..devices import Device, load_device
from ..devices.laws import ConstantReadNoise, NoReadNoise
from ..devices.response import IdealResponse, NoResponse, SoftBounds
from .converters import ADC, DAC
from .errors import ArrayError, MappingError
from .events import Events, event
from .mapping import DifferentialMapping, Side
from .noise import Stream
from .pulses import LONGEST_TRAIN, PULSE_BITS, soft_bounds_update, train_length, word_trains
from .readout import digitise


@dataclass(frozen=True)
class ArrayConfig:
    """Everything that describes an array besides its size; frozen, validated on construction.

    Attributes
    ----------
    device: a name of the library, a path to a device file, or a `Device`.
    weight_max: weight of a full conductance difference.
    dac, adc: converters of the driven and of the sensed lines; the same in both directions.
    read_voltage: volts on a line whose input is dac.x_max. read_time: seconds that a read integrates.
    mapping: "two-sided" or "one-sided", see `DifferentialMapping`.
    longest_train: largest number of slots of a stochastic-pulse outer product, 1 to 63.
    """

    device: str | Device = "ideal"
    weight_max: float = 1.0
    dac: DAC = DAC(bits=None)
    adc: ADC = ADC(bits=None)
    read_voltage: float = 0.2
    read_time: float = 100e-9
    mapping: Side = "two-sided"
    longest_train: int = 31

    def __post_init__(self) -> None:
        if not isinstance(self.device, Device):
            object.__setattr__(self, "device", load_device(self.device))
        for field in ("read_voltage", "read_time"):
            value = getattr(self, field)
            if not np.isfinite(value) or value <= 0:
                raise ArrayError(f"{field} = {value!r} must be positive and finite")
        if not 1 <= self.longest_train <= LONGEST_TRAIN:
            raise ArrayError(f"longest_train = {self.longest_train!r} must be from 1 to {LONGEST_TRAIN}")
        DifferentialMapping.of(self.device, self.weight_max, self.mapping)  # type: ignore[arg-type]


class Crossbar(LinearOperator):
    """An analog array that holds a weight matrix W of shape (rows, columns); word lines are rows, bit lines columns.

    It is a `scipy.sparse.linalg.LinearOperator` that behaves as W: ``x @ array`` drives the word lines and senses the bit lines,
    ``array @ y`` drives the bit lines and senses the word lines (the transposed read of the same cells). `forward` and `backward` are
    the same reads for batches stored as rows. With all non-idealities off, ``x @ array`` equals ``x @ W`` to float32 rounding.

    Parameters
    ----------
    shape: (rows, columns).
    config: what the array is made of.
    seed, array: noise is a function of (seed, purpose, array, step, position); arrays of one run differ in `array`.

    Attributes
    ----------
    events: all that happened so far (`Events`). clipped: conversions at which the ADC saturated.
    """

    def __init__(self, shape: tuple[int, int], config: ArrayConfig | None = None, *, seed: int = 0, array: int = 0) -> None:
        if len(shape) != 2 or any(isinstance(n, bool) or not hasattr(n, "__index__") or n < 1 for n in shape):
            raise ArrayError(f"shape = {shape!r} must be two positive integers (rows, columns)")
        rows, columns = int(shape[0]), int(shape[1])
        super().__init__(np.dtype(np.float32), (rows, columns))
        self.config = config or ArrayConfig()
        self.device: Device = self.config.device  # type: ignore[assignment]
        self.mapping = DifferentialMapping.of(self.device, self.config.weight_max, self.config.mapping)
        self.events = Events()
        self.clipped = 0
        self._streams = {p: Stream(seed, p, array) for p in ("read", "aside", "program", "word-trains", "bit-trains", "pulses")}
        self._traits = self._draw_traits(Stream(seed, "device-to-device", array))
        self._state = np.empty((rows * columns, 2), np.float32)
        self._shown = np.empty_like(self._state)
        self._place(np.zeros((rows, columns)))

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray) -> None:
        """Store weights (rows, columns) open loop: each cell lands on its target with the device's programming noise.

        Raises
        ------
        ArrayError: wrong shape, or not finite. MappingError: a weight is beyond weight_max.
        """
        weights = self._checked(weights, self.shape, "weights")
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
        self.events += Events({"cell.programmed": states.size})

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
        events, clipped, stream = self.events, self.clipped, self._streams["read"]
        self._streams["read"] = self._streams["aside"]
        try:
            yield
        finally:
            self.events, self.clipped, self._streams["read"] = events, clipped, stream

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        return self._read_array(self._checked(x, (None, self.shape[0]), "x"), transposed=False)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        return self._read_array(self._checked(d, (None, self.shape[1]), "d"), transposed=True)

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
        x = config.dac.convert(x)
        y = x @ (self._weights.T if transposed else self._weights)
        squares = np.square(x)
        cell_variance = self._cell_variance(squares, transposed)  # (batch, 1) or (batch, sensed), or None
        noise_variance = config.adc.step**2 * config.adc.noise_lsb**2
        if cell_variance is not None or noise_variance:
            sigma = np.sqrt((0.0 if cell_variance is None else cell_variance) + noise_variance, dtype=np.float32)
            sigma = np.broadcast_to(sigma, (len(x), sigma.shape[-1] if np.ndim(sigma) else 1))
            y, clipped = digitise(y, sigma, config.adc, self._streams["read"])
        else:
            y, clipped = digitise(y, None, config.adc, None)
        self.clipped += clipped
        self._count_read(x, squares, y.shape[1], cell_variance, transposed)
        return y

    def _cell_variance(self, squares: np.ndarray, transposed: bool) -> np.ndarray | None:
        """Output variance from read noise of the cells, exactly: sum over driven cells of sigma^2 x^2 (two cells a pair)."""
        law = self.device.read_noise
        if isinstance(law, NoReadNoise):
            return None
        per_siemens = self.mapping.scale / self.mapping.slope
        if isinstance(law, ConstantReadNoise):
            one = 2 * (law.relative * self.device.window.g_max * per_siemens) ** 2
            return squares.sum(axis=1, keepdims=True, dtype=np.float64) * one
        if self._variance is None:
            sigma = law.sigma(self.conductances(), self.device.window.g_max, 0.0) * per_siemens
            self._variance = np.square(sigma).sum(axis=-1).astype(np.float32)
        return squares @ (self._variance.T if transposed else self._variance)

    def _count_read(
        self, x: np.ndarray, squares: np.ndarray, sensed: int, cell_variance: np.ndarray | None, transposed: bool
    ) -> None:
        config, batch = self.config, len(x)
        driven = int(np.count_nonzero(x))
        adc = config.adc
        counts = {
            "array.read": batch,
            "line.drive": driven,
            event("dac.conversion", bits=config.dac.bits or "inf"): driven,
            event("adc.conversion", enob=f"{adc.enob:.2f}"): batch * sensed,
        }
        line_sums = self._line_sums[1 if transposed else 0]  # total siemens on each driven line
        joules = float(np.sum(squares @ line_sums)) * (config.read_voltage / config.dac.x_max) ** 2 * config.read_time
        integrals = {"array.read_energy_J": joules, "array.busy_s": batch * config.read_time}
        # Sum over sensed lines of (signal charge / noise)^2 is at least (total signal)^2 / (total variance), by Cauchy and Schwarz:
        # a floor that never accuses wrongly, and costs one vector product.
        total = np.abs(x) @ line_sums * (self.mapping.scale / self.mapping.slope)
        noise = np.full(batch, sensed * (adc.variance if adc.bits else 0.0))
        if cell_variance is not None:
            noise = noise + np.broadcast_to(cell_variance, (batch, sensed)).sum(axis=1)
        if np.any((noise == 0) & (total > 0)):
            counts["array.noiseless_read"] = batch
        else:
            integrals["array.snr_sum"] = float(np.sum(np.divide(total**2, noise, out=np.zeros(batch), where=noise > 0)))
        if adc.bits:
            integrals["adc.snr_sum"] = batch * sensed * adc.snr
        self.events += Events(counts, integrals)

    # -- update -----------------------------------------------------------------------------------------------------

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W <- W + rate x^T d in the array, one outer product for each row of the batch, in order.

        Soft-bounds cells are moved by coincidences of stochastic pulse trains on word and bit lines; ideal cells take the
        exact change and saturate at weight_max.

        Parameters
        ----------
        x: (batch, rows). d: (batch, columns). rate: learning rate, non-negative.

        Raises
        ------
        ArrayError: shapes that do not match, values that are not finite, or a device whose pulse response is not known.
        """
        x = self._checked(x, (None, self.shape[0]), "x")
        d = self._checked(d, (None, self.shape[1]), "d")
        if len(x) != len(d):
            raise ArrayError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        if not np.isfinite(rate) or rate < 0:
            raise ArrayError(f"rate = {rate!r} must be finite and not negative")
        response = self.device.response
        if isinstance(response, NoResponse):
            raise ArrayError(f"device {self.device.name!r} has no known pulse response: it can be read but not trained")
        if isinstance(response, IdealResponse):
            self._update_exactly(x, d, rate)
        else:
            self._update_by_pulses(x, d, rate, response)
        self._changed()

    def _update_exactly(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        weights = self._weights + np.float32(rate) * (x.T @ d)
        limit = np.float32(self.mapping.weight_max)
        np.clip(weights, -limit, limit, out=weights)
        self._state[:] = self.mapping.states(weights).reshape(-1, 2)
        self._shown[:] = self._state
        self._exact = weights
        self.events += Events({"ideal.update": len(x)})

    def _update_by_pulses(self, x: np.ndarray, d: np.ndarray, rate: float, response: SoftBounds) -> None:
        granularity = 2 * response.step * self.mapping.scale  # one coincidence moves both cells of a pair
        batch, (rows, columns) = len(x), self.shape
        x_size, d_size = np.abs(x), np.abs(d)
        first = int(self._streams["pulses"].take_step(batch))
        plan = np.empty((batch, 2), np.uint64)
        gains = np.empty((2, batch, 1), np.float32)
        x_max, d_max = x_size.max(axis=1), d_size.max(axis=1)
        for s in range(batch):
            slots, gains[0, s], gains[1, s] = train_length(
                rate, float(x_max[s]), float(d_max[s]), granularity, self.config.longest_train
            )
            plan[s] = slots, first + s
        x_thresholds, d_thresholds = _thresholds(x_size * gains[1]), _thresholds(d_size * gains[0])
        trains = np.zeros((batch, rows), np.uint64)
        word_trains(trains, x_thresholds, plan, self._streams["word-trains"].key)
        pulses = np.zeros((-(-columns // 64), 3), np.int64)
        noise = (response.step_noise, response.write_noise * response.step, self.mapping.floor)
        soft_bounds_update(
            (self._state, self._shown, self._traits),
            np.array(noise, np.float32),
            trains,
            np.sign(x).astype(np.int8),
            d_thresholds,
            np.sign(d).astype(np.int8),
            plan,
            np.stack([self._streams["bit-trains"].key, self._streams["pulses"].key]),
            pulses,
        )
        self._count_update(plan[:, 0], x_thresholds, d_thresholds, trains, pulses.sum(axis=0))

    def _count_update(self, slots, x_thresholds, d_thresholds, trains, pulses) -> None:
        slots = slots.astype(np.int64)
        lines = np.count_nonzero(x_thresholds, axis=1) + np.count_nonzero(d_thresholds, axis=1)
        up, down, bit_line_pulses = (int(n) for n in pulses)
        total_slots = int(slots.sum())
        counts = {
            "update.slot": total_slots,
            "line.pulse": int(np.bitwise_count(trains).sum()) + bit_line_pulses,
            "random.bit": PULSE_BITS * int(np.sum(slots * lines)),
            # a coincidence moves the two cells of a pair in opposite directions: one up pulse and one down pulse
            "pulse.up": up + down,
            "pulse.down": up + down,
        }
        duration = self.device.pulse.duration
        if duration is None:
            self.events += Events({**counts, "update.slot_of_unknown_duration": total_slots})
        else:
            self.events += Events(counts, {"array.busy_s": total_slots * duration})

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
        shown = self._shown.reshape(*self.shape, 2)
        exact = self.__dict__.pop("_exact", None)
        self._weights = self.mapping.weights(shown) if exact is None else exact
        pair_sums = shown.sum(axis=-1, dtype=np.float32)
        offset = 2 * (self.mapping.g_min - self.mapping.slope * self.mapping.w_min)
        self._line_sums = tuple(
            pair_sums.sum(axis=axis, dtype=np.float64) * self.mapping.slope + offset * self.shape[axis] for axis in (1, 0)
        )
        self._variance = None

    def _checked(self, x: np.ndarray, shape: tuple[int | None, int], name: str) -> np.ndarray:
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != shape[1] or shape[0] not in (None, x.shape[0]):
            raise ArrayError(f"{name} has shape {x.shape}; it must be ({shape[0] or 'batch'}, {shape[1]})")
        if x.dtype.kind not in "fiub":
            raise ArrayError(f"{name} has type {x.dtype}; it must hold real numbers")
        x = np.ascontiguousarray(x, np.float32)
        if not np.isfinite(np.dot(x.ravel(), x.ravel())):
            bad = np.argwhere(~np.isfinite(x))
            where = f"first at {tuple(int(i) for i in bad[0])}" if len(bad) else "its squares overflow float32"
            raise ArrayError(f"{name} must be finite: {where}")
        return x


def _thresholds(probabilities: np.ndarray) -> np.ndarray:
    """Firing probabilities as int32 multiples of 2**-PULSE_BITS; what exceeds 1 fires in every slot."""
    return np.rint(np.minimum(probabilities, 1.0) * 2.0**PULSE_BITS).astype(np.int32)


