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

from .coarse import smooth_modes
from .config import Lines, Wires
from .errors import WireError, WireWarning
from .kernels import N_WORK, solve_some, solve_together
from .ladders import column_ladders, row_ladders
from .net import Limits, Net, Outcome
from .refine import MOST_CELLS, PATIENCE, Refiner

_WORTH_THREADS = 30_000  # cells times vectors
_CANCELLED, _LEAST = 1e-9, 1e-12  # of `kirchhoff.error_scales`
_CERTAIN = 0.1  # of the tolerance: what rounding may do to the current of a line


@dataclass(frozen=True)
class Raw:
    """What the kernels leave for p vectors, turned back: see `WireSolution` for the units.

    by_row (p, m), by_column (p, n): currents of the cells from word to bit line. error (p,): see `WireSolution`. flow
    (p, n): what an error of a column is relative to, A. drops (p, m, n): of the word nodes below their
    driver; rises (p, m, n): of the bit nodes above ground; both have p = 0 where they were not asked for.
    """

    by_row: np.ndarray
    by_column: np.ndarray
    iterations: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    flow: np.ndarray
    drops: np.ndarray
    rises: np.ndarray


@dataclass(frozen=True)
class Circuit:
    """Conductances, turned, and what is computed from them once for all vectors, as the kernels take it."""

    net: Net
    wires: Wires

    @classmethod
    def of(cls, g: np.ndarray, wires: Wires) -> Circuit:
        """From checked conductances (m, n) in the user's orientation."""
        turned = np.ascontiguousarray(turn(g, wires))
        m, n = turned.shape
        by_row, by_column = np.empty((2, m, n))
        lines = wires.lines
        row_ladders(turned, lines, by_row)
        column_ladders(turned, lines, by_column)
        # No path from another line to a column has more ohm in its wires than these.
        longest = lines.word_terminal + lines.bit_terminal + n * lines.word_segment + m * lines.bit_segment
        spread = np.minimum(1.0, turned.sum(axis=0) * longest)
        return cls(Net(turned, by_row, by_column, spread, *smooth_modes(turned, lines), *lines), wires)

    def limits(self, floor: np.ndarray) -> Limits:
        """When conjugate gradients in float64 end. floor (n,): A, what an error of each column is relative to at least."""
        most = self.wires.budget or self.wires.max_iterations
        if self.wires.budget is None and self.net.g.size <= MOST_CELLS:
            most = min(most, PATIENCE)
        return Limits(self.wires.tolerance, most, _CANCELLED, _LEAST, floor, float(np.finfo(float).eps))

    @property
    def _most_ohm(self) -> float:
        return max(self.wires.lines[:4])

    def units(self, which: np.ndarray | range, *, fields: bool = False) -> Raw:
        """Solve for a volt on one word line after another, of those in `which`.

        The answers are to be added up for many lines. So an error is relative to the flow that a column has when all lines are
        driven, over the root of their number, where its flow is less: independent errors of the sum are then within the tolerance.
        """
        m = len(self.net.g)
        whole = self.run(np.ones((1, m)))
        return self.run(np.eye(m)[which], fields=fields, floor=whole.flow[0] / np.sqrt(m))

    def run(
        self,
        voltages: np.ndarray,
        *,
        fields: bool = False,
        initial: np.ndarray | None = None,
        floor: np.ndarray | None = None,
    ) -> Raw:
        """Solve for voltages (p, m) of the word terminals, with the bit terminals at ground.

        Parameters
        ----------
        initial : ndarray, optional
            rises (p, m, n) to begin from.
        floor : ndarray, optional
            A (n,), see `kirchhoff.error_scales`, at a volt.

        Raises
        ------
        WireError
            the tolerance was not reached, or a result is not finite.
        """
        m, n = self.net.g.shape
        # Whole powers of two: exact, and squares of tiny or huge voltages neither vanish nor overflow.
        unit = np.ldexp(1.0, np.frexp(abs(voltages).max(axis=1))[1])[:, None]
        rows, columns = _flips(self.wires)
        volts = np.ascontiguousarray((voltages / unit)[:, rows])
        begin = np.empty((0, m, n))
        if initial is not None:
            begin = np.ascontiguousarray(turn(initial / unit[:, :, None], self.wires))
        limits = self.limits(np.zeros(n) if floor is None else floor[columns] / unit.max(initial=1.0))
        out = self._run(volts, begin, fields, limits)
        self._require_finite(out)
        if self.wires.budget is None:
            self._mend(volts, begin, out, limits)
        scale = unit[:, :, None] if fields else 1.0
        return Raw(
            (out.by_row * unit)[:, rows],
            (out.by_column * unit)[:, columns],
            out.iterations,
            out.residual,
            np.maximum(out.misfit, out.uncertain),
            (out.flow * unit)[:, columns],
            turn(out.fields[:, 0] * scale, self.wires),
            turn(out.fields[:, 1] * scale, self.wires),
        )

    def _run(self, volts: np.ndarray, begin: np.ndarray, fields: bool, limits: Limits) -> Outcome:
        """What the kernels leave for turned voltages."""
        net = self.net
        m, n = net.g.shape
        p = len(volts)
        out = Outcome(
            np.zeros((p, m)),
            np.zeros((p, n)),
            np.zeros((p, n)),
            np.zeros(p, np.int64),
            np.zeros(p),
            np.zeros(p),
            np.zeros(p),
            np.zeros(p),
            np.empty((p if fields else 0, 2, m, n)),
        )
        workers = min(numba.get_num_threads(), p)
        if workers > 1 and net.g.size * p >= _WORTH_THREADS:
            solve_together(net, volts, limits, np.empty((workers, N_WORK, m, n)), begin, out)
        else:
            solve_some(net, volts, limits, np.empty((N_WORK, m, n)), 0, 1, begin, out)
        return out

    def _require_finite(self, out: Outcome) -> None:
        for values in (out.residual, out.by_row, out.by_column):
            if not np.isfinite(values).all():
                raise WireError(
                    "the solve met a number that is not finite: conductances times wire resistances, up to "
                    f"{self.net.g.max() * self._most_ohm:.3g} here, are too large for float64"
                )

    def _mend(self, volts: np.ndarray, begin: np.ndarray, out: Outcome, limits: Limits) -> None:
        """Refine the vectors whose currents float64 did not get right, or raise."""
        tolerance = self.wires.tolerance
        certain = out.uncertain <= _CERTAIN * tolerance
        wrong = np.flatnonzero(~certain | (out.misfit > tolerance) | (out.residual > tolerance))
        if not len(wrong):
            return
        refiner = Refiner(self.net, limits, self.wires.max_iterations)
        for k in wrong:
            u, x = (
                out.fields[k]
                if len(out.fields)
                else self._run(volts[k : k + 1], begin[k : k + 1], True, limits).fields[0]
            )
            converged = out.iterations[k] < limits.iterations
            at_rounding = out.residual[k] > tolerance and out.residual[k] * out.scale[k] <= rounding(
                u, x, self.wires.lines
            )
            if certain[k] and converged and at_rounding:
                continue  # no more can be said of these node voltages: a warning follows
            refined = None
            if converged or self.wires.max_iterations > PATIENCE:
                refined = refiner.run(volts[k], x, bool(converged))
            if refined is None:
                raise WireError(self._missed(out, int(k), bool(converged), refiner))
            state, iterations = refined
            out.by_row[k], out.by_column[k] = state.by_row, state.by_column
            out.iterations[k] += iterations
            missing = state.missing(self.wires.lines)
            out.residual[k] = missing / out.scale[k] if out.scale[k] > 0 else missing
            out.misfit[k], out.uncertain[k] = state.moved, 0.0
            if len(out.fields):
                out.fields[k] = state.drop, state.rise[0]
        warn_of_rounding(out.residual, self.wires)

    def _missed(self, out: Outcome, vector: int, converged: bool, refiner: Refiner) -> str:
        """Why vector `vector` has no solution."""
        iterations, wires = int(out.iterations[vector]), self.wires
        if not converged and iterations >= wires.max_iterations:
            why = f"max_iterations = {wires.max_iterations} allows no more"
        elif not refiner.can_factorise:
            why = (
                f"{self.net.g.size} cells are too many to be factorised (up to {MOST_CELLS} are), and conductances times wire "
                f"resistances span too much for conjugate gradients: up to {self.net.g.max() * self._most_ohm:.3g}"
            )
        else:
            span = self.net.g.max() * self._most_ohm
            why = f"conductances times wire resistances reach {span:.3g}: too much even for a factorisation in float64, refined"
        return missed(float(out.residual[vector]), iterations, vector, wires, why)


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


def rounding(u: np.ndarray, x: np.ndarray, lines: Lines) -> float:
    """What Kirchhoff's law misses (A, 2-norm) if each node voltage is off by two units in its last place: no solver can do better.

    It is large where a node's voltage is far above the drops to its neighbours: long lines, or terminals of many segments' resistance.
    """
    total = 0.0
    for voltage, segment, terminal in (
        (u, lines.word_segment, lines.word_terminal),
        (x, lines.bit_segment, lines.bit_terminal),
    ):
        least = segment if segment > 0 else terminal
        if least > 0:
            total += float(np.linalg.norm(voltage)) / least
    return 4.0 * 2.0 * np.finfo(float).eps * total


def missed(residual: float, iterations: int, vector: int, wires: Wires, why: str) -> str:
    """The message for a solve that did not reach its tolerance."""
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
