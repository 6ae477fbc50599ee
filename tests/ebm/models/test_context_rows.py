"""The word lines of contexts against whole numbers of Python, which do not wrap round."""

import numpy as np
import pytest

from revpath.ebm.models.context_rows import context_rows, rows_of_order


def row_by_hand(recent: list[int], n_symbols: int, max_rows: int) -> int:
    number = sum(symbol * n_symbols ** (len(recent) - 1 - place) for place, symbol in enumerate(recent))
    if n_symbols ** len(recent) <= max_rows:
        return number
    return (number * 0x9E3779B97F4A7C15 % 2**64) * max_rows // 2**64


@pytest.mark.parametrize(("n_symbols", "max_rows"), [(27, 8192), (3, 16), (27, 2), (256, 2**20)])
def test_rows_are_those_of_whole_numbers(n_symbols, max_rows):
    contexts = np.random.default_rng(0).integers(0, n_symbols, (50, 7))
    rows = context_rows(contexts, 7, n_symbols, max_rows)
    for context, of_context in zip(contexts.tolist(), rows.tolist(), strict=True):
        assert of_context == [row_by_hand(context[:k], n_symbols, max_rows) for k in range(1, 8)]
    assert (rows < [rows_of_order(k, n_symbols, max_rows) for k in range(1, 8)]).all()


def test_contexts_that_fit_have_a_line_each():
    contexts = np.stack(np.meshgrid(*[np.arange(5)] * 3), axis=-1).reshape(-1, 3)
    rows = context_rows(contexts, 3, 5, 128)[:, 2]
    assert sorted(rows) == list(range(125))


def test_hashing_spreads_contexts_evenly():
    """19,683 contexts of three letters on 4,096 lines: chi-squared of 4,095 degrees, within six of its own spreads."""
    contexts = np.stack(np.meshgrid(*[np.arange(27)] * 3), axis=-1).reshape(-1, 3)
    counts = np.bincount(context_rows(contexts, 3, 27, 4096)[:, 2], minlength=4096)
    mean = len(contexts) / 4096
    assert ((counts - mean) ** 2 / mean).sum() < 4095 + 6 * np.sqrt(2 * 4095)  # more even than by chance is welcome
