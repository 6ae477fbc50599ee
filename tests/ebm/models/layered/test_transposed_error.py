"""The error through transposed reads: its steps by a slow twin and by differences, its events by hand, its joules."""

import numpy as np
import pytest

from revpath.devices import load_device
from revpath.ebm import LayeredNetwork, crossbar_synapses, crossbar_synapses_by_array
from revpath.ebm.models.layered import TransposedError
from revpath.energy_models import load_chip, price, pulse_prices
from revpath.energy_models.prices.schedule import completed
from revpath.simulator import ADC, DAC, ArrayConfig, Events
from revpath.simulator.noise.circuit import CircuitNoise
from tests.twins import layers as twin

ECRAM = "ecram-li-tang2018"


def data(rows=9, features=5, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((rows, features)), rng.integers(0, classes, rows)


def begun(hidden=(4,), seed=1, rows=9, **parameters):
    """A network with random weights and biases, and its data."""
    X, y = data(rows)
    network = LayeredNetwork(hidden, learning_rate=0.0, batch_size=rows, random_state=seed, **parameters)
    network.partial_fit(X, y, classes=[0, 1, 2])
    rng = np.random.default_rng(seed)
    for synapses, bias in zip(network.synapses_, network.layers_.biases, strict=True):
        synapses.program(rng.normal(0, 0.6, synapses.shape).astype(np.float32))
        bias[:] = rng.normal(0.2, 0.3, bias.shape)
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
        twin.transposed_error(lists(weights), lists(biases), row, np.eye(3)[label])
        for row, label in zip(X.astype(np.float32).astype(float), y, strict=True)
    ]
    for layer in range(len(weights)):
        outer = np.mean([np.array(products[layer]) for products, _ in asked], axis=0)
        errors = np.mean([np.array(of_row[layer]) for _, of_row in asked], axis=0)
        assert np.abs(outer).max() > 1e-3
        np.testing.assert_allclose(after[0][layer] - weights[layer], 0.7 * outer, rtol=0, atol=1e-6)
        np.testing.assert_allclose(after[1][layer] - biases[layer], 0.7 * errors, rtol=0, atol=1e-6)


def test_the_twin_steps_along_the_gradient_of_the_likelihood():
    network, X, y = begun((4, 3))
    weights, biases = (lists(arrays) for arrays in parameters_of(network))
    row, target = X[0].tolist(), np.eye(3)[y[0]].tolist()
    outer, errors = twin.transposed_error(weights, biases, row, target)
    for asked, values in [*zip(outer, weights, strict=True), *zip(errors, biases, strict=True)]:
        for place in np.ndindex(np.shape(values)):
            inner = values[place[0]] if len(place) == 2 else values
            kept, slopes = inner[place[-1]], []
            for sign in (1, -1):
                inner[place[-1]] = kept + sign * 1e-6
                slopes.append(sign * twin.log_likelihood(weights, biases, row, target) / 2e-6)
            inner[place[-1]] = kept
            assert np.asarray(asked)[place] == pytest.approx(sum(slopes), abs=1e-7)


def test_probabilities_are_a_softmax():
    network, X, _ = begun()
    weights, biases = (lists(arrays) for arrays in parameters_of(network))
    likelihoods = network.predict_log_proba(X)
    for row, found in zip(X, likelihoods, strict=True):
        for label in range(3):
            assert found[label] == pytest.approx(twin.log_likelihood(weights, biases, row, np.eye(3)[label]), abs=1e-5)
    np.testing.assert_allclose(network.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(network.predict(X), np.argmax(likelihoods, axis=1))


def test_on_ideal_arrays_it_learns_what_it_learns_ideally():
    X, y = data(200, 12)
    ideal, array = (
        LayeredNetwork((8, 6), n_iter=3, synapses=synapses, random_state=0).fit(X, y)
        for synapses in (None, crossbar_synapses(ArrayConfig(weight_max=20.0, dac=DAC(None, range="scale")), seed=1))
    )
    for one, other in zip(ideal.synapses_, array.synapses_, strict=True):
        np.testing.assert_allclose(one.weights(), other.weights(), rtol=0, atol=1e-5)


def test_events_of_a_step_by_hand():
    """9 rows of 5 inputs, 4 hidden units, 3 classes; products depend on which units are on, and are the synapses' to count."""
    network, X, y = begun()
    before = network.events_
    network.set_params(learning_rate=0.5).partial_fit(X, y)
    hidden, classes, inputs = 9 * 4, 9 * 3, 9 * 5
    kept = 2 * (9 * (5 + 4 + 4 + 3) + 4 + 3)
    stored = f"{{kept={max(kept, 1024)}}}"
    beside = f"{{kept={max(kept, 1024)},reuse=column}}"
    digital = {
        # hidden bias; logits; softmax: largest, sum, miss; both biases: sums over rows, own additions
        "digital.add": hidden + classes + 2 * classes + 9 + hidden + classes + 4 + 3,
        "digital.compare": 2 * hidden + classes + 2 * hidden,
        "digital.exp": classes,
        "digital.divide": classes,
        "digital.multiply": 4 + 3,
        # forward: inputs, hidden; logits to softmax; error back, gate; updates; biases
        f"sram.byte_read{stored}": 2 * (inputs + (inputs + hidden) + (hidden + classes) + 4 + 3),
        f"sram.byte_read{beside}": 2 * (hidden + classes + classes + hidden),
        # states and errors wait for the update; logits do not
        f"sram.byte_written{stored}": 2 * (hidden + classes + hidden + 4 + 3),
        f"sram.byte_written{beside}": 2 * classes,
    }
    done = network.events_ - before
    assert Events({name: n for name, n in done.items() if name != "matmul.flop"}) == Events(digital)


def test_a_row_keeps_its_states_and_its_errors():
    assert TransposedError().words((784, 256, 10)) == 784 + 256 + 256 + 10
    network, X, y = begun()
    network.set_params(batch_size=128).partial_fit(X, y)
    kept = 2 * (128 * (5 + 4 + 4 + 3) + 4 + 3)
    assert any(f"kept={kept}" in name for name in network.events_)


def ecram(reach: float) -> ArrayConfig:
    return ArrayConfig(
        ECRAM,
        dac=DAC(bits=8),
        adc=ADC(bits=8, y_max=reach),
        transposed_adc=ADC(bits=8, y_max=4.0),
        circuit_noise=CircuitNoise(thermal=True),
    )


def test_training_on_cells_is_priced_in_full():
    """Every event of a fit has a price, with thermal noise the floor refuses no read, and lanes and memory are in the bill."""
    X, y = data(128, 20)
    network = LayeredNetwork(
        (16,), n_iter=1, synapses=crossbar_synapses_by_array([ecram(4.0), ecram(4.0)], seed=0), random_state=0
    ).fit(X, y)
    chip = load_chip("reram-32nm")
    bill = price(completed(network.events_, chip, "register-tile"), chip, overrides=pulse_prices(load_device(ECRAM)))
    for part in ("adc", "dac", "programming pulses", "random bits", "digital.add", "sram", "static digital"):
        assert bill.nominal(part) > 0, part


def test_an_evaluation_leaves_no_trace():
    X, y = data(64, 20)
    one, other = (
        LayeredNetwork((8,), n_iter=1, synapses=crossbar_synapses(ecram(4.0), seed=0), random_state=0).fit(X, y)
        for _ in range(2)
    )
    events = one.events_
    assert 0 <= one.error_rate(X, y) <= 1
    assert 0 <= one.error_rate(X, y, stored=True) <= 1
    assert one.events_ == events
    np.testing.assert_array_equal(one.decision_function(X), other.decision_function(X))
