"""The tests of `test_in_place.py` that take long."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean

from revpath.devices import load_device
from revpath.devices.response import SoftBounds
from revpath.simulator import ArrayConfig
from revpath.simulator.rules import ResidualLearningConfig, StochasticPulsesConfig


@pytest.mark.jit
def test_coarse_cells_learn_more_finely_together():
    """Cells of eight states: three arrays come nearer to a teacher than one, at a rate that is good for either."""
    coarse = SoftBounds(
        step=0.25,
        w_min=-1,
        w_max=1,
        step_spread=0,
        asymmetry_spread=0,
        w_max_spread=0,
        w_min_spread=0,
        step_noise=0.1,
        write_noise=0,
    )
    config = ArrayConfig(load_device("ideal").model_copy(update={"response": coarse}))
    rules = StochasticPulsesConfig(), ResidualLearningConfig(n_arrays=3, gamma=0.3, transfer_every=10)
    nearer = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        teacher = rng.uniform(-0.5, 0.5, (6, 5)).astype(np.float32)
        inputs = rng.uniform(-1, 1, (1500, 1, 6)).astype(np.float32)
        left = []
        for rule, rate in zip(rules, (0.05, 0.2), strict=True):
            array, errors = rule.on((6, 5), config, seed=seed), []
            for k, x in enumerate(inputs):
                array.update(x, x @ teacher - array.forward(x), rate)
                if k >= 1000 and k % 10 == 0:
                    errors.append(np.abs(array.read() - teacher).mean(axis=0))
            left.append(np.mean(errors, axis=0))
        nearer += (left[0] - left[1]).tolist()
    assert np.mean(nearer) > 0
    implausible(p_of_mean(nearer, 0, np.std(nearer)))
