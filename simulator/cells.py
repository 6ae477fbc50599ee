"""The memory cells of one array: what they hold, what a read sees of them, and how a write leaves them."""

from __future__ import annotations

import numpy as np

from ..devices import Device
from ..devices.response import SoftBounds
from .mapping import WeightMapping
from .noise import Stream
from .programming_report import Outcome, ProgrammingReport
from .readout import summarise
from .verify import PURPOSE, WriteVerify, write_verify


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
    wear: (rows x columns, 2), programming pulses and writes that each has taken (training is counted in the events of
        the array, not cell by cell).
    traits: (rows x columns, 2, 4) float32: s_up, s_down, b_max, b_min of each pulsed cell; None for others.
    weights: (rows, columns) float32 shown by a read that drives the word lines.
    """

    def __init__(self, shape: tuple[int, int], device: Device, mapping: WeightMapping, seed: int, array: int) -> None:
        self.shape, self.device, self.mapping = shape, device, mapping
        self._writes = Stream(seed, "program", array)
        self._verifies = Stream(seed, PURPOSE, array)
        self.traits = self._draw_traits(Stream(seed, "device-to-device", array))
        self.state = np.empty((shape[0] * shape[1], 2), np.float32)
        self.shown = np.empty_like(self.state)
        self.wear = np.zeros(self.state.shape, np.int64)
        self.version = 0
        if isinstance(device.response, SoftBounds):
            # a pulsed cell rests where up and down pulses balance: the zero of its state coordinate
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
        return self._line_siemens[1 if transposed else 0]

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
        traits = None if self.traits is None else self._unshared(self.traits.reshape(*self.shape, 2, 4))
        state, shown = (self._unshared(pairs.reshape(*self.shape, 2)) for pairs in (self.state, self.shown))
        if scheme is None:
            states, outcome = self._write(target, traits)
            state[:] = shown[:] = states
            achieved = self.mapping.conductances(states)
            report = ProgrammingReport.of_open_loop(target, achieved, wear=worn, outcome=outcome)
        else:
            report = write_verify(
                state, shown, traits, target, self.device, scheme, self._verifies, read_time=read_time, wear=worn
            )
        for pairs, cells in ((self.state, state), (self.shown, shown), (self.wear, report.wear)):
            self._spread(pairs, cells)
        self.changed()
        return report

    def _write(self, target: np.ndarray, traits: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
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
        return states, outcome

    def hold(self, states: np.ndarray) -> None:
        """Make every cell hold, and show, a state."""
        self.state[:] = states.reshape(self.state.shape)
        if self.mapping.shared:
            self.share(self.state)
        self.shown[:] = self.state
        self.changed()

    def share(self, pairs: np.ndarray) -> None:
        """Give all weights of a word line the reference cell of its first one, in place."""
        reference = pairs.reshape(*self.shape, 2)[..., 1]
        reference[:] = reference[:, :1]

    def changed(self) -> None:
        """Recompute what reads need of the contents."""
        rows, columns = self.shape
        mapping = self.mapping
        self.version += 1
        self.weights = np.empty(self.shape, np.float32)
        totals = np.empty(rows), np.zeros(columns)
        summarise(self.shown, np.float32(mapping.scale), self.weights, *totals)
        empty = mapping.g_min - mapping.slope * mapping.w_min
        if mapping.shared:
            plus = mapping.conductances(self.shown[:, 0]).reshape(self.shape)
            reference = mapping.conductances(self.shown[::columns, 1])
            self._line_siemens = plus.sum(axis=1) + reference, plus.sum(axis=0)
        else:
            self._line_siemens = (
                totals[0] * mapping.slope + 2 * empty * columns,
                totals[1] * mapping.slope + 2 * empty * rows,
            )

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

    def _draw_traits(self, stream: Stream) -> np.ndarray | None:
        response = self.device.response
        if not isinstance(response, SoftBounds):
            return None
        z = stream.normals((self.shape[0] * self.shape[1], 2, 4))
        if self.mapping.shared:
            reference = z.reshape(*self.shape, 2, 4)[:, :, 1]
            reference[:] = reference[:, :1]
        gain = 1 + response.step_spread * z[..., 0]
        tilt = response.asymmetry_spread * z[..., 1]
        high = np.abs(response.w_max * (1 + response.w_max_spread * z[..., 2]))
        low = -np.abs(response.w_min * (1 + response.w_min_spread * z[..., 3]))
        s_up, s_down = response.step * np.abs(gain + tilt), response.step * np.abs(gain - tilt)
        # no cell conducts less than nothing: a lower bound drawn below zero conductance is moved up to it
        return np.stack([s_up, s_down, high, np.maximum(low, self.mapping.floor)], axis=-1).astype(np.float32)
