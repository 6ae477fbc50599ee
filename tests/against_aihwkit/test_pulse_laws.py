"""Every pulse law against aihwkit's: the draw of cells, the change by a pulse, its noise, and trains of twenty pulses.

The three checks are complementary. With the parameters that aihwkit drew, our laws without noise must give its states to
float32 rounding; the noise of single pulses, divided by what our law says it is, must be standard normal; and after
twenty noisy pulses the states of both must have the same mean and variance, cell by cell. False-alarm rate of each
check: `ALARM`. aihwkit's noise is seeded by its clock, so samples differ from run to run, unlike ours.
"""

import numpy as np
import pytest
from helpers.statistics import implausible, plausible, relative
from scipy import stats
from twins import aihwkit_laws as theirs

from revpath.devices import Device
from revpath.devices.aihwkit.presets import read_parameters
from revpath.devices.laws import Window
from revpath.devices.response.pulsed import CellParameters, PulsedResponse
from revpath.devices.response.soft_bounds import ReferencedCells
from revpath.devices.response.step_laws import PoweredCells, SlopedCells
from revpath.simulator import ArrayConfig, Crossbar

KINDS = (
    "ConstantStepDevice",
    "LinearStepDevice",
    "SoftBoundsDevice",
    "SoftBoundsReferenceDevice",
    "ExpStepDevice",
    "PowStepDevice",
    "PiecewiseStepDevice",
)
CONFIGURATIONS = 3  # random ones of each kind
LENGTH = 20
REPEATS = 300


def random_fields(kind: str, rng: np.random.Generator) -> dict:
    """A device of that kind that could be one: steps far smaller than its bounds."""
    fields = {
        "dw_min": rng.uniform(0.001, 0.006),
        "w_max": rng.uniform(0.5, 1.2),
        "w_min": -rng.uniform(0.5, 1.2),
        "up_down": rng.uniform(-0.4, 0.4),
        "up_down_dtod": rng.uniform(0, 0.05),
        "dw_min_dtod": rng.uniform(0, 0.3),
        "dw_min_dtod_log_normal": bool(rng.integers(2)),
        "dw_min_std": rng.uniform(0.2, 2.0),
        "w_max_dtod": rng.uniform(0, 0.15),
        "w_min_dtod": rng.uniform(0, 0.15),
    }
    if kind != "ConstantStepDevice":
        fields["write_noise_std"] = rng.uniform(1, 5)
    if kind in ("LinearStepDevice", "SoftBoundsDevice", "SoftBoundsReferenceDevice"):
        fields["mult_noise"] = bool(rng.integers(2))
    if kind == "LinearStepDevice":
        fields |= {f"gamma_{side}": rng.uniform(0, 0.9) for side in ("up", "down")}
        fields |= {f"gamma_{side}_dtod": rng.uniform(0, 0.1) for side in ("up", "down")}
        fields["mean_bound_reference"] = bool(rng.integers(2))
    if kind == "SoftBoundsReferenceDevice":
        fields |= {"reference_mean": rng.uniform(-0.1, 0.1), "reference_std": rng.uniform(0, 0.05)}
        fields |= {f"slope_{side}_dtod": rng.uniform(0, 0.1) for side in ("up", "down")}
        fields["subtract_symmetry_point"] = bool(rng.integers(2))
    if kind == "ExpStepDevice":
        fields |= {"A_up": -rng.uniform(0.1, 1.2), "A_down": rng.uniform(-0.5, 0.2), "a": rng.uniform(-0.5, 0.5)}
        fields |= {"gamma_up": rng.uniform(1, 4), "gamma_down": rng.uniform(1, 4), "b": rng.uniform(-0.4, 0.2)}
        if rng.integers(2):
            fields |= {"dw_min_std_add": rng.uniform(0, 0.01), "dw_min_std_slope": rng.uniform(0, 0.01)}
    if kind == "PowStepDevice":
        fields |= {"pow_gamma": rng.uniform(0.5, 2.5), "pow_gamma_dtod": 0.05, "pow_up_down": rng.uniform(-0.3, 0.3)}
        fields["pow_up_down_dtod"] = rng.uniform(0, 0.05)
    if kind == "PiecewiseStepDevice":
        nodes = int(rng.integers(2, 9))
        fields |= {f"piecewise_{side}": rng.uniform(0.2, 2, nodes).tolist() for side in ("up", "down")}
    return fields


CASES = [(kind, random_fields(kind, np.random.default_rng(100 * k + n)))
         for k, kind in enumerate(KINDS) for n in range(CONFIGURATIONS)]  # fmt: skip
NAMES = [f"{kind.removesuffix('Device')}-{n}" for kind in KINDS for n in range(CONFIGURATIONS)]
JOBS = ("cells", "array", "exact-up", "exact-down", "single-up", "single-down", "train-up", "train-down")


@pytest.fixture(scope="module")
def answers():
    """Of all jobs at once: an interpreter that has to import torch takes seconds to start."""
    requests = []
    for k, (kind, fields) in enumerate(CASES):
        quiet = {"dw_min_std": 0.0} | ({"write_noise_std": 0.0} if "write_noise_std" in fields else {})
        quiet |= dict.fromkeys(("dw_min_std_add", "dw_min_std_slope"), 0.0) if kind == "ExpStepDevice" else {}
        base = {"job": "pulses", "device": kind, "seed": k}
        requests.append({"job": "cells", "device": kind, "fields": fields, "count": 6400})
        start = {"count": 4096, "range": 0.0, "start": 0.0, "length": LENGTH, "repeats": 1, "up": True}
        requests.append(base | start | {"fields": fields})
        for up in (True, False):
            exact = {"count": 64, "range": 1.0, "length": 150, "repeats": 1, "fields": fields | quiet}
            requests.append(base | exact | {"up": up})
        for up in (True, False):
            requests.append(base | {"count": 640, "range": 0.5, "repeats": 8, "fields": fields, "up": up})
        for up in (True, False):
            train = {"count": 64, "range": 0.9, "length": LENGTH, "repeats": REPEATS}
            requests.append(base | train | {"fields": fields, "up": up})
    found = theirs.ask(requests)
    return {name: dict(zip(JOBS, found[8 * k : 8 * k + 8], strict=True)) for k, name in enumerate(NAMES)}


def case(name: str) -> tuple[str, dict, PulsedResponse]:
    kind, fields = CASES[NAMES.index(name)]
    found = read_parameters(kind, fields)
    assert isinstance(found.response, PulsedResponse)
    assert not found.lost
    return kind, fields, found.response


def their_cells(answer: dict, response: PulsedResponse) -> CellParameters:
    """Cells of our law with the parameters that aihwkit drew."""
    both = (answer["dwmin_up"], answer["dwmin_down"], answer["max_bound"], answer["min_bound"])
    common = [np.asarray(part, float) for part in both]
    if "reference" in answer:
        return ReferencedCells(*common, np.asarray(answer["reference"], float))
    if response.law == "linear-step":
        # aihwkit holds the down slope as what is added to a change that counts downwards
        return SlopedCells(*common, np.asarray(answer["slope_up"], float), np.asarray(answer["slope_down"], float))
    if "gamma_up" in answer:
        return PoweredCells(*common, np.asarray(answer["gamma_up"], float), np.asarray(answer["gamma_down"], float))
    return CellParameters(*common)


def drawn(cells: CellParameters) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, float).ravel() for name, value in vars(cells).items()}


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_drawn_alike(answers, name):
    """The distribution of each parameter, and all correlations between them, over 6400 cells of each side."""
    _, _, response = case(name)
    ours = drawn(response.draw_cell_parameters(np.random.default_rng(7).normal(size=(6400, response.draws))))
    found = drawn(their_cells(answers[name]["cells"], response))
    p = [stats.ks_2samp(ours[key], found[key]).pvalue for key in ours if np.ptp(ours[key]) > 1e-9]
    for key in ours:
        if np.ptp(ours[key]) <= 1e-9:
            np.testing.assert_allclose(found[key], ours[key], rtol=1e-5)
    plausible(min(1.0, min(p) * len(p)))
    shifted = [stats.ks_2samp(1.15 * ours["b_max"], found["b_max"]).pvalue]
    implausible(min(shifted))
    keys = [key for key in ours if np.ptp(ours[key]) > 1e-9]
    z = [np.arctanh(np.corrcoef([s[key] for key in keys])[np.triu_indices(len(keys), 1)].clip(-0.999999, 0.999999))
         for s in (ranked(ours), ranked(found))]  # fmt: skip
    # Fisher's transformation of rank correlations; 1.06 is their relative excess of variance (Fieller et al. 1957)
    worst = np.abs(z[0] - z[1]).max() / np.sqrt(2 * 1.06 / (6400 - 3))
    plausible(min(1.0, 2 * stats.norm.sf(worst) * len(z[0])))


def ranked(cells: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: stats.rankdata(value) for key, value in cells.items()}


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("name", NAMES)
def test_pulses_without_noise_are_the_same(answers, name, direction):
    """150 pulses from anywhere between the bounds, into them: float32 against our float64."""
    _, _, response = case(name)
    response = response.model_copy(update={"step_noise": 0.0, "noise_floor": 0.0, "noise_slope": 0.0})
    answer = answers[name][f"exact-{direction}"]
    cells, w = their_cells(answer, response), answer["before"][0].astype(float)
    up = np.full(w.shape, direction == "up")
    for _ in range(150):
        w = response.pulse(w, up, np.zeros(w.shape), cells)
    np.testing.assert_allclose(answer["after"][0], w, atol=3e-5)
    assert np.abs(answer["after"] - answer["before"]).max() > 20 * response.step * 0.1


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("name", NAMES)
def test_noise_of_a_pulse_has_our_size(answers, name, direction):
    """(change - mean of the law) / amplitude is standard normal, for 5120 single pulses far from the bounds."""
    _, _, response = case(name)
    answer = answers[name][f"single-{direction}"]
    cells, w = their_cells(answer, response), answer["before"].astype(float)
    up = direction == "up"
    change = response.up(w, cells) if up else response.down(w, cells)
    size = response.amplitude(change, cells.s_up if up else cells.s_down, w)
    free = (size > 1e-6) & (np.abs(response.bounded(w + 6 * size, cells) - w - 6 * size) < 1e-9)
    free &= np.abs(response.bounded(w - 6 * size, cells) - w + 6 * size) < 1e-9
    moved = (answer["after"] - w) * (1 if up else -1)
    z = ((moved - change) / np.where(size > 0, size, 1.0))[free]
    assert z.size > 1000
    plausible(theirs.p_of_table_normals(z))
    implausible(theirs.p_of_table_normals(1.15 * z))
    implausible(theirs.p_of_table_normals(z + 0.15))


@pytest.mark.parametrize("name", [name for name in NAMES if "Constant" not in name])
def test_what_a_read_sees_of_a_cell_has_write_noise(answers, name):
    """Apparent minus persistent weight, in units of write_noise x step: standard normal."""
    _, fields, response = case(name)
    answer = answers[name]["single-up"]
    z = (answer["shown"].astype(float) - answer["after"]) / (fields["write_noise_std"] * response.step)
    plausible(theirs.p_of_table_normals(z))
    implausible(theirs.p_of_table_normals(1.15 * z))
    ours = response.shown(np.zeros(1), np.ones(1))
    assert ours[0] == relative(fields["write_noise_std"] * response.step, rel=1e-12)


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("name", NAMES)
def test_trains_of_pulses_end_alike(answers, name, direction):
    """Mean and variance of the state of each of 64 cells after twenty noisy pulses, bounds included."""
    _, _, response = case(name)
    answer = answers[name][f"train-{direction}"]
    cells, rng = their_cells(answer, response), np.random.default_rng(5)
    w = answer["before"].astype(float)
    w = w[np.arange(4 * REPEATS) % REPEATS]  # four of ours for each of theirs
    up = np.full(w.shape, direction == "up")
    for _ in range(LENGTH):
        w = response.pulse(w, up, rng.normal(size=w.shape), cells)
    for p in theirs.p_of_same_moments(answer["after"], w, LENGTH):
        plausible(p)
    away = w + 0.6 * LENGTH * response.granularity
    implausible(theirs.p_of_same_moments(answer["after"], away, LENGTH)[0])


@pytest.mark.jit
@pytest.mark.parametrize("name", NAMES)
def test_arrays_move_their_cells_alike(answers, name):
    """The kernels: states of 4096 cells of a `Crossbar` after twenty up pulses from 0, in distribution.

    A train in which all lines fire in all of its twenty slots; G+ goes up.
    """
    _, _, response = case(name)
    device = Device(
        name="cell", title="cell", window=Window(g_min=50e-6, g_max=100e-6), response=response
    )  # far from zero conductance, where arrays have a bound that aihwkit has not
    array = Crossbar((64, 64), ArrayConfig(device), seed=1)
    coincidence = 2 * response.granularity * array.mapping.scale
    array.update(np.ones((1, 64), np.float32), np.ones((1, 64), np.float32), (LENGTH - 1e-5) * coincidence)
    assert array.events["update.slot"] == LENGTH
    ours, found = array.cells.state[:, 0], answers[name]["array"]["after"].ravel()
    plausible(stats.ks_2samp(ours, found).pvalue)
    implausible(stats.ks_2samp(ours + 0.3 * found.std(), found).pvalue)
    ours, found = array.cells.shown[:, 0], answers[name]["array"]["shown"].ravel()
    plausible(stats.ks_2samp(ours, found).pvalue)
