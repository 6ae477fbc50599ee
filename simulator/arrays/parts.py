"""Several arrays that act as one matrix: what they share, and how they are numbered.

Noise is a function of (seed, purpose, array, step, position), so every physical array needs a number of its own. The
64 bits of a number are

====== ====================================
bits   what they number
====== ====================================
0-27   the matrix within the model
28-41  row of the tile in the grid
42-55  column of the tile in the grid
56-63  the slice of a bit-sliced weight
====== ====================================

Hence parts of one matrix never share noise with each other, nor with parts of another matrix of the run, nor with a
plain `Crossbar` whose number is below 2**28; models count theirs from 0. The first part has the number of the matrix:
a matrix that needs one array only is that array, to the bit. A tile keeps its number when the matrix grows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..config import ArrayConfig
from ..converters.adc_dac import ADC
from ..converters.readout import check_inputs
from ..errors import ArrayError
from ..events import Events, Tally
from ..operands import as_batch
from ..programming.report import ProgrammingReport
from .operator import ArrayOperator

_MATRIX_BITS, _TILE_BITS, _SLICE_BITS = 28, 14, 8
_COLUMN_AT = _MATRIX_BITS + _TILE_BITS
_SLICE_AT = _COLUMN_AT + _TILE_BITS


@runtime_checkable
class AnalogArray(Protocol):
    """What any array offers, whether it is one `Crossbar`, a grid of tiles or several slices: it acts as W (rows, columns)."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def events(self) -> Events: ...

    @property
    def clipped(self) -> int: ...

    def forward(self, x: np.ndarray) -> np.ndarray: ...

    def backward(self, d: np.ndarray) -> np.ndarray: ...

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None: ...

    def program(self, weights: np.ndarray) -> ProgrammingReport: ...

    def read(self) -> np.ndarray: ...

    def aside(self) -> AbstractContextManager[None]: ...


def part_number(array: int, *, row: int = 0, column: int = 0, weight_slice: int = 0) -> int:
    """The number of one part of matrix `array`; see the layout above.

    `array` may be that of a slice already, when it is the tiles of the slice that are numbered.

    Raises
    ------
    ArrayError
        a field does not fit its bits, or `array` uses bits that the parts need.
    """
    if row == column == weight_slice == 0:
        return array
    for name, value, bits in (
        ("row of a tile", row, _TILE_BITS),
        ("column of a tile", column, _TILE_BITS),
        ("slice", weight_slice, _SLICE_BITS),
    ):
        if not 0 <= value < 2**bits:
            raise ArrayError(f"{name} = {value} must be from 0 to {2**bits - 1}: parts of an array are numbered by it")
    known = not isinstance(array, bool) and hasattr(array, "__index__") and 0 <= array < 2**64
    if not known or (int(array) if weight_slice else int(array) % 2**_SLICE_AT) >= 2**_MATRIX_BITS:
        raise ArrayError(
            f"array = {array!r} must be an integer from 0 to {2**_MATRIX_BITS - 1} where a matrix has several arrays: "
            f"the bits above number its parts"
        )
    return int(array) + (row << _MATRIX_BITS) + (column << _COLUMN_AT) + (weight_slice << _SLICE_AT)


class CompositeArray(ArrayOperator):
    """An array made of arrays: what they did adds up, and they step aside together."""

    config: ArrayConfig

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__(shape)
        self._tally = Tally()
        self._aside = False

    @property
    @abstractmethod
    def parts(self) -> Iterable[Any]:
        """The arrays that it is made of."""

    @property
    def largest_input(self) -> float | None:
        """x_max of an ideal DAC, for which products scale what is beyond it; None for real ones, which refuse it."""
        return self.config.dac.x_max if self.config.dac.bits is None else None

    @property
    def events(self) -> Events:
        """All that has happened so far in all parts, and the digital additions that join them."""
        return sum((part.events for part in self.parts), self._tally.events)

    @property
    def clipped(self) -> int:
        """Conversions at which an ADC saturated."""
        return sum(part.clipped for part in self.parts)

    @property
    def held(self) -> int:
        """Cells that read noise would have taken below zero conductance, and that were held there."""
        return sum(part.held for part in self.parts)

    @property
    def cut(self) -> int:
        """Inputs that were cut to what a DAC takes."""
        return sum(part.cut for part in self.parts)

    @property
    def refreshed(self) -> int:
        """Pairs that refreshes have written anew, see `ArrayConfig.refresh`."""
        return sum(part.refreshed for part in self.parts)

    @contextmanager
    def one_update(self) -> Iterator[None]:
        """What happens inside counts as one update of all parts, see `Crossbar.one_update`."""
        with ExitStack() as stack:
            for part in self.parts:
                stack.enter_context(part.one_update())
            yield

    def adc(self, *, transposed: bool = False) -> ADC:
        """The converter of the sensed lines of one direction, where all parts have the same.

        Raises
        ------
        ArrayError
            The converters of the parts differ in their range.
        """
        kinds = {part.adc(transposed=transposed) for part in self.parts}
        if len(kinds) > 1:
            ranges = ", ".join(f"{kind.y_max:.6g}" for kind in sorted(kinds, key=lambda kind: kind.y_max or 0.0))
            raise ArrayError(
                f"the parts of this array have {len(kinds)} kinds of converters, with ranges y_max of {ranges}: ask one of "
                "its `parts`, or give all of them one range by `calibrate` or `set_range`"
            )
        return kinds.pop()

    def set_range(self, y_max: float, *, y_min: float | None = None, transposed: bool = False) -> None:
        """Give the ADCs of one direction of all parts one range, see `Crossbar.set_range`."""
        for part in self.parts:
            part.set_range(y_max, y_min=y_min, transposed=transposed)

    def age(self, seconds: float) -> None:
        """Let time pass in all parts, see `Crossbar.age`."""
        for part in self.parts:
            part.age(seconds)

    def remember_drift(self, *, per_column: bool = False) -> None:
        """Each part on its own, see `Crossbar.remember_drift`."""
        for part in self.parts:
            part.remember_drift(per_column=per_column)

    def compensate_drift(self) -> list[np.ndarray]:
        """Each part on its own, see `Crossbar.compensate_drift`: the scales of the parts."""
        return [part.compensate_drift() for part in self.parts]

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Reads inside this block are not part of the run: they are not counted, and take none of its noise."""
        before, tally = self._aside, self._tally
        with ExitStack() as stack:
            for part in self.parts:
                stack.enter_context(part.aside())
            self._aside, self._tally = True, Tally()
            try:
                yield
            finally:
                self._aside, self._tally = before, tally

    def _count_sum(self, terms: Sequence[Any], outputs: int, *, transposed: bool) -> None:
        """Outputs of several parts added up digitally, each of `outputs` numbers.

        Codes of a part whose converters have other steps than the first part's must be multiplied before they are added.
        """
        if len(terms) == 1 or not outputs:
            return
        self._tally.count("digital.add", (len(terms) - 1) * outputs)
        first, *others = (_units(term, transposed) for term in terms)
        strangers = sum(unit != first for unit in others)
        if strangers:
            self._tally.count("digital.multiply", strangers * outputs)


class SummedArray(CompositeArray):
    """An array whose parts each give a share of every product, added digitally: their codes want one range."""

    @abstractmethod
    def parts_with_inputs(self, x: np.ndarray, transposed: bool) -> Iterator[tuple[Any, np.ndarray]]:
        """Each part, and what of x (batch, driven) it is driven with."""

    def calibrate(
        self, x: np.ndarray, *, transposed: bool = False, percentile: float | tuple[float, float] = 99.9
    ) -> float:
        """Set the range of the ADCs of one direction from what inputs x give; returns y_max. The reads are not counted.

        All parts get one range that holds what `Crossbar.calibrate` finds for each of them, so that their codes add up as
        they are.

        Parameters
        ----------
        x : (batch, rows), or (batch, columns) if transposed
            Typical inputs.
        transposed : bool
            Of which direction.
        percentile : float or (float, float)
            Share of outputs that the range holds, or its ends, see `Crossbar.calibrate`.

        Raises
        ------
        ArrayError
            As of `Crossbar.calibrate`; outputs of 0 are an error only where all parts have no others.
        """
        x = as_batch(x, self.shape[1 if transposed else 0], "x")
        check_inputs(x, self.config.dac)
        ranges, silent = [], None
        for part, inputs in self.parts_with_inputs(x, transposed):
            try:
                part.calibrate(inputs, transposed=transposed, percentile=percentile)
                ranges.append(part.adc(transposed=transposed))
            except ArrayError as error:  # a part of nothing but zeros needs no range, unless they all are
                silent = error
        if silent is not None and not ranges:
            raise silent
        y_max = max(adc.y_max for adc in ranges)
        y_min = None if ranges[0].y_min is None else min(adc.lowest for adc in ranges)
        self.set_range(y_max, y_min=y_min, transposed=transposed)
        return y_max

    def reach(self, x: np.ndarray, *, transposed: bool = False) -> float:
        """The largest output of any part for inputs x in one direction, see `Crossbar.reach`."""
        return max(p.reach(inputs, transposed=transposed) for p, inputs in self.parts_with_inputs(x, transposed))

    def ranging(self, *, transposed: bool = False) -> bool:
        """Whether an ADC of one direction has a range that is still to be found, see `Crossbar.ranging`."""
        return any(part.ranging(transposed=transposed) for part in self.parts)

    def find_range(self, y_max: float, *, transposed: bool = False) -> None:
        """Give the ADCs of all parts the range that a first batch has shown to fit, see `Crossbar.find_range`."""
        for part in self.parts:
            part.find_range(y_max, transposed=transposed)

    def _find_one_range(self, x: np.ndarray, *, transposed: bool) -> None:
        """Before the first batch is read: one range for all parts. Aside, each part finds one of its own for the moment."""
        if not self._aside and self.ranging(transposed=transposed):
            y_max = self.reach(x, transposed=transposed)
            if y_max > 0:
                self.find_range(y_max, transposed=transposed)


def _units(array: Any, transposed: bool) -> set[float]:
    """Steps of the converters of the sensed lines."""
    if isinstance(array, CompositeArray):
        return set().union(*(_units(part, transposed) for part in array.parts))
    return {array.adc(transposed=transposed).step}
