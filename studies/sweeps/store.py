"""Records of runs, content-addressed, in append-only segments: one a writer, so that nobody waits for anybody.

A line of a segment is the digest of its text, a blank, and the text: JSON of one record. A line that was cut by a kill
or a full disk fails its digest and is as if it had never been written. Segments are never changed; `Store.pack` writes one of
many, whole, and then removes what it replaced. The index is built by reading and shared with nobody, so there is nothing
that two sweeps could corrupt (optuna #820, joblib #490). No path is absolute: a store may be moved while no sweep runs.

Records have an `id` (of the run) and a `state`. The last state but `running` wins; `done` wins over all. `running` is a
lease: it says by whom and until when, and ends with its process where that can be seen. What a line costs is one write, and one fsync
a second at most: a kill of the process loses nothing that was appended, a failure of power at most the last second.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder
from .owner import end, has_ended, new_owner

State = Literal["done", "failed", "timeout", "running"]
_RANK = {"running": 0, "timeout": 1, "failed": 1, "done": 2}
_SYNC_EVERY_S = 1.0
_DIGEST = 16


class StoreError(RevpathError):
    """A folder that is no store, or a store that cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies: offset and length in bytes of its line in a segment, and what the index needs to know of it."""

    segment: str
    offset: int
    length: int
    state: State
    until: float = 0.0
    since: float = 0.0
    owner: str = ""

    @property
    def is_held(self) -> bool:
        """Whether this is a lease that has not ended."""
        return self.state == "running" and self.until >= time.time() and not has_ended(self.owner)


@dataclass
class Damage:
    """What `Store.check` found."""

    records: int = 0
    torn: list[str] = field(default_factory=list)
    doubled: int = 0
    different: list[str] = field(default_factory=list)


def encode(record: dict[str, Any]) -> bytes:
    """One line of a segment."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    return hashlib.sha256(text).hexdigest()[:_DIGEST].encode() + b" " + text + b"\n"


def decode(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None where the line is not whole."""
    stamp, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest()[:_DIGEST].encode() != stamp:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return (
        record
        if isinstance(record, dict) and isinstance(record.get("id"), str) and record.get("state") in _RANK
        else None
    )


class Store:
    """A folder of records.

    Parameters
    ----------
    folder : path
        Made where it is missing.

    Raises
    ------
    StoreError
        the folder holds something else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     with store.writer() as writer:
    ...         writer.append({"id": "a1", "state": "done", "values": {"error": 0.5}})
    ...     Store(folder).get("a1")["values"]
    {'error': 0.5}
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = results_folder(folder)
        self._segments = self.folder / "segments"
        if not self._segments.is_dir():
            strange = [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]
            if strange:
                raise StoreError(
                    f"store = {str(self.folder)!r} holds {strange[0]!r} and no segments: name an empty folder or a store"
                )
            results_folder(self._segments)
        self._index: dict[str, Place] = {}
        self._read: dict[str, int] = {}
        self.refresh()

    # -- reading -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what was appended, by anybody, since the last look."""
        sizes = self._sizes()
        if self._read.keys() - sizes.keys():  # a pack took some away
            self._index, self._read = {}, {}
        for name, size in sizes.items():
            start = self._read.get(name, 0)
            if size == start:
                continue
            with (self._segments / name).open("rb") as lines:
                lines.seek(start)
                for line in lines:
                    if not line.endswith(b"\n"):  # being written, or torn for ever: either way nothing yet
                        break
                    record = decode(line)
                    if record is not None:
                        self._note(record, name, start, len(line))
                    start += len(line)
            self._read[name] = start

    def _note(self, record: dict[str, Any], segment: str, offset: int, length: int) -> None:
        lease = [float(record.get(name, 0.0)) for name in ("until", "since")]
        place = Place(segment, offset, length, record["state"], *lease, owner=record.get("owner", ""))
        before = self._index.get(record["id"])
        if before is None or _RANK[place.state] > _RANK[before.state]:
            self._index[record["id"]] = place
        elif place.state == before.state == "running":
            if place.owner == before.owner or not before.is_held or place.since < before.since:
                self._index[record["id"]] = place  # its renewal or end, or that of who came first
        elif _RANK[place.state] == _RANK[before.state] and place.state != "done":
            self._index[record["id"]] = place  # the newer failure

    def _paths(self) -> list[Path]:
        return [self._segments / name for name in self._sizes()]

    def _sizes(self) -> dict[str, int]:
        """Bytes of each segment by name, the one that was written to last at the end."""
        try:
            with os.scandir(self._segments) as entries:
                found = [(e.stat(), e.name) for e in entries if e.name.endswith(".jsonl")]
        except OSError as error:
            raise StoreError(f"store = {str(self.folder)!r} cannot be read: {error.strerror}") from None
        return {name: stat.st_size for stat, name in sorted(found, key=lambda each: (each[0].st_mtime_ns, each[1]))}

    def __len__(self) -> int:
        return sum(place.state == "done" for place in self._index.values())

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and id in self._index and self._index[id].state == "done"

    def state(self, id: str) -> State | None:
        """What is known of a run; a lease that has ended counts as nothing."""
        place = self._index.get(id)
        if place is None or (place.state == "running" and not place.is_held):
            return None
        return place.state

    def owner(self, id: str) -> str:
        """Whose lease is on a run; empty where there is none."""
        place = self._index.get(id)
        return place.owner if place is not None and place.is_held else ""

    def get(self, id: str) -> dict[str, Any]:
        """The record of a run.

        Raises
        ------
        StoreError
            there is none, or its segment has been damaged since it was indexed.
        """
        place = self._index.get(id)
        if place is None:
            raise StoreError(f"run {id!r} is not in the store {str(self.folder)!r}")
        try:
            with (self._segments / place.segment).open("rb") as lines:
                lines.seek(place.offset)
                record = decode(lines.read(place.length))
        except OSError as error:
            raise StoreError(f"segment {place.segment!r} cannot be read: {error.strerror}") from None
        if record is None or record["id"] != id:
            raise StoreError(f"segment {place.segment!r} is damaged at byte {place.offset}: run `revpath store check`")
        return record

    def records(self, ids: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """Records that are done, in the order of `ids` (all, by id, where None); one at a time, whatever their number.

        Records of one segment are read in one go.
        """
        handles: dict[str, Any] = {}
        try:
            for id in sorted(self._index) if ids is None else ids:
                place = self._index.get(id)
                if place is None or place.state != "done":
                    continue
                handle = handles.get(place.segment)
                if handle is None:
                    handle = handles[place.segment] = (self._segments / place.segment).open("rb")
                handle.seek(place.offset)
                record = decode(handle.read(place.length))
                if record is None:
                    raise StoreError(
                        f"segment {place.segment!r} is damaged at byte {place.offset}: run `revpath store check`"
                    )
                yield record
        finally:
            for handle in handles.values():
                handle.close()

    def status(self) -> dict[str, int]:
        """How many runs are in which state, from the index alone."""
        counts = dict.fromkeys(("done", "failed", "timeout", "running", "expired"), 0)
        for place in self._index.values():
            expired = place.state == "running" and not place.is_held
            counts["expired" if expired else place.state] += 1
        return counts | {"segments": len(self._read)}

    # -- writing -----------------------------------------------------------------------------------------------------

    def writer(self) -> Writer:
        """A segment of one's own to append to; a context manager."""
        return Writer(self._segments)

    def checkpoints(self, id: str) -> Path:
        """Folder in which the run `id` may keep what it needs to go on."""
        return self.folder / "checkpoints" / id

    def check(self) -> Damage:
        """Read every line of every segment against its digest."""
        damage = Damage()
        seen: dict[str, str] = {}
        for path in self._paths():
            offset = 0
            for line in path.read_bytes().splitlines(keepends=True):
                record = decode(line)
                if record is None:
                    damage.torn.append(f"{path.name} at byte {offset}, {len(line)} bytes")
                elif record["state"] == "done":
                    damage.records += 1
                    content = json.dumps([record.get("values"), record.get("events")], sort_keys=True)
                    damage.doubled += record["id"] in seen
                    if seen.setdefault(record["id"], content) != content:
                        damage.different.append(record["id"])
                offset += len(line)
        return damage

    def pack(self) -> int:
        """Put all that counts into one segment, sorted by id, whole before the others go; returns the number of records.

        Raises
        ------
        StoreError
            a sweep is at work on the store.
        """
        self.refresh()
        if any(place.is_held for place in self._index.values()):
            raise StoreError("a sweep is at work on this store: pack it when that has ended")
        old = self._paths()
        kept = [self.get(id) for id in sorted(self._index) if self._index[id].state != "running"]
        if kept:
            self._write_segment(kept)
        for path in old:
            path.unlink(missing_ok=True)
        self._index, self._read = {}, {}
        self.refresh()
        return len(kept)

    def merge(self, other: Store) -> int:
        """Take over what `other` has done and this store has not; returns how many."""
        self.refresh()
        other.refresh()
        new = [record for record in other.records() if record["id"] not in self]
        if new:
            self._write_segment(new)
            self.refresh()
        return len(new)

    def _write_segment(self, records: Iterable[dict[str, Any]]) -> None:
        from ...devices.base.files import write_whole

        write_whole(self._segments / _segment_name(), b"".join(encode(record) for record in records))


class Writer:
    """Appends to one segment, from any thread; made by `Store.writer`. The segment is made at the first record."""

    def __init__(self, segments: Path) -> None:
        self.owner = new_owner()
        self._path = segments / _segment_name()
        self._handle: int | None = None
        self._synced = 0.0
        self._lock = threading.Lock()

    def lease(self, id: str, seconds: float) -> None:
        """Say that the run `id` is being made here; 0 seconds give it back."""
        now = time.time()
        until = now + seconds if seconds > 0 else 0.0
        self.append({"id": id, "state": "running", "since": now, "until": until, "owner": self.owner})

    def append(self, record: dict[str, Any]) -> None:
        """Add a record; whole or, where the disk is full, not at all.

        Raises
        ------
        StoreError
            it cannot be written, or the store has gone.
        """
        line = encode(record)
        try:
            with self._lock:
                self._write(line)
        except OSError as error:
            raise StoreError(
                f"store: {str(self._path)!r} cannot be written: {error.strerror}; what was there is kept"
            ) from None

    def _write(self, line: bytes) -> None:
        if self._handle is None:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        start = os.lseek(self._handle, 0, os.SEEK_END)
        written = 0
        while written < len(line):
            try:
                written += os.write(self._handle, line[written:])
            except OSError:
                os.ftruncate(self._handle, start)
                raise
        if os.fstat(self._handle).st_nlink == 0:  # a file without a name takes whatever is written, for nobody
            raise StoreError(f"store: {str(self._path)!r} has been removed while a sweep was at work on it")
        if time.monotonic() - self._synced > _SYNC_EVERY_S:
            os.fsync(self._handle)
            self._synced = time.monotonic()

    def close(self) -> None:
        end(self.owner)
        if self._handle is not None:
            try:
                os.fsync(self._handle)
            except OSError as error:
                raise StoreError(f"store: {str(self._path)!r} cannot be written: {error.strerror}") from None
            finally:
                os.close(self._handle)
                self._handle = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _segment_name() -> str:
    """A name that no other writer has: host and process for people, random digits for certainty (joblib #1237)."""
    host = "".join(c if c.isalnum() or c in "-_" else "-" for c in socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{uuid.uuid4().hex[:12]}.jsonl"
