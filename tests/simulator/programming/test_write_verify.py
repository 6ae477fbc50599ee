"""Write-verify: bit for bit against a twin that goes cell by cell and pulse by pulse, and what it leaves behind."""

import warnings

import numpy as np
import pytest
from twins.write_verify import coordinate, verify_cell

from revpath.devices import Device, load_device
from revpath.devices.laws import NoProgrammingNoise, TelegraphReadNoise
from revpath.devices.response import ConstantStep
from revpath.simulator import ArrayError, Events, Stream
from revpath.simulator.compile import threads
from revpath.simulator.mapping import WeightMapping
from revpath.simulator.programming.kernels import read_sigma
from revpath.simulator.programming.report import Outcome, ProgrammingReport
from revpath.simulator.programming.write_verify import (
    PURPOSE,
    EnduranceError,
    EnduranceWarning,
    WriteVerify,
    _read_table,
    write_verify,
)
from revpath.simulator.pulses.kernels import PULSED_TOGETHER

RERAM = load_device("reram-sb-gong2018")
PCM = load_device("pcm-nandakumar2019")
IDEAL = load_device("ideal")
CALM = RERAM.replaced(response__step=0.02, response__write_noise=2.0, response__step_noise=0.5)


def drawn_traits(device: Device, cells: int, seed: int = 0) -> np.ndarray:
    """Cells that differ: steps, and bounds on either side of the nominal ones."""
    rng, response = np.random.default_rng(seed), device.response
    step = response.step * rng.uniform(0.5, 1.5, (cells, 2))
    high, low = response.w_max * rng.uniform(0.8, 1.2, cells), response.w_min * rng.uniform(0.8, 1.2, cells)
    return np.column_stack([step, high, np.maximum(low, -0.9)]).astype(np.float32)


def cells_of(device: Device, cells: int, seed: int = 0):
    """state, shown, traits, targets (siemens) of `cells` cells that rest at zero."""
    state = np.zeros(cells, np.float32)
    traits = drawn_traits(device, cells, seed) if device.response.law == "soft-bounds" else None
    targets = np.random.default_rng(seed + 1).uniform(device.window.g_min, device.window.g_max, cells)
    return state, state.copy(), traits, targets


def program(device, scheme, cells=40, seed=0, step=3, **more):
    """A fresh array of cells, programmed: (state, shown, report)."""
    state, shown, traits, targets = cells_of(device, cells, seed)
    report = write_verify(state, shown, traits, targets, device, scheme, Stream(7, PURPOSE, 0, step), **more)
    return state, shown, report


# -- against the twin ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "scheme", "cells", "fails"),
    [
        (CALM, WriteVerify(tolerance=0.02, max_pulses=120), 40, True),
        (
            CALM,
            WriteVerify(tolerance=0.005, max_pulses=150, policy="adaptive", max_burst=9, reads_per_verify=4),
            40,
            True,
        ),
        (CALM, WriteVerify(tolerance=0.05, max_pulses=3, read_noise=False), 40, True),
        (RERAM, WriteVerify(tolerance=0.03, max_pulses=60, policy="adaptive"), 40, True),
        (PCM, WriteVerify(tolerance=0.02, max_pulses=5), 60, True),
        (PCM, WriteVerify(tolerance=0.02, max_pulses=60, read_noise=False), 60, False),
        (IDEAL, WriteVerify(), 10, False),
    ],
    ids=["single", "adaptive", "short budget", "as measured", "writes", "writes, silent reads", "ideal"],
)
def test_every_bit_is_that_of_the_twin(device, scheme, cells, fails):
    state, shown, report = program(device, scheme, cells)
    first_state, first_shown, traits, targets = cells_of(device, cells)
    stream = Stream(7, PURPOSE, 0, 3)
    low, _, slope = coordinate(device)
    for c in range(cells):
        its = None if traits is None else traits[c]
        twin = verify_cell(c, first_state[c], first_shown[c], its, targets[c], device, scheme, 3, stream.key)
        assert (state[c], shown[c]) == (twin["state"], twin["shown"]), c
        counted = report.pulses_up[c], report.pulses_down[c], report.writes[c], report.verify_reads[c]
        reads = twin["reads"] * scheme.reads_per_verify
        assert counted == (twin["up"], twin["down"], twin["writes"], reads)
        assert (report.outcome[c] == Outcome.REACHED) == twin["inside"]
        siemens = twin["reads"] * (device.window.g_min - low * slope) + twin["seen"] * slope
        assert report.siemens_read[c] == pytest.approx(siemens * scheme.reads_per_verify, rel=1e-9, abs=1e-18)
    assert report.failed.any() == fails
    assert (~report.failed).any()


def test_read_noise_of_the_table_is_the_law():
    """Between its entries the table is interpolated: 0.1 % at most where a target can lie, exact for constant noise."""
    for device, error in ((PCM, 1e-3), (RERAM, 1e-6)):
        mapping = WeightMapping.of(device, 1.0, "two-sided")
        top = mapping.w_max * 1.3
        table = _read_table(device, WriteVerify(reads_per_verify=4), mapping, top, None)
        look_up = getattr(read_sigma, "py_func", read_sigma)
        states = np.linspace(mapping.to_state(0.002 * device.window.g_max), top, 777).astype(np.float32)
        per_state = np.float32((len(table) - 1) / (top - mapping.floor))
        got = np.array([look_up(table, np.float32(mapping.floor), per_state, w) for w in states])
        law = device.read_noise.sigma(mapping.conductances(states), device.window.g_max, 0.0)
        np.testing.assert_allclose(got * mapping.slope * 2, law, rtol=error)


# -- what it does not depend on --------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("device", [CALM, PCM], ids=["pulses", "writes"])
def test_threads_and_neighbours_change_nothing(device):
    cells, scheme = 3 * PULSED_TOGETHER + 5, WriteVerify(tolerance=0.01, max_pulses=80)
    runs = []
    for n in (1, 2):
        with threads(n):
            runs.append(program(device, scheme, cells))
    for one, two in zip(runs[0][:2], runs[1][:2], strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(runs[0][2].outcome, runs[1][2].outcome)
    assert runs[0][2].events(**PRICED) == runs[1][2].events(**PRICED)
    state, shown, traits, targets = cells_of(device, cells)
    part = PULSED_TOGETHER - 3  # fewer cells, in another block length: each is what it was
    its = None if traits is None else traits[:part]
    write_verify(state[:part], shown[:part], its, targets[:part], device, scheme, Stream(7, PURPOSE, 0, 3))
    np.testing.assert_array_equal(state[:part], runs[0][0][:part])
    np.testing.assert_array_equal(shown[:part], runs[0][1][:part])


PRICED = {"cells_per_row": 1, "read_voltage": 0.2, "read_time": 1e-7, "pulse_duration": 1e-8}


def test_pairs_are_flat_cells_and_a_call_takes_one_step():
    state, shown, traits, targets = cells_of(CALM, 30)
    stream, scheme = Stream(7, PURPOSE, 0, 3), WriteVerify(max_pulses=40)
    assert traits is not None
    pairs = write_verify(
        state.reshape(15, 2),
        shown.reshape(15, 2),
        traits.reshape(15, 2, 4),
        targets.reshape(15, 2),
        CALM,
        scheme,
        stream,
    )
    flat_state, _, flat = program(CALM, scheme, 30)
    assert stream.step == 4
    np.testing.assert_array_equal(state, flat_state)
    assert pairs.error.shape == pairs.wear.shape == (15, 2)
    np.testing.assert_array_equal(pairs.error.reshape(-1), flat.error)
    again = program(CALM, scheme, 30, step=4)[0]
    assert (again != flat_state).any()


# -- failures --------------------------------------------------------------------------------------------------------


def test_cells_that_cannot_arrive_end_with_their_reason():
    """Stuck, of no width, bounded below its target, out of pulses, and one that arrives; b_max = 0 divides nothing."""
    quiet = RERAM.replaced(response__step=0.01, response__step_noise=0, response__write_noise=0)
    traits = np.array(
        [
            [0, 0, 1.25, -0.75],
            [0.01, 0.01, 0.0, 0.0],
            [0.01, 0.01, 0.3, -0.75],
            [0.0001, 0.0001, 1.25, -0.75],
            [0.01, 0.01, 1.25, -0.75],
            [0, 0.01, 1.25, -0.75],
        ],
        np.float32,
    )
    aim = np.full(6, RERAM.window.g_min + 0.75 * (RERAM.window.g_max - RERAM.window.g_min))  # state 0.75
    state = np.zeros(6, np.float32)
    shown = state.copy()
    scheme = WriteVerify(tolerance=0.01, max_pulses=200, read_noise=False)
    report = write_verify(state, shown, traits, aim, quiet, scheme, Stream(0, PURPOSE))
    assert [Outcome(code).name for code in report.outcome] == [
        "STUCK", "STUCK", "BEYOND_BOUNDS", "BUDGET_USED", "REACHED", "STUCK",
    ]  # fmt: skip
    assert report.failed.tolist() == [True, True, True, True, False, True]
    assert report.pulses_up.tolist()[:4] == [200] * 4
    assert report.pulses_up[5] == 200
    assert report.verify_reads.tolist()[:4] == [201] * 4
    assert np.isfinite(report.error).all()
    assert report.error[1] == pytest.approx(-0.75 / 2 * (RERAM.window.g_max - RERAM.window.g_min), rel=1e-6, abs=0)
    assert (shown[:2] == 0).all()
    text = report.summary()
    assert "5 failed (1 budget used, 1 target beyond their bounds, 3 stuck)" in text


def test_a_cell_inside_its_tolerance_is_left_alone():
    state, shown, traits, _ = cells_of(CALM, 8)
    rest = np.full(8, CALM.window.g_min + 0.75 / 2 * (CALM.window.g_max - CALM.window.g_min))  # state 0
    report = write_verify(
        state, shown, traits, rest, CALM, WriteVerify(tolerance=0.05, read_noise=False), Stream(0, PURPOSE)
    )
    assert not report.wear.any()
    assert (report.verify_reads == 1).all()
    assert (state == 0).all()
    assert (report.outcome == Outcome.REACHED).all()


def test_bursts_save_reads():
    """Without noise: from 0 to a state of 1 at steps of 0.02, soft."""
    quiet = CALM.replaced(response__write_noise=0, response__step_noise=0)
    single = program(quiet, WriteVerify(tolerance=0.02), 12)[2]
    burst = program(quiet, WriteVerify(tolerance=0.02, policy="adaptive"), 12)[2]
    good = ~(single.failed | burst.failed)
    assert good.sum() > 8
    assert burst.verify_reads[good].sum() < 0.5 * single.verify_reads[good].sum()
    longest = program(quiet, WriteVerify(tolerance=0.02, policy="adaptive", max_burst=1), 12)[2]
    np.testing.assert_array_equal(longest.verify_reads, single.verify_reads)


# -- wear ------------------------------------------------------------------------------------------------------------


def test_wear_adds_up_and_is_reported():
    scheme = WriteVerify(max_pulses=50)
    fresh = program(CALM, scheme, 20)[2]
    np.testing.assert_array_equal(fresh.wear, fresh.pulses_up + fresh.pulses_down)
    before = np.arange(20)
    worn = fresh.wear + before > 30
    assert 0 < worn.sum() < 20
    with pytest.warns(EnduranceWarning, match=rf"{worn.sum()} of 20 cells .* endurance of 30 pulses"):
        report = program(CALM, scheme, 20, wear=before, endurance=30)[2]
    np.testing.assert_array_equal(report.worn, worn)
    np.testing.assert_array_equal(report.wear, fresh.wear + before)
    assert before.tolist() == list(range(20))
    assert f"beyond the endurance of 30 pulses: {worn.sum()}" in report.summary()
    with pytest.raises(EnduranceError) as caught:
        program(CALM, scheme, 20, wear=before, endurance=30, on_worn="error")
    np.testing.assert_array_equal(caught.value.report.wear, report.wear)
    assert program(CALM, scheme, 20, wear=before, endurance=30, on_worn="ignore")[2].worn.sum() == worn.sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not program(CALM, scheme, 20, endurance=50)[2].worn.any()  # the budget itself is endured


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [{"tolerance": 0}, {"tolerance": -0.1}, {"tolerance": 1.5}, {"tolerance": float("nan")}, {"max_pulses": 0},
     {"max_pulses": 2**31 - 1}, {"reads_per_verify": 0}, {"policy": "greedy"}, {"max_burst": 0}, {"budget": 3}],
)  # fmt: skip
def test_scheme_refuses(field):
    with pytest.raises(ValueError, match=next(iter(field))):
        WriteVerify(**field)


def _changed(**changes):
    """Arguments of a good call, with some replaced."""
    state, shown, traits, targets = cells_of(CALM, 6)
    good = {"state": state, "shown": shown, "traits": traits, "targets": targets, "device": CALM,
            "scheme": WriteVerify(max_pulses=2), "stream": Stream(0, PURPOSE)}  # fmt: skip
    return {**good, **{name: change(good[name]) for name, change in changes.items()}}


def _with(value, at=2):
    def change(a):
        a = np.array(a)
        a.reshape(-1)[at] = value
        return a

    return change


UNKNOWN = PCM.model_copy(update={"programming": NoProgrammingNoise()})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": _with(np.nan)}, r"targets must be finite: 1 of 6 .* \(2,\)"),
        ({"targets": _with(1.0)}, r"targets must be inside the window of 'reram-sb-gong2018', 9e-06 to 8.82e-05 S.* 1 S"),
        ({"targets": _with(0.0)}, "targets must be inside the window"),
        ({"targets": lambda t: t[:5]}, r"targets has shape \(5,\); it must be that of the cells, \(6,\)"),
        ({"targets": lambda t: "many"}, "targets must be an array of siemens"),
        ({"shown": lambda a: a[:5]}, r"state has shape \(6,\) and shown \(5,\)"),
        ({"state": lambda a: a.astype(float)}, "state must be a contiguous array of float32"),
        ({"shown": lambda a: np.zeros(12, np.float32)[::2]}, "shown must be a contiguous"),
        ({"state": _with(np.inf)}, "state must be finite"),
        ({"traits": lambda t: t[:, :3].copy()}, r"traits has shape \(6, 3\); it must be \(6, 4\)"),
        ({"traits": lambda t: None}, "traits of device 'reram-sb-gong2018' must be"),
        ({"traits": _with(np.nan)}, "traits must be finite"),
        ({"traits": _with(-0.1, 0)}, "steps must not be negative"),
        ({"traits": _with(9, 3)}, "b_min is above b_max"),
        ({"device": lambda d: PCM}, "traits are of pulsed cells"),
        ({"device": lambda d: "reram"}, "device = 'reram' must be a Device"),
        ({"device": lambda d: UNKNOWN, "traits": lambda t: None}, "neither a pulse response nor programming noise"),
        ({"scheme": lambda s: 0.02}, "scheme = 0.02 must be a WriteVerify"),
        ({"stream": lambda s: 7}, "stream = 7 must be a Stream"),
    ],
)  # fmt: skip
def test_refuses(change, message):
    with pytest.raises(ArrayError, match=message):
        write_verify(**_changed(**change))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"on_worn": "panic"}, "on_worn = 'panic' must be 'warn', 'error' or 'ignore'"),
        ({"endurance": 0}, "endurance = 0 must be a positive"),
        ({"endurance": True}, "endurance = True must be a positive"),
        ({"endurance": float("nan")}, "endurance = nan must be a positive"),
        ({"wear": np.zeros(5, int)}, r"wear must hold .* of shape \(6,\)"),
        ({"wear": np.full(6, -1)}, "wear must hold non-negative integers"),
        ({"wear": np.zeros(6)}, "wear must hold non-negative integers"),
    ],
)
def test_refuses_wear(more, message):
    with pytest.raises(ArrayError, match=message):
        write_verify(**_changed(), **more)


def test_refused_calls_change_nothing():
    arguments = _changed(targets=_with(1.0))
    with pytest.raises(ArrayError):
        write_verify(**arguments)
    assert not arguments["state"].any()
    assert arguments["stream"].step == 0


def test_state_and_shown_are_two_arrays():
    state, _, traits, targets = cells_of(CALM, 6)
    with pytest.raises(ArrayError, match="the same memory"):
        write_verify(state, state, traits, targets, CALM, WriteVerify(), Stream(0, PURPOSE))
    state.flags.writeable = False
    with pytest.raises(ArrayError, match="state is read-only"):
        write_verify(state, state.copy(), traits, targets, CALM, WriteVerify(), Stream(0, PURPOSE))


def test_read_noise_that_is_not_normal_is_refused():
    law = TelegraphReadNoise(amplitude=0.05, switching_time=1e-3)
    odd = IDEAL.model_copy(update={"read_noise": law})
    state, shown, _, targets = cells_of(IDEAL, 6)
    with pytest.raises(ArrayError, match=r"not normal.*read_noise=False"):
        write_verify(state, shown, None, targets, odd, WriteVerify(), Stream(0, PURPOSE))
    write_verify(state, shown, None, targets, odd, WriteVerify(read_noise=False), Stream(0, PURPOSE))


def test_traits_are_those_of_the_law():
    """Each law has its own numbers; those of another are refused."""
    law = ConstantStep(step=0.01, w_min=-1, w_max=1)
    state, shown, traits, targets = cells_of(CALM, 6)
    device = CALM.model_copy(update={"response": law})
    with pytest.raises(ArrayError, match=r"traits has shape \(6, 4\); it must be \(6, 8\).* a constant-step response"):
        write_verify(state, shown, traits, targets, device, WriteVerify(), Stream(0, PURPOSE))
    with pytest.raises(ArrayError, match="traits of device 'reram-sb-gong2018' must be"):
        write_verify(state, shown, None, targets, device, WriteVerify(), Stream(0, PURPOSE))


def test_no_cells_are_no_work():
    none = np.zeros((0, 2), np.float32)
    report = write_verify(none, none.copy(), None, np.zeros((0, 2)), PCM, WriteVerify(), Stream(0, PURPOSE))
    assert isinstance(report, ProgrammingReport)
    assert report.summary() == "no cells"
    assert report.events(cells_per_row=4, read_voltage=0.2, read_time=1e-7, pulse_duration=None) == Events()
    assert report.seconds(4, 1e-8, 1e-7) == 0
