"""`revpath doctor`: what is installed, what is missing, and whether compiled kernels are cached."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from rich.markup import escape
from rich.table import Table

from .console import wide_console

_EXTRAS = {
    "torch": ("transformer", "retraining the transformer baseline"),
    "aihwkit": ("aihwkit", "checks against IBM aihwkit"),
    "dask": ("cluster", "sweeps on a cluster"),
    "nbmake": ("notebooks", "running the notebooks"),
}


def print_report() -> int:
    """Print the report; 0 where everything that the core needs is there, else 1."""
    console = wide_console()
    console.print(
        f"revpath {version('revpath')}, Python {platform.python_version()}, {platform.platform()}", highlight=False
    )
    grid = Table()
    for heading in ("what", "state", "for"):
        grid.add_column(heading)
    missing = 0
    for name in _core():
        try:
            grid.add_row(name, version(name), "core")
        except PackageNotFoundError:
            missing += 1
            grid.add_row(name, "[bold red]missing[/]", "core: python -m pip install -e .")
    for module, (extra, purpose) in _EXTRAS.items():
        try:
            state = version(module) if find_spec(module) is not None else "not installed"
        except PackageNotFoundError:  # some folder of that name is on the path
            state = "not installed"
        grid.add_row(module, state, escape(f'{purpose} (pip install -e ".[{extra}]")'))
    console.print(grid)
    if missing:
        return 1
    for line in _kernels():
        console.print(line, highlight=False, soft_wrap=True)
    return 0


def _core() -> list[str]:
    """Names of the packages that revpath requires, from its own metadata."""
    import re

    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in requires("revpath") or [] if "extra ==" not in line]
    return [found.group() for found in names if found]


def _kernels() -> list[str]:
    import numba

    from ...simulator.noise.streams import Stream

    start = time.perf_counter()
    Stream(0, "doctor").normals(256)
    first = time.perf_counter() - start
    state = "from the cache" if first < 1 else "compiled now; the next start is faster"
    cache = os.environ.get("NUMBA_CACHE_DIR", "__pycache__ beside each source file")
    jit = "on" if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0" else "off (NUMBA_DISABLE_JIT)"
    threads, policy = numba.get_num_threads(), os.environ.get("OMP_WAIT_POLICY", "not set")
    return [
        f"Numba {numba.__version__}: JIT {jit}, {threads} threads; first kernel in {first:.2f} s, {state}.",
        f"Compiled kernels are cached in {cache}.",
        f"OpenMP wait policy: {policy} (PASSIVE keeps Numba and BLAS from fighting).",
    ]
