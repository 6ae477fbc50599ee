"""The tests of `test_transfer.py` that take long."""

import numpy as np
import pytest
from twins.rules import Transfer

from revpath.devices import load_device
from revpath.devices.response import SoftBounds
from revpath.simulator import ArrayConfig
from revpath.simulator.noise.streams import Stream
from revpath.simulator.rules import (
    AGADConfig,
    ChoppedTikiTaka2Config,
    TikiTaka2Config,
)
from tests.simulator.rules.test_transfer import FAMILY, STEP, batch, linear, with_exact_fast_array

VARIANTS = [
    {},
    {"transfer_every": 3},
    {"auto_scale": False, "fast_lr": 0.02},
    {"auto_scale": False, "fast_lr": 0.0},
    {"max_steps": 5, "forget_buffer": False, "auto_granularity": 60.0},
    {"max_steps": 5, "forget_buffer": False, "auto_granularity": 60.0, "momentum": 0.3},
    {"units_in_mbatch": True},
    {"units_in_mbatch": True, "transfer_every": 2, "auto_granularity": 5.0},
    {"momentum": 0.2},
    {"correct_gradient_magnitudes": True, "auto_granularity": 0.0},
    {"auto_granularity": 0.0, "buffer_granularity": 20.0},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
@pytest.mark.parametrize("rule", FAMILY)
def test_the_recursion_is_that_of_its_twin(rule, changes):
    choppers = {} if rule is TikiTaka2Config else {"in_chop_prob": 0.25}
    options = rule(**{"auto_granularity": 20.0, **choppers, **changes})
    array = with_exact_fast_array(options, seed=5)
    chance = Stream(5, "choppers", 0)
    turns = [float(chance.uniforms(1)[0]) < 0.25 for _ in range(500)]
    twin = Transfer(5, 4, options, STEP, fast_pulses=31, turns=turns)
    for seed in range(16):
        x, d = batch(12, seed=seed)
        array.update(x, d, 0.07)
        twin.update(x, d, 0.07)
        np.testing.assert_allclose(array.fast.read(), twin.a, atol=2e-3 * np.abs(twin.a).max())
        np.testing.assert_allclose(array.buffer, twin.h, atol=5e-3)
        np.testing.assert_allclose(array.read(), twin.c, atol=1e-5)
        np.testing.assert_array_equal(array.in_chopper, twin.chopper)
    if rule is not AGADConfig or not options.units_in_mbatch:  # too few transfers there for a first full period
        assert np.abs(twin.c).max() >= STEP
    if rule is ChoppedTikiTaka2Config and not options.units_in_mbatch:
        assert any(turns[: twin.passes * 5])


@pytest.mark.parametrize("rule", FAMILY)
def test_a_steady_gradient_moves_w_along_it(rule):
    """On fast cells that saturate, W goes where gradient descent goes, through all turns of the choppers."""
    choppers = {} if rule is TikiTaka2Config else {"in_chop_prob": 0.05}
    options = rule(fast_lr=0.1, auto_granularity=50.0, n_reads_per_transfer=None, **choppers)
    soft = SoftBounds(
        step=0.01,
        w_min=-1,
        w_max=1,
        step_spread=0,
        asymmetry_spread=0,
        w_max_spread=0,
        w_min_spread=0,
        step_noise=0,
        write_noise=0,
    )
    fast = ArrayConfig(load_device("ideal").model_copy(update={"response": soft}))
    array = type(options.on((1, 1), linear()))((4, 3), linear(step=1e-3), options, fast, seed=2)
    x, d = np.float32([[1, -0.5, 0, 0.25]]), np.float32([[0.5, -1, 0]])
    for _ in range(600):
        array.update(x, d, 0.1)
    gradient = np.outer(x[0], d[0])
    moved = array.read()
    assert np.abs(moved).max() > 0.03
    assert np.corrcoef(moved.ravel(), gradient.ravel())[0, 1] > 0.8  # the larger gradients saturate A
    np.testing.assert_allclose(moved[gradient == 0], 0, atol=1e-6)
