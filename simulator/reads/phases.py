"""G+ and G- read one after the other, each converted, and subtracted digitally.

The opposite of subtracting their currents in front of one converter: two reads of twice the time and energy of drivers and
converters, whose range has to hold one polarity's current instead of the difference. Chips with phase-change cells read like
this, and aihwkit calls it ``mv_type = "pos_neg_separate_digital_sum"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import numpy as np

from ..cells.cells import Cells
from ..config import ArrayConfig
from ..noise.streams import Numbers
from . import ohmic_lines, wired_lines  # noqa: F401  # kinds of lines register when they are defined
from .lines import Lines, ReadCells, Signal, kind_of_lines


class OnePlane:
    """The cells of one polarity, as lines see cells; those of the other carry nothing.

    Parameters
    ----------
    cells : Cells
        All cells; what they hold is looked up when it is asked for.
    plane : int
        0 for G+, 1 for G-.
    """

    single = True  # one cell a weight takes part

    def __init__(self, cells: Cells, plane: int) -> None:
        self._cells, self._plane = cells, plane
        self.shape, self.device, self.mapping = cells.shape, cells.device, cells.mapping
        self._version, self._weights = -1, np.empty((0, 0), np.float32)

    @property
    def version(self) -> int:
        """As `Cells.version`."""
        return self._cells.version

    def conductances(self) -> np.ndarray:
        """Siemens (rows, columns, 2), the second ones 0."""
        return self._alone(self._cells.conductances())

    def planes(self) -> tuple[np.ndarray, np.ndarray]:
        """Siemens (rows, columns) of the cells, and zeros."""
        g = self.conductances()
        return g[..., 0], g[..., 1]

    def read_sigma(self, t_read: float) -> np.ndarray:
        """As `Cells.read_sigma`, the second ones 0."""
        return self._alone(self._cells.read_sigma(t_read))

    def line_siemens(self, *, transposed: bool) -> np.ndarray:
        """As `Cells.line_siemens`."""
        return self.planes()[0].sum(axis=0 if transposed else 1)

    def largest_sum(self, *, transposed: bool) -> float:
        """As `Cells.largest_sum`."""
        return self.shape[1 if transposed else 0] * self.device.window.g_max * self.mapping.per_siemens

    @property
    def weights(self) -> np.ndarray:
        """(rows, columns) float32: output of each cell at x = 1."""
        if self._version != self.version:
            self._weights = (self.planes()[0] * self.mapping.per_siemens).astype(np.float32)
            self._version = self.version
        return self._weights

    @property
    def backward_weights(self) -> np.ndarray:
        """The same, for a transposed read."""
        return self.weights

    def _alone(self, pairs: np.ndarray) -> np.ndarray:
        out = np.zeros_like(pairs)
        out[..., 0] = pairs[..., self._plane]
        return out


class Phase(NamedTuple):
    """One read: the cells that take part, their lines, and the sign of their current in the output."""

    cells: ReadCells
    lines: Lines
    sign: int

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """As `Lines.read`."""
        signal = self.lines.read(x, totals, noise, transposed=transposed)
        return signal if self.sign > 0 else signal._replace(y=-signal.y)


class Phases(tuple[Phase, ...]):
    """The reads that one output takes, one after the other: one with both polarities, or G+, then G-."""

    @classmethod
    def of(cls, cells: ReadCells, config: ArrayConfig, *, seed: int, array: int) -> Phases:
        """Those of an array; see `Lines` for the parameters and errors."""
        kind = kind_of_lines(config)
        parts: tuple[tuple[ReadCells, int], ...] = ((cells, 1),)
        if config.subtraction == "digital":
            assert isinstance(cells, Cells)
            parts = (OnePlane(cells, 0), 1), (OnePlane(cells, 1), -1)
        return cls(Phase(part, kind(part, config, seed=seed, array=array), sign) for part, sign in parts)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """As `Lines.aside`."""
        with ExitStack() as stack:
            for phase in self:
                stack.enter_context(phase.lines.aside())
            yield

    def rest(self, seconds: float) -> None:
        """As `Lines.rest`."""
        for phase in self:
            phase.lines.rest(seconds)

    @property
    def residual(self) -> float:
        """As `Lines.residual`."""
        return max(phase.lines.residual for phase in self)
