"""Reads with a fresh normal number for every cell in every read, beside the same in numpy, in one run.

    python benchmarks/cell_noise.py [result.json]

"sampled" is `sampled_read`; "collapsed" is the matrix product with one normal number for each output. The numpy
contestants do what CrossSim's cores do (`read_noise_matrix`: the matrix repeated for every vector of a batch, and a normal
number for each of its devices), with float32 numbers and no copy that could be spared: "numpy" vector by vector,
"numpy_tiled" the whole batch at once. CrossSim itself is not run. The ratios are the result; times depend on the
machine. Contestants alternate within a round and the best of all rounds is taken. Cells are counted as G+ and G-.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from benchmark_machine import cores, machine

from revpath.devices.laws import ProportionalReadNoise
from revpath.simulator import Stream
from revpath.simulator.compile import threads
from revpath.simulator.noise.cells import pair_variance, read_variance, sampled_read

SHAPE, BATCH, ROUNDS = (256, 256), 16, 20


def contestants(shape: tuple[int, int], batch: int) -> dict:
    """Calls that each make a noisy (batch, rows) @ (rows, columns), in units of g_max."""
    rng = np.random.default_rng(0)
    siemens = rng.uniform(0.2, 1, (*shape, 2)).astype(np.float32)
    x = rng.uniform(-1, 1, (batch, shape[0])).astype(np.float32)
    law = ProportionalReadNoise(relative=0.05)
    sigma = law.sigma(siemens, 1.0).astype(np.float32)
    pairs = siemens[..., 0] - siemens[..., 1]
    variance = pair_variance(law, siemens, 1.0)
    stream = Stream(0, "benchmark")

    def one_by_one() -> np.ndarray:
        y = np.empty((batch, shape[1]), np.float32)
        for s in range(batch):
            shown = rng.standard_normal(siemens.shape, dtype=np.float32)
            shown *= sigma
            shown += siemens
            y[s] = x[s] @ (shown[..., 0] - shown[..., 1])
        return y

    def tiled() -> np.ndarray:
        shown = rng.standard_normal((batch, *siemens.shape), dtype=np.float32)
        shown *= sigma
        shown += siemens
        return np.matmul(x[:, None, :], shown[..., 0] - shown[..., 1])[:, 0]

    def collapsed() -> np.ndarray:
        return x @ pairs + np.sqrt(read_variance(x, variance)) * stream.normals((batch, shape[1]))

    return {
        "sampled": lambda: sampled_read(x, siemens, sigma, stream)[0],
        "numpy": one_by_one,
        "numpy_tiled": tiled,
        "collapsed": collapsed,
    }


def measure() -> dict:
    """Best seconds of each contestant as cells per second, and how much faster the sampled read is than numpy's."""
    calls = contestants(SHAPE, BATCH)
    seconds = dict.fromkeys(calls, np.inf)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
    cells = 2 * SHAPE[0] * SHAPE[1] * BATCH
    return {
        "million_cells_per_second": {name: round(cells / s / 1e6, 1) for name, s in seconds.items()},
        "sampled_over_numpy": round(seconds["numpy"] / seconds["sampled"], 2),
        "sampled_over_numpy_tiled": round(seconds["numpy_tiled"] / seconds["sampled"], 2),
        "collapsed_over_sampled": round(seconds["sampled"] / seconds["collapsed"], 1),
    }


def main(out: str | Path | None = None) -> dict:
    """Speeds and ratios by number of threads; written to `out` as JSON where it is given."""
    result: dict = {"machine": machine(), "shape": SHAPE, "batch": BATCH, "rounds": ROUNDS, "by_threads": {}}
    for n in sorted({1, cores()}):
        with threads(n):
            result["by_threads"][n] = measure()
        print(f"{n} thread(s), {SHAPE[0]}x{SHAPE[1]}, batch {BATCH}: {result['by_threads'][n]}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
