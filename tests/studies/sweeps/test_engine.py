"""The engine: what is missing is run, once; failures, ends of processes, signals, shards; the same records either way."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from helpers.statistics import relative

from revpath.devices import RevpathError
from revpath.studies.sweeps import Store, Study, to_frame, to_xarray
from revpath.studies.sweeps.engine import missing, run


def contents(store):
    """What must not depend on how a sweep was run."""
    return {
        r["id"]: json.dumps([r["identity"], r["values"], r["events"], r["point"]], sort_keys=True)
        for r in store.records()
    }


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


# -- processes: a script of its own, since workers must be able to import the task ---------------------------------------

TASKS = textwrap.dedent("""
    import os, signal, sys, time
    from revpath.studies.sweeps import Quantity, Result, Run, Store, Study, SweepConfig, sweep_task

    class Sleeper(SweepConfig):
        n: int = 0
        seconds: float = 0.0
        kill: bool = False

    @sweep_task("sleeper", title="sleeps", value=Quantity("value"))
    def sleeper(config: Sleeper, run: Run) -> Result:
        time.sleep(config.seconds)
        if config.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        return Result({"value": float(config.n) + run.seed})

    def study(n, seconds, kill=()):
        together = {"n": list(range(n)), "kill": [k in kill for k in range(n)]}
        return Study(name="sleepers", task="sleeper", together=[together], fixed={"seconds": seconds})
""")


def script(tmp_path, main, *arguments, **options):
    path = tmp_path / "script.py"
    path.write_text(TASKS + '\nif __name__ == "__main__":\n' + textwrap.indent(textwrap.dedent(main), "    "))
    return subprocess.Popen(
        [sys.executable, str(path), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.jit
def test_two_workers_give_what_one_gives(tmp_path):
    main = "study(12, 0.0).run(sys.argv[1], workers=int(sys.argv[2]))"
    for workers in ("1", "2"):
        process = script(tmp_path, main, str(tmp_path / workers), workers)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert contents(Store(tmp_path / "1")) == contents(Store(tmp_path / "2"))
    assert len(Store(tmp_path / "1")) == 12


@pytest.mark.jit
def test_a_worker_that_is_killed_costs_its_own_run_only(tmp_path):
    process = script(tmp_path, "print(study(8, 0.05, kill=(3,)).run(sys.argv[1], workers=2))", str(tmp_path / "store"))
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "done=7, failed=1" in printed
    store = Store(tmp_path / "store")
    failed = [store.get(id) for id in store._index if store.state(id) == "failed"]
    assert [r["point"]["n"] for r in failed] == [3]
    assert "process was ended" in failed[0]["error"]


@pytest.mark.jit
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_under_way_and_leaves_no_process(tmp_path, number):
    process = script(
        tmp_path, "print(study(60, 0.3).run(sys.argv[1], workers=2))", str(tmp_path / "store"), start_new_session=True
    )
    assert wait_for(lambda: (tmp_path / "store" / "segments").is_dir() and len(Store(tmp_path / "store")) >= 2, 120)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=120)
    assert "stopped=True" in printed
    assert 2 <= len(Store(tmp_path / "store")) < 60
    assert wait_for(lambda: not alive(process.pid), 15)


@pytest.mark.jit
def test_a_killed_sweep_leaves_no_worker_and_goes_on(tmp_path):
    main = "print(study(14, float(sys.argv[2])).run(sys.argv[1], workers=2))"
    process = script(tmp_path, main, str(tmp_path / "store"), "0.4", start_new_session=True)
    assert wait_for(lambda: (tmp_path / "store" / "segments").is_dir() and len(Store(tmp_path / "store")) >= 2, 120)
    process.kill()
    process.communicate()
    assert wait_for(lambda: not alive(process.pid), 15)
    before = len(Store(tmp_path / "store"))
    store = Store(tmp_path / "store")
    leased = [id for id in store._index if store.state(id) == "running"]
    assert before < 14
    assert leased  # which a sweep at once afterwards leaves alone
    assert store.check().torn == []


def alive(session):
    """Processes of a session that are not zombies."""
    listed = subprocess.run(["ps", "-s", str(session), "-o", "stat="], capture_output=True, text=True, check=False)
    return [state for state in listed.stdout.split() if not state.startswith("Z")]


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


MINE = """
schema = 1
name = "mine"
task = "array-error"
replicates = 2
[fixed]
device = "reram-sb-gong2018"
rows = 16
columns = 8
"array.dac.bits" = 8
"array.adc.range" = "maximum"
[axes]
"array.adc.bits" = [6, 8]
"device.read_noise.relative" = [0.0, 0.05]
"""


@pytest.mark.jit
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_command_line_from_file_to_figure(tmp_path):
    """The main job: swept, interrupted by hand elsewhere, resumed, collated, plotted, priced again."""
    study = tmp_path / "mine.toml"
    study.write_text(MINE)

    def revpath(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "revpath", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "8 to do" in revpath("sweep", "mine.toml", "--dry-run")
    assert "8 runs made" in revpath("sweep", "mine.toml", "--workers", "1")
    assert "0 runs made" in revpath("sweep", "mine.toml", "--workers", "1")
    revpath("collate", "mine.toml", "--chip", "reram-32nm")
    import xarray as xr

    with xr.open_dataset(tmp_path / "mine.nc", engine="h5netcdf") as data:
        assert set(data.data_vars) >= {"error", "saturated", "joules", "joules_low", "joules_high"}
        assert data["joules"].attrs["units"] == "J"
    for kind in ("line", "heatmap", "pareto", "parallel"):
        revpath("plot", "mine.toml", "--kind", kind, "--width", "column")
    first = {path.name: path.read_bytes() for path in tmp_path.glob("mine-*.*")}
    assert len(first) == 16
    for kind in ("line", "heatmap", "pareto", "parallel"):
        revpath("plot", "mine.toml", "--kind", kind, "--width", "column")
    assert {path.name: path.read_bytes() for path in tmp_path.glob("mine-*.*")} == first
    printed = revpath("price", "mine.toml", "--chip", "reram-32nm", "--chip", "pcm-14nm-hermes", "--out", "prices.csv")
    assert "16 runs priced" in printed
    assert "done       8" in revpath("store", "status")
    assert "8 records whole, 0 torn" in revpath("store", "check")
