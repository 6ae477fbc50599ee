"""No cell ever has a negative conductance: not after programming, pulses, training or age, for any device and mapping."""

import numpy as np
import pytest

from revpath.devices import device_names, load_device
from revpath.simulator import ArrayConfig, Crossbar
from revpath.simulator.mapping import SIDES, WeightMapping
from revpath.simulator.wires import Wires


@pytest.mark.parametrize("name", device_names())
def test_every_device_can_be_read_through_wires(name):
    array = Crossbar((32, 24), ArrayConfig(name, wires=Wires()), seed=1)
    array.program(np.random.default_rng(0).uniform(-1, 1, array.shape))
    assert np.isfinite(np.ones((1, 32), np.float32) @ array).all()


@pytest.mark.parametrize("name", device_names())
@pytest.mark.parametrize("side", SIDES)
def test_the_state_of_no_conductance_has_none(name, side):
    """However a state is rounded to float32."""
    mapping = WeightMapping.of(load_device(name), 1.0, side)
    lowest = np.float32(mapping.floor)
    states = np.array([np.nextafter(lowest, np.float32(-np.inf)), lowest, np.nextafter(lowest, np.float32(np.inf))])
    assert mapping.conductances(states).min() >= 0
