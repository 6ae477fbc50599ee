"""Modified Kneser-Ney: against a slow twin with dictionaries, a distribution, and what was found for Moby Dick before."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.studies.baselines.kneser_ney import counted, counting_events, discounts, kneser_ney_bits, probabilities
from revpath.studies.tasks.text import Text, TextError, load_text


def slow(train, order):
    """(history, symbol) -> p, from the formulas, a gram at a time."""
    levels = []
    for k in range(1, order + 1):
        grams = [tuple(train[i : i + k]) for i in range(len(train) - k + 1)]
        if k == order:
            counts = Counter(grams)
        else:
            before = defaultdict(set)
            for i in range(len(train) - k):
                before[tuple(train[i + 1 : i + 1 + k])].add(train[i])
            counts = Counter({gram: len(symbols) for gram, symbols in before.items()})
        n = [sum(1 for c in counts.values() if c == times) for times in (1, 2, 3, 4)]
        y = n[0] / (n[0] + 2 * n[1]) if n[0] else 0.5
        taken = [0.0]
        for times in (1, 2, 3):
            raw = times - (times + 1) * y * n[times] / n[times - 1] if n[times - 1] else 0.5
            taken.append(min(max(raw, 0.0), float(times)))
        levels.append((counts, taken))

    def p(history, symbol):
        value = 1 / 27
        for k, (counts, taken) in enumerate(levels):
            context = tuple(history[len(history) - k :])
            after = {gram: c for gram, c in counts.items() if gram[:-1] == context}
            total = sum(after.values())
            if total:
                c = counts.get((*context, symbol), 0)
                left = sum(taken[min(c_, 3)] for c_ in after.values())
                value = (max(c - taken[min(c, 3)], 0) + left * value) / total
        return value

    return p


@pytest.fixture(scope="module")
def letters():
    return load_text().codes[:1500]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_slow_twin(letters, order):
    train, split = letters[:900], letters[900:960]
    positions = np.arange(order, 60)
    fast = probabilities(counted(train, order), split, positions)
    p = slow([int(c) for c in train], order)
    twin = [p([int(c) for c in split[:at]], int(split[at])) for at in positions]
    np.testing.assert_allclose(fast, twin, rtol=1e-12)


def test_they_are_a_distribution(letters):
    tables = counted(letters, 4)
    for history in ([1, 2, 3], [26, 26, 26], [int(c) for c in letters[5:8]]):
        every = np.array([[*history, symbol] for symbol in range(27)], dtype=np.uint8)
        total = sum(probabilities(tables, row, np.array([3]))[0] for row in every)
        assert total == relative(1)


def test_discounts_are_those_of_chen_and_goodman():
    counts = np.array([1] * 40 + [2] * 10 + [3] * 4 + [4] * 2 + [9])
    y = 40 / (40 + 2 * 10)
    np.testing.assert_allclose(discounts(counts), [0, 1 - 2 * y * 10 / 40, 2 - 3 * y * 4 / 10, 3 - 4 * y * 2 / 4])
    np.testing.assert_allclose(discounts(np.array([9, 9])), [0, 0.5, 0.5, 0.5])


def test_moby_dick_is_where_it_was_found_before():
    """../shared/references/ebm-analog.md, a prototype: 1.914 at order 6, on the same span."""
    found = kneser_ney_bits(load_text(), 6)
    assert round(found["validation"], 3) == 1.914
    assert found["counts"] == 301_241


def test_counting_reads_and_writes_a_count_for_every_order():
    events = counting_events(1000, 7, 100)
    assert events["table.byte_read{kept=400}"] == events["table.byte_written{kept=400}"] == 4 * 7000
    assert events["digital.add"] == 7000


@pytest.mark.parametrize(("order", "n"), [(0, 900), (14, 900), (5, 3)])
def test_orders_that_nobody_can_count_are_refused(letters, order, n):
    with pytest.raises(TextError, match="order"):
        kneser_ney_bits(Text("short", letters[:n], "a" * 64), order)
