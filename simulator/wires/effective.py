"""The matrix that an array with resistive wires really is: exact, built once, then a read with IR drop is one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .check import conductance_matrix, wires_given
from .circuit import Circuit
from .config import Wires


@dataclass(frozen=True)
class EffectiveMatrix:
    """A resistive array seen from its terminals; linear cells only.

    Attributes
    ----------
    matrix : ndarray
        S (m, n), float64: currents = voltages @ matrix. By reciprocity a transposed read, the bit lines driven at their
        sense terminals, is currents = voltages @ matrix.T.
    drive_admittance : ndarray
        S (m, m), symmetric: source_currents = voltages @ drive_admittance, and the array, wires and terminals draw
        voltages @ drive_admittance @ voltages watts. An entry is right to the tolerance relative to itself or, where
        that is more, to the current of its bit line with all word lines driven, over the square root of their number.
    residual, iterations : ndarray
        (m,) of the solve for a unit voltage at each word line.
    """

    matrix: np.ndarray
    drive_admittance: np.ndarray
    residual: np.ndarray
    iterations: np.ndarray

    def power(self, voltages: np.ndarray) -> np.ndarray:
        """W (p,) drawn from the drivers for voltages (p, m), cells and wires together."""
        return np.einsum("...i,...i->...", voltages @ self.drive_admittance, voltages)


def effective_matrix(conductances: np.ndarray, wires: Wires) -> EffectiveMatrix:
    """Solve for a unit voltage at each of the m word lines.

    Parameters
    ----------
    conductances : ndarray
        (m, n) S.
    wires : Wires
        with a budget, the matrix is that of so many iterations, and `residual` says how good.

    Raises
    ------
    WireError
        as `solve`.
    """
    g = conductance_matrix(conductances)
    m = len(g)
    raw = Circuit.of(g, wires_given(wires)).units(range(m))
    return EffectiveMatrix(raw.by_column, raw.by_row, raw.residual, raw.iterations)
