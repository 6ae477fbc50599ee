"""Volatile cells leak while they are trained: by updates as published fits count them, and by simulated time."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from revpath.devices import load_device
from revpath.devices.laws.sections import Leak
from revpath.simulator import ArrayConfig, Crossbar, TiledCrossbar
from revpath.simulator.cells.ageing import UnknownDriftWarning
from revpath.simulator.noise.streams import Stream
from revpath.simulator.rules import RULES

CAPACITOR = load_device("capacitor-li2018")


def leaking(**leak) -> ArrayConfig:
    return ArrayConfig(CAPACITOR.replaced(leak=Leak(**leak), name="leaky"))


def held(config: ArrayConfig, shape=(3, 4), seed=5) -> Crossbar:
    array = Crossbar(shape, config, seed=seed)
    array.cells.hold(np.random.default_rng(1).uniform(-0.8, 0.8, array.cells.state.shape))
    return array


def no_pulses(array, times: int = 1) -> None:
    for _ in range(times):
        array.update(np.zeros((2, array.shape[0])), np.zeros((2, array.shape[1])), rate=0.1)


@pytest.mark.parametrize("lifetime", [3.0, 1000.0])
def test_each_update_takes_its_share(lifetime):
    """40 updates of two samples each, against (1 - 1/t)^40 cell by cell in float64, t from the numbers of the stream."""
    array = held(leaking(lifetime=lifetime, lifetime_spread=0.2))
    before = array.cells.state.astype(float)
    no_pulses(array, 40)
    z = Stream(5, "leak", 0).normals((3, 4, 2)).reshape(-1, 2).astype(float)
    t = lifetime * (1 + 0.2 * z)
    expected = before * np.where(t > 1, (1 - 1 / t) ** 40, 0.0)
    np.testing.assert_allclose(array.cells.state, expected, rtol=2e-5, atol=1e-9)
    np.testing.assert_array_equal(array.cells.shown, array.cells.state)
    assert array.cells.leakage.updates == 40


@pytest.mark.slow
def test_the_leak_of_the_library_is_not_lost_to_rounding():
    """A millionth at a time, 3000 times: what is left is right to a hundredth of what is lost, in float32 states."""
    array = held(ArrayConfig(CAPACITOR))
    before = array.cells.state.astype(float)
    no_pulses(array, 3000)
    z = Stream(5, "leak", 0).normals((3, 4, 2)).reshape(-1, 2).astype(float)
    lost = 3000 / (1e6 * (1 + 0.3 * z))
    np.testing.assert_allclose(1 - array.cells.state / before, lost, rtol=0.01)


def test_leak_of_the_mean_field():
    config = replace(leaking(lifetime=50.0), pulses="mean-field")
    array = held(config)
    before = array.cells.state.astype(float)
    no_pulses(array, 10)
    np.testing.assert_allclose(array.cells.state, before * 0.98**10, rtol=1e-6)


def test_time_is_what_the_array_was_busy_and_what_it_rested():
    """1 ms of time constant: reads of 100 ns leak at the next update; a rest of 0.5 ms leaks at once, and nobody is warned."""
    array = held(leaking(time_constant=1e-3))
    before = array.cells.state.astype(float)
    array.forward(np.ones((2000, 3)))
    np.testing.assert_array_equal(array.cells.state, before.astype(np.float32))
    no_pulses(array)
    busy = array.events["array.busy_s"]
    assert busy == pytest.approx(2e-4)
    np.testing.assert_allclose(array.cells.state, before * np.exp(-busy / 1e-3), rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array.age(5e-4)
    np.testing.assert_allclose(array.cells.state, before * np.exp(-(busy + 5e-4) / 1e-3), rtol=1e-6)
    assert array.cells.leakage.seconds == pytest.approx(busy + 5e-4)


def test_a_rest_of_unknown_leak_in_time_is_warned_of():
    """Lifetimes in updates say nothing of seconds: the cells stay, and that is said."""
    array = held(ArrayConfig(CAPACITOR))
    with pytest.warns(UnknownDriftWarning, match="drift is not known"):
        array.age(1.0)


@pytest.mark.parametrize("name", RULES.names)
def test_an_update_of_a_rule_is_one_update_of_each_of_its_arrays(name):
    """However many updates, pulses and transfers a rule makes of it, on tiles too."""
    array = RULES.named(name)().on((4, 4), leaking(lifetime=100.0, lifetime_spread=0.0), seed=3, tile=(2, 4))
    rng = np.random.default_rng(2)
    for _ in range(3):
        array.update(rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rate=0.01)
    crossbars = [
        crossbar for part in array.parts for crossbar in (part.parts if isinstance(part, TiledCrossbar) else [part])
    ]
    assert [crossbar.cells.leakage.updates for crossbar in crossbars] == [3] * len(crossbars)


def test_reads_aside_do_not_leak():
    array = held(leaking(time_constant=1e-3))
    with array.aside():
        array.forward(np.ones((500, 3)))
    no_pulses(array)
    assert array.cells.leakage.seconds == 0.0


def test_programming_makes_cells_whole():
    array = held(leaking(lifetime=1e5, lifetime_spread=0.0))
    no_pulses(array)  # less than what is taken off in one go
    array.program(np.full((3, 4), 0.3))
    before = array.read()
    no_pulses(array)
    np.testing.assert_array_equal(array.read(), before)


def test_stuck_cells_do_not_leak():
    device = CAPACITOR.replaced(leak=Leak(lifetime=2.0), yields={"stuck_between": 0.5, "stuck_range": 0.5})
    array = held(ArrayConfig(device), shape=(8, 8))
    stuck = ~np.isnan(array.cells.stuck)
    before = array.cells.state.copy()
    no_pulses(array)
    assert 30 < stuck.sum() < 98
    np.testing.assert_array_equal(array.cells.state[stuck], before[stuck])
    np.testing.assert_allclose(array.cells.state[~stuck], 0.5 * before[~stuck], rtol=1e-6)
