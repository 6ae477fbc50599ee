"""A read of an array in one direction: inputs to voltages, voltages to currents, currents to codes, all of it counted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..cells.cells import Cells
from ..config import ArrayConfig
from ..converters.adc_dac import ADC, calibrated_ends, calibrated_range
from ..converters.bank import ConverterBank, draw_bank
from ..converters.effective_bits import enob
from ..converters.input_slices import InputSlice, added_variance, input_slices, shift_and_add
from ..converters.readout import count_beyond, digitise, drive, read_totals
from ..errors import ArrayError
from ..events import Tally, event
from ..noise.outputs import Noise
from ..noise.streams import Numbers, ReadNumbers, Stream
from .bounds import runs
from .durations import full_factor
from .lines import Signal
from .phases import Phase, Phases
from .scaling import count_scaling, row_scales

_TOLERATED = 0.01  # part of a batch that may saturate before a range that the array found grows
_SIGMAS = 4.0  # of noise that a found range holds beside the signal
_NO_CONVERTER = ADC(bits=None)


class ReadMode(NamedTuple):
    """How reads are made: what they count in, whose random numbers they take, and whether they leave anything behind.

    Attributes
    ----------
    tally : Tally
        Where events are counted.
    numbers : Stream
        Of which every read takes one step.
    keeps : bool
        Whether a range that a read finds stays.
    phases : Phases or None
        Of the driven lines alone, where the inputs leave out those at rest (`some_rows`); None for those of all lines.
    converted : bool
        Whether the ADC converts what the lines carry. If not, that is the answer: some other circuit stands at the lines.
    """

    tally: Tally
    numbers: Stream
    keeps: bool = True
    phases: Phases | None = None
    converted: bool = True


class Sensed(NamedTuple):
    """What sensed lines carry: `signals` to be converted, `driven`, the reads that gave them, for the `parts` of the inputs."""

    signals: list[Signal]
    driven: list[Signal]
    parts: list[InputSlice]


class Banks(NamedTuple):
    """The errors of the converters of the driven and of the sensed lines; None where all converters are alike."""

    driven: ConverterBank | None
    sensed: ConverterBank | None


class Answer(NamedTuple):
    """What a batch of reads gave: outputs (batch, sensed) float32, the conversions that they are made of and how many of those
    saturated, cells held at zero, inputs cut to what the DAC takes."""

    y: np.ndarray
    conversions: int
    clipped: int
    held: int
    cut: int = 0


class ReadPath:
    """The converters on either side of the lines, for one direction.

    Parameters
    ----------
    transposed : bool
        bit lines are driven and word lines sensed.
    seed, array : int
        address of the errors of each converter.

    Attributes
    ----------
    adc
        with its range found; one that waits for `calibrate` has no step yet.
    conversions, clipped
        of all reads that belong to the run, and how many of them saturated.
    """

    def __init__(
        self, cells: Cells, phases: Phases, config: ArrayConfig, *, transposed: bool, seed: int, array: int
    ) -> None:
        self._cells, self._phases, self._config, self._transposed = cells, phases, config, transposed
        driven, sensed = cells.shape[::-1] if transposed else cells.shape
        self.dac = config.dac
        adc = (config.transposed_adc or config.adc) if transposed else config.adc
        if adc.range == "maximum":  # whatever the contents: a range is wired before anything is programmed
            adc = adc.resolved(config.dac.x_max * self._phases[0].cells.largest_sum(transposed=transposed))
        side = "transposed-" if transposed else ""
        self._banks = Banks(
            draw_bank(self.dac.line_converter, driven, Stream(seed, f"{side}dac-mismatch", array)),
            draw_bank(adc, sensed, Stream(seed, f"{side}adc-mismatch", array)),
        )
        self._configured = adc
        self._finds = adc.bits is not None and adc.range == "auto"
        self.conversions = self.clipped = 0
        self._name_conversions(adc)

    def _name_conversions(self, adc: ADC) -> None:
        self.adc = adc
        driver = "dac.pulse" if self._config.inputs == "duration" else "dac.conversion"
        self._dac_event = event(driver, bits=self.dac.line_converter.bits or "inf")
        self._adc_event = event("adc.conversion", enob=f"{enob(adc):.2f}")

    @property
    def ranging(self) -> bool:
        """Whether the range of the ADC is one that the array finds, and has not found yet."""
        return self.adc.bits is not None and self.adc.range == "auto"

    def calibrate(self, x: np.ndarray, percentile: float | tuple[float, float], numbers: Stream) -> float:
        """Take the range that holds `percentile` of what inputs x (batch, driven) give; returns its y_max."""
        if self.adc.bits is None:
            raise ArrayError("an ideal ADC has no range to calibrate: give it bits")
        signals = _signals(self._sense(self._in_range(x), numbers.reads(len(x))))
        outputs = np.concatenate([signal.y for signal in signals])
        y_min = self._configured.y_min
        if not isinstance(percentile, tuple):
            y_max = calibrated_range(outputs if y_min is None else np.maximum(outputs, y_min), percentile)
        elif y_min is not None:
            raise ArrayError(f"percentile = {percentile!r} of an ADC with y_min = {y_min:g} must be one number")
        else:
            y_min, y_max = calibrated_ends(outputs, percentile)
        self.set_range(y_max, y_min)
        return y_max

    def reach(self, x: np.ndarray, numbers: Stream) -> float:
        """The largest output that inputs x (batch, driven) give, with four standard deviations of noise; 0 for none."""
        return max(map(self._reach, _signals(self._sense(self._in_range(x), numbers.reads(len(x))))))

    def _in_range(self, x: np.ndarray) -> np.ndarray:
        """x (batch, driven) as the DAC takes it."""
        return x / row_scales(x, self.dac.x_max)[:, None] if self.dac.range == "scale" else self._cut(x)[0]

    def _cut(self, x: np.ndarray) -> tuple[np.ndarray, int]:
        """x (batch, driven) cut to what the DAC takes where its range is "clip", and how many inputs were."""
        if self.dac.range != "clip":
            return x, 0
        cut = np.clip(x, -self.dac.x_max if self.dac.signed else 0.0, self.dac.x_max).astype(np.float32)
        return cut, int(np.count_nonzero(cut != x))

    def set_range(self, y_max: float, y_min: float | None = None) -> None:
        """Give the ADC a range, which it keeps; without y_min it reaches down as the configuration says."""
        self._finds = False
        self._name_conversions(self._configured.with_range(y_max, y_min))

    def find_range(self, y_max: float) -> None:
        """Give the ADC a range that the array has found, and may double."""
        self._name_conversions(self.adc.with_range(y_max))

    @property
    def mismatched(self) -> bool:
        """Whether the converters of the driven lines differ."""
        return self._banks.driven is not None

    def read(self, x: np.ndarray, mode: ReadMode) -> Answer:
        """x (batch, driven) float32 -> outputs (batch, sensed) float32, and what became of the read."""
        scales = row_scales(x, self.dac.x_max) if self.dac.range == "scale" else None
        if scales is not None:
            x = x / scales[:, None]
        x, cut = self._cut(x)
        numbers = mode.numbers.reads(len(x))
        if not mode.converted:
            self._refuse_digital_parts()
        answer, at_end, adc = self._once(x, numbers, mode, None if mode.converted else _NO_CONVERTER)
        if self.adc.repeats and mode.converted:
            answer = self._within_bounds(x, numbers, mode, answer, at_end, adc)
        if scales is not None:
            answer = answer._replace(y=answer.y * scales[:, None])
            count_scaling(scales, x.shape[1], answer.y.shape[1], mode.tally)
        return answer._replace(cut=cut) if cut else answer

    def _refuse_digital_parts(self) -> None:
        """ArrayError where what lines carry is not the answer of a read yet, for codes are added or scaled afterwards."""
        dac, why = self.dac, ""
        if self._config.subtraction == "digital":
            why = "subtraction = 'digital'"
        elif dac.range == "scale":
            why = "dac.range = 'scale'"
        elif dac.slices > 1 and dac.shift_add == "digital":
            why = f"dac.slice_bits = {dac.slice_bits} with shift_add = 'digital'"
        elif self._cells.mapping.shared and self._transposed:
            why = "mapping = 'offset' read transposed"
        if why:
            raise ArrayError(f"{why} needs codes, and lines that are not converted have none")

    def _within_bounds(
        self, x: np.ndarray, numbers: ReadNumbers, mode: ReadMode, first: Answer, at_end: np.ndarray, adc: ADC
    ) -> Answer:
        """Rows of which outputs are `at_end` (batch,) of the range read again with halved inputs, see `bounds`."""
        y, held = first.y, first.held
        for times in range(1, adc.repeats + 1):
            if not at_end.any():
                break
            for rows in runs(at_end > 0):
                part = x[rows] * np.float32(0.5**times)
                answer, at_end[rows], _ = self._once(part, numbers.repeated(times, rows), mode, adc)
                y[rows] = answer.y * np.float32(2.0**times)
                held += answer.held
        return Answer(y, first.conversions, int(at_end.sum()), held)

    def _once(
        self, x: np.ndarray, numbers: ReadNumbers, mode: ReadMode, adc: ADC | None
    ) -> tuple[Answer, np.ndarray, ADC]:
        """One read of every row by `adc`, or by one with a range that fits; codes (batch,) at an end of it, and the ADC.

        The codes are looked at only where reads are repeated for them, and there are none elsewhere.
        """
        phases, reads = self._sense(x, numbers, mode.phases), 1
        if adc is None:
            adc, reads = self._fitting(_signals(phases), keeps=mode.keeps)
        for _ in range(reads):
            for sensed in phases:
                self._count(sensed, adc, mode)
        at_end = np.zeros(len(x) if adc.repeats else 0, np.int64)
        results, conversions, clipped, held = [], 0, 0, 0
        for sensed in phases:
            outputs = []
            for signal in sensed.signals:
                bank = self._banks.sensed if mode.converted else None
                y, saturated = digitise(signal.y, signal.to_come.independent, adc, numbers, bank)
                clipped += saturated if adc.y_min != 0 else int(np.count_nonzero(adc.at_an_end(y)))
                conversions += y.size
                held += signal.held
                outputs.append(y)
                if adc.repeats:
                    at_end += np.count_nonzero(adc.at_an_end(y), axis=1)
                    mode.tally.count("digital.compare", y.size)
            y = outputs[0]
            if len(outputs) > 1:
                y = shift_and_add(outputs, sensed.parts)
                mode.tally.count("digital.add", y.size * (len(outputs) - 1))
            results.append(y)
        y = results[0]
        for more in results[1:]:
            y = y + more
            mode.tally.count("digital.add", y.size)
        if self._cells.mapping.shared and self._transposed:
            y = self._less_reference(y, x, phases[0].parts, mode.tally)
        return Answer(y, conversions, clipped, held), at_end, adc

    def _fitting(self, signals: list[Signal], *, keeps: bool) -> tuple[ADC, int]:
        """The ADC with a range that fits, and how often the batch is read.

        A range that the array finds holds the first signals, and is doubled until it holds later ones: that batch has been
        read and converted in vain, and is read again. Not so where single reads are repeated instead (`ADC.repeats`).
        """
        if not self._finds or (self.adc.repeats and not self.ranging):
            return self.adc, 1
        if not self.ranging:
            beyond = sum(count_beyond(signal.y, self.adc) for signal in signals)
            if beyond <= _TOLERATED * sum(signal.y.size for signal in signals):
                return self.adc, 1
        reach = max(map(self._reach, signals))
        if reach <= 0:  # these signals say nothing of a range
            return self.adc, 1
        y_max, reads = reach, 1
        if not self.ranging:
            y_max, reads = self.adc.y_max * 2.0 ** math.ceil(math.log2(reach / self.adc.y_max)), 2
        if keeps:
            self.find_range(y_max)
        return self.adc.with_range(y_max), reads

    def _reach(self, signal: Signal) -> float:
        """The largest output that the ADC is to hold, with some standard deviations of the noise that is still to come."""
        if not signal.y.size:
            return 0.0
        sizes = np.abs(signal.y) if self.adc.y_min is None else np.maximum(signal.y, 0.0)
        if len(signal.to_come.independent):
            sizes = sizes + _SIGMAS * np.sqrt(signal.to_come.independent)
        return float(sizes.max())

    def _less_reference(self, y: np.ndarray, x: np.ndarray, parts: list[InputSlice], tally: Tally) -> np.ndarray:
        """y (batch, rows) less what a nominal reference cell would carry: digitally, for it takes no part in the read."""
        sums = np.zeros(len(x))
        for part in parts:
            sums += part.weight * self._driven_sums(part.inputs)
        tally.count("digital.add", x.size + len(x) * (len(parts) - 1) + y.size)
        tally.count("digital.multiply", len(x))
        factor = full_factor(self._config) if self._config.inputs == "duration" else 1.0
        return y - (sums * (factor * self._cells.nominal_reference)).astype(np.float32)[:, None]

    def _driven_sums(self, inputs: np.ndarray) -> np.ndarray:
        """What the driven lines see of inputs (batch, driven), summed over them: (batch,) float64."""
        converter = self.dac.line_converter
        if not converter.uniform or converter.bits is None:
            return converter.rounded(inputs).sum(axis=1, dtype=np.float64)
        return np.rint(inputs / converter.step).sum(axis=1, dtype=np.float64) * converter.step

    def _sense(self, x: np.ndarray, numbers: Numbers, phases: Phases | None = None) -> list[Sensed]:
        """What the sensed lines carry for inputs x (batch, driven), for each phase."""
        return [self._sense_phase(x, numbers, phase) for phase in phases or self._phases]

    def _sense_phase(self, x: np.ndarray, numbers: Numbers, phase: Phase) -> Sensed:
        """The same of one phase: one signal, or one for each slice to be converted."""
        parts = input_slices(x, self.dac, numbers)
        driven, signals = [], []
        siemens = phase.cells.line_siemens(transposed=self._transposed)
        for part in parts:
            volts, totals = drive(part.inputs, siemens, self.dac.line_converter, numbers, self._banks.driven)
            signal = phase.read(volts, totals, numbers, transposed=self._transposed)
            driven.append(signal)
            signals.append(_with_common_drawn(signal, numbers))
        if len(parts) > 1 and self.dac.shift_add == "analog":
            noise = Noise(added_variance([s.to_come.independent for s in signals], parts))
            held = sum(s.held for s in signals)
            signals = [Signal(shift_and_add([s.y for s in signals], parts), signals[0].totals, noise, held=held)]
        return Sensed(signals, driven, parts)

    def _count(self, sensed: Sensed, adc: ADC, mode: ReadMode) -> None:
        """One read of the lines for each slice, and the conversions if there are any."""
        tally = mode.tally
        for signal in sensed.driven:
            self._count_lines(signal, adc, tally)
        size = sensed.driven[0].y.size
        if len(sensed.signals) < len(sensed.driven):
            tally.count("analog.shift_add", size * len(sensed.driven))
        if not mode.converted:
            return
        conversions = size * len(sensed.signals)
        tally.count(self._adc_event, conversions)
        if adc.bits:
            tally.integrate("adc.snr_sum", adc.snr, times=conversions)

    def _count_lines(self, signal: Signal, adc: ADC, tally: Tally) -> None:
        config, (batch, sensed), totals = self._config, signal.y.shape, signal.totals
        mapping = self._cells.mapping
        driven, dissipated, carried, snr, silent = read_totals(
            totals, signal.variance, sensed, adc.variance, mapping.per_siemens
        )
        tally.count("array.read", batch)
        paired = config.layout == "paired" and not self._transposed  # word lines at +V and -V, one bit line
        drives = int(driven) * (2 if paired else 1)
        tally.count("line.drive", drives)
        tally.count(self._dac_event, drives)
        alone = mapping.shared or paired or len(self._phases) > 1  # else G+ and G- have lines of their own
        tally.count("column.regulate", batch * sensed * (1 if alone else 2))
        volts = config.read_voltage / config.dac.x_max
        tally.integrate("array.read_energy_J", dissipated * volts**2 * config.read_time)
        tally.integrate("array.read_charge_C", carried * volts * config.read_time)
        tally.integrate("array.busy_s", config.read_time, times=batch)
        if silent:
            tally.count("array.noiseless_read", batch)
        else:
            tally.integrate("array.snr_sum", snr)


def _with_common_drawn(signal: Signal, numbers: Numbers) -> Signal:
    """The same with what all outputs of a read share in y already."""
    common = signal.to_come.common
    if not len(common):
        return signal
    z = numbers.normals(len(common))
    y = signal.y - (np.sqrt(common).astype(np.float32) * z)[:, None]
    return signal._replace(y=y, to_come=Noise(signal.to_come.independent))


def _signals(phases: list[Sensed]) -> list[Signal]:
    """All that are to be converted."""
    return [signal for sensed in phases for signal in sensed.signals]
