"""An array prepared for solving: turned so that terminals stand at row 0 and column 0, its chains and smooth modes factorised.

The nodal matrix is symmetric positive definite for every array that `Wires` and `conductance_matrix` accept. Its quadratic form is
the power dissipated with all terminals at ground,

    v' A v = sum over wires and cells of g (v_a - v_b)^2 + sum over terminals of g v_a^2 >= 0,

and it vanishes only if every node is at the potential of every node it is joined to and every node at a terminal is at ground. Each
line reaches its terminal through wires of finite resistance, so then all nodes are at ground, whatever the cells are: no node
floats, and a bit line of open cells just sits at the ground of its terminal. (Nodes joined by no resistance are one node; a line
whose terminal has none either is at its source and no unknown.) The Schur complement S of a positive definite matrix is positive
definite, its preconditioners (`kernels`, `coarse`) are too, and so conjugate gradients converge: the error in the norm of the power
falls by at least (sqrt(k) - 1) / (sqrt(k) + 1) in each iteration, k the condition number of the preconditioned S.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numba
import numpy as np

from .coarse import Coarse, smooth_modes
from .config import Wires
from .errors import WireError, WireWarning
from .kernels import N_WORK, solve_some, solve_together
from .ladders import column_ladders, row_ladders

_WORTH_THREADS = 30_000  # cells times vectors


@dataclass(frozen=True)
class Raw:
    """What the kernels leave for p vectors, turned back: see `WireSolution` for the units.

    by_row (p, m), by_column (p, n): currents of the cells from word to bit line. drops (p, m, n): of the word nodes below their
    driver; rises (p, m, n): of the bit nodes above their terminal; both have p = 0 where they were not asked for.
    """

    by_row: np.ndarray
    by_column: np.ndarray
    iterations: np.ndarray
    residual: np.ndarray
    drops: np.ndarray
    rises: np.ndarray


@dataclass(frozen=True)
class Circuit:
    """Conductances g (m, n), turned, and what is computed from them once for all vectors."""

    g: np.ndarray
    wires: Wires
    lines: np.ndarray
    attenuations: np.ndarray
    coarse: Coarse

    @classmethod
    def of(cls, g: np.ndarray, wires: Wires) -> Circuit:
        """From checked conductances (m, n) in the user's orientation."""
        turned = np.ascontiguousarray(turn(g, wires))
        a = np.empty((2, *g.shape))
        lines = wires.lines
        row_ladders(turned, lines, a[0])
        column_ladders(turned, lines, a[1])
        return cls(turned, wires, lines, a, smooth_modes(turned, lines))

    def run(self, word: np.ndarray, bit: np.ndarray, *, fields: bool = False, initial: np.ndarray | None = None) -> Raw:
        """Solve for the voltages of the word terminals (p, m) and of the bit terminals (p, n).

        initial: rises (p, m, n) to begin from.

        Raises
        ------
        WireError: the tolerance was not reached, or a result is not finite.
        """
        m, n = self.g.shape
        # Whole powers of two: exact, and squares of tiny or huge voltages neither vanish nor overflow.
        unit = np.ldexp(1.0, np.frexp(np.maximum(abs(word).max(axis=1), abs(bit).max(axis=1)))[1])[:, None]
        volts = self._turned_volts(word / unit, bit / unit)
        limits = np.array([self.wires.tolerance, float(self.wires.budget or self.wires.max_iterations)])
        begin = (
            np.empty((0, m, n))
            if initial is None
            else np.ascontiguousarray(turn(initial / unit[:, :, None], self.wires))
        )
        by_row, by_column, counts, residual, _, found = out = self._run(volts, limits, begin, fields)
        self._check(volts, limits, begin, out)
        drops, rises = (
            found[:, 0] * (unit[:, :, None] if fields else 1.0),
            found[:, 1] * (unit[:, :, None] if fields else 1.0),
        )
        rows, columns = _flips(self.wires)
        return Raw(
            (by_row * unit)[:, rows],
            (by_column * unit)[:, columns],
            counts,
            residual,
            turn(drops, self.wires),
            turn(rises, self.wires),
        )

    def _run(self, volts: tuple[np.ndarray, np.ndarray], limits: np.ndarray, begin: np.ndarray, fields: bool) -> tuple:
        """The kernel's `out` for turned voltages."""
        m, n = self.g.shape
        p = len(volts[0])
        out = (
            np.zeros((p, m)),
            np.zeros((p, n)),
            np.zeros(p, np.int64),
            np.zeros(p),
            np.zeros(p),
            np.empty((p if fields else 0, 2, m, n)),
        )
        workers = min(numba.get_num_threads(), p)
        if workers > 1 and self.g.size * p >= _WORTH_THREADS:
            work = np.empty((workers, N_WORK, m, n))
            solve_together(self.g, self.attenuations, volts, self.lines, self.coarse, limits, work, begin, out)
        else:
            work = np.empty((N_WORK, m, n))
            solve_some(self.g, self.attenuations, volts, self.lines, self.coarse, limits, work, 0, 1, begin, out)
        return out

    def _turned_volts(self, word: np.ndarray, bit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = _flips(self.wires)
        return np.ascontiguousarray(word[:, rows]), np.ascontiguousarray(bit[:, columns])

    def _check(self, volts: tuple[np.ndarray, np.ndarray], limits: np.ndarray, begin: np.ndarray, out: tuple) -> None:
        by_row, by_column, counts, residual, scales, found = out
        for values in (residual, by_row, by_column):
            if not np.isfinite(values).all():
                raise WireError(
                    "the solve met a number that is not finite: conductances times wire resistances, up to "
                    f"{self.g.max() * self.lines[:4].max():.3g} here, are too large for float64"
                )
        if self.wires.budget is not None:
            return
        for k in np.flatnonzero(residual > self.wires.tolerance):
            if len(found):
                u, x = found[k]
            else:
                one = tuple(v[k : k + 1] for v in volts)
                u, x = self._run((one[0], one[1]), limits, begin[k : k + 1], True)[-1][0]
            if not residual[k] * scales[k] <= rounding(u, x, self.lines):
                raise WireError(missed(float(residual[k]), int(counts[k]), int(k), self.wires))
        warn_of_rounding(residual, self.wires)


def warn_of_rounding(residual: np.ndarray, wires: Wires) -> None:
    """`WireWarning` where solves that can be no better missed the tolerance."""
    above = int(np.count_nonzero(residual > wires.tolerance))
    if above:
        warnings.warn(
            f"tolerance = {wires.tolerance:g} is below what float64 node voltages of this array can state: {above} of "
            f"{residual.size} solves ended at a residual of up to {float(residual.max()):.3g}",
            WireWarning,
            stacklevel=2,
        )


def rounding(u: np.ndarray, x: np.ndarray, lines: np.ndarray) -> float:
    """What Kirchhoff's law misses (A, 2-norm) if each node voltage is off by two units in its last place: no solver can do better.

    It is large where a node's voltage is far above the drops to its neighbours: long lines, or terminals of many segments' resistance.
    """
    total = 0.0
    for voltage, segment, terminal in ((u, lines[0], lines[1]), (x, lines[2], lines[3])):
        least = segment if segment > 0 else terminal
        if least > 0:
            total += float(np.linalg.norm(voltage)) / least
    return 4.0 * 2.0 * np.finfo(float).eps * total


def missed(residual: float, iterations: int, vector: int, wires: Wires) -> str:
    """The message for a solve that did not reach its tolerance."""
    why = (
        f"max_iterations = {wires.max_iterations} allows no more"
        if iterations >= wires.max_iterations
        else "more of them do not help: the conductances span too much for float64"
    )
    return (
        f"tolerance = {wires.tolerance:g} was not reached: after {iterations} iterations Kirchhoff's law still misses "
        f"{residual:.3g} (vector {vector}); {why}"
    )


def turn(array: np.ndarray, wires: Wires) -> np.ndarray:
    """A view of (..., m, n) with the first terminals at row 0 and column 0; its own inverse."""
    rows, columns = _flips(wires)
    return array[..., rows, columns]


def _flips(wires: Wires) -> tuple[slice, slice]:
    forth, back = slice(None), slice(None, None, -1)
    return back if wires.sense_side == "bottom" else forth, back if wires.drive_side == "right" else forth
