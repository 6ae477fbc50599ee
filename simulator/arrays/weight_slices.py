"""Bit-sliced weights: each weight is a binary number, whose digits are held by the cells of several arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..config import ArrayConfig, ConfigOrDevice
from ..converters.readout import check_inputs
from ..errors import ArrayError, MappingError
from ..operands import as_batch, as_finite, is_size
from ..programming.report import ProgrammingReport
from .crossbar import Crossbar
from .parts import SummedArray, part_number
from .tiles import TiledCrossbar

MOST_BITS = 24  # of a magnitude: what float32 can tell apart


class SlicedCrossbar(SummedArray):
    """A weight matrix W (rows, columns) in fixed point, a few bits of each weight on each of several arrays.

    The magnitude of a weight is rounded to the nearest of 2**B levels, B = slices x bits_per_slice, with
    weight_max at the top (a tie goes to the even one), and its binary digits are dealt to the slices, `bits_per_slice`
    to each, least significant first. The differential pair of each slice carries the sign, so a weight has 2**(B + 1) - 1
    values. The largest digit fills the conductance window: a slice is programmed with sign x digit / (2**b - 1) x
    weight_max, so `config` (converters included) means the same as for a single array.

    Every slice is read and converted on its own, and the results are joined by shift and add: sum over s of
    2**(b s) y_s, counted as one ``digital.add`` for each addition (a shift by a fixed number of bits is wiring). The
    unit of the sum, (2**b - 1) / (2**B - 1) times that of a slice, costs nothing. With all non-idealities off,
    ``x @ array`` is ``x @ array.quantised(W)`` to float32 rounding.

    Parameters
    ----------
    shape : tuple[int, int]
        (rows, columns) of W.
    config : ConfigOrDevice, optional
        what each slice is made of.
    slices : int
        how many arrays.
    bits_per_slice : int
        bits that each cell holds. Together at most 24 bits.
    tile : tuple[int, int], optional
        largest array that can be had; each slice is then a `TiledCrossbar`.
    seed, array : int
        as of a `Crossbar`; slices are numbered as `parts` says.

    Attributes
    ----------
    slices : int
        the arrays, least significant first.
    bits
        B.
    quantisation
        what the last programming lost to rounding; None before.

    Raises
    ------
    ArrayError
        `slices` or `bits_per_slice` is not a positive integer, or they have more than 24 bits together.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        config: ConfigOrDevice | None = None,
        *,
        slices: int,
        bits_per_slice: int,
        tile: tuple[int, int] | None = None,
        seed: int = 0,
        array: int = 0,
    ) -> None:
        super().__init__(shape)
        config = ArrayConfig.of(config)
        for name, value in (("slices", slices), ("bits_per_slice", bits_per_slice)):
            if not is_size(value):
                raise ArrayError(f"{name} = {value!r} must be a positive integer")
        self.bits_per_slice, self.bits = int(bits_per_slice), int(slices) * int(bits_per_slice)
        if self.bits > MOST_BITS:
            raise ArrayError(
                f"slices = {slices} of bits_per_slice = {bits_per_slice} have {self.bits} bits; at most {MOST_BITS} "
                f"are allowed, which is what float32 can tell apart"
            )
        numbers = [part_number(array, weight_slice=s) for s in range(slices)]
        self.slices: list[Crossbar | TiledCrossbar] = [
            Crossbar(self.shape, config, seed=seed, array=number)
            if tile is None
            else TiledCrossbar(self.shape, config, tile=tile, seed=seed, array=number)
            for number in numbers
        ]
        self.config, self.device, self.mapping = (getattr(self.slices[0], n) for n in ("config", "device", "mapping"))
        self.quantisation: Quantisation | None = None

    @property
    def parts(self) -> list[Crossbar | TiledCrossbar]:
        """The slices, least significant first."""
        return self.slices

    @property
    def step(self) -> float:
        """Weight between neighbouring values."""
        return self.mapping.weight_max / (2**self.bits - 1)

    def quantised(self, weights: np.ndarray) -> np.ndarray:
        """The nearest weights that the digits can express, float32. MappingError: a weight is beyond weight_max."""
        return (self._integers(np.asarray(weights, np.float32)) * self.step).astype(np.float32)

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray, **how: Any) -> ProgrammingReport:
        """Store weights (rows, columns), rounded; `how` is passed on to `Crossbar.program` of every slice.

        Returns
        -------
        What it did to each cell: the reports of the slices, stacked (slices, ...), least significant first.
        `quantisation` says what rounding lost (not what clip=True cut off before).

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
        cut = int(np.count_nonzero(self.mapping.beyond(weights))) if how.get("clip") else 0
        if cut:
            limit = np.float32(self.mapping.weight_max)
            weights = np.clip(weights, -limit, limit)
        integers = self._integers(weights)
        base, unit = 2**self.bits_per_slice, self.mapping.weight_max / (2**self.bits_per_slice - 1)
        magnitude, sign, reports = np.abs(integers), np.sign(integers), []
        for part in self.slices:
            reports.append(part.program(sign * (magnitude % base) * unit, **how))
            magnitude //= base
        self.quantisation = Quantisation.of(weights - integers * self.step, self.step, self.bits)
        return replace(ProgrammingReport.joined(reports, np.stack), clipped=cut)

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the slices show, without read noise: a diagnostic that no hardware has."""
        return self._joined([part.read() for part in self.slices])

    def conductances(self) -> np.ndarray:
        """Siemens of all cells, (slices, rows, columns, 2): G+ and G-, least significant slice first."""
        return np.stack([part.conductances() for part in self.slices])

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed, in every slice."""
        x = as_batch(x, self.shape[0], "x")
        check_inputs(x, self.config.dac)
        self._find_one_range(x, transposed=False)
        y = self._joined([part.forward(x) for part in self.slices])
        self._count_sum(self.slices, y.size, transposed=False)
        return y

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed, in every slice."""
        d = as_batch(d, self.shape[1], "d")
        check_inputs(d, self.config.dac)
        self._find_one_range(d, transposed=True)
        y = self._joined([part.backward(d) for part in self.slices])
        self._count_sum(self.slices, y.size, transposed=True)
        return y

    def parts_with_inputs(
        self, x: np.ndarray, transposed: bool
    ) -> Iterator[tuple[Crossbar | TiledCrossbar, np.ndarray]]:
        """Each slice, all of which are driven with the whole x (batch, driven)."""
        return ((part, x) for part in self.slices)

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Always ArrayError: an outer product moves cells by fractions of a digit and knows no carries."""
        raise ArrayError(
            "bit-sliced weights cannot be updated in place: pulses do not carry from one slice to the next; keep the "
            "weights digitally and program them, or train on a Crossbar or a TiledCrossbar"
        )

    # -- inside -----------------------------------------------------------------------------------------------------

    def _integers(self, weights: np.ndarray) -> np.ndarray:
        """Weights in whole steps, int64."""
        beyond = self.mapping.beyond(weights)
        if beyond.any():
            raise MappingError(
                f"{int(beyond.sum())} of {weights.size} weights are beyond weight_max = {self.mapping.weight_max:.6g} "
                f"(largest {float(np.max(np.abs(weights))):.6g}); raise weight_max, or program with clip=True"
            )
        most = 2**self.bits - 1
        nearest = np.rint(weights.astype(np.float64) / self.step)
        return np.clip(nearest, -most, most).astype(np.int64)  # beyond weight_max by float32 rounding at most

    def _joined(self, of_slices: list[np.ndarray]) -> np.ndarray:
        """Shift and add, from the most significant slice down (Horner), and the unit of the sum; changes the first."""
        if len(of_slices) == 1:
            return of_slices[0]
        total = of_slices[-1]
        base = np.float32(2**self.bits_per_slice)
        for part in of_slices[-2::-1]:
            total *= base
            total += part
        total *= np.float32((2**self.bits_per_slice - 1) / (2**self.bits - 1))
        return total


@dataclass(frozen=True)
class Quantisation:
    """What rounding to fixed point does to programmed weights.

    Attributes
    ----------
    bits : int
        of the magnitude; the sign is one more.
    step : float
        weight between neighbouring values.
    worst, rms : float
        largest and root-mean-square rounding error, in weight; the worst is at most half a step.
    """

    bits: int
    step: float
    worst: float
    rms: float

    @classmethod
    def of(cls, errors: np.ndarray, step: float, bits: int) -> Quantisation:
        """The summary of rounding errors (weight - what is stored)."""
        return cls(bits, step, float(np.max(np.abs(errors))), float(np.sqrt(np.mean(np.square(errors)))))
