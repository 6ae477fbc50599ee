"""What the wires of a crossbar are: resistance per segment, resistance of the terminals, and where these stand."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from ...devices.base.errors import RevpathError
from ...devices.base.frozen import Frozen
from .errors import WireError

LEAST_TOLERANCE = 1e-13


class Lines(NamedTuple):
    """Ohm of the segments and terminals of word and bit lines; far: siemens of a second terminal at the other end, 0 without."""

    word_segment: float
    word_terminal: float
    bit_segment: float
    bit_terminal: float
    word_far: float
    bit_far: float


class Wires(Frozen):
    """Resistances of the word lines (rows, driven) and the bit lines (columns, sensed at virtual ground); frozen.

    A terminal stands one segment beyond the cell at the end of its line, the topology of badcrossbar and CrossSim: the ideal
    source of a word line sees `driver_resistance`, then one segment, then the first cell.

    Attributes
    ----------
    word_resistance, bit_resistance : float
        ohm of one segment, between neighbouring cells and between an end cell and its terminal. 0 is an ideal wire and
        is treated as such (the line is one node), not as a small number.
    driver_resistance, sense_resistance : float
        ohm in series with every word-line and every bit-line terminal (source or switch; input of the sense amplifier).
        They belong to the lines: in a transposed read each stays where it is.
    drive_side : {"left", "right", "both"}
        end of the word lines with a driver: "left" (column 0), "right", or "both".
    sense_side : {"bottom", "top", "both"}
        end of the bit lines that is sensed: "bottom" (last row), "top", or "both", whose currents are added.
    tolerance : float
        by how much the current of a sensed line may be off, relative to the current through its cells (their magnitudes
        summed), or to the largest current of a terminal where that is less; `WireSolution.error` says what came. It is
        also the most that Kirchhoff's law may miss, see `WireSolution.residual`. From 1e-13 to less than 1. Cells that
        conduct far more than the wires beside them (shorts) are solved in numbers of 31 digits where float64 is not
        enough. Where float64 cannot state node voltages so finely that they obey Kirchhoff (lines of more than about
        1400 cells at the default, or terminals of many thousand times a segment) the solve ends at their rounding with
        a `WireWarning`, and `residual` says where.
    budget : int, optional
        None, or the most iterations to spend: the solve then returns what it has, with its residual as error estimate.
    max_iterations : int
        without a budget, a solve that needs more is an error.

    Raises
    ------
    WireError
        a resistance that is negative or not finite, an unknown side, a tolerance or count outside its range.
    """

    refusal: ClassVar[type[RevpathError]] = WireError

    word_resistance: float = Field(default=1.0, ge=0)
    bit_resistance: float = Field(default=1.0, ge=0)
    driver_resistance: float = Field(default=0.0, ge=0)
    sense_resistance: float = Field(default=0.0, ge=0)
    drive_side: Literal["left", "right", "both"] = "left"
    sense_side: Literal["bottom", "top", "both"] = "bottom"
    tolerance: float = Field(default=1e-10, ge=LEAST_TOLERANCE, lt=1)
    budget: int | None = Field(default=None, ge=1, strict=True)
    max_iterations: int = Field(default=1000, ge=1, strict=True)

    @property
    def word_terminal(self) -> float:
        """Ohm between the driver and the first cell of a word line."""
        return self.word_resistance + self.driver_resistance

    @property
    def bit_terminal(self) -> float:
        """Ohm between the last cell of a bit line and virtual ground."""
        return self.bit_resistance + self.sense_resistance

    @property
    def ideal(self) -> bool:
        """No resistance anywhere: currents follow from Ohm's law."""
        return self.word_terminal == 0 and self.bit_terminal == 0

    @property
    def swapped(self) -> Wires:
        """Of the array on its side, conductances.T: the bit lines are driven, the word lines sensed."""
        sides = {"left": "top", "right": "bottom", "top": "left", "bottom": "right", "both": "both"}
        return self.model_copy(
            update={
                "word_resistance": self.bit_resistance,
                "bit_resistance": self.word_resistance,
                "driver_resistance": self.sense_resistance,
                "sense_resistance": self.driver_resistance,
                "drive_side": sides[self.sense_side],
                "sense_side": sides[self.drive_side],
            }
        )

    @property
    def lines(self) -> Lines:
        """The same as numbers for the kernels."""
        second = [
            1 / terminal if side == "both" and terminal > 0 else 0.0
            for side, terminal in ((self.drive_side, self.word_terminal), (self.sense_side, self.bit_terminal))
        ]
        return Lines(
            float(self.word_resistance),
            float(self.word_terminal),
            float(self.bit_resistance),
            float(self.bit_terminal),
            *second,
        )
