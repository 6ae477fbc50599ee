"""The contract of lines: how driven lines make sensed lines carry something, and which lines serve which array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from ...devices import Device
from ...devices.laws.read_noise import TelegraphReadNoise
from ..config import ArrayConfig
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.outputs import Noise, variance_of
from ..noise.streams import Numbers
from ..noise.telegraph import Traps


class Signal(NamedTuple):
    """The sensed lines before their converters, in units of input times weight.

    Attributes
    ----------
    y : ndarray
        (batch, sensed) float32, without the noise that is to come.
    totals : ndarray
        of `readout.drive`, with what the lines changed in it.
    to_come : Noise
        the noise that is to be added to y.
    drawn : Noise
        the noise that is in y already.
    held : int
        cells that noise would have taken below zero conductance and that were held there, over all reads.
    """

    y: np.ndarray
    totals: np.ndarray
    to_come: Noise = Noise()
    drawn: Noise = Noise()
    held: int = 0

    @property
    def variance(self) -> np.ndarray:
        """Of each output by all noise together, (batch, 1) or (batch, sensed)."""
        return variance_of(len(self.y), self.to_come, self.drawn)


class ReadCells(Protocol):
    """What lines see of cells: those of an array (`Cells`), or those of one polarity (`phases.OnePlane`).

    `single` says that one cell a weight takes part, so that G- carries nothing; the rest is documented in `Cells`.
    """

    single: bool

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def device(self) -> Device: ...
    @property
    def mapping(self) -> WeightMapping: ...
    @property
    def version(self) -> int: ...
    @property
    def weights(self) -> np.ndarray: ...
    @property
    def backward_weights(self) -> np.ndarray: ...
    def conductances(self) -> np.ndarray: ...
    def planes(self) -> tuple[np.ndarray, np.ndarray]: ...
    def read_sigma(self, t_read: float) -> np.ndarray: ...
    def line_siemens(self, *, transposed: bool) -> np.ndarray: ...
    def largest_sum(self, *, transposed: bool) -> float: ...


class Lines(ABC):
    """How driven lines make sensed lines carry something. A subclass is known to every array once it is defined.

    Parameters
    ----------
    cells : ReadCells
        What takes part in the reads.
    config : ArrayConfig
        Of the array.
    seed, array : int
        Address of the noise that cells remember.

    Raises
    ------
    ArrayError
        The noise of the cells has no known law on such lines.
    """

    kinds: ClassVar[list[type[Lines]]] = []
    residual: float = 0.0
    """The largest miss of Kirchhoff's law in any read so far; 0 where none is solved for."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "serves" in vars(cls):
            again = [
                kind
                for kind in Lines.kinds
                if (kind.__module__, kind.__qualname__) == (cls.__module__, cls.__qualname__)
            ]
            for kind in again:  # defined anew, as in a notebook
                Lines.kinds.remove(kind)
            Lines.kinds.append(cls)

    def __init__(self, cells: ReadCells, config: ArrayConfig, *, seed: int, array: int) -> None:
        self._cells, self._config = cells, config
        self._law = cells.device.read_noise
        self._traps = _traps(cells, config, seed, array)

    @classmethod
    @abstractmethod
    def serves(cls, config: ArrayConfig) -> bool:
        """Whether an array of this configuration has such lines. Where several kinds say so, the one defined last does."""

    @abstractmethod
    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """Drive the lines once for each row of a batch.

        Parameters
        ----------
        x : (batch, driven) float32
            What the converters of the driven lines give, in units of input; C-contiguous.
        totals : (batch, 4) float64
            Of `readout.drive` for these x.
        noise : Numbers
            For cells that are drawn one by one.
        transposed : bool
            Whether the bit lines are driven.
        """

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A block whose reads leave no trace in the cells."""
        if self._traps is None:
            yield
            return
        with self._traps.aside():
            yield

    def rest(self, seconds: float) -> None:
        """Let time pass without reads."""
        if self._traps is not None:
            self._traps.advance(seconds)


def kind_of_lines(config: ArrayConfig) -> type[Lines]:
    """The lines that an array of this configuration has.

    Raises
    ------
    ArrayError
        No kind of lines serves it.
    """
    for kind in reversed(Lines.kinds):
        if kind.serves(config):
            return kind
    raise ArrayError(f"wires = {config.wires!r}: no kind of lines serves them")


def _traps(cells: ReadCells, config: ArrayConfig, seed: int, array: int) -> Traps | None:
    """The traps of an array with telegraph noise, which remember; None for other laws.

    Raises
    ------
    RevpathError
        a read is as long as a switching time.
    """
    law = cells.device.read_noise
    if not isinstance(law, TelegraphReadNoise):
        return None
    law.check(config.read_time)
    return Traps(law, cells.shape, seed=seed, array=array)
