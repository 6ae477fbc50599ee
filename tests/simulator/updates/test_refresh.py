"""Pairs of cells that pulses only raise: each pulse against the law of the device, the refresh against a plain loop."""

import numpy as np
import pytest
from helpers.pulse_devices import LAWS, with_law
from helpers.statistics import relative
from twins.arrays import normals_at

from revpath.devices import load_device
from revpath.simulator import (
    ArrayConfig,
    ArrayError,
    Crossbar,
    Refresh,
    TiledCrossbar,
    WriteVerify,
    read_config,
    write_config,
)
from revpath.simulator.noise.streams import Stream
from revpath.simulator.rules.contract import weight_granularity

PCM = load_device("pcm-nandakumar2020")
NOISY = PCM.replaced(
    read_noise={"law": "constant", "relative": 0.01},
    programming={"law": "polynomial", "c0": 2e-7, "c1": 0.0, "c2": 0.0},
    name="pcm-noisy",
)


def rising(device=PCM, **options) -> ArrayConfig:
    return ArrayConfig(device, mapping="one-sided", pulse_directions="up", **options)


def by_hand(array: Crossbar, counts: np.ndarray) -> np.ndarray:
    """States (rows, columns, 2) after counted pulses, each an up pulse of G+ or of G-, by `PulsedResponse.pulse`."""
    rows, columns = array.shape
    response, cells = array.device.pulsed, array.cells.parameters()
    state = array.cells.state.astype(float).reshape(rows, columns, 2)
    stream = array._pulse_streams.pulses
    key = [int(k) for k in stream.key]
    for i in range(rows):
        for j in range(columns):
            side = 0 if counts[i, j] > 0 else 1
            here = type(cells)(**{name: a[i * columns + j, side] for name, a in vars(cells).items()})
            for k in range(abs(counts[i, j])):
                z = normals_at(i * columns + j, k, stream.step, key).astype(float)
                state[i, j, side] = response.pulse(state[i, j, side], True, z[side], here)
    return state


@pytest.mark.parametrize("law", [*LAWS, "pcm"])
def test_pulses_raise_one_cell_of_a_pair(law):
    array = Crossbar((3, 4), rising(PCM if law == "pcm" else with_law(law)), seed=4)
    rng = np.random.default_rng(1)
    for _ in range(2):
        counts = rng.integers(-5, 6, array.shape)
        before = array.cells.state.reshape(3, 4, 2).copy()
        state = by_hand(array, counts)
        array.pulse(counts)
        after = array.cells.state.reshape(state.shape)
        np.testing.assert_allclose(after, state, rtol=0, atol=2e-5 * np.abs(state - before).max())
        np.testing.assert_array_equal(after[..., 1][counts > 0], before[..., 1][counts > 0])
        np.testing.assert_array_equal(after[..., 0][counts < 0], before[..., 0][counts < 0])


def test_events_of_pulses_that_only_raise():
    """A pulse of a weight is one up pulse, whatever its sign; one pulse changes a weight by one step of one cell."""
    array = Crossbar((2, 3), rising(), seed=1)
    array.pulse(np.array([[2, -3, 0], [0, 1, -1]]))
    assert array.events["pulse.up"] == 7
    assert array.events["pulse.down"] == 0
    array.update(np.ones((4, 2)), np.array([[1.0, -1.0, 0.5]] * 4), rate=2.0)
    assert array.events["pulse.up"] > 7
    assert array.events["pulse.down"] == 0
    assert array.cells.wear.sum() == array.events["pulse.up"]
    pair = Crossbar((2, 3), ArrayConfig(PCM, mapping="one-sided"), seed=1)
    assert weight_granularity(pair) == 2 * weight_granularity(array)


def test_the_mean_field_raises_one_cell_of_a_pair():
    array = Crossbar((2, 2), rising(pulses="mean-field"), seed=2)
    before = array.cells.state.copy()
    x, d = np.array([[1.0, 0.5]]), np.array([[0.4, -0.4]])
    cells, response = array.cells.parameters(), array.device.pulsed
    amount = 0.02 * np.outer(x, d).reshape(-1, 1) * [1.0, -1.0] * response.step
    amount = np.maximum(amount / (response.granularity * array.mapping.scale), 0.0)
    array.update(x, d, rate=0.02)
    expected = response.flow(before.astype(float), amount, cells, stages=2)  # as many as a short way takes
    np.testing.assert_allclose(array.cells.state, expected, rtol=1e-6, atol=1e-9)


def plain_refresh(array: Crossbar, settings: Refresh) -> tuple[np.ndarray, np.ndarray]:
    """Where pairs (cells, 2) are after a refresh, siemens, and which were written: cell by cell, with the same noise."""
    g, window = array.cells.conductances().reshape(-1, 2), array.device.window
    reads = Stream(3, "refresh", 0).normals((*array.shape, 2)).reshape(-1, 2)
    chosen = []
    for pair in range(len(g)):
        seen = [g[pair, s] / window.g_max + 0.01 * reads[pair, s] for s in range(2)]
        if max(seen) > settings.upper and min(seen) > settings.lower:
            chosen.append((pair, seen[0] - seen[1]))
    errors = Stream(3, "program", 0).normals((len(chosen), 2))
    for (pair, difference), z in zip(chosen, errors, strict=True):
        targets = max(difference, 0.0) * window.g_max, max(-difference, 0.0) * window.g_max
        g[pair] = [max(target + 2e-7 * error, 0.0) for target, error in zip(targets, z, strict=True)]
    return g, np.array([pair for pair, _ in chosen])


def filled(config: ArrayConfig) -> Crossbar:
    array = Crossbar((5, 6), config, seed=3)
    array.cells.hold(np.random.default_rng(8).uniform(0.0, 2.0, array.cells.state.shape))
    return array


def test_a_refresh_is_the_plain_loop_and_is_counted():
    settings = Refresh(every=1, upper=0.7, lower=0.2)
    array = filled(rising(NOISY, refresh=settings))
    rest = array.cells.conductances().sum()
    expected, chosen = plain_refresh(array, settings)
    bounded = np.minimum(expected, array.mapping.conductances(array.cells.traits[..., 2]))  # at most the bound of each
    wear = array.cells.wear.copy()
    array.update(np.zeros((1, 5)), np.zeros((1, 6)), rate=0.1)
    assert 5 < len(chosen) < 25
    assert array.refreshed == len(chosen)
    np.testing.assert_allclose(array.cells.conductances().reshape(-1, 2), bounded, rtol=1e-6, atol=1e-12)
    events = array.events
    assert events["cell.verify_read"] == 60
    assert events["cell.programmed"] == 2 * len(chosen)
    assert events["array.verify_energy_J"] == relative(rest * 0.2**2 * 100e-9)
    assert events["array.busy_s"] == relative(5 * 100e-9)
    wear[chosen] += 1
    np.testing.assert_array_equal(array.cells.wear, wear)


def test_a_refresh_keeps_weights_and_empties_cells():
    """Without noise the difference is what it was, to float32; with write-verify, to its tolerance, and its pulses count."""
    exact = filled(rising(refresh=Refresh(every=1)))
    exact.cells.hold(np.minimum(exact.cells.state, 1.9))
    before = exact.read()
    exact.pulse(np.zeros((5, 6), int))
    np.testing.assert_allclose(exact.read(), before, atol=1e-6)
    assert exact.cells.state.min(axis=1).max() < 1.5
    assert exact.events["array.noiseless_read"] == 60  # the device has no read noise: nobody can pay for such a read
    scheme = WriteVerify(tolerance=0.05, max_pulses=300)
    verified = filled(rising(NOISY.replaced(programming={"law": "none"}), refresh=Refresh(every=1, scheme=scheme)))
    verified.cells.hold(np.minimum(verified.cells.state, 1.6))
    before = verified.read()
    verified.pulse(np.zeros((5, 6), int))
    assert verified.refreshed > 3
    assert verified.events["cell.programmed"] == 0
    assert verified.events["pulse.down"] > 0
    # two cells, each off by at most the tolerance and by five standard deviations of what it was read with, twice
    assert np.abs(verified.read() - before).max() < 2 * 0.05 + 4 * 5 * 0.01


@pytest.mark.parametrize("every", [1, 3, 4])
def test_a_refresh_does_not_depend_on_how_updates_are_cut(every):
    rng = np.random.default_rng(2)
    x, d = rng.normal(size=(12, 5)), rng.normal(size=(12, 6))
    arrays = [filled(rising(NOISY, refresh=Refresh(every=every))) for _ in range(3)]
    for array, cuts in zip(arrays, ([12], [5, 12], range(1, 13)), strict=True):
        start = 0
        for stop in cuts:
            array.update(x[start:stop], d[start:stop], rate=0.05)
            start = stop
    for array in arrays[1:]:
        np.testing.assert_array_equal(array.cells.state, arrays[0].cells.state)
        assert array.refreshed == arrays[0].refreshed > 0
        assert array.events["cell.programmed"] == arrays[0].events["cell.programmed"]


def trained(config: ArrayConfig) -> float:
    """Error (rms) of a linear student of weights of rms 0.2, whose teacher turns round every 100 of 1000 samples: at the end of
    the last four turns."""
    rng = np.random.default_rng(5)
    teacher = rng.normal(0.0, 0.2, (6, 4)).clip(-0.5, 0.5)
    array = TiledCrossbar((6, 4), config, tile=(3, 4), seed=7)
    errors = []
    for step in range(1000):
        x = rng.normal(size=(1, 6))
        wanted = teacher if step // 100 % 2 else -teacher
        array.update(x, x @ (wanted - array.read()), rate=0.02)
        if step >= 600 and step % 100 >= 90:
            errors.append(array.read() - wanted)
    return float(np.sqrt(np.mean(np.square(errors))))


@pytest.mark.slow
def test_uni_directional_memory_learns_with_refresh_and_stalls_without():
    """Cells fill up: without refresh the student ends no better than weights of zero (0.2); with it, well below that."""
    device = NOISY.replaced(response__step=0.001, programming={"law": "none"})
    assert trained(rising(device)) > 0.25
    assert trained(rising(device, refresh=Refresh(every=10, upper=0.2, lower=0.05))) < 0.14


def test_configurations_that_cannot_be():
    with pytest.raises(ArrayError, match="mapping = 'two-sided' must be 'one-sided' where pulse_directions is 'up'"):
        ArrayConfig(PCM, pulse_directions="up")
    with pytest.raises(ArrayError, match="pulse_directions = 'both' must be 'up'"):
        ArrayConfig(PCM, mapping="one-sided", refresh=Refresh())
    with pytest.raises(ArrayError, match="pulse_directions = 'down' must be one of 'both', 'up'"):
        ArrayConfig(PCM, mapping="one-sided", pulse_directions="down")
    with pytest.raises(ArrayError, match="refresh = 5 must be a Refresh or None"):
        ArrayConfig(PCM, mapping="one-sided", pulse_directions="up", refresh=5)
    with pytest.raises(ArrayError, match="every"):
        Refresh(every=0)
    telegraph = PCM.replaced(read_noise={"law": "telegraph", "amplitude": 0.1, "switching_time": 1e-3})
    array = Crossbar((2, 2), rising(telegraph, refresh=Refresh(every=1)))
    with pytest.raises(ArrayError, match="not normal"):
        array.pulse(np.ones((2, 2), int))


def test_refresh_is_kept_in_files(tmp_path):
    config = rising(refresh=Refresh(every=7, scheme=WriteVerify(tolerance=0.1)))
    write_config(config, tmp_path / "array.toml")
    assert read_config(tmp_path / "array.toml") == config
