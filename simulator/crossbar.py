"""A simulated analog array: pairs of memory cells, converters, noise, pulses, and a count of all it did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from ..devices import Device
from .cells import Cells, OpenLoop
from .config import ArrayConfig
from .errors import ArrayError
from .events import Events, Tally, event
from .lines import OhmicLines, Signal
from .mapping import WeightMapping
from .noise import Stream
from .operator import ArrayOperator, as_batch, as_finite
from .readout import digitise, drive, read_totals
from .updates import PulseStreams, update


class Crossbar(ArrayOperator):
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
    cells: what the cells hold.
    clipped: conversions at which the ADC saturated.
    """

    def __init__(
        self, shape: tuple[int, int], config: ArrayConfig | None = None, *, seed: int = 0, array: int = 0
    ) -> None:
        super().__init__(shape)
        if config is not None and not isinstance(config, ArrayConfig):
            raise ArrayError(f"config = {config!r} must be an ArrayConfig")
        self.config = config or ArrayConfig()
        self.device: Device = self.config.device  # type: ignore[assignment]
        self.mapping = WeightMapping.of(self.device, self.config.weight_max, self.config.mapping)
        self.cells = Cells(self.shape, self.device, self.mapping, seed, array)
        self._lines = OhmicLines(self.cells)
        self._conversions = (
            event("dac.conversion", bits=self.config.dac.bits or "inf"),
            event("adc.conversion", enob=f"{self.config.adc.enob:.2f}"),
        )
        self._tally = Tally()
        self.clipped = 0
        self._streams = {p: Stream(seed, p, array) for p in ("read", "aside")}
        self._pulse_streams = PulseStreams.of(seed, array)

    @property
    def events(self) -> Events:
        """All that has happened so far."""
        return self._tally.events

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray) -> OpenLoop:
        """Store weights (rows, columns) open loop: each cell lands on its target with the device's programming noise.

        A pulsed cell stops at its own bounds, which may lie inside the window of the nominal one.

        Returns
        -------
        How many cells were written, held at their bounds, and emptied by noise.

        Raises
        ------
        ArrayError: wrong shape, or not finite. MappingError: a weight is beyond weight_max.
        """
        weights = as_finite(weights, self.shape[1], "weights")
        if len(weights) != self.shape[0]:
            raise ArrayError(f"weights has shape {weights.shape}; it must be {self.shape}")
        done = self.cells.write(weights)
        self._tally.count("cell.programmed", done.written)
        return done

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the array shows, without read noise: a diagnostic that no hardware has."""
        return self.cells.weights.copy()

    def conductances(self) -> np.ndarray:
        """Siemens of all cells, (rows, columns, 2): G+ and G- (with a shared reference, the same one along a row)."""
        return self.cells.conductances()

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
        return self._read_array(as_batch(x, self.shape[0], "x"), transposed=False)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        return self._read_array(as_batch(d, self.shape[1], "d"), transposed=True)

    def _read_array(self, x: np.ndarray, *, transposed: bool) -> np.ndarray:
        config = self.config
        x, totals = drive(x, self.cells.line_siemens(transposed=transposed), config.dac)
        signal = self._lines.read(x, totals, transposed=transposed)
        y = self._with_common_noise(signal)
        y, clipped = digitise(y, signal.variance, config.adc, self._streams["read"])
        self.clipped += clipped
        self._count_read(totals, y.shape[1], signal)
        return y

    def _with_common_noise(self, signal: Signal) -> np.ndarray:
        if signal.common is None:
            return signal.y
        z = self._streams["read"].normals(len(signal.common))
        return signal.y - (np.sqrt(signal.common).astype(np.float32) * z)[:, None]

    def _count_read(self, totals: np.ndarray, sensed: int, signal: Signal) -> None:
        config, batch, tally = self.config, len(totals), self._tally
        noise = np.zeros((batch, 1)) if signal.variance is None else signal.variance
        if signal.common is not None:
            noise = noise + signal.common[:, None]
        driven, dissipated, snr, silent = read_totals(
            totals, noise, sensed, config.adc.variance, self.mapping.per_siemens
        )
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
        x = as_finite(x, self.shape[0], "x")
        d = as_finite(d, self.shape[1], "d")
        if len(x) != len(d):
            raise ArrayError(f"x has {len(x)} rows and d has {len(d)}: an update needs as many of each")
        if not isinstance(rate, Real) or not math.isfinite(rate) or rate < 0:
            raise ArrayError(f"rate = {rate!r} must be a finite number and not negative")
        update(self.cells, x, d, rate, self.config.longest_train, self._pulse_streams, self._tally)
