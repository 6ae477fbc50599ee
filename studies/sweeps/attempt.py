"""One run, wherever it takes place: its answer, whatever happens to it."""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from .channel import Channel
from .registry import TaskKind
from .running import Run, RunStopped, RunTimeout

_AGAIN_S = 0.1


def attempt(
    kind: TaskKind,
    config: Any,
    seed: int,
    checkpoints: Path | None = None,
    stop: Path | None = None,
    timeout_s: float | None = None,
    heard: bool = False,
) -> dict[str, Any]:
    """State, and values with events or an error, and the seconds that it took.

    Parameters
    ----------
    kind : TaskKind
    config : SweepConfig
    seed : int
    checkpoints, stop : Path or None
        See `revpath.studies.sweeps.running.Run`.
    timeout_s : float or None
        Seconds after which the state is "timeout".
    heard : bool
        Whether somebody listens to what the run says, in its folder of checkpoints.

    Returns
    -------
    dict
        "state" is "done", "failed" (with "fault", the kind of exception, where the task has a fault and not only refused),
        "timeout" (with "share", how much was done, where the task says so), or "stopped", which is nothing to keep.
    """
    started = time.perf_counter()
    until = None if timeout_s is None else time.monotonic() + timeout_s
    words = Channel(checkpoints).say if heard and checkpoints is not None else None
    run = Run(seed, checkpoints, stop, until, words)
    over = {"state": "timeout", "error": f"took longer than {timeout_s or 0:g} s"}
    try:
        with _alarm(timeout_s):
            result = kind(config, run)
        values = {name: None if value is None else float(value) for name, value in result.values.items()}
        answer = {"state": "done", "values": values, "events": result.events.to_json()}
        answer |= {"detail": result.detail} if result.detail is not None else {}
        if run.until is not None and time.monotonic() > run.until:
            answer = over
    except RunTimeout:
        answer = over
    except RunStopped as error:
        answer = {"state": "stopped", "error": str(error)}
    except RevpathError as error:
        answer = {"state": "failed", "error": " ".join(str(error).split())}
    except Exception as error:  # a fault of a task is kept with the run, and the sweep goes on
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        answer = {"state": "failed", "error": " ".join(text.split()), "fault": type(error).__name__}
    if answer["state"] == "timeout" and run.share is not None:
        answer = answer | {"share": run.share, "error": f"{answer['error']} ({run.share:.0%} was done)"}
    answer |= {"notes": run.notes} if run.notes else {}
    return answer | {"seconds": round(time.perf_counter() - started, 4)}


def _compiling() -> bool:
    """Whether this thread is compiling a kernel."""
    module = sys.modules.get("numba.core.compiler_lock")
    return module is not None and bool(module.global_compiler_lock.is_locked())


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """RunTimeout after `seconds`, on systems that have an alarm and in a main thread; elsewhere nothing."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        if _compiling():  # an exception there is lost in LLVM's callbacks, and leaves a kernel that is none
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
            return
        raise RunTimeout("time is over")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
