"""Programming an array: open loop and verified, what is reported, what it costs, and what it wears."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import Endurance, load_device
from revpath.devices.laws.read_noise import ConstantReadNoise
from revpath.simulator import (
    ArrayConfig,
    Crossbar,
    EnduranceError,
    EnduranceWarning,
    MappingError,
    Outcome,
    WriteVerify,
)

RNG = np.random.default_rng(5)
W = RNG.uniform(-0.4, 0.4, (12, 9)).astype(np.float32)


def reram(**changes):
    return load_device("reram-sb-gong2018").replaced(**{"response__write_noise": 0.5, **changes})


def programmed(scheme, device, mapping="two-sided", weights=W, **how):
    array = Crossbar(weights.shape, ArrayConfig(device=device, mapping=mapping), seed=1)
    return array, array.program(weights, scheme=scheme, **how)


@pytest.mark.parametrize("mapping", ["two-sided", "one-sided", "offset"])
@pytest.mark.parametrize("name", ["reram", "pcm-nandakumar2019"])
def test_verified_cells_are_inside_the_tolerance(mapping, name):
    device = reram() if name == "reram" else load_device(name)
    scheme = WriteVerify(tolerance=0.03, read_noise=False)
    array, report = programmed(scheme, device, mapping)
    assert report.target.shape == (12, 10 if mapping == "offset" else 18)
    half = 0.03 * (device.window.g_max - device.window.g_min)
    assert np.abs(report.error[~report.failed]).max() <= half * 1.0001
    if not (name == "reram" and mapping == "one-sided"):  # whose lower bounds are often above the bottom of the window
        assert report.failed.mean() < 0.02
        worst = 2 * half * array.mapping.per_siemens
        good = ~report.failed.any(axis=1)
        assert np.abs(array.read() - W)[good].max() <= worst * 1.0001
    plus, minus = array.cells.planes()
    shown = report.achieved
    expected = (
        np.concatenate([plus, minus], axis=1) if mapping == "offset" else np.stack([plus, minus], -1).reshape(12, -1)
    )
    np.testing.assert_allclose(shown, expected, rtol=1e-6)


def test_verifying_beats_open_loop():
    device = load_device("pcm-nandakumar2019")
    rms = {}
    for name, scheme in (("open", None), ("verified", WriteVerify(tolerance=0.02, read_noise=False))):
        array, report = programmed(scheme, device)
        rms[name] = np.sqrt(np.mean((array.read() - W) ** 2))
        assert report.error.std() > 0
    assert rms["verified"] < 0.5 * rms["open"]


def test_every_pulse_and_verify_read_is_counted():
    array, report = programmed(WriteVerify(tolerance=0.03), reram())
    events = array.events
    assert events["pulse.up"] == report.pulses_up.sum() > 0
    assert events["pulse.down"] == report.pulses_down.sum() > 0
    assert events["cell.verify_read"] == report.verify_reads.sum() >= report.target.size
    assert events["cell.programmed"] == 0
    pulse = array.device.pulse.duration
    if pulse is not None:
        slowest = (report.pulses_up + report.pulses_down) * pulse + report.verify_reads * array.config.read_time
        assert events["array.busy_s"] == relative(slowest.max(axis=1).sum())
    again = array.program(W, scheme=WriteVerify(tolerance=0.03))
    assert array.events["cell.verify_read"] == report.verify_reads.sum() + again.verify_reads.sum()
    assert again.pulses_up.sum() < report.pulses_up.sum()  # most cells are where they should be


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_wear_adds_up_over_a_life(mapping):
    array, first = programmed(WriteVerify(tolerance=0.03), reram(), mapping)
    second = array.program(-W, scheme=WriteVerify(tolerance=0.03))
    third = array.program(W)
    pulses = sum(r.pulses_up + r.pulses_down for r in (first, second))
    np.testing.assert_array_equal(third.wear, pulses + 1)


def test_open_loop_says_which_cells_could_not_follow():
    device = reram(response__w_max_spread=0.5, response__w_min_spread=0.0)
    array = Crossbar((20, 20), ArrayConfig(device=device, mapping="one-sided"), seed=3)
    report = array.program(np.full((20, 20), 0.95))
    held = report.outcome == Outcome.BEYOND_BOUNDS
    high = device.window.g_min + (array.cells.traits[..., 2] - array.mapping.w_min) * array.mapping.slope
    np.testing.assert_array_equal(held[:, ::2], (report.target[:, ::2] > high[:, 0].reshape(20, 20) * (1 + 1e-6)))
    assert 0.2 < held[:, ::2].mean() < 0.8
    assert "held at their bounds" in report.summary()


def test_open_loop_says_which_cells_noise_emptied():
    device = load_device("pcm-nandakumar2019")
    array = Crossbar((40, 40), ArrayConfig(device=device, mapping="one-sided"), seed=3)
    report = array.program(np.zeros((40, 40)))
    emptied = report.outcome == Outcome.EMPTIED
    assert emptied.mean() == pytest.approx(0.5, abs=0.05)  # half of the normals are negative; 0.05 is 5.7 sigma
    np.testing.assert_allclose(report.achieved[emptied], 0, atol=1e-6 * device.window.g_max)
    assert "emptied by noise" in report.summary()


def test_clipping_is_asked_for_and_counted():
    array = Crossbar((2, 3), ArrayConfig(weight_max=1.0))
    weights = np.array([[0.5, 2.0, -3.0], [1.0, -1.0, 0.0]])
    with pytest.raises(MappingError, match=r"2 of 6 weights are beyond weight_max = 1 \(largest 3\)"):
        array.program(weights)
    report = array.program(weights, clip=True)
    assert report.clipped == 2
    assert "weights cut to what the window holds: 2" in report.summary()
    np.testing.assert_allclose(array.read(), np.clip(weights, -1, 1), atol=1e-6)
    assert array.program(weights / 3, clip=True).clipped == 0


def test_verify_reads_have_the_noise_of_the_device():
    noisy = reram().model_copy(update={"read_noise": ConstantReadNoise(relative=0.05)})
    errors = []
    for read_noise in (False, True):
        _, report = programmed(WriteVerify(tolerance=0.02, read_noise=read_noise), noisy)
        errors.append(np.abs(report.error[~report.failed]).max())
        assert bool(report.misjudged.any()) == read_noise
    assert errors[1] > 1.5 * errors[0]


@pytest.mark.parametrize("scheme", [None, WriteVerify(tolerance=0.03)])
def test_programming_beyond_the_endurance_is_told(scheme):
    """Half a cycle of the nominal cell is its number of states, in pulses; a thousandth of that is soon used up."""
    device = reram()
    device = device.model_copy(update={"endurance": Endurance(cycles=5e-4 if scheme is None else 0.05)})
    limit = device.endurance.cycles * 2 * device.response.states
    array = Crossbar(W.shape, ArrayConfig(device=device), seed=1)
    if scheme is None:
        assert not array.program(W).worn.any()  # the first write is within it
    with pytest.warns(EnduranceWarning, match="cells have taken more than their endurance"):
        report = array.program(W, scheme=scheme)
    assert report.endurance == pytest.approx(limit)
    np.testing.assert_array_equal(report.worn, report.wear > limit)
    assert report.worn.any()
    assert "beyond the endurance" in report.summary()
    strict = Crossbar(W.shape, ArrayConfig(device=device, on_worn="error"), seed=1)
    with pytest.raises(EnduranceError) as told:
        for _ in range(3):
            strict.program(W, scheme=scheme)
    assert told.value.report.worn.any()
    assert strict.events["cell.programmed"] + strict.events["pulse.up"] > 0  # it happened, and is counted
    quiet = Crossbar(W.shape, ArrayConfig(device=device, on_worn="ignore"), seed=1)
    for _ in range(3):
        quiet.program(W, scheme=scheme)


def test_the_report_draws_itself():
    _, report = programmed(WriteVerify(tolerance=0.03), reram())
    _, ax = plt.subplots()
    assert report.plot(ax) is ax
    assert "S" in ax.get_xlabel()
    plt.close("all")
