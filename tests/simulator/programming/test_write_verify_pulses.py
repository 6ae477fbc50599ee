"""Write-verify of every pulse law: against the twin by the law of the device, and cells that cannot arrive."""

import numpy as np
import pytest
from helpers.pulse_devices import LAWS, response_of, with_law
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible

from revpath.devices import load_device
from revpath.devices.response import ConstantStep, ExponentialStep, LinearStep, TableStep
from revpath.simulator import ArrayConfig, ArrayError, Crossbar, Stream
from revpath.simulator.arrays.tiles import TiledCrossbar
from revpath.simulator.arrays.weight_slices import SlicedCrossbar
from revpath.simulator.compile import threads
from revpath.simulator.programming.report import Outcome
from revpath.simulator.programming.write_verify import PURPOSE, WriteVerify, write_verify

SINGLE = WriteVerify(tolerance=0.01, max_pulses=60)
ADAPTIVE = WriteVerify(tolerance=0.015, max_pulses=60, policy="adaptive", max_burst=9, reads_per_verify=2)


def quiet(response, **changes):
    """A ReRAM of this response, and of no other noise."""
    return load_device("reram-sb-gong2018").model_copy(update={"response": response, **changes})


def program(device, aims, scheme, *, seed=0, traits=None):
    """Nominal cells at rest, programmed to states: (state, report)."""
    array = Crossbar((1, len(aims)), ArrayConfig(device=device, mapping="offset"))
    state = np.zeros(len(aims), np.float32)
    its = np.ascontiguousarray(array.cells.traits.reshape(-1, 2, array.cells.traits.shape[-1])[:, 0])
    siemens = array.mapping.conductances(np.asarray(aims, float))
    report = write_verify(state, state.copy(), its, siemens, device, scheme, Stream(seed, PURPOSE))
    return state, report


# -- against the twin --------------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("law", LAWS)
def test_threads_change_nothing(law):
    weights = np.random.default_rng(0).uniform(-0.8, 0.8, (30, 40))
    runs = []
    for n in (1, 2):
        with threads(n):
            array = Crossbar((30, 40), ArrayConfig(device=with_law(law)), seed=2)
            runs.append((array, array.program(weights, scheme=ADAPTIVE)))
    (one, its), (two, other) = runs
    for name in ("state", "shown", "wear"):
        np.testing.assert_array_equal(getattr(one.cells, name), getattr(two.cells, name))
    np.testing.assert_array_equal(its.outcome, other.outcome)
    assert one.events == two.events


# -- laws that can be written down -------------------------------------------------------------------------------------


def test_constant_steps_without_noise_are_counted():
    step, tolerance = 0.01, 0.004  # of a window of width 2: at least half a step
    device = quiet(ConstantStep(step=step, w_min=-0.75, w_max=1.25))
    aims = np.linspace(-0.7, 1.2, 501)
    state, report = program(device, aims, WriteVerify(tolerance=tolerance, max_pulses=200, read_noise=False))
    exact = np.maximum(np.abs(aims) - 2 * tolerance, 0) / step
    sure = np.abs(exact - np.rint(exact)) > 1e-3
    pulses = np.where(aims > 0, report.pulses_up, report.pulses_down)
    np.testing.assert_array_equal(pulses[sure], np.ceil(exact)[sure])
    assert sure.mean() > 0.9
    assert not report.failed.any()
    np.testing.assert_allclose(state, np.sign(aims) * step * pulses, atol=1e-5)


@pytest.mark.jit
def test_states_under_way_have_the_moments_of_their_law():
    """A far target and a small budget: n up pulses each, whose sum is normal, or the end of an AR(1) process.

    False alarm 1e-7 for each of the comparisons, see `helpers.statistics`.
    """
    n, s, c, cells = 40, 0.01, 0.8, 20_000
    scheme = WriteVerify(tolerance=0.001, max_pulses=n, read_noise=False)
    constant = quiet(ConstantStep(step=s, w_min=-0.75, w_max=1.25, step_noise=c))
    state, report = program(constant, np.full(cells, 1.2), scheme, seed=1)
    assert (report.pulses_up == n).all()
    plausible(p_of_mean(state, n * s, np.sqrt(n) * c * s))
    plausible(p_of_variance(state, n * (c * s) ** 2))
    implausible(p_of_mean(state, n * s * 1.01, np.sqrt(n) * c * s))
    implausible(p_of_variance(state, n * (1.1 * c * s) ** 2))
    slope = LinearStep(step=s, w_min=-0.75, w_max=1.25, gamma_up=1.0, gamma_down=1.0, noise="additive", step_noise=c)
    state, report = program(quiet(slope), np.full(cells, 1.2), scheme, seed=2)
    assert (report.pulses_up == n).all()
    a = 1 - s / 1.25  # w <- a w + s + c s xi
    mean, variance = s * (1 - a**n) / (1 - a), (c * s) ** 2 * (1 - a ** (2 * n)) / (1 - a**2)
    plausible(p_of_mean(state, mean, np.sqrt(variance)))
    plausible(p_of_variance(state, variance))
    implausible(p_of_mean(state, n * s, np.sqrt(variance)))


# -- cells that cannot arrive ------------------------------------------------------------------------------------------


def test_steps_over_the_band_end_and_are_reported():
    """Steps of 0.1 about a target at 0.05: it goes to and fro until the budget is gone, and the report says why."""
    device = quiet(ConstantStep(step=0.1, w_min=-0.75, w_max=1.25))
    state, report = program(device, [0.05, 0.3, 0.05], WriteVerify(tolerance=0.01, max_pulses=11, read_noise=False))
    assert report.outcome.tolist() == [Outcome.STEPPED_OVER, Outcome.REACHED, Outcome.STEPPED_OVER]
    assert report.pulses_up.tolist() == [6, 3, 6]
    assert report.pulses_down.tolist() == [5, 0, 5]
    np.testing.assert_allclose(state, [0.1, 0.3, 0.1], atol=1e-6)
    per_state = (device.window.g_max - device.window.g_min) / 2
    np.testing.assert_allclose(report.error / per_state, [0.05, 0, 0.05], atol=1e-6)
    assert "2 failed (2 with steps over the band)" in report.summary()
    assert set(report.to_frame()["outcome"]) == {"stepped_over", "reached"}


@pytest.mark.parametrize("name", ["reram-om-gong2022", "reram-hfo2-gong2022"])
def test_coarse_measured_cells_end_with_what_is_left(name):
    """Steps of about a twentieth of the window and more, under a tolerance of 1 % of it."""
    array = Crossbar((12, 10), ArrayConfig(device=name), seed=1)
    weights = np.random.default_rng(0).uniform(-0.5, 0.5, (12, 10))
    scheme = WriteVerify(tolerance=0.01, max_pulses=40)
    report = array.program(weights, scheme=scheme)
    assert (report.wear <= 40).all()
    over = report.outcome == Outcome.STEPPED_OVER
    assert over.sum() > 5
    state, aim = array.cells.state.reshape(12, 20).astype(float), array.mapping.to_state(report.target)
    response, parameters = array.device.response, array.cells.parameters()
    after = response.pulse(state.reshape(-1, 2), (aim > state).reshape(-1, 2), 0.0, parameters).reshape(12, 20)
    assert ((after - aim) * (state - aim) < 0)[over].all()  # to the other side, and out of the band there
    assert (np.abs(after - aim)[over] > 0.01 * 2).all()
    assert (report.wear[report.failed] == 40).all()
    assert 0 < report.failed.mean() < 1
    np.testing.assert_allclose(report.achieved, array.conductances().reshape(12, 20), rtol=1e-12)
    np.testing.assert_allclose(report.error, report.achieved - report.target)
    assert np.abs(report.error[report.failed]).max() > report.tolerance


def test_a_law_that_stops_on_the_way_leaves_its_cells_stuck():
    """No up step in the upper half: targets there are within the bounds, and out of reach."""
    law = TableStep(step=0.02, w_min=-1, w_max=1, up_steps=(1, 1, 0, 0, 0), down_steps=(1, 1, 1, 1, 1))
    state, report = program(quiet(law), [0.5, -0.5, -0.02], WriteVerify(max_pulses=90, read_noise=False))
    assert [Outcome(code).name for code in report.outcome] == ["STUCK", "REACHED", "REACHED"]
    assert state[0] == 0
    assert report.pulses_up[0] == 90


@pytest.mark.parametrize(("way", "amplitudes"), [("down", (-1.0, 50.0)), ("up", (50.0, -1.0))])
def test_cells_that_go_one_way_only_are_refused(way, amplitudes):
    """The steps of an exponential are cut at 0: with a large amplitude one side has none anywhere."""
    up, down = amplitudes
    law = ExponentialStep(
        step=0.01, w_min=-1, w_max=1, amplitude_up=up, amplitude_down=down, gamma_up=0.5, gamma_down=0.5, a=1, b=0
    )
    array = Crossbar((2, 2), ArrayConfig(device=quiet(law)))
    with pytest.raises(ArrayError, match=f"one way only: no {way} pulse of its exponential-step response"):
        array.program(np.zeros((2, 2)), scheme=SINGLE)
    array.program(np.zeros((2, 2)))  # open loop says nothing about pulses


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
@pytest.mark.parametrize("law", LAWS)
def test_stuck_cells_stay_and_are_named(law, mapping):
    array = Crossbar((8, 6), ArrayConfig(device=with_law(law, stuck_off=0.15, stuck_on=0.1), mapping=mapping), seed=1)
    held = ~np.isnan(array.cells.stuck)
    report = array.program(np.random.default_rng(1).uniform(-0.6, 0.6, (8, 6)), scheme=SINGLE)
    np.testing.assert_array_equal(array.cells.state[held], array.cells.stuck[held])
    stuck = report.outcome == Outcome.STUCK
    assert stuck.sum() > 3
    flat = held.reshape(8, 6, 2)
    where = flat.reshape(8, 12) if mapping == "two-sided" else np.concatenate([flat[..., 0], flat[:, :1, 1]], axis=1)
    assert not (stuck & ~where).any()
    assert (report.wear[stuck] == SINGLE.max_pulses).all()
    assert (report.outcome[~where] == Outcome.REACHED).mean() > 0.4


# -- arrays of arrays --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["linear-step", "power-step", "table-step"])
def test_tiles_are_programmed_one_by_one(law):
    """Each tile is a crossbar of its own, and its part of the report that of its cells."""
    weights = np.random.default_rng(2).uniform(-0.6, 0.6, (5, 7))
    config = ArrayConfig(device=with_law(law))
    tiled = TiledCrossbar((5, 7), config, tile=(3, 4), seed=6)
    report = tiled.program(weights, scheme=SINGLE)
    assert report.error.shape == (5, 14)
    first = Crossbar((3, 4), config, seed=6)
    alone = first.program(weights[:3, :4], scheme=SINGLE)
    np.testing.assert_array_equal(report.outcome[:3, :8], alone.outcome)
    np.testing.assert_array_equal(report.pulses_up[:3, :8], alone.pulses_up)
    np.testing.assert_array_equal(tiled.read()[:3, :4], first.read())
    assert tiled.events["pulse.up"] == report.pulses_up.sum()
    assert tiled.events["cell.verify_read"] == report.verify_reads.sum()


@pytest.mark.parametrize("law", ["constant-step", "exponential-step", "linear-step"])
def test_slices_are_programmed_too(law):
    """Without spreads and noise, and with a tolerance of 1 % of the window, all slices arrive."""
    response = response_of(law, spreads=False, noise=False).model_copy(update={"step": 0.002})
    array = SlicedCrossbar((4, 3), ArrayConfig(device=quiet(response)), slices=2, bits_per_slice=2)
    report = array.program(
        np.random.default_rng(3).uniform(-0.9, 0.9, (4, 3)),
        scheme=WriteVerify(tolerance=0.01, max_pulses=4000, read_noise=False),
    )
    assert not np.any(report.failed)
    assert array.events["pulse.up"] > 0
