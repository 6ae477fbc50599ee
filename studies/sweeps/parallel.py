"""The one engine of processes: calls side by side, on this machine by joblib's loky, on a cluster by Dask's futures.

joblib's own Dask backend is not used: where a worker is killed its Parallel waits for ever (joblib 1.6, distributed 2026.8).

It says nothing of what is called: that is a function and its arguments, which travel to the workers, and so does what
comes back. A worker has one numba and one BLAS thread, is deaf to Ctrl-C, and ends with its parent. A call that ends its
process is tried once more, alone, since the others of its pool ended with it; then that is its answer.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from ...devices.base.errors import RevpathError
from .threads import one_thread

TICK_S = 0.2
"""How often who waits for answers may look at something else."""
_ENDED = "its process was ended from outside, or ran out of memory"


@dataclass(frozen=True)
class Call:
    """A name, which no other call has, and arguments."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Ended:
    """The answer of a call whose process was ended, twice."""

    reason: str = _ENDED


@dataclass(frozen=True)
class Raised:
    """The answer of a call that raised."""

    reason: str


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(
    function: Callable[..., Any],
    calls: Sequence[Call],
    *,
    stop: threading.Event,
    workers: int | None = None,
    cluster: str | None = None,
    begin: Callable[[Call], bool] | None = None,
    tick: Callable[[], None] | None = None,
) -> Generator[tuple[Call, Any], None, None]:
    """Each call with its answer, as they come.

    Parameters
    ----------
    function : callable
        ``function(*arguments)``; what it returns is the answer, what it raises is a `Raised`.
    calls : sequence of Call
        In the order in which they are begun.
    stop : Event
        Once set, no more calls are handed out; those under way come to their end.
    workers : int, optional
        Processes; one for each core that we may use unless given.
    cluster : str, optional
        Address of a Dask scheduler, whose workers are used instead.
    begin : callable, optional
        Is given each call before it is handed out, in another thread; False leaves the call out.
    tick : callable, optional
        Called about every `TICK_S` while answers are waited for.

    Raises
    ------
    RevpathError
        The cluster cannot be reached.
    """
    waiting = {call.name: call for call in calls}
    n = min(workers or cores(), max(1, len(waiting)))
    while waiting and not stop.is_set():
        round_ = _Round(function, list(waiting.values()), n, cluster, stop, begin)
        try:
            for name, answer in round_.answers(tick):
                yield waiting.pop(name), answer
            for name in round_.left_out:
                waiting.pop(name, None)
        finally:
            round_.end()


class _Round:
    """One pool of workers until it has no more to do, or one of them has ended; driven by a thread of its own."""

    def __init__(
        self,
        function: Callable[..., Any],
        calls: list[Call],
        n: int,
        cluster: str | None,
        stop: threading.Event,
        begin: Callable[[Call], bool] | None,
    ) -> None:
        self._function, self._calls, self._n, self._cluster = function, calls, n, cluster
        self._stop, self._begin = stop, begin
        self._begun: dict[str, Call] = {}
        self.left_out: set[str] = set()
        self._line: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._over = False
        self._abandoned = threading.Event()
        _start_trackers()
        self._driver = threading.Thread(target=self._drive, daemon=True)

    def answers(self, tick: Callable[[], None] | None) -> Iterator[tuple[str, Any]]:
        self._driver.start()
        last = time.monotonic()
        kind: str
        content: Any
        while True:
            try:
                kind, content = self._line.get(timeout=TICK_S)
            except Empty:
                kind, content = "nothing", None
            if tick and time.monotonic() - last >= TICK_S:
                tick()
                last = time.monotonic()
            if kind == "answer":
                yield content
            elif kind == "raised":
                raise content
            elif kind == "over":
                self._over = True
                return

    def end(self) -> None:
        """Leave nothing behind, where the answers were not waited for."""
        if not self._over:
            self._abandoned.set()
            self._driver.join(timeout=TICK_S)
        if not self._over and self._driver.is_alive():
            if self._cluster is None:
                end_workers()
            self._driver.join(timeout=10.0)

    # -- the thread -------------------------------------------------------------------------------------------------------

    def _drive(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # what is started here inherits that
        try:
            if self._n == 1 and self._cluster is None:  # where joblib would make it in this process
                for call in self._handed_out():
                    self._settle(_alone(self._function, call, tries=2))
            elif self._cluster is None:
                self._drive_pool()
            else:
                self._drive_cluster(self._cluster)
        except _ended_workers():
            self._retry()
        except BaseException as error:
            self._line.put(("raised", error))
            return
        self._line.put(("over", None))

    def _drive_pool(self) -> None:
        import joblib

        with _loky(self._n) as parallel:
            work = (joblib.delayed(_in_worker)(self._function, c.name, c.arguments) for c in self._handed_out())
            for answer in parallel(work):
                self._settle(answer)
                if self._abandoned.is_set():
                    return

    def _drive_cluster(self, address: str) -> None:
        """Two calls a core of the cluster are handed out at a time; those that waited where one ended its worker go alone."""
        from concurrent.futures import CancelledError
        from itertools import islice

        from distributed import KilledWorker, as_completed

        client, calls = _client(address), self._handed_out()
        suspects: list[Call] = []

        def submit(some: Iterable[Call], key: str = "") -> list[Any]:
            return [
                client.submit(_in_worker, self._function, call.name, call.arguments, key=call.name + key, pure=False)
                for call in some
            ]

        try:
            under_way = as_completed(submit(islice(calls, 2 * max(1, sum(client.ncores().values())))))
            for future in under_way:
                try:
                    self._settle(future.result())
                except (KilledWorker, CancelledError):
                    suspects.append(self._begun[future.key])
                if self._abandoned.is_set():
                    return
                under_way.update(submit(islice(calls, 1)))
            for call in suspects:
                if self._stop.is_set() or self._abandoned.is_set():
                    return
                try:
                    self._settle(submit([call], " alone")[0].result())
                except (KilledWorker, CancelledError):
                    self._settle((call.name, Ended()))
        finally:
            client.close()

    def _handed_out(self) -> Iterator[Call]:
        for call in self._calls:
            if self._stop.is_set() or self._abandoned.is_set():
                return
            try:
                if self._begin and not self._begin(call):
                    self.left_out.add(call.name)
                    continue
            except BaseException as error:  # joblib draws calls in a thread of its own, where it would be lost
                self._line.put(("raised", error))
                return
            self._begun[call.name] = call
            yield call

    def _settle(self, answer: tuple[str, Any]) -> None:
        self._begun.pop(answer[0], None)
        self._line.put(("answer", answer))

    def _retry(self) -> None:
        """One of those that were begun ended its process, and the others went with it: each alone tells which."""
        from concurrent.futures import ThreadPoolExecutor

        def alone(call: Call) -> None:
            if not self._stop.is_set() and not self._abandoned.is_set():
                self._settle(_alone(self._function, call))

        with ThreadPoolExecutor(self._n) as threads:
            list(threads.map(alone, list(self._begun.values())))


@contextmanager
def _loky(n: int) -> Iterator[Callable[[Iterable[Any]], Iterable[Any]]]:
    import joblib

    with joblib.parallel_config("loky", n_jobs=n, inner_max_num_threads=1):
        yield joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=str(2 * n))  # type: ignore[arg-type]  # its default is a word


def _client(cluster: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise RevpathError('cluster needs Dask: pip install "revpath[cluster]"') from None
    try:
        return Client(cluster, timeout="20s", set_as_default=True)
    except (OSError, ValueError, TimeoutError) as error:
        raise RevpathError(f"cluster = {cluster!r} cannot be reached: {error}") from None


def _ended_workers() -> tuple[type[BaseException], ...]:
    """What is raised where a worker's process has ended: killed, out of memory, a segmentation fault."""
    from concurrent.futures import BrokenExecutor

    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return BrokenExecutor, TerminatedWorkerError


def _alone(function: Callable[..., Any], call: Call, tries: int = 1) -> tuple[str, Any]:
    """A call in a process of its own, whose end is an answer too."""
    from joblib.externals.loky import ProcessPoolExecutor

    try:
        with ProcessPoolExecutor(1, env=_ONE_THREAD) as pool:
            _pools.add(pool)
            try:
                return pool.submit(_in_worker, function, call.name, call.arguments).result()
            finally:
                _pools.discard(pool)
    except _ended_workers() as error:
        if tries > 1:
            return _alone(function, call, tries - 1)
        codes = str(error).rpartition("{")[2].partition("}")[0]  # loky lists them at the end of its message
        return call.name, Ended(f"{_ENDED} ({codes})" if codes.startswith("SIG") else _ENDED)


def _start_trackers() -> None:
    """The processes that watch over shared resources, which lift a thread's mask of signals while they start."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as of_loky

    with suppress(OSError):
        resource_tracker.ensure_running()
        of_loky.ensure_running()


def end_workers() -> None:
    """End the processes of this machine, at work or waiting for more to do."""
    from joblib.externals.loky import get_reusable_executor

    # `reuse`: any other pool than one of the same arguments would first be waited for, run and all
    reusable = get_reusable_executor(reuse=True, kill_workers=True)  # type: ignore[arg-type]  # its default is a word
    for pool in (reusable, *_pools):
        with suppress(Exception):
            pool.shutdown(kill_workers=True, wait=False)


_pools: set[Any] = set()
"""Those of calls that are made alone."""


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or SIGTERM) sets; the second raises KeyboardInterrupt, and workers are ended.

    Only a main thread hears signals; in another they are the business of whoever started it.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def hear(*_: Any) -> None:
        if stop.is_set():
            end_workers()
            raise KeyboardInterrupt
        stop.set()
        print("stopping as soon as may be; Ctrl-C again to stop at once", file=sys.stderr)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


# -- in a worker -------------------------------------------------------------------------------------------------------

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
_one_at_a_time = threading.Lock()
"""A Dask worker with several threads: numba's threads and the limits of BLAS are those of the process."""
_watched: set[int] = set()


def _in_worker(function: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
        _end_with_parent()
    import numba

    with _one_at_a_time, one_thread():
        numba.set_num_threads(1)
        try:
            return name, function(*arguments)
        except RevpathError as error:
            return name, Raised(str(error))
        except Exception as error:  # a bug must reach the user with its name
            return name, Raised(f"{type(error).__name__}: {error}")


def _end_with_parent() -> None:
    """A thread that ends this process once its parent is gone; begun once a process."""
    parent = os.getppid()
    if os.getpid() in _watched or parent <= 1:
        return
    _watched.add(os.getpid())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
