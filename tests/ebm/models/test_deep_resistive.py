"""The deep resistive network: currents balance, its state is that of a quadratic programme, its step the slope of the cost."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from revpath.devices.base.errors import RevpathError
from revpath.ebm import DeepResistiveNetwork, DigitalSynapses
from revpath.ebm.models.resistive.circuit import Circuit, NotSettled
from revpath.simulator import ArrayConfig

X = np.random.default_rng(0).random((6, 3)).astype(np.float32)
TARGETS = np.eye(2, dtype=np.float32)[[0, 1, 1, 0, 1, 0]]


def circuit(sizes=(6, 4, 2), gain=2.0, seed=1):
    rng = np.random.default_rng(seed)
    made = Circuit([DigitalSynapses(shape) for shape in pairwise(sizes)], 0.0, gain)
    made.program([rng.uniform(0.05, 1, each.shape) for each in made.synapses])
    for source in made.sources:
        source[:] = rng.normal(0, 0.3, source.shape)
    return made


def energy(made, x, u, gain=2.0):
    """E of one row by its definition; u: voltages of all layers above the inputs, one after another."""
    ends = np.cumsum([len(source) for source in made.sources])[:-1]
    layers = [gain * np.concatenate([x, -x]), *np.split(u, ends)]
    total = 0.0
    for g, below, above in zip(made.conductances(), layers[:-1], layers[1:], strict=True):
        total += (g * (below[:, None] - above) ** 2).sum() / 2
    return total - sum(b @ v for b, v in zip(made.sources, layers[1:], strict=True))


@pytest.mark.parametrize("sizes", [(6, 2), (6, 4, 2), (6, 4, 6, 2)])
def test_it_settles_at_the_least_of_the_energy(sizes):
    made = circuit(sizes)
    states = made.settled(made.driven(X))
    bounds = [(0, None) if j < n // 2 else (None, 0) for n in sizes[1:-1] for j in range(n)] + [(None, None)] * 2
    for row, x in enumerate(X.astype(float)):
        u = np.concatenate([state[row] for state in states])
        start = np.zeros(len(u))
        solved = minimize(
            lambda v, x=x: energy(made, x, v),
            start,
            bounds=bounds,
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10},
        )
        np.testing.assert_allclose(u, solved.x, rtol=0, atol=2e-4)
    assert any((state == 0).any() for state in states[:-1]) == (len(sizes) > 2)  # some diodes block


def test_currents_balance_where_no_diode_blocks():
    made = circuit((6, 4, 6, 2))
    states = [np.array(u, float) for u in made.settled(made.driven(X))]
    below = [2.0 * np.concatenate([X, -X], axis=1), *states]
    g = made.conductances()
    for layer, u in enumerate(states):
        current = ((below[layer][:, :, None] - u[:, None]) * g[layer]).sum(axis=1) + made.sources[layer]
        if layer + 1 < len(g):
            current += ((states[layer + 1][:, None] - u[:, :, None]) * g[layer + 1]).sum(axis=2)
        np.testing.assert_allclose(np.where(u == 0, 0, current), 0, rtol=0, atol=2e-5)
        half = u.shape[1] // 2
        if layer + 1 < len(g):
            assert (current[:, :half][u[:, :half] == 0] <= 1e-5).all()  # a diode that blocks would let it go down
            assert (current[:, half:][u[:, half:] == 0] >= -1e-5).all()


def cost(made):
    outputs = made.settled(made.driven(X))[-1].astype(float)
    return ((outputs - TARGETS) ** 2).sum() / 2


def test_at_small_nudging_a_step_goes_down_the_cost():
    """The difference of two states over 2 beta against differences of the cost, both so small that no diode switches between."""
    made = circuit((6, 4, 2))
    driven, beta, eps = made.driven(X), 0.005, 0.001
    free = made.settled(driven)
    ends = [made.settled(driven, free, pull=pull, targets=TARGETS) for pull in (-beta, beta)]
    before, sources = made.conductances(), [b.copy() for b in made.sources]
    made.learn(X, *ends, 1 / (2 * beta) * 1e-3)
    moved = [(after - old) / 1e-3 for after, old in zip(made.conductances(), before, strict=True)]
    of_sources = [(after - old) / 1e-3 for after, old in zip(made.sources, sources, strict=True)]
    for layer, places in ((0, [(0, 0), (4, 2), (5, 3)]), (1, [(0, 0), (3, 1)])):
        for place in places:
            slopes = []
            for sign in (1, -1):
                other = [g.copy() for g in before]
                other[layer][place] += sign * eps
                made.program(other)
                made.sources[:] = sources
                slopes.append(-sign * cost(made) / (2 * eps))
            assert moved[layer][place] == pytest.approx(sum(slopes), rel=0.03, abs=0.003)
    made.program(before)
    for sign in (1, -1):
        made.sources = [b.copy() for b in sources]
        made.sources[1][0] += sign * eps
        slopes.append(-sign * cost(made) / (2 * eps))
    assert of_sources[1][0] == pytest.approx(sum(slopes[-2:]), rel=0.03, abs=0.003)


def test_conductances_never_leave_their_window():
    network = DeepResistiveNetwork((8,), n_iter=3, learning_rate=0.05, random_state=0).fit(X, TARGETS[:, 1])
    assert min(g.min() for g in network.circuit_.conductances()) == 0
    array = DeepResistiveNetwork(
        (8,), n_iter=2, input_gain=5.0, synapses=ArrayConfig("reram-sb-gong2018", weight_max=0.5), random_state=0
    ).fit(X, TARGETS[:, 1])
    ideal = DeepResistiveNetwork((8,), n_iter=2, input_gain=5.0, random_state=0).fit(X, TARGETS[:, 1])
    for g, other in zip(array.circuit_.conductances(), ideal.circuit_.conductances(), strict=True):
        assert np.corrcoef(g.ravel(), other.ravel())[0, 1] > 0.3
    assert array.events_["pulse.up"] + array.events_["pulse.down"] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nudging": 0.0}, "nudging = 0.0 must be above 0"),
        ({"nudging": True}, "nudging = True must"),
        ({"nudging": 1.0}, "nudging = 1.0 must be above 0 and below 1"),
        ({"hidden_layer_sizes": (3,)}, "must be even"),
        ({"hidden_layer_sizes": 4}, "must be a sequence of positive integers"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(RevpathError, match=message):
        DeepResistiveNetwork(**{"hidden_layer_sizes": (4,), **settings}).fit(X, TARGETS[:, 1])


def test_a_node_without_conductance_floats():
    made = circuit()
    made.program([np.zeros((6, 4)), np.eye(4, 2)])
    with pytest.raises(NotSettled, match="node 2 of layer 1 has a conductance of 0: it floats"):
        made.settled(made.driven(X))
    made = circuit()
    with pytest.raises(NotSettled, match="a push of 50 takes it away: lower nudging"):
        made.settled(made.driven(X), pull=-50.0, targets=TARGETS)
