"""The statistics helper itself: right claims pass at the stated rate, wrong ones are seen."""

import numpy as np
import pytest
from helpers.statistics import (
    ALARM,
    implausible,
    p_of_counts,
    p_of_covariance,
    p_of_law,
    p_of_mean,
    p_of_variance,
    plausible,
    relative,
)
from scipy import stats


@pytest.mark.slow
def test_p_values_of_true_claims_are_uniform():
    """At most a tenth of true claims have p below 0.1, within six standard errors; one false alarm in 10**9."""
    rng = np.random.default_rng(0)
    low = np.zeros(5)
    repeats = 600
    for _ in range(repeats):
        a = rng.normal(3, 2, 400)
        b = 0.5 * a + rng.normal(0, 1, 400)
        low += (
            np.array(
                [
                    p_of_mean(a, 3, 2),
                    p_of_variance(a, 4),
                    p_of_covariance(a, b, 2.0, (3, 1.5), (2, np.sqrt(2))),
                    p_of_law(a[:50], stats.norm(3, 2).cdf),
                    p_of_counts(rng.multinomial(400, [0.2, 0.3, 0.5]), [80, 120, 200]),
                ]
            )
            < 0.1
        )
    error = 6 * np.sqrt(0.1 * 0.9 / repeats)
    assert np.all(low / repeats < 0.1 + error + 0.01), low / repeats  # 0.01: variances are not quite normal at n = 400
    assert np.all(low / repeats > 0.1 - error - 0.02), low / repeats


def test_wrong_claims_are_seen():
    rng = np.random.default_rng(1)
    a = rng.normal(0, 1, (4000, 3))
    implausible(p_of_mean(a, [0, 0, 0.15], 1))
    implausible(p_of_variance(a, [1, 1, 1.3]))
    implausible(p_of_covariance(a[:, 0], a[:, 1], 0.15, (0, 0), (1, 1)))
    implausible(p_of_law(a, stats.norm(0.1, 1).cdf))
    implausible(p_of_counts([600, 400], [500, 500]))


def test_no_spread_leaves_no_room():
    assert p_of_mean(np.ones(5), 1.0, 0.0) == 1
    assert p_of_mean(np.ones(5), 1.1, 0.0) == 0


def test_the_worst_of_many_is_corrected():
    assert p_of_mean(np.zeros((100, 1000)) + 0.25, 0, 1) == pytest.approx(min(1, 1000 * 2 * stats.norm.sf(2.5)))


def test_limits():
    plausible(2 * ALARM)
    implausible(ALARM / 2)
    with pytest.raises(AssertionError, match="below the false-alarm rate"):
        plausible(ALARM / 2)
    with pytest.raises(AssertionError, match="would not have seen"):
        implausible(2 * ALARM)


@pytest.mark.parametrize("value", [4.1e-21, 1e-7, {"adc": 2e-12, "dac": 1.0}, np.array([1.0, 3e-9]), [1e-9]])
def test_approx_refuses_what_it_would_not_check(value):
    """`tests/conftest.py`: by itself pytest takes 1 pJ for 2 pJ."""
    with pytest.raises(ValueError, match=r"would accept any number within 1e-12: use helpers.statistics.relative"):
        pytest.approx(value)


def test_approx_is_itself_elsewhere():
    assert pytest.approx(1.0) == 1 + 5e-7
    assert pytest.approx(0.0, abs=1e-20) != 1e-15
    assert pytest.approx(2e-12, abs=1e-13) != 3e-12
    assert relative(2e-12) != 3e-12
    assert pytest.approx("text") == "text"
    assert pytest.approx([0.0, 1.0]) == [0.0, 1.0]
