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
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numba  # after the line above: the wait policy must be in the environment before Numba starts its pool
import numpy as np
from numba.extending import intrinsic, overload

_ROOT, _ROOMS = Path(__file__).parents[1], ("devices", "simulator", "ebm")
RELAXED = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})


def kernel(*, relaxed: bool = False, parallel: bool = False, inline: bool = False) -> Callable[[Callable], Any]:
    """The decorator of every compiled function of revpath.

    Parameters
    ----------
    relaxed: allow reassociation and fused multiply-add (`RELAXED`); never in code that makes random numbers, whose bits
        must not depend on how the compiler vectorised a loop.
    parallel: compile `prange` loops for threads.
    inline: paste the function into its callers.
    """

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
            folders = *(_ROOT / room for room in _ROOMS), Path(function.__code__.co_filename).parent
            cache._source_stamp = tuple(_stamp(folder) for folder in folders)
        return compiled

    return decorate


@lru_cache
def _stamp(folder: Path) -> tuple[int, int]:
    """Of the sources in a folder and below: time of the last change in nanoseconds, and bytes in all."""
    found = [path.stat() for path in folder.rglob("*.py")]
    return max((one.st_mtime_ns for one in found), default=0), sum(one.st_size for one in found)


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
