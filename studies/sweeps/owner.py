"""Whose a lease is: a process that another one can tell from all others, and see the end of on the same machine."""

from __future__ import annotations

import os
import socket


def this_process() -> str:
    """Host, namespace of processes, number and start of this process: another one never has the same."""
    host = socket.gethostname().replace("/", "-")
    return f"{host}/{_namespace()}/{os.getpid()}/{_started(os.getpid())}"


def has_ended(owner: str) -> bool:
    """Whether the process of an owner has certainly ended; False where that cannot be seen from here."""
    parts = owner.split("/")
    if len(parts) < 4 or not parts[3] or parts[:2] != this_process().split("/")[:2] or not parts[2].isdecimal():
        return False
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
