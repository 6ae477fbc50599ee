"""Noise as a value: no noise adds nothing, to the bit, and the order of a sum says nothing."""

import numpy as np
import pytest

from revpath.simulator.noise.outputs import NO_VARIANCE, Noise, summed, variance_of

EACH = np.array([[1.0, 2.0, 4.0]] * 2, np.float32)
ALIKE = np.array([[0.5], [0.25]])
COMMON = np.array([8.0, 16.0], np.float32)
NOISES = [Noise(), Noise(EACH), Noise(ALIKE), Noise(common=COMMON), Noise(EACH, COMMON)]


@pytest.mark.parametrize("noise", NOISES)
def test_no_noise_adds_nothing(noise):
    for both in (noise + Noise(), Noise() + noise):
        assert both.independent is noise.independent
        assert both.common is noise.common
    assert variance_of(2, noise, Noise()).tobytes() == noise.variance(2).tobytes()


@pytest.mark.parametrize("a", NOISES)
@pytest.mark.parametrize("b", NOISES)
def test_variances_add_up(a, b):
    expected = np.zeros((2, 3))
    for noise in (a, b):
        for row in range(2):
            for output in range(3):
                if noise.independent.size:
                    expected[row, output] += noise.independent[row, min(output, noise.independent.shape[1] - 1)]
                if noise.common.size:
                    expected[row, output] += noise.common[row]
    for variance in ((a + b).variance(2), variance_of(2, a, b)):  # all are sums of powers of two: exact
        np.testing.assert_array_equal(np.broadcast_to(variance, (2, 3)), expected)


def test_without_noise_there_are_no_rows_and_a_variance_of_zeros():
    assert len(summed()) == len(summed(NO_VARIANCE)) == 0
    assert Noise().variance(3).tolist() == [[0.0]] * 3
