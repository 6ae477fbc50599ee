"""The restricted Boltzmann machine: its sampler, its gradient, its events and its manners.

Statistical tests draw from fixed seeds; each states how often an honest implementation would fail with a fresh one.
"""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import revpath.ebm.models.rbm
from revpath.devices.base.errors import RevpathError
from revpath.ebm.evaluation import exact
from revpath.ebm.models.rbm import RBM
from revpath.ebm.synapses.contract import DigitalSynapses
from revpath.simulator.events import Events

ROWS = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1], [0, 0, 1]], np.float32)


def holding(weights, visible, hidden, **parameters):
    """An RBM that holds given parameters, as if it had learned them."""
    start = np.zeros((1, len(visible)), np.float32)
    rbm = RBM(len(hidden), n_iter=0, random_state=7, **parameters).fit(start)
    rbm.synapses_.program(np.asarray(weights, np.float32))
    rbm.intercept_visible_ = np.asarray(visible, np.float32)
    rbm.intercept_hidden_ = np.asarray(hidden, np.float32)
    return rbm


def small(**parameters):
    rng = np.random.default_rng(5)
    return holding(rng.normal(0, 1, (4, 3)), rng.normal(0, 0.5, 4), rng.normal(0, 0.5, 3), **parameters)


def counts_of(v):
    return np.bincount((v @ (1 << np.arange(v.shape[1]))).astype(int), minlength=2 ** v.shape[1])


def transition(model):
    """p(v' | v) of one Gibbs step, (2**n, 2**n), from the definition."""
    v, h = exact.states(model.visible.size), exact.states(model.hidden.size)
    logs = v @ model.weights @ h.T + (v @ model.visible)[:, None] + h @ model.hidden
    p_h = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
    p_v = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
    return p_h @ p_v.T


# --- sampling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_steps", [1, 3])
def test_gibbs_follows_the_exact_transition_law(n_steps):
    """4000 independent chains from one state: chi-square, 15 degrees of freedom, false-alarm rate 1e-6."""
    rbm = small()
    start = np.tile(np.array([1, 0, 0, 1], np.float32), (4000, 1))
    law = np.linalg.matrix_power(transition(rbm.parameters()), n_steps)[9]
    observed = counts_of(rbm.gibbs(start, n_steps, random_state=1))
    assert stats.chisquare(observed, 4000 * law).pvalue > 1e-6
    stationary = exact.visible_probabilities(rbm.parameters())
    assert n_steps > 1 or stats.chisquare(observed, 4000 * stationary).pvalue < 1e-6  # it can tell laws apart


def test_sample_follows_the_exact_distribution():
    """2000 independent chains after 8 steps, whose law is known exactly too. False-alarm rate 1e-6."""
    rbm = small()
    model = rbm.parameters()
    p_on = 1 / (1 + np.exp(-model.visible))
    v = exact.states(4)
    start = np.prod(np.where(v == 1, p_on, 1 - p_on), axis=1)
    law = start @ np.linalg.matrix_power(transition(model), 8)
    np.testing.assert_allclose(law, exact.visible_probabilities(model), atol=1e-3)  # 8 steps are enough here
    drawn = rbm.sample(2000, 8, random_state=2)
    assert drawn.dtype == np.float32
    assert stats.chisquare(counts_of(drawn), 2000 * law).pvalue > 1e-6


def test_repeated_calls_continue_and_seeds_repeat():
    rbm = small()
    v = np.zeros((50, 4), np.float32)
    assert not np.array_equal(rbm.gibbs(v), rbm.gibbs(v))
    np.testing.assert_array_equal(rbm.gibbs(v, 2, random_state=3), rbm.gibbs(v, 2, random_state=3))
    np.testing.assert_array_equal(rbm.sample(9, 2, random_state=3), rbm.sample(9, 2, random_state=3))


# --- learning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persistent", [True, False])
def test_a_long_chain_gives_the_exact_gradient(persistent):
    """One update of 3000 rows with k = 5, at rate 1, against enumeration.

    Each model statistic is the mean of 3000 independent numbers in [0, 1]: standard error at most 0.5/sqrt(3000).
    19 numbers at 6.1 standard errors: false-alarm rate below 19 * 1.1e-9 = 2e-8. What the chain has not
    forgotten after 4 whole steps (persistent chains begin at h = 0) adds its distance in total variation.
    """
    rows = 3000
    rbm = small(batch_size=rows, learning_rate=1.0, k=5, persistent=persistent)
    before = rbm.parameters()
    X = exact.states(4)[[1, 6, 6, 15, 8]].repeat(rows // 5, axis=0).astype(np.float32)
    law = np.linalg.matrix_power(transition(before), 4)
    not_forgotten = 0.5 * np.abs(law - exact.visible_probabilities(before)).sum(axis=1).max()
    rbm.partial_fit(X)
    expected, after = exact.gradient(before, X), rbm.parameters()
    tolerance = 6.1 * 0.5 / np.sqrt(rows) + not_forgotten
    for field in ("weights", "visible", "hidden"):
        change = getattr(after, field) - getattr(before, field)
        np.testing.assert_allclose(change, getattr(expected, field), atol=tolerance)
    assert np.abs(expected.weights).max() > 3 * tolerance  # a wrong sign or factor would show


def test_one_update_by_hand():
    """CD-1 with saturated units has no randomness: fields of +-50 make p 0 or 1 to float32 precision."""
    rbm = holding([[0], [0]], [50, -50], [50], learning_rate=0.5, persistent=False)
    rbm.partial_fit(np.array([[0, 1], [1, 1]], np.float32))
    # data: h = 1, <v h> = (1/2, 1); model: v = (1, 0), h = 1
    np.testing.assert_allclose(rbm.components_, [[0.5 * (0.5 - 1), 0.5 * (1 - 0)]])
    np.testing.assert_allclose(rbm.intercept_visible_, [50 - 0.25, -50 + 0.5])
    np.testing.assert_allclose(rbm.intercept_hidden_, [50.0])


def test_persistent_chains_go_on_and_cd_forgets():
    rbm = RBM(5, batch_size=2, n_chains=7, n_iter=0, random_state=0).fit(ROWS)
    assert rbm.h_samples_.shape == (7, 5)
    assert not rbm.h_samples_.any()
    first = rbm.partial_fit(ROWS).h_samples_.copy()
    assert set(np.unique(first)) == {0.0, 1.0}
    assert not np.array_equal(first, rbm.partial_fit(ROWS).h_samples_)
    assert not hasattr(RBM(5, persistent=False, n_iter=1).fit(ROWS), "h_samples_")


def test_linear_schedule_falls_to_nothing():
    """2 passes of 2 batches of 2 rows at rate 1: 1, 3/4, 1/2, 1/4, shared out among 2 rows and 5 chains."""
    seen = []

    class Recording(DigitalSynapses):
        def update(self, x, d, rate):
            seen.append((rate, bool((d <= 0).all())))
            super().update(x, d, rate)

    rbm = RBM(2, batch_size=2, n_chains=5, n_iter=2, learning_rate=1.0, schedule="linear", synapses=Recording)
    rbm.fit(ROWS)
    rates, negative = zip(*seen, strict=True)
    np.testing.assert_allclose(rates[0::2], np.array([1, 0.75, 0.5, 0.25]) / 2)
    np.testing.assert_allclose(rates[1::2], np.array([1, 0.75, 0.5, 0.25]) / 5)
    assert negative == (False, True) * 4  # arrays take a rate that is not negative; the sign is in the outer product


def test_visible_biases_start_at_the_log_odds():
    start = RBM(2, n_iter=0).fit(ROWS).intercept_visible_
    np.testing.assert_allclose(start, np.log([2.5 / 2.5, 2.5 / 2.5, 4.5 / 0.5]), rtol=1e-6)
    assert not RBM(2, n_iter=0, init_visible="zeros").fit(ROWS).intercept_visible_.any()


@pytest.mark.slow
@pytest.mark.jit
def test_digits_reach_their_known_likelihood():
    """Binarised digits, 16 hidden units: PCD-1 of a reference of our own reached -18.38 +- 0.06 nats.

    Independent pixels give -25.11. Over seeds 0 to 4 this setting gave -18.41 with a standard deviation of 0.06.
    """
    X = (load_digits().data >= 8).astype(np.float32)
    rbm = RBM(16, learning_rate=0.2, schedule="linear", batch_size=20, n_iter=30, random_state=0)
    untrained = clone(rbm).set_params(n_iter=0).fit(X)
    assert untrained.score_samples(X).mean() == pytest.approx(-25.11, abs=0.02)
    assert rbm.fit(X).score_samples(X).mean() > -18.7


# --- events ---------------------------------------------------------------------------------------------------------


def test_events_of_one_cd_step_by_hand():
    """2 rows of 3 visible units, 2 hidden units, k = 1; every unit saturated, so the zeros are known."""
    rbm = holding(np.zeros((3, 2)), [50, 50, -50], [50, -50], persistent=False, batch_size=2)
    rbm.partial_fit(np.array([[1, 1, 0], [1, 0, 0]], np.float32))
    flops = (
        2 * 3 * 2  # data to hidden: 3 ones drive 2 lines each
        + 2 * 2 * 3  # hidden to visible: one hidden unit is on in each row and drives 3 lines
        + 2 * 4 * 2  # model to hidden: 2 ones in each row
        + 2 * 3 * 2  # outer products of the data
        + 2 * 4 * 2  # outer products of the model
    )
    unit = 4 + 6 + 4  # hidden given data, visible, hidden given model
    assert rbm.events_ == Events(
        {
            "matmul.flop": flops,
            "digital.add": unit + 2 * (2 * 5),  # a bias for each unit; then 5 biases gather 2 rows in each phase
            "digital.multiply": 2 * 5,
            "digital.sigmoid": unit,
            "digital.compare": 4 + 6,  # the last hidden units are not sampled
            "random.bit": 16 * (4 + 6),
        }
    )


def test_persistent_step_samples_the_last_hidden_units_instead():
    rbm = holding(np.zeros((3, 2)), np.zeros(3), np.zeros(2), batch_size=2, n_chains=5, k=2)
    rbm.partial_fit(np.ones((2, 3), np.float32))
    assert rbm.events_["digital.compare"] == 5 * (3 + 2) * 2
    assert rbm.events_["digital.sigmoid"] == 2 * 2 + 5 * (3 + 2) * 2
    assert rbm.events_["digital.add"] == rbm.events_["digital.sigmoid"] + (2 + 5) * 5


def test_use_counts_and_judging_does_not():
    rbm = small()
    before = rbm.events_
    v = exact.states(4)
    rbm.free_energy(v), rbm.score_samples(v), rbm.pseudo_likelihood(v), rbm.components_
    assert rbm.events_ == before
    rbm.transform(v)
    assert rbm.events_["digital.sigmoid"] == before["digital.sigmoid"] + 16 * 3
    rbm.gibbs(v)
    assert rbm.events_["digital.compare"] == before["digital.compare"] + 16 * (3 + 4)


# --- judging --------------------------------------------------------------------------------------------------------


def test_likelihoods_are_those_of_enumeration():
    rbm = small()
    v = exact.states(4).astype(np.float32)
    p = exact.visible_probabilities(rbm.parameters())
    np.testing.assert_allclose(np.exp(rbm.score_samples(v)), p, rtol=1e-10)
    np.testing.assert_allclose(rbm.free_energy(v)[1:] - rbm.free_energy(v)[0], np.log(p[0] / p[1:]), atol=1e-10)
    h_given_v = 1 / (1 + np.exp(-(v @ rbm.components_.T + rbm.intercept_hidden_)))
    np.testing.assert_allclose(rbm.transform(v), h_given_v, rtol=1e-5)


def test_pseudo_likelihood_is_that_of_its_definition():
    """The mean of many draws is the exact sum of log p(v_i | rest); each of 4 units is drawn 0.25 of the time.

    20000 draws of a number whose standard deviation is computed: false-alarm rate 1e-6 at 4.9 standard errors.
    """
    rbm = small()
    p = exact.visible_probabilities(rbm.parameters())
    terms = 4 * np.array([np.log(p[11] / (p[11] + p[11 ^ (1 << i)])) for i in range(4)])
    drawn = rbm.pseudo_likelihood(np.tile(exact.states(4)[11], (20000, 1)), random_state=0)
    assert abs(drawn.mean() - terms.mean()) < 4.9 * terms.std() / np.sqrt(20000)


def test_a_large_model_says_what_else_there_is():
    rbm = RBM(30, n_iter=0).fit(np.zeros((1, 40)))
    with pytest.raises(RevpathError, match=r"30 units.*free_energy.*pseudo_likelihood"):
        rbm.score_samples(np.zeros((1, 40)))


# --- manners --------------------------------------------------------------------------------------------------------


@pytest.mark.jit
def test_scikit_learn_checks(monkeypatch):
    """Every check of scikit-learn passes once its data are squashed into [0, 1], where units live.

    The checks feed arbitrary numbers, which `RBM` refuses. The estimator under test differs from `RBM` in nothing but
    the two functions that refuse them.
    """

    def squashed(name, rows):
        if rows.min() < 0:  # what `tags.input_tags.positive_only` announces
            raise ValueError("Negative values in data")
        return (rows / (1 + rows)).astype(np.float32)

    monkeypatch.setattr(revpath.ebm.models.rbm, "unit_interval_rows", squashed)
    monkeypatch.setattr(revpath.ebm.models.rbm, "binary_rows", lambda name, rows: rows)
    checks = check_estimator(RBM(4, n_iter=3), on_skip=None, on_fail=None)
    assert [(c["check_name"], c["exception"]) for c in checks if c["status"] not in ("passed", "skipped")] == []
    assert sum(c["status"] == "passed" for c in checks) > 40


def test_same_seed_same_machine():
    a, b = (RBM(6, batch_size=2, n_iter=3, random_state=4).fit(ROWS) for _ in range(2))
    other = RBM(6, batch_size=2, n_iter=3, random_state=5).fit(ROWS)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert not np.array_equal(a.components_, other.components_)
    again = pickle.loads(pickle.dumps(a))
    np.testing.assert_array_equal(again.gibbs(ROWS), a.gibbs(ROWS))
    assert again.events_ == a.events_


def test_partial_fit_is_fit_without_the_shuffle():
    """With one batch per pass the order is nothing, and fit adds only the order's own random numbers."""
    X = ROWS[[0, 0, 0]]
    a = RBM(3, n_iter=2, random_state=0).fit(X)
    b = RBM(3, random_state=0).partial_fit(X).partial_fit(X)
    np.testing.assert_array_equal(a.components_, b.components_)


def test_in_a_pipeline_with_names():
    pipe = make_pipeline(RBM(3, n_iter=1, random_state=0)).fit(ROWS)
    assert pipe.transform(ROWS).shape == (4, 3)
    assert list(pipe.get_feature_names_out()) == ["rbm0", "rbm1", "rbm2"]


def test_synapses_factory_receives_shape_and_number():
    asked = []

    def factory(shape, array):
        asked.append((shape, array))
        return DigitalSynapses(shape, array)

    RBM(5, n_iter=1, synapses=factory).fit(ROWS)
    assert asked == [((3, 5), 0)]


def test_verbose_prints_a_line_for_each_pass(capsys):
    RBM(2, n_iter=2, verbose=1, random_state=0).fit(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("[RBM] pass 2, pseudo-likelihood -")


@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform", "gibbs", "free_energy"])
def test_rows_must_be_in_the_unit_interval(method):
    rbm = RBM(2, n_iter=0).fit(ROWS)
    for value in (1.5, -0.25):
        bad = ROWS.copy()
        bad[2, 1] = value
        with pytest.raises(RevpathError, match=rf"X\[2, 1\] = {value} must lie in \[0, 1\]"):
            getattr(rbm, method)(bad)
    bad[2, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        getattr(rbm, method)(bad)


def test_other_bad_input():
    rbm = RBM(2, n_iter=0).fit(ROWS)
    with pytest.raises(RevpathError, match=r"X\[0, 0\] = 0.5 .*binary states"):
        rbm.score_samples(np.full((1, 3), 0.5))
    with pytest.raises(ValueError, match="4 features, but RBM is expecting 3"):
        rbm.transform(np.zeros((1, 4)))
    with pytest.raises(RevpathError, match="method = 'ais'"):
        rbm.log_likelihood(ROWS, method="ais")
    for call in (lambda: rbm.gibbs(ROWS, 0), lambda: rbm.sample(2, -1), lambda: rbm.sample(True)):
        with pytest.raises(RevpathError, match="must be a positive integer"):
            call()
    with pytest.raises(RevpathError, match="n_chains = 4 must be None"):
        RBM(2, persistent=False, n_chains=4).fit(ROWS)
    with pytest.raises(ValueError, match="'schedule' parameter of RBM must be"):
        RBM(2, schedule="cosine").fit(ROWS)
    with pytest.raises(ValueError, match="'k' parameter of RBM must be"):
        RBM(2, k=0).partial_fit(ROWS)


@pytest.mark.parametrize("use", ["components_", "events_"])
def test_unfitted_attributes(use):
    with pytest.raises(NotFittedError):
        getattr(RBM(), use)
    assert not hasattr(RBM(), use)


@pytest.mark.parametrize("use", ["transform", "gibbs", "free_energy", "score_samples", "pseudo_likelihood", "sample"])
def test_unfitted_methods(use):
    with pytest.raises(NotFittedError):
        getattr(RBM(), use)(*([] if use == "sample" else [ROWS]))
