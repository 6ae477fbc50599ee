"""One thread for BLAS and OpenMP while a run lasts: to look for their libraries takes milliseconds, so that is not done each time."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

_found: tuple[int, Any] = (0, None)
"""Modules that were imported when libraries were looked for, and what was found: a library comes with a module."""


def one_thread(user_api: str | None = None) -> AbstractContextManager[Any]:
    """Limit the libraries that are loaded to one thread each.

    Parameters
    ----------
    user_api : "blas" or None
        Whose; all where None.
    """
    global _found
    from threadpoolctl import ThreadpoolController

    if _found[0] != len(sys.modules):
        _found = len(sys.modules), ThreadpoolController()
    return _found[1].limit(limits=1, user_api=user_api)
