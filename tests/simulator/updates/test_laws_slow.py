"""The tests of `test_laws.py` that take long."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, plausible

from tests.simulator.updates.test_laws import NO_NOISE, D, X, changes_of, probabilities, steady


@pytest.mark.jit
@pytest.mark.parametrize("noise", [NO_NOISE, {"response__step_noise": 0.5, "response__write_noise": 2.0}])
@pytest.mark.parametrize("rate", [0.003, 0.02, 0.1])
def test_mean_change_is_the_outer_product(noise, rate):
    array = steady((4, 3), seed=1, **noise)
    dw = changes_of(array, X, D, rate, 4000)
    slots, p_x, p_d = probabilities(rate)
    p = np.outer(p_x, p_d)
    mean = rate * np.outer(X, D)
    sd = 0.004 * np.sqrt(slots * p * (1 - p))
    if noise is not NO_NOISE:
        # n pulses on two cells add step_noise x step each; a read sees write noise of both where one has landed at all
        landed = 1 - (1 - p) ** slots
        sd = np.sqrt(sd**2 + 2 * slots * p * (0.5 * 0.002) ** 2 + 2 * landed * (2.0 * 0.002) ** 2)
    plausible(p_of_mean(dw, mean, sd + 1e-9))
    assert not dw[:, 2].any()
    if noise is NO_NOISE:
        implausible(p_of_mean(dw, 1.3 * mean, sd + 1e-9))
