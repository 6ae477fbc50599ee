"""Solve an array with resistive wires for a batch of voltages: the one function most callers need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .check import conductance_matrix, voltage_batch, wires_given
from .circuit import Circuit, Raw, turn
from .config import Wires
from .errors import WireError
from .iv import CellLaw, Ohmic
from .newton import newton
from .power import wire_power
from .solution import WireSolution

_FIELD_BYTES = 64_000_000  # node voltages held at once where only their power is wanted


def solve(
    conductances: np.ndarray,
    voltages: np.ndarray,
    wires: Wires,
    *,
    transposed: bool = False,
    cells: CellLaw | None = None,
    initial: WireSolution | None = None,
    keep_nodes: bool = False,
    power: bool = False,
) -> WireSolution:
    """Exact currents of a crossbar whose wires have resistance (IR drop), or with `wires.budget` those after so many iterations.

    Every vector is solved by itself: a result does not depend, to the bit, on its batch or on the number of threads.

    Parameters
    ----------
    conductances : ndarray
        (m, n) S, m word lines by n bit lines; 0 is an open cell.
    voltages : ndarray
        (m,) or (p, m) V of the drivers; the bit lines are sensed at virtual ground.
    wires : Wires
        resistances, sides, tolerance, budget.
    transposed : bool
        drive the bit lines at their sense terminals instead, voltages (n,) or (p, n), and sense the word lines.
    cells : CellLaw, optional
        None for ohmic cells, or a law from `iv`; then Newton's method with the same solver, and no budget.
    initial : WireSolution, optional
        a solution for as many vectors, made with keep_nodes, to begin from (conductances that changed a little).
    keep_nodes : bool
        return word_voltages and bit_voltages.
    power : bool
        return power_cells and power_wires.

    Raises
    ------
    WireError
        bad input; the tolerance was not reached (never with a budget); a number is not finite.
    """
    g = conductance_matrix(conductances)
    wires = wires_given(wires)
    m, n = g.shape
    single = np.ndim(voltages) == 1
    v = voltage_batch(voltages, n if transposed else m)
    nodes = _nodes_of(initial, (len(v), m, n))
    law = None if cells is None or isinstance(cells, Ohmic) else cells
    if law is not None and not isinstance(law, CellLaw):
        raise WireError(f"cells = {cells!r} must be None or a law of revpath.simulator.wires.iv")
    if law is not None and wires.budget is not None:
        raise WireError(
            f"budget = {wires.budget!r} must be None for non-linear cells: Newton's method needs its tolerance"
        )
    if transposed:  # the array on its side: the lines that are sensed are always the columns
        g, wires = np.ascontiguousarray(g.T), wires.swapped
        nodes = None if nodes is None else (nodes[1].swapaxes(1, 2), nodes[0].swapaxes(1, 2))
    found = _driven(g, v, wires, law, nodes, keep_nodes=keep_nodes, power=power)
    if transposed and keep_nodes:
        assert found.word_voltages is not None
        assert found.bit_voltages is not None
        found = replace(
            found,
            word_voltages=found.bit_voltages.swapaxes(1, 2),
            bit_voltages=found.word_voltages.swapaxes(1, 2),
        )
    return _first(found) if single else found


def _driven(
    g: np.ndarray,
    v: np.ndarray,
    wires: Wires,
    law: CellLaw | None,
    nodes: tuple[np.ndarray, np.ndarray] | None,
    *,
    keep_nodes: bool,
    power: bool,
) -> WireSolution:
    """Solve with the rows driven at v (p, m), in chunks where only the power of the fields is wanted."""
    circuit = Circuit.of(g, wires) if law is None else None
    fields = keep_nodes or power
    chunk = len(v) if keep_nodes or not power else max(1, _FIELD_BYTES // (16 * g.size))
    parts = []
    for some in _chunks(len(v), chunk):
        near = None if nodes is None else (v[some, :, None] - nodes[0][some], nodes[1][some])
        if circuit is not None:
            raw = circuit.run(v[some], fields=fields, initial=None if near is None else near[1])
            steps = np.zeros(len(raw.residual), np.int64)
        else:
            assert law is not None
            raw, steps = newton(g, v[some], wires, law, fields=fields, initial=near)
        parts.append(_assemble(g, wires, law, v[some], raw, steps, keep_nodes, power))
    return _join(parts)


def _chunks(total: int, size: int) -> Iterator[slice]:
    for first in range(0, max(total, 1), max(size, 1)):
        yield slice(first, first + max(size, 1))


def _nodes_of(initial: WireSolution | None, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Word and bit voltages of `shape` of a solution to begin from."""
    if initial is None:
        return None
    top, low = getattr(initial, "word_voltages", None), getattr(initial, "bit_voltages", None)
    if top is None or low is None:
        raise WireError(
            "initial has no word_voltages and bit_voltages: it must be a WireSolution made with keep_nodes=True"
        )
    if low.ndim == 2:
        top, low = top[None], low[None]
    if low.shape != shape:
        raise WireError(f"initial has bit_voltages of shape {low.shape}; they must be {shape}")
    return top, low


def _assemble(
    g: np.ndarray,
    wires: Wires,
    law: CellLaw | None,
    v: np.ndarray,
    raw: Raw,
    steps: np.ndarray,
    keep_nodes: bool,
    power: bool,
) -> WireSolution:
    in_cells = in_wires = None
    if power:
        in_cells, in_wires = np.empty(len(v)), np.empty(len(v))
        for k in range(len(v)):
            drop = v[k][:, None] - raw.drops[k] - raw.rises[k]
            in_cells[k] = ((g * drop if law is None else law.current(g, drop)) * drop).sum()
            drops, rises = (np.ascontiguousarray(turn(field[k], wires)) for field in (raw.drops, raw.rises))
            in_wires[k] = sum(wire_power(drops, rises, wires.lines))
    return WireSolution(
        currents=raw.by_column,
        source_currents=raw.by_row,
        residual=raw.residual,
        error=raw.error,
        iterations=raw.iterations,
        newton_iterations=steps,
        power_in=(v * raw.by_row).sum(axis=1),
        power_cells=in_cells,
        power_wires=in_wires,
        word_voltages=v[:, :, None] - raw.drops if keep_nodes else None,
        bit_voltages=raw.rises if keep_nodes else None,
    )


def _join(parts: list[WireSolution]) -> WireSolution:
    def joined(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        if values[0] is None:
            return None
        return np.ascontiguousarray(np.concatenate(values) if len(values) > 1 else values[0])

    return WireSolution(**{name: joined(name) for name in WireSolution.__dataclass_fields__})


def _first(found: WireSolution) -> WireSolution:
    """The solution of one vector, without the axis of the batch."""

    def first(name: str) -> Any:
        value = getattr(found, name)
        return None if value is None else value[0]

    return WireSolution(**{name: first(name) for name in WireSolution.__dataclass_fields__})
