"""Modified Kneser-Ney n-grams: the strongest model that only counts, and the line on every figure of the study.

With c the counts of the highest order, and of every lower one the number of different symbols that were seen before a gram
(Kneser and Ney 1995), the interpolated form of Chen and Goodman (1999, equations 25 to 28) is

    p_k(x | h) = max(c(h x) - D(c(h x)), 0) / N(h) + gamma(h) p_{k-1}(x | h'),

with N(h) the sum of c(h y) over y, gamma(h) = (D1 n1(h) + D2 n2(h) + D3 n3+(h)) / N(h), where n1(h), n2(h) and n3+(h) are how many
symbols follow h once, twice, and more often, h' = h without its first character, p_{-1} = 1/27, and discounts from the counts of
counts n1 to n4 of that order, Dj = j - (j + 1) Y n_{j+1} / n_j with Y = n1 / (n1 + 2 n2). Where h was never seen, p_k = p_{k-1}.
"""

from __future__ import annotations

import numpy as np

from ..tasks.text import SCORED_FROM, SYMBOLS, Text, TextError, scored
from .ngram import HIGHEST_ORDER, grams, look_up

_BASE = len(SYMBOLS)
COUNT_BYTES = 4
"""Of a count, as a table keeps it."""


def kneser_ney_bits(text: Text, order: int) -> dict[str, float]:
    """Exact bits per character on the scored spans of both held-out splits, and how many counts the model keeps.

    Parameters
    ----------
    text : Text
        Counted in its training split.
    order : int
        Characters of a gram, the predicted one among them.

    Returns
    -------
    dict
        "validation", "test", and "counts".

    Raises
    ------
    TextError
        The order is outside 1..13, or the training split is shorter.
    """
    if not 1 <= order <= HIGHEST_ORDER:
        raise TextError(f"order = {order} must lie in 1..{HIGHEST_ORDER}")
    train = np.asarray(text.train)
    if len(train) < order:
        raise TextError(f"train holds {len(train)} characters; order {order} needs at least {order}")
    tables = counted(train, order)
    found = {
        name: float(-np.log2(probabilities(tables, split, np.asarray(scored(split, SCORED_FROM)))).mean())
        for name, split in (("validation", text.validation), ("test", text.test))
    }
    return {**found, "counts": float(sum(len(keys) for keys, _ in tables))}


def counted(train: np.ndarray, order: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(grams, counts) of orders 1 to `order`: occurrences of the highest, different symbols before a gram of the others."""
    tables = []
    for k in range(order - 1):
        longer = np.unique(grams(train, np.arange(k + 1, len(train)), k + 1))
        tables.append(np.unique(longer % _BASE ** (k + 1), return_counts=True))
    tables.append(np.unique(grams(train, np.arange(order - 1, len(train)), order - 1), return_counts=True))
    return tables


def discounts(counts: np.ndarray) -> np.ndarray:
    """What is taken from a gram that was seen 0, 1, 2 and more times, (4,); from the counts of counts of one order.

    Where these say nothing (a short text, in which no gram was seen so often), half a count is taken.
    """
    n = [int(np.count_nonzero(counts == times)) for times in (1, 2, 3, 4)]
    y = n[0] / (n[0] + 2 * n[1]) if n[0] else 0.5
    taken = [times - (times + 1) * y * n[times] / n[times - 1] if n[times - 1] else 0.5 for times in (1, 2, 3)]
    return np.clip([0.0, *taken], 0.0, [0.0, 1.0, 2.0, 3.0])


def probabilities(tables: list[tuple[np.ndarray, np.ndarray]], split: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """p of the character at each position of a split, (n,)."""
    p = np.full(len(positions), 1 / _BASE)
    for k, (keys, counts) in enumerate(tables):
        taken = discounts(counts)
        contexts, first = np.unique(keys // _BASE, return_index=True)
        total = np.add.reduceat(counts, first)
        given = np.add.reduceat(taken[np.minimum(counts, 3)], first)  # to the lower order, in counts
        asked = grams(split, positions, k)
        seen = look_up(keys, counts, asked)
        after, left = look_up(contexts, total, asked // _BASE), look_up(contexts, given, asked // _BASE)
        kept = np.maximum(seen - taken[np.minimum(seen, 3)], 0)
        p = np.where(after > 0, (kept + left * p) / np.maximum(after, 1), p)
    return p


def counting_events(characters: int, order: int, counts: float) -> dict[str, float]:
    """Work of counting so many characters: every order reads a count, adds one, and writes it back, from a table of all counts."""
    touched = float(characters * order)
    kept = "{kept=" + str(int(counts) * COUNT_BYTES) + "}"
    return {
        "digital.add": touched,
        "digital.multiply": touched,  # the hash that finds its place
        f"table.byte_read{kept}": COUNT_BYTES * touched,
        f"table.byte_written{kept}": COUNT_BYTES * touched,
        "hbm.byte_read": float(characters),
    }
