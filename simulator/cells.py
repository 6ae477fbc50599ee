"""The memory cells of one array: what they hold, what a read sees of them, and how a write leaves them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..devices import Device
from ..devices.response import SoftBounds
from .mapping import WeightMapping
from .noise import Stream
from .readout import summarise


class OpenLoop(NamedTuple):
    """What an open-loop write did.

    Attributes
    ----------
    written: cells that were written. held: pulsed cells whose own bounds lie inside their target. emptied: cells whose
        programming noise took them to zero conductance, below which nothing goes.
    """

    written: int
    held: int
    emptied: int


class Cells:
    """Two cells for each weight, G+ and G-; with a shared mapping, G- is one reference cell a word line, shown in each.

    Parameters
    ----------
    shape: (rows, columns) of the weights. device: what every cell is. mapping: between weights, states and siemens.
    seed, array: address of the differences between cells.

    Attributes
    ----------
    state: (rows x columns, 2) float32, what the cells hold. shown: what a read sees of them (their write noise comes
        on top). traits: (rows x columns, 2, 4) float32: s_up, s_down, b_max, b_min of each pulsed cell; None for
        others. weights: (rows, columns) float32 shown by a read that drives the word lines.
    """

    def __init__(self, shape: tuple[int, int], device: Device, mapping: WeightMapping, seed: int, array: int) -> None:
        self.shape, self.device, self.mapping = shape, device, mapping
        self._writes = Stream(seed, "program", array)
        self.traits = self._draw_traits(Stream(seed, "device-to-device", array))
        self.state = np.empty((shape[0] * shape[1], 2), np.float32)
        self.shown = np.empty_like(self.state)
        self.version = 0
        if isinstance(device.response, SoftBounds):
            # a pulsed cell rests where up and down pulses balance: the zero of its state coordinate
            self.hold(np.zeros(self.state.shape))
        else:
            self.hold(mapping.states(np.zeros(shape)))

    @property
    def count(self) -> int:
        """Cells that exist: a shared reference counts once."""
        return self.state.size if not self.mapping.shared else self.shape[0] * (self.shape[1] + 1)

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

        A shared reference takes no part in it: what a nominal reference would carry is subtracted digitally.
        """
        if not self.mapping.shared:
            return self.weights
        plus = self.shown[:, 0].reshape(self.shape)
        middle = 0.5 * (self.mapping.w_min + self.mapping.w_max)
        return np.float32(self.mapping.scale) * (plus - np.float32(middle))

    def write(self, weights: np.ndarray) -> OpenLoop:
        """Store weights (rows, columns) in one go: each cell lands on its target with the device's programming noise.

        A pulsed cell stops at its own bounds, which may lie inside the window of the nominal one.

        Raises
        ------
        MappingError: a weight is beyond weight_max.
        """
        target = self.mapping.conductances(self.mapping.states(weights))
        sigma = self.device.programming.sigma(target, self.device.window.g_max)
        emptied = 0
        if np.any(sigma):
            target = target + sigma * self._writes.normals(target.shape)
            emptied = int(np.count_nonzero(self._unshared(target < 0)))
            target = np.maximum(target, 0.0)
        states = self.mapping.to_state(target).reshape(-1, 2).astype(np.float32)
        held = 0
        if self.traits is not None:
            bounded = np.clip(states, self.traits[:, :, 3], self.traits[:, :, 2])
            held = int(np.count_nonzero(self._unshared((bounded != states).reshape(*self.shape, 2))))
            states = bounded
        self.hold(states)
        return OpenLoop(self.count, held, emptied)

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
        """Pairs (rows, columns, 2) as a flat list of the cells that exist."""
        if not self.mapping.shared:
            return pairs.reshape(-1)
        return np.concatenate([pairs[..., 0].reshape(-1), pairs[:, 0, 1]])

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
