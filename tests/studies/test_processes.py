"""The one engine of processes: results as they come, failures by name, nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.processes import Job, side_by_side

LINUX = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")


def jobs(*values):
    return [Job(f"job {value}", (value,)) for value in values]


def run_script(text, how, tmp_path):
    """A script of a user, from a file or from standard input."""
    script = tmp_path / "mine.py"
    script.write_text(text)
    command, given = ([sys.executable, str(script)], None) if how == "file" else ([sys.executable, "-"], text)
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=300, cwd=tmp_path)


@pytest.mark.parametrize("how", ["file", "stdin"])
def test_a_script_needs_no_guard(tmp_path, how):
    """What is done comes from a module; the script itself is not run again in each process."""
    (tmp_path / "work.py").write_text("def double(value, say):\n    say('at', value)\n    return 2 * value\n")
    text = (
        "import sys; sys.path.insert(0, '.')\n"
        "from work import double\n"
        "from revpath.studies.processes import Job, side_by_side\n"
        "print('script')\n"
        "found = side_by_side(double, [Job(str(n), (n,)) for n in range(3)], workers=2, heard=lambda *w: print(*w))\n"
        "print(sorted(result for _, result in found))\n"
    )
    done = run_script(text, how, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["0 at 0", "1 at 1", "2 at 2", "[0, 2, 4]", "script"]


@LINUX
def test_a_failure_has_the_name_of_its_job(tmp_path, monkeypatch):
    (tmp_path / "work_that_fails.py").write_text(
        "from revpath.devices.base.errors import RevpathError\n"
        "def double(value, say):\n"
        "    if value < 0: raise RevpathError(f'value = {value} must not be negative')\n"
        "    if value == 13: raise ZeroDivisionError('thirteen')\n"
        "    return 2 * value\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from work_that_fails import double  # pyright: ignore[reportMissingImports]

    for value, words in ((-1, "job -1: value = -1 must not be negative"), (13, "job 13: ZeroDivisionError: thirteen")):
        with pytest.raises(RevpathError, match=words):
            list(side_by_side(double, jobs(value), workers=1))
    with closing(side_by_side(double, jobs(1, 2, 3), workers=2)) as results:
        assert next(results)[1] in (2, 4)
    assert not [child for child in _children(os.getpid()) if _is_worker(child)]


WAITS = """
def wait(seconds, say):
    import time
    say("at work")
    time.sleep(seconds)
"""


@LINUX
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_parent(tmp_path, how):
    """Killed by whatever, in the middle of work that looks at nothing: gone within seconds, and without noise."""
    (tmp_path / "work.py").write_text(WAITS)
    text = (
        "import sys; sys.path.insert(0, '.')\n"
        "from work import wait\n"
        "from revpath.studies.processes import Job, side_by_side\n"
        "jobs = [Job(str(n), (600,)) for n in range(2)]\n"
        "list(side_by_side(wait, jobs, workers=2, heard=lambda *words: print(*words, flush=True)))\n"
    )
    (tmp_path / "mine.py").write_text(text)
    parent = subprocess.Popen(
        [sys.executable, "mine.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert {parent.stdout.readline(), parent.stdout.readline()} == {"0 at work\n", "1 at work\n"}
        workers = [child for child in _children(parent.pid) if _is_worker(child)]
        assert len(workers) == 2
        os.kill(parent.pid, how)
        parent.wait()
        deadline = time.monotonic() + 15
        while [pid for pid in workers if os.path.exists(f"/proc/{pid}")] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
        _, err = parent.communicate(timeout=15)
        assert err == ""
    finally:
        parent.kill()


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def _is_worker(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return "spawn_main" in file.read()
    except OSError:
        return False
