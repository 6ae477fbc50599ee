"""What the wires of a crossbar are: resistance per segment, resistance of the terminals, and where these stand."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...devices.base.errors import explain
from .errors import WireError

LEAST_TOLERANCE = 1e-13


class Wires(BaseModel):
    """Resistances of the word lines (rows, driven) and the bit lines (columns, sensed at virtual ground); frozen.

    A terminal stands one segment beyond the cell at the end of its line, the topology of badcrossbar and CrossSim: the ideal
    source of a word line sees `driver_resistance`, then one segment, then the first cell.

    Attributes
    ----------
    word_resistance, bit_resistance: ohm of one segment, between neighbouring cells and between an end cell and its terminal.
        0 is an ideal wire and is treated as such (the line is one node), not as a small number.
    driver_resistance, sense_resistance: ohm in series with every word-line and every bit-line terminal (source or switch; input
        of the sense amplifier). They belong to the lines: in a transposed read each stays where it is.
    drive_side: end of the word lines with a driver: "left" (column 0), "right", or "both".
    sense_side: end of the bit lines that is sensed: "bottom" (last row), "top", or "both", whose currents are added.
    tolerance: largest current that Kirchhoff's law may miss (2-norm over all nodes), relative to the 2-norm of the currents that
        all cells would carry if the sensed lines had no resistance. From 1e-13 to less than 1. Where float64 cannot state node
        voltages that finely (lines of more than about 1400 cells at the default, or terminals of many thousand times a segment)
        the solve ends at their rounding with a `WireWarning`, and `residual` says where that was.
    budget: None, or the most iterations to spend: the solve then returns what it has, with its residual as error estimate.
    max_iterations: without a budget, a solve that needs more is an error.

    Raises
    ------
    WireError: a resistance that is negative or not finite, an unknown side, a tolerance or count outside its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    word_resistance: float = Field(default=1.0, ge=0)
    bit_resistance: float = Field(default=1.0, ge=0)
    driver_resistance: float = Field(default=0.0, ge=0)
    sense_resistance: float = Field(default=0.0, ge=0)
    drive_side: Literal["left", "right", "both"] = "left"
    sense_side: Literal["bottom", "top", "both"] = "bottom"
    tolerance: float = Field(default=1e-10, ge=LEAST_TOLERANCE, lt=1)
    budget: int | None = Field(default=None, ge=1, strict=True)
    max_iterations: int = Field(default=1000, ge=1, strict=True)

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise WireError(f"Wires: {explain(error)}") from error

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
    def lines(self) -> np.ndarray:
        """(6,) ohm of word segment, word terminal, bit segment, bit terminal; siemens of a second word and bit terminal."""
        second = [
            1 / terminal if side == "both" and terminal > 0 else 0.0
            for side, terminal in ((self.drive_side, self.word_terminal), (self.sense_side, self.bit_terminal))
        ]
        return np.array([self.word_resistance, self.word_terminal, self.bit_resistance, self.bit_terminal, *second])
