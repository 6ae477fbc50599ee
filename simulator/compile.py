"""The guard that keeps Numba's threads and BLAS's from fighting; kernels are compiled by `revpath.devices.compile`.

On two cores a 2-thread OpenBLAS product next to a Numba `prange` on GNU OpenMP ran 20 times slower, because each pool
spins while the other works. Two guards: the OpenMP pool is told to sleep
rather than spin, where kernels are compiled; and `threads` sets both pools at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..devices.base.compile import RELAXED as RELAXED
from ..devices.base.compile import kernel as kernel
from ..devices.base.compile import numba
from ..devices.base.compile import ones as ones
from ..devices.base.errors import RevpathError


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Run a block with `n` threads in Numba and in BLAS alike."""
    from threadpoolctl import threadpool_limits

    before = numba.get_num_threads()
    try:
        numba.set_num_threads(n)
    except (TypeError, ValueError) as error:
        raise RevpathError(f"n = {n!r} threads: {error}") from error
    try:
        with threadpool_limits(limits=n):
            yield
    finally:
        numba.set_num_threads(before)
