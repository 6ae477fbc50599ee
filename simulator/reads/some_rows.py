"""Reads that drive one word line each: only the rows that are driven are looked at, to the bits of a read of all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...devices import Device
from ...devices.laws.read_noise import NoReadNoise
from ..cells.cells import Cells
from ..cells.summary import summary_of
from ..config import ArrayConfig
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.cells import is_exact
from .lines import kind_of_lines
from .ohmic_lines import OhmicLines
from .phases import Phases


class SomeRows:
    """The cells of some word lines, as lines see cells.

    Parameters
    ----------
    cells : Cells
        All cells.
    rows : (n,) int64
        Which word lines.
    """

    single = False
    version = 0

    def __init__(self, cells: Cells, rows: np.ndarray) -> None:
        columns = cells.shape[1]
        self.shape: tuple[int, int] = (len(rows), columns)
        self.device: Device = cells.device
        self.mapping: WeightMapping = cells.mapping
        self._shown = cells.shown.reshape(-1, columns, 2)[rows].reshape(-1, 2)
        self._summary = summary_of(self._shown, self.shape, self.mapping)

    @property
    def weights(self) -> np.ndarray:
        """As `Cells.weights`."""
        return self._summary.weights

    @property
    def backward_weights(self) -> np.ndarray:
        """Refused: a transposed read senses all word lines, and none of them can be left out."""
        raise ArrayError("a transposed read senses all word lines: read all cells")

    def conductances(self) -> np.ndarray:
        """As `Cells.conductances`."""
        return self.mapping.conductances(self._shown).reshape(*self.shape, 2)

    def planes(self) -> tuple[np.ndarray, np.ndarray]:
        """As `Cells.planes`."""
        g = self.conductances()
        return g[..., 0], g[:, :1, 1] if self.mapping.shared else g[..., 1]

    def read_sigma(self, t_read: float) -> np.ndarray:
        """As `Cells.read_sigma`, of cells that have not aged."""
        return self.device.read_noise.sigma(self.conductances(), self.device.window.g_max, 0.0, t_read)

    def line_siemens(self, *, transposed: bool) -> np.ndarray:
        """As `Cells.line_siemens`."""
        return self._summary.bit_siemens if transposed else self._summary.word_siemens

    def largest_sum(self, *, transposed: bool) -> float:
        """As `Cells.largest_sum`."""
        return self.shape[1 if transposed else 0] * self.mapping.weight_max


class DrivenRows(NamedTuple):
    """One-hot inputs on the listed lines alone, each as often as it is listed: x (batch, batch), and the reads of them."""

    x: np.ndarray
    phases: Phases


def can_read_alone(cells: Cells, config: ArrayConfig, *, mismatched: bool) -> bool:
    """Whether rows at rest take no part in a read: no wires, no thermal noise, no cell drawn one by one, nothing aged.

    Parameters
    ----------
    mismatched : bool
        the converters of the driven lines differ.
    """
    law = cells.device.read_noise
    drawn = not isinstance(law, NoReadNoise) and (
        config.cell_noise == "sampled" or not is_exact(law, wires=False, linear=True)[0]
    )
    dac = config.dac
    return not (
        mismatched
        or drawn
        or kind_of_lines(config) is not OhmicLines
        or config.subtraction == "digital"
        or (config.circuit_noise is not None and not config.circuit_noise.off)
        or dac.noise_lsb > 0
        or dac.stochastic_rounding
        or dac.slice_bits is not None
        or dac.range == "scale"  # whose largest input is looked for on all lines, and that is counted
        or cells.aged
    )


def driven_rows(cells: Cells, rows: np.ndarray, config: ArrayConfig, *, seed: int, array: int) -> DrivenRows:
    """Inputs of 1 on one word line each, rows (batch,) int64."""
    x = np.eye(len(rows), dtype=np.float32)
    return DrivenRows(x, Phases.of(SomeRows(cells, rows), config, seed=seed, array=array))
