"""Work side by side in processes of one thread each: they never fight over cores, may be interrupted, outlive nobody.

The one engine of all studies. It says nothing of what is done: that is a function and its arguments, which travel to
the processes, and so does what comes back. Imports nothing heavy, so that a process watches its parent before it loads
what it is to do.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from ..devices.base.errors import RevpathError
from ..devices.base.files import sweep

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_GUARD = (
    "; a script that starts processes needs the guard  if __name__ == '__main__':  around what it does "
    "(or side_by_side=False, or workers=1)"
)

Say = Callable[..., bool]
"""A worker says how far it is, in any words that its parent knows; False: it should stop as soon as may be."""

Heard = Callable[..., None]
"""(name of the job, what its worker said)."""


@dataclass(frozen=True)
class Job:
    """Something to do: its name, for messages, and its arguments."""

    name: str
    arguments: tuple[Any, ...]


@dataclass
class _Worker:
    """A process, and the job that it is at; `begun` once it has said a word."""

    process: BaseProcess
    job: Job
    begun: bool = False


@dataclass
class Interruption:
    """Whether Ctrl-C came while jobs were being done."""

    came: bool = False


def side_by_side(
    do: Callable[..., Any],
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    heard: Heard | None = None,
    folder: Path | None = None,
    interruption: Interruption | None = None,
) -> Generator[tuple[Job, Any], None, None]:
    """Each job with its result, as they come, from at most `workers` processes of one thread each.

    Ctrl-C hands out no more jobs, asks those at work to stop, and gives what they return; `interruption` says so
    afterwards. A second one ends them at once by KeyboardInterrupt. No process is left when the caller ends, however it
    ends.

    Parameters
    ----------
    do : callable
        ``do(*arguments, say)``, a function that a module defines; `say` is `Say`.
    jobs : sequence of Job
        In the order in which they are begun.
    workers : int, optional
        Processes; one for each core that we may use unless given.
    heard : callable, optional
        Is given what the workers say.
    folder : Path, optional
        Where they write: what a killed one left half written is removed.
    interruption : Interruption, optional
        Is told of Ctrl-C.

    Raises
    ------
    RevpathError
        What a job raised, with its name, after all others were stopped.
    """
    waiting = list(jobs)
    running: dict[Connection, _Worker] = {}
    failures: list[str] = []
    interruption = interruption or Interruption()
    with one_thread_each(), _ctrl_c_asks() as asked:
        try:
            for _ in range(min(len(jobs), workers or cores())):
                line, worker = _start(do, waiting.pop(0))
                running[line] = worker
            stopping = False
            while running:
                if (asked.is_set() or failures) and not stopping:
                    stopping = True
                    waiting.clear()
                    _ask_to_stop(running)
                    if asked.is_set():
                        interruption.came = True
                        print("stopping as soon as may be; Ctrl-C again to stop at once", file=sys.stderr)
                for line in wait(list(running), timeout=0.2):
                    assert isinstance(line, Connection)
                    worker = running[line]
                    kind, *rest = _message(line, worker)
                    if kind == "said":
                        if heard:
                            heard(worker.job.name, *rest)
                        continue
                    job = worker.job
                    if kind == "ended" and waiting and not failures and not asked.is_set():
                        _give(line, worker, waiting.pop(0))
                    else:
                        _bury(line, running.pop(line), folder)
                    if kind == "failed":
                        failures.append(f"{job.name}: {rest[0]}")
                    elif kind == "ended":
                        yield job, rest[0]
        finally:  # nothing runs here any more, unless by an exception such as a second Ctrl-C
            for line, worker in running.items():
                worker.process.kill()
                _bury(line, worker, folder)
    if failures:
        raise RevpathError("; ".join(failures))


# -- the parent --------------------------------------------------------------------------------------------------------


def _start(do: Callable[..., Any], job: Job) -> tuple[Connection, _Worker]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    with _deaf_to_ctrl_c(), _without_the_script():
        process.start()
    theirs.close()
    worker = _Worker(process, job)
    with suppress(OSError):  # if it is dead, the next message says so
        ours.send(do)
    _give(ours, worker, job)
    return ours, worker


def _give(line: Connection, worker: _Worker, job: Job) -> None:
    worker.job = job
    with suppress(OSError):
        line.send(job.arguments)


def _message(line: Connection, worker: _Worker) -> tuple:
    """The next message; a process that died without a word (killed, out of memory) has failed."""
    try:
        found = line.recv()
        worker.begun = True
        return found
    except (EOFError, OSError):
        worker.process.join()
        code = worker.process.exitcode
        killed = " (killed; out of memory?)" if code == -9 else ""
        return "failed", f"its process ended with code {code}{killed}{'' if worker.begun or killed else _GUARD}"


def _ask_to_stop(running: dict[Connection, _Worker]) -> None:
    for line in running:
        with suppress(OSError):  # it may just have ended
            line.send("stop")


def _bury(line: Connection, worker: _Worker, folder: Path | None) -> None:
    line.close()
    worker.process.join()
    if worker.process.pid is not None and folder is not None:
        sweep(folder, worker.process.pid)


# -- a worker ----------------------------------------------------------------------------------------------------------


def _serve(line: Connection) -> None:
    """What a process does: the jobs that come down the line until it is closed."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()

    def say(*words: Any) -> bool:
        line.send(("said", *words))
        return not line.poll()  # a word from the parent asks us to stop, and so does its end

    with suppress(EOFError, OSError):  # the parent has nothing more, or is gone
        do = line.recv()
        while isinstance(arguments := line.recv(), tuple):
            try:
                last = "ended", do(*arguments, say)
            except RevpathError as error:
                last = "failed", str(error)
            except Exception as error:  # a bug must reach the user with its name
                last = "failed", f"{type(error).__name__}: {error}"
            line.send(last)


def _end_with_the_parent() -> None:
    """Wait for the end of the parent, by whatever, and end then: nobody would take what is being made."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# -- threads, signals and the script -----------------------------------------------------------------------------------


def cores() -> int:
    """Cores that this process may use."""
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
def _without_the_script() -> Iterator[None]:
    """A process started inside does not run the user's script anew: it needs nothing of it, and guard or not is the same."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


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
    """Hold Ctrl-C back, where the system can; what comes meanwhile is heard afterwards.

    A process inherits that: Ctrl-C reaches the whole group, and must not kill a child that still imports.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process would start it, and starting it lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
