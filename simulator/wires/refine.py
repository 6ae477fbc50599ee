"""Solutions that float64 cannot state: refined, with what Kirchhoff's law misses evaluated in numbers of 31 digits.

Where a cell conducts far more than the wires beside it, its current is a small difference of large numbers, and in float64 little is
left of it. So the node voltages are kept as pairs of float64, the misses of the column nodes are evaluated in pairs (the rows are
eliminated exactly, as ever), and what they ask for is solved in float64 and added: iterative refinement (J. H. Wilkinson, Rounding
Errors in Algebraic Processes, 1963, chapter 3). Each round is worth as many digits as the float64 solve has right. It is done by
conjugate gradients where they converge quickly, else by a sparse LU factorisation of the nodal matrix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ..compile import kernel
from .config import Lines
from .double_double import add, less, over, scaled, times
from .kernels import IMAGE, N_WORK, RISE, SUMS, descend, retire
from .kirchhoff import error_scales
from .net import Limits, Net

MOST_CELLS = 2**18  # of an array that is factorised: 512 x 512 take 6 s and 1 GB
PATIENCE = 200  # iterations of conjugate gradients after which the factorisation is tried
_FACTORISED_AT_ONCE = 20_000  # cells up to which a factorisation is as quick as a handful of iterations
_ROUNDS = 12
_DIGITS = 1e-8  # by how much conjugate gradients reduce the misses in a round
_SETTLED = 0.1  # of the tolerance: the most that the last round may have changed a current


class Precise(NamedTuple):
    """Rises as pairs, (2, m, n); what is evaluated on them: misses of the column nodes (m, n) A, drops (m, n), and sums over the cells
    of rows (m,) and columns (n,), signed and of magnitudes."""

    rise: np.ndarray
    missed: np.ndarray
    drop: np.ndarray
    by_row: np.ndarray
    by_column: np.ndarray
    row_flow: np.ndarray
    column_flow: np.ndarray
    moved: float = 0.0

    def missing(self, lines: Lines) -> float:
        """What Kirchhoff misses at all column nodes (A, 2-norm); columns without resistance are one node, or held by ground."""
        if lines.bit_segment > 0.0:
            return float(np.linalg.norm(self.missed))
        return float(np.linalg.norm(self.missed.sum(axis=0))) if lines.bit_terminal > 0.0 else 0.0

    @classmethod
    def begin(cls, rise: np.ndarray) -> Precise:
        """From rises (m, n) of any quality."""
        m, n = rise.shape
        pair = np.stack([rise, np.zeros_like(rise)])
        field = np.zeros((m, n))
        return cls(pair, field, field.copy(), np.zeros(m), np.zeros(n), np.zeros(m), np.zeros(n))


@kernel()
def evaluate(g, lines, volts, state):
    """Fill a `Precise` from its rises, for the voltages (m,) of the rows."""
    m, n = g.shape
    a, s = np.empty((2, n)), np.empty((2, n))
    one, terminal = (1.0, 0.0), (lines.word_terminal, 0.0)
    columns = np.zeros((2, n))
    state.column_flow[:] = 0.0
    rise = state.rise
    for i in range(m):
        seen, asked = (lines.word_far, 0.0), (0.0, 0.0)
        for k in range(n):
            j = n - 1 - k
            here = scaled(less((volts[i], 0.0), (rise[0, i, j], rise[1, i, j])), g[i, j])
            seen = add(seen, (g[i, j], 0.0))
            ohm = lines.word_segment if j > 0 else lines.word_terminal
            passed = over(one, add(one, scaled(seen, ohm)))
            seen = times(passed, seen)
            a[0, j], a[1, j] = passed
            here = times(passed, here)
            asked = add(here, times(passed, asked))
            s[0, j], s[1, j] = asked
        drop, row, flow = (0.0, 0.0), (0.0, 0.0), 0.0
        for j in range(n):
            passed, asked = (a[0, j], a[1, j]), (s[0, j], s[1, j])
            drop = times(terminal, asked) if j == 0 else add(times(passed, drop), scaled(asked, lines.word_segment))
            x = (rise[0, i, j], rise[1, i, j])
            current = scaled(less(less((volts[i], 0.0), x), drop), g[i, j])
            row = add(row, current)
            columns[0, j], columns[1, j] = add((columns[0, j], columns[1, j]), current)
            flow += abs(current[0])
            state.column_flow[j] += abs(current[0])
            state.drop[i, j] = drop[0]
            if lines.bit_segment > 0.0:
                ohm = (lines.bit_segment, 0.0)
                if i < m - 1:
                    current = add(current, over(less((rise[0, i + 1, j], rise[1, i + 1, j]), x), ohm))
                if i > 0:
                    current = less(current, over(less(x, (rise[0, i - 1, j], rise[1, i - 1, j])), ohm))
            if i == 0 and lines.bit_terminal > 0.0:
                current = less(current, over(x, (lines.bit_terminal, 0.0)))
            if i == m - 1:
                current = less(current, scaled(x, lines.bit_far))
            state.missed[i, j] = current[0]
        state.by_row[i] = row[0]
        state.row_flow[i] = flow
    state.by_column[:] = columns[0]


@kernel()
def add_to_pairs(pairs, change):
    """pairs (2, m, n) += change (m, n)."""
    for i in range(change.shape[0]):
        for j in range(change.shape[1]):
            pairs[0, i, j], pairs[1, i, j] = add((pairs[0, i, j], pairs[1, i, j]), (change[i, j], 0.0))


@kernel(relaxed=True)
def corrected(net, work, missed, share, most):
    """Solve for the rises that take up `missed` (m, n), until its 2-norm is `share` of what it was; they stand in work.

    Returns iterations, and whether that was reached.
    """
    modes = net.across.shape[0]
    amplitudes = np.zeros((modes, modes))
    work[SUMS] = 0.0
    work[IMAGE] = -missed
    work[RISE] = 0.0
    product, squares = retire(net, work, amplitudes, 1.0)
    limit = share * share * squares
    done, squares = descend(net, work, amplitudes, product, squares, limit, most)
    return done, squares <= limit


class Refiner:
    """Refines solutions of one array; factorises it at most once, and only if it must."""

    def __init__(self, net: Net, limits: Limits, most: int) -> None:
        self._net, self._limits, self._most = net, limits, most
        self._factors: Factors | None = None
        self._factorised = net.g.size <= _FACTORISED_AT_ONCE
        self._work: np.ndarray | None = None

    @property
    def can_factorise(self) -> bool:
        return self._net.g.size <= MOST_CELLS

    def run(self, volts: np.ndarray, rise: np.ndarray, converged: bool) -> tuple[Precise, int] | None:
        """The solution for voltages (m,) of the rows, begun from rises (m, n); None where there is none.

        Parameters
        ----------
        converged : bool
            whether conjugate gradients did so before. Returns also their iterations.
        """
        net, iterations = self._net, 0
        state = Precise.begin(rise if np.isfinite(rise).all() else np.zeros_like(rise))
        evaluate(net.g, net, volts, state)
        direct = self._factorised or not converged
        change_before = np.inf
        for _ in range(_ROUNDS):
            before = state.by_row.copy(), state.by_column.copy()
            change, more, direct = self._correction(state.missed, direct)
            if change is None:
                return None
            iterations += more
            add_to_pairs(state.rise, change)
            evaluate(net.g, net, volts, state)
            moved = self._moved(state, before)
            if moved <= _SETTLED * self._limits.tolerance:
                return state._replace(moved=moved), iterations
            if not moved < 0.5 * change_before and direct and np.isfinite(change_before):
                return None
            change_before = moved
        return None

    def _correction(self, missed: np.ndarray, direct: bool) -> tuple[np.ndarray | None, int, bool]:
        """Rises (m, n) that take up the misses, iterations, and whether the next round needs the factorisation."""
        done = 0
        if not direct:
            if self._work is None:
                self._work = np.empty((N_WORK, *self._net.g.shape))
            done, good = corrected(self._net, self._work, missed, _DIGITS, min(PATIENCE, self._most))
            if good:
                return self._work[RISE], int(done), False
        if not self.can_factorise:
            return None, int(done), True
        try:
            if self._factors is None:
                self._factors = Factors(self._net)
            return self._factors.rises(missed), int(done), True
        except RuntimeError:  # SuperLU: singular to working precision
            return None, int(done), True

    def _moved(self, state: Precise, before: tuple[np.ndarray, np.ndarray]) -> float:
        """By how much the round changed the current of a line, relative to `error_scales`: the largest."""
        largest = 0.0
        most = min(np.abs(state.by_row).max(), np.abs(state.by_column).max())
        rows = self._limits._replace(floor=np.zeros_like(state.by_row))  # the floors are those of columns
        for now, then, flow, limits in zip(
            (state.by_row, state.by_column),
            before,
            (state.row_flow, state.column_flow),
            (rows, self._limits),
            strict=True,
        ):
            scale = flow.copy()
            error_scales(scale, most, limits)
            off = np.abs(now - then)
            if scale.max() > 0.0:
                largest = max(largest, float((off[scale > 0] / scale[scale > 0]).max()))
            elif off.any():
                return np.inf
        return largest


class Factors:
    """A sparse LU factorisation of the nodal matrix. Lines without resistance are one node, those held by a terminal none."""

    def __init__(self, net: Net) -> None:
        g, lines = net.g, net
        m, n = g.shape
        row, column = np.indices((m, n))
        words, count = _numbered(row, column, n, lines.word_segment, lines.word_terminal)
        bits, more = _numbered(column, row, m, lines.bit_segment, lines.bit_terminal)
        bits = np.where(bits >= 0, bits + count, -1)
        self._bits, self._size = bits, count + more
        chains = [
            (words, lines.word_segment, lines.word_terminal, lines.word_far),
            (bits.T, lines.bit_segment, lines.bit_terminal, lines.bit_far),
        ]
        parts = [(words, bits, g)]
        for nodes, segment, terminal, far in chains:
            if segment > 0.0:
                parts.append((nodes[:, :-1], nodes[:, 1:], np.full(nodes[:, 1:].shape, 1.0 / segment)))
            if terminal > 0.0:
                ground = np.full(len(nodes), -1)
                parts.append((nodes[:, 0], ground, np.full(len(nodes), 1.0 / terminal)))
                parts.append((nodes[:, -1], ground, np.full(len(nodes), far)))
        a, b, siemens = (np.concatenate([np.ravel(part[k]) for part in parts]) for k in range(3))
        here, there = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        values = np.concatenate([siemens, siemens, -siemens, -siemens])
        inside = (here >= 0) & (there >= 0)
        matrix = sp.coo_array((values[inside], (here[inside], there[inside])), shape=(self._size, self._size)).tocsc()
        self._lu = sla.splu(
            sp.csc_matrix(matrix), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )

    def rises(self, missed: np.ndarray) -> np.ndarray:
        """Rises (m, n) of the column nodes for currents (m, n) A into them."""
        largest = float(np.abs(missed).max())
        held = self._bits < 0
        if self._size == 0 or largest == 0.0:
            return np.zeros_like(missed)
        right = np.zeros(self._size)
        np.add.at(right, self._bits[~held], missed[~held] / largest)
        found = self._lu.solve(right) * largest
        return np.where(held, 0.0, found[self._bits])


def _numbered(
    line: np.ndarray, place: np.ndarray, length: int, segment: float, terminal: float
) -> tuple[np.ndarray, int]:
    """Numbers of the nodes of one layer, -1 where the terminal holds them, and how many there are."""
    lines = int(line.max()) + 1
    if segment > 0.0:
        return line * length + place, lines * length
    return (line, lines) if terminal > 0.0 else (np.full_like(line, -1), 0)
