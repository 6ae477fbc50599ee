"""A grid of tiles of which a decoder powers those that hold what is listed: tables of many rows, read and written row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..operands import as_rows, checked_row_update, one_hot
from .crossbar import Crossbar
from .tiles import TiledCrossbar


class DecodedCrossbar(TiledCrossbar):
    """A `TiledCrossbar` with a decoder: listed rows take the tiles that hold them, and all others are gated meanwhile.

    Listed rows are then not what one-hot inputs are, which drive and read every tile; products of whole vectors are as without a
    decoder. Parameters are those of a `TiledCrossbar`.
    """

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows of W that are listed, (batch, columns) float32: a decoder powers the tiles that hold a row, and no others.

        Reads are those of `Crossbar.forward_rows` in these tiles: nothing is added up. The others stay gated meanwhile, and leak:
        ``array.gated_s`` counts their seconds. `forward` of one-hot inputs would read them all.

        Parameters
        ----------
        rows : array of int
            (batch,), from 0 to rows - 1.

        Raises
        ------
        ArrayError
            Something else.

        Examples
        --------
        >>> from revpath.simulator.arrays.decoded import DecodedCrossbar
        >>> DecodedCrossbar((6, 2), tile=(2, 2)).forward_rows([5, 0, 4]).shape
        (3, 2)
        """
        rows = as_rows(rows, self.shape[0])
        if self.ranging(transposed=False):
            self._find_one_range(one_hot(rows, self.shape[0]), transposed=False)
        y = np.empty((len(rows), self.shape[1]), np.float32)
        for listed, down, tiles in self._powered(rows):
            part = rows[listed] - down.start
            for tile, across in zip(tiles, self._columns, strict=True):
                with self._others_gated(tile):
                    y[listed, across] = tile.forward_rows(part)
        return y

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Add about rate d[s] to row rows[s] of W, in order, in the tiles that hold them; the others stay gated, and leak.

        Parameters
        ----------
        rows : array of int
            (batch,), from 0 to rows - 1; a row may stand there more than once.
        d : (batch, columns) array
            Of the bit lines.
        rate : float
            Learning rate, not negative.

        Raises
        ------
        ArrayError
            As of a `Crossbar`.
        """
        rows, d = checked_row_update(rows, d, rate, self.shape)
        for listed, down, tiles in self._powered(rows):
            for tile, across in zip(tiles, self._columns, strict=True):
                with self._others_gated(tile):
                    tile.update_rows(rows[listed] - down.start, np.ascontiguousarray(d[listed, across]), rate)

    def _powered(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, slice, list[Crossbar]]]:
        """Each row of tiles that holds listed rows: which entries of the list, the rows of W that it holds, its tiles."""
        of_tile = rows // self.tile[0]
        for i in np.unique(of_tile):
            yield np.flatnonzero(of_tile == i), self._rows[i], self.tiles[i]

    @contextmanager
    def _others_gated(self, tile: Crossbar) -> Iterator[None]:
        """A block in which one tile works and those above and below it are gated: their seconds are counted."""
        before = tile.busy_s
        yield
        busy, others = tile.busy_s - before, self.grid[0] - 1
        if busy and others and not self._aside:
            self._tally.integrate("array.gated_s", busy, times=others)
