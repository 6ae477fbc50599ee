"""The memory cells of one array: what they hold, what a read sees of them, and how a write leaves them."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from ...devices import Device
from ...devices.laws.retention import NoDrift
from ...devices.response import NoResponse
from ...devices.response.pulsed import CellParameters, PulsedResponse
from ..converters.readout import summarise
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.streams import Stream
from ..programming.report import Outcome, ProgrammingReport
from ..programming.write_verify import PURPOSE, EnduranceError, EnduranceWarning, WriteVerify, write_verify
from ..pulses.kernels import counted_pulses
from ..pulses.laws import draw_cells, draw_stuck, fasten, kernel_law, traits_of
from .ageing import Age

LARGEST_COUNT = 2**31 - 1  # pulses on one weight in one call: their addresses have 31 bits


class Cells:
    """Two cells for each weight, G+ and G-; with a shared mapping, G- is one reference cell a word line, shown in each.

    Parameters
    ----------
    shape: (rows, columns) of the weights. device: what every cell is. mapping: between weights, states and siemens.
    seed, array: address of the differences between cells.

    Attributes
    ----------
    state: (rows x columns, 2) float32, what the cells hold. shown: what a read sees of them (their write noise comes
        on top).
    wear: (rows x columns, 2), pulses and writes that each has taken, in programming and in training.
    traits: (rows x columns, 2, n) float32: s_up, s_down, upper and lower bound of the state of each pulsed cell, and what
        else its law needs (`pulse_laws.traits_of`); None for others.
    law: the pulse response as kernels want it (`pulse_laws.kernel_law`); None for cells that are not pulsed.
    stuck: (rows x columns, 2) float32: where cells stand that never move, and NaN for the others; None where all move.
    weights: (rows, columns) float32 shown by a read that drives the word lines.
    """

    def __init__(self, shape: tuple[int, int], device: Device, mapping: WeightMapping, seed: int, array: int) -> None:
        self.shape, self.device, self.mapping = shape, device, mapping
        self._writes = Stream(seed, "program", array)
        self._verifies = Stream(seed, PURPOSE, array)
        self._addresses = Stream(seed, "device-to-device", array), Stream(seed, "yield", array)
        self._age: Age | None = None  # made when time first passes: until then every cell is new
        self._numbers = seed, array
        self.stuck = self._draw_stuck()
        self.traits = self.law = None
        if isinstance(device.response, PulsedResponse):
            self.traits = traits_of(device.response, self.parameters())
            self.law = kernel_law(device.response, mapping.floor)
        self.state = np.empty((shape[0] * shape[1], 2), np.float32)
        self.shown = np.empty_like(self.state)
        self.wear = np.zeros(self.state.shape, np.int64)
        self.version = 0
        self._most_worn = 0  # no cell has taken more pulses than this
        self.warned = False
        if self.traits is not None:
            # a pulsed cell rests at the zero of its state coordinate, where soft bounds balance up and down pulses
            self.hold(np.zeros(self.state.shape))
        else:
            self.hold(mapping.states(np.zeros(shape)))

    def conductances(self) -> np.ndarray:
        """Siemens (rows, columns, 2) float64: G+ and G-."""
        return self.mapping.conductances(self.shown).reshape(*self.shape, 2)

    def planes(self) -> tuple[np.ndarray, np.ndarray]:
        """Siemens of G+ (rows, columns) and of G- (rows, columns), or (rows, 1) where it is shared."""
        g = self.conductances()
        return g[..., 0], g[:, :1, 1] if self.mapping.shared else g[..., 1]

    def line_siemens(self, *, transposed: bool) -> np.ndarray:
        """All cells on each driven line together, siemens: on the word lines, or if transposed on the bit lines."""
        return self._summarised()[1][1 if transposed else 0]

    @property
    def backward_weights(self) -> np.ndarray:
        """(rows, columns) float32 that a transposed read works with.

        A shared reference takes no part in it: the sensed word lines carry G+ alone, and `nominal_reference` is to be
        taken off what they say.
        """
        if not self.mapping.shared:
            return self.weights
        return np.float32(self.mapping.scale) * (self.shown[:, 0].reshape(self.shape) - np.float32(self.mapping.floor))

    @property
    def nominal_reference(self) -> float:
        """Output of a shared reference that is what it should be, in units of weight."""
        return self.mapping.zero[1] * self.mapping.per_siemens

    def largest_sum(self, *, transposed: bool) -> float:
        """The largest output of any contents that the window can hold, at inputs of 1: all weights alike, and extreme."""
        driven = self.shape[1 if transposed else 0]
        if self.mapping.shared and transposed:
            return driven * self.device.window.g_max * self.mapping.per_siemens
        return driven * self.mapping.weight_max

    def program(self, weights: np.ndarray, scheme: WriteVerify | None, read_time: float) -> ProgrammingReport:
        """Store weights (rows, columns): open loop, or verified by a scheme.

        Open loop, each cell lands on its target with the device's programming noise, but not below zero conductance; a
        pulsed cell stops at its own bounds, which may lie inside the window of the nominal one.

        Raises
        ------
        MappingError: a weight is beyond weight_max. ArrayError: the device cannot be verified.
        """
        target = self._unshared(self.mapping.conductances(self.mapping.states(weights)))
        worn = self._unshared(self.wear.reshape(*self.shape, 2))
        traits = None if self.traits is None else self._unshared(self.traits.reshape(*self.shape, 2, -1))
        state, shown = (self._unshared(pairs.reshape(*self.shape, 2)) for pairs in (self.state, self.shown))
        if scheme is None:
            stuck = None if self.stuck is None else self._unshared(self.stuck.reshape(*self.shape, 2))
            states, outcome = self._write(target, traits, stuck)
            state[:] = shown[:] = states
            achieved = self.mapping.conductances(states)
            report = ProgrammingReport.of_open_loop(
                target, achieved, wear=worn, endurance=self.endurance, outcome=outcome
            )
        elif self.stuck is not None and traits is None:
            raise ArrayError(f"device {self.device.name!r} has stuck cells and no pulses: program it without a scheme")
        else:
            report = write_verify(
                state,
                shown,
                traits,
                target,
                self.device,
                scheme,
                self._verifies,
                read_time=read_time,
                wear=worn,
                endurance=self.endurance,
                on_worn="ignore",  # whoever counts the events says so after counting them
            )
        for pairs, cells in ((self.state, state), (self.shown, shown), (self.wear, report.wear)):
            self._spread(pairs, cells)
        self._most_worn = int(self.wear.max())
        if self._age is not None:
            self._age.restart()
        self.changed()
        return report

    def _write(
        self, target: np.ndarray, traits: np.ndarray | None, stuck: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where cells (n,) land that are written once, float32 states, and how that ended."""
        outcome = np.full(target.shape, Outcome.NOT_VERIFIED, np.uint8)
        sigma = self.device.programming.sigma(target, self.device.window.g_max)
        if np.any(sigma):
            target = target + sigma * self._writes.normals(target.shape)
            outcome[target < 0] = Outcome.EMPTIED
            target = np.maximum(target, 0.0)
        states = self.mapping.to_state(target).astype(np.float32)
        if traits is not None:
            bounded = np.clip(states, traits[..., 3], traits[..., 2])
            outcome[bounded != states] = Outcome.BEYOND_BOUNDS
            states = bounded
        if stuck is not None:
            outcome[~np.isnan(stuck)] = Outcome.STUCK
            states = np.where(np.isnan(stuck), states, stuck)
        return states, outcome

    def grow_old(self, seconds: float) -> None:
        """Let time pass: cells drift, and their read noise grows, each from when it was last written; see `ageing`.

        Raises
        ------
        ArrayError: seconds are not a finite number, or negative. RevpathError: the law is not known for that age.
        """
        if self._age is None:
            seed, array = self._numbers
            fixed = None if self.stuck is None else ~np.isnan(self.stuck)
            self._age = Age(self.shape, self.device, self.mapping, seed=seed, array=array, fixed=fixed)
        state, shown = self._age.advance(self.state, self.shown, seconds)
        if isinstance(self.device.drift, NoDrift):
            self.version += 1  # the contents are what they were, the noise of reads is not
            return
        self.state[:], self.shown[:] = state, shown
        self.changed()

    def read_sigma(self, t_read: float) -> np.ndarray:
        """Standard deviation (S) of what a read of `t_read` seconds sees of each cell, (rows, columns, 2)."""
        if self._age is not None:
            return self._age.read_sigma(self.state, self.shown, t_read)
        return self.device.read_noise.sigma(self.conductances(), self.device.window.g_max, 0.0, t_read)

    def parameters(self) -> CellParameters:
        """What differs between the pulsed cells, (rows x columns, 2) each, before rounding to `traits`; drawn anew.

        Raises
        ------
        ArrayError: the pulse response of the device is not known, or needs none.
        """
        response = self.device.response
        if not isinstance(response, PulsedResponse):
            raise ArrayError(f"device {self.device.name!r} has a response that is {response.law}: no pulse moves it")
        stream = replace(self._addresses[0], step=0)
        cells = draw_cells(response, stream, self.shape, self.mapping.floor, shared=self.mapping.shared)
        return cells if self.stuck is None else fasten(cells, self.stuck)

    def pulse(self, counts: np.ndarray, stream: Stream) -> None:
        """So many pulses on each weight, one after another: up where positive, down where negative.

        Both cells of a weight take them, in opposite directions; with a shared mapping G+ alone does. The step noise, the
        bounds and the write noise are those of the device; a read shows the write noise of the last pulse.

        Parameters
        ----------
        counts: (rows, columns), whole numbers. stream: of the noise; the call takes one step.

        Raises
        ------
        ArrayError: a wrong shape, counts that are not whole, or too many; cells that no pulse moves.
        """
        counts = self.checked_counts(counts)
        if self.law is None:
            what = "has no known pulse response" if isinstance(self.device.response, NoResponse) else "is ideal"
            raise ArrayError(f"device {self.device.name!r} {what}: it cannot be pulsed")
        cells = self.state, self.shown, self.traits, self.wear
        counted_pulses(cells, self.law, self.moving, counts.reshape(-1), stream.take_step(), stream.key)
        self.changed()

    @property
    def endurance(self) -> float | None:
        """Pulses, or writes in one go, that a cell endures; None where that is not known.

        Endurance is given in cycles over the whole window and back. Wear is taken as proportional to the way: a cycle is
        as many pulses as the nominal cell has states (`response.states`), up and then down again. That is an
        assumption; pulses at a bound, which move nothing, count too.
        """
        cycles, response = self.device.endurance.cycles, self.device.response
        if cycles is None or not isinstance(response, PulsedResponse):
            return cycles
        return cycles * 2 * response.states

    def mind_wear(self, pulses: int, on_worn: str) -> None:
        """To be told after training: `pulses` are the most that any cell can have taken since the last time.

        Raises
        ------
        EnduranceError: cells are worn and on_worn is "error"; the pulses have been applied.
        """
        cycles, limit = self.device.endurance.cycles, self.endurance
        if limit is None or on_worn == "ignore":
            return
        self._most_worn += pulses
        if self._most_worn <= limit or (self.warned and on_worn == "warn"):
            return
        self._most_worn = int(self.wear.max())
        worn = int(np.count_nonzero(self._unshared(self.wear.reshape(*self.shape, 2)) > limit))
        if not worn:
            return
        message = (
            f"{worn} cells have taken more than the {limit:.4g} pulses of {cycles:.4g} cycles that device "
            f"{self.device.name!r} endures; the most is {self._most_worn}"
        )
        if on_worn == "error":
            raise EnduranceError(message)
        self.warned = True
        warnings.warn(message, EnduranceWarning, stacklevel=4)

    def checked_counts(self, counts: np.ndarray) -> np.ndarray:
        """Counts of pulses (rows, columns), int64; ArrayError where they cannot be."""
        counts = np.asarray(counts)
        if counts.shape != self.shape:
            raise ArrayError(f"counts has shape {counts.shape}; it must be {self.shape}")
        if counts.dtype.kind not in "iu":
            raise ArrayError(f"counts is of {counts.dtype}; it must hold whole numbers of an integer type")
        if counts.size and max(int(counts.max()), -int(counts.min())) > LARGEST_COUNT:
            raise ArrayError(
                f"counts has up to {np.abs(counts).max()} pulses a weight; at most {LARGEST_COUNT} are allowed"
            )
        return np.ascontiguousarray(counts, np.int64)

    @property
    def moving(self) -> int:
        """Cells of a weight that pulses move: both, or G+ alone where G- is a reference."""
        return 1 if self.mapping.shared else 2

    def hold(self, states: np.ndarray) -> None:
        """Make every cell hold, and show, a state, or what is nearest to it inside its bounds."""
        self.state[:] = states.reshape(self.state.shape)
        if self.traits is not None:
            np.clip(self.state, self.traits[..., 3], self.traits[..., 2], out=self.state)
        elif self.stuck is not None:
            np.copyto(self.state, self.stuck, where=~np.isnan(self.stuck))
        if self.mapping.shared:
            self.share(self.state)
        self.shown[:] = self.state
        self.changed()

    def share(self, pairs: np.ndarray) -> None:
        """Give all weights of a word line the reference cell of its first one, in place."""
        reference = pairs.reshape(*self.shape, 2)[..., 1]
        reference[:] = reference[:, :1]

    def changed(self) -> None:
        """To be told that the contents are other ones; what reads need of them is computed at the next read."""
        self.version += 1
        self._summary: tuple[np.ndarray, tuple[np.ndarray, np.ndarray]] | None = None

    @property
    def weights(self) -> np.ndarray:
        """Weights that a read sees, (rows, columns) float32."""
        return self._summarised()[0]

    @weights.setter
    def weights(self, weights: np.ndarray) -> None:
        self._summary = weights, self._summarised()[1]

    def _summarised(self) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Weights, and siemens of all cells on each word line and on each bit line."""
        if self._summary is None:
            rows, columns = self.shape
            mapping = self.mapping
            weights = np.empty(self.shape, np.float32)
            totals = np.empty(rows), np.zeros(columns)
            summarise(self.shown, np.float32(mapping.scale), weights, *totals)
            empty = mapping.g_min - mapping.slope * mapping.w_min
            if mapping.shared:
                plus = mapping.conductances(self.shown[:, 0]).reshape(self.shape)
                reference = mapping.conductances(self.shown[::columns, 1])
                siemens = plus.sum(axis=1) + reference, plus.sum(axis=0)
            else:
                siemens = (
                    totals[0] * mapping.slope + 2 * empty * columns,
                    totals[1] * mapping.slope + 2 * empty * rows,
                )
            self._summary = weights, siemens
        return self._summary

    def _unshared(self, pairs: np.ndarray) -> np.ndarray:
        """A copy of pairs (rows, columns, 2, ...) as the cells that exist: (rows, cells of a word line, ...)."""
        if not self.mapping.shared:
            return pairs.reshape(len(pairs), -1, *pairs.shape[3:]).copy()
        return np.concatenate([pairs[:, :, 0], pairs[:, :1, 1]], axis=1)

    def _spread(self, pairs: np.ndarray, cells: np.ndarray) -> None:
        """The reverse of `_unshared`, into pairs (rows x columns, 2)."""
        if not self.mapping.shared:
            pairs[:] = cells.reshape(pairs.shape)
            return
        target = pairs.reshape(*self.shape, 2)
        target[..., 0], target[..., 1] = cells[:, :-1], cells[:, -1:]

    def _draw_stuck(self) -> np.ndarray | None:
        stream = self._addresses[1]
        stuck = draw_stuck(self.device.yields, (self.mapping.w_min, self.mapping.w_max), stream, self.shape)
        if stuck is not None and self.mapping.shared:
            self.share(stuck)
        return stuck
