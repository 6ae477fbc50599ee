"""Counted pulses on every law of a pulsed cell: against the NumPy law of the device, pulse by pulse; events by hand."""

import numpy as np
import pytest
from helpers.pulse_devices import LAWS, with_law
from helpers.statistics import p_of_mean, p_of_variance, plausible, relative
from twins.arrays import normals_at

from revpath.devices import load_device
from revpath.simulator import ArrayConfig, ArrayError, Crossbar, EnduranceWarning, Events
from revpath.simulator.compile import threads

SIDES = ("two-sided", "offset")


def twin(array: Crossbar, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """State and shown (rows, columns, 2) after counted pulses, one cell and pulse at a time, by `PulsedResponse.pulse`."""
    rows, columns = array.shape
    response, cells = array.device.response, array.cells.parameters()
    state, shown = (a.astype(float).reshape(rows, columns, 2) for a in (array.cells.state, array.cells.shown))
    stream = array._pulse_streams.pulses
    key = [int(k) for k in stream.key]
    for i in range(rows):
        for j in range(columns):
            for k in range(abs(counts[i, j])):
                z = normals_at(i * columns + j, k, stream.step, key).astype(float)
                for side in range(array.cells.moving):
                    here = type(cells)(**{name: a[i * columns + j, side] for name, a in vars(cells).items()})
                    rises = (counts[i, j] > 0) == (side == 0)
                    state[i, j, side] = response.pulse(state[i, j, side], rises, z[side], here)
                    seen = response.shown(state[i, j, side], z[2 + side])
                    shown[i, j, side] = max(float(seen), array.mapping.floor)
    return state, shown


@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_counted_pulses_are_those_of_the_device(law, mapping):
    """Same normals, same states, to float32 rounding of some ten steps; spreads, noises and bounds are on."""
    array = Crossbar((3, 4), ArrayConfig(device=with_law(law), mapping=mapping), seed=4)
    rng = np.random.default_rng(1)
    for _ in range(2):
        counts = rng.integers(-9, 10, array.shape)
        counts[0, 0], counts[1, 1] = 0, 12
        state, shown = twin(array, counts)
        moved = np.abs(state - array.cells.state.reshape(state.shape)).max()
        array.pulse(counts)
        got = array.cells.state.reshape(state.shape)
        np.testing.assert_allclose(got, state, rtol=0, atol=2e-5 * moved)
        np.testing.assert_allclose(array.cells.shown.reshape(state.shape), shown, rtol=0, atol=2e-5 * moved)


@pytest.mark.parametrize("law", LAWS)
def test_cells_stay_inside_their_bounds(law):
    """120 pulses up, as many down: every cell meets its bounds, or is slowed down by the law before."""
    array = Crossbar((4, 5), ArrayConfig(device=with_law(law)), seed=5)
    traits = array.cells.traits
    assert np.all(traits[..., 3] <= traits[..., 2])
    assert traits[..., 3].min() >= np.float32(array.mapping.floor)
    touched = 0
    for sign in (1, -1):
        array.pulse(np.full(array.shape, 120 * sign))
        state = array.cells.state
        assert np.isfinite(array.cells.shown).all()
        assert np.all((traits[..., 3] <= state) & (state <= traits[..., 2]))
        touched += np.count_nonzero((state == traits[..., 3]) | (state == traits[..., 2]))
        assert array.conductances().min() >= -1e-12
        assert np.mean(array.read()) * sign > 0.2
    assert touched > 0 or law in ("soft-bounds-reference-multiplicative", "exponential-step", "power-step")


def test_events_by_hand():
    """Row 0: three slots, on the bit lines 2 + 3 pulses; row 1 none; row 2: one slot and one pulse."""
    device = load_device("reram-sb-gong2018")
    for mapping, pulses in (("two-sided", (6, 6)), ("offset", (3, 3))):
        array = Crossbar((3, 2), ArrayConfig(device=device, mapping=mapping))
        array.pulse(np.array([[2, -3], [0, 0], [1, 0]]))
        assert array.events == Events(
            {"update.slot": 4, "line.pulse": 4 + 6, "pulse.up": pulses[0], "pulse.down": pulses[1]},
            {"array.busy_s": 4 * device.pulse.duration},
        )
        assert array.cells.wear.reshape(3, 2, 2)[..., 0].tolist() == [[2, 3], [0, 0], [1, 0]]
        assert array.cells.wear.sum() == sum(pulses)


def test_no_pulse_is_no_event():
    array = Crossbar((3, 2), ArrayConfig(device="reram-sb-gong2018"), seed=1)
    array.pulse(np.zeros((3, 2), int))
    assert not array.events
    assert not array.read().any()


def test_a_pulse_of_unknown_duration_is_flagged():
    device = load_device("reram-sb-gong2018")
    device = device.model_copy(update={"pulse": device.pulse.model_copy(update={"duration": None})})
    array = Crossbar((2, 2), ArrayConfig(device=device))
    array.pulse(np.array([[2, 0], [0, 5]]))
    assert array.events["update.slot_of_unknown_duration"] == array.events["update.slot"] == 7
    assert "array.busy_s" not in array.events


@pytest.mark.jit
def test_counted_pulses_do_not_depend_on_threads():
    counts = np.random.default_rng(0).integers(-20, 20, (90, 70))
    outcomes = []
    for n in (1, 2):
        with threads(n):
            array = Crossbar((90, 70), ArrayConfig(device="reram-sb-gong2018"), seed=1)
            array.pulse(counts)
            outcomes.append((array.cells.state.copy(), array.cells.shown.copy()))
    np.testing.assert_array_equal(outcomes[0], outcomes[1])


@pytest.mark.jit
def test_moments_of_counted_pulses():
    """n constant steps with multiplicative noise c move a cell by n s, with a variance of n (c s)^2."""
    device = with_law("constant-step", spreads=False)
    array = Crossbar((80, 80), ArrayConfig(device=device), seed=2)
    array.pulse(np.full((80, 80), 5))
    s, c = device.response.step, device.response.step_noise
    for moved in (array.cells.state[:, 0].astype(float), -array.cells.state[:, 1].astype(float)):
        plausible(p_of_mean(moved / s, 5, np.sqrt(5) * c))
        plausible(p_of_variance(moved / s, 5 * c**2))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (np.zeros((2, 3), int), r"counts has shape \(2, 3\); it must be \(3, 2\)"),
        (np.zeros((3, 2)), "counts is of float64"),
        (np.full((3, 2), 2**31), "up to 2147483648 pulses"),
    ],
)
def test_counts_that_cannot_be(counts, said):
    array = Crossbar((3, 2), ArrayConfig(device="reram-sb-gong2018"))
    with pytest.raises(ArrayError, match=said):
        array.pulse(counts)
    assert not array.events


@pytest.mark.parametrize(("device", "said"), [("ideal", "is ideal"), ("pcm-nandakumar2019", "no known pulse response")])
def test_cells_that_no_pulse_moves(device, said):
    array = Crossbar((3, 2), ArrayConfig(device=device))
    with pytest.raises(ArrayError, match=said):
        array.pulse(np.ones((3, 2), int))
    with pytest.raises(ArrayError, match="no pulse moves it"):
        array.cells.parameters()


# -- wear ------------------------------------------------------------------------------------------------------------


def enduring(cycles: float | None, on_worn="warn") -> Crossbar:
    """Cells of 100 states: so many cycles are 200 pulses each."""
    device = with_law("soft-bounds")
    endurance = type(device.endurance)(cycles=cycles)
    config = ArrayConfig(device=device.model_copy(update={"endurance": endurance}), on_worn=on_worn)
    return Crossbar((3, 2), config, seed=1)


def test_worn_cells_are_said_once():
    array = enduring(2)
    counts = np.zeros((3, 2), int)
    counts[0, 0], counts[1, 1] = 399, -401
    array.pulse(np.ones((3, 2), int))
    with pytest.warns(
        EnduranceWarning, match=r"2 cells have taken more than the 400 pulses of 2 cycles .* most is 402"
    ):
        array.pulse(counts)
    array.pulse(counts)  # warnings are errors here: no second one
    assert array.cells.wear.max() == 803


def test_trains_wear_cells_too():
    array = enduring(2, "error")
    ones = np.ones((40, 3)), np.ones((40, 2))
    rate = 10 * 2 * array.device.response.step * array.mapping.scale
    array.update(*ones, rate)
    assert array.cells.wear.tolist() == [[400, 400]] * 6  # every line fires in every slot
    with pytest.raises(ArrayError, match="12 cells have taken more than the 400 pulses"):
        array.update(ones[0][:1], ones[1][:1], rate)
    assert array.cells.wear.max() == 410


@pytest.mark.parametrize(("cycles", "on_worn"), [(None, "error"), (0.01, "ignore")])
def test_no_endurance_no_word(cycles, on_worn):
    array = enduring(cycles, on_worn)
    array.pulse(np.full((3, 2), 50))
    assert array.cells.wear.max() == 50


# -- cells that are stuck --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_stuck_cells_never_move(law, mapping):
    device = with_law(law, stuck_on=0.2, stuck_off=0.1, stuck_between=0.3, stuck_range=0.1)
    array = Crossbar((12, 10), ArrayConfig(device=device, mapping=mapping), seed=3)
    stuck = array.cells.stuck
    assert stuck is not None
    held = ~np.isnan(stuck)
    before = array.cells.state.copy()
    np.testing.assert_array_equal(before[held], stuck[held])
    on, off = array.mapping.w_max, array.mapping.w_min
    assert set(np.unique(np.sign(stuck[held & (stuck != on) & (stuck != off)]))) <= {-1, 0, 1}
    array.pulse(np.full(array.shape, 7))
    array.pulse(np.full(array.shape, -4))
    array.update(np.ones((2, 12)), np.ones((2, 10)), 0.01)
    np.testing.assert_array_equal(array.cells.state[held], stuck[held])
    free = ~held[:, 0]
    assert np.mean(array.cells.state[free, 0] != before[free, 0]) > 0.95
    array.program(np.zeros(array.shape))
    np.testing.assert_array_equal(array.cells.state[held], stuck[held])


def test_shares_of_stuck_cells():
    device = with_law("soft-bounds", stuck_on=0.2, stuck_off=0.1, stuck_between=0.3, stuck_range=0.1)
    array = Crossbar((60, 60), ArrayConfig(device=device), seed=3)
    stuck = array.cells.stuck.ravel().astype(float)
    between = (np.abs(stuck) <= 0.1).astype(float)
    for seen, share in (
        (stuck == np.float32(array.mapping.w_max), 0.2),
        (stuck == np.float32(array.mapping.w_min), 0.1),
        (between, 0.3),
        (np.isnan(stuck), 0.4),
    ):
        plausible(p_of_mean(seen.astype(float), share, np.sqrt(share * (1 - share))))
    places = stuck[between > 0]
    plausible(p_of_mean(places, 0, 0.1 / np.sqrt(3)))
    plausible(p_of_variance(places, 0.1**2 / 3, 1.8))
    assert Crossbar((3, 3), ArrayConfig(device=with_law("soft-bounds"))).cells.stuck is None


def test_cells_that_are_not_pulsed_can_be_stuck_too():
    device = load_device("pcm-nandakumar2019")
    device = device.model_copy(update={"yields": type(device.yields)(stuck_on=0.5)})
    array = Crossbar((20, 20), ArrayConfig(device=device), seed=1)
    array.program(np.zeros((20, 20)))
    g = array.conductances().reshape(-1, 2)
    held = ~np.isnan(array.cells.stuck)
    assert 0.4 < held.mean() < 0.6
    assert g[held] == relative(np.full(held.sum(), device.window.g_max))
    assert g[~held].max() < 0.9 * device.window.g_max
