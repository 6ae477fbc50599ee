"""Statistical assertions with a stated false-alarm rate.

Every check compares a statistic with its law under the claim, turns it into a p-value, and fails where p is below
`ALARM`. Where a check makes several comparisons the p-value of the worst is multiplied by their number (Bonferroni),
so that `ALARM` is the false-alarm rate of the whole check. With a correct program and fresh seeds, one check in 10
million fails; the suite makes about a hundred, hence one run in 100,000. Seeds are fixed, so a test that passes keeps
passing.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

ALARM = 1e-7


def relative(value, rel: float = 1e-6):
    """`pytest.approx` without its absolute tolerance of 1e-12, which lets any number of picojoules pass for any other."""
    return pytest.approx(value, rel=rel, abs=0)


def p_of_mean(samples, mean, sd) -> float:
    """p-value of "the samples (n, ...) have this mean and standard deviation", which broadcast to one sample."""
    samples = np.asarray(samples, float)
    error = np.asarray(sd, float) / math.sqrt(len(samples))
    distance = np.abs(samples.mean(axis=0) - mean)
    z = np.divide(distance, error, out=np.where(distance > 1e-12, np.inf, 0.0), where=error > 0)
    return _worst(2 * stats.norm.sf(z))


def p_of_variance(samples, variance, kurtosis=3.0) -> float:
    """p-value of "the samples (n, ...) have this variance", given the kurtosis of their law (3 for a normal)."""
    samples = np.asarray(samples, float)
    n = len(samples)
    error = np.asarray(variance) * np.sqrt((np.asarray(kurtosis) - (n - 3) / (n - 1)) / n)
    z = np.abs(samples.var(axis=0, ddof=1) - variance) / error
    return _worst(2 * stats.norm.sf(z))


def p_of_covariance(a, b, covariance, means, sds) -> float:
    """p-value of "these paired samples (n, ...) have this covariance", given their means and standard deviations.

    The error of the mean product is taken from the samples: the law of a product is rarely known.
    """
    products = (np.asarray(a, float) - means[0]) * (np.asarray(b, float) - means[1])
    error = products.std(axis=0, ddof=1) / math.sqrt(len(products))
    floor = np.asarray(sds[0]) * np.asarray(sds[1]) / math.sqrt(len(products)) * 0.1
    z = np.abs(products.mean(axis=0) - covariance) / np.maximum(error, floor)
    return _worst(2 * stats.norm.sf(z))


def p_of_law(samples, cdf) -> float:
    """p-value of "the samples have this distribution function" (Kolmogorov and Smirnov)."""
    return float(stats.kstest(np.asarray(samples, float).ravel(), cdf).pvalue)


def p_of_counts(observed, expected) -> float:
    """p-value of "these counts have these expectations" (Pearson's chi-square); no expectation may be below 5."""
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    assert expected.min() >= 5, "too few expected for chi-square"
    assert math.isclose(observed.sum(), expected.sum(), rel_tol=1e-9), "counts and expectations must add up alike"
    return float(stats.chi2.sf(np.sum((observed - expected) ** 2 / expected), observed.size - 1))


def plausible(p: float) -> None:
    """Fail where a p-value says that the claim is false."""
    assert p >= ALARM, f"p = {p:.2g} is below the false-alarm rate {ALARM:.0e}"


def implausible(p: float) -> None:
    """Fail where a check cannot tell a wrong claim from a right one: the power of the test next to it."""
    assert p < ALARM, f"p = {p:.2g}: the check would not have seen a wrong claim"


def _worst(p) -> float:
    p = np.asarray(p, float)
    return float(min(1.0, p.min() * p.size))
