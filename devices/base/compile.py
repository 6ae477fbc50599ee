"""One decorator for every compiled kernel of all rooms, and one instruction that Numba lacks.

Kernels get ``error_model="numpy"`` (a division by zero gives inf, and the loop still vectorises), an on-disk cache, and
no fast-math unless they ask for it by name. `RELAXED` is fast-math without ``nnan`` and ``ninf``: a NaN is data.

Numba's cache looks at the file of a function only, and would go on serving one whose callee in another file has changed.
Here a cached function is as old as the newest file of the rooms with kernels, so they may call each other across files.

Where the cache cannot be written (a package and a home that are read-only, a full disk), kernels are kept in a temporary
folder of this process and its children, or compiled anew each time; that is said once. NUMBA_CACHE_DIR names a better place.

Numba's OpenMP pool is told to sleep rather than spin, which must be said before the first parallel region: see
`revpath.simulator.compile.threads`.
"""

from __future__ import annotations

import atexit
import os
import pickle
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numba  # after the line above: the wait policy must be in the environment before Numba starts its pool
import numpy as np
from numba.core import config
from numba.extending import intrinsic, overload

_ROOMS = ("revpath.devices", "revpath.simulator", "revpath.ebm")  # whose files hold kernels: `kernel` refuses others
RELAXED = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})


def kernel(
    *, relaxed: bool = False, parallel: bool = False, inline: bool = False, draws: bool = False
) -> Callable[[Callable], Any]:
    """The decorator of every compiled function of revpath.

    Parameters
    ----------
    relaxed : bool
        Allow reassociation and fused multiply-add (`RELAXED`); never in code that makes random numbers, whose bits must
        not depend on how the compiler vectorised a loop.
    parallel : bool
        Compile `prange` loops for threads.
    inline : bool
        Paste the function into its callers.
    draws : bool
        The function makes random numbers, or calls one that does: never relaxed.

    Returns
    -------
    callable
        What turns a function into a compiled one.

    Raises
    ------
    ValueError
        A kernel that draws and is relaxed.

    Warns
    -----
    RuntimeWarning
        Once, where no cache can be written.
    """
    if draws and relaxed:
        raise ValueError("a kernel that draws random numbers cannot be relaxed: its bits would depend on the compiler")

    def decorate(function: Callable) -> Any:
        compiled = _compiled(
            function,
            cache=not inline,
            error_model="numpy",
            fastmath=set(RELAXED) if relaxed else False,
            parallel=parallel,
            inline="always" if inline else "never",
        )
        cache = getattr(compiled, "_cache", None)
        file = getattr(cache, "_cache_file", None)
        if file is not None and hasattr(file, "_source_stamp"):  # private to Numba: a test sees where it is no more
            file._source_stamp = (file._source_stamp, *(_stamp(folder) for folder in _folders_of(function)))
            _forgive(cache)
        return compiled

    return decorate


def _compiled(function: Callable, *, cache: bool, **options: Any) -> Any:
    """`numba.njit` with a cache where one can be written: in its usual place, else a temporary one, else none."""
    try:
        return numba.njit(cache=cache, **options)(function)
    except RuntimeError as error:  # "no locator available for file": Numba has found no folder that it may write to
        if not cache or "cannot cache function" not in str(error):
            raise
    nowhere, where = "neither beside revpath nor in the home can compiled code be written", _temporary_cache()
    try:
        if where is None:
            raise RuntimeError(nowhere)
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        where, compiled = None, numba.njit(cache=False, **options)(function)
    _say_once(nowhere, where)
    return compiled


@lru_cache
def _temporary_cache() -> Path | None:
    """A cache of this process and its children, removed at the end; None where not even that can be written."""
    try:
        folder = Path(
            tempfile.mkdtemp(prefix="revpath-kernels-")
        )  # ours alone: compiled code is trusted when it is loaded
    except OSError:
        return None
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    settings: Any = config
    settings.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


_said: list[str] = []  # one warning a process


def _say_once(why: str, folder: Path | None = None) -> None:
    if _said:
        return
    kept = "is compiled anew in every process" if folder is None else f"is kept in {folder} until this process ends"
    _said.append(f"{why}: it {kept}. Set NUMBA_CACHE_DIR to a folder that you can write to.")
    warnings.warn(_said[0], RuntimeWarning, stacklevel=2)


def _forgive(cache: Any) -> None:
    """A cache that fails when it is used (full disk, torn file) costs a compilation, not the run."""

    def forgiving(method: Callable) -> Callable:
        @wraps(method)
        def attempt(*arguments: Any) -> Any:
            try:
                return method(*arguments)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                _say_once(f"the cache of compiled code in {cache.cache_path} cannot be used ({error})")
                return None

        return attempt

    for name in ("save_overload", "load_overload"):
        setattr(cache, name, forgiving(getattr(cache, name)))


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
    FileNotFoundError
        a folder that is missing or without a source; kernels that it holds could be served stale.
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
