"""The obvious twin of the wire solver: name every node, list every resistor, join what has no resistance, solve what is left.

Written from the circuit alone; it shares nothing with `revpath.simulator.wires` but the names of the settings. Slow on purpose.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

WORD, BIT = "word", "bit"


def wire_resistors(m: int, n: int, wires) -> list[tuple]:
    """(node, node, ohm) of all wires and terminals. Nodes: (layer, row, column); terminals: (layer, "end", line)."""
    out = []
    for i in range(m):
        out += [((WORD, i, j), (WORD, i, j + 1), wires.word_resistance) for j in range(n - 1)]
        ends = {"left": [0], "right": [n - 1], "both": [0, n - 1]}[wires.drive_side]
        out += [((WORD, "end", i), (WORD, i, j), wires.driver_resistance + wires.word_resistance) for j in ends]
    for j in range(n):
        out += [((BIT, i, j), (BIT, i + 1, j), wires.bit_resistance) for i in range(m - 1)]
        ends = {"bottom": [m - 1], "top": [0], "both": [0, m - 1]}[wires.sense_side]
        out += [((BIT, "end", j), (BIT, i, j), wires.sense_resistance + wires.bit_resistance) for i in ends]
    return out


class Network:
    """The circuit with its nodes joined and numbered; A is the nodal matrix of the nodes that no terminal fixes."""

    def __init__(self, g: np.ndarray, wires) -> None:
        self.m, self.n = g.shape
        self.g = g
        self.resistors = wire_resistors(self.m, self.n, wires)
        self.parent: dict = {}
        for a, b, ohm in self.resistors:
            if ohm == 0 and self.root(a) != self.root(b):
                self.parent[self.root(a)] = self.root(b)
        self.terminals = [(layer, "end", k) for layer, count in ((WORD, self.m), (BIT, self.n)) for k in range(count)]
        fixed = {self.root(t) for t in self.terminals}
        assert len(fixed) == len(self.terminals)
        self.number: dict = {}
        for i in range(self.m):
            for j in range(self.n):
                for layer in (WORD, BIT):
                    node = self.root((layer, i, j))
                    if node not in fixed:
                        self.number.setdefault(node, len(self.number))
        self.fixed = fixed

    def root(self, node):
        while node in self.parent:
            node = self.parent[node]
        return node

    def branches(self, g: np.ndarray):
        """(node, node, siemens) of all that carries current between different joined nodes."""
        for a, b, ohm in self.resistors:
            if ohm > 0:
                yield self.root(a), self.root(b), 1 / ohm
        for i in range(self.m):
            for j in range(self.n):
                if g[i, j] > 0:
                    yield self.root((WORD, i, j)), self.root((BIT, i, j)), g[i, j]

    def matrix(self, g: np.ndarray, level: dict) -> tuple[sp.csc_matrix, np.ndarray]:
        """Nodal matrix and injected currents for conductances g and the voltages of the fixed nodes."""
        entries = defaultdict(float)
        b = np.zeros(len(self.number))
        for p, q, s in self.branches(g):
            for here, there in ((p, q), (q, p)):
                if here in self.number:
                    i = self.number[here]
                    entries[i, i] += s
                    if there in self.number:
                        entries[i, self.number[there]] -= s
                    else:
                        b[i] += s * level[there]
        rows, columns = (np.array([key[k] for key in entries], int) for k in (0, 1))
        size = len(self.number)
        return sp.csc_matrix((list(entries.values()), (rows, columns)), shape=(size, size)), b

    def levels(self, word: np.ndarray, bit: np.ndarray) -> dict:
        return {self.root(t): (word if t[0] == WORD else bit)[t[2]] for t in self.terminals}

    def nodes(self, v: np.ndarray, level: dict) -> tuple[np.ndarray, np.ndarray]:
        """Voltages (m, n) of both layers."""

        def at(layer: str) -> np.ndarray:
            roots = [[self.root((layer, i, j)) for j in range(self.n)] for i in range(self.m)]
            return np.array([[v[self.number[r]] if r in self.number else level[r] for r in row] for row in roots])

        return at(WORD), at(BIT)


def solve_linear(g: np.ndarray, word: np.ndarray, bit: np.ndarray, wires) -> dict:
    """Node voltages (m, n) of both layers, and the currents of the cells summed by row and by column, for terminal voltages."""
    network = Network(g, wires)
    level = network.levels(word, bit)
    a, b = network.matrix(g, level)
    v = np.zeros(0)
    if len(b):
        lu = sla.splu(a, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        v = lu.solve(b)
        v = v + lu.solve(b - a @ v)
    top, low = network.nodes(v, level)
    current = g * (top - low)
    return {"word": top, "bit": low, "rows": current.sum(axis=1), "columns": current.sum(axis=0)}


def dense_residual(g: np.ndarray, word: np.ndarray, bit: np.ndarray, wires, top: np.ndarray, low: np.ndarray) -> float:
    """2-norm of what Kirchhoff's law misses for given node voltages (m, n)."""
    network = Network(g, wires)
    a, b = network.matrix(g, network.levels(word, bit))
    v = np.zeros(len(b))
    for layer, values in ((WORD, top), (BIT, low)):
        for i in range(network.m):
            for j in range(network.n):
                node = network.root((layer, i, j))
                if node in network.number:
                    v[network.number[node]] = values[i, j]
    return float(np.linalg.norm(a @ v - b))


def solve_nonlinear(g: np.ndarray, word: np.ndarray, wires, current) -> tuple[np.ndarray, np.ndarray]:
    """Currents (n,) of the bit lines and drops (m, n) for cells of current(g, drop), by scipy.optimize.root on Kirchhoff's law."""
    from scipy.optimize import root

    network = Network(g, wires)
    level = network.levels(word, np.zeros(network.n))
    a, b = network.matrix(np.zeros_like(g), level)

    def drops(v: np.ndarray) -> np.ndarray:
        top, low = network.nodes(v, level)
        return top - low

    def kirchhoff(v: np.ndarray) -> np.ndarray:
        out = a @ v - b
        through = current(g, drops(v))
        for i in range(network.m):
            for j in range(network.n):
                for layer, sign in ((WORD, 1), (BIT, -1)):
                    node = network.root((layer, i, j))
                    if node in network.number:
                        out[network.number[node]] += sign * through[i, j]
        return out

    linear = solve_linear(g, word, np.zeros(network.n), wires)
    begin = np.zeros(len(b))
    for layer in (WORD, BIT):
        for i in range(network.m):
            for j in range(network.n):
                node = network.root((layer, i, j))
                if node in network.number:
                    begin[network.number[node]] = linear[layer][i, j]
    found = root(kirchhoff, begin, tol=1e-14)
    assert np.linalg.norm(kirchhoff(found.x)) < 1e-9 * np.linalg.norm(current(g, drops(found.x)))
    return current(g, drops(found.x)).sum(axis=0), drops(found.x)


def exact_currents(g: np.ndarray, word: np.ndarray, bit: np.ndarray, wires) -> tuple[np.ndarray, ...]:
    """Currents of the cells summed by row (p, m) and by column (p, n), and their magnitudes summed likewise, for batches of voltages.

    LU of the nodal matrix, refined in 80-bit floats until a step changes no node by 1e-18. No line may be without resistance.
    """
    (m, n), long = g.shape, np.longdouble
    nodes = np.arange(m * n).reshape(m, n)
    words, bits, fixed = nodes, nodes + m * n, 2 * m * n
    branches = [(words[:, :-1], words[:, 1:], 1 / long(wires.word_resistance))]
    branches += [(bits[:-1], bits[1:], 1 / long(wires.bit_resistance))]
    for j in {"left": [0], "right": [n - 1], "both": [0, n - 1]}[wires.drive_side]:
        ohm = long(wires.driver_resistance) + long(wires.word_resistance)
        branches += [(words[:, j], fixed + np.arange(m), 1 / ohm)]
    for i in {"bottom": [m - 1], "top": [0], "both": [0, m - 1]}[wires.sense_side]:
        ohm = long(wires.sense_resistance) + long(wires.bit_resistance)
        branches += [(bits[i], fixed + m + np.arange(n), 1 / ohm)]
    a, b = (np.concatenate([np.ravel(branch[k]) for branch in (*branches, (words, bits))]) for k in (0, 1))
    wire = [np.full(np.size(branch[0]), branch[2]) for branch in branches]
    s = np.concatenate([*wire, g.ravel().astype(long)])
    here, there, value = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a]), s.astype(float)
    laplacian = sp.coo_matrix((np.concatenate([value, value, -value, -value]), (here, there))).tocsc()
    lu = sla.splu(
        laplacian[:fixed, :fixed], permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    cells = np.empty((len(word), m, n))
    rows, columns = np.empty((len(word), m)), np.empty((len(word), n))
    for k in range(len(word)):
        v = np.concatenate([np.zeros(fixed, long), word[k], bit[k]])
        settled = False
        for _ in range(20):
            flow, missed = s * (v[a] - v[b]), np.zeros(len(v), long)
            np.add.at(missed, b, flow)
            np.add.at(missed, a, -flow)
            largest = np.abs(missed[:fixed]).max()
            if largest == 0:
                break
            if settled:
                break
            step = lu.solve((missed[:fixed] / largest).astype(float)).astype(long) * largest
            v[:fixed] += step
            settled = np.abs(step).max() <= 1e-18 * np.abs(v).max()
        else:
            raise AssertionError("the reference does not settle")
        cells[k] = flow[-m * n :].reshape(m, n)
        # Of the terminals, which are no small differences of large numbers, as those of a short are even in 80 bits.
        rows[k], columns[k] = -missed[fixed : fixed + m], missed[fixed + m :]
    return rows, columns, np.abs(cells).sum(axis=2), np.abs(cells).sum(axis=1)
