"""The memory cells of one array: what they hold, what a read sees of them, and how a write leaves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ...devices import Device
from ...devices.laws.retention import NoDrift
from ...devices.response import NoResponse
from ...devices.response.pulsed import CellParameters, PulsedResponse
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.streams import Stream
from ..programming.report import ProgrammingReport
from ..programming.wear import OnWorn, Wear
from ..programming.write_verify import WriteVerify
from ..programming.writing import CellsToWrite, Writer
from ..pulses.entries import PULSES_A_CALL
from ..pulses.laws import PulsedCells, draw_cells, draw_stuck, fasten, kernel_law, traits_of
from ..pulses.layout import ALONE, B_MAX, B_MIN, BOTH, MINUS, PLUS, RISING
from ..pulses.plain import give_pulses
from .ageing import Age
from .leakage import Leakage
from .summary import Summary, summary_of

T = TypeVar("T")


class Cells:
    """Two cells for each weight, G+ and G-; with a shared mapping, G- is one reference cell a word line, shown in each.

    Parameters
    ----------
    shape, device, mapping : tuple of int, Device, WeightMapping
        (rows, columns) of the weights; what every cell is; between weights, states and siemens.
    seed, array, on_worn, rising : int, int, OnWorn, bool
        address of the differences between cells; see `Wear`; pulses only raise cells: G+ to raise a weight, G- to lower it.

    Attributes
    ----------
    state, shown : ndarray
        (rows x columns, 2) float32, what the cells hold; what a read sees of them (their write noise comes on top).
    wear : ndarray
        (rows x columns, 2), pulses and writes that each has taken, in programming and in training; `worn` is its owner.
    traits : ndarray
        (rows x columns, 2, n) float32: s_up, s_down, upper and lower bound of the state of each pulsed cell, and what
        else its law needs (`laws.traits_of`, `layout.py`); None for others.
    law, stuck : KernelLaw, ndarray
        the pulse response as kernels want it (`laws.kernel_law`), None for cells that are not pulsed; (rows x columns, 2)
        float32: where cells stand that never move, and NaN for the others, None where all move. `weights` is what a read
        that drives the word lines shows, (rows, columns) float32.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        device: Device,
        mapping: WeightMapping,
        seed: int,
        array: int,
        on_worn: OnWorn = "warn",
        *,
        rising: bool = False,
    ) -> None:
        self.shape, self.device, self.mapping = shape, device, mapping
        self.moving = RISING if rising else ALONE if mapping.shared else BOTH
        self._writer = Writer(device, mapping, seed=seed, array=array)
        self._spreads, self._faults = Stream(seed, "device-to-device", array), Stream(seed, "yield", array)
        self._age: Age | None = None  # made when time first passes: until then every cell is new
        self._seed, self._array = seed, array
        self.stuck = self._draw_stuck()
        self.traits = self.law = None
        if isinstance(device.response, PulsedResponse):
            self.traits = traits_of(device.response, self.parameters())
            self.law = kernel_law(device.response, mapping.floor)
        self.state = np.empty((shape[0] * shape[1], 2), np.float32)
        self.shown = np.empty_like(self.state)
        self.worn = Wear(len(self.state), device, on_worn, sharing=shape[1] if mapping.shared else 1)
        fixed = None if self.stuck is None else ~np.isnan(self.stuck)
        self.leakage = Leakage(device, shape, seed=seed, array=array, shared=mapping.shared, fixed=fixed)
        self.version = 0
        self._exact: np.ndarray | None = None  # `state` in float64, where changes are not pulses and may be tiny
        if self.traits is not None and not rising:
            # a pulsed cell rests at the zero of its state coordinate, where soft bounds balance up and down pulses
            self.hold(np.zeros(self.state.shape))
        else:
            self.hold(mapping.states(np.zeros(shape)))

    @property
    def wear(self) -> np.ndarray:
        """Pulses and writes that each cell has taken, (rows x columns, 2) int64."""
        return self.worn.counts

    @property
    def endurance(self) -> float | None:
        """Pulses, or writes in one go, that a cell endures; None where that is not known."""
        return self.worn.limit

    single = False  # both cells of a weight take part in a read

    def conductances(self) -> np.ndarray:
        """Siemens (rows, columns, 2) float64: G+ and G-."""
        return self.mapping.conductances(self.shown).reshape(*self.shape, 2)

    def planes(self) -> tuple[np.ndarray, np.ndarray]:
        """Siemens of G+ (rows, columns) and of G- (rows, columns), or (rows, 1) where it is shared."""
        g = self.conductances()
        return g[..., PLUS], g[:, :1, MINUS] if self.mapping.shared else g[..., MINUS]

    def line_siemens(self, *, transposed: bool) -> np.ndarray:
        """All cells on each driven line together, siemens: on the word lines, or if transposed on the bit lines."""
        summary = self._summarised()
        return summary.bit_siemens if transposed else summary.word_siemens

    @property
    def backward_weights(self) -> np.ndarray:
        """(rows, columns) float32 that a transposed read works with.

        A shared reference takes no part in it: the sensed word lines carry G+ alone, and `nominal_reference` is to be
        taken off what they say.
        """
        if not self.mapping.shared:
            return self.weights
        return np.float32(self.mapping.scale) * (
            self.shown[:, PLUS].reshape(self.shape) - np.float32(self.mapping.floor)
        )

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
        MappingError
            a weight is beyond weight_max.
        ArrayError
            the device cannot be verified.
        """
        target = self._unshared(self.mapping.conductances(self.mapping.states(weights)))
        worn = self._unshared(self.wear.reshape(*self.shape, 2))
        traits = None if self.traits is None else self._unshared(self.traits.reshape(*self.shape, 2, -1))
        stuck = None if self.stuck is None else self._unshared(self.stuck.reshape(*self.shape, 2))
        state, shown = (self._unshared(pairs.reshape(*self.shape, 2)) for pairs in (self.state, self.shown))
        cells = CellsToWrite(state, shown, traits, stuck, worn)
        report = self._writer.write(cells, target, scheme, read_time=read_time, endurance=self.endurance)
        for pairs, written in ((self.state, state), (self.shown, shown), (self.worn.counts, report.wear)):
            self._spread(pairs, written)
        self.worn.written()
        self.leakage.restart()
        if self._age is not None:
            self._age.restart()
        self.changed()
        return report

    def rewrite(
        self, pairs: np.ndarray, share: np.ndarray, scheme: WriteVerify | None, read_time: float
    ) -> ProgrammingReport:
        """Write some pairs (n,) anew, to shares (n, 2) of the window, as `program` writes cells; of pairs that share none.

        Raises
        ------
        ArrayError
            the device cannot be verified.
        """
        window = self.device.window
        target = window.g_min + share * (window.g_max - window.g_min)
        traits = None if self.traits is None else self.traits[pairs]
        stuck = None if self.stuck is None else self.stuck[pairs]
        state, shown = self.state[pairs], self.shown[pairs]
        cells = CellsToWrite(state, shown, traits, stuck, self.wear[pairs])
        report = self._writer.write(cells, target, scheme, read_time=read_time, endurance=self.endurance)
        self.state[pairs], self.shown[pairs], self.worn.counts[pairs] = state, shown, report.wear
        self.worn.written()
        self.changed()
        return report

    @property
    def aged(self) -> bool:
        """Whether time has passed since the array was made."""
        return self._age is not None

    def grow_old(self, seconds: float) -> None:
        """Let time pass: cells drift, and their read noise grows, each from when it was last written; see `ageing`.

        Raises
        ------
        ArrayError
            seconds are not a finite number, or negative.
        RevpathError
            the law is not known for that age.
        """
        if self._age is None:
            fixed = None if self.stuck is None else ~np.isnan(self.stuck)
            self._age = Age(self.shape, self.device, self.mapping, seed=self._seed, array=self._array, fixed=fixed)
        state, shown = self._age.advance(self.state, self.shown, seconds)
        if isinstance(self.device.drift, NoDrift):
            self.version += 1  # the contents are what they were, the noise of reads is not
            return
        self.state[:], self.shown[:] = state, shown
        self.changed()

    def leak(self, kept: np.ndarray | None) -> None:
        """Volatile cells keep such a share (rows x columns, 2) of their state; None changes nothing."""
        if kept is None:
            return
        if self._exact is not None:
            self.hold_exactly(self._exact * kept)
            return
        for plane in (self.state, self.shown):
            np.multiply(plane, kept, out=plane, casting="same_kind")
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
        ArrayError
            the pulse response of the device is not known, or needs none.
        """
        response = self.device.response
        if not isinstance(response, PulsedResponse):
            raise ArrayError(f"device {self.device.name!r} has a response that is {response.law}: no pulse moves it")
        stream = replace(self._spreads, step=0)
        cells = draw_cells(response, stream, self.shape, self.mapping.floor, shared=self.mapping.shared)
        return cells if self.stuck is None else fasten(cells, self.stuck)

    def take(self, moves: Callable[[PulsedCells], T], most: int) -> T:
        """Let pulses move the cells: the one way in, after which summaries and wear are what they must be.

        Parameters
        ----------
        moves : callable
            Given `PulsedCells`, it changes state, shown and wear in place; what it returns is handed on.
        most : int
            Pulses that a cell can take in it, at most.

        Raises
        ------
        ArrayError
            No pulse moves these cells.
        """
        if self.law is None or self.traits is None:
            what = "has no known pulse response" if isinstance(self.device.response, NoResponse) else "is ideal"
            raise ArrayError(f"device {self.device.name!r} {what}: it cannot be pulsed")
        contents = self.state, self.shown, self.traits, self.wear
        try:
            return moves(PulsedCells(contents, self.law, self.moving, self.shape, self.device.pulsed, self.parameters))
        finally:
            self.worn.took(most)
            self.changed()

    def pulse(self, counts: np.ndarray, stream: Stream) -> None:
        """So many pulses on each weight, one after another: up where positive, down where negative.

        Both cells of a weight take them, in opposite directions; with a shared mapping G+ alone does. The step noise, the
        bounds and the write noise are those of the device; a read shows the write noise of the last pulse.

        Parameters
        ----------
        counts : (rows, columns) int64
            Of `updates.update.checked_counts`.
        stream : Stream
            Of the noise; the call takes one step.

        Raises
        ------
        ArrayError
            No pulse moves these cells.
        KeyboardInterrupt
            Between two parts of a second or two; it has an attribute `given`, the pulses that each weight has taken at most.
        """
        flat = counts.reshape(-1)
        sizes = np.abs(flat)
        most, total = int(sizes.max(initial=0)), int(sizes.sum())
        part = max(most * PULSES_A_CALL // max(total, 1), 1)

        def all_parts(cells: PulsedCells) -> None:
            step = stream.take_step()
            for first in range(0, most, part):
                try:
                    give_pulses(cells, flat, first, min(first + part, most), step, stream.key)
                except KeyboardInterrupt as interrupt:
                    interrupt.given = min(first + part, most)  # type: ignore[attr-defined]  # for who catches it
                    interrupt.add_note(
                        f"after {min(first + part, most)} of {most} pulses on a weight; they are counted"
                    )
                    raise

        self.take(all_parts, most)

    def add(self, change: np.ndarray) -> None:
        """Change ideal weights by exactly so much, (rows, columns); they saturate at weight_max.

        The sum is kept in float64, so that many changes add up that float32 could not see; a read sees it in float32.
        """
        mapping = self.mapping
        states = self.exact_states()
        weights = mapping.scale * (states[:, PLUS] - states[:, MINUS]).reshape(self.shape) + change
        np.clip(weights, -mapping.weight_max, mapping.weight_max, out=weights)
        self.hold_exactly(mapping.states(weights))
        if self.stuck is None:
            self.weights = weights.astype(np.float32)  # free of the rounding of states

    def exact_states(self) -> np.ndarray:
        """What the cells hold, (rows x columns, 2) float64: what `hold_exactly` left, or `state` where it was not the last."""
        return self.state.astype(np.float64) if self._exact is None else self._exact

    def hold_exactly(self, states: np.ndarray) -> None:
        """`hold`, and remember the states in float64, for changes that are too small for float32."""
        exact = np.array(states, np.float64).reshape(self.state.shape)
        self.hold(exact)
        rounded = exact.astype(np.float32)
        self._exact = np.where(self.state == rounded, exact, self.state)  # not of cells that their bounds hold back

    @property
    def moved_by_a_pulse(self) -> int:
        """Cells that the pulse of a weight moves: both, or one."""
        return 2 if self.moving == BOTH else 1

    def hold(self, states: np.ndarray) -> None:
        """Make every cell hold, and show, a state, or what is nearest to it inside its bounds."""
        self.state[:] = states.reshape(self.state.shape)
        if self.traits is not None:
            np.clip(self.state, self.traits[..., B_MIN], self.traits[..., B_MAX], out=self.state)
        elif self.stuck is not None:
            np.copyto(self.state, self.stuck, where=~np.isnan(self.stuck))
        if self.mapping.shared:
            self.share(self.state)
        self.shown[:] = self.state
        self.changed()

    def share(self, pairs: np.ndarray) -> None:
        """Give all weights of a word line the reference cell of its first one, in place."""
        reference = pairs.reshape(*self.shape, 2)[..., MINUS]
        reference[:] = reference[:, :1]

    def changed(self) -> None:
        """To be told that the contents are other ones; what reads need of them is computed at the next read."""
        self.version += 1
        self._exact = None
        self._summary: Summary | None = None

    @property
    def weights(self) -> np.ndarray:
        """Weights that a read sees, (rows, columns) float32."""
        return self._summarised().weights

    @weights.setter
    def weights(self, weights: np.ndarray) -> None:
        self._summary = self._summarised()._replace(weights=weights)

    def _summarised(self) -> Summary:
        if self._summary is None:
            self._summary = summary_of(self.shown, self.shape, self.mapping)
        return self._summary

    def _unshared(self, pairs: np.ndarray) -> np.ndarray:
        """A copy of pairs (rows, columns, 2, ...) as the cells that exist: (rows, cells of a word line, ...)."""
        if not self.mapping.shared:
            return pairs.reshape(len(pairs), -1, *pairs.shape[3:]).copy()
        return np.concatenate([pairs[:, :, PLUS], pairs[:, :1, MINUS]], axis=1)

    def _spread(self, pairs: np.ndarray, cells: np.ndarray) -> None:
        """The reverse of `_unshared`, into pairs (rows x columns, 2)."""
        if not self.mapping.shared:
            pairs[:] = cells.reshape(pairs.shape)
            return
        target = pairs.reshape(*self.shape, 2)
        target[..., PLUS], target[..., MINUS] = cells[:, :-1], cells[:, -1:]

    def _draw_stuck(self) -> np.ndarray | None:
        stuck = draw_stuck(self.device.yields, (self.mapping.w_min, self.mapping.w_max), self._faults, self.shape)
        if stuck is not None and self.mapping.shared:
            self.share(stuck)
        return stuck
