"""The streams of a command: any encoding, and an end that is said when nobody can be written to. Imports nothing heavy."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from contextlib import suppress

from ...devices.base.printable import one_line

_GONE = {errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG}


def prepare_streams() -> None:
    """Make every text printable on this terminal, in whatever encoding, and warnings one line.

    Raises
    ------
    SystemExit
        Standard output is closed.
    """
    warnings.formatwarning = lambda message, *_: f"revpath: warning: {one_line(message)}\n"
    if sys.stdout is None:
        if sys.stderr is not None:
            print("revpath: standard output is closed", file=sys.stderr)
        raise SystemExit(2)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # one that a test or a notebook put there
            getattr(stream, "reconfigure")(errors="backslashreplace")  # noqa: B009  # a TextIO need not have it


def end_without_output(error: OSError) -> None:
    """Exit with 2 and one line where standard output cannot be written; with 1 where nobody reads it.

    Raises
    ------
    SystemExit
        In both cases; any other error is left to the caller.
    """
    if error.filename is not None or error.errno not in {*_GONE, errno.EPIPE}:
        return
    with suppress(OSError, ValueError, AttributeError):  # what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        raise SystemExit(1)
    print(f"revpath: standard output cannot be written: {error.strerror}", file=sys.stderr)
    raise SystemExit(2)
