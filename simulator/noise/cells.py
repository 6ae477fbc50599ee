"""Read noise of an array, cell by cell (the reference) and collapsed into one number for each output (the fast path).

In law the two are the same where the cells are linear, wires have no resistance and every cell adds a normal number of
its own: y_j = sum_i x_i (G+ - G-)_ij then has the variance sum_i x_i^2 (sigma+^2 + sigma-^2)_ij, and outputs are
independent. `is_exact` says where that holds. Elsewhere the cells have to be drawn: `sampled_read` draws a fresh one
for every driven cell in every read without storing them, `perturbed_cells` gives the whole array as one read sees it.

Addresses: a read is one step of the stream, a cell is a position, so that read k of a batch sees the very cells that
`perturbed_cells` gives at that step, whatever the number of threads and however a batch is split.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import prange

from ...devices.base.product import product
from ...devices.laws import NoReadNoise, ReadNoise
from ..compile import kernel
from ..errors import ArrayError
from ..operands import as_finite
from .outputs import NO_VARIANCE
from .streams import BLOCK, SPAN, Stream, normals_of_blocks

_PARALLEL_FROM = 1 << 16  # cells drawn; below this a thread costs more than it brings


@kernel()
def _perturb(shown, siemens, sigma, normals, lowest):
    """shown <- siemens + sigma normals, held at `lowest` or above; returns how many came out below zero."""
    below = 0
    for i in range(shown.size):
        g = siemens[i] + sigma[i] * normals[i]
        below += np.int64(g < np.float32(0.0))
        shown[i] = max(g, lowest)
    return below


@kernel()
def _below_where_driven(siemens, sigma, normals, driven):
    """How many cells come out below zero on the lines that are driven; one line for each cell."""
    below = 0
    for i in range(driven.size):
        is_below = siemens[i] + sigma[i] * normals[i] < np.float32(0.0)
        below += np.int64(is_below) * np.int64(driven[i] != np.float32(0.0))
    return below


@kernel()
def _add_pairs(sums, pairs, x):
    """sums += x (G+ - G-), for a stretch of one row."""
    for j in range(sums.size):
        sums[j] += x * (np.float64(pairs[j, 0]) - np.float64(pairs[j, 1]))


@kernel(relaxed=True)
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += np.float64(a[i]) * np.float64(b[i])
    return total


@kernel(draws=True)
def _sampled_reads(y, x, cells, options, first, stop, step, key):
    """Reads `first` to before `stop` of a batch, see `sampled_read`; returns how many cells came out below zero.

    Parameters
    ----------
    x
        (batch, rows), or where transposed (batch, columns x 2): x for G+ and -x for G-, so that a row is one dot
        product.
    """
    siemens, sigma = cells  # (rows x columns x 2,) float32
    columns, transposed, lowest = options
    low = np.empty(SPAN // 4, np.uint32)
    high = np.empty(SPAN // 4, np.uint32)
    words = np.empty((4, SPAN // 4), np.uint32)
    radius = np.empty(SPAN // 4, np.float32)
    quarters = np.empty((4, SPAN // 4), np.float32)
    normals = np.empty(SPAN, np.float32)
    shown = np.empty(SPAN, np.float32)
    width = 2 * columns
    below = 0
    for s in range(first, stop):
        drive = x[s]
        sums = y[s]
        sums[:] = 0.0
        for begin in range(0, siemens.size, SPAN):
            end = min(begin + SPAN, siemens.size)
            if not transposed and not np.any(drive[begin // width : (end - 1) // width + 1]):
                continue
            z = normals[: end - begin]
            address = step + np.uint64(s)
            normals_of_blocks(z, begin // BLOCK, address, key, (low, high, words, radius, quarters))
            a = begin
            while a < end:  # a stretch of one row
                row = a // width
                b = min(end, (row + 1) * width)
                g, spread, own, seen = siemens[a:b], sigma[a:b], z[a - begin : b - begin], shown[: b - a]
                if transposed:
                    inputs = drive[a - row * width : b - row * width]
                    if _perturb(seen, g, spread, own, lowest) > 0:
                        below += _below_where_driven(g, spread, own, inputs)
                    sums[row] += _dot(seen, inputs)
                elif drive[row] != np.float32(0.0):
                    below += _perturb(seen, g, spread, own, lowest)
                    column = (a - row * width) // 2
                    _add_pairs(sums[column : column + seen.size // 2], seen.reshape(-1, 2), np.float64(drive[row]))
                a = b
    return below


@kernel(parallel=True, draws=True)
def _sampled_reads_threaded(y, x, siemens, sigma, columns, transposed, lowest, chunks, step, key):
    # always this one, on one thread too: compiled once, a read has the same bits however the batch is shared out
    below = np.zeros(chunks, np.int64)
    batch = x.shape[0]
    for c in prange(chunks):
        first, stop = c * batch // chunks, (c + 1) * batch // chunks
        below[c] = _sampled_reads(y, x, (siemens, sigma), (columns, transposed, lowest), first, stop, step, key)
    return below.sum()


def sampled_read(
    x: np.ndarray,
    siemens: np.ndarray,
    sigma: np.ndarray | float,
    stream: Stream,
    *,
    transposed: bool = False,
    hold: bool = False,
) -> tuple[np.ndarray, int]:
    """Reads in which every driven cell is drawn anew: y_j = sum_i x_i (G+ - G-)_ij, and how many cells fell below zero.

    Parameters
    ----------
    x : ndarray
        (batch, driven) of any unit; driven lines are rows, or columns where `transposed`.
    siemens : ndarray
        (rows, columns, 2), G+ and G-.
    sigma : ndarray or float
        standard deviation (S) of each, of that shape or broadcast to it; of a `gaussian` law (telegraph noise is in
        `telegraph`).
    stream : Stream
        every read takes one step.
    hold : bool
        cells that are drawn below zero are held there (and the mean moves). Without it they are drawn all the same, as
        a noise current that comes on top; that is what the collapsed law describes.

    Returns
    -------
    y (batch, sensed) float32, in siemens times the unit of x; and the number of cells on driven lines that were drawn
    below zero, over all reads, held or not.

    Raises
    ------
    ArrayError
        shapes that do not fit; values that are not finite, or negative conductances or sigmas.
    """
    siemens, sigma = _checked_cells(siemens, sigma)
    rows, columns, _ = siemens.shape
    x = as_finite(x, columns if transposed else rows, "x")
    y = np.empty((len(x), rows if transposed else columns))
    if transposed:
        x = np.stack([x, -x], axis=-1).reshape(len(x), 2 * columns)
    n_threads = numba.get_num_threads() if len(x) * siemens.size >= _PARALLEL_FROM else 1
    chunks = max(1, min(len(x), 4 * n_threads if n_threads > 1 else 1))
    step = stream.take_step(len(x))
    lowest = np.float32(0.0 if hold else -np.inf)
    cells = siemens.reshape(-1), sigma.reshape(-1)
    below = _sampled_reads_threaded(y, x, *cells, columns, transposed, lowest, chunks, step, stream.key)
    return y.astype(np.float32), int(below)


def perturbed_cells(
    siemens: np.ndarray, sigma: np.ndarray | float, stream: Stream, *, hold: bool = True
) -> tuple[np.ndarray, int]:
    """All cells (rows, columns, 2) as one read sees them, float32 siemens, and how many were drawn below zero.

    For what is not a product: wires, cells that are not linear. Takes one step of `stream`; cells drawn below zero are
    held there unless `hold` is false. Raises as `sampled_read`.
    """
    siemens, sigma = _checked_cells(siemens, sigma)
    shown = siemens + sigma * stream.normals(siemens.shape)
    below = shown < 0
    if hold:
        shown[below] = 0.0
    return shown, int(np.count_nonzero(below))


def pair_variance(
    law: ReadNoise,
    siemens: np.ndarray,
    g_max: float,
    *,
    seconds: float = 0.0,
    t_read: float | None = None,
    per_siemens=1.0,
    sigma: np.ndarray | None = None,
) -> np.ndarray:
    """sigma+^2 + sigma-^2 of the pairs, (1, 1) where all are alike, else (rows, columns); float32, without rows for no noise.

    siemens: (rows, columns, 2), or (rows, columns, 1) for cells that stand alone.
    per_siemens: output per siemens and unit of input, which turns the variance (S^2) into that of outputs. Telegraph
    noise has a variance too, over cells and long times, though no collapsed law: ask `is_exact`.
    sigma: (S) of each of `siemens`, where it is not that of all cells at `seconds`.
    """
    if isinstance(law, NoReadNoise):
        return NO_VARIANCE
    if sigma is None or law.uniform:
        cells = np.zeros((1, 1, np.shape(siemens)[-1])) if law.uniform else np.asarray(siemens, np.float64)
        sigma = law.sigma(cells, g_max, seconds, t_read)
    return np.square(sigma * per_siemens).sum(axis=-1).astype(np.float32)


def read_variance(
    x: np.ndarray, variance: np.ndarray, *, transposed: bool = False, power: np.ndarray | None = None
) -> np.ndarray:
    """Variance of outputs, of the cells alone: sum over driven lines of x^2 times `variance` of the pairs.

    Parameters
    ----------
    x : ndarray
        (batch, driven) float32.
    variance : ndarray
        of `pair_variance`.
    power : ndarray, optional
        (batch,), sums over lines of x^2, if at hand.

    Returns
    -------
    (batch, 1) where all pairs are alike, which costs no product of matrices; else (batch, sensed); without rows for no noise.
    """
    if not len(variance):
        return NO_VARIANCE
    if variance.size == 1:
        return (np.square(x).sum(axis=1) if power is None else power)[:, None] * variance
    squares = np.square(x)
    return product(squares, variance.T if transposed else variance)


def is_exact(
    law: ReadNoise, *, wires: bool, linear: bool, hold: bool = False, shared: bool = False
) -> tuple[bool, str]:
    """Whether one independent normal number for each output has the law of the cells' noise, and why or why not.

    Parameters
    ----------
    wires : bool
        lines have resistance.
    linear : bool
        the current of a cell is proportional to its voltage.
    hold : bool
        cells drawn below zero conductance are held there.
    shared : bool
        sensed lines subtract the current of one reference line. (One more normal number for that line, subtracted from
        all outputs of a read, makes it exact.)
    """
    if isinstance(law, NoReadNoise):
        return True, "there is no read noise"
    if not law.gaussian:
        return False, f"{law.law} noise is not normal, and its cells remember from read to read: sample the cells"
    if wires:
        return False, "with wire resistance an output is not linear in the conductances: sample the cells"
    if not linear:
        return False, "the current of a cell is not proportional to its voltage: sample the cells"
    if hold:
        return False, "cells that are held at zero conductance are not normal: sample the cells"
    if shared:
        return False, "a shared reference puts the same noise into all outputs: draw it as an output of its own"
    return True, "independent normal cells, linear and without wire resistance: their sum is one normal number"


def _checked_cells(siemens: np.ndarray, sigma: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Both (rows, columns, 2), float32, contiguous."""
    siemens = np.asarray(siemens)
    if siemens.ndim != 3 or siemens.shape[2] != 2 or siemens.size == 0:
        raise ArrayError(f"siemens has shape {siemens.shape}; it must be (rows, columns, 2)")
    try:
        sigma = np.broadcast_to(np.asarray(sigma), siemens.shape)
    except ValueError:
        raise ArrayError(f"sigma has shape {np.shape(sigma)}; it must be {siemens.shape}, or broadcast to it") from None
    for name, values in (("siemens", siemens), ("sigma", sigma)):
        if values.dtype.kind not in "fiu":
            raise ArrayError(f"{name} has type {values.dtype}; it must hold real numbers")
        if not (np.isfinite(values).all() and values.min() >= 0):
            bad = np.argwhere(~(np.isfinite(values) & (values >= 0)))[0]
            raise ArrayError(f"{name}{[int(i) for i in bad]} = {values[tuple(bad)]} must be finite and not negative")
    return np.ascontiguousarray(siemens, np.float32), np.ascontiguousarray(sigma, np.float32)
