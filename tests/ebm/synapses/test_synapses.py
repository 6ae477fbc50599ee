"""The contract between models and weights, and its two implementations."""

import pickle

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import (
    CrossbarSynapses,
    DigitalSynapses,
    Synapses,
    crossbar_synapses,
    crossbar_synapses_by_array,
)
from revpath.ebm.synapses.contract import sample_units, sigmoid
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar, Events, Stream

RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))


def ideal(shape, array=0):
    return crossbar_synapses(ArrayConfig(weight_max=100.0))(shape, array)


def noisy(shape, array=0):
    return crossbar_synapses(RERAM, seed=5)(shape, array)


BOTH = pytest.mark.parametrize("make", [DigitalSynapses, ideal], ids=["digital", "crossbar"])
ALL = pytest.mark.parametrize("make", [DigitalSynapses, ideal, noisy], ids=["digital", "crossbar", "reram"])


def rows(n, width, seed=0, low=-1.0):
    return np.random.default_rng(seed).uniform(low, 1, (n, width)).astype(np.float32)


# --- the contract ---------------------------------------------------------------------------------------------------


@ALL
def test_both_kinds_keep_the_contract(make):
    synapses = make((5, 3))
    assert isinstance(synapses, Synapses)
    assert synapses.shape == (5, 3)
    assert synapses.forward(rows(4, 5)).shape == (4, 3)
    assert synapses.backward(rows(4, 3)).shape == (4, 5)
    assert synapses.forward(rows(4, 5)).dtype == np.float32
    assert synapses.weights().dtype == np.float32
    for transposed, given, wanted in ((False, 5, 3), (True, 3, 5)):
        p, states = synapses.sample(rows(4, given), np.zeros(wanted), Stream(0, "units"), transposed=transposed)
        assert p.shape == states.shape == (4, wanted)
        assert p.dtype == states.dtype == np.float32


@BOTH
def test_products_and_update_are_those_of_the_matrix(make):
    synapses, W = make((5, 3)), rows(5, 3, 1)
    x, d = rows(4, 5, 2), rows(4, 3, 3)
    np.testing.assert_array_equal(synapses.weights(), np.zeros((5, 3)))
    synapses.program(W)
    np.testing.assert_allclose(synapses.forward(x), x @ W, rtol=0, atol=2e-6)
    np.testing.assert_allclose(synapses.backward(d), d @ W.T, rtol=0, atol=2e-6)
    synapses.update(x, d, 0.25)
    np.testing.assert_allclose(synapses.weights(), W + 0.25 * x.T @ d, rtol=0, atol=3e-6)
    synapses.update(x, d, 0.0)
    np.testing.assert_allclose(synapses.weights(), W + 0.25 * x.T @ d, rtol=0, atol=3e-6)
    synapses.update(np.asfortranarray(x), d[:, ::-1], 1.0)  # any memory order
    np.testing.assert_allclose(synapses.weights(), W + 0.25 * x.T @ d + x.T @ d[:, ::-1], rtol=0, atol=5e-6)


@ALL
def test_weights_are_copies(make):
    synapses, W = make((2, 2)), rows(2, 2, 1)
    synapses.program(W)
    held = synapses.weights().copy()
    W[:] = 0.9
    synapses.weights()[:] = 0.5
    np.testing.assert_array_equal(synapses.weights(), held)


@BOTH
def test_an_empty_batch_does_nothing(make):
    synapses, W = make((5, 3)), rows(5, 3, 1)
    synapses.program(W)
    before = synapses.weights()
    assert synapses.forward(np.empty((0, 5))).shape == (0, 3)
    synapses.update(np.empty((0, 5)), np.empty((0, 3)), 1.0)
    np.testing.assert_array_equal(synapses.weights(), before)


@ALL
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.forward(np.zeros(5)), r"\(5,\)"),
        (lambda s: s.forward(np.zeros((1, 4))), r"\(1, 4\).*5"),
        (lambda s: s.backward(np.zeros((1, 5))), r"\(1, 5\).*3"),
        (lambda s: s.forward(np.array([[0, 0, np.nan, 0, 0]])), r"finite.*0, 2|0, 2.*finite"),
        (lambda s: s.backward(np.array([[0, np.inf, 0]])), r"finite.*0, 1|0, 1.*finite"),
        (lambda s: s.update(np.zeros((2, 5)), np.zeros((1, 3)), 1.0), "2 rows and d has 1"),
        (lambda s: s.update(np.zeros((1, 5)), np.full((1, 3), np.nan), 1.0), "finite"),
        (lambda s: s.update(np.zeros((1, 5)), np.zeros((1, 3)), float("nan")), "rate = nan"),
        (lambda s: s.update(np.zeros((1, 5)), np.zeros((1, 3)), -0.1), r"rate = -0\.1 must be .* not negative"),
        (lambda s: s.program(np.zeros((3, 5))), r"\(3, 5\)"),
        (lambda s: s.program(np.full((5, 3), np.inf)), "finite"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(make, call, message):
    synapses = make((5, 3))
    synapses.program(rows(5, 3, 1))
    before, events = synapses.weights(), synapses.events
    with pytest.raises(RevpathError, match=message):
        call(synapses)
    np.testing.assert_array_equal(synapses.weights(), before)
    assert synapses.events == events


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2.5, 3), (3, -1)])
def test_bad_shapes_are_named(shape):
    with pytest.raises(RevpathError, match=r"shape = .* must be two positive integers"):
        DigitalSynapses(shape)


# --- what float32 cannot show ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (64, 48)])
def test_updates_below_a_unit_in_the_last_place_add_up(shape):
    """20,000 updates of 1e-8 of a weight of 0.5, up and, in other columns, down: as in float64 to float32's last place."""
    synapses, (n, m) = DigitalSynapses(shape), shape
    synapses.program(np.full(shape, 0.5))
    d = np.where(np.arange(m) % 2, -1.0, 1.0)[None]
    for _ in range(20_000):
        synapses.update(np.ones((1, n)), d, 1e-8)
    np.testing.assert_allclose(synapses.weights(), np.broadcast_to(0.5 + 2e-4 * d, shape), rtol=1e-7)


def test_updates_are_those_of_float64():
    """2000 updates of all sizes, 1e-9 to 1e-1: weights are the float64 sum of them to two units in the last place."""
    rng = np.random.default_rng(3)
    synapses = DigitalSynapses((20, 30))
    start = rng.normal(size=(20, 30)).astype(np.float32)
    synapses.program(start)
    exact = start.astype(float)
    for _ in range(2000):
        x, d = (rng.normal(size=(1, n)).astype(np.float32) for n in (20, 30))
        rate = float(np.float32(10.0 ** rng.uniform(-9, -1)))
        synapses.update(x, d, rate)
        exact += rate * np.outer(x, d).astype(float)
    error = np.abs(synapses.weights() - exact) / np.spacing(np.abs(exact).max().astype(np.float32))
    assert error.max() < 2


def test_what_was_left_over_is_gone_when_weights_are_programmed():
    synapses = DigitalSynapses((1, 1))
    synapses.program(np.array([[1.0]]))
    for _ in range(5):
        synapses.update(np.ones((1, 1)), np.ones((1, 1)), 1e-8)
    synapses.program(np.array([[1.0]]))
    synapses.update(np.ones((1, 1)), np.ones((1, 1)), 1e-8)
    assert synapses.weights() == 1.0  # 1e-8 alone is below half a unit in its last place, 6e-8 would not be


def test_weights_beyond_float32_are_infinite_and_nothing_is_left_of_them():
    synapses = DigitalSynapses((1, 1))
    synapses.program(np.array([[1e19]]))
    for _ in range(3):
        synapses.update(np.full((1, 1), 1e10), np.ones((1, 1)), 3e28)
    assert synapses.weights() == np.inf


# --- events ---------------------------------------------------------------------------------------------------------


def test_digital_products_count_what_is_not_zero():
    synapses = DigitalSynapses((5, 3))
    x = np.array([[1, 0, 0, 0.5, 0], [0, 0, 0, 0, 0]])
    synapses.forward(x)
    assert synapses.events == Events({"matmul.flop": 2 * 2 * 3})
    synapses.backward(np.array([[0, 1, 0]]))
    assert synapses.events == Events({"matmul.flop": 12 + 2 * 1 * 5})
    synapses.update(x, np.ones((2, 3)), 1.0)
    assert synapses.events == Events({"matmul.flop": 22 + 2 * 2 * 3})
    synapses.program(np.zeros((5, 3)))
    synapses.weights()
    assert synapses.events == Events({"matmul.flop": 34})


@BOTH
def test_sampling_counts_its_digital_work(make):
    synapses = make((5, 3))
    synapses.sample(rows(4, 5), np.zeros(3), Stream(0, "units"))
    n = 4 * 3
    digital = {"digital.add": n, "digital.sigmoid": n, "digital.compare": n, "random.bit": 16 * n}
    assert {name: synapses.events[name] for name in digital} == digital


@ALL
def test_aside_is_not_part_of_the_run(make):
    """Reads in the block are not counted, and the noise after it is what it would have been without."""
    one, other = make((5, 3)), make((5, 3))
    x = rows(4, 5, low=0.1)
    for synapses in (one, other):
        synapses.program(rows(5, 3, 1))
        synapses.forward(x)
    with one.aside():
        first, second = one.forward(x), one.forward(x)
        one.backward(rows(2, 3))
        one.sample(x, np.zeros(3), Stream(0, "units"))
    if make is noisy:
        assert not np.array_equal(first, second)  # noise of its own
    assert one.events == other.events
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    assert one.events == other.events


@ALL
def test_an_error_aside_leaves_the_run_as_it_was(make):
    synapses = make((5, 3))
    before = synapses.events

    def read_well_then_badly():
        with synapses.aside():
            synapses.forward(rows(4, 5))
            synapses.forward(rows(4, 4))

    with pytest.raises(RevpathError):
        read_well_then_badly()
    assert synapses.events == before


# --- units ----------------------------------------------------------------------------------------------------------


def test_sigmoid_does_not_overflow():
    x = np.array([-1e30, -200.0, -88.8, -1.0, 0.0, 1.0, 88.8, 200.0, 1e30, -np.inf, np.inf], np.float32)
    exact = 1 / (1 + np.exp(-np.clip(x.astype(float), -700, 700)))
    np.testing.assert_allclose(sigmoid(x), exact, rtol=3e-7, atol=1e-38)
    assert sigmoid(x).dtype == np.float32
    assert x[4] == 0  # the argument is left alone


def test_units_follow_their_probabilities():
    """z of 5 frequencies of 40,000 draws; false-alarm rate 5 * 2 * Phi(-5) = 3e-6."""
    n, field = 40_000, np.array([-3.0, -0.5, 0.0, 1.0, 4.0])
    p, states, events = sample_units(np.tile(field, (n, 1)) - 0.25, np.full(5, 0.25), Stream(3, "units"))
    exact = 1 / (1 + np.exp(-field))
    np.testing.assert_allclose(p[0], exact, rtol=1e-6)
    assert set(np.unique(states)) == {0.0, 1.0}
    z = (states.mean(axis=0) - exact) / np.sqrt(exact * (1 - exact) / n)
    assert np.abs(z).max() < 5
    assert events["random.bit"] == 16 * 5 * n


# --- factories ------------------------------------------------------------------------------------------------------


def test_arrays_of_a_model_have_noise_of_their_own():
    make = crossbar_synapses(RERAM, seed=5)
    x = np.ones((3, 5), np.float32)
    reads = [make((5, 3), array).forward(x) for array in (0, 1, 0)]
    assert not np.array_equal(reads[0], reads[1])
    np.testing.assert_array_equal(reads[0], reads[2])


def test_arrays_may_differ():
    configs = [ArrayConfig(weight_max=1.0), ArrayConfig(weight_max=3.0)]
    make = crossbar_synapses_by_array(configs, seed=1)
    made = [make((2, 2), array) for array in (0, 1)]
    assert [s.array.config.weight_max for s in made] == [1.0, 3.0]
    with pytest.raises(RevpathError, match=r"array = 2 .* 2 configurations"):
        make((2, 2), 2)


def test_factories_and_arrays_pickle():
    make = pickle.loads(pickle.dumps(crossbar_synapses(RERAM, seed=5)))
    one = make((5, 3), 0)
    one.program(rows(5, 3, 1))
    other = pickle.loads(pickle.dumps(one))
    x = np.ones((3, 5), np.float32)
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    assert one.events == other.events


def test_a_crossbar_is_wrapped_as_it_is():
    array = Crossbar((5, 3), RERAM, seed=5)
    synapses = CrossbarSynapses(array)
    synapses.program(rows(5, 3, 1))
    assert synapses.array is array
    np.testing.assert_array_equal(synapses.weights(), array.read())
