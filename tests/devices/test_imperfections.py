"""A cell without one imperfection: what is taken away is gone, and nothing else has changed."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import RevpathError, device_names, load_device
from revpath.devices.base.errors import UnknownName
from revpath.devices.imperfections import FINER, IMPERFECTIONS, without
from revpath.devices.response.pulsed import PulsedResponse
from revpath.studies.sweeps.paths import DeviceChoice, resolve
from revpath.studies.sweeps.tasks.images import ImagesTask

PULSED = [name for name in device_names() if isinstance(load_device(name).response, PulsedResponse)]


@pytest.mark.parametrize("name", PULSED)
def test_each_is_gone_and_what_is_left_can_be_trained(name):
    device = load_device(name)
    before = device.pulsed
    symmetric = without(device, "asymmetry").pulsed
    states = np.linspace(before.w_min, before.w_max, 7)
    np.testing.assert_array_equal(symmetric.mean_up(states), before.granularity)
    np.testing.assert_array_equal(symmetric.mean_down(states), -before.granularity)
    finer = without(device, "granularity").pulsed
    assert finer.granularity == relative(before.granularity / FINER)
    for word, zero in (("cycle noise", "step_noise"), ("write noise", "write_noise"), ("variation", "step_spread")):
        assert not getattr(without(device, word).pulsed, zero, None)
    bare = without(device, IMPERFECTIONS).pulsed
    cells = bare.draw_cell_parameters(np.random.default_rng(0).normal(size=(5, bare.draws)))
    assert np.ptp(cells.b_max) == np.ptp(cells.s_up) == 0


def test_noise_of_a_whole_change_stays_where_steps_are_finer():
    """FINER times as many pulses of a FINER-th: the same mean, and the same variance of the sum."""
    before = load_device("reram-sb-gong2018").pulsed
    after = without(load_device("reram-sb-gong2018"), "granularity").pulsed
    spread = []
    for response, pulses in ((before, 10), (after, 10 * FINER)):
        step = np.asarray(response.step)
        spread.append(float(np.sqrt(pulses) * response.amplitude(step, step, np.zeros(()))))
    assert spread[1] == relative(spread[0])
    assert after.write_noise * after.step == relative(before.write_noise * before.step)  # type: ignore[attr-defined]
    symmetric = without(load_device("reram-es-gong2018"), "asymmetry").pulsed
    shown = load_device("reram-es-gong2018").pulsed
    assert symmetric.write_noise * symmetric.step == relative(shown.write_noise * shown.step)  # type: ignore[attr-defined]


def test_names_in_words():
    device = load_device("reram-om-gong2022")
    alone = without(device, "all but write noise").pulsed
    assert alone.write_noise * alone.step == relative(device.response.write_noise * device.response.step)  # type: ignore
    assert not alone.step_noise  # type: ignore[attr-defined]
    assert without(device, "") == device
    assert without(device, "cycle noise, variation") == without(device, ["variation", "cycle noise"])
    for wrong in ("noise", "all but noise", "write noise; variation"):
        with pytest.raises(UnknownName, match="imperfection"):
            without(device, wrong)
    with pytest.raises(RevpathError, match="no pulse moves it"):
        without(load_device("reram-wan2022"), "write noise")


def test_a_study_takes_them_away():
    task = ImagesTask(device=DeviceChoice("reram-sb-gong2018"), without="write noise")
    device = task.network(0.1, 0).synapses.configs[0].device  # type: ignore[union-attr]
    assert device.response.write_noise == 0
    with pytest.raises(RevpathError, match="imperfection = 'nise'"):
        resolve(ImagesTask, {"device": "reram-sb-gong2018", "without": "nise"})
