"""A task that costs nothing, so that the tests are of the engine and not of a simulation."""

from __future__ import annotations

import math
import os
import signal
import time
from typing import Literal

import pytest
from pydantic import Field

from revpath.devices import RevpathError
from revpath.simulator import Events
from revpath.studies.sweeps import Quantity, Result, Run, Study, SweepConfig, sweep_task
from revpath.studies.sweeps.registry import TaskKind


class Toy(SweepConfig):
    """What the toy does: `mode` says how it ends."""

    x: float = 1.0
    y: int = Field(default=1, ge=0)
    word: str = "a"
    mode: Literal["fine", "wrong", "fault", "slow", "killed", "nan"] = "fine"


@pytest.fixture(autouse=True)
def toy():
    @sweep_task("toy", title="a toy", error=Quantity("error", "1", "lower"), count=Quantity("count", "J"))
    def run(config: Toy, run: Run) -> Result:
        if config.mode == "wrong":
            raise RevpathError("mode = 'wrong' is refused")
        if config.mode == "fault":
            raise ZeroDivisionError("a fault of the task")
        if config.mode == "slow":
            time.sleep(30)
        if config.mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        value = float("nan") if config.mode == "nan" else config.x * config.y + (run.seed % 97) / 1e3
        return Result({"error": value, "count": float(config.y)}, Events({"digital.add": 10 * config.y}))

    yield
    TaskKind.KINDS.pop("toy")


@pytest.fixture
def study() -> Study:
    return Study(name="toys", task="toy", axes={"x": [0.5, 1.0, 2.0], "y": [1, 2]}, replicates=2, seed=3)


class Disc(SweepConfig):
    """A place; `y` counts by its logarithm over two decades."""

    x: float = 0.0
    y: float = 1.0
    word: str = "a"
    hole: float = 2.0


@pytest.fixture
def disc():
    """The distance from a corner, what it costs to be near, and a number that is better nowhere."""

    @sweep_task(
        "disc",
        title="disc",
        far=Quantity("distance", "1", "lower"),
        cost=Quantity("cost", "1", "lower"),
        other=Quantity("other"),
    )
    def run(config: Disc, run: Run) -> Result:
        if config.x > config.hole:
            raise RevpathError("a hole")
        v = 1 + math.log10(config.y) / 2
        far = math.hypot(config.x, v)
        return Result({"far": far, "cost": 2 - config.x + (config.word == "b"), "other": 0.0})

    yield
    TaskKind.KINDS.pop("disc")
