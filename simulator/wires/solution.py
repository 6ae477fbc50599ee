"""What a solved array returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WireSolution:
    """Currents of an array with resistive wires, for a batch of p vectors; for one vector the first axis is absent.

    m word lines, n bit lines. In a transposed read the bit lines are driven and the word lines sensed.

    Attributes
    ----------
    currents : ndarray
        A (p, n), out of the sensed lines into virtual ground; both ends of a line added. Transposed: (p, m).
    source_currents : ndarray
        A (p, m), out of the drivers; both ends added. Transposed: (p, n). Their sum is the sum of `currents` to
        rounding, at any tolerance or budget.
    residual : ndarray
        (p,) what Kirchhoff's law misses at all nodes of both layers (2-norm), evaluated on the node voltages, relative
        to the 2-norm of the currents that the cells would carry with the sensed lines at ground (non-linear cells: that
        they do carry).
    error : ndarray
        (p,) by how much the current of a line may be off, relative to the current through its cells (their magnitudes
        summed): the largest of all lines. Estimated from what Kirchhoff's law misses along each line, and from
        rounding. Non-linear cells: NaN, for their `residual` is relative to the currents that flow.
    iterations : ndarray
        (p,) of conjugate gradients.
    newton_iterations : ndarray
        (p,); 0 for ohmic cells.
    power_in : ndarray
        W (p,), voltage times current of all drivers.
    power_cells, power_wires : ndarray, optional
        W (p,), dissipated in cells, and in wires, drivers and sense resistances; None unless asked.
    word_voltages, bit_voltages : ndarray, optional
        V (p, m, n) of the nodes of both layers; None unless asked.
    """

    currents: np.ndarray
    source_currents: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    iterations: np.ndarray
    newton_iterations: np.ndarray
    power_in: np.ndarray
    power_cells: np.ndarray | None = None
    power_wires: np.ndarray | None = None
    word_voltages: np.ndarray | None = None
    bit_voltages: np.ndarray | None = None
