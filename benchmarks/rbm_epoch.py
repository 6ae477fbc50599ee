"""One epoch of CD-1, 10,000 x 784 binary rows, 500 hidden units, batch 100: revpath's RBM on ideal synapses beside
scikit-learn's BernoulliRBM in float32 (PCD-1: the same five matrix products and as many random units), in one run.

    python benchmarks/rbm_epoch.py [result.json]

The ratio is the result; times depend on the machine. Rounds alternate and the best of each side is taken, in time of the
clock and of the processor (which counts threads that spin). Rounds end after `LONGEST` seconds, so that it finishes on a
busy machine, where scikit-learn's threads wait for each other.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from benchmark_machine import cores
from sklearn.neural_network import BernoulliRBM

from revpath.ebm.models.rbm import RBM
from revpath.simulator.compile import threads

N_ROWS, N_HIDDEN, BATCH, ROUNDS = 10_000, 500, 100, 7
LONGEST = 60.0  # s, for each number of threads
MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"


def rows() -> tuple[str, np.ndarray]:
    """MNIST binarised at half where it is at hand, else random rows with as many ones (0.13)."""
    if MNIST.exists():
        with np.load(MNIST) as data:
            return "mnist", (data["x_train"][:N_ROWS].reshape(N_ROWS, -1) >= 128).astype(np.float32)
    return "random", (np.random.default_rng(0).random((N_ROWS, 784)) < 0.13).astype(np.float32)


def main(out: str | Path | None = None) -> dict:
    """Seconds and ratio at one thread and at all; written to `out` as JSON where it is given."""
    data, X = rows()
    common = {"n_components": N_HIDDEN, "learning_rate": 0.05, "batch_size": BATCH, "n_iter": 1, "random_state": 0}
    contestants = {
        "revpath_cd1": RBM(persistent=False, **common),
        "revpath_pcd1": RBM(persistent=True, **common),
        "sklearn_pcd1_float32": BernoulliRBM(**common),
    }
    result: dict = {"data": data, "shape": [N_ROWS, X.shape[1], N_HIDDEN], "batch": BATCH, "by_threads": {}}
    for n in sorted({1, cores()}):
        seconds, of_processor = (dict.fromkeys(contestants, np.inf) for _ in range(2))
        started, rounds = time.perf_counter(), 0
        with threads(n):
            while rounds < ROUNDS and (not rounds or time.perf_counter() - started < LONGEST):
                rounds += 1
                for name, model in contestants.items():
                    begin, spent = time.perf_counter(), time.process_time()
                    model.fit(X)
                    seconds[name] = min(seconds[name], time.perf_counter() - begin)
                    of_processor[name] = min(of_processor[name], time.process_time() - spent)
        peer = seconds["sklearn_pcd1_float32"]
        result["by_threads"][n] = {
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
            "cd1_over_sklearn": round(seconds["revpath_cd1"] / peer, 3),
            "pcd1_over_sklearn": round(seconds["revpath_pcd1"] / peer, 3),
            "processor_seconds": {name: round(value, 4) for name, value in of_processor.items()},
            "cd1_over_sklearn_processor": round(of_processor["revpath_cd1"] / of_processor["sklearn_pcd1_float32"], 3),
            "rounds": rounds,
        }
        print(f"{n} thread(s), {data}: {result['by_threads'][n]}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
