"""Noise is addressed, not drawn: every random number is a pure function of (seed, purpose, array, step, position).

The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), whose output is
a keyed bijection of a 128-bit counter. The key comes from (seed, purpose, array); the counter holds the position (64
bits) and the step (64 bits). Nothing depends on the number of threads, on chunk sizes, or on what was drawn before.

Normals come from Box and Muller (1958) with the logarithm, sine and cosine evaluated as fixed polynomials in float32
without fused multiply-add. All operations are therefore exactly rounded IEEE ones: the bits are the same on every CPU,
compiled or not, vectorised or not. Accuracy of the transform is 3e-7, resolution at the tail 2**-32 (|z| < 6.77).

Reads are numbered, and a number of a read belongs to that read (`ReadNumbers`): a batch gives what the same rows give
one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from numba import prange

from ..compile import kernel
from ..errors import ArrayError

_U64 = np.uint64
_F32 = np.float32
_LANES = 64  # Philox calls done side by side; each yields four 32-bit words
BLOCK = 4 * _LANES  # numbers in one block; every block is computed whole, so that chunking cannot change a bit
_SIDE = 4  # blocks worked on side by side, for speed alone
_WIDTH = _SIDE * _LANES
SPAN = _SIDE * BLOCK
_PARALLEL_FROM = 1 << 16  # below this many numbers a thread costs more than it brings


@kernel(draws=True)
def philox_lanes(words, low, high, step, key):
    """Four 32-bit words for each lane, as (4, lanes) uint32 in place.

    Counter of lane i: (low[i], high[i], step mod 2**32, step >> 32). Products are taken in uint64 of values that the
    compiler can see are below 2**32 (it then uses 32-bit vector multiplies), with masks, so that the interpreter and
    the compiler give the same bits without overflow.
    """
    mask = _U64(0xFFFFFFFF)
    s32 = _U64(32)
    c2_0 = step & mask
    c3_0 = step >> s32
    for i in range(low.size):
        c0 = _U64(low[i])
        c1 = _U64(high[i])
        c2 = c2_0
        c3 = c3_0
        k0 = key[0]
        k1 = key[1]
        for _ in range(10):
            p0 = _U64(0xD2511F53) * c0
            p1 = _U64(0xCD9E8D57) * c2
            c0 = (p1 >> s32) ^ c1 ^ k0
            c1 = p1 & mask
            c2 = (p0 >> s32) ^ c3 ^ k1
            c3 = p0 & mask
            k0 = (k0 + _U64(0x9E3779B9)) & mask
            k1 = (k1 + _U64(0xBB67AE85)) & mask
        words[0, i] = c0
        words[1, i] = c1
        words[2, i] = c2
        words[3, i] = c3


@kernel(draws=True)
def normals_from_words(words, radius, normals):
    """Box-Muller: words (4, lanes) -> normals (4, lanes) float32. `radius` is float32 scratch of (lanes,).

    Rows 0, 1 use words 0, 1; rows 2, 3 use words 2, 3. The first word of a pair gives r = sqrt(-2 ln u) with
    u = (word + 1/2) / 2**32; the second gives the angle: its top two bits the quadrant, the rest the angle inside it.
    """
    bits = radius.view(np.int32)
    lanes = radius.size
    for pair in range(2):
        a = 2 * pair
        for i in range(lanes):
            radius[i] = (_F32(words[a, i]) + _F32(0.5)) * _F32(2.3283064365386963e-10)
        for i in range(lanes):
            # u = m 2^e with m in [sqrt(1/2), sqrt(2)); ln u = e ln 2 + ln m, ln m by the Cephes polynomial in m - 1
            shifted = bits[i] - np.int32(0x3F3504F3)
            e = shifted >> np.int32(23)
            bits[i] = (shifted & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)
            x = radius[i] - _F32(1.0)
            z = x * x
            p = _F32(7.0376836292e-2)
            p = p * x - _F32(1.1514610310e-1)
            p = p * x + _F32(1.1676998740e-1)
            p = p * x - _F32(1.2420140846e-1)
            p = p * x + _F32(1.4249322787e-1)
            p = p * x - _F32(1.6668057665e-1)
            p = p * x + _F32(2.0000714765e-1)
            p = p * x - _F32(2.4999993993e-1)
            p = p * x + _F32(3.3333331174e-1)
            log = x + (x * z * p - _F32(0.5) * z) + _F32(e) * _F32(0.6931471805599453)
            square = _F32(-2.0) * log
            square = square if square > _F32(0.0) else _F32(0.0)
            radius[i] = np.sqrt(square)
        for i in range(lanes):
            w = words[a + 1, i]
            quadrant = np.int32(w >> np.uint32(30))
            inside = np.int32(w & np.uint32(0x3FFFFFFF)) - np.int32(0x20000000)
            t = (_F32(inside) + _F32(0.5)) * _F32(1.4629180792671596e-09)  # (pi/2) / 2**30: t in (-pi/4, pi/4)
            z = t * t
            s = ((_F32(-1.9515295891e-4) * z + _F32(8.3321608736e-3)) * z - _F32(1.6666654611e-1)) * z * t + t
            c = _F32(1.0) - _F32(0.5) * z
            c = (
                (_F32(2.443315711809948e-5) * z - _F32(1.388731625493765e-3)) * z + _F32(4.166664568298827e-2)
            ) * z * z + c
            odd = (quadrant & np.int32(1)) == np.int32(1)
            far = quadrant >= np.int32(2)
            p = -s if odd else c
            q = c if odd else s
            normals[a, i] = radius[i] * (-p if far else p)
            normals[a + 1, i] = radius[i] * (-q if far else q)


@kernel(draws=True)
def _words_of_blocks(words, low, high, block, step, key):
    """Philox words of whole blocks side by side: number `block` + b takes lanes 64 b to 64 b + 63 of `words`."""
    first = _U64(block) * _U64(_LANES)
    for i in range(low.size):
        position = first + _U64(i)
        low[i] = position & _U64(0xFFFFFFFF)
        high[i] = position >> _U64(32)
    philox_lanes(words, low, high, step, key)


@kernel(draws=True)
def normals_of_blocks(out, block, step, key, scratch):
    """Normals from number 256 `block` of a draw on, `SPAN` of them or as many as `out` holds.

    Parameters
    ----------
    scratch
        working space: low, high (SPAN / 4,) uint32, words (4, SPAN / 4) uint32, radius (SPAN / 4,) float32, normals (4,
        SPAN / 4) float32.
    """
    low, high, words, radius, normals = scratch
    blocks = min(_SIDE, (out.size + BLOCK - 1) // BLOCK)
    _words_of_blocks(words, low[: _LANES * blocks], high, block, step, key)
    normals_from_words(words, radius[: _LANES * blocks], normals)
    for b in range(blocks):
        for row in range(4):
            start = BLOCK * b + _LANES * row
            target = out[start : start + _LANES]
            source = normals[row, _LANES * b : _LANES * b + target.size]
            for i in range(target.size):
                target[i] = source[i]


@kernel(draws=True)
def _normal_blocks(out, first, stop, step, key, base):
    """out <- normals of blocks `first` to before `stop`, which are blocks `base` + first and on of the draw."""
    low = np.empty(_WIDTH, np.uint32)
    high = np.empty(_WIDTH, np.uint32)
    words = np.empty((4, _WIDTH), np.uint32)
    radius = np.empty(_WIDTH, np.float32)
    normals = np.empty((4, _WIDTH), np.float32)
    scratch = (low, high, words, radius, normals)
    for block in range(first, stop, _SIDE):
        normals_of_blocks(out[block * BLOCK : stop * BLOCK], base + _U64(block), step, key, scratch)


@kernel(draws=True)
def _uniform_blocks(out, first, stop, step, key, base):
    low = np.empty(_WIDTH, np.uint32)
    high = np.empty(_WIDTH, np.uint32)
    words = np.empty((4, _WIDTH), np.uint32)
    for block in range(first, stop, _SIDE):
        blocks = min(_SIDE, stop - block)
        _words_of_blocks(words, low[: _LANES * blocks], high, base + _U64(block), step, key)
        for b in range(blocks):
            for row in range(4):
                start = BLOCK * (block + b) + _LANES * row
                target = out[start : start + _LANES]
                source = words[row, _LANES * b : _LANES * b + target.size]
                for i in range(target.size):
                    # 23 bits and a half: exact in float32, never 0 and never 1
                    target[i] = (_F32(source[i] >> np.uint32(9)) + _F32(0.5)) * _F32(1.1920928955078125e-07)


@kernel(parallel=True, draws=True)
def _normal_blocks_threaded(out, chunks, blocks, step, key, base=_U64(0)):  # noqa: B008  # a number, and no global of a kernel
    per = (blocks + chunks - 1) // chunks
    for c in prange(chunks):
        _normal_blocks(out, c * per, min((c + 1) * per, blocks), step, key, base)


@kernel(parallel=True, draws=True)
def _uniform_blocks_threaded(out, chunks, blocks, step, key, base=_U64(0)):  # noqa: B008  # a number, and no global of a kernel
    per = (blocks + chunks - 1) // chunks
    for c in prange(chunks):
        _uniform_blocks(out, c * per, min((c + 1) * per, blocks), step, key, base)


def _entropy(seed: int, array: int, purpose: str) -> list[int]:
    """What a key is hashed from: no two addresses have the same 32-bit words.

    `SeedSequence` joins the words of its integers, low ones first, without their lengths. With a seed of one word they
    can be parsed: all words of a purpose but its last have no byte below 32, and the second word of an array below
    2**61 is less than that, so it is none of a purpose's. Longer numbers are followed by their lengths, two words that
    no purpose ends in.
    """
    words = [seed, array, int.from_bytes(purpose.encode(), "little")]
    if seed < 2**32 and array < 2**61:
        return words
    return [*words, 1 + (seed >= 2**32), 1 + (array >= 2**32)]


class Numbers(Protocol):
    """Where a read takes random numbers from: a `Stream`, or the `ReadNumbers` of a batch."""

    key: np.ndarray

    def normals(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Standard normals, float32; of numbered reads, the first axis is the reads."""
        ...

    def uniforms(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Uniforms in (0, 1), float32; of numbered reads, the first axis is the reads."""
        ...

    def address(self, width: int) -> tuple[np.uint64, int]:
        """Of a draw of rows of `width` numbers that a kernel makes by itself: the step, and its first position."""
        ...

    def cells(self) -> Stream:
        """A stream of which every read takes one step, for all numbers of all cells."""
        ...


@dataclass
class Stream:
    """An endless supply of addressed random numbers for one purpose of one array.

    Parameters
    ----------
    seed : int
        Root seed of the run, 0 to 2**64 - 1.
    purpose : str
        What the numbers are for, such as ``"read"``; different purposes are independent. Printable ASCII.
    array : int
        Number of the array within the run.
    step : int
        Address of the next draw; every draw takes one step. It is the whole state: set it to replay a draw.

    Raises
    ------
    ArrayError
        A number that is not an integer of 64 bits, or a purpose that is no text.

    Examples
    --------
    >>> from revpath.simulator import Stream
    >>> first = Stream(seed=1, purpose="read").normals(3)
    >>> bool((Stream(seed=1, purpose="read").normals(5)[:3] == first).all())
    True
    """

    seed: int
    purpose: str
    array: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        for field in ("seed", "array", "step"):
            value = getattr(self, field)
            if isinstance(value, bool) or not hasattr(value, "__index__") or not 0 <= value < 2**64:
                raise ArrayError(f"{field} = {value!r} must be an integer from 0 to 2**64 - 1")
        if not (
            isinstance(self.purpose, str) and self.purpose.isascii() and self.purpose.isprintable() and self.purpose
        ):
            raise ArrayError(f"purpose = {self.purpose!r} must be text of printable ASCII characters")
        words = np.random.SeedSequence(_entropy(int(self.seed), int(self.array), self.purpose)).generate_state(
            2, np.uint32
        )
        self.key = words.astype(np.uint64)
        self._of_cells: dict[int, Stream] = {}
        self._of_repeats: dict[int, Stream] = {}

    def take_step(self, n: int = 1) -> np.uint64:
        """The address of a draw; the next draw gets the one `n` further."""
        step = np.uint64(self.step)
        self.step += n
        return step

    def normals(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Standard normals, float32, of `shape`."""
        return _filled(shape, 0, self.take_step(), self.key, (_normal_blocks, _normal_blocks_threaded))

    def uniforms(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Uniforms in the open interval (0, 1), float32 odd multiples of 2**-24, of `shape`."""
        return _filled(shape, 0, self.take_step(), self.key, (_uniform_blocks, _uniform_blocks_threaded))

    def address(self, width: int) -> tuple[np.uint64, int]:
        """Step and first position of a draw that a kernel makes by itself: position 0 of the next step."""
        return self.take_step(), 0

    def cells(self) -> Stream:
        """This stream: see `ReadNumbers.cells`."""
        return self

    def reads(self, n: int) -> ReadNumbers:
        """Numbers for the next `n` reads, where the steps of this stream number reads (and it is used for nothing else)."""
        return ReadNumbers(self, n)


class ReadNumbers:
    """Random numbers of a batch of reads, of which each number belongs to one read.

    Number j of read r in draw k of a read is at position r width + j of step k: which draws a read makes follows from
    the configuration alone, so that no number depends on how reads are cut into batches.

    Parameters
    ----------
    stream : Stream
        Of which every read takes one step; it is used for nothing else.
    reads : int
        How many there are in the batch.

    Examples
    --------
    >>> from revpath.simulator import Stream
    >>> whole = Stream(1, "read").reads(5).normals((5, 3))
    >>> stream = Stream(1, "read")
    >>> first, rest = stream.reads(2).normals((2, 3)), stream.reads(3).normals((3, 3))
    >>> bool((whole[:2] == first).all() and (whole[2:] == rest).all())
    True
    """

    def __init__(self, stream: Stream, reads: int) -> None:
        self._stream, self._first, self._draw = stream, int(stream.take_step(reads)), 0
        self.key = stream.key

    def normals(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Standard normals, float32, of `shape`, whose first axis is the reads."""
        return self._filled(shape, (_normal_blocks, _normal_blocks_threaded))

    def uniforms(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """Uniforms in (0, 1), float32, of `shape`, whose first axis is the reads."""
        return self._filled(shape, (_uniform_blocks, _uniform_blocks_threaded))

    def address(self, width: int) -> tuple[np.uint64, int]:
        """Step and first position of the next draw, of rows of `width` numbers."""
        draw, self._draw = self._draw, self._draw + 1
        return np.uint64(draw), self._first * width % 2**64

    def cells(self) -> Stream:
        """The next draw as a stream of its own, of which every read takes one step: for all numbers of all cells."""
        draw, self._draw = self._draw, self._draw + 1
        known, stream = self._stream._of_cells, self._stream
        if draw not in known:
            known[draw] = Stream(stream.seed, f"{stream.purpose}-cells-{draw}", stream.array)
        known[draw].step = self._first
        return known[draw]

    def repeated(self, times: int, rows: slice) -> ReadNumbers:
        """Numbers for a further read of some of these reads, their repetition number `times`, 1 or more."""
        known, stream = self._stream._of_repeats, self._stream
        if times not in known:
            known[times] = Stream(stream.seed, f"{stream.purpose}-repeat-{times}", stream.array)
        known[times].step = self._first + rows.start
        return ReadNumbers(known[times], rows.stop - rows.start)

    def _filled(self, shape: tuple[int, ...] | int, kernels: tuple) -> np.ndarray:
        width = math.prod(shape[1:]) if isinstance(shape, tuple) else 1
        step, position = self.address(width)
        return _filled(shape, position, step, self.key, kernels)


def _filled(
    shape: tuple[int, ...] | int, position: int, step: np.uint64, key: np.ndarray, kernels: tuple
) -> np.ndarray:
    """Numbers of one draw from `position` on, as `shape`; blocks are made whole, so those before it are cut off."""
    serial, threaded = kernels
    lead = position % BLOCK
    flat = np.empty(lead + math.prod(shape if isinstance(shape, tuple) else (shape,)), np.float32)
    blocks, base = -(-flat.size // BLOCK), np.uint64(position // BLOCK)
    n_threads = numba.get_num_threads()
    if n_threads > 1 and flat.size >= _PARALLEL_FROM:
        threaded(flat, 4 * n_threads, blocks, step, key, base)
    else:
        serial(flat, 0, blocks, step, key, base)
    return flat[lead:].reshape(shape)
