"""Characters a second of the ideal n-gram energy, against PyTorch on the CPU: ``python benchmarks/conditional_boltzmann.py``.

By the clock, and by processor time of all threads, which other work on the machine moves less. Order 6, 2^13 rows an order, batches
of 64, the text of the bench; in turns, the best of some. Ours hashes contexts in the time that is measured, the peer is given its
rows. Both learn the same bias, to 1e-3. With REVPATH_TORCH_PYTHON, an interpreter that has torch; without it ours alone is timed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmark_machine import machine
from peer_process import PeerProcess

from revpath.ebm import ConditionalBoltzmann
from revpath.ebm.models.context_rows import context_rows, rows_of_order
from revpath.ebm.models.symbol_model import log_frequencies
from revpath.simulator.compile import threads
from revpath.studies.tasks.text import SYMBOLS, load_text

CHARACTERS, ORDERS, MAX_ROWS, BATCH, REPEATS = 200_000, 6, 8192, 64, 3
RATE, BIAS_RATE = 20.0, 2.0
GOAL_CHARACTERS, GOAL_RATIO = 1e6, 3.0


def data() -> tuple[np.ndarray, np.ndarray]:
    """Contexts (n, orders) and next symbols (n,) of the text."""
    symbols = np.asarray(load_text().train[: CHARACTERS + ORDERS], np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(symbols, ORDERS + 1)
    return np.ascontiguousarray(windows[:, -2::-1]), windows[:, -1].copy()


def ours(X: np.ndarray, y: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Seconds and processor seconds of the best pass, and the bias that it learned."""
    found = []
    for _ in range(REPEATS + 1):  # the first one compiles
        model = ConditionalBoltzmann(
            ORDERS,
            max_rows=MAX_ROWS,
            n_symbols=len(SYMBOLS),
            learning_rate=RATE,
            bias_learning_rate=BIAS_RATE,
            batch_size=BATCH,
            random_state=0,
        )
        begin, processor = time.perf_counter(), time.process_time()
        model.partial_fit(X, y)
        found.append((time.perf_counter() - begin, time.process_time() - processor))
    return min(seconds for seconds, _ in found[1:]), min(seconds for _, seconds in found[1:]), model.intercept_


def request(X: np.ndarray, y: np.ndarray, folder: str, n_threads: int) -> dict[str, Any]:
    """What the peer is asked: the same rows, all orders in one table."""
    rows = context_rows(X, ORDERS, len(SYMBOLS), MAX_ROWS)
    sizes = [rows_of_order(order, len(SYMBOLS), MAX_ROWS) for order in range(1, ORDERS + 1)]
    file = Path(folder) / "rows.npz"
    np.savez(file, rows=rows + np.cumsum([0, *sizes[:-1]]), y=y)
    bias = log_frequencies(y, len(SYMBOLS)).tolist()
    shape = {"rows": sum(sizes), "symbols": len(SYMBOLS), "batch": BATCH, "rate": RATE, "bias_rate": BIAS_RATE}
    return shape | {"file": str(file), "bias": bias, "threads": n_threads, "repeats": REPEATS}


def compared(n_threads: int, python: str | None) -> dict[str, Any]:
    """One row of the result."""
    X, y = data()
    with threads(n_threads):
        seconds, processor, bias = ours(X, y)
    row: dict[str, Any] = {"revpath": len(y) / seconds, "revpath_by_processor": len(y) / processor}
    if python:
        peer = PeerProcess(python, "conditional_boltzmann_peer.py", n_threads)
        try:
            with tempfile.TemporaryDirectory() as folder:
                answer = peer.ask(request(X, y, folder, n_threads))
        finally:
            peer.close()
        assert np.allclose(answer["bias"], bias, atol=1e-3), "the peer learned something else"
        row |= {"torch": len(y) / answer["seconds"], "torch_by_processor": len(y) / answer["processor"]}
        row |= {"version": answer["torch"], "ratio": row["revpath"] / row["torch"]}
        row["ratio_by_processor"] = answer["processor"] / processor
    return row


def main(path: Path | None = None) -> dict[str, Any]:
    """Measure, print and, where a path is given, write."""
    python = os.environ.get("REVPATH_TORCH_PYTHON")
    result: dict[str, Any] = {"machine": machine(), "by_threads": {}}
    for n_threads in (1, 2):
        row = result["by_threads"][n_threads] = compared(n_threads, python)
        for suffix, unit in (("", "s"), ("_by_processor", "processor second")):
            print(
                f"{n_threads} threads: {row['revpath' + suffix]:,.0f} characters/{unit} (goal {GOAL_CHARACTERS:,.0f})"
            )
            if python:
                there, ratio = row["torch" + suffix], row["ratio" + suffix]
                print(f"  torch {row['version']}: {there:,.0f}; ratio {ratio:.1f} (goal {GOAL_RATIO:g})")
    if path is not None:
        path.write_text(json.dumps(result, indent=1) + "\n")
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
