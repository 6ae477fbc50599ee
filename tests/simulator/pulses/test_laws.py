"""Stochastic updates of every pulse law against the NumPy law of the device; cells as drawn; the mean field."""

import numpy as np
import pytest
from helpers.lanes import representatives
from helpers.pulse_devices import LAWS, response_of, with_law
from twins.arrays import normals_at
from twins.sums import coincidences

from revpath.devices import load_device
from revpath.devices.response import SoftBoundsReference
from revpath.devices.response.pulsed import PulsedResponse
from revpath.simulator import ArrayConfig, Crossbar, Events
from revpath.simulator.noise.streams import Stream

SIDES = ("two-sided", "offset")
COARSE = 0.02


def twin(array: Crossbar, x, d, rate) -> np.ndarray:
    """States (rows, columns, 2) after an update, every coincidence by `PulsedResponse.pulse` in double precision."""
    rows, columns = array.shape
    response, cells = array.device.response, array.cells.parameters()
    state = array.cells.state.astype(float).reshape(rows, columns, 2)
    step, key = array._pulse_streams.pulses.step, [int(k) for k in array._pulse_streams.pulses.key]
    found = coincidences(array, x, d, rate)
    for i, j in np.ndindex(rows, columns):
        seen: dict[int, int] = {}
        for sample, sign in found[i][j]:
            k = seen.get(sample, 0)
            seen[sample] = k + 1
            z = normals_at(i * columns + j, k, step + sample, key).astype(float)
            for side in range(array.cells.moving):
                here = type(cells)(**{name: a[i * columns + j, side] for name, a in vars(cells).items()})
                state[i, j, side] = response.pulse(state[i, j, side], (sign > 0) == (side == 0), z[side], here)
    return state


@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_updates_follow_the_law_of_the_device(law, mapping):
    array = Crossbar((3, 4), ArrayConfig(device=with_law(law), mapping=mapping, pulses="stochastic"), seed=4)
    rng = np.random.default_rng(2)
    x, d = rng.uniform(-1, 1, (3, 3)), rng.uniform(-1, 1, (3, 4))
    rate = 9 * array.cells.moving * array.device.response.granularity * array.mapping.scale
    before = array.cells.state.reshape(3, 4, 2).copy()
    state = twin(array, x, d, rate)
    array.update(x, d, rate)
    moved = np.abs(state - before).max()
    assert moved > array.device.response.step
    np.testing.assert_allclose(array.cells.state.reshape(3, 4, 2), state, rtol=0, atol=2e-5 * moved)
    assert array.events["pulse.up"] > 0
    if mapping == "offset":
        np.testing.assert_array_equal(array.cells.state.reshape(3, 4, 2)[..., 1], before[..., 1])


@pytest.mark.parametrize("law", LAWS)
def test_cells_are_those_that_the_device_draws(law):
    """The numbers of the kernels are `draw_cell_parameters` of the stream, with lower bounds moved up to zero conductance."""
    array = Crossbar((6, 5), ArrayConfig(device=with_law(law)), seed=3)
    response, cells = array.device.response, array.cells
    drawn = response.draw_cell_parameters(Stream(3, "device-to-device", 0).normals((30, 2, response.draws)))
    got = cells.parameters()
    for name, values in vars(drawn).items():
        if name != "b_min":
            np.testing.assert_allclose(vars(got)[name], values, rtol=3e-6, atol=1e-9)
    offset = getattr(drawn, "reference", 0.0)
    np.testing.assert_allclose(got.b_min, np.maximum(drawn.b_min, array.mapping.floor + offset), rtol=1e-6, atol=1e-7)
    for k, name in enumerate(("s_up", "s_down")):
        np.testing.assert_allclose(cells.traits[..., k], vars(got)[name], rtol=1e-6)
    np.testing.assert_allclose(cells.traits[..., 2], got.b_max - offset, rtol=0, atol=1e-6)
    np.testing.assert_allclose(cells.traits[..., 3], got.b_min - offset, rtol=0, atol=1e-6)
    assert len(np.unique(cells.traits[..., 0])) == 60


@pytest.mark.parametrize("law", LAWS)
def test_a_word_line_shares_its_reference(law):
    cells = Crossbar((4, 5), ArrayConfig(device=with_law(law), mapping="offset"), seed=3).cells
    for values in (cells.traits, *vars(cells.parameters()).values()):
        reference = np.asarray(values).reshape(4, 5, 2, -1)[:, :, 1]
        np.testing.assert_array_equal(reference, np.broadcast_to(reference[:, :1], reference.shape))


def test_cells_of_bounds_that_were_drawn_crossed():
    """As the device has it: exchanged, and then one positive and one negative."""
    device = load_device("reram-sb-gong2018").replaced(response__w_max_spread=3.0, response__w_min_spread=3.0)
    cells = Crossbar((30, 30), ArrayConfig(device=device, pulses="stochastic"), seed=1).cells
    assert cells.traits[..., 2].min() >= 0 >= cells.traits[..., 3].max()


def test_granularity_sets_the_length_of_trains():
    """A power law whose steps at the middle are a third of `step`: three times as many slots as of constant steps."""
    slots = []
    for law in ("constant-step", "power-step"):
        array = Crossbar((2, 2), ArrayConfig(device=with_law(law)))
        array.update([[1, 1]], [[1, 1]], 8 * 2 * array.device.response.step * array.mapping.scale)
        slots.append(array.events["update.slot"])
    assert slots == [8, int(np.ceil(8 * 2**1.5))]


# -- mean field ------------------------------------------------------------------------------------------------------


def in_the_mean(law, shape=(4, 3), mapping="two-sided", *, spreads=True) -> Crossbar:
    config = ArrayConfig(device=with_law(law, spreads=spreads), mapping=mapping, pulses="mean-field")
    return Crossbar(shape, config, seed=2)


@pytest.mark.parametrize("mapping", SIDES)
def test_constant_steps_take_the_exact_change_in_the_mean(mapping):
    array = in_the_mean("constant-step", mapping=mapping, spreads=False)
    rng = np.random.default_rng(0)
    W = np.zeros(array.shape)
    for _ in range(20):
        x, d = rng.uniform(-1, 1, (3, 4)), rng.uniform(-1, 1, (3, 3))
        array.update(x, d, 0.013)
        W += 0.013 * x.T @ d
    np.testing.assert_allclose(array.read(), W, rtol=0, atol=1e-5)
    assert array.events == Events({"ideal.update": 60})


@pytest.mark.parametrize("mapping", representatives(SIDES, quick=["two-sided"]))
@pytest.mark.parametrize("law", LAWS)
def test_the_mean_field_is_the_flow_of_the_law(law, mapping):
    """Sample after sample, every cell with its own parameters."""
    array = in_the_mean(law, mapping=mapping)
    response, cells = array.device.response, array.cells.parameters()
    x, d = (np.random.default_rng(1).uniform(-1, 1, (2, n)) for n in array.shape)
    state = array.cells.state.astype(float)
    scale = response.step / (array.cells.moving * response.granularity * array.mapping.scale)
    for x_row, d_row in zip(x, d, strict=True):
        amount = 0.4 * scale * np.outer(x_row, d_row).reshape(-1, 1) * np.array([1, -1])
        if mapping == "offset":
            amount[:, 1] = 0
        state = response.flow(state, amount, cells, stages=500)
    before = array.cells.state.copy()
    array.update(x, d, 0.4)
    np.testing.assert_allclose(array.cells.state, state, rtol=0, atol=3e-4)
    assert np.abs(array.cells.state - before).max() > 0.02
    np.testing.assert_array_equal(array.cells.shown, array.cells.state)  # no write noise


@pytest.mark.parametrize("law", ["soft-bounds", "exponential-step"])
def test_small_steps_approach_the_mean_field(law):
    """25 sure pulses of a hundredth of the step and no noise come as far as the mean field, to half of such a step."""
    response = response_of(law, spreads=False, noise=False).model_copy(update={"step": 2e-4})
    device = with_law(law).model_copy(update={"response": response})
    arrays = [Crossbar((1, 1), ArrayConfig(device=device, pulses=pulses)) for pulses in ("stochastic", "mean-field")]
    for array in arrays:
        rate = 25 * 2 * response.granularity * array.mapping.scale
        for _ in range(20):
            array.update([[1]], [[1]], rate)
    np.testing.assert_allclose(arrays[0].cells.state, arrays[1].cells.state, rtol=0, atol=1e-4)
    assert arrays[0].events["pulse.up"] == 500


def moved(response: PulsedResponse, mapping: str, pulses: str) -> np.ndarray:
    """Where cells go by 80 outer products, the same for every step: coarse ones make at most one pulse of one."""
    device = with_law("soft-bounds").model_copy(update={"response": response})
    array = Crossbar((12, 10), ArrayConfig(device=device, mapping=mapping, pulses=pulses), seed=3)
    start = array.cells.state.astype(float)
    rng = np.random.default_rng(8)
    rate = array.cells.moving * response.granularity * array.mapping.scale * (COARSE / response.step)
    for _ in range(80):
        array.update(rng.uniform(0, 1, (1, 12)), rng.uniform(-0.4, 0.8, (1, 10)), rate)
    return array.cells.state - start


def distances(law: str, mapping: str, **fixed) -> tuple[float, list[float]]:
    """Of the mean field: how far it goes, and the distances to it of pulses with steps that are quartered twice; rms."""
    away, limits = [], []
    for step in (COARSE, COARSE / 4, COARSE / 16):
        shrunk = {name: getattr(response_of(law), name, None) for name in ("noise_floor", "noise_slope")}
        update = {name: value * step / COARSE for name, value in shrunk.items() if value is not None} | fixed
        response = response_of(law).model_copy(update=update | {"step": step, "write_noise": 0.0})
        limits.append(moved(response, mapping, "mean-field"))
        away.append(rms(moved(response, mapping, "stochastic") - limits[-1]))
    np.testing.assert_allclose(limits[1], limits[0], atol=2e-4)  # of which the step is no part
    return rms(limits[0]), away


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.jit
def test_a_floor_of_noise_has_no_mean_field():
    """Noise that a pulse has however small its step is grows with their number: it must be made smaller with the step."""
    floor = response_of("exponential-step-floor").noise_floor  # type: ignore[attr-defined]
    assert floor > 0
    _, away = distances("exponential-step-floor", "two-sided", noise_floor=floor)
    assert away[2] > away[1]


def test_stuck_cells_stay_in_the_mean_field():
    config = ArrayConfig(device=with_law("linear-step", stuck_off=0.5), pulses="mean-field")
    array = Crossbar((6, 5), config, seed=1)
    held = ~np.isnan(array.cells.stuck)
    array.update(np.ones((1, 6)), np.ones((1, 5)), 0.3)
    np.testing.assert_array_equal(array.cells.state[held], array.cells.stuck[held])
    assert np.all(array.cells.state[~held] != 0)


def test_a_reference_is_part_of_the_law():
    """With the reference at the symmetry point, w = 0 is where up and down balance, whatever the asymmetry of a cell.

    Bounds are far from zero conductance, which would move them, and the reference with them.
    """
    response = SoftBoundsReference(step=0.01, w_min=-0.8, w_max=1.2, step_spread=0.3, asymmetry_spread=0.2)
    device = with_law("soft-bounds").model_copy(update={"response": response})
    array = Crossbar((6, 5), ArrayConfig(device=device, pulses="stochastic"), seed=1)
    assert np.ptp(array.cells.parameters().reference) > 0.3
    array.program(np.full((6, 5), 0.2))
    rest = np.median(np.abs(array.cells.state))
    for sign in (1, -1) * 400:
        array.pulse(np.full((6, 5), sign))
    assert np.median(np.abs(array.cells.state)) < 0.01 < rest
