"""Training that goes wrong says so in words; training that goes well says how it goes, and stops when it no longer gains."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits

from revpath.devices.base.errors import RevpathError
from revpath.ebm import LayeredNetwork, crossbar_synapses
from revpath.ebm.models.layered.health import Diverged, TrainingWarning, complaints
from revpath.ebm.models.layered.stack import LayerStack
from revpath.simulator import ArrayConfig


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def test_units_that_nothing_passes_are_told_once(digits):
    with pytest.warns(
        TrainingWarning, match=r"units of hidden layer 1 are cut at 0 or 1.*lower learning_rate = 40"
    ) as told:
        LayeredNetwork((16,), learning_rate=40.0, n_iter=4, batch_size=20, random_state=0).fit(*digits)
    assert len([w for w in told if w.category is TrainingWarning]) == 1


def test_cells_at_their_ends_are_told():
    stack = LayerStack([crossbar_synapses(ArrayConfig("ecram-li-tang2018", weight_max=0.5), seed=0)((10, 4), 0)])
    weights = np.zeros((10, 4), np.float32)
    weights[:2] = -0.45
    stack.synapses[0].program(weights)
    assert complaints(stack, np.zeros((1, 10), np.float32), 0.5) == []
    weights[:5] = -0.499
    stack.synapses[0].program(weights)
    (line,) = complaints(stack, np.zeros((1, 10), np.float32), 0.5)
    assert line.startswith(
        "50 % of the weights of array 0 are within a tenth of the ends of its cells: raise weight_max = 0.5"
    )


@pytest.mark.parametrize("rule", ["transposed-error", "equilibrium-propagation"])
def test_numbers_that_are_none_are_an_error(digits, rule):
    network = LayeredNetwork((16,), rule=rule, learning_rate=1e29, n_iter=3, batch_size=20, random_state=0)
    with warnings.catch_warnings(), pytest.raises(RevpathError):
        warnings.simplefilter("ignore", TrainingWarning)
        network.fit(*digits)
    network.layers_.biases[0][:] = np.nan
    with pytest.raises(
        Diverged, match=r"biases of layer 1 are no finite numbers any more; lower learning_rate = 1e\+29"
    ):
        network.partial_fit(*digits)


def test_good_training_is_silent_and_judged_after_every_pass(digits, capsys):
    X, y = digits
    network = LayeredNetwork((16,), n_iter=3, batch_size=20, validation_fraction=0.25, verbose=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.fit(X, y)
    assert network.n_iter_ == len(network.validation_errors_) == 3
    assert 0 < network.validation_errors_[-1] < 0.5
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"[LayeredNetwork] pass 3 of 3, {100 * network.validation_errors_[-1]:.2f} % errors held out"
    assert network.events_["digital.exp"] == 3 * 300 * 10  # judging is not counted, and held-out rows are not learned


def test_it_stops_when_it_no_longer_gains(digits):
    X, y = digits
    network = LayeredNetwork(
        (16,), n_iter=60, batch_size=20, validation_fraction=0.25, n_iter_no_change=3, random_state=0
    ).fit(X, y)
    errors = network.validation_errors_
    assert network.n_iter_ == len(errors) < 60
    assert np.argmin(errors) == len(errors) - 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_iter_no_change": 3}, "n_iter_no_change = 3 needs rows that are held out: validation_fraction is 0"),
        ({"validation_fraction": 0.999}, "validation_fraction = 0.999 leaves none of 400 rows to learn from"),
    ],
)
def test_settings_that_do_not_fit_are_refused(digits, parameters, message):
    with pytest.raises(RevpathError, match=message):
        LayeredNetwork((4,), **parameters).fit(*digits)
