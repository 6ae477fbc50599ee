"""The tests of `test_tiles.py` that take long."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean

from revpath.simulator import ArrayConfig
from revpath.simulator.rules import (
    AGADConfig,
)
from tests.simulator.rules.test_tiles import SHAPE, TILE


@pytest.mark.jit
def test_the_family_trains_on_tiles():
    """Teachers of 7 x 9 are learnt by noisy ReRAM on six tiles: that weights came no nearer to them is not plausible."""
    nearer = []
    for seed in range(2):
        array = AGADConfig(auto_granularity=20.0).on(SHAPE, ArrayConfig("reram-sb-gong2018"), seed=seed, tile=TILE)
        rng = np.random.default_rng(seed)
        teacher = rng.uniform(-0.2, 0.2, SHAPE).astype(np.float32)
        before = np.abs(array.read() - teacher)
        for _ in range(400):
            x = rng.uniform(-1, 1, (4, SHAPE[0])).astype(np.float32)
            array.update(x, x @ teacher - array.forward(x), 0.1)
        nearer.append(before - np.abs(array.read() - teacher))
    nearer = np.ravel(nearer)
    assert nearer.mean() > 0
    implausible(p_of_mean(nearer, 0, nearer.std()))
