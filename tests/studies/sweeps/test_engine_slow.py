"""The engine with real processes: a script of its own, since workers must be able to import the task."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from helpers.sweeping import MINE, alive, contents, script, wait_for

from revpath.studies.sweeps import Store, Study, engine
from revpath.studies.sweeps.engine import run


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
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once_and_leaves_no_process(tmp_path, number, workers):
    """Runs of a minute, which keep no checkpoint: the first signal waits for them, the second does not."""
    main = f"print(study(6, 60.0).run(sys.argv[1], workers={workers}))"
    process = script(tmp_path, main, str(tmp_path / "store"), start_new_session=True)
    begun = tmp_path / "store" / "segments"
    assert wait_for(lambda: begun.is_dir() and Store(tmp_path / "store").status()["running"] >= 1, 120)
    process.send_signal(number)
    assert not wait_for(lambda: process.poll() is not None, 2)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert wait_for(lambda: not alive(process.pid), 15)
    store = Store(tmp_path / "store")
    assert store.status()["running"] == 0  # leases were given back, or ended with their process
    assert not list((tmp_path / "store").glob("stop-*"))


@pytest.mark.jit
def test_a_killed_sweep_leaves_no_worker_and_goes_on_at_once(tmp_path):
    main = "print(study(14, float(sys.argv[2])).run(sys.argv[1], workers=2))"
    process = script(tmp_path, main, str(tmp_path / "store"), "0.4", start_new_session=True)
    assert wait_for(lambda: (tmp_path / "store" / "segments").is_dir() and len(Store(tmp_path / "store")) >= 2, 120)
    process.kill()
    process.communicate()
    assert wait_for(lambda: not alive(process.pid), 15)
    store = Store(tmp_path / "store")
    before = len(store)
    assert before < 14
    assert store.check().torn == []
    assert store.status()["expired"] > 0  # leases end with their process
    printed, errors = script(tmp_path, main, str(tmp_path / "store"), "0.4").communicate(timeout=300)
    assert f"present={before}, done={14 - before}, failed=0, elsewhere=0" in printed, errors
    assert Store(tmp_path / "store").check().doubled == 0


def test_a_lease_is_renewed_while_a_run_lasts(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "LEASE_S", 0.6)
    study = Study(name="s", task="toy", fixed={"mode": "slow"})
    store, looks = Store(tmp_path), []
    watcher = threading.Timer(1.5, lambda: looks.append(Store(tmp_path).state(next(study.runs()).id)))
    watcher.start()
    run(study, store, workers=1, timeout_s=2.5)
    watcher.join()
    assert looks == ["running"]  # long after the first lease has ended


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
