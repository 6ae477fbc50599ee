"""Interpolated Witten-Bell n-grams: the line that needs practically no energy.

Every figure shows it, because a contest above this line is a contest between models that nobody needs.

The probability of character x after the k characters h (Witten and Bell 1991, method C; the interpolated form of Chen
and Goodman 1999, section 2.5) is

    p_k(x | h) = (c(h x) + T(h) p_{k-1}(x | h')) / (N(h) + T(h)),

with c the count of h x in training, N(h) the count of h followed by anything, T(h) the number of different characters
seen after h, h' = h without its first character, and p_{-1} = 1/27. Where h was never seen, p_k = p_{k-1}. Order n uses
n - 1 characters of context.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..tasks.text import SCORED_FROM, SYMBOLS, Text, TextError, scored

HIGHEST_ORDER = 13  # 27**13 is the last power that fits into 63 bits
_BASE = len(SYMBOLS)


def witten_bell_bits(
    train: np.ndarray, split: np.ndarray, order: int, positions: Sequence[int] | None = None
) -> np.ndarray:
    """Exact bits per character of orders 1 to `order`: (order,) float64, entry n - 1 for order n.

    Parameters
    ----------
    train, split : ndarray
        (N,) uint8 codes to count in, and to score.
    positions : sequence of int, optional
        in `split`, each at least order - 1; None: ``scored(split, 64)``, the span of every contender.

    Raises
    ------
    TextError
        `order` outside 1..13, no training characters, or a position outside the split.
    """
    if not 1 <= order <= HIGHEST_ORDER:
        raise TextError(f"order = {order} must lie in 1..{HIGHEST_ORDER}")
    if len(train) < order:
        raise TextError(f"train holds {len(train)} characters; order {order} needs at least {order}")
    at = np.asarray(scored(split, SCORED_FROM) if positions is None else positions)
    if not at.size or at.min() < order - 1 or at.max() >= len(split):
        raise TextError(f"positions must lie in {order - 1}..{len(split) - 1}, and there must be some")
    probability = np.full(at.size, 1 / _BASE)
    bits = np.empty(order)
    for k in range(order):
        probability = _one_order_up(probability, grams(train, np.arange(k, len(train)), k), grams(split, at, k))
        bits[k] = -np.log2(probability).mean()
    return bits


def ngram_bits(text: Text, order: int = 6, n: int | None = None) -> dict[str, np.ndarray]:
    """Bits per character of orders 1 to `order` on the scored spans of both held-out splits, by split name."""
    return {
        name: witten_bell_bits(text.train, split, order, scored(split, SCORED_FROM, n))
        for name, split in (("validation", text.validation), ("test", text.test))
    }


def grams(codes: np.ndarray, ends: np.ndarray, k: int) -> np.ndarray:
    """(len(ends),) int64: the k characters before each end and the one at it, as one number in base 27."""
    gram = np.zeros(ends.size, dtype=np.int64)
    for back in range(k, -1, -1):
        gram = gram * _BASE + codes[ends - back]
    return gram


def _one_order_up(lower: np.ndarray, seen: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """p_k of the `asked` grams from p_{k-1} (`lower`) and the grams `seen` in training."""
    grams, counts = np.unique(seen, return_counts=True)
    contexts, first = np.unique(grams // _BASE, return_index=True)  # grams are sorted: each context is one stretch
    followers = np.add.reduceat(counts, first)
    kinds = np.diff(first, append=grams.size)
    count = look_up(grams, counts, asked)
    total = look_up(contexts, followers, asked // _BASE)
    kind = look_up(contexts, kinds, asked // _BASE)
    return np.where(total > 0, (count + kind * lower) / np.maximum(total + kind, 1), lower)


def look_up(keys: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The value of each asked key, 0 where it is not among the sorted `keys`."""
    where = np.minimum(np.searchsorted(keys, asked), keys.size - 1)
    return np.where(keys[where] == asked, values[where], 0)
