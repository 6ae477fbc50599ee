"""The denoising chain against enumeration: the way back from noise, its law, its gradient."""

import numpy as np
import pytest
from helpers.statistics import p_of_counts, plausible

from revpath.devices.base.errors import RevpathError
from revpath.ebm import DenoisingChain
from revpath.ebm.evaluation import exact

ROWS = (np.random.default_rng(0).random((300, 4)) < [0.8, 0.3, 0.5, 0.6]).astype(np.float32)


def holding(**settings):
    rng = np.random.default_rng(2)
    chain = DenoisingChain(3, n_iter=0, random_state=1, **{"n_steps": 3, **settings}).fit(ROWS)
    for machine in chain.machines_:
        machine.synapses.program(rng.normal(0, 1.0, (4, 3)).astype(np.float32))
        machine.visible, machine.hidden = (rng.normal(0, 0.3, n).astype(np.float32) for n in (4, 3))
    return chain


def test_pictures_have_the_law_of_the_chain():
    chain = holding()
    drawn = chain.sample(4000, 20)
    counts = np.bincount((drawn @ [1, 2, 4, 8]).astype(int), minlength=16)
    plausible(p_of_counts(counts, 4000 * chain.visible_probabilities()))
    assert chain.visible_probabilities().sum() == pytest.approx(1)


def test_a_step_back_is_bayes_rule_on_a_step_of_noise():
    """p_t(x | noisier) is the law of the machine alone times the chance of these flips, normalised: by its definition."""
    chain = holding(flip=0.2)
    machine, x = chain.machines_[1], exact.states(4)
    prior = exact.visible_probabilities(exact.Parameters(machine.weights, *machine.biases))
    flips = np.abs(x[:, None] - x[None]).sum(axis=2)
    joint = 0.2**flips * 0.8 ** (4 - flips) * prior
    np.testing.assert_allclose(chain.step_probabilities(machine), joint / joint.sum(axis=1, keepdims=True), rtol=1e-6)


def test_before_it_learns_it_draws_independent_units():
    chain = DenoisingChain(3, n_iter=0, n_steps=3, random_state=0).fit(ROWS)
    for machine in chain.machines_:
        machine.synapses.program(np.zeros((4, 3), np.float32))
    mean = (ROWS.sum(axis=0) + 0.5) / 301
    independent = np.log(np.where(ROWS == 1, mean, 1 - mean)).sum(axis=1)
    np.testing.assert_allclose(chain.score_samples(ROWS), independent, rtol=0, atol=1e-5)


def test_a_long_chain_gives_the_exact_gradient_of_a_step():
    """4000 pairs at rate 1, 40 Gibbs steps; each statistic of the model is a mean of 4000 draws."""
    n = 4000
    chain = holding(n_steps=1, learning_rate=1.0, k=40)
    (machine,), rng = chain.machines_, np.random.default_rng(5)
    x, noisier = (exact.states(4)[rng.integers(0, 4, n) * 3 + shift].astype(np.float32) for shift in (1, 2))
    before = exact.Parameters(machine.weights, *machine.biases)
    place = (1 << np.arange(4)).astype(np.float32)
    given = chain.step_probabilities(machine)[(noisier @ place).astype(int)].mean(axis=0)
    states = exact.states(4)
    on, data_on = (1 / (1 + np.exp(-(v @ before.weights + before.hidden))) for v in (states, x))
    asked = x.T @ data_on / n - states.T @ (given[:, None] * on)
    chain._update(machine, x, noisier)
    np.testing.assert_allclose(machine.weights - before.weights, asked, rtol=0, atol=0.05)
    np.testing.assert_allclose(machine.visible - before.visible, x.mean(axis=0) - given @ states, rtol=0, atol=0.05)
    assert np.abs(asked).max() > 0.15


def test_it_learns_what_independent_units_cannot():
    rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 150, axis=0)
    chain = DenoisingChain(4, n_iter=60, learning_rate=0.5, random_state=0)
    assert chain.fit(rows).score(rows) > -1.0
    assert DenoisingChain(4, n_iter=0, random_state=0).fit(rows).score(rows) == pytest.approx(-4 * np.log(2), abs=0.05)
    pictures = chain.sample(500)
    assert (pictures[:, 0] == pictures[:, 1]).mean() > 0.8


def test_bad_input():
    with pytest.raises(ValueError, match="'flip' parameter of DenoisingChain must be"):
        DenoisingChain(flip=0.5).fit(ROWS)
    with pytest.raises(RevpathError, match=r"X\[0, 0\] = 2.0 .*must lie in"):
        DenoisingChain().fit(2 * np.ones((3, 4)))
    with pytest.raises(RevpathError, match="must be 0 or 1"):
        holding().score_samples(np.full((1, 4), 0.5))
    with pytest.raises(RevpathError, match="allowed up to n = 10"):
        DenoisingChain(n_iter=0).fit(np.zeros((2, 12))).score(np.zeros((2, 12)))
    with pytest.raises(RevpathError, match="n_steps = 0"):
        holding().sample(2, 0)
