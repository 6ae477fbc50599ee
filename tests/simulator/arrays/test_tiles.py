"""A grid of tiles acts as one array: in value, in events, in noise, in errors."""

import pickle
from itertools import product

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, plausible, relative
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.arrays import quantise

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events, MappingError
from revpath.simulator.arrays.parts import AnalogArray
from revpath.simulator.arrays.tiles import TiledCrossbar
from revpath.simulator.compile import threads
from revpath.simulator.converters import readout as readout_module

RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))
sizes = st.integers(1, 12)


def noisy(relative=0.05, **config) -> ArrayConfig:
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=relative)})
    return ArrayConfig(device=device, **config)


def uniform(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def programmed(shape, config=None, **where) -> TiledCrossbar:
    array = TiledCrossbar(shape, config, **where)
    array.program(uniform(*shape, seed=7))
    return array


# -- value -----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(
    rows=sizes,
    columns=sizes,
    tile=st.tuples(sizes, sizes),
    batch=st.sampled_from([0, 1, 5]),
    side=st.sampled_from(["one-sided", "two-sided", "offset"]),
)
def test_any_shape_on_any_tile(rows, columns, tile, batch, side):
    """Products, contents and updates are those of the matrix, and every tile is at most as large as allowed."""
    config = ArrayConfig(weight_max=4.0, mapping=side)
    array, W = TiledCrossbar((rows, columns), config, tile=tile), uniform(rows, columns)
    array.program(W)
    x, d = uniform(batch, rows, seed=1), uniform(batch, columns, seed=2)
    for _ in range(2):
        assert array.forward(x).dtype == array.backward(d).dtype == np.float32
        np.testing.assert_allclose(array.read(), W, rtol=0, atol=2e-6)
        np.testing.assert_allclose(array.forward(x), x @ W, rtol=0, atol=2e-5)
        np.testing.assert_allclose(array.backward(d), d @ W.T, rtol=0, atol=2e-5)
        np.testing.assert_allclose(array.rmatmat(x.T), W.T @ x.T, rtol=0, atol=2e-5)
        np.testing.assert_allclose(array @ d.T, W @ d.T, rtol=0, atol=2e-5)
        array.update(x, d, 0.1)
        W = W + np.float32(0.1) * x.T @ d
    shapes = [[t.shape for t in row] for row in array.tiles]
    assert array.grid == (-(-rows // tile[0]), -(-columns // tile[1])) == (len(shapes), len(shapes[0]))
    assert sum(row[0][0] for row in shapes) == rows
    assert sum(t[1] for t in shapes[0]) == columns
    assert all(t[0] <= tile[0] and t[1] <= tile[1] for row in shapes for t in row)
    cells = sum(r * c for row in shapes for r, c in row)
    assert array.utilisation == relative(cells / (array.grid[0] * array.grid[1] * tile[0] * tile[1]))
    assert array.conductances().shape == (rows, columns, 2)


def test_filled_from_the_first_row_and_column():
    array = TiledCrossbar((7, 5), tile=(3, 4))
    assert [[t.shape for t in row] for row in array.tiles] == [[(3, 4), (3, 1)], [(3, 4), (3, 1)], [(1, 4), (1, 1)]]
    assert list(array.parts) == [t for row in array.tiles for t in row]
    assert array.utilisation == 35 / 72
    assert isinstance(array, AnalogArray)
    assert isinstance(array.tiles[0][0], AnalogArray)


@pytest.mark.parametrize("side", ["one-sided", "two-sided", "offset"])
def test_conductances_lie_where_the_weights_do(side):
    """Programming noise included: contents and both reads show the same cells in the same places."""
    device = load_device("pcm-nandakumar2019").model_copy(update={"read_noise": load_device("ideal").read_noise})
    array = programmed((7, 5), ArrayConfig(device=device, mapping=side), tile=(3, 2), seed=3)
    g, W = array.conductances(), array.read()
    np.testing.assert_allclose((g[..., 0] - g[..., 1]) * array.mapping.per_siemens, W, rtol=0, atol=1e-6)
    np.testing.assert_allclose(array.forward(np.eye(7)), W, rtol=0, atol=1e-6)
    if side != "offset":  # a transposed read does not see the reference cells
        np.testing.assert_allclose(array.backward(np.eye(5)), W.T, rtol=0, atol=1e-6)
    assert np.abs(W - uniform(7, 5, seed=7)).max() > 0.01


def test_twin_with_converters():
    """Written out: each partial sum is quantised on its own, saturates on its own, and the codes add up exactly."""
    config = ArrayConfig(dac=DAC(bits=4), adc=ADC(bits=6, y_max=1.0))
    array, x = programmed((7, 5), config, tile=(3, 2)), uniform(6, 7)
    W, seen, step = array.read().astype(float), quantise(x, 1.0, 4), 1.0 / 31
    exact = [seen[:, rows] @ W[rows] for rows in (slice(0, 3), slice(3, 6), slice(6, 7))]
    codes = sum(np.rint(quantise(part, 1.0, 6) / step) for part in exact)
    got = array.forward(x)
    assert np.abs(got / step - np.rint(got / step)).max() < 1e-4
    assert (np.rint(got / step) == codes).mean() > 0.9
    np.testing.assert_allclose(got, codes * step, rtol=0, atol=1.001 * step)  # a half step may fall on either side
    assert array.clipped == sum(np.sum(np.abs(part) > 1.0 + step / 2) for part in exact) > 0
    assert array.clipped == sum(t.clipped for t in array.parts)


def test_float32_sums_give_the_sum_of_the_codes():
    """16 tiles of a 12-bit converter: the sum in float32 is within its bound, R^2 L 2**-24 steps, of the codes' sum."""
    adc = ADC(bits=12, y_max=0.7)
    array = programmed((64, 9), ArrayConfig(adc=adc, weight_max=1.0), tile=(4, 9), seed=1)
    x = uniform(50, 64, seed=3)
    with array.aside():
        codes = sum(
            np.rint(tile.forward(x[:, 4 * i : 4 * i + 4]).astype(float) / adc.step).astype(int)
            for i, tile in enumerate(array.parts)
        )
    error = np.abs(array.forward(x).astype(float) / adc.step - codes)
    assert 0 < error.max() < 16**2 * adc.levels * 2**-24 < 0.5


@pytest.mark.parametrize("config", [RERAM, noisy(dac=DAC(bits=6), adc=ADC(bits=8, y_max=4.0, noise_lsb=1.0))])
def test_one_tile_is_a_plain_crossbar_to_the_bit(config):
    """Reads, updates, contents, events and what they return; also for a number that uses all 64 bits."""
    for number in (0, 3, 2**64 - 1):
        plain = Crossbar((6, 4), config, seed=5, array=number)
        tiled = TiledCrossbar((6, 4), config, tile=(6, 8), seed=5, array=number)
        np.testing.assert_array_equal(plain.program(uniform(6, 4)).achieved, tiled.program(uniform(6, 4)).achieved)
        for step in range(2):
            x, d = uniform(3, 6, seed=step), uniform(3, 4, seed=9 + step)
            np.testing.assert_array_equal(plain.forward(x), tiled.forward(x))
            np.testing.assert_array_equal(plain.backward(d), tiled.backward(d))
            plain.update(x, d, 0.3)
            tiled.update(x, d, 0.3)
            with plain.aside(), tiled.aside():
                np.testing.assert_array_equal(plain.forward(x), tiled.forward(x))
        np.testing.assert_array_equal(plain.conductances(), tiled.conductances())
        assert plain.events == tiled.events
        assert plain.clipped == tiled.clipped


def test_twin_is_the_tiles_themselves():
    """A grid does what its tiles do when each is made, programmed, pulsed and read on its own, number by number."""
    config, x, d = RERAM, uniform(4, 7), uniform(4, 5, seed=1)
    array = programmed((7, 5), config, tile=(3, 2), seed=5, array=2)
    array.update(x, d, 0.3)
    got, back = array.forward(x), array.backward(d)
    W, forward, backward, events = uniform(7, 5, seed=7), np.zeros((4, 5), "f4"), np.zeros((4, 7), "f4"), Events()
    for j, i in product(range(3), range(3)):
        rows, columns = slice(3 * i, min(3 * i + 3, 7)), slice(2 * j, min(2 * j + 2, 5))
        block = W[rows, columns]
        tile = Crossbar(block.shape, config, seed=5, array=2 + (i << 28) + (j << 42))
        tile.program(block)
        tile.update(x[:, rows], d[:, columns], 0.3)
        forward[:, columns] += tile.forward(x[:, rows])
        backward[:, rows] += tile.backward(d[:, columns])
        events += tile.events
    np.testing.assert_array_equal(got, forward)
    np.testing.assert_allclose(back, backward, rtol=0, atol=1e-6)  # added in the other order
    assert array.events == events + Events({"digital.add": 2 * 4 * 5 + 2 * 4 * 7})


# -- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [0, 1, 4])
def test_conversions_of_a_read_by_hand(batch):
    """3 x 2 tiles: an output has three conversions and two additions; an input is converted by two tiles."""
    array = TiledCrossbar((7, 5), ArrayConfig(adc=ADC(bits=8), dac=DAC(bits=8)), tile=(3, 3))
    x = np.where(np.abs(uniform(batch, 7)) < 0.1, 0, uniform(batch, 7))
    array.forward(x)
    done = array.events
    assert sum(done.matching("adc.conversion").values()) == batch * 3 * 5
    assert sum(done.matching("dac.conversion").values()) == done["line.drive"] == 2 * np.count_nonzero(x)
    assert done["digital.add"] == batch * 2 * 5
    assert done["array.read"] == batch * 6
    assert done["array.busy_s"] == relative(batch * 6 * 100e-9)
    array.backward(np.ones((batch, 5)))
    done = array.events - done
    assert sum(done.matching("adc.conversion").values()) == batch * 2 * 7
    assert done["line.drive"] == batch * 3 * 5
    assert done["digital.add"] == batch * 1 * 7


@settings(deadline=None, max_examples=20)
@given(rows=sizes, columns=sizes, tile=st.tuples(sizes, sizes))
def test_events_are_conserved(rows, columns, tile):
    """Whatever the tiling: the same cells are written, read and dissipate; conversions go by the number of tiles."""
    single, tiled = Crossbar((rows, columns)), TiledCrossbar((rows, columns), tile=tile)
    x = uniform(3, rows, seed=1)
    for array in (single, tiled):
        array.program(uniform(rows, columns))
        array.forward(x)
    a, b, (down, across) = single.events, tiled.events, tiled.grid
    assert b["cell.programmed"] == a["cell.programmed"] == 2 * rows * columns
    assert b["array.read_energy_J"] == pytest.approx(a["array.read_energy_J"], rel=1e-6, abs=0)
    assert b["line.drive"] == across * a["line.drive"]
    assert sum(b.matching("adc.conversion").values()) == down * sum(a.matching("adc.conversion").values())
    assert b["digital.add"] == (down - 1) * 3 * columns
    assert sum((t.events for t in tiled.parts), Events({"digital.add": b["digital.add"]})) == b


def test_pulses_are_planned_tile_by_tile():
    """Trains fit the largest inputs of a tile: a quiet tile takes fewer slots, a silent one none at all."""
    array = TiledCrossbar((6, 4), RERAM, tile=(2, 2), seed=1)
    x, d = np.zeros((1, 6)), np.full((1, 4), 0.5)
    x[0, :4] = 1.0, 0.5, 0.04, 0.02
    before = array.conductances()
    array.update(x, d, 0.1)
    slots = [[t.events["update.slot"] for t in row] for row in array.tiles]
    assert slots[0][0] == slots[0][1] > 3 * slots[1][0] > 0
    assert [t.events for t in array.tiles[2]] == [Events(), Events()]
    changed = np.any(array.conductances() != before, axis=(1, 2))
    assert changed[0]
    assert not changed[4:].any()
    assert array.events["update.slot"] == sum(map(sum, slots))


@pytest.mark.jit
def test_mean_of_pulsed_updates_is_the_outer_product():
    """From the balance point every coincidence moves a weight alike, whatever the length of the trains of its tile."""
    n, step, device = 60, 1e-5, load_device("reram-sb-gong2018")  # small steps: the bounds stay out of it
    off = ("step_spread", "asymmetry_spread", "w_max_spread", "w_min_spread", "step_noise", "write_noise")
    changed = {f"response__{name}": 0 for name in off} | {"response__step": step}
    config, rate = ArrayConfig(device=device.replaced(**changed)), 9.3 * step
    x, d = np.array([[1.0, 0.05, 0.5]]), np.repeat([[0.4, -1.0]], 64, axis=1)
    changes = np.empty((n, 3, 2))
    for seed in range(n):
        array = TiledCrossbar((3, 128), config, tile=(1, 64), seed=seed)
        array.update(x, d, rate)
        changes[seed] = array.read().reshape(3, 2, 64).mean(axis=2)
    assert len({t.events["update.slot"] for t in array.parts}) >= 4  # lengths differ
    wanted = rate * x.T @ d[:, [0, 64]]
    slots = np.ceil(np.abs(wanted) / step)
    p = np.sqrt(np.abs(wanted) / step / slots)  # of either line to fire; the word line is that of all 64 columns
    sd = step * np.sqrt(slots * (p**3 + p**2 * (1 - p) / 64 - p**4))
    plausible(p_of_mean(changes, wanted, sd))
    implausible(p_of_mean(changes, 1.2 * wanted, sd))


# -- ranges of converters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True])
def test_calibration_gives_all_tiles_the_largest_range(transposed):
    """Not counted, wide enough for the tile that needs most, and codes then add up without a multiplication."""
    config = ArrayConfig(adc=ADC(bits=8, range="calibrated"), transposed_adc=ADC(bits=8, range="calibrated"))
    array, x = programmed((7, 5), config, tile=(3, 2)), uniform(50, 5 if transposed else 7)
    before, W = array.events, array.read()
    found = array.calibrate(x, transposed=transposed, percentile=100)
    blocks = [(slice(i, i + 3), slice(j, j + 2)) for i in (0, 3, 6) for j in (0, 2, 4)]
    parts = [x[:, c] @ W[r, c].T if transposed else x[:, r] @ W[r, c] for r, c in blocks]
    assert found == relative(max(np.abs(part).max() for part in parts), rel=1e-6)
    assert array.events == before
    y = array.backward(x) if transposed else array.forward(x)
    assert array.clipped == 0
    tiles = 3
    np.testing.assert_allclose(y, x @ (W.T if transposed else W), rtol=0, atol=tiles * 0.51 * found / 127)
    assert array.events["digital.multiply"] == 0


def test_a_silent_tile_does_not_spoil_calibration():
    array = TiledCrossbar((4, 2), ArrayConfig(adc=ADC(bits=8, range="calibrated")), tile=(2, 2))
    with pytest.raises(ArrayError, match="outputs to calibrate on are 0"):
        array.calibrate(uniform(9, 4))
    W = np.zeros((4, 2))
    W[:2] = 0.5
    array.program(W)
    assert array.calibrate(np.ones((9, 4))) == relative(1.0)
    np.testing.assert_allclose(array.forward(np.ones((1, 4))), 1.0, rtol=1e-6)
    with pytest.raises(ArrayError, match="percentile = 0"):
        array.calibrate(np.ones((9, 4)), percentile=0)
    with pytest.raises(ArrayError, match=r"x_max = 1"):
        array.calibrate(np.full((9, 4), 2.0))


def test_codes_of_another_step_are_multiplied():
    """The last tile down is smaller, so its largest output is: one multiplication for each of its conversions."""
    array = programmed((5, 4), ArrayConfig(adc=ADC(bits=12, range="maximum")), tile=(2, 4))
    x = uniform(6, 5)
    np.testing.assert_allclose(array.forward(x), x @ array.read(), rtol=0, atol=3 * 0.51 * 2 / 2047)
    assert array.events["digital.add"] == 2 * 6 * 4
    assert array.events["digital.multiply"] == 6 * 4
    even = programmed((6, 4), ArrayConfig(adc=ADC(bits=12, range="maximum")), tile=(2, 4))
    even.forward(uniform(6, 6))
    assert even.events["digital.multiply"] == 0


# -- histories ---------------------------------------------------------------------------------------------------------


@pytest.mark.jit
def test_bits_do_not_depend_on_threads(monkeypatch):
    """Quantised reads and pulsed updates; the fan-out to threads is forced at this size."""
    monkeypatch.setattr(readout_module, "_PARALLEL_FROM", 1)
    shown = []
    for n in (1, 2) if threads_available() > 1 else (1, 1):
        with threads(n):
            array = programmed((30, 20), RERAM, tile=(16, 16), seed=5)
            array.update(uniform(3, 30), uniform(3, 20), 0.3)
            shown.append((array.forward(uniform(9, 30)), array.backward(uniform(9, 20)), array.read(), array.events))
    for a, b in zip(*shown, strict=True):
        assert a == b if isinstance(a, Events) else np.array_equal(a, b)


def threads_available() -> int:
    import numba

    return numba.config.NUMBA_NUM_THREADS


def test_pickles_with_its_history():
    array = programmed((7, 5), RERAM, tile=(3, 2), seed=5)
    array.forward(uniform(2, 7))
    other = pickle.loads(pickle.dumps(array))
    np.testing.assert_array_equal(array.forward(uniform(2, 7)), other.forward(uniform(2, 7)))
    assert array.events == other.events


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [(0, 3), (3, 0), (-1, 3), (2.0, 3), (3,), (1, 2, 3), 4, "ab", None, (True, 3)])
def test_bad_tiles_are_named(tile):
    with pytest.raises(ArrayError, match=r"tile = .* must be two positive integers \(rows, columns\)"):
        TiledCrossbar((7, 5), tile=tile)


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2.5, 3), (3, -1)])
def test_bad_shapes_are_named(shape):
    with pytest.raises(ArrayError, match=r"shape = .* must be two positive integers"):
        TiledCrossbar(shape, tile=(2, 2))


def test_other_bad_construction():
    with pytest.raises(ArrayError, match="config = 3 must be an ArrayConfig"):
        TiledCrossbar((7, 5), 3, tile=(2, 2))  # type: ignore[arg-type]
    with pytest.raises(ArrayError, match=r"row of a tile = 16384 must be from 0 to 16383"):
        TiledCrossbar((2**14 + 1, 1), tile=(1, 1))
    with pytest.raises(ArrayError, match=r"array = 268435456 must be"):
        TiledCrossbar((7, 5), tile=(2, 2), array=2**28)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.forward(np.zeros(7)), r"x has shape \(7,\)"),
        (lambda a: a.forward(np.zeros((1, 5))), r"x has shape \(1, 5\).*\(batch, 7\)"),
        (lambda a: a.backward(np.zeros((1, 7))), r"d has shape \(1, 7\).*\(batch, 5\)"),
        (lambda a: a.forward(np.array([[0, 0, 0, 0, 0, np.nan, 0]])), r"input \[0, 5\] = nan must be finite"),
        (lambda a: a.forward(np.array([[0, 0, 0, 0, 0, 2, 0]])), r"\(0, 5\).*x_max = 1"),
        (lambda a: a.backward(np.array([[0, 0, 0, 0, -3]])), r"reach 3 .*\(0, 4\)"),
        (lambda a: a.update(np.zeros((2, 7)), np.zeros((1, 5)), 1.0), "2 rows and d has 1"),
        (lambda a: a.update(np.zeros((1, 7)), np.full((1, 5), np.nan), 1.0), "d must be finite"),
        (lambda a: a.update(np.zeros((1, 7)), np.zeros((1, 5)), -1.0), r"rate = -1\.0"),
        (lambda a: a.update(np.ones((1, 7)), np.ones((1, 5)), 1e300), r"rate = 1e\+300 is too large"),
        (lambda a: a.update(np.zeros((1, 7)), np.zeros((1, 5)), "fast"), "rate = 'fast'"),
        (lambda a: a.program(np.zeros((5, 7))), r"weights has shape \(5, 7\)"),
        (lambda a: a.program(np.zeros((6, 5))), r"weights has shape \(6, 5\)"),
        (lambda a: a.program(np.full((7, 5), np.inf)), "weights must be finite"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(call, message):
    """Places in messages are those of the whole matrix, and no tile has done anything before the error."""
    array = programmed((7, 5), RERAM, tile=(3, 2))
    before, events = array.conductances(), array.events
    with pytest.raises(ArrayError, match=message):
        call(array)
    np.testing.assert_array_equal(array.conductances(), before)
    assert array.events == events


def test_weights_that_do_not_fit_change_no_tile():
    array = programmed((7, 5), RERAM, tile=(3, 2))
    before, W = array.read(), np.zeros((7, 5))
    W[6, 4] = W[6, 3] = 5.0
    with pytest.raises(MappingError, match=r"2 of 35 weights are beyond weight_max = 2"):
        array.program(W)
    np.testing.assert_array_equal(array.read(), before)


def test_a_device_that_cannot_learn_is_refused():
    array = TiledCrossbar((7, 5), ArrayConfig(device="pcm-nandakumar2019"), tile=(3, 2))
    with pytest.raises(ArrayError, match="pcm-nandakumar2019"):
        array.update(np.ones((1, 7)), np.ones((1, 5)), 0.1)


def test_counted_pulses_reach_the_tiles_they_are_for():
    array = TiledCrossbar((5, 7), ArrayConfig("reram-sb-gong2018"), tile=(3, 4), seed=2)
    before = array.read()
    counts = np.zeros((5, 7), int)
    counts[0, 0], counts[4, 6] = 40, -40
    array.pulse(counts)
    moved = array.read() - before
    np.testing.assert_array_equal(moved != 0, counts != 0)
    assert moved[0, 0] > 0 > moved[4, 6]
    assert array.events["pulse.up"] == 80
    with pytest.raises(ArrayError, match=r"counts has shape \(7, 5\); it must be \(5, 7\)"):
        array.pulse(counts.T)


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_programming_tiles_takes_little_memory(mapping):
    """Open loop, everything that NumPy holds at the peak: cells, weights and report, less than 120 bytes a weight."""
    import tracemalloc

    shape, config = (512, 512), ArrayConfig("reram-sb-gong2018", mapping=mapping)
    TiledCrossbar((4, 4), config, tile=(2, 2)).program(np.zeros((4, 4)))  # kernels take memory too
    tracemalloc.start()
    try:
        array = TiledCrossbar(shape, config, tile=(64, 64))
        report = array.program(np.full(shape, 0.25, np.float32))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120 * 512 * 512
    assert report.target.shape == (512, 1024 if mapping == "two-sided" else 512 + 8)
    assert report.writes.sum() == report.target.size == array.events["cell.programmed"]
