"""A simulated analog array: pairs of memory cells, converters, noise, pulses, and a count of all it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..cells.cells import Cells
from ..config import ArrayConfig, ConfigOrDevice
from ..converters.adc_dac import ADC
from ..errors import ArrayError
from ..events import Events, Tally
from ..mapping import WeightMapping
from ..noise.streams import Stream
from ..operands import as_batch, as_finite, as_rows, one_hot
from ..programming.report import ProgrammingReport
from ..programming.write_verify import WriteVerify
from ..reads.path import ReadMode, ReadPath
from ..reads.phases import Phases
from ..reads.saturation import mind_saturation
from ..reads.some_rows import can_read_alone, driven_rows
from ..updates.refresh import PairRefresh
from ..updates.update import PulseStreams
from .drift_compensation import DriftCompensation
from .namesakes import UNNAMED, mind_namesakes
from .operator import ArrayOperator
from .pulsed_updates import PulsedUpdates

if TYPE_CHECKING:
    from ..wires import Wires


class Paths(NamedTuple):
    """The reads of an array in its two directions."""

    forward: ReadPath
    backward: ReadPath


class Crossbar(PulsedUpdates, ArrayOperator):
    """An analog array that holds a weight matrix W of shape (rows, columns); word lines are rows, bit lines columns.

    It is a `scipy.sparse.linalg.LinearOperator` that behaves as W: ``x @ array`` drives the word lines and senses the
    bit lines, ``array @ y`` drives the bit lines and senses the word lines (the transposed read of the same cells).
    `forward` and `backward` are the same reads for batches stored as rows. With all non-idealities off, ``x @ array``
    equals ``x @ W`` to float32 rounding.

    Parameters
    ----------
    shape : tuple[int, int]
        (rows, columns).
    config : ConfigOrDevice, optional
        what the array is made of.
    wires : Wires, optional
        resistances of its lines, in place of those of `config`.
    seed, array : int
        noise is a function of (seed, purpose, array, step, position); 0 where not given. Arrays that have the same seed
        and the same number, as all have by default, have the same noise to the bit, in programming and in reads: they
        are one array, and an average over them lowers no noise (`SameNoiseWarning`, where three are in use). Give each
        array of a run its own `array`, or each repetition its own `seed`.

    Attributes
    ----------
    cells
        what the cells hold.
    refreshed : int
        pairs that refreshes have written anew.
    clipped
        conversions at which the ADC saturated.
    held
        cells that read noise would have taken below zero conductance, and that were held there.
    cut
        inputs that were cut to what the DAC takes (`DAC.range`).
    """

    def __init__(
        self,
        shape: tuple[int, int],
        config: ConfigOrDevice | None = None,
        *,
        wires: Wires | None = None,
        seed: int = UNNAMED,
        array: int = UNNAMED,
    ) -> None:
        super().__init__(shape)
        config = ArrayConfig.of(config)
        self.config: ArrayConfig = config if wires is None else replace(config, wires=wires)
        self.device = self.config.cell
        self.mapping = WeightMapping.of(self.device, self.config.weight_max, self.config.mapping)
        self._seed, self._array = seed, array
        rising = self.config.pulse_directions == "up"
        self.cells = Cells(self.shape, self.device, self.mapping, seed, array, self.config.on_worn, rising=rising)
        self._phases = Phases.of(self.cells, self.config, seed=seed, array=array)
        self._paths = Paths(
            *(
                ReadPath(self.cells, self._phases, self.config, transposed=transposed, seed=seed, array=array)
                for transposed in (False, True)
            )
        )
        self._tally = Tally()
        self._compensation: DriftCompensation | None = None
        self.clipped = self.held = self.cut = 0
        self._aside = False
        self._warned = False
        self._numbers = {
            purpose: (Stream(seed, purpose, array), Stream(seed, f"transposed-{purpose}", array))
            for purpose in ("read", "aside")
        }
        self._pulse_streams = PulseStreams.of(seed, array)
        self._refresh = PairRefresh(self.config.refresh, seed=seed, array=array)
        if seed is UNNAMED and array is UNNAMED:
            mind_namesakes(self)

    @property
    def largest_input(self) -> float | None:
        """x_max of an ideal DAC, for which products scale what is beyond it; None for real ones, which refuse it."""
        return self.config.dac.x_max if self.config.dac.bits is None else None

    @property
    def events(self) -> Events:
        """All that has happened so far."""
        return self._tally.events

    @property
    def busy_s(self) -> float:
        """Seconds for which it has worked so far."""
        return self._tally.integral("array.busy_s")

    @property
    def wire_residual(self) -> float:
        """The largest miss of Kirchhoff's law in any read so far, see `WireSolution.residual`; 0 without wires."""
        return self._phases.residual

    @property
    def refreshed(self) -> int:
        """Pairs that refreshes have written anew, see `ArrayConfig.refresh`."""
        return self._refresh.pairs

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(
        self, weights: np.ndarray, *, scheme: WriteVerify | None = None, clip: bool = False
    ) -> ProgrammingReport:
        """Store weights (rows, columns), open loop or verified.

        Open loop, each cell lands on its target with the device's programming noise; a pulsed cell stops at its own
        bounds, which may lie inside the window of the nominal one.

        Parameters
        ----------
        scheme : WriteVerify, optional
            pulse, read and compare until the tolerance or the budget is reached; None for open loop.
        clip : bool
            cut weights beyond weight_max to it, and count them in the report, instead of refusing them.

        Returns
        -------
        What it did to each cell, (rows, 2 columns) with G+ and G- side by side, or (rows, columns + 1) with the shared
        reference last: errors, pulses, failures, wear.

        Raises
        ------
        ArrayError
            wrong shape, or not finite.
        MappingError
            a weight is beyond weight_max.
        EnduranceError
            cells are worn and `config.on_worn` is "error"; they are programmed all the same.
        """
        weights = as_finite(weights, self.shape[1], "weights")
        if len(weights) != self.shape[0]:
            raise ArrayError(f"weights has shape {weights.shape}; it must be {self.shape}")
        cut = int(np.count_nonzero(self.mapping.beyond(weights))) if clip else 0
        if cut:
            limit = np.float32(self.mapping.weight_max)
            weights = np.clip(weights, -limit, limit)
        report = self.cells.program(weights, scheme, self.config.read_time)
        self._compensation = None  # of what was there before
        self._refresh.restart()
        if scheme is None:
            self._tally.count("cell.programmed", report.target.size)
        else:
            self._tally.add(
                report.events(
                    cells_per_row=report.target.shape[1],
                    read_voltage=self.config.read_voltage,
                    read_time=self.config.read_time,
                    pulse_duration=self.device.pulse.duration,
                )
            )
        report = replace(report, clipped=cut) if cut else report
        self.cells.worn.mind_report(report)
        return report

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the array shows, without read noise: a diagnostic that no hardware has."""
        return self.cells.weights.copy()

    def conductances(self) -> np.ndarray:
        """Siemens of all cells, (rows, columns, 2): G+ and G- (with a shared reference, the same one along a row)."""
        return self.cells.conductances()

    def age(self, seconds: float) -> None:
        """Let time pass: cells drift, each from when it was last written, and their read noise grows; see `ageing.Age`.

        Volatile cells lose what they do in that time, if their time constant is known (`revpath.devices.Leak`). Programming
        makes the cells young again. Nothing is counted: what a chip at rest takes is not known here.

        Raises
        ------
        ArrayError
            seconds are not a finite number, or negative.
        RevpathError
            the law of the device is not known then.
        """
        self.cells.grow_old(seconds)
        self._leak(seconds=seconds, at_once=True)
        self._phases.rest(seconds)

    def remember_drift(self, *, per_column: bool = False) -> None:
        """Read what `compensate_drift` will compare with: one read for each word line, when freshly programmed."""
        x_max = self.config.dac.x_max
        self._compensation = DriftCompensation(self, x_max=x_max, per_column=per_column, tally=self._tally)

    def compensate_drift(self) -> np.ndarray:
        """Read again, and from now on multiply outputs by what has been lost since; returns the scale, (1,) or (columns,).

        Raises
        ------
        ArrayError
            nothing to compare with (`remember_drift`), or the array answers nothing any more.
        """
        if self._compensation is None:
            raise ArrayError("drift cannot be compensated: call remember_drift after programming, before time passes")
        return self._compensation.measure(self, self._tally).copy()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Reads inside this block are not part of the run: they are not counted, and take none of its noise.

        For evaluation during training, which must neither cost joules nor change what is learned.
        """
        before, tally, self._aside, self._tally = self._aside, self._tally, True, Tally()
        try:
            with self._phases.aside():
                yield
        finally:
            self._aside, self._tally = before, tally

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        y = self._read_array(as_batch(x, self.shape[0], "x"), transposed=False)
        return y if self._compensation is None else self._compensation.apply(y, self._tally)

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows of W that are listed, (batch, columns) float32: each by a read that drives its word line alone with 1.

        Outputs, noise and events are those of `forward` with one-hot inputs, bit for bit. Where rows at rest take no part in a
        read (see `revpath.simulator.reads.some_rows.can_read_alone`), only those that are listed are looked at.

        Parameters
        ----------
        rows : array of int
            (batch,), from 0 to rows - 1.

        Raises
        ------
        ArrayError
            Something else.

        Examples
        --------
        >>> from revpath.simulator import Crossbar
        >>> Crossbar((5, 2)).forward_rows([3, 0]).tolist()
        [[0.0, 0.0], [0.0, 0.0]]
        """
        rows = as_rows(rows, self.shape[0])
        if not can_read_alone(self.cells, self.config, mismatched=self._paths.forward.mismatched):
            return self.forward(one_hot(rows, self.shape[0]))
        driven = driven_rows(self.cells, rows, self.config, seed=self._seed, array=self._array)
        y = self._read_array(driven.x, transposed=False, phases=driven.phases)
        return y if self._compensation is None else self._compensation.apply(y, self._tally)

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """What the sensed lines carry, noise included, before any converter: for circuits that stand at the lines instead.

        Everything but conversions is counted. `remember_drift` has no part in it: its correction is digital.

        Parameters
        ----------
        x : array
            (batch, rows), or (batch, columns) if transposed.
        transposed : bool
            Bit lines driven, word lines sensed.

        Returns
        -------
        numpy.ndarray
            (batch, columns), or (batch, rows), float32, in units of input times weight.

        Raises
        ------
        ArrayError
            A read of this array is no single current: codes are subtracted, shifted or scaled afterwards.

        Examples
        --------
        >>> from revpath.simulator import ArrayConfig, Crossbar
        >>> array = Crossbar((2, 3), ArrayConfig("reram-sb-gong2018"))
        >>> array.sense([[1.0, 0.0]]).shape, array.events["adc.conversion{enob=inf}"]
        ((1, 3), 0)
        """
        x = as_batch(x, self.shape[1 if transposed else 0], "x")
        return self._read_array(x, transposed=transposed, converted=False)

    def uncompensated(self, x: np.ndarray) -> np.ndarray:
        """As `forward`, without the compensation of drift: what `compensate_drift` compares."""
        return self._read_array(as_batch(x, self.shape[0], "x"), transposed=False)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        d = as_batch(d, self.shape[1], "d")
        if self._compensation is None:
            return self._read_array(d, transposed=True)
        if self._compensation.per_column:  # of the inputs, which the converters may then refuse
            return self._read_array(self._compensation.apply(d, self._tally), transposed=True)
        return self._compensation.apply(self._read_array(d, transposed=True), self._tally)

    def calibrate(
        self, x: np.ndarray, *, transposed: bool = False, percentile: float | tuple[float, float] = 99.9
    ) -> float:
        """Set the range of the ADC of one direction from what inputs x give; returns y_max. The reads are not counted.

        Parameters
        ----------
        x : ndarray
            (batch, rows), or (batch, columns) if transposed.
        percentile : float or (float, float)
            share of the magnitudes of outputs that a range about 0 holds; (low, high), such as (0.1, 99.9), for a range
            from one to the other percentile of the outputs themselves.
        """
        x = as_batch(x, self.shape[1 if transposed else 0], "x")
        with self._phases.aside():
            return self._path(transposed).calibrate(x, percentile, self._numbers["aside"][transposed])

    def reach(self, x: np.ndarray, *, transposed: bool = False) -> float:
        """The largest output that inputs x give in one direction, with four standard deviations of noise; not counted."""
        with self._phases.aside():
            return self._path(transposed).reach(x, self._numbers["aside"][transposed])

    def ranging(self, *, transposed: bool = False) -> bool:
        """Whether the ADC of one direction has a range that is still to be found, by the first batch (`ADC.range`)."""
        return self._path(transposed).ranging

    def find_range(self, y_max: float, *, transposed: bool = False) -> None:
        """Give the ADC of one direction the range that a first batch has shown to fit; it may still grow."""
        self._path(transposed).find_range(y_max)

    def adc(self, *, transposed: bool = False) -> ADC:
        """The converter of the sensed lines of one direction, with its range found."""
        return self._path(transposed).adc

    def set_range(self, y_max: float, *, y_min: float | None = None, transposed: bool = False) -> None:
        """Give the ADC of one direction a range up to y_max, whatever its policy says; from -y_max, or from its y_min."""
        self._path(transposed).set_range(y_max, y_min)

    def _path(self, transposed: bool) -> ReadPath:
        return self._paths.backward if transposed else self._paths.forward

    def _read_array(
        self, x: np.ndarray, *, transposed: bool, phases: Phases | None = None, converted: bool = True
    ) -> np.ndarray:
        numbers = self._numbers["aside" if self._aside else "read"][transposed]
        mode = ReadMode(self._tally, numbers, keeps=not self._aside, phases=phases, converted=converted)
        answer = self._path(transposed).read(x, mode)
        if not self._aside:
            self.clipped += answer.clipped
            self.held += answer.held
            self.cut += answer.cut
            self._warned = mind_saturation(self._path(transposed), answer, transposed, self._warned)
        return answer.y
