"""A matrix of any size on arrays of limited size: a grid of crossbars whose partial sums are added digitally."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from ..config import ArrayConfig, ConfigOrDevice
from ..converters.readout import check_inputs
from ..errors import ArrayError
from ..operands import as_batch, as_finite, checked_sizes, checked_update
from ..programming.report import ProgrammingReport
from ..updates.update import checked_firings
from .crossbar import Crossbar
from .parts import SummedArray, part_number


class TiledCrossbar(SummedArray):
    """A weight matrix W (rows, columns) on crossbars of at most tile = (rows, columns); used like a `Crossbar`.

    The grid is filled from the first row and column on; what remains at the far edges sits on smaller arrays, which are
    not padded: lines that do not exist draw no current, have no noise and cost nothing. `utilisation` says how much of
    full-sized arrays is in use. A matrix that fits one tile is a plain `Crossbar` of the same `array`, to the bit.

    Every tile has converters of its own: an input is converted once for each tile across, an output once for each tile
    down. Hence the range of `config.adc` is that of a tile's partial sum, not of the whole product.

    Partial sums are added digitally, from the first tile on, in float32, which is as good as adding the codes: where R
    tiles down have one step and L levels on either side of zero, the error is below R^2 L 2**-24 steps, under half a
    step whenever R^2 L < 2**23, so that the sum of the codes can be read off. Each addition is one ``digital.add``.
    Where the range of a converter follows its tile (``range="maximum"`` on a smaller tile at the edge), its codes are
    multiplied before they are added, one ``digital.multiply`` each. `calibrate` gives all tiles one range.

    Events are those of all tiles together: one read of W is a read of every tile, and ``array.busy_s`` is in seconds of
    one tile (they work side by side).

    Parameters
    ----------
    shape : tuple[int, int]
        (rows, columns) of W.
    config : ConfigOrDevice, optional
        what each tile is made of.
    tile : tuple[int, int]
        the largest array that can be had, (rows, columns).
    seed, array : int
        as of a `Crossbar`; tiles are numbered as `parts` says.

    Attributes
    ----------
    tile : tuple[int, int]
        (rows, columns) of a full tile.
    grid
        tiles down and across.
    tiles
        the crossbars, ``tiles[down][across]``.

    Raises
    ------
    ArrayError
        `shape` or `tile` is not two positive integers, the grid has more than 2**14 tiles down or across, or `array` is
        not below 2**28 though there are several tiles.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        config: ConfigOrDevice | None = None,
        *,
        tile: tuple[int, int],
        seed: int = 0,
        array: int = 0,
    ) -> None:
        super().__init__(shape)
        config = ArrayConfig.of(config)
        self.tile = checked_sizes(tile, "tile")
        self._rows, self._columns = (_cuts(size, most) for size, most in zip(self.shape, self.tile, strict=True))
        self.grid = len(self._rows), len(self._columns)
        part_number(array, row=self.grid[0] - 1, column=self.grid[1] - 1)  # refuses before anything is made
        self.tiles = [
            [
                Crossbar(
                    (down.stop - down.start, across.stop - across.start),
                    config,
                    seed=seed,
                    array=part_number(array, row=i, column=j),
                )
                for j, across in enumerate(self._columns)
            ]
            for i, down in enumerate(self._rows)
        ]
        self.config, self.device, self.mapping = (getattr(self.tiles[0][0], n) for n in ("config", "device", "mapping"))

    @property
    def parts(self) -> Iterator[Crossbar]:
        """The tiles, row by row."""
        return chain.from_iterable(self.tiles)

    @property
    def utilisation(self) -> float:
        """Share of the weights that hold W, were all tiles of full size."""
        (rows, columns), (down, across) = self.shape, self.grid
        return rows * columns / (down * self.tile[0] * across * self.tile[1])

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray, **how: Any) -> ProgrammingReport:
        """Store weights (rows, columns); `how` is passed on to `Crossbar.program` of every tile.

        Nothing is programmed if a weight of any tile cannot be.

        Returns
        -------
        What it did to each cell: the reports of the tiles, side by side as the tiles are.

        Raises
        ------
        ArrayError
            wrong shape, or not finite.
        MappingError
            a weight is beyond weight_max.
        """
        weights = as_finite(weights, self.shape[1], "weights")
        if len(weights) != self.shape[0]:
            raise ArrayError(f"weights has shape {weights.shape}; it must be {self.shape}")
        if not how.get("clip"):
            self.mapping.check(weights)  # refuses before any tile has changed
        if self.grid == (1, 1):
            return self.tiles[0][0].program(weights, **how)
        per_weight = [across.stop - across.start for across in self._columns]
        widths = [n + 1 if self.mapping.shared else 2 * n for n in per_weight]
        ends = np.cumsum([0, *widths]).tolist()
        reports = (
            ((down, slice(ends[j], ends[j + 1])), tile.program(weights[down, across], **how))
            for row, down in zip(self.tiles, self._rows, strict=True)
            for j, (tile, across) in enumerate(zip(row, self._columns, strict=True))
        )
        return ProgrammingReport.of_tiles((self.shape[0], ends[-1]), reports)

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the tiles show, without read noise: a diagnostic that no hardware has."""
        return _joined([[tile.read() for tile in row] for row in self.tiles])

    def conductances(self) -> np.ndarray:
        """Siemens of all cells, (rows, columns, 2): G+ and G-."""
        return _joined([[tile.conductances() for tile in row] for row in self.tiles])

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        if self.grid == (1, 1):
            return self.tiles[0][0].forward(x)
        x = as_batch(x, self.shape[0], "x")
        check_inputs(x, self.config.dac)  # refuses before any tile has counted a read
        self._find_one_range(x, transposed=False)
        y = np.empty((len(x), self.shape[1]), np.float32)
        for i, down in enumerate(self._rows):
            part = np.ascontiguousarray(x[:, down])  # one copy for all tiles across
            for tile, across in zip(self.tiles[i], self._columns, strict=True):
                _add(y[:, across], tile.forward(part), first=i == 0)
        for column, across in zip(zip(*self.tiles, strict=True), self._columns, strict=True):
            self._count_sum(column, len(y) * (across.stop - across.start), transposed=False)
        return y

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        if self.grid == (1, 1):
            return self.tiles[0][0].backward(d)
        d = as_batch(d, self.shape[1], "d")
        check_inputs(d, self.config.dac)
        self._find_one_range(d, transposed=True)
        y = np.empty((len(d), self.shape[0]), np.float32)
        for j, across in enumerate(self._columns):
            part = np.ascontiguousarray(d[:, across])
            for row, down in zip(self.tiles, self._rows, strict=True):
                _add(y[:, down], row[j].backward(part), first=j == 0)
        for row, down in zip(self.tiles, self._rows, strict=True):
            self._count_sum(row, len(y) * (down.stop - down.start), transposed=True)
        return y

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """As `Crossbar.sense`; ArrayError where there are several tiles, whose partial sums are added as codes."""
        if self.grid != (1, 1):
            raise ArrayError(
                f"partial sums of {self.grid[0]} x {self.grid[1]} tiles are added as codes: take one array"
            )
        return self.tiles[0][0].sense(x, transposed=transposed)

    def parts_with_inputs(self, x: np.ndarray, transposed: bool) -> Iterator[tuple[Crossbar, np.ndarray]]:
        """Each tile, and what of x (batch, driven) its lines are driven with."""
        inputs = [np.ascontiguousarray(x[:, cut]) for cut in (self._columns if transposed else self._rows)]
        for i, row in enumerate(self.tiles):
            for j, tile in enumerate(row):
                yield tile, inputs[j if transposed else i]

    # -- update -----------------------------------------------------------------------------------------------------

    def pulse(self, counts: np.ndarray) -> None:
        """Pulse each weight so many times, see `Crossbar.pulse`."""
        counts = np.asarray(counts)
        if counts.shape != self.shape:
            raise ArrayError(f"counts has shape {counts.shape}; it must be {self.shape}")
        for row, down in zip(self.tiles, self._rows, strict=True):
            for tile, across in zip(row, self._columns, strict=True):
                tile.pulse(np.ascontiguousarray(counts[down, across]))

    def fire(self, words: np.ndarray, bits: np.ndarray, slots: int) -> None:
        """Fire word and bit lines together, see `Crossbar.fire`; all tiles have the same slots, and fire their own lines."""
        words, bits, slots = checked_firings(words, bits, slots, self.shape)  # refuses before any tile has changed
        for row, down in zip(self.tiles, self._rows, strict=True):
            for tile, across in zip(row, self._columns, strict=True):
                tile.fire(words[down], bits[across], slots)

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W <- W + rate x^T d in the tiles, one outer product for each row of the batch, in order.

        Every tile has a pulse generator of its own, which fits the length of its trains to the largest |x| and |d| on
        its own lines: the mean change is that of a single array, a tile with small inputs takes fewer slots, and one
        whose inputs are all zero takes none.

        Parameters
        ----------
        x : ndarray
            (batch, rows).
        d : ndarray
            (batch, columns).
        rate : float
            learning rate, non-negative.

        Raises
        ------
        ArrayError
            as of a `Crossbar`.
        """
        x, d = checked_update(x, d, rate, self.shape)
        columns = [np.ascontiguousarray(d[:, across]) for across in self._columns]
        for row, down in zip(self.tiles, self._rows, strict=True):
            part = np.ascontiguousarray(x[:, down])
            for tile, of_tile in zip(row, columns, strict=True):
                tile.update(part, of_tile, rate)


def arranged(
    shape: tuple[int, int],
    config: ConfigOrDevice | None = None,
    *,
    tile: tuple[int, int] | None = None,
    seed: int = 0,
    array: int = 0,
) -> Crossbar | TiledCrossbar:
    """W (rows, columns) on one crossbar, or, where `tile` says how large one can be, on a grid of them."""
    if tile is None:
        return Crossbar(shape, config, seed=seed, array=array)
    return TiledCrossbar(shape, config, tile=tile, seed=seed, array=array)


def _cuts(size: int, most: int) -> list[slice]:
    """Slices of `most`, and one of what remains, that together are `size` long."""
    return [slice(start, min(start + most, size)) for start in range(0, size, most)]


def _joined(blocks: list[list[np.ndarray]]) -> np.ndarray:
    """Arrays of the tiles, ``[down][across]``, as one."""
    return np.concatenate([np.concatenate(row, axis=1) for row in blocks], axis=0)


def _add(total: np.ndarray, part: np.ndarray, *, first: bool) -> None:
    """total <- part, or total <- total + part."""
    if first:
        total[:] = part
    else:
        total += part
