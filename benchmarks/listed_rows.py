"""Listed rows against one-hot inputs on the same array, bit for bit the same work: ``python benchmarks/listed_rows.py``.

An array of 2^13 rows and 27 columns of the ReRAM as measured, batches of 64, 8-bit converters, read noise: one read and one
update of a batch, in turns in one process, one thread.
"""

from __future__ import annotations

import time

import numpy as np

from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar
from revpath.simulator.compile import threads
from revpath.simulator.operands import one_hot

ROWS, COLUMNS, BATCH, REPEATS = 8192, 27, 64, 15


def measured() -> tuple[float, float]:
    """Seconds of a read and an update of a batch: by listed rows, and by one-hot inputs; the best of some."""
    config = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=2.0))
    short, long = (Crossbar((ROWS, COLUMNS), config, seed=1) for _ in range(2))
    rng = np.random.default_rng(0)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        rows, d = rng.integers(0, ROWS, BATCH), rng.normal(0, 0.3, (BATCH, COLUMNS)).astype(np.float32)
        start = time.perf_counter()
        y = short.forward_rows(rows)
        short.update_rows(rows, d, 0.3)
        times[0].append(time.perf_counter() - start)
        start = time.perf_counter()
        x = one_hot(rows, ROWS)
        assert np.array_equal(y, long.forward(x))
        long.update(x, d, 0.3)
        times[1].append(time.perf_counter() - start)
    return min(times[0]), min(times[1])


if __name__ == "__main__":
    with threads(1):
        listed, written_out = measured()
    print(f"listed rows: {1e6 * listed / BATCH:.1f} us a sample, one-hot inputs: {1e6 * written_out / BATCH:.1f}")
    print(f"ratio: {written_out / listed:.1f} (goal: at least 20)")
