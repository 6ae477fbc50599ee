"""Steps of pulses of any height and width against the differential equation of the rate, integrated in the resistance."""

import math

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import RevpathError, load_device
from revpath.devices.laws.switching import Switching

NAME = "reram-tiox-messaris2017"


def resistance_after(law, r, voltage, duration, up, slices=2000):
    """Equation (8) of the paper, by small steps in the resistance: nothing of conductances or of power steps."""
    for _ in range(slices):
        if up:
            end = law.resistance_up + law.slope_up * voltage
            rate = -law.rate_up * (math.exp(voltage / law.scale_up) - 1) * (r - end) ** 2
        else:
            end = law.resistance_down + law.slope_down * voltage
            rate = law.rate_down * (math.exp(voltage / law.scale_down) - 1) * (end - r) ** 2
        r += rate * duration / slices
    return r


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("voltage", [0.6, 0.71, 0.8])
@pytest.mark.parametrize("place", [-0.8, 0.0, 0.8])
def test_a_short_pulse_moves_the_cell_as_the_rate_says(voltage, place, up):
    device = load_device(NAME).driven(voltage=voltage, duration=1e-7)
    low, high = device.window.g_min, device.window.g_max
    g = low + (place + 1) / 2 * (high - low)
    after = 1 / resistance_after(device.switching, 1 / g, voltage, 1e-7, up)
    change = 2 * (after - g) / (high - low)
    law = device.pulsed
    assert float((law.mean_up if up else law.mean_down)(np.asarray(place))) == relative(change, 1e-3)


def test_the_file_says_what_follows_from_its_rate():
    device = load_device(NAME)
    again = device.driven(voltage=device.pulse.voltage, duration=device.pulse.duration)
    assert again.numbers.keys() == device.numbers.keys()
    for name, value in again.numbers.items():
        assert value == relative(device.numbers[name], 1e-9), name


def test_half_the_width_is_half_the_step_and_half_the_energy():
    device = load_device(NAME)
    half = device.driven(duration=device.numbers["pulse.duration"] / 2)
    assert half.pulsed.step == relative(device.pulsed.step / 2, 1e-9)
    assert half.numbers["pulse.energy_up"] == relative(device.numbers["pulse.energy_up"] / 2, 1e-6)
    assert half.records["pulse.energy_up"].evidence == "assumed"
    assert "response.step" not in half.records  # no source says the new value


@pytest.mark.parametrize(
    ("pulse", "message"),
    [
        ({"voltage": 0.5}, r"voltage = 0.5 must be in the 0.6 to 0.8 V that were measured"),
        ({"voltage": math.nan}, "voltage = nan"),
        ({"duration": 0.0}, "duration = 0.0 must be above 0 s"),
        (
            {"duration": 1e-3},
            r"duration = 0.001 s must be at most 0.000234 s at 0.8 V: a longer pulse crosses more than 10%",
        ),
    ],
)
def test_pulses_that_were_not_measured_are_refused(pulse, message):
    with pytest.raises(RevpathError, match=message):
        load_device(NAME).driven(**pulse)


def test_a_cell_whose_rate_is_not_known_is_named():
    with pytest.raises(RevpathError, match="'reram-sb-gong2018': how its step follows the height and the width"):
        load_device("reram-sb-gong2018").driven(voltage=1.0)
    with pytest.raises(ValueError, match="scale_up is missing"):
        Switching(rate_up=1.0, rate_down=1.0)
