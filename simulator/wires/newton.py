"""Non-linear cells: damped Newton steps, each a linear array with the cells' slopes as conductances.

At the drops d a cell is replaced by its slope g = dI/dV in parallel with the current I(d) - g d. The linear array is symmetric
positive definite as ever. Cells that conduct more at more voltage make the solution unique, and a Newton step reduces what
Kirchhoff's law misses, so halving it until it does converges from any start.
"""

from __future__ import annotations

import numpy as np

from .circuit import Circuit, Raw, missed, rounding, turn, warn_of_rounding
from .config import Wires
from .errors import WireError
from .iv import CellLaw
from .kernels import IDEAL, N_WORK, RISE, iterate, row_drops
from .kirchhoff import violation
from .net import Totals

MOST_STEPS = 200
_HALVINGS = 40


def newton(
    g: np.ndarray,
    voltages: np.ndarray,
    wires: Wires,
    law: CellLaw,
    *,
    fields: bool = False,
    initial: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Raw, np.ndarray]:
    """Solve each vector of voltages (p, m) of the word terminals; returns also the Newton steps (p,).

    Parameters
    ----------
    initial : tuple[ndarray, ndarray], optional
        drops and rises (p, m, n) to begin from.

    Raises
    ------
    WireError
        the law gives a current or slope that is not finite or negative; the tolerance was not reached.
    """
    (m, n), p = g.shape, len(voltages)
    turned = np.ascontiguousarray(turn(g, wires))
    raw = Raw(
        np.zeros((p, m)),
        np.zeros((p, n)),
        np.zeros(p, np.int64),
        np.zeros(p),
        np.full(p, np.nan),
        np.zeros((p, n)),
        np.zeros((p if fields else 0, m, n)),
        np.zeros((p if fields else 0, m, n)),
    )
    steps = np.zeros(p, np.int64)
    work = np.empty((N_WORK, m, n))
    for k in range(p):
        ideal = np.ascontiguousarray(turn(np.repeat(voltages[k][:, None], n, axis=1), wires))
        begin = np.zeros((2, m, n)) if initial is None else np.stack([turn(field[k], wires) for field in initial])
        state = _State.at(turned, ideal, begin[0], begin[1], wires, law)
        _require(bool(np.isfinite([state.missing, state.scale]).all()), law, state)
        while state.missing > wires.tolerance * state.scale and steps[k] < MOST_STEPS:
            after, iterations = _step(turned, ideal, state, wires, law, work)
            raw.iterations[k] += iterations
            if after is None:
                break
            state = after
            steps[k] += 1
        raw.residual[k] = state.missing / state.scale if state.scale > 0 else state.missing
        least = max(wires.tolerance * state.scale, rounding(state.u, state.x, wires.lines))
        if not state.missing <= least:
            why = "no part of a step helps: the conductances span too much for float64"
            if steps[k] >= MOST_STEPS:
                why = f"{MOST_STEPS} steps are the most"
            raise WireError(
                f"{law}: {steps[k]} Newton steps; {missed(float(raw.residual[k]), int(raw.iterations[k]), k, wires, why)}"
            )
        current = turn(state.current, wires)
        raw.by_row[k], raw.by_column[k] = current.sum(axis=1), current.sum(axis=0)
        if fields:
            raw.drops[k], raw.rises[k] = turn(state.u, wires), turn(state.x, wires)
    warn_of_rounding(raw.residual, wires)
    return raw, steps


class _State:
    """Drops u and rises x (m, n) with the cells' currents, what Kirchhoff misses and the size of the currents (A, 2-norms)."""

    def __init__(self, u: np.ndarray, x: np.ndarray, drop: np.ndarray, current: np.ndarray, missing: float) -> None:
        self.u, self.x, self.drop, self.current, self.missing = u, x, drop, current, missing
        self.scale = float(np.linalg.norm(current))

    @classmethod
    def at(cls, g: np.ndarray, ideal: np.ndarray, u: np.ndarray, x: np.ndarray, wires: Wires, law: CellLaw) -> _State:
        drop = ideal - u - x
        current = np.ascontiguousarray(law.current(g, drop))
        with np.errstate(over="ignore", invalid="ignore"):
            missing = float(np.sqrt(violation(current.copy(), u, x, wires.lines)))
            return cls(u, x, drop, current, missing)


def _step(
    g: np.ndarray, ideal: np.ndarray, state: _State, wires: Wires, law: CellLaw, work: np.ndarray
) -> tuple[_State | None, int]:
    """The next state, or None where no part of the step helps; and the iterations of the linear solve."""
    slope = np.ascontiguousarray(law.slope(g, state.drop))
    _require(bool((slope >= 0).all() and np.isfinite(slope).all()), law, state)
    linear = Circuit.of(turn(slope, wires), wires)
    work[RISE] = state.x
    work[IDEAL] = state.current + slope * (state.u + state.x)
    relative = state.missing / state.scale
    inner = max(min(0.1, 0.1 * relative), 0.2 * wires.tolerance)  # Newton squares the error: more would be lost on it
    totals = Totals(np.empty(g.shape[0]), np.empty(g.shape[1]), np.empty(g.shape[1]))
    # The steps are judged by all of Kirchhoff's law, so the misfit of single columns does not prolong one.
    limits = linear.limits(np.zeros(g.shape[1]))._replace(
        tolerance=min(inner, 0.1 * relative), iterations=wires.max_iterations, least=1.0
    )
    iterations, *_ = iterate(linear.net, work, totals, state.scale, limits)
    u = np.empty_like(state.u)
    row_drops(slope, linear.net.by_row, work[IDEAL], work[RISE], linear.net, u)
    du, dx = u - state.u, work[RISE] - state.x
    part = 1.0
    for _ in range(_HALVINGS):
        after = _State.at(g, ideal, state.u + part * du, state.x + part * dx, wires, law)
        if after.missing <= (1 - 1e-4 * part) * state.missing:
            return after, int(iterations)
        part *= 0.5
    return None, int(iterations)


def _require(good: bool, law: CellLaw, state: _State) -> None:
    if not good:
        raise WireError(
            f"{law} gives a current or slope that is negative or not finite at drops up to {abs(state.drop).max():.4g} V; "
            "lower the voltages, or check the law's parameters"
        )
