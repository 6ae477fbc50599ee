"""The discriminative restricted Boltzmann machine: its posterior by enumeration of the hidden units, its step by differences."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import DiscriminativeRBM
from revpath.ebm.evaluation import exact

X = np.random.default_rng(0).random((7, 4)).astype(np.float32)
Y = np.array(["b", "a", "c", "b", "a", "c", "c"])


def begun(**settings):
    rng = np.random.default_rng(1)
    model = DiscriminativeRBM(3, n_iter=0, random_state=0, batch_size=7, **settings).fit(X, Y)
    for synapses in model.synapses_:
        synapses.program(rng.normal(0, 1, synapses.shape).astype(np.float32))
    model.intercept_hidden_, model.intercept_label_ = (rng.normal(0, 0.5, 3).astype(np.float32) for _ in range(2))
    return model


def posterior(w, u, c, d, x):
    """p(y | x) as the sum over all hidden states of exp(-E), normalised."""
    h = exact.states(3)
    joint = np.exp((x @ w) @ h.T + u @ h.T + h @ c + d[:, None])
    return joint.sum(axis=1) / joint.sum()


def parameters(model):
    w, u = (each.weights().astype(float) for each in model.synapses_)
    return [w, u, model.intercept_hidden_.astype(float), model.intercept_label_.astype(float)]


@pytest.mark.parametrize("stored", [True, False])
def test_its_posterior_is_that_of_the_energy(stored):
    model = begun()
    law = np.array([posterior(*parameters(model), x) for x in X.astype(float)])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X, stored=stored)), law, rtol=1e-5)
    assert model.predict(X).tolist() == [["a", "b", "c"][k] for k in law.argmax(axis=1)]


def test_a_step_is_the_slope_of_the_mean_log_posterior():
    model = begun(learning_rate=1e-2)
    before, eps = parameters(model), 1e-5
    number = {"a": 0, "b": 1, "c": 2}

    def quality(values):
        return np.mean([np.log(posterior(*values, x)[number[y]]) for x, y in zip(X.astype(float), Y, strict=True)])

    model.partial_fit(X, Y)
    for part, (after, old) in enumerate(zip(parameters(model), before, strict=True)):
        for place in np.ndindex(old.shape):
            ends = []
            for sign in (1, -1):
                moved = [value.copy() for value in before]
                moved[part][place] += sign * eps
                ends.append(quality(moved))
            slope = (ends[0] - ends[1]) / (2 * eps)
            assert (after - old)[place] / 1e-2 == pytest.approx(slope, abs=2e-4)


def test_bad_input():
    with pytest.raises(RevpathError, match="y is missing"):
        DiscriminativeRBM(2).fit(X)
    with pytest.raises(RevpathError, match="which is none of the classes"):
        begun().partial_fit(X[:1], ["z"])
    with pytest.raises(RevpathError, match="must be those of the first call"):
        begun().partial_fit(X, Y, classes=["a"])
