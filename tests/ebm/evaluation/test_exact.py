"""Enumeration against the definition, against finite differences, and at extreme weights."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm.evaluation.exact import (
    MAX_UNITS,
    Parameters,
    free_energy,
    gradient,
    joint_probabilities,
    log_likelihood,
    log_partition,
    moments,
    states,
    visible_probabilities,
)


def model(n_visible, n_hidden, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return Parameters(
        rng.normal(0, scale, (n_visible, n_hidden)), rng.normal(0, scale, n_visible), rng.normal(0, scale, n_hidden)
    )


def naive_log_weights(m):
    """-E(v, h) of every pair of states, one pair at a time."""
    table = np.empty((2**m.visible.size, 2**m.hidden.size))
    for row in range(table.shape[0]):
        v = [(row >> i) & 1 for i in range(m.visible.size)]
        for column in range(table.shape[1]):
            h = [(column >> j) & 1 for j in range(m.hidden.size)]
            pairs = sum(m.weights[i, j] * v[i] * h[j] for i in range(len(v)) for j in range(len(h)))
            table[row, column] = pairs + np.dot(m.visible, v) + np.dot(m.hidden, h)
    return table


def log_sum(x):
    return np.logaddexp.reduce(np.ravel(x))


@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (5, 2)])
def test_everything_agrees_with_the_sum_over_all_pairs(shape):
    m = model(*shape)
    log_weights = naive_log_weights(m)
    log_z = log_sum(log_weights)
    p = np.exp(log_weights - log_z)
    v, h = states(shape[0]), states(shape[1])
    assert log_partition(m) == pytest.approx(log_z, abs=1e-12)
    np.testing.assert_allclose(joint_probabilities(m), p, rtol=1e-12)
    np.testing.assert_allclose(visible_probabilities(m), p.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(-free_energy(m, v), np.logaddexp.reduce(log_weights, axis=1), atol=1e-12)
    np.testing.assert_allclose(log_likelihood(m, v), np.log(p.sum(axis=1)), atol=1e-12)
    expected = moments(m)
    np.testing.assert_allclose(expected.weights, v.T @ p @ h, rtol=1e-12)
    np.testing.assert_allclose(expected.visible, v.T @ p.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected.hidden, p.sum(axis=0) @ h, rtol=1e-12)


def test_more_hidden_units_than_one_table_holds():
    """10 hidden units split into 7 tabulated and 3 others, in the order of `states`."""
    m = model(40, 10)
    h = states(10)
    terms = h @ m.hidden + np.logaddexp(0, h @ m.weights.T + m.visible).sum(axis=1)
    assert log_partition(m) == pytest.approx(log_sum(terms), rel=1e-13)
    np.testing.assert_allclose(visible_probabilities(m.transposed), np.exp(terms - log_sum(terms)), rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-9, 20.0, 400.0, 1e4])
def test_any_weights(scale):
    """Products that would overflow are split into groups, single factors that would are added as logarithms."""
    m = model(60, 8, scale)
    h = states(8)
    terms = h @ m.hidden + np.logaddexp(0, h @ m.weights.T + m.visible).sum(axis=1)
    assert log_partition(m) == pytest.approx(log_sum(terms), rel=1e-12)


def test_layers_can_be_exchanged():
    m = model(9, 4)
    assert log_partition(m.transposed) == pytest.approx(log_partition(m), abs=1e-12)
    np.testing.assert_allclose(moments(m.transposed).weights, moments(m).weights.T, atol=1e-12)


def test_without_weights_the_units_are_independent():
    """Z = prod (1 + exp(b_i)) prod (1 + exp(c_j))."""
    b, c = np.array([0.3, -2.0, 1.0]), np.array([0.5, 0.0])
    expected = np.log1p(np.exp(b)).sum() + np.log1p(np.exp(c)).sum()
    assert log_partition(Parameters(np.zeros((3, 2)), b, c)) == pytest.approx(expected, abs=1e-13)


def test_gradient_is_that_of_the_log_likelihood():
    """Central differences with step 1e-5: truncation and rounding are both below 1e-9 at these weights."""
    m = model(6, 4)
    v = states(6)[[3, 3, 17, 40, 63]]
    step = 1e-5
    for field in ("weights", "visible", "hidden"):
        value = getattr(m, field)
        numeric = np.empty_like(value)
        for i in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[i] += sign * step
                parts = {"weights": m.weights, "visible": m.visible, "hidden": m.hidden, field: moved}
                ends.append(log_likelihood(Parameters(**parts), v).mean())
            numeric[i] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(getattr(gradient(m, v), field), numeric, atol=1e-8)


def test_states_count_in_binary():
    assert states(3).tolist()[6] == [0.0, 1.0, 1.0]
    np.testing.assert_array_equal(states(5, 7, 11), states(5)[7:11])


@pytest.mark.parametrize(
    ("weights", "visible", "hidden", "said"),
    [
        (np.zeros((2, 3)), np.zeros(3), np.zeros(3), r"\(2, 3\).*3 visible and 3 hidden"),
        (np.full((2, 3), np.nan), np.zeros(2), np.zeros(3), "weights with shape .* must be finite"),
        (np.zeros(2), np.zeros(2), np.zeros(3), "2 axes"),
        (np.zeros((2, 3)), np.zeros(2), np.array([0, np.inf, 0]), "hidden with shape"),
    ],
)
def test_bad_parameters(weights, visible, hidden, said):
    with pytest.raises(RevpathError, match=said):
        Parameters(weights, visible, hidden)


def test_too_many_units_and_bad_rows():
    wide = Parameters(np.zeros((30, 25)), np.zeros(30), np.zeros(25))
    with pytest.raises(RevpathError, match=f"smaller layer = 25.*{MAX_UNITS}"):
        log_partition(wide)
    with pytest.raises(RevpathError, match="visible units = 30"):
        visible_probabilities(wide)
    with pytest.raises(RevpathError, match="together = 55"):
        joint_probabilities(wide)
    for rows in (np.zeros(3), np.zeros((2, 4)), np.zeros((0, 3))):
        with pytest.raises(RevpathError, match="it must be"):
            log_likelihood(model(3, 2), rows)
