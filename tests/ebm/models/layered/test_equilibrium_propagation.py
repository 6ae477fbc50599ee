"""Equilibrium propagation: the state is the least of its energy, the step that of a slow twin, the twin's that of differences."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import LayeredNetwork, crossbar_synapses
from revpath.ebm.models.layered import EquilibriumPropagation
from revpath.simulator import ArrayConfig, Events
from tests.twins import layers as twin

RULE = EquilibriumPropagation(nudging=0.3, free_steps=5, nudged_steps=3)


def begun(hidden=(4,), seed=1, rows=9, rule=RULE):
    """A network whose units lie mostly inside (0, 1), and its data."""
    rng = np.random.default_rng(seed)
    X, y = rng.random((rows, 5)), rng.integers(0, 3, rows)
    network = LayeredNetwork(hidden, rule=rule, learning_rate=0.0, batch_size=rows, random_state=seed)
    network.partial_fit(X, y, classes=[0, 1, 2])
    for synapses, bias in zip(network.synapses_, network.layers_.biases, strict=True):
        synapses.program(rng.normal(0, 0.25, synapses.shape).astype(np.float32))
        bias[:] = rng.normal(0.4, 0.1, bias.shape)
    return network, X, y


def parameters_of(network):
    weights = [np.array(s.weights(), float) for s in network.synapses_]
    return weights, [np.array(bias, float) for bias in network.layers_.biases]


def lists(arrays):
    return [array.tolist() for array in arrays]


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_a_step_is_that_of_the_slow_twin(hidden):
    network, X, y = begun(hidden)
    weights, biases = parameters_of(network)
    network.set_params(learning_rate=0.7).partial_fit(X, y)
    after = parameters_of(network)
    asked = [
        twin.equilibrium_propagation(lists(weights), lists(biases), row.tolist(), np.eye(3)[label].tolist(), 0.3, 5, 3)
        for row, label in zip(X.astype(np.float32).astype(float), y, strict=True)
    ]
    for layer in range(len(weights)):
        outer = np.mean([np.array(products[layer]) for products, _ in asked], axis=0)
        gaps = np.mean([np.array(of_row[layer]) for _, of_row in asked], axis=0)
        assert np.abs(outer).max() > 1e-3
        np.testing.assert_allclose(after[0][layer] - weights[layer], 0.7 * outer, rtol=0, atol=1e-6)
        np.testing.assert_allclose(after[1][layer] - biases[layer], 0.7 * gaps, rtol=0, atol=1e-6)


def test_at_small_nudging_the_twin_steps_down_the_cost_of_the_equilibrium():
    network, X, y = begun((4, 3))
    weights, biases = (lists(arrays) for arrays in parameters_of(network))
    row, target = X[0].tolist(), np.eye(3)[y[0]].tolist()
    outer, gaps = twin.equilibrium_propagation(weights, biases, row, target, 1e-3, 80, 80)
    for asked, values in [*zip(outer, weights, strict=True), *zip(gaps, biases, strict=True)]:
        for place in np.ndindex(np.shape(values)):
            inner = values[place[0]] if len(place) == 2 else values
            kept, slopes = inner[place[-1]], []
            for sign in (1, -1):
                inner[place[-1]] = kept + sign * 1e-5
                slopes.append(-sign * twin.cost(weights, biases, row, target, 80) / 2e-5)
            inner[place[-1]] = kept
            assert np.asarray(asked)[place] == pytest.approx(sum(slopes), abs=2e-6)
    assert max(np.abs(gap).max() for gap in gaps) > 0.01


def test_the_free_state_is_the_least_of_the_energy():
    network, X, _ = begun((4, 3), rule=EquilibriumPropagation(free_steps=200))
    weights, biases = (lists(arrays) for arrays in parameters_of(network))
    row = X[0].astype(np.float32).astype(float).tolist()
    states = twin.free_state(weights, biases, row, 200)
    np.testing.assert_allclose(network.decision_function(X[:1])[0], states[-1], rtol=0, atol=1e-6)
    least = twin.energy(weights, biases, row, states)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = [np.clip(np.array(state) + rng.normal(0, 0.05, len(state)), 0, 1).tolist() for state in states]
        assert twin.energy(weights, biases, row, other) > least


def test_on_ideal_arrays_it_learns_what_it_learns_ideally():
    rng = np.random.default_rng(0)
    X, y = rng.random((100, 12)), rng.integers(0, 3, 100)
    ideal, array = (
        LayeredNetwork((8, 6), rule=RULE, n_iter=2, synapses=synapses, random_state=0).fit(X, y)
        for synapses in (None, crossbar_synapses(ArrayConfig(weight_max=20.0), seed=1))
    )
    for one, other in zip(ideal.synapses_, array.synapses_, strict=True):
        np.testing.assert_allclose(one.weights(), other.weights(), rtol=0, atol=1e-5)


def test_events_of_a_step_by_hand():
    """9 rows of 5 inputs, 4 hidden units, 3 outputs: 5 free rounds, twice 3 nudged ones."""
    network, X, y = begun()
    before = network.events_
    network.set_params(learning_rate=0.5).partial_fit(X, y)
    inputs, hidden, outputs, rounds, nudged = 9 * 5, 9 * 4, 9 * 3, 11, 6
    stored, beside = "{kept=1024}", "{kept=1024,reuse=column}"
    steps = rounds + 1  # with the pass without feedback
    expected = {
        # biases in every step, feedback in rounds, the pull; gaps; sums of gaps and their own additions
        "digital.add": steps * (hidden + outputs)
        + rounds * hidden
        + nudged * 2 * outputs
        + (hidden + outputs)
        + (hidden + outputs)
        + 4
        + 3,
        "digital.compare": steps * 2 * (hidden + outputs),
        "digital.multiply": nudged * outputs + 4 + 3,
        # inputs; gaps; updates; biases; and beside columns: hidden up; in rounds: drive, hidden up, outputs down; pull
        f"sram.byte_read{stored}": 2
        * (inputs + 2 * (hidden + outputs) + (inputs + hidden) + 2 * (hidden + outputs) + 4 + 3),
        f"sram.byte_read{beside}": 2 * (hidden + rounds * (hidden + hidden + outputs) + nudged * outputs),
        # the two nudged states wait for the update, the drive and all others for the next round
        f"sram.byte_written{stored}": 2 * (2 * (hidden + outputs) + hidden + 4 + 3),
        f"sram.byte_written{beside}": 2 * (hidden + (steps - 2) * (hidden + outputs)),
    }
    done = network.events_ - before
    assert Events({name: n for name, n in done.items() if name != "matmul.flop"}) == Events(expected)


def test_it_has_scores_and_no_probabilities():
    network, X, _ = begun()
    scores = network.decision_function(X)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert not hasattr(network, "predict_proba")
    assert RULE.words((784, 256, 10)) == 784 + 256 + 3 * 266


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nudging": 0.0}, "nudging = 0.0 must lie between 0 and 1"),
        ({"nudging": 1.0}, "nudging = 1.0 must lie between 0 and 1"),
        ({"nudging": True}, "nudging = True must"),
        ({"free_steps": 0}, "free_steps = 0 must be a positive integer"),
        ({"nudged_steps": 2.5}, "nudged_steps = 2.5 must be a positive integer"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(RevpathError, match=message):
        EquilibriumPropagation(**settings)
