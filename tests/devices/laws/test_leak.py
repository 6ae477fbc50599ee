"""The leak of a volatile cell, counted in updates."""

import numpy as np
import pytest

from revpath.devices import Device, Leak, RevpathError, device_names, load_device
from revpath.devices.laws import Window


def test_the_leak_is_that_of_the_published_fit():
    leak = load_device("capacitor-li2018").leak
    assert (leak.lifetime, leak.lifetime_spread) == (1e6, 0.3)
    state, t = 0.8, 1e6 * (1 + 0.3 * 1.7)
    for _ in range(500):  # one update after the other, as aihwkit does it
        state *= 1 - 1 / t
    np.testing.assert_allclose(0.8 * leak.remaining(500, np.array(1.7)), state, rtol=1e-12)
    assert leak.remaining(1e6, np.zeros(2)) == pytest.approx(np.exp(-1), rel=1e-5)


def test_it_does_not_matter_how_updates_are_divided():
    leak, z = Leak(lifetime=20.0, lifetime_spread=0.4), np.linspace(-4, 4, 9)
    np.testing.assert_allclose(leak.remaining(7, z) * leak.remaining(5, z), leak.remaining(12, z), rtol=1e-12)
    np.testing.assert_array_equal(leak.remaining(0, z), 1.0)


def test_cells_that_hold_nothing_forget_all():
    leak = Leak(lifetime=2.0, lifetime_spread=1.0)
    np.testing.assert_array_equal(leak.remaining(1, np.array([-0.5, -0.6, -1.0, -3.0])), 0.0)
    np.testing.assert_array_equal(Leak().remaining(1e9, np.zeros(3)), 1.0)
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(RevpathError, match="updates = "):
            leak.remaining(wrong, np.zeros(1))
        with pytest.raises(RevpathError, match="seconds = "):
            leak.remaining(1, np.zeros(1), seconds=wrong)


def test_a_time_constant_leaks_by_seconds():
    """As the charge of a capacitor, RC times 1 + 0.1 xi; updates that pass meanwhile take their share beside."""
    leak, z = Leak(lifetime=50.0, lifetime_spread=0.1, time_constant=2e-3), np.array([-2.0, 0.0, 1.5])
    by_time = np.exp(-5e-4 / (2e-3 * (1 + 0.1 * z)))
    np.testing.assert_allclose(leak.remaining(0, z, seconds=5e-4), by_time, rtol=1e-12)
    np.testing.assert_allclose(leak.remaining(3, z, seconds=5e-4), by_time * leak.remaining(3, z), rtol=1e-12)
    assert Leak(time_constant=1.0, lifetime_spread=1.0).remaining(0, np.array(-1.5), seconds=0.1) == 0.0
    assert leak.known
    assert not Leak(lifetime_spread=0.1).known


def test_only_volatile_cells_speak_of_it():
    for name in device_names():
        device = load_device(name)
        assert (device.leak.lifetime is not None) == (name == "capacitor-li2018")
        unknown = [path for path in device.unknowns if path.startswith("leak")]
        assert unknown == (["leak.time_constant"] if name == "capacitor-li2018" else [])
    cell = Device(name="x", title="x", window=Window(g_min=0, g_max=1e-6), leak=Leak(lifetime=100.0))
    assert "leak.lifetime_spread" in cell.unknowns
