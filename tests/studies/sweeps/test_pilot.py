"""A pilot run is cut at its limit, says what it can of a whole run, and no task can go on after its time."""

import time

import pytest
from numba.core.compiler_lock import global_compiler_lock

from revpath.studies.sweeps import Quantity, Result, Run, Study, SweepConfig, sweep_task
from revpath.studies.sweeps.attempt import attempt
from revpath.studies.sweeps.pilot import pilot
from revpath.studies.sweeps.registry import TaskKind, task_kind

CALLS: list[int] = []


class Steps(SweepConfig):
    """`steps` naps; `how` says what the task makes of its time."""

    steps: int = 10
    how: str = "told"


@pytest.fixture(autouse=True)
def naps():
    @sweep_task("naps", title="naps", error=Quantity("error"))
    def run(config: Steps, run: Run) -> Result:
        CALLS.append(config.steps)
        for step in range(config.steps):
            try:
                time.sleep(0.02)
            except Exception:  # a task that goes on after errors of its own
                continue
            if config.how == "locked":
                with global_compiler_lock:
                    time.sleep(0.5)
            if config.how == "told":
                run.checkpoint(None, {"step": step}, (step + 1) / config.steps)
        return Result({"error": 0.0})

    CALLS.clear()
    yield
    TaskKind.KINDS.pop("naps")


def planned(**fixed):
    study = Study(name="naps", task="naps", axes={"steps": [fixed.pop("steps")]}, fixed=fixed)
    return next(study.runs())


def test_a_long_run_is_foretold_from_the_share_that_was_done():
    said = pilot(planned(steps=1_000), 0.5)
    assert said.cut
    assert not said.at_least
    assert said.spent < 5
    assert said.seconds == pytest.approx(said.spent / said.share)
    assert said.seconds > 0.02 * 1_000
    assert len(CALLS) == 1


def test_without_a_share_there_is_a_bound():
    said = pilot(planned(steps=1_000, how="silent"), 0.3)
    assert said.at_least
    assert said.seconds == said.spent < 5
    assert len(CALLS) == 1


def test_a_short_run_is_made_again_without_what_the_first_compiled():
    said = pilot(planned(steps=2), 5)
    assert len(CALLS) == 2
    assert not said.cut
    assert 0.04 <= said.seconds < said.spent


def test_a_compilation_is_never_cut():
    """Its exception is lost in LLVM, and the kernel is none from then on: the alarm rings again after it."""
    answer = attempt(task_kind("naps"), Steps(steps=50, how="locked"), 1, timeout_s=0.1)
    assert answer["state"] == "timeout"
    assert 0.5 < answer["seconds"] < 5


def test_a_record_says_how_far_a_run_came():
    answer = attempt(task_kind("naps"), Steps(steps=1_000), 1, timeout_s=0.3)
    assert answer["error"] == f"took longer than 0.3 s ({answer['share']:.0%} was done)"
    assert 0 < answer["share"] < 0.1
