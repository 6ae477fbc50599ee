"""The engine: what is missing is run, once; failures, ends of processes, signals, shards; the same records either way."""

import os
import pickle
import shutil
import sys
import time

import numpy as np
import pytest
from helpers.statistics import relative
from helpers.sweeping import MINE, contents

from revpath.devices import RevpathError
from revpath.studies.snapshot import to_bytes
from revpath.studies.sweeps import (
    Quantity,
    Result,
    Run,
    Store,
    Study,
    SweepConfig,
    running,
    sweep_task,
    to_frame,
    to_xarray,
)
from revpath.studies.sweeps.attempt import attempt
from revpath.studies.sweeps.engine import missing, run
from revpath.studies.sweeps.registry import TaskKind


def test_what_is_there_is_not_run_again(study, tmp_path):
    store = Store(tmp_path)
    told = []
    first = run(study, store, workers=1, on_record=told.append)
    assert (first.done, first.present, first.total, first.complete) == (12, 0, 12, True)
    assert [record["state"] for record in told] == ["done"] * 12
    second = run(study, store, workers=1, on_record=told.append)
    assert (second.done, second.present, second.complete) == (0, 12, True)
    assert len(told) == 12
    assert missing(study, store) == []


def test_another_study_shares_the_runs_in_common(study, tmp_path):
    store = Store(tmp_path)
    run(study, store, workers=1)
    wider = Study(**{**study.model_dump(), "name": "wider", "axes": {"x": [0.5, 1.0, 2.0, 4.0], "y": [1, 2]}})
    assert (found := run(wider, store, workers=1)).present == 12
    assert found.done == 4


def test_shards_merged_are_one_run(study, tmp_path):
    whole = Store(tmp_path / "whole")
    run(study, whole, workers=1)
    shards = [Store(tmp_path / f"shard{i}") for i in range(3)]
    totals = [run(study, shard, workers=1, shard=(i, 3)).total for i, shard in enumerate(shards)]
    assert sum(totals) == 12
    for other in shards[1:]:
        shards[0].merge(other)
    assert contents(shards[0]) == contents(whole)
    for bad in ((3, 3), (-1, 2), (0, 0)):
        with pytest.raises(RevpathError, match="must be i/n"):
            run(study, whole, shard=bad)


@pytest.mark.parametrize(
    ("mode", "state", "message"),
    [
        ("wrong", "failed", "mode = 'wrong' is refused"),
        ("fault", "failed", "ZeroDivisionError: a fault of the task"),
        ("nan", "failed", "error = nan is not finite"),
        ("slow", "timeout", "took longer than 0.2 s"),
    ],
)
def test_a_failure_is_kept_with_its_reason_and_the_sweep_goes_on(tmp_path, mode, state, message):
    study = Study(name="f", task="toy", axes={"mode": ["fine", mode], "y": [1, 2]})
    store = Store(tmp_path)
    summary = run(study, store, workers=1, timeout_s=0.2)
    assert (summary.done, summary.failed) == (2, 2)
    records = [store.get(planned.id) for planned in study.runs()]
    assert [r["state"] for r in records] == ["done", "done", state, state]
    assert message in records[2]["error"]
    assert run(study, store, workers=1).done == 0  # not tried again unless asked
    again = run(study, store, workers=1, timeout_s=0.2, retry_failed=True)
    assert (again.done, again.failed) == (0, 2)


def test_policies_of_failed_points(tmp_path):
    content = {"name": "f", "task": "toy", "axes": {"mode": ["fine", "wrong"], "y": [1, 2]}}
    store = Store(tmp_path)
    run(Study(**content), store, workers=1)
    with pytest.raises(RevpathError, match=r"2 runs of 'f' have failed, the first at .*mode = 'wrong' is refused"):
        to_frame(Study(**content), store)
    dropped = to_frame(Study(**content, failures="drop"), store)
    assert dropped["mode"].tolist() == ["fine", "fine"]
    punished = to_frame(Study(**content, failures="penalty", penalty=9.0), store)
    assert punished["error"].tolist()[2:] == [9.0, 9.0]
    assert punished["state"].tolist() == ["done", "done", "penalty", "penalty"]


def test_a_lease_keeps_a_second_sweep_off_until_it_ends(study, tmp_path):
    store = Store(tmp_path)
    first = next(study.runs())
    with store.writer() as writer:
        writer.append({"id": first.id, "state": "running", "until": time.time() + 60})
    summary = run(study, store, workers=1)
    assert (summary.done, summary.elsewhere, summary.complete) == (11, 1, False)
    with store.writer() as writer:
        writer.append({"id": first.id, "state": "running", "until": time.time() - 1})
    assert run(study, store, workers=1).complete


def test_a_grid_becomes_a_labelled_array(study, tmp_path):
    store = Store(tmp_path)
    run(study, store, workers=1)
    data = to_xarray(study, store, priced=True)
    assert dict(data.sizes) == {"x": 3, "y": 2, "replicate": 2}
    expected = 2.0 * 2 + (study.seed * 1_000_003 % 97) / 1e3
    assert float(data["error"].sel(x=2.0, y=2, replicate=0)) == pytest.approx(expected, rel=1e-12)
    assert data["count"].attrs == {"units": "J", "long_name": "count"}
    one, two = (float(data["joules"].sel(x=0.5, y=y, replicate=1)) for y in (1, 2))
    assert two == relative(2 * one, 1e-9)
    assert data.attrs["study_digest"] == study.digest


def test_bad_options_are_named(study, tmp_path):
    store = Store(tmp_path)
    for options, message in (
        ({"workers": 0}, "workers = 0"),
        ({"workers": True}, "workers"),
        ({"timeout_s": 0}, "timeout_s = 0"),
    ):
        with pytest.raises(RevpathError, match=message):
            run(study, store, **options)


@pytest.fixture
def counting():
    """A task of ten steps, each of which may be its last: it says which steps were made."""
    steps = []

    class Counting(SweepConfig):
        n: int = 10

    @sweep_task("counting", title="counts", total=Quantity("total"))
    def count(config: Counting, run: Run) -> Result:
        total, about = run.restore(lambda: np.zeros(2))
        for step in range(about.get("steps", 0), config.n):
            total += run.seed + step
            steps.append(step)
            run.checkpoint(total, {"steps": step + 1})
        return Result({"total": float(total.sum())})

    yield steps
    TaskKind.KINDS.pop("counting")


def test_a_run_goes_on_from_its_checkpoint(tmp_path, counting, monkeypatch):
    monkeypatch.setattr(running, "CHECKPOINT_EVERY_S", 0.0)
    study, store = Study(name="c", task="counting", seed=1), Store(tmp_path)
    planned = next(study.runs())
    stop = tmp_path / "stop"
    stop.touch()
    cut = attempt(study.kind, planned.config, planned.seed, store.checkpoints(planned.id), stop)
    assert cut["state"] == "stopped"
    assert counting == [0]
    stop.unlink()
    assert run(study, store, workers=1).done == 1
    assert counting == list(range(10))
    assert store.get(planned.id)["values"] == {"total": 2.0 * (10 * planned.seed + 45)}
    assert "notes" not in store.get(planned.id)
    assert not store.checkpoints(planned.id).exists()


def test_a_run_that_every_limit_cuts_comes_to_its_end(tmp_path):
    """dask-jobqueue #611, submitit #1732: a limit on the time of a run costs a share of that time, not all that was done."""

    class Long(SweepConfig):
        n: int = 12

    @sweep_task("long", title="long", total=Quantity("total"))
    def long(config: Long, run: Run) -> Result:
        total, about = run.restore(lambda: np.zeros(1))
        for step in range(about.get("steps", 0), config.n):
            time.sleep(0.05)
            total += 1
            run.checkpoint(total, {"steps": step + 1})
        return Result({"total": float(total[0])})

    study, store = Study(name="long", task="long"), Store(tmp_path)
    planned = next(study.runs())
    cuts = 0
    while run(study, store, workers=1, timeout_s=0.3, retry_failed=True).failed:
        assert store.state(planned.id) == "timeout"
        cuts += 1
        assert cuts < 12
    assert cuts > 0
    assert store.get(planned.id)["values"] == {"total": 12.0}
    TaskKind.KINDS.pop("long")


@pytest.mark.parametrize("damage", ["cut", "crafted", "another run's", "another thing's"])
def test_a_checkpoint_that_is_none_is_named_and_the_run_begins_anew(tmp_path, counting, damage):
    study, store = Study(name="c", task="counting", seed=1), Store(tmp_path)
    planned = next(study.runs())
    folder = store.checkpoints(planned.id)
    folder.mkdir(parents=True)
    thing = np.zeros((3, 3)) if damage == "another thing's" else np.ones(2)
    name = "other" if damage == "another run's" else planned.id
    content = to_bytes(thing, {"run": name, "about": {"steps": 7}})
    content = {"cut": content[:-40], "crafted": pickle.dumps(os.getpid)}.get(damage, content)
    (folder / "checkpoint.npz").write_bytes(content)
    assert run(study, store, workers=1).done == 1
    assert counting == list(range(10))
    assert "a checkpoint could not be used, and the run began anew" in store.get(planned.id)["notes"][0]


def test_two_sweeps_take_turns_on_one_store(tmp_path, study):
    """The second begins while the first is at work: between them every run is made once."""
    one, two = Store(tmp_path), Store(tmp_path)
    summaries = []

    def second(record):
        if not summaries:
            summaries.append(run(study, two, workers=1))

    first = run(study, one, workers=1, on_record=second)
    assert first.done + summaries[0].done == 12
    assert first.done == 1
    assert first.present == 11
    assert first.complete
    one.refresh()
    assert one.check().doubled == 0


def test_a_store_that_is_removed_at_work_is_named(tmp_path, study):
    def remove(record):
        shutil.rmtree(tmp_path / "store")

    with pytest.raises(RevpathError, match=r"store.*(has been removed|cannot be written|cannot be read)"):
        run(study, Store(tmp_path / "store"), workers=1, on_record=remove)


@pytest.mark.jit
def test_the_commands_from_file_to_figure(tmp_path, monkeypatch, capsys):
    """In this process: swept, gone on with, collated, plotted, priced; `test_engine_slow` starts real ones."""
    from revpath.studies.commands import cli

    (tmp_path / "mine.toml").write_text(MINE)
    monkeypatch.chdir(tmp_path)

    def revpath(*arguments):
        monkeypatch.setattr(sys, "argv", ["revpath", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return capsys.readouterr().out

    assert "8 runs made" in revpath("sweep", "mine.toml", "--workers", "1")
    assert "0 runs made" in revpath("sweep", "mine.toml", "--workers", "1")
    assert "mine.csv" in revpath("collate", "mine.toml", "--out", "mine.csv")
    revpath("plot", "mine.toml", "--kind", "heatmap", "--width", "column")
    assert (tmp_path / "mine-heatmap.pdf").exists()
    assert "8 runs priced" in revpath("price", "mine.toml", "--chip", "reram-32nm")
    assert "8 records whole, 0 torn" in revpath("store", "check")
