"""The layered classifier: what it learns, which labels and settings it takes, and what it refuses."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from revpath.devices.base.errors import RevpathError
from revpath.ebm import CrossbarSynapses, DigitalSynapses, LayeredNetwork
from revpath.ebm.models.layered import LayerRule
from revpath.ebm.models.layered.stack import LayerStack


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def data(rows=40, features=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((rows, features)), rng.integers(0, 3, rows)


def test_it_learns_digits(digits):
    """597 digits that it has not seen: 8 errors in a hundred or fewer (nine in ten by chance)."""
    X, y = digits
    network = LayeredNetwork((64,), learning_rate=1.0, batch_size=20, random_state=0).fit(X[:1200], y[:1200])
    assert network.error_rate(X[1200:], y[1200:]) <= 0.08
    assert network.score(X[1200:], y[1200:]) == pytest.approx(1 - network.error_rate(X[1200:], y[1200:]))


def test_rows_learned_batch_by_batch_are_those_of_a_pass():
    X, y = data()
    one, other = (LayeredNetwork((5,), batch_size=10, random_state=2) for _ in range(2))
    one.partial_fit(X, y)
    for start in range(0, 40, 10):
        other.partial_fit(X[start : start + 10], y[start : start + 10], classes=[0, 1, 2])
    for a, b in zip(one.synapses_, other.synapses_, strict=True):
        np.testing.assert_array_equal(a.weights(), b.weights())
    assert one.events_ == other.events_


def test_the_rate_falls_to_the_last_and_is_divided_by_a_slowdown():
    X, y = data(10)
    steps = []
    for slowdown in (1.0, 4.0):
        network = LayeredNetwork((), learning_rate=0.0, batch_size=10, random_state=0).partial_fit(X, y)
        before = network.synapses_[0].weights()
        network.set_params(learning_rate=1.0).partial_fit(X, y, slowdown=slowdown)
        steps.append(network.synapses_[0].weights() - before)
    np.testing.assert_allclose(steps[0], 4 * steps[1], rtol=1e-4, atol=1e-7)
    shares = []
    network = LayeredNetwork((3,), n_iter=2, batch_size=5, last_rate=0.2, random_state=0)
    network._learn = lambda X, targets, order, of_pass: shares.append(of_pass)
    network.fit(X, y)
    np.testing.assert_allclose(np.concatenate(shares), [1, 0.8, 0.6, 0.4])


def test_labels_are_any_and_two_classes_have_one_score():
    X, y = data()
    names = np.array(["a", "b", "c"])[y]
    network = LayeredNetwork((5,), n_iter=2, random_state=0).fit(X, names)
    assert set(network.predict(X)) <= {"a", "b", "c"}
    assert network.decision_function(X).shape == (40, 3)
    two = LayeredNetwork((5,), n_iter=2, random_state=0).fit(X, y > 0)
    scores = two.decision_function(X)
    np.testing.assert_array_equal(two.predict(X), scores > 0)


def test_synapses_are_named_by_device():
    X, y = data()
    network = LayeredNetwork((4,), n_iter=1, synapses="ecram-li-tang2018", random_state=0)
    fitted = network.fit(X, y)
    assert all(isinstance(s, CrossbarSynapses) for s in fitted.synapses_)
    assert [s.shape for s in fitted.synapses_] == [(6, 4), (4, 3)]
    again = clone(network).fit(X, y)
    for a, b in zip(fitted.synapses_, again.synapses_, strict=True):
        np.testing.assert_array_equal(a.weights(), b.weights())


def test_a_rule_takes_part_by_being_defined():
    class Nothing(LayerRule):
        name = "toy-nothing"
        title = "nothing"

        def outputs(self, stack, x):
            return x[:, : stack.sizes[-1]]

        def learn(self, stack, x, targets, rate):
            stack.move_bias(0, targets, rate)

        def products(self, sizes):
            return 0

        def words(self, sizes):
            return 0

    try:
        X, y = data()
        network = LayeredNetwork((), rule="toy-nothing", n_iter=1, random_state=0).fit(X, y)
        np.testing.assert_array_equal(network.predict(X), np.argmax(X[:, :3], axis=1))
        assert not hasattr(network, "predict_proba")
        np.testing.assert_array_equal(network.set_params(rule=Nothing()).predict(X), np.argmax(X[:, :3], axis=1))
    finally:
        del LayerRule.RULES["toy-nothing"]


def test_ideal_copies_share_nothing():
    stack = LayerStack([DigitalSynapses((2, 2))])
    copy = stack.ideal()
    copy.move_bias(0, np.ones((1, 2), np.float32), 1.0)
    copy.update(0, np.ones((1, 2), np.float32), np.ones((1, 2), np.float32), 1.0)
    assert not stack.biases[0].any()
    assert not stack.synapses[0].weights().any()
    assert not stack.events


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes = \(0,\) must be a sequence of positive integers"),
        ({"hidden_layer_sizes": 256}, "hidden_layer_sizes = 256 must be a sequence"),
        ({"hidden_layer_sizes": "ab"}, "hidden_layer_sizes = 'ab' must be a sequence"),
        ({"hidden_layer_sizes": (True,)}, "must be a sequence of positive integers"),
        ({"rule": "transposed-eror"}, "rule = 'transposed-eror' is not known; did you mean 'transposed-error'"),
        ({"rule": 3}, "rule = 3 must be a LayerRule or the name of one: .*transposed-error"),
        ({"synapses": 3}, "synapses = 3 must be the name of a device"),
    ],
)
def test_what_cannot_be_is_refused(parameters, message):
    with pytest.raises(RevpathError, match=message):
        LayeredNetwork(**parameters).fit(*data())


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.full((2, 2), 1.5), [0, 1], r"X\[0, 0\] = 1.5 \(and 3 more\) must lie in \[0, 1\]"),
        (np.zeros((2, 2)), [0], "X has 2 rows and y has 1"),
        (np.zeros((2, 2)), None, "y is missing"),
        (np.zeros((2, 2)), [0, 7], "y holds 7, which is none of the classes"),
    ],
)
def test_rows_and_labels_that_cannot_be_are_refused(X, y, message):
    with pytest.raises(RevpathError, match=message):
        LayeredNetwork((2,)).partial_fit(X, y, classes=[0, 1])


def test_later_calls_keep_classes_and_columns():
    X, y = data()
    network = LayeredNetwork((2,), random_state=0).partial_fit(X, y)
    with pytest.raises(RevpathError, match="must be those of the first call"):
        network.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(RevpathError, match="slowdown = 0.5 must be finite"):
        network.partial_fit(X, y, slowdown=0.5)
    with pytest.raises(ValueError, match="features"):
        network.partial_fit(X[:, :3], y)


def test_no_rows_is_an_error():
    with pytest.raises(ValueError, match="0 sample"):
        LayeredNetwork((2,)).fit(np.zeros((0, 3)), np.zeros(0, int))
