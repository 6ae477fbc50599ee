"""What happens to sweeps on ordinary days: kills, full disks, clusters, several at once, stores that are moved."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from helpers.sweeping import contents, script, wait_for

from revpath.devices import RevpathError
from revpath.studies.sweeps import Store, Study
from revpath.studies.sweeps.engine import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

SWEEP = "print(study(int(sys.argv[2]), float(sys.argv[3])).run(sys.argv[1], workers=int(sys.argv[4])))"
STEPS = r"""
import os, signal
import numpy as np
from revpath.studies.sweeps import Quantity, Result, Run, Study, SweepConfig, running, sweep_task

class Steps(SweepConfig):
    n: int = 8
    log: str = ""
    killed_once_at: int = -1

@sweep_task("steps", title="steps", total=Quantity("total"))
def steps(config: Steps, run: Run) -> Result:
    running.CHECKPOINT_EVERY_S = 0.0
    total, about = run.restore(lambda: np.zeros(3))
    for step in range(about.get("steps", 0), config.n):
        with open(config.log, "a") as file:
            file.write(f"{step} {os.getpid()}\n")
        total += step + run.seed
        run.checkpoint(total, {"steps": step + 1})
        if step == config.killed_once_at and not os.path.exists(config.log + ".killed"):
            open(config.log + ".killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    return Result({"total": float(total.sum())})
"""

KILLS = """
import random
rng, plan, done = random.Random(1), study(400, 0.05), 0
def announce(record):
    with open(sys.argv[2], "a") as file:
        file.write(record["id"] + chr(10))
study(1, 0.0).run(sys.argv[3] + "-warm", workers=1)  # so that a forked sweep is at work at once
for kill in range(100):
    child = os.fork()
    if child == 0:
        plan.run(sys.argv[1], workers=1, on_record=announce)
        os._exit(0)
    time.sleep(rng.uniform(0.0, 0.4))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    now = len(Store(sys.argv[1]))
    assert now >= done, "records were lost"
    done = now
print(done)
print(plan.run(sys.argv[1], workers=1))
plan.run(sys.argv[3], workers=1)
"""


@pytest.mark.jit
def test_two_sweeps_at_once_on_one_store_make_each_run_once(tmp_path):
    store = str(tmp_path / "store")
    pair = [script(tmp_path, SWEEP, store, "24", "0.2", "2") for _ in range(2)]
    for process in pair:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    check = Store(store).check()
    assert (check.records, check.doubled, check.torn, check.different) == (24, 0, [], [])


@pytest.mark.jit
@pytest.mark.skipif(not hasattr(os, "fork"), reason="one process is forked a hundred times")
def test_a_hundred_kills_lose_and_double_nothing(tmp_path):
    """SIGKILL at 100 random moments of a sweep that is begun again each time; then it is as one that nobody killed."""
    store, whole, announced = tmp_path / "store", tmp_path / "whole", tmp_path / "announced"
    printed, errors = script(tmp_path, KILLS, str(store), str(announced), str(whole)).communicate(timeout=500)
    before, summary = printed.splitlines()
    assert int(before) > 20, errors  # the kills came while it was at work
    assert "total=400" in summary
    assert "failed=0, elsewhere=0" in summary
    check = Store(store).check()
    assert (check.records, check.doubled, check.different) == (400, 0, [])
    assert set(announced.read_text().split()) <= set(contents(Store(store)))
    assert contents(Store(store)) == contents(Store(whole))


@pytest.mark.jit
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_killed_goes_on_in_another_process(tmp_path, workers):
    """Its worker, or with one worker the whole sweep, is killed after five of eight steps."""
    log = tmp_path / "log"
    (tmp_path / "steps.py").write_text(STEPS)
    main = (
        "import steps\n"
        "study = steps.Study(name='s', task='steps', fixed={'log': sys.argv[2], 'killed_once_at': 4}, seed=3, replicates=2)\n"
        "print(study.run(sys.argv[1], workers=int(sys.argv[3])))"
    )
    for _ in range(2 if workers == 1 else 1):
        printed, errors = script(tmp_path, main, str(tmp_path / "store"), str(log), str(workers)).communicate(
            timeout=300
        )
    assert "failed=0" in printed, errors
    store = Store(tmp_path / "store")
    seed = 3 * 1_000_003
    assert sorted(r["values"]["total"] for r in store.records()) == [3.0 * (8 * (seed + k) + 28) for k in range(2)]
    lines = [line.split() for line in log.read_text().splitlines()]
    assert len(lines) == 16  # no step was made twice, though the run was
    assert len({pid for _, pid in lines}) >= 2
    assert not any((tmp_path / "store" / "checkpoints").glob("*/*"))


@pytest.mark.jit
def test_a_full_disk_ends_the_sweep_and_keeps_what_was_there(tmp_path):
    """A real one: a file system in memory of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system of one's own can be mounted here")
    try:
        process = script(tmp_path, SWEEP, str(disk / "store"), "400", "0.0", "1")
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 1
        assert "No space left on device; what was there is kept" in errors
        store = Store(disk / "store")
        kept = len(store)
        assert 10 < kept < 400
        assert store.check().torn == []
        room = tmp_path / "room"
        shutil.copytree(disk / "store", room)
        printed, errors = script(tmp_path, SWEEP, str(room), "400", "0.0", "1").communicate(timeout=300)
        assert f"present={kept}, done={400 - kept}, failed=0" in printed, errors
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.jit
def test_a_store_that_is_moved_goes_on_where_it_is(tmp_path, study):
    run(study, Store(tmp_path / "here"), workers=1)
    (tmp_path / "here").rename(tmp_path / "there")
    wider = Study(**{**study.model_dump(), "replicates": 3})
    summary = run(wider, Store(tmp_path / "there"), workers=1)
    assert (summary.present, summary.done) == (12, 6)
    assert not (tmp_path / "here").exists()


# -- Dask --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own; gives the address and the workers."""
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    address = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment, "start_new_session": True}
    common = ["--scheduler-file", str(address)]
    programs = [["distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", *common]]
    programs += [
        [
            "distributed.cli.dask_worker",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--local-directory",
            str(tmp_path),
            *common,
        ]
    ] * 2
    processes = []
    try:
        for program in programs:
            processes.append(subprocess.Popen([sys.executable, "-m", *program], **quiet))
            assert wait_for(address.exists, 60)
        yield json.loads(address.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.jit
def test_a_dask_cluster_gives_what_one_process_gives(tmp_path, cluster):
    address, _ = cluster
    main = "print(study(12, 0.05, kill=()).run(sys.argv[1], cluster=sys.argv[2] or None, workers=1 if not sys.argv[2] else None))"
    for name, of in (("dask", address), ("one", "")):
        printed, errors = script(tmp_path, main, str(tmp_path / name), of).communicate(timeout=300)
        assert "done=12, failed=0" in printed, errors
    assert contents(Store(tmp_path / "dask")) == contents(Store(tmp_path / "one"))


@pytest.mark.jit
def test_a_run_that_kills_dask_workers_is_a_failure_and_the_others_are_done(tmp_path, cluster):
    address, _ = cluster
    main = "print(study(6, 0.05, kill=(2,)).run(sys.argv[1], cluster=sys.argv[2]))"
    printed, errors = script(tmp_path, main, str(tmp_path / "store"), address).communicate(timeout=120)
    assert "done=5, failed=1" in printed, errors


@pytest.mark.jit
def test_a_cluster_that_is_not_there_is_named(tmp_path, study):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    with pytest.raises(RevpathError, match="cluster = 'tcp://127.0.0.1:9' cannot be reached"):
        run(study, Store(tmp_path), cluster="tcp://127.0.0.1:9")
