"""The deep Boltzmann machine against enumeration: its chains, its mean field, its learning."""

import numpy as np
import pytest
from helpers.statistics import p_of_counts, plausible

from revpath.devices.base.errors import RevpathError
from revpath.ebm import RBM, DeepBoltzmannMachine
from revpath.ebm.evaluation import exact, graphs


def holding(hidden=(3, 2), features=4, spread=1.0, **settings):
    rng = np.random.default_rng(4)
    model = DeepBoltzmannMachine(hidden, n_iter=0, random_state=1, **settings).fit(np.zeros((1, features)))
    for synapses in model.synapses_:
        synapses.program(rng.normal(0, spread, synapses.shape).astype(np.float32))
    for bias in model.intercepts_:
        bias[:] = rng.normal(0, 0.4, bias.shape)
    return model


@pytest.mark.parametrize("hidden", [(3,), (3, 2), (2, 2, 2)])
def test_chains_have_the_law_of_the_energy(hidden):
    model = holding(hidden)
    v = model.sample(4000, 40)
    counts = np.bincount((v @ [1, 2, 4, 8]).astype(int), minlength=16)
    plausible(p_of_counts(counts, 4000 * np.exp(model.score_samples(exact.states(4)))))


def test_its_energy_by_hand():
    model = holding()
    edges, couplings, biases = model.as_graph()
    s = exact.states(9)
    v, h, g = s[:, :4], s[:, 4:7], s[:, 7:]
    (w, u), (a, b, c) = (each.weights().astype(float) for each in model.synapses_), model.intercepts_
    energy = -((v @ w * h).sum(axis=1) + (h @ u * g).sum(axis=1) + v @ a + h @ b + g @ c)
    np.testing.assert_allclose(graphs.log_weights(edges, couplings, biases), -energy, rtol=0, atol=1e-6)


def test_with_one_hidden_layer_it_is_a_restricted_machine():
    model = holding((3,))
    rbm = RBM(3, n_iter=0).fit(np.zeros((1, 4)))
    rbm.synapses_.program(model.synapses_[0].weights())
    rbm.intercept_visible_, rbm.intercept_hidden_ = model.intercepts_
    rows = exact.states(4)
    np.testing.assert_allclose(model.score_samples(rows), rbm.score_samples(rows), rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.transform(rows), rbm.transform(rows), rtol=0, atol=1e-6)


def test_the_mean_field_is_a_fixed_point():
    model = holding((3, 2), spread=0.5, mean_field_steps=60)
    mean = [np.array(layer, float) for layer in model._mean_field(exact.states(4).astype(np.float32))]
    (w, u), (_, b, c) = (each.weights() for each in model.synapses_), model.intercepts_
    np.testing.assert_allclose(mean[1], 1 / (1 + np.exp(-(mean[0] @ w + mean[2] @ u.T + b))), rtol=0, atol=1e-5)
    np.testing.assert_allclose(mean[2], 1 / (1 + np.exp(-(mean[1] @ u + c))), rtol=0, atol=1e-5)


def test_an_update_is_the_variational_gradient():
    """Data by the mean field, the model by 3000 chains of 30 sweeps: 5.5 standard errors of a product of two coins."""
    n = 3000
    model = holding(batch_size=n, learning_rate=1.0, k=30)
    rows = exact.states(4)[[1, 6, 12]].repeat(n // 3, axis=0).astype(np.float32)
    mean = [layer.astype(float) for layer in model._mean_field(rows)]
    edges, couplings, biases = model.as_graph()
    free = graphs.moments(edges, couplings, biases)
    before = [each.weights() for each in model.synapses_]
    model.partial_fit(rows)
    of_arrays = np.split(free.couplings, [12])
    for synapses, old, (below, above), model_mean in zip(
        model.synapses_, before, [mean[:2], mean[1:]], of_arrays, strict=True
    ):
        asked = below.T @ above / n - model_mean.reshape(synapses.shape)
        np.testing.assert_allclose(synapses.weights() - old, asked, rtol=0, atol=0.05)
    assert np.abs(asked).max() > 0.1


@pytest.mark.parametrize("hidden", [(), (4, 0), "4", (4, True), 4])
def test_layers_that_are_none(hidden):
    with pytest.raises(RevpathError, match="must be a sequence of positive integers"):
        DeepBoltzmannMachine(hidden).fit(np.zeros((2, 3)))


def test_rows_that_are_not_binary():
    with pytest.raises(RevpathError, match="must be 0 or 1"):
        holding().score_samples(np.full((1, 4), 0.5))
