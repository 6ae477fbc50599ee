"""Reads of a simulated array beside numpy's float32 matrix product of the same shape, in one run, on the same threads.

    python benchmarks/matmat.py [result.json]

The ratio is the result; times depend on the machine. Contestants alternate within a round, and the best of all rounds
is taken. "ideal" has no non-ideality; "noisy" has an 8-bit DAC and ADC (with half a step of converter noise) and the
read noise of every cell.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path

import numba
import numpy as np
from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar
from revpath.simulator.compile import threads

SHAPES = ((512, 512), (784, 500))
BATCH, ROUNDS = 64, 60


def machine() -> dict:
    """What the times depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    versions = {"python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    return {"cpu": model, "platform": platform.platform(), "threads": numba.config.NUMBA_NUM_THREADS, **versions}


def contestants(shape: tuple[int, int]) -> dict:
    """Calls that each make (BATCH, rows) @ (rows, columns)."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(-1, 1, shape).astype(np.float32)
    x = rng.uniform(-1, 1, (BATCH, shape[0])).astype(np.float32)
    ideal = Crossbar(shape, ArrayConfig())
    ideal.program(weights)
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=0.01)})
    adc = ADC(bits=8, y_max=4 * float(np.sqrt(shape[0] / 9)), noise_lsb=0.5)
    noisy = Crossbar(shape, ArrayConfig(device=device, dac=DAC(bits=8), adc=adc))
    noisy.program(weights)
    return {
        "numpy": lambda: x @ weights,
        "ideal": lambda: ideal.forward(x),
        "noisy": lambda: noisy.forward(x),
    }


def measure(shape: tuple[int, int]) -> dict:
    """Best seconds of each contestant, and their ratios to numpy's."""
    calls = contestants(shape)
    seconds = dict.fromkeys(calls, np.inf)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
    return {
        "microseconds": {name: round(1e6 * value, 1) for name, value in seconds.items()},
        "ideal_over_numpy": round(seconds["ideal"] / seconds["numpy"], 3),
        "noisy_over_numpy": round(seconds["noisy"] / seconds["numpy"], 3),
    }


def main(out: str | Path | None = None) -> dict:
    """Times and ratios by threads and shape; written to `out` as JSON where it is given."""
    result: dict = {"machine": machine(), "batch": BATCH, "rounds": ROUNDS, "by_threads": {}}
    for n in sorted({1, numba.config.NUMBA_NUM_THREADS}):
        with threads(n):
            result["by_threads"][n] = {f"{rows}x{columns}": measure((rows, columns)) for rows, columns in SHAPES}
        for shape, row in result["by_threads"][n].items():
            print(f"{n} thread(s), {shape}, batch {BATCH}: {row}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
