"""What the restricted Boltzmann machine does beside plain contrastive divergence, each held to enumeration."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_counts, p_of_law, p_of_mean, plausible
from scipy import stats

from revpath.devices.base.errors import RevpathError
from revpath.ebm import RBM, DigitalSynapses
from revpath.ebm.evaluation import exact, gaussian
from revpath.ebm.models.restricted.replicas import Replicas
from revpath.simulator import Stream

W = np.array([[1.5, -1.0, 0.5], [-0.5, 1.0, -1.5], [1.0, 0.5, 1.0], [-1.0, -0.5, 0.5]], np.float32)
B, C = np.array([0.2, -0.3, 0.1, 0.4], np.float32), np.array([0.3, -0.2, 0.1], np.float32)


def holding(start=None, weights=W, b=B, c=C, **settings):
    rows = np.zeros((1, 4), np.float32) if start is None else start
    model = RBM(3, n_iter=0, random_state=7, **settings).fit(rows)
    model.synapses_.program(weights)
    model.intercept_visible_, model.intercept_hidden_ = b, c
    return model


def state_counts(v):
    return np.bincount((v @ (1 << np.arange(v.shape[1]))).astype(int), minlength=2 ** v.shape[1])


# --- Gaussian visible units ------------------------------------------------------------------------------------------

SD = np.array([0.5, 2.0, 1.0, 3.0], np.float32)


def gaussian_machine(scale=1.0):
    return gaussian.GaussianParameters(scale * W, B, C, SD)


def test_gaussian_density_is_that_of_its_energy_integrated():
    one = gaussian.GaussianParameters(W[:2, :2], B[:2], C[:2], SD[:2])
    grid = [np.linspace(-60, 60, 1201) * sd / 2 for sd in SD[:2]]
    v = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(gaussian.log_likelihood(one, v)).sum() * np.prod([g[1] - g[0] for g in grid])
    assert density == pytest.approx(1, abs=1e-6)
    h = exact.states(2)
    energy = (
        (((v[720600] - one.visible) / one.sd) ** 2).sum() / 2
        - (v[720600] / one.sd) @ one.weights @ h.T
        - h @ one.hidden
    )
    assert gaussian.free_energy(one, v[720600:720601])[0] == pytest.approx(-np.log(np.exp(-energy).sum()))


def test_gaussian_gradient_is_that_of_differences():
    rows, machine, eps = np.random.default_rng(0).normal(0, 2, (6, 4)), gaussian_machine(), 1e-5
    asked = gaussian.gradient(machine, rows)
    for field, places in (("weights", [(0, 0), (3, 2)]), ("visible", [(1,)]), ("hidden", [(2,)])):
        for place in places:
            ends = []
            for sign in (1, -1):
                moved = {name: getattr(machine, name).copy() for name in ("weights", "visible", "hidden")}
                moved[field][place] += sign * eps * (SD[place[0]] if field == "visible" else 1)
                ends.append(gaussian.log_likelihood(gaussian.GaussianParameters(**moved, sd=SD), rows).mean())
            assert getattr(asked, field)[place] == pytest.approx((ends[0] - ends[1]) / (2 * eps), abs=1e-7)


def test_gaussian_chain_has_the_law_of_the_machine():
    """The first unit of 4000 chains after 60 steps: its law is a mixture of 8 normals; false-alarm rate that of `plausible`."""
    model = holding(visible="gaussian", visible_sd=1.0, weights=W)
    machine = gaussian.GaussianParameters(W, B, C, np.ones(4))
    h = exact.states(3)
    field = h @ machine.weights.T
    logs = h @ machine.hidden + field @ machine.visible + (field**2).sum(axis=1) / 2
    share = np.exp(logs - np.logaddexp.reduce(logs))
    v = model.sample(4000, 60, random_state=1)[:, 0]
    plausible(p_of_law(v, lambda x: (share * stats.norm.cdf(x[:, None], machine.visible[0] + field[:, 0])).sum(axis=1)))
    implausible(p_of_law(v, stats.norm(machine.visible[0]).cdf))


def test_a_long_gaussian_chain_gives_the_exact_gradient():
    """One update of 3000 rows, k = 40; each statistic of the model is a mean of 3000 draws."""
    n = 3000
    model = holding(
        np.zeros((1, 4)) + SD,
        weights=0.5 * W,
        visible="gaussian",
        visible_sd=2.0,
        batch_size=n,
        k=40,
        learning_rate=1.0,
    )
    rows = np.tile(np.random.default_rng(3).normal(0, 2, (6, 4)).astype(np.float32), (n // 6, 1))
    before = model.parameters()
    asked = gaussian.gradient(before, rows)
    model.partial_fit(rows)
    after = model.parameters()
    np.testing.assert_allclose(after.weights - before.weights, asked.weights, rtol=0, atol=0.15)
    np.testing.assert_allclose((after.visible - before.visible) / 2.0, asked.visible, rtol=0, atol=0.15)
    np.testing.assert_allclose(after.hidden - before.hidden, asked.hidden, rtol=0, atol=0.06)
    assert np.abs(asked.weights).max() > 0.45


def test_gaussian_units_take_the_spread_of_the_data_and_any_rows():
    rows = np.random.default_rng(0).normal([5, -3, 0, 1], [1, 4, 0.1, 2], (400, 4))
    model = RBM(2, visible="gaussian", visible_sd="data", n_iter=2, random_state=0).fit(rows)
    np.testing.assert_allclose(model.parameters().sd, rows.std(axis=0), rtol=1e-5)
    independent = stats.norm(rows.mean(axis=0), rows.std(axis=0)).logpdf(rows).sum(axis=1).mean()
    assert model.score_samples(rows).mean() == pytest.approx(independent, abs=0.2)
    with pytest.raises(RevpathError, match="pseudo_likelihood is that of binary"):
        model.pseudo_likelihood(rows)
    with pytest.raises(RevpathError, match="column 1 of X does not vary"):
        RBM(2, visible="gaussian", visible_sd="data").fit([[1, 2], [2, 2]])


# --- parallel tempering ----------------------------------------------------------------------------------------------


def test_every_replica_has_the_law_of_its_temperature():
    """Hidden states of 3 temperatures after 30 rounds of 5000 independent chains, against enumeration at each."""
    model = holding(weights=2 * W)
    replicas = Replicas(3, 5000, 3, Stream(3, "swaps"))
    for _ in range(30):
        replicas.step(model.pair_, model._units)
    assert 0.05 < replicas.accepted / replicas.tried < 1
    machine = model.parameters()
    for beta, h in zip(replicas.betas, replicas.h, strict=True):
        hot = exact.Parameters(beta * machine.weights, beta * machine.visible, beta * machine.hidden)
        law = exact.joint_probabilities(hot).sum(axis=0)
        plausible(p_of_counts(state_counts(h), 5000 * law))
    implausible(p_of_counts(state_counts(replicas.h[0]), 5000 * law))  # the last law is not the first


def test_replicas_cross_where_a_plain_chain_stays():
    """Two far states of equal weight, 9 nats apart in between: after 200 steps plain chains stand where they began."""
    weights = np.full((4, 3), 3.5, np.float32)
    shared = {"weights": weights, "b": np.full(4, -5.25, np.float32), "c": np.full(3, -7.0, np.float32)}
    plain = holding(**shared).pair_.walk(np.zeros((300, 4), np.float32), 200, holding()._units)
    model = holding(temperatures=8, n_chains=300, **shared)
    for _ in range(200):
        v, _ = model.replicas_.step(model.pair_, model._units)
    on = (v.mean(axis=1) > 0.5).mean()
    assert (plain.mean(axis=1) > 0.5).mean() < on
    assert 0.25 < on < 0.75


# --- centring, decay, biases in the array ----------------------------------------------------------------------------


def test_centred_update_is_the_exact_gradient_of_centred_units():
    """As `test_a_long_chain_gives_the_exact_gradient`, for the gradient in which units are taken less their means."""
    n, rows = 3000, exact.states(4)[[1, 6, 6, 15, 8]].repeat(600, axis=0).astype(np.float32)
    model = holding(batch_size=n, learning_rate=1.0, k=6, centred=True)
    before = model.parameters()
    model.partial_fit(rows)
    mu, lam = model._offsets
    plain = exact.gradient(before, rows)
    weights = plain.weights - np.outer(mu, plain.hidden) - np.outer(plain.visible, lam)
    after = model.parameters()
    for change, asked in (
        (after.weights - before.weights, weights),
        (after.visible - before.visible, plain.visible - weights @ lam),
        (after.hidden - before.hidden, plain.hidden - weights.T @ mu),
    ):
        np.testing.assert_allclose(change, asked, rtol=0, atol=0.08)
    assert np.abs(weights - plain.weights).max() > 0.16


def test_weight_decay_shrinks_what_nothing_else_moves():
    rows = np.zeros((6, 4), np.float32)
    model = holding(weights=W, b=np.full(4, -60, np.float32), batch_size=2, learning_rate=0.1, weight_decay=0.5)
    model.partial_fit(rows)  # all units are off in both phases, so only decay acts: 3 batches
    np.testing.assert_allclose(model.components_.T, W * 0.95**3, rtol=1e-5)


def test_biases_in_the_array_learn_what_digital_ones_learn():
    rows = (np.random.default_rng(1).random((200, 4)) < [0.8, 0.2, 0.5, 0.6]).astype(np.float32)
    inside, beside = (RBM(3, n_iter=5, random_state=0, biases=where).fit(rows) for where in ("array", "digital"))
    assert inside.synapses_.shape == (5, 4)
    np.testing.assert_allclose(inside.components_, beside.components_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(inside.intercept_visible_, beside.intercept_visible_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(inside.intercept_hidden_, beside.intercept_hidden_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(inside.score_samples(rows), beside.score_samples(rows), rtol=0, atol=1e-3)


# --- completion ------------------------------------------------------------------------------------------------------


def test_completion_has_the_conditional_law():
    """Units 0 and 2 are held at 1, 0: 6000 chains of 15 steps against p(v1, v3 | v0, v2), by enumeration."""
    model = holding()
    known = np.array([True, False, True, False])
    drawn = model.complete(np.tile([1.0, 0, 0, 0], (6000, 1)), known, 15, random_state=1)
    assert (drawn[:, known] == [1, 0]).all()
    p = exact.visible_probabilities(model.parameters())
    some = p[[1, 3, 9, 11]]  # v = (1, v1, 0, v3)
    plausible(
        p_of_counts(np.bincount((drawn[:, 1] + 2 * drawn[:, 3]).astype(int), minlength=4), 6000 * some / some.sum())
    )
    mean = model.complete([[1.0, 0, 0, 0]], known, 4000, average=3900, random_state=2)[0, 1]
    assert mean == pytest.approx((some[1] + some[3]) / some.sum(), abs=0.06)
    assert p_of_mean(drawn[:, 1], p[[3, 7, 11, 15]].sum() / p[1::2].sum(), 0.5) < 1  # defined at all


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperatures": 2, "persistent": False}, "temperatures = 2 must be 1 where persistent is False"),
        ({"temperatures": 2, "biases": "array"}, "biases must be 'digital'"),
        ({"centred": True, "biases": "array"}, "centred = True needs the value of biases"),
        ({"weight_decay": 20.0}, "must be less than 1"),
        ({"visible": "potts"}, "visible = 'potts' is not known"),
        ({"visible_sd": 2.0}, "visible_sd = 2.0 must be 1"),
        ({"visible": "gaussian", "visible_sd": 0.0}, "visible_sd = 0.0 must be positive"),
    ],
)
def test_settings_that_exclude_each_other(settings, message):
    with pytest.raises(RevpathError, match=message):
        RBM(2, **settings).fit(np.zeros((3, 4)))


def test_bad_completion():
    model = holding()
    with pytest.raises(RevpathError, match="known has shape"):
        model.complete(np.zeros((2, 4)), np.zeros(4))
    with pytest.raises(RevpathError, match="average = 5 must be at most n_steps = 2"):
        model.complete(np.zeros((2, 4)), np.zeros(4, bool), 2, average=5)
    assert isinstance(model.synapses_, DigitalSynapses)
