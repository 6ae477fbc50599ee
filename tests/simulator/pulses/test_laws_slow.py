"""The tests of `test_laws.py` that take long."""

from itertools import pairwise

import pytest
from helpers.pulse_devices import LAWS

from tests.simulator.pulses.test_laws import SIDES, distances


@pytest.mark.jit
@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_the_mean_field_is_what_stochastic_pulses_become(law, mapping):
    """The distance falls with the root of the step, over a factor of 16: that of pulses at random, with their noise, on cells with
    their spreads and bounds. Seeds are fixed; the rms over 120 weights is known to some 7 %."""
    far, away = distances(law, mapping)
    for coarse, fine in pairwise(away):
        assert fine / coarse == pytest.approx(0.5, rel=0.25)
    assert away[-1] < 0.15 * far
