import math
import time
from collections import Counter, defaultdict

import numpy as np
import pytest

from revpath.studies.baselines.ngram import HIGHEST_ORDER, ngram_bits, witten_bell_bits
from revpath.studies.tasks.text import TextError, load_text


def slow_witten_bell(train, split, order, positions):
    """The definition, one character and one dictionary at a time: bits per character of the one order."""
    after = defaultdict(Counter)
    for k in range(order):
        for i in range(k, len(train)):
            after[tuple(train[i - k : i])][train[i]] += 1

    def probability(context, symbol):
        lower = probability(context[1:], symbol) if context else 1 / 27
        seen = after.get(context)
        if not seen:
            return lower
        return (seen[symbol] + len(seen) * lower) / (sum(seen.values()) + len(seen))

    total = sum(-math.log2(probability(tuple(split[i - order + 1 : i]), split[i])) for i in positions)
    return total / len(positions)


@pytest.fixture(scope="module")
def moby():
    return load_text()


@pytest.mark.slow
def test_equals_the_dictionary_twin_at_every_order(moby):
    train, split, positions = moby.train[:4000], moby.test[:600], range(7, 600)
    fast = witten_bell_bits(train, split, 8, positions)
    slow = [slow_witten_bell(train.tolist(), split.tolist(), n, positions) for n in range(1, 9)]
    np.testing.assert_allclose(fast, slow, rtol=1e-12)


def test_equals_the_twin_where_symbols_and_contexts_were_never_seen():
    generator = np.random.default_rng(3)
    train = generator.integers(0, 5, 200).astype(np.uint8)
    split = generator.integers(0, 27, 300).astype(np.uint8)
    fast = witten_bell_bits(train, split, HIGHEST_ORDER, range(12, 300))
    slow = [slow_witten_bell(train.tolist(), split.tolist(), n, range(12, 300)) for n in (1, 4, HIGHEST_ORDER)]
    np.testing.assert_allclose(fast[[0, 3, HIGHEST_ORDER - 1]], slow, rtol=1e-12)


def test_the_probabilities_of_all_symbols_sum_to_one(moby):
    context = moby.test[100:105]
    splits = [np.append(context, np.uint8(symbol)) for symbol in range(27)]
    for order in (1, 3, 6):
        bits = [witten_bell_bits(moby.train[:50_000], split, order, [5])[-1] for split in splits]
        assert sum(2.0**-b for b in bits) == pytest.approx(1, abs=1e-12)


def test_reproduces_the_reference_numbers(moby):
    # references/ebm.md, section 2: first 16k test characters, WB4 2.194, WB5 1.955, WB6 1.913.
    bits = witten_bell_bits(moby.train, moby.test, 6, range(5, 16_000))
    np.testing.assert_allclose(bits[3:], [2.194, 1.955, 1.913], atol=1e-3)


def test_both_held_out_splits_on_the_scored_span_in_time(moby):
    began = time.process_time()
    bits = ngram_bits(moby, 6)
    assert time.process_time() - began < 3
    np.testing.assert_array_equal(bits["test"], witten_bell_bits(moby.train, moby.test, 6))
    assert bits["validation"].shape == (6,)
    assert np.all(np.diff(bits["validation"]) < 0)


@pytest.mark.parametrize(
    ("order", "size", "positions", "says"),
    [
        (0, 100, None, r"order = 0 must lie in 1\.\.13"),
        (14, 100, None, r"order = 14 must lie in 1\.\.13"),
        (6, 5, None, "train holds 5"),
        (6, 100, range(4, 50), r"positions must lie in 5\.\.199"),
        (6, 100, range(5, 201), r"positions must lie in 5\.\.199"),
        (6, 100, [], "there must be some"),
    ],
)
def test_what_cannot_be_counted_is_refused(order, size, positions, says):
    with pytest.raises(TextError, match=says):
        witten_bell_bits(np.zeros(size, dtype=np.uint8), np.zeros(200, dtype=np.uint8), order, positions)
