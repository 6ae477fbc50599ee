"""The tests of `test_conductances.py` that take long."""

import warnings

import numpy as np
import pytest

from revpath.devices import RevpathError, device_names, load_device
from revpath.devices.response import PulsedResponse
from revpath.simulator import ArrayConfig, Crossbar
from revpath.simulator.mapping import SIDES


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", device_names())
def test_never_negative(name, side):
    """Weights at the ends of the window and between, every cell at the bottom of what pulses can reach, and 1000 s later."""
    rng = np.random.default_rng(0)
    weights = np.clip(rng.uniform(-1.5, 1.5, (24, 20)), -1, 1)
    array = Crossbar((24, 20), ArrayConfig(name, mapping=side, on_worn="ignore"), seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # worn, or ageless: not what is asked here
        array.program(weights)
        assert array.conductances().min() >= 0
        if isinstance(load_device(name).response, PulsedResponse):
            for way in (1, -1):
                array.pulse(np.full(array.shape, way * 2000))
                assert array.conductances().min() >= 0
        try:
            array.age(1000.0)
        except RevpathError:
            return  # the device's drift is not known
        assert array.conductances().min() >= 0
