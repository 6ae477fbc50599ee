"""What the wires of a crossbar are: resistance per segment, resistance of the terminals, and where these stand."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Wires(BaseModel):
    """Resistances of the word lines (rows, driven) and the bit lines (columns, sensed at virtual ground); frozen.

    Attributes
    ----------
    word_resistance, bit_resistance: ohm of one segment, between neighbouring cells and between the first cell and the terminal.
        0 is an ideal wire and is treated as such, not as a small number.
    driver_resistance, sense_resistance: ohm in series with every word-line and every bit-line terminal (source or switch; input
        of the sense amplifier). They belong to the lines: in a transposed read each stays where it is.
    drive_side, sense_side: the end of the word lines ("left" is column 0) and of the bit lines ("bottom" is the last row) with
        the terminal; the other end is open.

    Every node reaches a terminal through wires of finite resistance, so no node floats, whatever the cells are: a bit line with
    open cells only sits at the ground of its sense terminal and carries no current.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    word_resistance: float = Field(default=1.0, ge=0)
    bit_resistance: float = Field(default=1.0, ge=0)
    driver_resistance: float = Field(default=0.0, ge=0)
    sense_resistance: float = Field(default=0.0, ge=0)
    drive_side: Literal["left", "right"] = "left"
    sense_side: Literal["bottom", "top"] = "bottom"

    @property
    def word_terminal(self) -> float:
        """Ohm between the driver and the first cell of a word line."""
        return self.word_resistance + self.driver_resistance

    @property
    def bit_terminal(self) -> float:
        """Ohm between the last cell of a bit line and ground."""
        return self.bit_resistance + self.sense_resistance

    @property
    def ideal(self) -> bool:
        """No resistance anywhere: currents follow from Ohm's law."""
        return self.word_terminal == 0 and self.bit_terminal == 0

    def transposed(self) -> Wires:
        """The same wires seen from the bit lines, for conductances.T: the bit lines are driven and the word lines sensed."""
        return Wires(
            word_resistance=self.bit_resistance,
            bit_resistance=self.word_resistance,
            driver_resistance=self.sense_resistance,
            sense_resistance=self.driver_resistance,
            drive_side="right" if self.sense_side == "bottom" else "left",
            sense_side="top" if self.drive_side == "left" else "bottom",
        )
