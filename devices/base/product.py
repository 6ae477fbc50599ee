"""Matrix products whose bits do not depend on how many threads there are.

A BLAS with threads of its own cuts a product differently for each number of threads, and rounds differently. Here the
cut follows from the shape alone: every block is one call of a BLAS held to one thread, and blocks are shared out over
Numba's threads. No second pool of threads wakes, so none spins beside ours.

Not promised: the same bits on another processor or from another BLAS, which has kernels that add in another order; nor
the same bits for a row that is multiplied in a batch of another size. A BLAS whose threads `threadpoolctl` cannot set
(Apple's Accelerate) keeps them, and its bits are as it makes them.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import prange, types
from numba.extending import get_cython_function_address, intrinsic

from .compile import kernel
from .errors import RevpathError

BLOCK = 1 << 23  # multiplications in a block: some 0.1 ms of one core, long beside the start of a thread
LEAST_WIDTH = 192  # lines in a block: each block packs the other matrix anew, which must stay cheap beside the product
SMALL = 1 << 16  # multiplications that OpenBLAS never shares out (its own limit is four times as many)
_LETTER = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}  # of the type, in the names of BLAS


def _call(typing_context, function, table, row):
    """function(*table[row]), a subroutine of Fortran, which takes all by address; `function`: where it lies."""

    def build(context, builder, signature, arguments):
        from llvmlite import ir

        address, table, row = arguments
        array = context.make_array(signature.args[1])(context, builder, table)
        width = builder.extract_value(array.shape, 1)
        byte = ir.IntType(8).as_pointer()
        first = builder.gep(array.data, [builder.mul(row, width)])
        for_matrices, for_vectors, after = (builder.append_basic_block(name) for name in ("gemm", "gemv", "after"))
        builder.cbranch(builder.icmp_signed("==", width, width.type(_OF_GEMM)), for_matrices, for_vectors)
        for block, n in ((for_matrices, _OF_GEMM), (for_vectors, _OF_GEMV)):
            builder.position_at_end(block)
            places = [builder.load(builder.gep(first, [width.type(i)])) for i in range(n)]
            subroutine = ir.FunctionType(ir.VoidType(), [byte] * n).as_pointer()
            builder.call(builder.inttoptr(address, subroutine), [builder.inttoptr(place, byte) for place in places])
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(function, table, row), build


# transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc; and trans, m, n, alpha, a, lda, x, incx, beta, y, incy
_OF_GEMM, _OF_GEMV = 13, 11
_fortran: Any = intrinsic(_call)


@kernel()
def _place(array):
    """Where an array lies; `array.ctypes.data` of the interpreter takes ten times as long."""
    return array.ctypes.data


@kernel()
def _placed(table, columns, places):
    """A copy of the table of a plan, with where the matrices and factors lie."""
    table = table.copy()
    for i in range(len(table)):
        for j in range(len(places)):
            table[i, columns[j]] += places[j]
    return table


@kernel()
def _blocks_in_turn(function, table, columns, places):
    table = _placed(table, columns, places)
    for i in range(len(table)):
        _fortran(function, table, i)


@kernel(parallel=True)
def _blocks_shared_out(function, table, columns, places):
    table = _placed(table, columns, places)
    for i in prange(len(table)):
        _fortran(function, table, i)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a (m, k) @ b (k, n) -> (m, n), with the same bits on any number of threads.

    Parameters
    ----------
    a : numpy.ndarray
        (m, k), float32 or float64; a layout that is neither in rows nor in columns is copied first.
    b : numpy.ndarray
        (k, n), or (k,) for a vector. Where the types differ, both are taken as float64.

    Returns
    -------
    numpy.ndarray
        (m, n), or (m,) for a vector, in rows and of the type of both.

    Raises
    ------
    RevpathError
        Shapes that do not fit, or other types.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.devices.base.product import product
    >>> product(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if b.ndim == 1:
        return product(a, b[:, None])[:, 0]
    kind = a.dtype if a.dtype == b.dtype else np.result_type(a, b)
    c = np.empty((len(a), b.shape[1]), kind)
    _multiply(c, a.astype(kind, copy=False), b.astype(kind, copy=False))
    return c


def add_product(c: np.ndarray, a: np.ndarray, b: np.ndarray, rate: float = 1.0) -> None:
    """c (m, n) += rate a (m, k) @ b (k, n) in place, with no temporary of the size of c; for the rest as `product`.

    Raises
    ------
    RevpathError
        Shapes or types that do not fit, or a `c` that lies neither in rows nor in columns.
    """
    _multiply(c, a.astype(c.dtype, copy=False), b.astype(c.dtype, copy=False), rate, add=True)


def _multiply(c: np.ndarray, a: np.ndarray, b: np.ndarray, rate: float = 1.0, *, add: bool = False) -> None:
    """c <- a b, or c += rate a b."""
    (m, n), k = c.shape, a.shape[-1]
    if c.dtype not in _LETTER or a.shape != (m, k) or b.shape != (k, n):
        raise RevpathError(f"no product of {a.dtype} {a.shape} and {b.dtype} {b.shape} in {c.dtype} {c.shape}")
    if c.strides[1] != c.itemsize and n > 1:  # c lies in columns, so that its transpose lies in rows
        c, a, b, m, n = c.T, b.T, a.T, n, m
    ldc = c.strides[0] // c.itemsize if m > 1 else n
    if (c.strides[1] != c.itemsize and n > 1) or ldc < n or c.strides[0] % c.itemsize:
        raise RevpathError("the result of a product must lie in rows or in columns")
    small = m * n * k <= (SMALL if min(m, n) > 1 else SMALL >> 3) and _blas().internal_api == "openblas"
    if small or not (m and n and k) or numba.config.DISABLE_JIT:  # type: ignore[attr-defined]  # set at run time
        if add:
            c += c.dtype.type(rate) * (a @ b)
        else:
            np.matmul(a, b, out=c)
        return
    (a, a_turned, lda), (b, b_turned, ldb) = _laid_out(a), _laid_out(b)
    plan = _plan((m, n, k), (lda, ldb, ldc), (a_turned, b_turned), c.dtype)
    factors = _factors(float(rate), add, c.dtype)
    places = _place(a), _place(b), _place(c), factors.place, factors.place
    run = _blocks_shared_out if len(plan.table) > 1 and numba.get_num_threads() > 1 else _blocks_in_turn
    library = _blas()
    with _guard:
        threads = library.get_num_threads()
        if threads != 1:
            library.set_num_threads(1)
        try:
            run(plan.function, plan.table, plan.columns, places)
        finally:
            if threads != 1:
                library.set_num_threads(threads)


class _Factors(NamedTuple):
    """alpha and, 8 bytes further, beta, which BLAS takes by address, and where they lie."""

    values: np.ndarray
    place: int


@lru_cache(256)
def _factors(rate: float, add: bool, kind: np.dtype) -> _Factors:
    values = np.zeros(16 // kind.itemsize, kind)
    values[0], values[8 // kind.itemsize] = rate, add
    return _Factors(values, _place(values))


def _laid_out(a: np.ndarray) -> tuple[np.ndarray, bool, int]:
    """The matrix as BLAS can take it, whether it lies in columns, and the elements from one line to the next."""
    (rows, columns), (down, right), item = a.shape, a.strides, a.itemsize
    if (right == item or columns == 1) and (rows == 1 or (down >= columns * item and down % item == 0)):
        return a, False, columns if rows == 1 else down // item
    if (down == item or rows == 1) and (columns == 1 or (right >= rows * item and right % item == 0)):
        return a, True, rows if columns == 1 else right // item
    return np.ascontiguousarray(a), False, columns


class _Plan(NamedTuple):
    """How a product is cut, by its shape and layout alone.

    Attributes
    ----------
    function : int
        address of the subroutine.
    table : ndarray
        (blocks, arguments) int64, addresses, of which those of the matrices and factors are still to be added.
    columns : tuple[int, int, int, int, int]
        where a, b, c, alpha and beta stand in it.
    kept : tuple[ndarray, ...]
        what the table points at.
    """

    function: int
    table: np.ndarray
    columns: tuple[int, int, int, int, int]
    kept: tuple[np.ndarray, ...]


@lru_cache(4096)
def _plan(
    shape: tuple[int, int, int], leading: tuple[int, int, int], turned: tuple[bool, bool], kind: np.dtype
) -> _Plan:
    """Fortran sees rows as columns, so it is asked for c.T = b.T a.T; where that is a vector, by gemv."""
    (m, n, k), (lda, ldb, ldc), (a_turned, b_turned) = shape, leading, turned
    longer = max(m, n)
    blocks = max(1, min(m * n * k // BLOCK, longer // LEAST_WIDTH))
    blocks = 1 << (blocks.bit_length() - 1)  # a power of two: shared out evenly over two, four, eight threads
    edges = np.arange(blocks + 1) * longer // blocks
    first, width = edges[:-1], np.diff(edges)
    of_a, of_b, of_c = np.zeros((3, blocks), np.int64)
    ms, ns = np.full((2, blocks), [[m], [n]])
    if n >= m:
        of_b, of_c, ns = first * (ldb if b_turned else 1), first, width
    else:
        of_a, of_c, ms = first * (1 if a_turned else lda), first * ldc, width
    words = np.array([ord("N"), ord("T")], np.uint8)
    numbers = np.empty((blocks, 8), np.int64)  # a Fortran integer of 4 bytes or of 8 reads them, the low half first
    numbers[:] = 0, 0, k, lda, ldb, ldc, 1, 0
    numbers[:, 0], numbers[:, 1] = ms, ns
    at_m, at_n, at_k, at_lda, at_ldb, at_ldc, at_one, _ = (
        numbers.ctypes.data + 8 * np.arange(8 * blocks).reshape(-1, 8).T
    )
    as_is, other = words.ctypes.data + np.zeros((2, blocks), np.int64) + [[0], [1]]
    of_a, of_b, of_c = np.array([of_a, of_b, of_c]) * kind.itemsize
    beta = np.full(blocks, 8)
    alpha = np.zeros(blocks, np.int64)
    if m == 1:
        step = at_lda if a_turned else at_one
        head = (other, at_k, at_n) if b_turned else (as_is, at_n, at_k)
        rows, columns = (*head, alpha, of_b, at_ldb, of_a, step, beta, of_c, at_one), (6, 4, 9, 3, 8)
    elif n == 1:
        step = at_one if b_turned else at_ldb
        head = (as_is, at_m, at_k) if a_turned else (other, at_k, at_m)
        rows, columns = (*head, alpha, of_a, at_lda, of_b, step, beta, of_c, at_ldc), (4, 6, 9, 3, 8)
    else:
        head = other if b_turned else as_is, other if a_turned else as_is, at_n, at_m, at_k
        rows, columns = (*head, alpha, of_b, at_ldb, of_a, at_lda, beta, of_c, at_ldc), (8, 6, 11, 5, 10)
    name = f"{_LETTER[kind]}{'gemv' if 1 in (m, n) else 'gemm'}"
    return _Plan(_address(name), np.stack(rows, axis=1), columns, (words, numbers))


_guard = threading.RLock()  # two Python threads must not put back each other's number


@cache
def _blas() -> Any:
    """The BLAS that multiplies, as threadpoolctl sees it: NumPy's where it brings one, else SciPy's."""
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    of_numpy = [each for each in libraries if hasattr(each.dynlib, "scipy_sgemm_64_")]
    of_scipy = [each for each in libraries if "numpy.libs" not in each.filepath]
    return next(iter([*of_numpy, *of_scipy]), _Unset())


class _Unset:
    """A BLAS whose number of threads cannot be set."""

    dynlib, internal_api = None, "unknown"

    def get_num_threads(self) -> int:
        return 1

    def set_num_threads(self, n: int) -> None:
        """Nothing to set."""


@cache
def _address(name: str) -> int:
    """Where a subroutine of `_blas` lies: NumPy's wheels bring it with whole numbers of 8 bytes, SciPy's of 4."""
    if sys.byteorder != "little":
        raise RevpathError("products are made for processors whose low bytes come first")
    of_numpy = getattr(_blas().dynlib, f"scipy_{name}_64_", None)
    if of_numpy is None:
        return get_cython_function_address("scipy.linalg.cython_blas", name)
    return ctypes.cast(of_numpy, ctypes.c_void_p).value or 0
