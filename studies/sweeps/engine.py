"""Running a study: what is missing, in parallel, into one segment; resumable at any moment, on a laptop or a cluster.

joblib is the only engine. On a laptop its loky workers have one numba and one BLAS thread each; with `cluster` the same call
goes to Dask workers; with `shard` i of n an array job runs the i-th share and needs nothing else. Results come back to the
process that runs the study, which alone writes.

A first Ctrl-C (or SIGTERM) hands out no more runs and keeps those that are under way; a second ends them. A run that ends
its process is tried once more alone, and is then a failure like any other.
"""

from __future__ import annotations

import os
import platform
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from .registry import Run, TaskKind
from .store import Store, Writer
from .study import OnRecord, Planned, Study

LEASE_S = 600.0
"""How long other sweeps on the store leave a run alone that one has begun; renewed while it lasts."""

Tell = Callable[["Summary"], None]


@dataclass
class Summary:
    """How far a sweep came: what is counted for people, and `complete` for scripts."""

    total: int
    present: int = 0
    done: int = 0
    failed: int = 0
    elsewhere: int = 0
    stopped: bool = False
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return self.present + self.done == self.total

    @property
    def left(self) -> int:
        return self.total - self.present - self.done - self.failed - self.elsewhere


class RunTimeout(RevpathError):
    """A run took longer than it was given."""


def missing(
    study: Study, store: Store, *, shard: tuple[int, int] = (0, 1), retry_failed: bool = False
) -> list[Planned]:
    """The runs of a shard that the store does not hold; failed ones only where they are to be tried again.

    Raises
    ------
    RevpathError: a shard that is not i of n with 0 <= i < n.
    """
    i, n = shard
    if not (isinstance(i, int) and isinstance(n, int) and 0 <= i < n):
        raise RevpathError(f"shard = {i}/{n} must be i/n with 0 <= i < n")
    mine = (run for run in study.runs() if int(run.id[:8], 16) % n == i)
    leave = {"done"} if retry_failed else {"done", "failed", "timeout"}
    return [run for run in mine if store.state(run.id) not in leave]


def run(
    study: Study,
    store: Store,
    *,
    workers: int | None = None,
    shard: tuple[int, int] = (0, 1),
    timeout_s: float | None = None,
    retry_failed: bool = False,
    cluster: str | None = None,
    tell: Tell | None = None,
    on_record: OnRecord | None = None,
) -> Summary:
    """Run what a study lacks.

    Parameters
    ----------
    study : Study
    store : Store
    workers : int, optional
        Processes; all cores where None. 1 runs in this process.
    shard : (int, int)
        The i-th of n shares, by the digest of a run: shares of one study never overlap, whatever the order.
    timeout_s : float, optional
        Seconds that one run may take; longer is a failure of state "timeout".
    retry_failed : bool
        Run again what has failed or timed out.
    cluster : str, optional
        Address of a Dask scheduler, such as "tcp://127.0.0.1:8786".
    tell : callable, optional
        Called with the `Summary` after each run.
    on_record : callable, optional
        Called with each new record, such as to log it elsewhere.

    Returns
    -------
    Summary

    Raises
    ------
    RevpathError: bad options; the store cannot be written.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise RevpathError(f"workers = {workers!r} must be a positive integer")
    if timeout_s is not None and not timeout_s > 0:
        raise RevpathError(f"timeout_s = {timeout_s!r} must be positive")
    started = time.monotonic()
    store.refresh()
    todo = missing(study, store, shard=shard, retry_failed=retry_failed)
    share = sum(int(planned.id[:8], 16) % shard[1] == shard[0] for planned in study.runs())
    summary = Summary(total=share)
    todo, elsewhere = _not_leased(todo, store)
    summary.elsewhere = len(elsewhere)
    summary.failed = (
        0 if retry_failed else sum(store.state(p.id) in ("failed", "timeout") for p in _share(study, shard))
    )
    summary.present = share - len(todo) - summary.elsewhere - summary.failed
    if tell:
        tell(summary)
    with store.writer() as writer, _stop_on_signals() as stop:
        keep = _Keeper(store, writer, summary, tell, on_record, started)
        for planned, answer in _answers(study.kind, todo, store, stop, workers, timeout_s, cluster, keep.lease):
            keep(planned, answer)
        summary.stopped = stop.is_set()
    store.refresh()
    summary.seconds = time.monotonic() - started
    return summary


def _share(study: Study, shard: tuple[int, int]) -> Iterator[Planned]:
    return (planned for planned in study.runs() if int(planned.id[:8], 16) % shard[1] == shard[0])


def _not_leased(todo: list[Planned], store: Store) -> tuple[list[Planned], list[Planned]]:
    """Runs to do, and those that another sweep is at."""
    leased = [planned for planned in todo if store.state(planned.id) == "running"]
    ids = {planned.id for planned in leased}
    return [planned for planned in todo if planned.id not in ids], leased


class _Keeper:
    """Writes answers and leases, counts, and tells."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        summary: Summary,
        tell: Tell | None,
        on_record: OnRecord | None,
        started: float,
    ) -> None:
        self.store, self.writer, self.summary = store, writer, summary
        self.tell, self.on_record, self.started = tell, on_record, started
        self.surroundings = _provenance()

    def lease(self, planned: Planned) -> None:
        self.writer.append({"id": planned.id, "state": "running", "until": time.time() + LEASE_S})

    def __call__(self, planned: Planned, answer: dict[str, Any]) -> None:
        record = {
            "id": planned.id,
            "identity": planned.identity,
            "point": dict(planned.point),
            "replicate": planned.replicate,
            "records": list(planned.config.records()),
            "provenance": {**self.surroundings, "seconds": answer.pop("seconds")},
            **answer,
        }
        self.writer.append(record)
        if record["state"] == "done":
            self.summary.done += 1
            _clear(self.store.checkpoints(planned.id))
        else:
            self.summary.failed += 1
            self.summary.failures.append(f"{dict(planned.point)}: {record['error']}")
        self.summary.seconds = time.monotonic() - self.started
        if self.on_record:
            self.on_record(record)
        if self.tell:
            self.tell(self.summary)


def _answers(
    kind: TaskKind,
    todo: list[Planned],
    store: Store,
    stop: threading.Event,
    workers: int | None,
    timeout_s: float | None,
    cluster: str | None,
    lease: Callable[[Planned], None],
) -> Iterator[tuple[Planned, dict[str, Any]]]:
    """Answers in the order in which they come."""
    import joblib

    n = min(workers or joblib.cpu_count(), len(todo)) if todo else 1
    waiting = {planned.id: planned for planned in todo}
    begun: dict[str, Planned] = {}

    def hand_out() -> Iterator[Planned]:
        for planned in list(waiting.values()):
            if stop.is_set():
                return
            lease(planned)
            begun[planned.id] = planned
            yield planned

    def work(planned: Planned) -> tuple[Any, ...]:
        return kind, planned.config, planned.seed, planned.id, str(store.checkpoints(planned.id)), timeout_s

    def settle(answer: tuple[str, dict[str, Any]]) -> tuple[Planned, dict[str, Any]]:
        id, content = answer
        begun.pop(id, None)
        return waiting.pop(id), content

    if cluster is None and n == 1:
        for planned in hand_out():
            yield settle(attempt(*work(planned)))
        return
    while waiting and not stop.is_set():
        try:
            with _backend(cluster, n) as parallel:
                calls = (joblib.delayed(_apart)(*work(planned)) for planned in hand_out())
                for answer in parallel(calls):
                    yield settle(answer)
        except _ended_workers():
            for planned in list(begun.values()):  # one of these ended its process: each alone tells which
                if not stop.is_set():
                    yield settle(_alone(work(planned)))
            begun.clear()


@contextmanager
def _backend(cluster: str | None, n: int) -> Iterator[Callable[[Iterable[Any]], Iterable[Any]]]:
    import joblib

    if cluster is None:
        with joblib.parallel_config("loky", n_jobs=n, inner_max_num_threads=1):
            yield joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=2 * n)  # type: ignore[arg-type]  # joblib types it as text
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise RevpathError('cluster needs Dask: pip install "revpath[cluster]"') from None
    try:
        client = Client(cluster, timeout="20s", set_as_default=True)
    except (OSError, ValueError, TimeoutError) as error:
        raise RevpathError(f"cluster = {cluster!r} cannot be reached: {error}") from None
    try:
        with joblib.parallel_config("dask"):
            yield joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="all")  # type: ignore[arg-type]  # joblib types it as text
    finally:
        client.close()


def _ended_workers() -> tuple[type[BaseException], ...]:
    """What joblib raises where a worker's process has ended: killed, out of memory, a segmentation fault."""
    from concurrent.futures import BrokenExecutor

    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with suppress(ModuleNotFoundError):
        from distributed import KilledWorker

        return BrokenExecutor, TerminatedWorkerError, KilledWorker
    return BrokenExecutor, TerminatedWorkerError


def _alone(arguments: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    """One run in a process of its own, whose end is an answer too."""
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(_apart, *arguments).result()
        except _ended_workers():
            error = "its process was ended from outside, or ran out of memory"
            return arguments[3], {"state": "failed", "error": error, "seconds": 0.0}


def _apart(*arguments: Any) -> tuple[str, dict[str, Any]]:
    """A run in a worker: Ctrl-C is the parent's to hear, and no worker outlives its parent."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    import numba

    numba.set_num_threads(1)
    return attempt(*arguments)


_watched: set[int] = set()


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


def attempt(
    kind: TaskKind, config: Any, seed: int, id: str, checkpoints: str, timeout_s: float | None
) -> tuple[str, dict[str, Any]]:
    """One run: its answer, whatever happens to it."""
    started = time.perf_counter()
    try:
        with _alarm(timeout_s):
            result = kind(config, Run(seed=seed, checkpoints=Path(checkpoints)))
        values = {name: None if value is None else float(value) for name, value in result.values.items()}
        answer = {"state": "done", "values": values, "events": result.events.to_json()}
    except RunTimeout:
        answer = {"state": "timeout", "error": f"took longer than {timeout_s:g} s"}
    except RevpathError as error:
        answer = {"state": "failed", "error": " ".join(str(error).split())}
    except Exception as error:  # a fault of a task is kept with the run, and the sweep goes on
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        answer = {"state": "failed", "error": " ".join(text.split())}
    return id, answer | {"seconds": round(time.perf_counter() - started, 4)}


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """RunTimeout after `seconds`, on systems that have an alarm and in a main thread; elsewhere nothing."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        raise RunTimeout("time is over")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second raises KeyboardInterrupt, and workers are ended."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def heard(*_: Any) -> None:
        if stop.is_set():
            _end_workers()
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    with suppress(Exception):
        get_reusable_executor().shutdown(kill_workers=True, wait=False)


def _provenance() -> dict[str, Any]:
    import numba
    import numpy

    return {
        "revpath": version("revpath"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _clear(folder: Path) -> None:
    """Remove what a run that is done no longer needs."""
    import shutil

    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
