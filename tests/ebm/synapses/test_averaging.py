"""A running mean of weights: the mean of what was read, paid for, and quieter than the last weights."""

import numpy as np
import pytest

from revpath.devices import RevpathError
from revpath.ebm import DigitalSynapses
from revpath.ebm.synapses.averaging import AveragedSynapses, averaged
from revpath.simulator import Events


def test_the_mean_is_that_of_the_looks_and_is_paid_for_by_hand():
    synapses = AveragedSynapses(DigitalSynapses((3, 2)), every=2, after=3)
    rng, seen = np.random.default_rng(0), []
    for n in range(1, 12):
        x, d = rng.normal(size=(1, 3)).astype(np.float32), rng.normal(size=(1, 2)).astype(np.float32)
        synapses.update(x, d, 0.1)
        if n in (5, 7, 9, 11):
            seen.append(synapses.weights())
    assert synapses.looks == 4
    np.testing.assert_allclose(synapses.mean, np.mean(seen, axis=0), rtol=0, atol=1e-6)
    looked = {"digital.add": 4 * 12, "digital.multiply": 4 * 6}
    looked |= {f"table.byte_{way}{{kept=1024}}": 4 * 12 for way in ("read", "written")}
    assert synapses.events == synapses.synapses.events + Events(looked)
    assert synapses.synapses.events["matmul.flop"] == 2 * (11 + 4) * 6  # updates, and reads of every line
    synapses.settle()
    np.testing.assert_array_equal(synapses.weights(), synapses.mean)


def test_a_mean_of_noisy_learning_is_nearer_to_the_optimum():
    """One weight pulled to 1 with noise of 2: after 4000 updates the mean misses by less than a fifth of what the weight does."""
    missed = []
    for seed in range(8):
        synapses = averaged(None, every=1, after=200)((1, 1), 0)
        noise = np.random.default_rng(seed).normal(0, 2, 4000).astype(np.float32)
        for z in noise:
            synapses.update(np.ones((1, 1), np.float32), 1 - synapses.weights() + z, 0.1)
        missed.append([synapses.mean[0, 0] - 1, synapses.weights()[0, 0] - 1])
    mean, last = np.sqrt(np.mean(np.square(missed), axis=0))
    assert mean < 0.2 * last


def test_what_cannot_be_is_refused():
    with pytest.raises(RevpathError, match="every = 0 must be an integer of at least 1"):
        averaged(None, every=0)((1, 1), 0)
    with pytest.raises(RevpathError, match="no mean to settle on: 0 updates"):
        averaged(None, every=5)((1, 1), 0).settle()
