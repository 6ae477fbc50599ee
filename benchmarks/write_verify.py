"""Write-verify of an array of cell pairs beside a per-cell Python twin, in one run.

    python benchmarks/write_verify.py [result.json]

The ratio is the result; times depend on the machine. The twin (`tests/twins/write_verify.py`) gives the same bits, one
pulse at a time; it would need half an hour for the array, so it programs the first cells of it, and its time is
extrapolated in two ways, by cells and by pulses plus reads, of which the one that is kinder to it counts. Most of its
time goes into making addressed random numbers one by one, so there is a second twin that takes its numbers from a list
made before the clock starts. All alternate within a round, and the best of all rounds is taken.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmark_machine import cores, machine

from revpath.devices import load_device
from revpath.simulator import ArrayConfig, Crossbar, Stream
from revpath.simulator.compile import threads
from revpath.simulator.programming.write_verify import PURPOSE, WriteVerify, write_verify

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from twins.arrays import normals_at
from twins.write_verify import verify_cell

SHAPE = (512, 512)
TWIN_CELLS, ROUNDS = 24, 3
SCHEME = WriteVerify(tolerance=0.02, max_pulses=1000)
DEVICES = ("reram-sb-gong2018", "pcm-nandakumar2019")


def job(name: str) -> dict:
    """A fresh array and random targets over 0.6 of the range of weights."""
    device = load_device(name)
    cells = Crossbar(SHAPE, ArrayConfig(device=device), seed=0).cells
    weights = np.random.default_rng(0).uniform(-0.6, 0.6, SHAPE)
    targets = cells.mapping.conductances(cells.mapping.states(weights)).reshape(-1, 2)
    return {"device": device, "cells": cells, "targets": targets}


def fast(device, cells, targets):
    """Seconds and report of the whole array."""
    state, shown, stream = cells.state.copy(), cells.shown.copy(), Stream(0, PURPOSE)
    begin = time.perf_counter()
    report = write_verify(state, shown, cells.traits, targets, device, SCHEME, stream)
    return time.perf_counter() - begin, report


def slow(device, cells, targets, normals=normals_at) -> tuple[float, int, list[int]]:
    """Seconds of the twin for the first cells of the array, its pulses and reads, and the pulses of each cell."""
    traits = None if cells.traits is None else cells.traits.reshape(-1, 4)
    state, shown, key = cells.state.reshape(-1), cells.shown.reshape(-1), Stream(0, PURPOSE).key
    done = []
    begin = time.perf_counter()
    for c in range(TWIN_CELLS):
        its = None if traits is None else traits[c]
        done.append(verify_cell(c, state[c], shown[c], its, targets.reshape(-1)[c], device, SCHEME, 0, key, normals))
    seconds = time.perf_counter() - begin
    pulses = [d["up"] + d["down"] + d["writes"] for d in done]
    return seconds, sum(pulses) + sum(d["reads"] for d in done), pulses


def from_a_list() -> Callable:
    """Normals that cost the twin nothing but taking them: not those of the simulator, but of the same law."""
    made = list(np.random.default_rng(0).standard_normal((4096, 4), np.float32))
    return lambda cell, k, step, key: made[(31 * cell + k) % 4096]


def measure(name: str) -> dict:
    """Best seconds of all, and their ratios."""
    work, cheap = job(name), from_a_list()
    fast(**work)  # compiles
    seconds = dict.fromkeys(("simulator", "twin", "cheap"), np.inf)
    for _ in range(ROUNDS):
        took, report = fast(**work)
        seconds["simulator"] = min(seconds["simulator"], took)
        took, actions, pulses = slow(**work)
        seconds["twin"] = min(seconds["twin"], took)
        took, cheap_actions, _ = slow(**work, normals=cheap)
        seconds["cheap"] = min(seconds["cheap"], took)
    all_pulses = (report.pulses_up + report.pulses_down + report.writes).reshape(-1)
    if all_pulses[:TWIN_CELLS].tolist() != pulses:
        raise RuntimeError(f"{name}: the twin did something else")
    all_actions = int(all_pulses.sum() + report.verify_reads.sum())
    by_cells = all_pulses.size / TWIN_CELLS
    twin = seconds["twin"] * min(by_cells, all_actions / actions)
    cheap_twin = seconds["cheap"] * min(by_cells, all_actions / cheap_actions)
    return {
        "cells": all_pulses.size,
        "pulses_and_reads": all_actions,
        "failed": int(report.failed.sum()),
        "seconds": _rounded(seconds["simulator"]),
        "pulses_and_reads_per_second": round(all_actions / seconds["simulator"]),
        "twin_cells": TWIN_CELLS,
        "twin_seconds": _rounded(seconds["twin"]),
        "twin_seconds_extrapolated": _rounded(twin),
        "twin_over_simulator": _rounded(twin / seconds["simulator"]),
        "twin_with_free_noise_over_simulator": _rounded(cheap_twin / seconds["simulator"]),
    }


def _rounded(value: float) -> float:
    """To four digits."""
    return float(f"{value:.4g}")


def main(out: str | Path | None = None) -> dict:
    """Times and ratios by threads and device; written to `out` as JSON where it is given."""
    result: dict = {
        "machine": machine(),
        "shape": list(SHAPE),
        "scheme": SCHEME.model_dump(),
        "rounds": ROUNDS,
        "by_threads": {},
    }
    for n in sorted({1, cores()}):
        with threads(n):
            result["by_threads"][n] = {name: measure(name) for name in DEVICES}
        for name, row in result["by_threads"][n].items():
            print(f"{n} thread(s), {SHAPE[0]}x{SHAPE[1]} pairs, {name}: {row}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
