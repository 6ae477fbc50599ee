"""Training runs side by side, one process and one thread each: they never fight over cores, and may be interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...devices.base.errors import RevpathError
from ...devices.base.files import sweep
from ..tasks.text import load_text
from .recipes import Recipe

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Told = Callable[[str, int, float | None], None]
"""(name of the run, characters done, bits per character if just scored)."""


@dataclass
class _Worker:
    """A process, and the run that it is at."""

    process: BaseProcess
    name: str


def train_side_by_side(
    text_path: Path | None, recipes: Sequence[Recipe], folder: Path, tell: Told, workers: int | None = None
) -> bool:
    """Train all recipes in at most `workers` processes (default: one for each core that we may use).

    Ctrl-C asks the runs to stop; they keep their last checkpoint. A second one ends them at once. Returns whether all
    were completed.

    Each process has a pipe of its own, with no lock that a killed one could leave locked: its end is seen as the end of
    the pipe. The parent sends a recipe to train, and then nothing unless the training is to stop.

    Raises
    ------
    RevpathError: what a run raised, with its name.
    """
    waiting = list(recipes)
    running: dict[Connection, _Worker] = {}
    complete: set[str] = set()
    failures: list[str] = []
    stopping = False
    with one_thread_each(), _ctrl_c_asks() as asked:
        try:
            for _ in range(min(len(recipes), workers or cores())):
                line, worker = _start(text_path, folder, waiting.pop(0))
                running[line] = worker
            while running:
                if (asked.is_set() or failures) and not stopping:
                    stopping = True
                    waiting.clear()
                    _ask_to_stop(running)
                    if asked.is_set():
                        print("stopping as soon as may be; Ctrl-C again to stop at once", file=sys.stderr)
                for line in wait(list(running), timeout=0.2):
                    assert isinstance(line, Connection)
                    worker = running[line]
                    kind, *rest = _message(line, worker.process)
                    if kind == "at":
                        tell(worker.name, *rest)
                    elif kind == "failed":
                        failures.append(f"{worker.name}: {rest[0]}")
                    elif rest[0]:
                        complete.add(worker.name)
                    if kind == "ended" and waiting and not failures and not asked.is_set():
                        _give(line, worker, waiting.pop(0))
                    elif kind != "at":
                        _bury(line, running.pop(line), folder)
        finally:  # nothing runs here any more, unless by an exception such as a second Ctrl-C
            for line, worker in running.items():
                worker.process.terminate()
                _bury(line, worker, folder)
    if failures:
        raise RevpathError("; ".join(failures))
    return complete == {r.name for r in recipes}


def _start(text_path: Path | None, folder: Path, recipe: Recipe) -> tuple[Connection, _Worker]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(text_path, folder, theirs), daemon=True)
    with _deaf_to_ctrl_c():  # inherited: Ctrl-C reaches the whole group, and must not kill a child that still imports
        process.start()
    theirs.close()
    worker = _Worker(process, recipe.name)
    _give(ours, worker, recipe)
    return ours, worker


def _give(line: Connection, worker: _Worker, recipe: Recipe) -> None:
    worker.name = recipe.name
    with suppress(OSError):  # if it is dead, the next message says so
        line.send(recipe)


def _message(line: Connection, process: BaseProcess) -> tuple:
    """The next message; a process that died without a word (killed, out of memory) has failed."""
    try:
        return line.recv()
    except (EOFError, OSError):
        process.join()
        killed = " (killed; out of memory?)" if process.exitcode == -9 else ""
        return "failed", f"its process ended with code {process.exitcode}{killed}"


def _ask_to_stop(running: dict[Connection, _Worker]) -> None:
    for line in running:
        with suppress(OSError):  # it may just have ended
            line.send("stop")


def _bury(line: Connection, worker: _Worker, folder: Path) -> None:
    line.close()
    worker.process.join()
    if worker.process.pid is not None:
        sweep(folder, worker.process.pid)


def _work(text_path: Path | None, folder: Path, line: Connection) -> None:
    """What a process does: train the recipes that come down the line until it is closed."""
    from .learn import learn

    def progress(done: int, bits: float | None) -> bool:
        line.send(("at", done, bits))
        return not line.poll()  # a word from the parent asks us to stop, and so does its end

    with suppress(EOFError, OSError):  # the parent has nothing more, or is gone
        while isinstance(recipe := line.recv(), Recipe):
            try:
                run = None if line.poll() else learn(load_text(text_path), recipe, folder, progress)
                last = "ended", run is not None and run.complete
            except RevpathError as error:
                last = "failed", str(error)
            except Exception as error:  # a bug must reach the user with its name
                last = "failed", f"{type(error).__name__}: {error}"
            line.send(last)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started inside get one thread each in BLAS and Numba."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _ctrl_c_asks() -> Iterator[threading.Event]:
    """Inside, Ctrl-C sets the event that this yields; a second one raises KeyboardInterrupt as ever.

    An exception at any moment could lose a message of a worker. Only the main thread hears signals; in another, Ctrl-C
    is the business of whoever started it.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def hear(number, frame) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Hold Ctrl-C back, where the system can; what comes meanwhile is heard afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process would start it, and starting it lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
