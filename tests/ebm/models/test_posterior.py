"""The exact class posterior of the conditional RBM: the fast kernels against an obvious twin in float64."""

from itertools import product

import numba
import numpy as np
import pytest

from revpath.ebm.models.posterior import class_posterior, posterior_and_gradient
from revpath.ebm.models.posterior_kernels import LARGEST_FIELD


def twin(field, labels, bias):
    """log p(class | field), one row, one class and one hidden unit at a time."""
    out = np.empty((len(field), len(labels)))
    for s, row in enumerate(field):
        for k, label in enumerate(labels):
            out[s, k] = bias[k] + sum(np.logaddexp(0.0, float(a) + float(u)) for a, u in zip(row, label, strict=True))
        out[s] -= np.logaddexp.reduce(out[s])
    return out


def problem(batch, classes, hidden, size=2.0, seed=0):
    rng = np.random.default_rng(seed)
    field = rng.normal(0, size, (batch, hidden)).astype(np.float32)
    labels = rng.normal(0, size, (classes, hidden)).astype(np.float32)
    return field, labels, rng.normal(0, 1, classes), rng.integers(0, classes, batch)


@pytest.mark.parametrize("hidden", [1, 3, 63, 64, 65, 130])
def test_posterior_equals_its_twin(hidden):
    field, labels, bias, targets = problem(5, 4, hidden)
    expected = twin(field, labels, bias)
    np.testing.assert_allclose(class_posterior(field, labels, bias), expected, rtol=0, atol=2e-6 * hidden**0.5 + 1e-6)
    np.testing.assert_allclose(
        posterior_and_gradient(field, labels, bias, targets)[0],
        class_posterior(field, labels, bias),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("size", [12.0, 30.0, 39.9, 41.0, 500.0, 1e5])
def test_large_fields_do_not_overflow(size):
    """Up to LARGEST_FIELD a run of 64 columns can multiply to 1e2000; beyond it the plain path takes over."""
    rng = np.random.default_rng(1)
    field = rng.choice([-size, size], (3, 70)).astype(np.float32)
    labels = rng.choice([-size, size / 2, size], (4, 70)).astype(np.float32)
    bias, targets = rng.normal(0, 1, 4), np.array([0, 3, 1])
    log_p, d_field, d_labels = posterior_and_gradient(field, labels, bias, targets)
    expected = twin(field, labels, bias)
    assert (size < LARGEST_FIELD) == (size <= 39.9)
    np.testing.assert_allclose(log_p, expected, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(class_posterior(field, labels, bias), expected, rtol=1e-6, atol=1e-5)
    on = 1 / (1 + np.exp(-np.clip(field[:, None, :].astype(float) + labels, -700, 700)))
    miss = np.eye(4)[targets] - np.exp(expected)
    np.testing.assert_allclose(d_field, np.einsum("sk,skj->sj", miss, on), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(d_labels, np.einsum("sk,skj->kj", miss, on), rtol=1e-4, atol=1e-5)


def test_both_paths_agree_where_they_meet():
    """The same problem just below and just above the change of path, moved there by a common shift of one unit."""
    field, labels, bias, targets = problem(6, 5, 40)
    low, high = field.copy(), field.copy()
    low[:, 0], high[:, 0] = LARGEST_FIELD - 0.001, LARGEST_FIELD + 0.001
    fast, plain = (posterior_and_gradient(f, labels, bias, targets) for f in (low, high))
    for a, b in zip(fast, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5)


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_gradient_is_that_of_the_log_likelihood(scale):
    """Central differences of the twin in float64; scale 30 leaves the fast path."""
    field, labels, bias, targets = problem(3, 4, 5, size=scale)
    _, d_field, d_labels = posterior_and_gradient(field, labels, bias, targets)
    assert d_field.dtype == d_labels.dtype == np.float32

    def likelihood(field, labels):
        return twin(field, labels, bias)[np.arange(len(targets)), targets].sum()

    step = 1e-5
    for array, found, which in ((field, d_field, 0), (labels, d_labels, 1)):
        for place in np.ndindex(array.shape):
            move = np.zeros(array.shape)
            move[place] = step
            points = [[field.astype(float), labels.astype(float)] for _ in range(2)]
            points[0][which] += move
            points[1][which] -= move
            slope = (likelihood(*points[0]) - likelihood(*points[1])) / (2 * step)
            assert found[place] == pytest.approx(slope, abs=2e-6)


def test_posterior_is_that_of_the_energy_function():
    """p(y | x) by enumeration of (y, h) under E = -b_y - sum_j (h_j - 1/2)(U_yj + a_j), offset and all."""
    field, labels, bias, _ = problem(3, 4, 3)
    for row, log_p in zip(
        field.astype(float), class_posterior(field, labels, bias - 0.5 * labels.sum(axis=1)), strict=True
    ):
        weight = np.zeros(4)
        for y in range(4):
            for h in product((0, 1), repeat=3):
                weight[y] += np.exp(bias[y] + sum((h[j] - 0.5) * (labels[y, j] + row[j]) for j in range(3)))
        np.testing.assert_allclose(log_p, np.log(weight / weight.sum()), rtol=0, atol=1e-6)


def test_an_empty_batch_is_empty():
    _, labels, bias, _ = problem(1, 4, 3)
    assert class_posterior(np.empty((0, 3), np.float32), labels, bias).shape == (0, 4)


@pytest.mark.jit
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
@pytest.mark.parametrize("batch", [7, 64, 67])
def test_bits_do_not_depend_on_threads(batch):
    field, labels, bias, targets = problem(batch, 27, 100)
    before = numba.get_num_threads()
    found = []
    try:
        for n in (1, 2):
            numba.set_num_threads(n)
            found.append([*posterior_and_gradient(field, labels, bias, targets), class_posterior(field, labels, bias)])
    finally:
        numba.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert one.tobytes() == two.tobytes()
