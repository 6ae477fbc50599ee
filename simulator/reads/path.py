"""A read of an array in one direction: inputs to voltages, voltages to currents, currents to codes, all of it counted."""

from __future__ import annotations

import numpy as np

from ..cells.cells import Cells
from ..config import ArrayConfig
from ..converters.adc_dac import ADC, calibrated_range
from ..converters.bank import draw_bank
from ..converters.input_slices import InputSlice, added_variance, input_slices, shift_and_add
from ..converters.readout import digitise, drive, read_totals
from ..errors import ArrayError
from ..events import Tally, event
from ..noise.streams import Stream
from .ohmic_lines import Lines, Signal


class ReadPath:
    """The converters on either side of the lines, for one direction.

    Parameters
    ----------
    transposed: bit lines are driven and word lines sensed. seed, array: address of the errors of each converter.

    Attributes
    ----------
    adc: with its range found; one that waits for `calibrate` has no step yet.
    """

    def __init__(
        self, cells: Cells, lines: Lines, config: ArrayConfig, *, transposed: bool, seed: int, array: int
    ) -> None:
        self._cells, self._lines, self._config, self._transposed = cells, lines, config, transposed
        driven, sensed = cells.shape[::-1] if transposed else cells.shape
        self.dac = config.dac
        adc = (config.transposed_adc or config.adc) if transposed else config.adc
        if adc.range == "maximum":  # whatever the contents: a range is wired before anything is programmed
            adc = adc.resolved(config.dac.x_max * cells.largest_sum(transposed=transposed))
        side = "transposed-" if transposed else ""
        self._banks = (
            draw_bank(self.dac.line_converter, driven, Stream(seed, f"{side}dac-mismatch", array)),
            draw_bank(adc, sensed, Stream(seed, f"{side}adc-mismatch", array)),
        )
        self._name_conversions(adc)

    def _name_conversions(self, adc: ADC) -> None:
        self.adc = adc
        self._dac_event = event("dac.conversion", bits=self.dac.line_converter.bits or "inf")
        self._adc_event = event("adc.conversion", enob=f"{adc.enob:.2f}")

    def calibrate(self, x: np.ndarray, percentile: float, noise: Stream) -> float:
        """Take the range that holds `percentile` of what inputs x (batch, driven) give; returns it."""
        if self.adc.bits is None:
            raise ArrayError("an ideal ADC has no range to calibrate: give it bits")
        found, self.adc = self.adc, ADC(bits=None)
        try:
            signals, _ = self._signals(x, noise, Tally())
        finally:
            self.adc = found
        y_max = calibrated_range(np.concatenate([signal.y for signal in signals]), percentile)
        self.set_range(y_max)
        return y_max

    def set_range(self, y_max: float) -> None:
        """Give the ADC a range."""
        self._name_conversions(self.adc.with_range(y_max))

    def read(self, x: np.ndarray, noise: Stream, tally: Tally) -> tuple[np.ndarray, int, int]:
        """x (batch, driven) float32 -> outputs (batch, sensed) float32, saturated conversions, and cells held at zero."""
        signals, parts = self._signals(x, noise, tally)
        clipped = 0
        outputs = []
        for signal in signals:
            y, held = digitise(signal.y, signal.variance, self.adc, noise, self._banks[1])
            clipped += held
            outputs.append(y)
            tally.count(self._adc_event, y.size)
            if self.adc.bits:
                tally.integrate("adc.snr_sum", self.adc.snr, times=y.size)
        y = outputs[0]
        if len(outputs) > 1:
            y = shift_and_add(outputs, parts)
            tally.count("digital.add", y.size * (len(outputs) - 1))
        if self._cells.mapping.shared and self._transposed:
            y = self._less_reference(y, x, parts, tally)
        return y, clipped, sum(signal.held for signal in signals)

    def _less_reference(self, y: np.ndarray, x: np.ndarray, parts: list[InputSlice], tally: Tally) -> np.ndarray:
        """y (batch, rows) less what a nominal reference cell would carry: digitally, for it takes no part in the read."""
        sums = np.zeros(len(x))
        for part in parts:
            codes = part.inputs if self.dac.bits is None else np.rint(part.inputs / self.dac.line_converter.step)
            sums += part.weight * codes.sum(axis=1, dtype=np.float64) * (self.dac.line_converter.step or 1.0)
        tally.count("digital.add", x.size + len(x) * (len(parts) - 1) + y.size)
        tally.count("digital.multiply", len(x))
        return y - (sums * self._cells.nominal_reference).astype(np.float32)[:, None]

    def _signals(self, x: np.ndarray, noise: Stream, tally: Tally) -> tuple[list[Signal], list[InputSlice]]:
        """What is to be converted: one signal, or one for each slice of the inputs where slices are added digitally."""
        parts = input_slices(x, self.dac, noise)
        signals = [self._drive(part.inputs, noise, tally) for part in parts]
        if len(parts) == 1 or self.dac.shift_add == "digital":
            return signals, parts
        tally.count("analog.shift_add", signals[0].y.size * len(parts))
        whole = Signal(
            shift_and_add([s.y for s in signals], parts),
            signals[0].totals,
            added_variance([s.variance for s in signals], parts),
            None,
            None,
            sum(s.held for s in signals),
        )
        return [whole], parts

    def _drive(self, x: np.ndarray, noise: Stream, tally: Tally) -> Signal:
        """One read of the lines, counted, with the noise that all outputs share already in it."""
        siemens = self._cells.line_siemens(transposed=self._transposed)
        volts, totals = drive(x, siemens, self.dac.line_converter, noise, self._banks[0])
        signal = self._lines.read(volts, totals, noise, transposed=self._transposed)
        self._count(signal, tally)
        if signal.common is not None:
            z = noise.normals(len(signal.common))
            signal = signal._replace(y=signal.y - (np.sqrt(signal.common).astype(np.float32) * z)[:, None], common=None)
        return signal

    def _count(self, signal: Signal, tally: Tally) -> None:
        config, (batch, sensed), totals = self._config, signal.y.shape, signal.totals
        variance = signal.noise
        per_siemens = self._cells.mapping.per_siemens
        driven, dissipated, carried, snr, silent = read_totals(
            totals, np.zeros((batch, 1)) if variance is None else variance, sensed, self.adc.variance, per_siemens
        )
        tally.count("array.read", batch)
        tally.count("line.drive", int(driven))
        tally.count(self._dac_event, int(driven))
        tally.count(
            "column.regulate", batch * sensed * (1 if self._cells.mapping.shared else 2)
        )  # G+ and G- have lines of their own
        volts = config.read_voltage / config.dac.x_max
        tally.integrate("array.read_energy_J", dissipated * volts**2 * config.read_time)
        tally.integrate("array.read_charge_C", carried * volts * config.read_time)
        tally.integrate("array.busy_s", config.read_time, times=batch)
        if silent:
            tally.count("array.noiseless_read", batch)
        else:
            tally.integrate("array.snr_sum", snr)
