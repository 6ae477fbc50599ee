"""Annealed importance sampling against enumeration: unbiased forward, unbiased back, and refused where it is not to be trusted."""

import numpy as np
import pytest
from helpers.statistics import p_of_mean, plausible

from revpath.devices.base.errors import RevpathError
from revpath.ebm import RBM
from revpath.ebm.evaluation import annealed, exact


def machine(size=(4, 3), scale=1.0):
    rng = np.random.default_rng(5)
    return exact.Parameters(rng.normal(0, scale, size), rng.normal(0, 0.5, size[0]), rng.normal(0, 0.5, size[1]))


BASE = np.array([0.3, -0.8, 0.0, 0.5])


@pytest.mark.parametrize("temperatures", [1, 3, 20])
def test_weights_are_unbiased_however_few_the_temperatures(temperatures):
    model = machine()
    run = annealed.anneal(model, BASE, temperatures=temperatures, chains=4000, seed=3)
    log_z_0 = np.logaddexp(0, BASE).sum() + 3 * np.log(2)
    of_z = np.exp(run.log_weights + log_z_0 - exact.log_partition(model))
    plausible(p_of_mean(of_z, 1.0, of_z.std()))
    assert run.log_partition == pytest.approx(log_z_0 + np.log(np.exp(run.log_weights).mean()), abs=1e-12)


def annealed_law(model, temperatures):
    """Exact law of where the annealed sampler ends, from its definition."""
    v, h = exact.states(4), exact.states(3)
    law = np.exp(v @ BASE - np.logaddexp(0, BASE).sum())
    for beta in np.arange(1, temperatures + 1) / temperatures:
        logs = beta * (v @ model.weights @ h.T + (v @ model.visible)[:, None] + h @ model.hidden)
        logs += (1 - beta) * (v @ BASE)[:, None]
        up = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
        down = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
        law = law @ up @ down.T
    return law


def test_walked_back_it_is_unbiased_for_the_annealed_sampler():
    model, rows = machine(scale=2.0), exact.states(4)[[3, 9]]
    for row, p in zip(rows, annealed_law(model, 3)[[3, 9]], strict=True):
        walks = annealed.from_below(model, BASE, np.tile(row, (4000, 1)), temperatures=3, seed=1)
        of_p = np.exp(walks) / p
        plausible(p_of_mean(of_p, 1.0, of_p.std()))
    assert not np.allclose(annealed_law(model, 3), exact.visible_probabilities(model), rtol=0.05)  # 3 are few


def test_both_sides_meet_at_the_truth():
    model, rows = machine((9, 7)), exact.states(9)[::7]
    judged = annealed.judge(model, np.zeros(9), rows, temperatures=2000)
    truth = exact.log_likelihood(model, rows).mean()
    assert abs(judged.nats - truth) < 0.02
    assert abs(judged.from_below - truth) < 0.1
    assert judged.fine.standard_error < 0.02


def test_what_fails_a_gate_is_refused_with_all_gates():
    model, rows = machine((9, 7), scale=5.0), exact.states(9)[::7]
    with pytest.raises(annealed.NotTrustworthy, match=r"FAILED: .*: take more temperatures or chains"):
        annealed.judge(model, np.zeros(9), rows, temperatures=4)
    with pytest.raises(annealed.NotTrustworthy, match="FAILED: effective chains"):
        annealed.judge(machine((9, 7)), np.zeros(9), rows, temperatures=100, least_chains=101)


def test_a_model_gives_it_by_name():
    rows = exact.states(4).astype(np.float32)
    model = RBM(3, n_iter=3, random_state=0).fit(rows)
    one, other = model.log_likelihood(rows, "annealed", temperatures=400), model.log_likelihood(rows)
    np.testing.assert_allclose(one, other, rtol=0, atol=0.02)
    with pytest.raises(RevpathError, match="method = 'exact' with chains is not known"):
        model.log_likelihood(rows, chains=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": np.zeros(3)}, r"base has shape \(3,\)"),
        ({"temperatures": 0}, "temperatures = 0 must be a positive integer"),
        ({"chains": 1}, "chains = 1 must be an integer of at least 2"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(RevpathError, match=message):
        annealed.anneal(**{"model": machine(), "base": BASE, **change})
