"""Files that are whole or not there, whatever interrupts the writing."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import RevpathError


def write_whole(path: Path, content: bytes) -> None:
    """Write `content`; an existing file is replaced only once the new one is complete.

    Raises
    ------
    RevpathError: the file cannot be written (no space, no permission).
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # two processes may be at the same result
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        raise RevpathError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path, pid: int) -> None:
    """Remove what a process that was killed had half written."""
    for partial in folder.glob(f"*.{pid}.partial"):
        partial.unlink(missing_ok=True)


def results_folder(folder: Path | str) -> Path:
    """`folder`, made if need be.

    Raises
    ------
    RevpathError: it is a file, or cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise RevpathError(f"out = {str(folder)!r} is a file; results need a folder") from None
    except OSError as error:
        raise RevpathError(f"out = {str(folder)!r} cannot be made a folder: {error.strerror}") from None
    return folder
