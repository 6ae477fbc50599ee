"""Running a study: what is missing, in parallel, into one segment; resumable at any moment, on a laptop or a cluster.

The processes are those of `revpath.studies.sweeps.parallel`: joblib's, on this machine or, with `cluster`, on Dask workers; with
`shard` i of n an array job runs the i-th share and needs nothing else. Answers come back to the process that runs the
study, which alone writes.

A first Ctrl-C (or SIGTERM) hands out no more runs; those under way stop at their next checkpoint, or come to their end where
they keep none. A second ends them. A run that ends its process is tried once more alone, from its checkpoint, and is then
a failure like any other.
"""

from __future__ import annotations

import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from .attempt import attempt
from .channel import Channel
from .parallel import Call, Ended, Raised, cores, in_parallel, stop_on_signals
from .registry import task_kind
from .store import Store, Writer
from .study import OnRecord, Planned, Study
from .threads import one_thread

LEASE_S = 120.0
"""How long other sweeps on the store leave a run alone that one has begun; renewed while it lasts."""

Tell = Callable[["Summary"], None]
Hear = Callable[[Planned, list[Any]], None]
"""Called with a run that is being made, and what it says of how far it is."""


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


def missing(
    study: Study, store: Store, *, shard: tuple[int, int] = (0, 1), retry_failed: bool = False
) -> list[Planned]:
    """The runs of a shard that the store does not hold; failed ones only where they are to be tried again.

    Raises
    ------
    RevpathError
        a shard that is not i of n with 0 <= i < n.
    """
    leave = {"done"} if retry_failed else {"done", "failed", "timeout"}
    return [run for run in _share(study, shard) if store.state(run.id) not in leave]


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
    RevpathError
        bad options; the store cannot be written, or has gone.
    """
    return make(
        _share(study, shard),
        store,
        workers=workers,
        timeout_s=timeout_s,
        retry_failed=retry_failed,
        cluster=cluster,
        tell=tell,
        on_record=on_record,
    )


def make(
    planned: Iterable[Planned],
    store: Store,
    *,
    workers: int | None = None,
    timeout_s: float | None = None,
    retry_failed: bool = False,
    cluster: str | None = None,
    tell: Tell | None = None,
    on_record: OnRecord | None = None,
    writer: Writer | None = None,
    hear: Hear | None = None,
) -> Summary:
    """As `run`, of runs from wherever, each of which may be of another task.

    Parameters
    ----------
    writer : Writer, optional
        One that stays open afterwards.
    hear : callable, optional
        Called with what a run says while it is being made (`revpath.studies.sweeps.running.Run.say`).
    others
        As of `run`.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise RevpathError(f"workers = {workers!r} must be a positive integer")
    if timeout_s is not None and not timeout_s > 0:
        raise RevpathError(f"timeout_s = {timeout_s!r} must be positive")
    started = time.monotonic()
    store.refresh()
    summary = Summary(total=0)
    todo = []
    for each in planned:
        summary.total += 1
        state = store.state(each.id)
        if state == "done":
            summary.present += 1
        elif state == "running":
            summary.elsewhere += 1
        elif state is not None and not retry_failed:
            summary.failed += 1
        else:
            todo.append(each)
    if tell:
        tell(summary)
    with nullcontext(writer) if writer else store.writer() as writer, stop_on_signals() as stop:
        keep = _Keeper(store, writer, summary, tell, on_record, started, hear)
        with closing(keep):
            for each, answer in _answers(todo, store, keep, stop, workers, timeout_s, cluster):
                keep(each, answer)
        summary.stopped = stop.is_set()
    store.refresh()
    _count_others(summary, todo, store, keep)
    summary.seconds = time.monotonic() - started
    return summary


def _count_others(summary: Summary, todo: list[Planned], store: Store, keep: _Keeper) -> None:
    """Runs that another sweep has made, or is making, since this one began."""
    for each in todo:
        if each.id in keep.settled:
            continue
        state = store.state(each.id)
        summary.present += state == "done"
        summary.elsewhere += state == "running"


def _share(study: Study, shard: tuple[int, int]) -> Iterator[Planned]:
    i, n = shard
    if not (isinstance(i, int) and isinstance(n, int) and 0 <= i < n):
        raise RevpathError(f"shard = {i}/{n} must be i/n with 0 <= i < n")
    return (planned for planned in study.runs() if int(planned.id[:8], 16) % n == i)


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
        hear: Hear | None,
    ) -> None:
        self.store, self.writer, self.summary = store, writer, summary
        self.tell, self.on_record, self.started, self.hear = tell, on_record, started, hear
        self.surroundings = _provenance()
        self.stop_file = store.folder / f"stop-{uuid.uuid4().hex[:12]}"
        self.settled: set[str] = set()
        self._leased: dict[str, float] = {}
        self._channels: dict[str, tuple[Planned, Channel]] = {}
        self._listening = threading.Lock()

    def listen(self) -> None:
        """Pass on what the runs that are being made have said."""
        if self.hear is None:
            return
        with self._listening:  # a watcher and who keeps an answer may both ask
            for planned, channel in list(self._channels.values()):
                for words in channel.heard():
                    self.hear(planned, words)

    def lease(self, planned: Planned) -> bool:
        """Take a run, unless another sweep has done it or is at it by now."""
        id = planned.id
        self.store.refresh()
        if self.store.state(id) in ("done", "running"):
            return False
        self.writer.lease(id, LEASE_S)
        self.store.refresh()
        if self.store.owner(id) not in ("", self.writer.owner):  # both asked at once: who came first has it
            self.writer.lease(id, 0.0)
            return False
        self._leased[id] = time.monotonic()
        if self.hear is not None:
            self._channels[id] = planned, Channel(self.store.checkpoints(id))
            self._channels[id][1].open()
        return True

    def renew(self) -> None:
        """Leases of runs that last, long before they end."""
        late = time.monotonic() - LEASE_S / 4
        for id in [id for id, since in list(self._leased.items()) if since < late]:
            self.writer.lease(id, LEASE_S)
            self._leased[id] = time.monotonic()

    def close(self) -> None:
        """Give back what was leased and not done, and leave neither words nor a request to stop behind."""
        with suppress(RevpathError):
            for id in list(self._leased):
                self.writer.lease(id, 0.0)
        for _, channel in self._channels.values():
            channel.forget()
        self.stop_file.unlink(missing_ok=True)

    def __call__(self, planned: Planned, answer: dict[str, Any]) -> None:
        if answer["state"] == "stopped":
            return
        record = {
            "id": planned.id,
            "identity": planned.identity,
            "point": dict(planned.point),
            "replicate": planned.replicate,
            "records": list(planned.config.records()),
            "provenance": {**self.surroundings, "seconds": answer.pop("seconds")},
            **answer,
        }
        if planned.id in self._channels:
            self.listen()
            self._channels.pop(planned.id)[1].forget()
        self.writer.append(record)
        self._leased.pop(planned.id, None)
        self.settled.add(planned.id)
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
    todo: list[Planned],
    store: Store,
    keep: _Keeper,
    stop: threading.Event,
    workers: int | None,
    timeout_s: float | None,
    cluster: str | None,
) -> Iterator[tuple[Planned, dict[str, Any]]]:
    """Answers in the order in which they come."""

    def arguments(planned: Planned) -> tuple[Any, ...]:
        folder = store.checkpoints(planned.id).absolute()
        stop_file, heard = keep.stop_file.absolute(), keep.hear is not None
        return task_kind(planned.task), planned.config, planned.seed, folder, stop_file, timeout_s, heard

    def tick() -> None:
        if stop.is_set():
            with suppress(OSError):
                keep.stop_file.touch()
        keep.renew()
        keep.listen()

    if cluster is None and min(workers or cores(), len(todo)) <= 1:
        yield from _here(todo, arguments, keep, stop)
        return
    planned = {each.id: each for each in todo}
    calls = [Call(each.id, arguments(each)) for each in todo]
    options = {
        "workers": workers,
        "cluster": cluster,
        "begin": lambda call: keep.lease(planned[call.name]),
        "tick": tick,
    }
    with closing(in_parallel(attempt, calls, stop=stop, **options)) as answers:
        for call, answer in answers:
            if isinstance(answer, Ended | Raised):
                answer = {"state": "failed", "error": answer.reason, "fault": type(answer).__name__, "seconds": 0.0}
            yield planned[call.name], answer


def _here(
    todo: list[Planned], arguments: Callable[[Planned], tuple[Any, ...]], keep: _Keeper, stop: threading.Event
) -> Iterator[tuple[Planned, dict[str, Any]]]:
    """One run after the other in this process, to the same bits: one BLAS thread, as a worker has."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if stop.is_set():
                with suppress(OSError):
                    keep.stop_file.touch()
            with suppress(RevpathError):  # the run itself comes upon a store that has gone
                keep.renew()
            keep.listen()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        for planned in todo:
            if stop.is_set():
                return
            if not keep.lease(planned):
                continue
            with one_thread("blas"):
                answer = attempt(*arguments(planned))
            yield planned, answer
    finally:
        over.set()
        watcher.join()


def _provenance() -> dict[str, Any]:
    return {**_versions(), "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


@cache
def _versions() -> dict[str, Any]:
    import numba
    import numpy

    return {
        "revpath": version("revpath"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _clear(folder: Path) -> None:
    """Remove what a run that is done no longer needs."""
    import shutil

    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
