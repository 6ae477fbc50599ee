"""Files that are whole or not there, whatever interrupts the writing: a kill, a full disk, a power cut."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from .errors import RevpathError


def write_whole(path: Path | str, content: bytes | str) -> None:
    """Write `content` (text as UTF-8); an existing file is replaced only once the new one is on the disk.

    Raises
    ------
    RevpathError
        The file cannot be written (no space, no permission, no folder); what was there before is still there.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name[:200]}.{os.getpid()}.partial")  # two processes may be at the same result
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise RevpathError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name as lasting as the bytes; some systems cannot open a folder, and need not."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path, pid: int) -> None:
    """Remove what a process that was killed had half written."""
    for partial in folder.glob(f"*.{pid}.partial"):
        partial.unlink(missing_ok=True)


def results_folder(folder: Path | str) -> Path:
    """`folder`, made if need be.

    Raises
    ------
    RevpathError
        It is a file, or cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise RevpathError(f"out = {str(folder)!r} is a file; results need a folder") from None
    except OSError as error:
        raise RevpathError(f"out = {str(folder)!r} cannot be made a folder: {error.strerror}") from None
    return folder


def writable_folder(folder: Path | str) -> Path:
    """As `results_folder`, and a file can be written there: asked before hours of work, not after.

    Raises
    ------
    RevpathError
        It is a file, cannot be made, or nothing can be written there.
    """
    folder = results_folder(folder)
    probe = folder / f".{os.getpid()}.partial"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise RevpathError(f"out = {str(folder)!r} cannot be written to: {error.strerror}") from None
    return folder
