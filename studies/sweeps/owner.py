"""Whose a lease is: a sweep in a process that others can tell from all others, and see the end of on the same machine."""

from __future__ import annotations

import os
import socket
import uuid

_at_work: set[str] = set()
"""Owners of this process that have not ended."""


def new_owner() -> str:
    """Host, namespace of processes, number and start of this process, and random digits: nobody else is that."""
    host = socket.gethostname().replace("/", "-")
    process = os.getpid()
    owner = f"{host}/{_namespace()}/{process}/{_started(process)}/{uuid.uuid4().hex[:8]}"
    _at_work.add(owner)
    return owner


def end(owner: str) -> None:
    """An owner of this process makes nothing any more."""
    _at_work.discard(owner)


def has_ended(owner: str) -> bool:
    """Whether an owner has certainly ended; False where that cannot be seen from here."""
    parts = owner.split("/")
    if len(parts) != 5 or not parts[3] or not parts[2].isdecimal():
        return False
    if parts[:2] != [socket.gethostname().replace("/", "-"), _namespace()]:
        return False
    if parts[2] == str(os.getpid()) and parts[3] == _started(os.getpid()):
        return owner not in _at_work
    return _started(int(parts[2])) != parts[3]


def _namespace() -> str:
    """Processes of two containers may have the same number and host."""
    try:
        return os.readlink("/proc/self/ns/pid").partition("[")[2].rstrip("]")
    except OSError:
        return ""


def _started(process: int) -> str:
    """When a process was started, in ticks since the machine was; empty where there is none, or no /proc."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state == b"Z" else start.decode()
