"""The tests of `test_fit.py` that take long."""

import numpy as np
import pytest

from revpath.devices.traces.fit import fit_traces
from revpath.devices.traces.samples import SAMPLE_LAW
from revpath.ebm import crossbar_synapses
from revpath.simulator import ArrayConfig
from tests.devices.traces.test_fit import TRUE, WINDOW, traces_of

HALF = 20e-6  # siemens of one unit of state, for laws on -1 to 1


@pytest.mark.parametrize("name", TRUE)
def test_each_law_is_chosen_and_its_steps_are_found(name):
    """The fitted step at every state that was visited lies within 6 standard deviations of a mean of the pulses about there."""
    law = TRUE[name]
    rivals = {"constant-step", "linear-step", name}
    fit = fit_traces(traces_of(law), laws=sorted(rivals))
    assert fit.law.law == name, fit.report
    w = np.linspace(-0.7, 0.7, 8)
    g = WINDOW.g_min + (w + 1) * HALF
    found, window = fit.device.response, fit.device.window
    assert isinstance(found, type(law))
    per_state = (window.g_max - window.g_min) / (found.w_max - found.w_min)
    here = found.w_min + (g - window.g_min) / per_state
    before = np.concatenate([s.g[:-1] for s in fit.traces.series])
    ways = np.concatenate([s.up for s in fit.traces.series])
    for way, mean, true in (
        (True, found.mean_up(here), law.mean_up(w)),
        (False, found.mean_down(here), law.mean_down(w)),
    ):
        pulses = np.array([np.sum((np.abs(before - x) < 0.2 * HALF) & (ways == way)) for x in g])
        sd = 0.35 * np.abs(true).max() * HALF / np.sqrt(np.maximum(pulses, 1))
        # a table of 7 nodes cannot follow the kinks of 5 nodes closer than this
        bend = 0.15 * np.abs(true).max() * HALF if name == "table-step" else 0.01 * np.abs(true).max() * HALF
        assert np.all(np.abs(mean * per_state - true * HALF) < 6 * sd + bend), (mean * per_state / HALF, true)


def test_spreads_over_devices_are_found_less_the_sampling():
    """Twelve devices: realised gains are estimated within their errors; without spread, hardly any is found."""
    law = SAMPLE_LAW.model_copy(update={"step_spread": 0.25, "w_min": -1.0, "w_max": 1.0})
    z = np.random.default_rng(7).standard_normal((12, law.draws))  # the first draws of the traces
    cells = law.draw_cell_parameters(z)
    fit = fit_traces(traces_of(law, devices=12, cycles=2, pulses=30, seed=7), laws=["soft-bounds"])
    realised = ((cells.s_up + cells.s_down) / 2).std(ddof=1) / law.step
    assert abs(fit.estimate.value["step_spread"] - realised) < 4 * 0.05
    assert fit.estimate.value["step_spread"] > 0.1
    same = law.model_copy(
        update=dict.fromkeys(("step_spread", "asymmetry_spread", "w_max_spread", "w_min_spread"), 0.0)
    )
    none = fit_traces(traces_of(same, devices=12, cycles=2, pulses=30, seed=7), laws=["soft-bounds"])
    for key in ("step_spread", "asymmetry_spread"):
        assert none.estimate.value[key] < 0.04


@pytest.mark.parametrize("name", TRUE)
def test_a_fitted_device_trains(name):
    """Sixteen weights learn the signs of a target by the outer-product rule, on an array of the fitted cells."""
    law = TRUE[name]
    fit = fit_traces(traces_of(law, devices=1, cycles=2, pulses=24), laws=[name])
    synapses = crossbar_synapses(ArrayConfig(fit.device), seed=1)((4, 4), 0)
    x, target = np.eye(4, dtype=np.float32), np.where((np.arange(16).reshape(4, 4) * 5) % 3 == 0, 0.4, -0.4)
    before = np.abs(target - synapses.forward(x)).mean()
    for _ in range(60):
        synapses.update(x, (target - synapses.forward(x)).astype(np.float32), 0.3)
    after = np.abs(target - synapses.forward(x)).mean()
    assert after < 0.6 * before
