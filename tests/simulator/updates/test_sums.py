"""Pulses in sums: the mean, variance and normal of every cell against a twin; the law against pulses one by one."""

from typing import Any

import numpy as np
import pytest
from helpers.pulse_devices import with_law
from helpers.statistics import implausible, p_of_law, p_of_mean, p_of_variance, plausible
from scipy import stats
from twins.arrays import normals_at
from twins.sums import coincidences, law_of_state

from revpath.simulator import ArrayConfig, ArrayError, Crossbar
from revpath.simulator.compile import threads
from revpath.simulator.updates.outer_products import groups
from revpath.simulator.updates.sums import GROUP, GROUP_SLOTS

LAWS = ("constant-step", "soft-bounds")
SIDES = ("two-sided", "offset")
ONE_SUM = 1 << 31


def array_of(law, pulses="summed", shape=(5, 6), seed=1, mapping="two-sided", longest=31, **changes: Any) -> Crossbar:
    """Small steps, so that no bound is near: 1000 of them fit between the bounds."""
    changes = {"step": 0.002, "w_max_spread": 0.05, "w_min_spread": 0.05, **changes}
    device = with_law(law).replaced(**{f"response__{name}": value for name, value in changes.items()})
    config = ArrayConfig(device=device, mapping=mapping, pulses=pulses, longest_train=longest)
    return Crossbar(shape, config, seed=seed)


def batch_of(shape, batch, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (batch, shape[0])), rng.uniform(-1, 1, (batch, shape[1]))


def rate_of(array: Crossbar, slots: float) -> float:
    """At which the largest outer product takes so many slots."""
    return slots * array.cells.moving * array.device.response.step * array.mapping.scale


@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_sums_agree_with_their_twin(law, mapping):
    """Mean and variance pulse by pulse in double precision, and the normal at its address: the state, and what it shows."""
    array = array_of(law, mapping=mapping)
    moving, response = array.cells.moving, array.device.response
    key = [int(k) for k in array._pulse_streams.pulses.key]
    for call in range(2):
        x, d = batch_of(array.shape, 6, seed=call)
        rate, step = rate_of(array, 12), array._pulse_streams.pulses.step
        before = array.cells.state.reshape(5, 6, 2).copy()
        worn = array.cells.wear.reshape(5, 6, 2).copy()
        pulses = coincidences(array, x, d, rate)
        counts = np.array([[len(cell) for cell in row] for row in pulses])
        assert counts.sum() > 30, "dense enough to be summed"
        array.update(x, d, rate)
        traits = array.cells.traits.reshape(5, 6, 2, -1)
        for i, j in np.ndindex(5, 6):
            z = normals_at(i * 6 + j, ONE_SUM, step, key)
            for side in range(moving):
                signs = [sign * (1 - 2 * side) for _, sign in pulses[i][j]]
                numbers = before[i, j, side], traits[i, j, side, :4], signs, response.step_noise
                mean, sd = law_of_state(*numbers, soft=law == "soft-bounds")
                state = array.cells.state.reshape(5, 6, 2)[i, j, side]
                assert state == pytest.approx(mean + sd * z[side], rel=0, abs=1e-6)
                if signs:
                    shown = mean + sd * z[side] + response.write_noise * response.step * z[2 + side]
                    assert array.cells.shown.reshape(5, 6, 2)[i, j, side] == pytest.approx(shown, rel=0, abs=1e-6)
        np.testing.assert_array_equal(array.cells.wear.reshape(5, 6, 2)[..., 0] - worn[..., 0], counts)


@pytest.mark.jit
@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_without_noise_sums_are_the_pulses(law, mapping):
    """Same trains, same states to float32 rounding, and the same events, over several groups and at several densities."""
    x, d = batch_of((3, 66), 40)
    x[:, 1], d[:, 3] = 0, 0
    whole, single = (
        array_of(law, pulses, (3, 66), mapping=mapping, step_noise=0, write_noise=0)
        for pulses in ("summed", "stochastic")
    )
    for slots in (0.5, 4, 31):  # 40 x 31 slots are more than one group
        for array in (whole, single):
            array.update(x, d, rate_of(array, slots))
        np.testing.assert_allclose(whole.cells.state, single.cells.state, rtol=0, atol=1e-5)
        np.testing.assert_allclose(whole.cells.shown, single.cells.shown, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(whole.cells.wear, single.cells.wear)
        assert whole.events == single.events
    assert np.abs(single.cells.state[:, 0]).max() > 0.02


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.parametrize("pulses", ["summed", "stochastic"])
@pytest.mark.parametrize("law", LAWS)
def test_states_are_normal_either_way(law, pulses):
    """Whether drawn in a sum or pulse by pulse, states have the mean and the variance of the twin, and are normal.

    Trains are those of the seed, so each cell has its own law; 12 seeds x 60 cells x 2 sides.
    """
    z = []
    for seed in range(12):
        array = array_of(law, pulses, (6, 10), seed=seed)
        x, d = batch_of(array.shape, 5, seed=seed)
        found = coincidences(array, x, d, rate_of(array, 20))
        array.update(x, d, rate_of(array, 20))
        state, traits = array.cells.state.reshape(6, 10, 2), array.cells.traits.reshape(6, 10, 2, -1)
        for i, j in np.ndindex(6, 10):
            for side in range(2):
                signs = [sign * (1 - 2 * side) for _, sign in found[i][j]]
                numbers = 0.0, traits[i, j, side, :4], signs, array.device.response.step_noise
                mean, sd = law_of_state(*numbers, soft=law == "soft-bounds")
                if signs:
                    z.append((state[i, j, side] - mean) / sd)
    plausible(p_of_mean(z, 0, 1))
    plausible(p_of_variance(z, 1))
    plausible(p_of_law(z, stats.norm.cdf))
    implausible(p_of_variance(1.2 * np.asarray(z), 1))


@pytest.mark.parametrize("law", LAWS)
def test_cells_near_a_bound_take_their_pulses_one_by_one(law):
    """Bounds within reach of every cell: the bits of the update pulse by pulse, and many cells at a bound."""
    x, d = batch_of((5, 66), 4)
    x[:, 1] = 1
    steep: dict[str, Any] = {"step": 0.2} if law == "constant-step" else {"step": 0.4, "step_noise": 2.0}
    whole, single = (array_of(law, pulses, (5, 66), **steep) for pulses in ("summed", "stochastic"))
    for array in (whole, single):
        array.update(np.abs(x), np.abs(d), rate_of(array, 20))
    np.testing.assert_array_equal(whole.cells.state, single.cells.state)
    np.testing.assert_array_equal(whole.cells.shown, single.cells.shown)
    assert whole.events == single.events
    traits, state = single.cells.traits, single.cells.state
    assert np.mean((state == traits[..., 2]) | (state == traits[..., 3])) > 0.05


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.parametrize("mapping", SIDES)
@pytest.mark.parametrize("law", LAWS)
def test_bounds_do_not_change_the_law(law, mapping):
    """Cells that walk to and from a wall: states, shares at the wall, and wear, of sums and of single pulses, on 40,000 cells.

    Both have the same trains, so that each cell has the same law in both, and states differ less than two independent samples
    would: the false-alarm rate of either test is at most that of `plausible`.
    """
    changes: dict[str, Any] = dict.fromkeys(("w_max_spread", "step_spread", "asymmetry_spread"), 0)
    changes |= (
        {"step": 0.01, "w_max": 0.12, "asymmetry": 0} if law == "constant-step" else {"step": 0.04, "step_noise": 2}
    )
    x, d = batch_of((200, 200), 24, seed=3)
    x[::2], d[::2] = np.abs(x[::2]), np.abs(d[::2])  # half of the samples go up, and half either way
    states, at_wall, wear = [], [], []
    for pulses in ("summed", "stochastic"):
        array = array_of(law, pulses, (200, 200), mapping=mapping, **changes)
        for _ in range(2):
            array.update(x, d, rate_of(array, 8))
        state, traits = (values[:, 0].astype(float) for values in (array.cells.state, array.cells.traits))
        states.append(state)
        at_wall.append(np.mean(state == traits[:, 2]))
        wear.append(array.cells.wear)
    assert 0.01 < at_wall[1] < 0.9
    np.testing.assert_array_equal(*wear)
    assert np.mean(states[0] != states[1]) > 0.1, "sums were drawn, not pulses"
    plausible(stats.ks_2samp(*states).pvalue)
    plausible(p_of_mean([at_wall[0] - at_wall[1]], 0, np.sqrt(2 * at_wall[1] * (1 - at_wall[1]) / 40_000)))
    implausible(stats.ks_2samp(states[0] + 0.03, states[1]).pvalue)


@pytest.mark.parametrize("law", LAWS)
def test_few_coincidences_are_not_summed(law):
    """The bits of single pulses where a sum would take longer."""
    x, d = np.eye(20)[:4] * 0.5, np.eye(30)[5:9]
    whole, single = (array_of(law, pulses, (20, 30)) for pulses in ("summed", "stochastic"))
    for array in (whole, single):
        array.update(x, d, rate_of(array, 3))
    np.testing.assert_array_equal(whole.cells.state, single.cells.state)
    assert whole.events == single.events
    assert whole.events["pulse.up"] > 0


@pytest.mark.jit
@pytest.mark.parametrize("law", LAWS)
def test_sums_do_not_depend_on_threads(law):
    x, d = batch_of((90, 200), 40)
    outcomes = []
    for n in (1, 2):
        with threads(n):
            array = array_of(law, shape=(90, 200), step=0.01)
            array.update(x, d, rate_of(array, 20))
            outcomes.append((array.cells.state.copy(), array.cells.shown.copy(), array.events))
    np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])
    np.testing.assert_array_equal(outcomes[0][1], outcomes[1][1])
    assert outcomes[0][2] == outcomes[1][2]


@pytest.mark.parametrize("law", ["linear-step", "table-step", "soft-bounds-reference"])
def test_laws_without_a_sum_take_single_pulses(law):
    x, d = batch_of((4, 5), 3)
    whole, single = (
        Crossbar((4, 5), ArrayConfig(device=with_law(law), pulses=pulses)) for pulses in ("summed", "stochastic")
    )
    for array in (whole, single):
        array.update(x, d, rate_of(array, 9))
    np.testing.assert_array_equal(whole.cells.state, single.cells.state)


def test_trains_beyond_a_word_take_single_pulses():
    whole, single = (array_of("soft-bounds", pulses, longest=40) for pulses in ("summed", "stochastic"))
    for array in (whole, single):
        array.update(np.ones((2, 5)), np.ones((2, 6)), rate_of(array, 38))
    np.testing.assert_array_equal(whole.cells.state, single.cells.state)


@pytest.mark.parametrize(
    ("slots", "lengths"),
    [
        ([], []),
        ([0], [1]),
        ([31] * 40, [33, 7]),
        ([1] * (GROUP + 1), [GROUP, 1]),
        ([GROUP_SLOTS + 1, 1, GROUP_SLOTS, 5], [1, 1, 1, 1]),
        ([GROUP_SLOTS - 5, 5, 3], [2, 1]),
    ],
)
def test_groups(slots, lengths):
    cut = groups(np.array(slots, np.uint64))
    assert [part.stop - part.start for part in cut] == lengths
    assert [k for part in cut for k in range(part.start, part.stop)] == list(range(len(slots)))


def test_an_unknown_way_is_refused():
    with pytest.raises(ArrayError, match="pulses = 'all' must be one of 'stochastic', 'summed', 'mean-field'"):
        ArrayConfig(pulses="all")
