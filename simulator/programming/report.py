"""What programming an array of cells came to: errors, pulses, reads, failures and wear of every cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArrayError
from ..events import Events, Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


_INT32_MAX = 2**31 - 1


class Outcome(IntEnum):
    """How the loop of a cell ended. The four failures differ in what a controller cannot see."""

    REACHED = 0  # the last verify read was inside the tolerance
    BUDGET_USED = 1  # it was not, and no pulses were left
    BEYOND_BOUNDS = 2  # the same, and the target is beyond the bounds of this cell
    STUCK = 3  # the same, and no pulse moves this cell towards its target, in the mean
    NOT_VERIFIED = 4  # open loop: nobody looked
    EMPTIED = 5  # the same, and its programming noise would have taken it below zero conductance
    STEPPED_OVER = 6  # as BUDGET_USED, and the next pulse would have taken it over the band: its steps are too large


@dataclass(frozen=True, eq=False, repr=False)
class ProgrammingReport:
    """What one programming of an array did; arrays have the shape of the cells, conductances are siemens.

    Attributes
    ----------
    target, achieved : ndarray
        what was asked for, and what the cell now shows, without read noise.
    pulses_up, pulses_down : ndarray
        pulses of a pulsed cell.
    writes : ndarray
        programming events of a cell that is programmed in one go.
    verify_reads : ndarray
        single reads; where several are averaged for one comparison, all of them.
    siemens_read : ndarray
        sum over the verify reads of the conductance that was read.
    outcome : ndarray
        `Outcome` of each cell.
    wear : ndarray
        pulses and writes of all its life.
    endurance : float, optional
        of which it endures so many.
    tolerance : float, optional
        half-width of the accepted band; None for open loop.
    noiseless : bool
        verify reads saw no noise, which has no finite energy.
    clipped : int
        weights that were beyond what the window holds and were cut to it, because the caller asked for it.
    """

    target: np.ndarray
    achieved: np.ndarray
    pulses_up: np.ndarray
    pulses_down: np.ndarray
    writes: np.ndarray
    verify_reads: np.ndarray
    siemens_read: np.ndarray
    outcome: np.ndarray
    wear: np.ndarray
    endurance: float | None
    tolerance: float | None
    noiseless: bool
    clipped: int = 0

    @classmethod
    def of_open_loop(
        cls,
        target: np.ndarray,
        achieved: np.ndarray,
        *,
        wear: np.ndarray | int = 0,
        endurance: float | None = None,
        outcome: np.ndarray | None = None,
    ) -> ProgrammingReport:
        """Of cells that were written once and not looked at: one programming event and one cycle of wear each.

        Parameters
        ----------
        target, achieved : ndarray
            (...), siemens.
        wear : ndarray or int
            cycles before.
        outcome : ndarray, optional
            of each cell; `NOT_VERIFIED` by default.
        """
        target, achieved = np.asarray(target, np.float64), np.asarray(achieved, np.float64)
        if target.shape != achieved.shape:
            raise ArrayError(
                f"target has shape {target.shape} and achieved {achieved.shape}: they are of the same cells"
            )
        none, once = (_everywhere(np.int64(n), target.shape) for n in (0, 1))
        if outcome is None:
            outcome = np.full(target.shape, Outcome.NOT_VERIFIED, np.uint8)
        zero = _everywhere(np.float64(0.0), target.shape)
        return cls(target, achieved, none, none, once, none, zero, outcome, wear + once, endurance, None, False)

    @classmethod
    def joined(
        cls, reports: Sequence[ProgrammingReport], join: Callable[[list[np.ndarray]], np.ndarray]
    ) -> ProgrammingReport:
        """Of several arrays that were programmed alike; `join` puts the cells of all together, as (...).

        `slots`, `seconds` and `events` take the rows of the joined cells for rows of one array: ask the arrays.
        """
        first = reports[0]
        cells = {
            name: join([getattr(report, name) for report in reports])
            for name in cls.__dataclass_fields__
            if isinstance(getattr(first, name), np.ndarray)
        }
        noiseless, clipped = any(r.noiseless for r in reports), sum(r.clipped for r in reports)
        return replace(first, **cells, noiseless=noiseless, clipped=clipped)

    @classmethod
    def of_tiles(
        cls, shape: tuple[int, int], reports: Iterable[tuple[tuple[slice, slice], ProgrammingReport]]
    ) -> ProgrammingReport:
        """Of tiles that are programmed alike one after another; what is said of `joined` holds here too.

        Each report is written into its place and let go, so that there is one copy of all cells at any time. Counts are kept
        in 32 bits where they fit; what is the same number for all cells takes no memory.

        Parameters
        ----------
        shape : (int, int)
            Of the cells of all tiles.
        reports : iterable
            The place and the report of each tile.
        """
        cells: dict[str, np.ndarray] = {}
        noiseless, clipped, last = False, 0, None
        for place, last in reports:
            noiseless, clipped = noiseless or last.noiseless, clipped + last.clipped
            for name in cls.__dataclass_fields__:
                values = getattr(last, name)
                if not isinstance(values, np.ndarray):
                    continue
                constant = values.size > 0 and not any(values.strides)
                if name not in cells and constant:
                    cells[name] = _everywhere(values.flat[0], shape)
                elif name not in cells:
                    cells[name] = np.empty(shape, np.int32 if values.dtype == np.int64 else values.dtype)
                if cells[name].dtype == np.int32 and values.max(initial=0) > _INT32_MAX:
                    cells[name] = cells[name].astype(np.int64)
                if cells[name].flags.writeable:
                    cells[name][place] = values
        if last is None:
            raise ArrayError("reports are of no tiles: a matrix has at least one")
        return replace(last, **cells, noiseless=noiseless, clipped=clipped)

    @cached_property
    def error(self) -> np.ndarray:
        """Achieved minus target conductance, S."""
        return self.achieved - self.target

    @cached_property
    def failed(self) -> np.ndarray:
        """Cells whose last verify read was outside the tolerance, or that open loop cannot have reached their target."""
        return (self.outcome != Outcome.REACHED) & (self.outcome != Outcome.NOT_VERIFIED)

    @cached_property
    def misjudged(self) -> np.ndarray:
        """Cells that were accepted because of read noise: in truth they are outside the tolerance."""
        if self.tolerance is None:
            return np.zeros(self.outcome.shape, bool)
        return (self.outcome == Outcome.REACHED) & (np.abs(self.error) > self.tolerance * (1 + 1e-5))

    @cached_property
    def worn(self) -> np.ndarray:
        """Cells that have taken more than their endurance."""
        return self.wear > (math.inf if self.endurance is None else self.endurance)

    def slots(self, cells_per_row: int) -> np.ndarray:
        """Programming slots that each row needs, (rows,): those of its slowest cell; see `events`."""
        return self._rows(self.pulses_up + self.pulses_down + self.writes, cells_per_row).max(axis=1)

    def seconds(self, cells_per_row: int, pulse_duration: float, read_time: float) -> float:
        """How long the array is busy; see `events`."""
        pulses, reads = self._slowest(cells_per_row, pulse_duration, read_time)
        return pulses * pulse_duration + reads * read_time

    def _slowest(self, cells_per_row: int, pulse_duration: float, read_time: float) -> tuple[int, int]:
        """Pulses and reads of the slowest cell of each row, summed over the rows."""
        pulses = self._rows(self.pulses_up + self.pulses_down + self.writes, cells_per_row)
        reads = self._rows(self.verify_reads, cells_per_row)
        last = (pulses * pulse_duration + reads * read_time).argmax(axis=1)[:, None]
        of_pulses, of_reads = (int(np.take_along_axis(n, last, axis=1).sum()) for n in (pulses, reads))
        return of_pulses, of_reads

    def events(
        self, *, cells_per_row: int, read_voltage: float, read_time: float, pulse_duration: float | None
    ) -> Events:
        """What happened, to be priced.

        Counts are exact. Time is that of a plain scheduler, which is an assumption: rows one after another; within a
        row all cells at once, each with its own pulses and reads in sequence, whatever their polarity; a row takes as
        long as its slowest cell. Cells that wait for it dissipate nothing.

        Parameters
        ----------
        cells_per_row : int
            cells on one word line: columns, times 2 for pairs; rows are contiguous in the cells.
        read_voltage (V), read_time (s): of one verify read; it dissipates G V^2 t in its cell.
        pulse_duration : float, optional
            s; None where it is not known, which is counted as such and has no price.

        Raises
        ------
        ArrayError
            the cells do not make whole rows, or a voltage or time is not positive.
        """
        for name, value in (("read_voltage", read_voltage), ("read_time", read_time)):
            _positive(name, value)
        slots = int(self.slots(cells_per_row).sum())
        reads = int(self.verify_reads.sum())
        counts = {
            "pulse.up": int(self.pulses_up.sum()),
            "pulse.down": int(self.pulses_down.sum()),
            "cell.programmed": int(self.writes.sum()),
            "cell.verify_read": reads,
            "update.slot": slots if reads else 0,  # open loop counts its cells only, as `Crossbar.program` does
            "array.noiseless_read": reads if self.noiseless else 0,
        }
        integrals = {"array.verify_energy_J": float(self.siemens_read.sum()) * read_voltage**2 * read_time}
        if not reads:
            return Events(counts)
        if pulse_duration is None:
            counts["update.slot_of_unknown_duration"] = slots
        else:
            _positive("pulse_duration", pulse_duration)
        tally = Tally(Events(counts, integrals))
        duration = pulse_duration or 0.0
        slowest = self._slowest(cells_per_row, duration, read_time)
        for seconds, times in zip((duration, read_time), slowest, strict=True):
            tally.integrate("array.busy_s", seconds, times)
        return tally.events

    def _rows(self, values: np.ndarray, cells_per_row: int) -> np.ndarray:
        if isinstance(cells_per_row, bool) or not hasattr(cells_per_row, "__index__") or cells_per_row < 1:
            raise ArrayError(f"cells_per_row = {cells_per_row!r} must be a positive integer")
        if values.size % cells_per_row:
            raise ArrayError(f"{values.size} cells do not make whole rows of cells_per_row = {cells_per_row}")
        return values.reshape(-1, cells_per_row)

    def to_frame(self) -> DataFrame:
        """One row for each cell; arrays of pairs are flattened, the last axis fastest."""
        import pandas as pd

        names = [Outcome(code).name.lower() for code in Outcome]
        columns = {
            "target_S": self.target,
            "achieved_S": self.achieved,
            "error_S": self.error,
            "pulses_up": self.pulses_up,
            "pulses_down": self.pulses_down,
            "writes": self.writes,
            "verify_reads": self.verify_reads,
            "wear": self.wear,
            "worn": self.worn,
        }
        frame = pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()})
        frame["outcome"] = pd.Categorical.from_codes(self.outcome.reshape(-1).astype(int), categories=names)
        frame.index.name = "cell"
        return frame

    def __repr__(self) -> str:
        return f"ProgrammingReport of {self.summary()}"

    def summary(self) -> str:
        """A few lines to print."""
        n = self.target.size
        if not n:
            return "no cells"
        reasons = {code: int((self.outcome == code).sum()) for code in Outcome}
        pulses = self.pulses_up + self.pulses_down + self.writes
        rms, largest = float(np.sqrt(np.mean(self.error**2))), float(np.max(np.abs(self.error)))
        lines = [f"{n} cells, error rms {1e6 * rms:.4g} uS, largest {1e6 * largest:.4g} uS"]
        if self.tolerance is not None:
            shown = {
                "budget used": Outcome.BUDGET_USED,
                "target beyond their bounds": Outcome.BEYOND_BOUNDS,
                "stuck": Outcome.STUCK,
                "with steps over the band": Outcome.STEPPED_OVER,
            }
            why = ", ".join(f"{reasons[code]} {name}" for name, code in shown.items() if reasons[code])
            failed = int(self.failed.sum())
            lines.append(f"tolerance {1e6 * self.tolerance:.4g} uS: {failed} failed{f' ({why})' if why else ''}")
            lines.append(f"accepted by read noise though outside the tolerance: {int(self.misjudged.sum())}")
        else:
            for name, code in (("held at their bounds", Outcome.BEYOND_BOUNDS), ("emptied by noise", Outcome.EMPTIED)):
                if reasons[code]:
                    lines.append(f"{name}: {reasons[code]}")
        if self.clipped:
            lines.append(f"weights cut to what the window holds: {self.clipped}")
        kinds = {"up": self.pulses_up, "down": self.pulses_down, "writes": self.writes}
        by_kind = ", ".join(f"{int(values.sum())} {name}" for name, values in kinds.items() if values.any())
        lines.append(
            f"pulses per cell: mean {pulses.mean():.4g}, median {np.median(pulses):.4g}, most {int(pulses.max())}"
            f"{f' ({by_kind})' if by_kind else ''}; verify reads per cell: mean {self.verify_reads.mean():.4g}"
        )
        if self.endurance is not None:
            lines.append(f"beyond the endurance of {self.endurance:.4g} pulses: {int(self.worn.sum())}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Histogram of the error, see `revpath.simulator.figures.programming.plot_errors`."""
        from ..figures.programming import plot_errors

        return plot_errors(self, ax)


def _everywhere(value: np.generic, shape: tuple[int, ...]) -> np.ndarray:
    """The same number for every cell, read-only and in the memory of one."""
    return np.broadcast_to(value, shape)


def _positive(name: str, value: float) -> None:
    if not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
        raise ArrayError(f"{name} = {value!r} must be a positive and finite number")
