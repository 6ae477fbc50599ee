"""An array may be made of a device, its name or its file, in place of settings; and settings show what was set."""

import numpy as np
import pytest

from revpath.devices import UnknownName, load_device
from revpath.ebm import crossbar_synapses
from revpath.ebm.synapses.analog import trained_synapses
from revpath.simulator import ADC, ArrayConfig, ArrayError, Crossbar, SlicedCrossbar, TiledCrossbar
from revpath.simulator.rules import MixedPrecisionConfig

NAME = "reram-sb-gong2018"
MADE = {
    "crossbar": lambda config: Crossbar((4, 3), config, seed=3),
    "tiles": lambda config: TiledCrossbar((4, 3), config, tile=(2, 2), seed=3),
    "slices": lambda config: SlicedCrossbar((4, 3), config, slices=2, bits_per_slice=2, seed=3),
    "synapses": lambda config: crossbar_synapses(config, seed=3)((4, 3), 0).array,
    "trained": lambda config: trained_synapses(MixedPrecisionConfig(), config, seed=3)((4, 3), 0).array,
}


@pytest.mark.parametrize("make", MADE)
def test_a_device_by_name_and_settings_make_the_same_array(make):
    weights = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    found = []
    for config in (ArrayConfig(NAME), load_device(NAME), NAME):
        array = MADE[make](config)
        array.program(weights)
        found.append(array.forward(np.eye(4, dtype=np.float32)))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    with pytest.raises(UnknownName, match="device = 'reram'"):
        MADE[make]("reram")


@pytest.mark.parametrize("config", [3, {"device": NAME}, [NAME]])
def test_anything_else_is_refused(config):
    with pytest.raises(ArrayError, match="must be an ArrayConfig, or a device or its name"):
        Crossbar((4, 3), config)


def test_settings_show_what_differs_from_the_defaults():
    assert repr(ArrayConfig()) == "ArrayConfig(device='ideal')"
    config = ArrayConfig(NAME, weight_max=2.0, adc=ADC(bits=6, y_max=3.0))
    assert repr(config) == f"ArrayConfig(device='{NAME}', weight_max=2.0, adc=ADC(bits=6, range='fixed', y_max=3.0))"
    assert repr(ADC()) == "ADC()"


def test_a_report_of_programming_is_a_few_lines():
    report = Crossbar((100, 100), NAME, seed=1).program(np.zeros((100, 100)))
    assert len(repr(report)) < 400
    assert repr(report).startswith("ProgrammingReport of 20000 cells")
