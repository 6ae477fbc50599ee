"""What the sensed lines of an array carry: the product with the cells, and the law of the noise that cells add to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..devices.laws import ConstantReadNoise, NoReadNoise
from .cells import Cells


class Signal(NamedTuple):
    """The sensed lines before their converters, in units of input times weight.

    Attributes
    ----------
    y: (batch, sensed) float32, without the noise that `variance` and `common` describe.
    variance: of the noise of each output, independent between outputs: (batch, 1) where all have the same, else
        (batch, sensed); None without noise.
    common: (batch,), variance of the noise that all outputs of a read share; None where there is none.
    """

    y: np.ndarray
    variance: np.ndarray | None
    common: np.ndarray | None


class OhmicLines:
    """Lines without resistance and cells that obey Ohm's law: a matrix product.

    The noise of a line is the sum of that of its cells. Where the noise of each cell is normal, so is the sum, and it
    is drawn once for each output instead of once for each cell: the same law, exactly.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._variances: tuple[np.ndarray, np.ndarray] | None = None
        self._version = -1

    def read(self, x: np.ndarray, totals: np.ndarray, *, transposed: bool) -> Signal:
        """Lines driven with x (batch, driven); totals: of `readout.drive`."""
        cells = self._cells
        weights = cells.backward_weights.T if transposed else cells.weights
        return Signal(x @ weights, *self._noise(x, totals, transposed))

    def _noise(
        self, x: np.ndarray, totals: np.ndarray, transposed: bool
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Variances of independent and of common noise: sums over driven cells of sigma^2 x^2."""
        cells, law = self._cells, self._cells.device.read_noise
        if isinstance(law, NoReadNoise):
            return None, None
        shared = cells.mapping.shared
        if isinstance(law, ConstantReadNoise):
            one = (law.relative * cells.device.window.g_max * cells.mapping.per_siemens) ** 2
            independent = totals[:, :1] * (one if shared else 2 * one)
            return independent, totals[:, 0] * one if shared and not transposed else None
        plus, minus = self._cell_variances()
        squares = np.square(x)
        if not shared:
            return squares @ (plus.T if transposed else plus), None
        if transposed:
            return squares @ plus.T, None
        return squares @ plus, squares @ minus

    def _cell_variances(self) -> tuple[np.ndarray, np.ndarray]:
        """Variance of G+ and G- together (rows, columns); with a shared reference of G+, and of the reference (rows,)."""
        cells = self._cells
        if self._variances is None or self._version != cells.version:
            window, law = cells.device.window, cells.device.read_noise
            sigma = law.sigma(cells.conductances(), window.g_max, 0.0) * cells.mapping.per_siemens
            each = np.square(sigma).astype(np.float32)
            if cells.mapping.shared:
                self._variances = np.ascontiguousarray(each[..., 0]), np.ascontiguousarray(each[:, 0, 1])
            else:
                self._variances = each.sum(axis=-1), np.empty(0, np.float32)
            self._version = cells.version
        return self._variances
