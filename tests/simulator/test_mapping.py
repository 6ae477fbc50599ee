"""Weights, states and conductances of a pair: round trips, the window, and saturation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revpath.devices import load_device
from revpath.simulator import MappingError
from revpath.simulator.mapping import WeightMapping

DEVICES = ["ideal", "pcm-nandakumar2019", "reram-sb-gong2018"]
SIDES = ["one-sided", "two-sided"]


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(DEVICES), side=st.sampled_from(SIDES), weight_max=st.floats(1e-3, 1e3), seed=st.integers(0, 99)
)
def test_round_trip_inside_the_window(name, side, weight_max, seed):
    device = load_device(name)
    mapping = WeightMapping.of(device, weight_max, side)
    weights = np.random.default_rng(seed).uniform(-weight_max, weight_max, (4, 5))
    weights[0, :3] = weight_max, -weight_max, 0
    states = mapping.states(weights)
    assert states.shape == (4, 5, 2)
    np.testing.assert_allclose(mapping.weights(states), weights, rtol=1e-6, atol=1e-6 * weight_max)
    g = mapping.conductances(states)
    window = device.window
    room = 1e-9 * window.g_max
    assert window.g_min - room <= g.min()
    assert g.max() <= window.g_max + room
    np.testing.assert_allclose(mapping.to_state(g), states, rtol=0, atol=1e-12 * (mapping.w_max - mapping.w_min))
    np.testing.assert_allclose(
        (g[..., 0] - g[..., 1]) / (window.g_max - window.g_min) * weight_max, weights, atol=1e-9 * weight_max
    )


@pytest.mark.parametrize("name", DEVICES)
def test_one_sided_leaves_one_cell_at_the_bottom(name):
    device = load_device(name)
    mapping = WeightMapping.of(device, 2.0, "one-sided")
    g = mapping.conductances(mapping.states(np.array([-2.0, -0.5, 0.0, 1.0])))
    g_min, g_max = device.window.g_min, device.window.g_max
    quarter, half = g_min + (g_max - g_min) / 4, g_min + (g_max - g_min) / 2
    np.testing.assert_allclose(g, [[g_min, g_max], [g_min, quarter], [g_min, g_min], [half, g_min]], rtol=1e-9)


@pytest.mark.parametrize("name", DEVICES)
def test_two_sided_is_symmetric_about_the_middle(name):
    device = load_device(name)
    mapping = WeightMapping.of(device, 2.0, "two-sided")
    g = mapping.conductances(mapping.states(np.linspace(-2, 2, 9)))
    np.testing.assert_allclose(g.sum(axis=-1), device.window.g_min + device.window.g_max, rtol=1e-9)
    np.testing.assert_allclose(g[::-1, ::-1], g, rtol=1e-9)


def test_floor_is_where_nothing_conducts():
    for name in DEVICES:
        mapping = WeightMapping.of(load_device(name), 1.0, "two-sided")
        assert mapping.conductances(np.array([mapping.floor]))[0] == pytest.approx(0, abs=1e-18)
    assert WeightMapping.of(load_device("ideal"), 1.0, "two-sided").floor == -1


def test_saturation_says_how_many_and_how_large():
    mapping = WeightMapping.of(load_device("ideal"), 1.0, "two-sided")
    with pytest.raises(MappingError, match=r"2 of 4 weights are beyond weight_max = 1 \(largest 3\)"):
        mapping.states(np.array([0.5, 1.5, -3.0, 1.0]))
    mapping.states(np.array([1 + 5e-7]))


@pytest.mark.parametrize("weight_max", [0, -1, np.nan, np.inf, "one", None])
def test_weight_max_must_be_positive_and_finite(weight_max):
    with pytest.raises(MappingError, match="weight_max = "):
        WeightMapping.of(load_device("ideal"), weight_max, "two-sided")


@pytest.mark.parametrize("side", ["both", "", None, 2])
def test_sides_have_names(side):
    with pytest.raises(MappingError, match="must be one of 'one-sided', 'two-sided', 'offset'"):
        WeightMapping.of(load_device("ideal"), 1.0, side)
