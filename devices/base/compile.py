"""One decorator for every compiled kernel of all rooms, and one instruction that Numba lacks.

Kernels get ``error_model="numpy"`` (a division by zero gives inf, and the loop still vectorises), an on-disk cache, and
no fast-math unless they ask for it by name. `RELAXED` is fast-math without ``nnan`` and ``ninf``: a NaN is data.

Numba's cache looks at the file of a function only, and would go on serving one whose callee in another file has changed.
Here a cached function is as old as the newest file of the rooms with kernels, so they may call each other across files.

Numba's OpenMP pool is told to sleep rather than spin, which must be said before the first parallel region: see
`revpath.simulator.compile.threads`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numba  # after the line above: the wait policy must be in the environment before Numba starts its pool
import numpy as np
from numba.extending import intrinsic, overload

_ROOMS = ("revpath.devices", "revpath.simulator", "revpath.ebm")  # whose files hold kernels: `kernel` refuses others
RELAXED = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})


def kernel(
    *, relaxed: bool = False, parallel: bool = False, inline: bool = False, draws: bool = False
) -> Callable[[Callable], Any]:
    """The decorator of every compiled function of revpath.

    Parameters
    ----------
    relaxed: allow reassociation and fused multiply-add (`RELAXED`); never in code that makes random numbers, whose bits
        must not depend on how the compiler vectorised a loop.
    parallel: compile `prange` loops for threads.
    inline: paste the function into its callers.
    draws: the function makes random numbers, or calls one that does: never relaxed.

    Raises
    ------
    ValueError: a kernel that draws and is relaxed.
    """
    if draws and relaxed:
        raise ValueError("a kernel that draws random numbers cannot be relaxed: its bits would depend on the compiler")

    def decorate(function: Callable) -> Any:
        compiled = numba.njit(
            cache=not inline,
            error_model="numpy",
            fastmath=set(RELAXED) if relaxed else False,
            parallel=parallel,
            inline="always" if inline else "never",
        )(function)
        cache = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if cache is not None and hasattr(cache, "_source_stamp"):  # private to Numba: a test sees where it is no more
            cache._source_stamp = (cache._source_stamp, *(_stamp(folder) for folder in _folders_of(function)))
        return compiled

    return decorate


def _folders_of(function: Callable) -> tuple[Path, ...]:
    """Folders whose sources the compiled code of `function` may hold: every room with kernels, and its own."""
    module = function.__module__
    if module.startswith("revpath.") and not module.startswith(tuple(f"{room}." for room in _ROOMS)):
        raise RuntimeError(f"{module}: kernels stand in {', '.join(_ROOMS)}, or the cache would not see them change")
    source = Path(function.__code__.co_filename)  # of a notebook's cell there is none
    return *(_folder_of(room) for room in _ROOMS), *([source.parent] if source.is_file() else [])


@lru_cache
def _folder_of(room: str) -> Path:
    """Where a package lies, asked of the package itself: no move of a file can turn the answer wrong unseen."""
    found = find_spec(room)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"{room} is not installed, so the kernel cache cannot tell whether it has changed")
    return Path(next(iter(found.submodule_search_locations)))


@lru_cache
def _stamp(folder: Path) -> tuple[int, int]:
    """Of the sources in a folder and below: time of the last change in nanoseconds, and bytes in all.

    Raises
    ------
    FileNotFoundError: a folder that is missing or without a source; kernels that it holds could be served stale.
    """
    sources = [path.stat() for path in folder.rglob("*.py")]
    if not sources:
        raise FileNotFoundError(
            f"{folder} holds no Python source, so the kernel cache cannot tell whether it has changed"
        )
    return max(source.st_mtime_ns for source in sources), sum(source.st_size for source in sources)


def ones(word: Any) -> Any:
    """How many bits of an unsigned integer are set, in its own type; one instruction (or a few) of the processor.

    Compiled functions of any file may call it: it has no body that the cache could serve stale.
    """
    return type(word)(np.bitwise_count(word))


def _count_of_bits(typing_context: Any, word: Any) -> Any:
    """LLVM's ctpop, which vectorises; numpy.bitwise_count, which does the same, is not known to Numba 0.68."""
    return word(word), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


_ctpop: Any = intrinsic(_count_of_bits)


@overload(ones)
def _compiled_ones(word):
    return (lambda word: _ctpop(word)) if isinstance(word, numba.types.Integer) else None
