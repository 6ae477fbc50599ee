"""Probabilities of units held to float64, and their states to a comparison with the same random numbers."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from revpath.ebm.synapses.units import probabilities, sample_units, sigmoid
from revpath.simulator.noise.streams import Stream


def test_sigmoid_is_right_to_float32():
    x = np.concatenate([np.linspace(-87, 100, 4001), np.linspace(-1, 1, 1001)]).astype(np.float32)
    exact = expit(x.astype(np.float64))
    assert np.max(np.abs(sigmoid(x) / exact - 1)) < 3e-7
    np.testing.assert_array_equal(sigmoid(np.array([-1e30, -89, 0, 89, 1e30])), [0, 0, 0.5, 1, 1])
    assert np.isnan(sigmoid(np.array([np.nan])))


def test_shapes_and_batches_do_not_change_a_bit():
    field, bias = (3 * Stream(0, "field").normals(shape) for shape in ((13, 37), 37))
    whole = probabilities(field, bias)
    np.testing.assert_array_equal(whole, sigmoid(field + bias))
    for s in range(len(field)):
        np.testing.assert_array_equal(probabilities(field[s : s + 1], bias)[0], whole[s])


def test_states_are_a_comparison_with_the_numbers_of_the_stream():
    field, bias = (2 * Stream(1, "field").normals(shape) for shape in ((9, 21), 21))
    p, states, done = sample_units(field, bias, Stream(3, "units"))
    np.testing.assert_array_equal(states, Stream(3, "units").uniforms((9, 21)) < p)
    assert done.counts["random.bit"] == 16 * 9 * 21
