"""Sweeps in processes of their own: a script with a task in it, and what must not depend on how a sweep was run."""

import json
import subprocess
import sys
import textwrap
import time

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


def contents(store):
    """What must not depend on how a sweep was run."""
    return {
        r["id"]: json.dumps([r["identity"], r["values"], r["events"], r["point"]], sort_keys=True)
        for r in store.records()
    }


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
