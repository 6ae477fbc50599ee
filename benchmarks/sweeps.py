"""The engine of sweeps without its tasks: what a run costs beside its work, and what reading many costs.

    python benchmarks/sweeps.py [RUNS] [RECORDS]

Prints milliseconds a run that does nothing (in this process and with two warm workers: wall clock, and processor time of the
process that writes); seconds to plan, open, collate and price so many records; two workers over one on runs that read
arrays; memory of a store that grows; runs of a contour against those of grids as good. The load is printed: wall clock of a
busy machine says nothing.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from revpath.simulator import Events
from revpath.studies.sweeps import Quantity, Result, Run, Store, Study, SweepConfig, price_study, sweep_task, to_frame
from revpath.studies.sweeps.active import Questions
from revpath.studies.sweeps.contour import find_contour

RADIUS = 0.6
DRAWS = 1_000


class Nothing(SweepConfig):
    """A place."""

    x: float = 0.0
    y: float = 0.0


@sweep_task("nothing", title="nothing", far=Quantity("distance", "1", "lower"))
def nothing(config: Nothing, run: Run) -> Result:
    """The distance from a corner."""
    return Result({"far": math.hypot(config.x, config.y)}, Events({"digital.add": 10, "adc.conversion{enob=8.0}": 1}))


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of wall clock, and of this process."""
    wall, mine = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - mine


def line(runs: int, name: str = "nothing") -> Study:
    """A study of so many runs that do nothing."""
    return Study(name=name, task="nothing", axes={"x": {"linear": [0.0, 1.0, runs]}})


def overhead(runs: int) -> None:
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            line(40).run(Path(folder) / "warm", workers=workers)
            study = line(runs)
            wall, mine = timed(lambda: study.run(Path(folder) / "store", workers=workers))  # noqa: B023  # called at once
        print(
            f"a run that does nothing, {workers} workers  {1e3 * wall / runs:6.2f} ms, of this process {1e3 * mine / runs:.2f} ms"
        )


def filled(folder: Path, study: Study) -> Store:
    """A store that holds every run of a study, written without running them."""
    store = Store(folder)
    events = Events({"digital.add": 10, "adc.conversion{enob=8.0}": 1}).to_json()
    with store.writer() as writer:
        for n, run in enumerate(study.runs()):
            writer.append({"id": run.id, "state": "done", "values": {"far": n / 1e3}, "events": events, "records": []})
    store.refresh()
    return store


def reading(records: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = line(records)
        store = filled(Path(folder) / "store", study)
        for name, call in (
            ("plan and check", lambda: line(records)),
            ("open the store", lambda: Store(store.folder)),
            ("collate", lambda: to_frame(study, store)),
            (f"price, {DRAWS:,} draws", lambda: price_study(study, store, n_draws=DRAWS)),
        ):
            wall, mine = timed(call)
            print(f"{records:,} records: {name:20} {wall:6.2f} s, processor {mine:.2f} s")


def sharing() -> None:
    """Two workers over one, on reads of 512 x 512 cells."""
    fixed = {"device": "reram-sb-gong2018", "rows": 512, "columns": 512, "vectors": 2000}
    seconds = []
    for workers in (1, 2):
        study = Study(
            name="reads", task="array-error", axes={"array.adc.bits": [6, 8]}, replicates=6, fixed=fixed, seed=workers
        )
        with tempfile.TemporaryDirectory() as folder:
            Study(name="warm", task="array-error", axes={"array.adc.bits": [6, 8]}, fixed=fixed).run(
                folder, workers=workers
            )
            seconds.append(timed(lambda: study.run(Path(folder) / "two", workers=workers))[0])  # noqa: B023  # called at once
    print(
        f"12 runs that read arrays: one worker {seconds[0]:.2f} s, two {seconds[1]:.2f} s: {seconds[0] / seconds[1]:.2f} times"
    )


def memory(folder: Path) -> None:
    """Peak of a fresh process that opens stores of more and more records."""
    for records in (1_000, 10_000, 100_000):
        store = Store(folder / str(records))
        with store.writer() as writer:
            for n in range(records):
                writer.append({"id": f"{n:016x}", "state": "done", "values": {"far": 0.0}, "events": "{}" + " " * 400})
        code = f"from revpath.studies.sweeps import Store; s = Store({str(store.folder)!r}); print(len(s), "
        code += "next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        print(f"a store of {int(answer[0]):7,} records: {int(answer[1]) / 1024:.0f} MiB at most")


def asked() -> None:
    """The runs that a contour took, against the smallest grid whose contour lies as near to the circle that it is."""
    content = {
        "task": "nothing",
        "design": "sobol",
        "samples": 4,
        "axes": {"x": {"uniform": [0, 1]}, "y": {"uniform": [0, 1]}},
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        Questions(Study(name="circle", **content), Store(folder), ("far",), workers=1) as few,
    ):
        for resolution in (1 / 8, 1 / 16, 1 / 32, 1 / 64):
            contour = find_contour(few, RADIUS, points=2000, resolution=resolution)
            near = np.abs(np.hypot(*np.moveaxis(contour.pieces, -1, 0)) - RADIUS).max()
            grid = next(n for n in range(3, 400) if _grid_error(n) <= near)
            grids = f"{contour.runs_of_the_grid} runs with such fields, {grid**2} for such an error"
            print(f"contour to {contour.field:.3f}: {contour.runs} runs, off by {near:.1e} at most; grids: {grids}")


def _grid_error(n: int) -> float:
    """How far the contour of a grid of n x n points, cut into triangles, is from the circle at most."""
    from matplotlib.tri import Triangulation

    from revpath.studies.sweeps.isoline import crossings

    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n)))
    corner = (np.arange(n * n).reshape(n, n)[:-1, :-1]).ravel()
    triangles = np.concatenate([corner[:, None] + [0, 1, n], corner[:, None] + [1, n, n + 1]])
    places = np.column_stack([x, y])
    pieces = crossings(places, Triangulation(x, y, triangles).triangles, np.hypot(x, y), RADIUS)
    return float(np.abs(np.hypot(*np.moveaxis(pieces, -1, 0)) - RADIUS).max())


def main(runs: int, records: int) -> None:
    print(f"load of the last minute: {os.getloadavg()[0]:.1f}")
    overhead(runs)
    sharing()
    reading(records)
    with tempfile.TemporaryDirectory() as folder:
        memory(Path(folder))
    asked()
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:])) if len(sys.argv) == 3 else main(400, 10_000)
