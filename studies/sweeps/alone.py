"""A folder that one process works in at a time: who comes second is told, and what the first makes is not overwritten."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...devices.base.errors import RevpathError

FILE = ".in-use"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder until the end of the block, or of the process, however that ends.

    Parameters
    ----------
    folder : Path
        That is there.

    Raises
    ------
    RevpathError
        Another process holds it; says which.

    Notes
    -----
    An advisory lock of the operating system, which ends with its process; on systems that have none (Windows) nothing is held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = folder / FILE
    handle = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _locked(path: Path, how: int) -> int:
    """A handle of the file, locked, with who we are in it."""
    import fcntl

    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, how)
        except OSError:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            raise RevpathError(
                f"folder = {str(path.parent)!r} is in use by {holder}: wait until that has ended, or name another folder"
            ) from None
        with suppress(OSError):
            if os.fstat(handle).st_ino == path.stat().st_ino:  # or who held it has just removed it
                os.truncate(handle, 0)
                os.write(handle, f"process {os.getpid()} of {socket.gethostname()}".encode())
                return handle
        os.close(handle)
