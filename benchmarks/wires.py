"""IR drop, exact: the wire solver beside badcrossbar and SciPy's SuperLU, in one run, on one thread (and two against one).

    python benchmarks/wires.py [--quick] [result.json]

The ratio is the result; times depend on the machine. Contestants alternate, and the best of all rounds is taken. badcrossbar is
optional (`pip install --no-deps badcrossbar`, and `pip install pathvalidate sigfig`); without it its rows say so. --quick leaves out
all that takes more than a few seconds: SuperLU at 512 and 1024, which needs 6 GB there, and badcrossbar beyond 256.

Cells are log-uniform from 10 k to 1 M ohm, in the hard case from 1 k to 10 k, on 1 ohm wires. SuperLU is given the assembled matrix
and symmetric mode, so its time has no assembly in it; badcrossbar's has.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from benchmark_machine import cores, machine

from revpath.simulator.compile import threads
from revpath.simulator.wires import Wires, effective_matrix, solve
from revpath.simulator.wires.effective import EffectiveMatrix

WIRES = Wires(word_resistance=1.0, bit_resistance=1.0)
# name: rows, vectors (0: the effective matrix), least and largest ohm, goal against badcrossbar, goal against SuperLU
CASES = {
    "128, 1 vector": (128, 1, 1e4, 1e6, 200, None),
    "256, 16 vectors": (256, 16, 1e4, 1e6, 60, None),
    "256, effective matrix": (256, 0, 1e4, 1e6, None, 8),
    "512, 1 vector": (512, 1, 1e4, 1e6, 350, 250),
    "1024, 1 vector, hard": (1024, 1, 1e3, 1e4, None, 80),
}
QUICK = ("128, 1 vector", "256, 16 vectors", "256, effective matrix")


def problem(size: int, vectors: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Resistances (size, size) and voltages (vectors, size)."""
    rng = np.random.default_rng(0)
    resistances = np.exp(rng.uniform(np.log(low), np.log(high), (size, size)))
    return resistances, rng.uniform(0, 1, (vectors, size)) if vectors else np.eye(size)


def nodal(g: np.ndarray, voltages: np.ndarray) -> tuple[sp.csc_matrix, np.ndarray]:
    """The nodal matrix of 1 ohm segments, drivers on the left, ground at the bottom, and its right-hand sides (nodes, vectors)."""
    m, n = g.shape
    beside: Any = [-1, 0, 1]  # SciPy types one offset
    chain = [
        sp.diags_array([-np.ones(k - 1), np.full(k, 2.0), -np.ones(k - 1)], offsets=beside).tolil() for k in (m, n)
    ]
    chain[0][0, 0] = 1.0
    chain[1][n - 1, n - 1] = 1.0
    d = sp.diags_array(g.ravel())
    words = sp.kron(sp.eye_array(m), chain[1]) + d
    bits = sp.kron(chain[0], sp.eye_array(n)) + d
    right = np.zeros((2 * m * n, len(voltages)))
    right[: m * n : n] = voltages.T
    return sp.csc_matrix(sp.block_array([[words, -d], [-d, bits]])), right


def superlu(matrix: sp.csc_matrix, right: np.ndarray) -> np.ndarray:
    """Node voltages by sparse LU of the symmetric matrix, with the ordering that suits it."""
    lu = sla.splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return lu.solve(right)


def badcrossbar() -> Any | None:
    """The package, quiet, or None where it is not installed."""
    handlers, level = logging.root.handlers[:], logging.root.level
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        import badcrossbar as package  # type: ignore[import-not-found]

        warnings.filterwarnings("ignore", module="badcrossbar")
        logging.root.handlers[:] = handlers  # it configures the root logger on import
        logging.root.setLevel(level)
        logging.getLogger("badcrossbar").setLevel(logging.CRITICAL)
        return package
    return None


def best(calls: dict[str, Callable], rounds: dict[str, int]) -> tuple[dict[str, float], dict[str, Any]]:
    """Least seconds of each call and what it returned; a call of k rounds takes part in the first k."""
    seconds, results = dict.fromkeys(calls, np.inf), {}
    for k in range(max(rounds[name] for name in calls)):
        for name, call in calls.items():
            if k < rounds[name]:
                begin = time.perf_counter()
                results[name] = call()
                seconds[name] = min(seconds[name], time.perf_counter() - begin)
    return seconds, results


def memory(case: str) -> float:
    """Megabytes by which the peak of a fresh process grows, for what a peer needed here would hide it."""
    done = subprocess.run([sys.executable, __file__, "--memory", case], capture_output=True, text=True, check=True)
    return float(done.stdout)


def compile_solvers(g: np.ndarray) -> None:
    """So that no compilation is measured."""
    solve(g[:8, :8], np.ones(8), WIRES)
    effective_matrix(g[:8, :8], WIRES)


def grown(case: str) -> float:
    """The same, of this process."""
    size, vectors, low, high, *_ = CASES[case]
    resistances, voltages = problem(size, vectors, low, high)
    g = 1 / resistances
    with threads(1):
        compile_solvers(g)
        before = peak()
        if vectors == 0:
            effective_matrix(g, WIRES)
        else:
            solve(g, voltages, WIRES)
    return round((peak() - before) / 1024, 1)


def peak() -> int:
    """Kilobytes that this program had resident at most: Linux's own count, for getrusage's begins with the parent's."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def measure(case: str, peer: Any | None) -> dict:
    """Best seconds, ratios and agreement of one case, on one thread."""
    size, vectors, low, high, against_bad, against_lu = CASES[case]
    resistances, voltages = problem(size, vectors, low, high)
    g = 1 / resistances
    given = voltages[0] if vectors == 1 else voltages
    ours = (lambda: solve(g, given, WIRES)) if vectors else (lambda: effective_matrix(g, WIRES))
    compile_solvers(g)
    answer = ours()
    calls: dict[str, Callable] = {"revpath": ours}
    rounds = {"revpath": 3 if size > 512 or not vectors else 20, "badcrossbar": 2 if size > 128 else 5, "superlu": 1}
    if against_bad is not None and peer is not None:
        calls["badcrossbar"] = lambda: peer.compute(
            voltages.T, resistances, r_i=1.0, node_voltages=False, all_currents=False
        )
    if against_lu is not None:
        matrix, right = nodal(g, voltages)
        calls["superlu"] = lambda: superlu(matrix, right)
    seconds, results = best(calls, rounds)
    currents = answer.matrix if isinstance(answer, EffectiveMatrix) else answer.currents
    row: dict = {
        "milliseconds": {name: round(1e3 * value, 3) for name, value in seconds.items()},
        "iterations": int(np.max(answer.iterations)),
        "residual": float(np.max(answer.residual)),
        "peak_grew_megabytes": memory(case),
    }
    for name, goal in (("badcrossbar", against_bad), ("superlu", against_lu)):
        if goal is None:
            continue
        if name not in calls:
            row[f"{name}_over_revpath"] = "badcrossbar is not installed"
            continue
        row[f"{name}_over_revpath"] = round(seconds[name] / seconds["revpath"], 1)
        row[f"{name}_goal"] = goal
        if name == "badcrossbar":
            expected = results[name].currents.output
        else:
            nodes = results[name][size * size :].reshape(size, size, -1)
            expected = nodes[-1].T  # over 1 ohm to ground
        error = np.abs(np.atleast_2d(currents) - expected).max() / np.abs(expected).max()
        row[f"{name}_difference"] = float(error)
    return row


def two_threads(quick: bool) -> dict:
    """Time on two threads over time on one, alternating; for one vector the solver stays on one thread."""
    if cores() < 2:
        return {"skipped": "one thread only"}
    out = {}
    for size, vectors in (
        ((128, 1), (64, 16), (256, 16)) if quick else ((128, 1), (64, 16), (256, 16), (512, 4), (1024, 2))
    ):
        resistances, voltages = problem(size, vectors, 1e4, 1e6)
        g, seconds = 1 / resistances, {1: np.inf, 2: np.inf}
        for _ in range(5 if size > 256 else 20):
            for n in seconds:
                with threads(n):
                    begin = time.perf_counter()
                    solve(g, voltages, WIRES)
                    seconds[n] = min(seconds[n], time.perf_counter() - begin)
        out[f"{size}, {vectors} vectors"] = round(seconds[2] / seconds[1], 3)
    return out


def main(out: str | Path | None = None, quick: bool = False) -> dict:
    """All cases; written to `out` as JSON where it is given."""
    peer = badcrossbar()
    result: dict = {"machine": machine(), "wires": WIRES.model_dump(), "quick": quick, "badcrossbar": peer is not None}
    with threads(1):
        result["one_thread"] = {}
        for case in QUICK if quick else CASES:
            result["one_thread"][case] = measure(case, peer)
            print(f"{case}: {result['one_thread'][case]}", flush=True)
    result["two_threads_over_one"] = two_threads(quick)
    print(f"two threads over one: {result['two_threads_over_one']}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", nargs="?", help="JSON file for the result")
    parser.add_argument("--memory", metavar="CASE", help="print the megabytes of one case, and nothing else")
    parser.add_argument("--quick", action="store_true", help="a minute at most")
    arguments = parser.parse_args()
    if arguments.memory is not None:
        print(grown(arguments.memory))
    else:
        main(arguments.out, arguments.quick)
