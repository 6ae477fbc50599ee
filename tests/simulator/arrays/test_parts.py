"""Parts of a matrix have noise of their own, take steps aside together, and are numbered without collisions."""

from itertools import product

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_mean, p_of_variance, plausible

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.arrays.parts import part_number
from revpath.simulator.arrays.tiles import TiledCrossbar
from revpath.simulator.arrays.weight_slices import SlicedCrossbar
from revpath.simulator.programming.write_verify import WriteVerify

RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))


def noisy(relative=0.05, **config) -> ArrayConfig:
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=relative)})
    return ArrayConfig(device=device, **config)


def uniform(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def programmed(shape, config=None, **where) -> TiledCrossbar:
    array = TiledCrossbar(shape, config, **where)
    array.program(uniform(*shape, seed=7))
    return array


@pytest.mark.jit
def test_noise_of_tiles_is_independent():
    """Outputs of tiles down add their variances; outputs of tiles across, of slices and of matrices do not covary."""
    n, relative = 6000, 0.05
    config = noisy(relative)
    array = TiledCrossbar((4, 4), config, tile=(2, 2), seed=1)
    x = np.tile(np.array([0.9, -0.4, 0.9, -0.4], np.float32), (n, 1))
    noise = array.forward(x)
    variance = 2 * relative**2 * np.sum(x[0] ** 2)
    plausible(p_of_mean(noise, 0, variance**0.5))
    plausible(p_of_variance(noise, variance))
    with array.aside():
        tiles = [t.forward(x[:, :2])[:, 0] for t in array.parts]
    other = TiledCrossbar((4, 4), config, tile=(2, 2), seed=1, array=1).forward(x)[:, 0]
    columns = [*tiles, noise[:, 0], noise[:, 2], other]
    scale = [float(c.std()) for c in columns]
    for a in range(len(columns)):
        for b in range(a):
            plausible(p_of_covariance(columns[a], columns[b], 0, (0, 0), (scale[a], scale[b])))
    again = TiledCrossbar((4, 4), config, tile=(2, 2), seed=1).forward(x)
    np.testing.assert_array_equal(noise, again)
    implausible(p_of_covariance(noise[:, 0], again[:, 0], 0, (0, 0), (scale[4], scale[4])))


def test_every_number_is_given_once():
    numbers = [
        part_number(array, row=i, column=j, weight_slice=s)
        for array, i, j, s in product((0, 1, 2**28 - 1), (0, 1, 2**14 - 1), (0, 1, 2**14 - 1), (0, 1, 255))
    ]
    assert len(set(numbers)) == len(numbers) == 81
    assert max(numbers) == 2**64 - 1
    assert part_number(5) == 5
    of_slice = part_number(5, weight_slice=3)
    assert part_number(of_slice, row=2, column=1) == part_number(5, row=2, column=1, weight_slice=3)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"array": 2**28, "row": 1}, r"array = 268435456 must be an integer from 0 to 268435455"),
        ({"array": 2**28, "weight_slice": 1}, r"array = 268435456"),
        ({"array": 2**56, "weight_slice": 1}, r"array = 72057594037927936"),
        ({"array": 2**64, "row": 1}, r"array = 18446744073709551616"),
        ({"array": -1, "row": 1}, r"array = -1 must be"),
        ({"array": 1.5, "row": 1}, r"array = 1\.5 must be"),
        ({"array": True, "row": 1}, r"array = True must be"),
        ({"array": 0, "row": 2**14}, r"row of a tile = 16384 must be from 0 to 16383"),
        ({"array": 0, "column": 2**14}, r"column of a tile = 16384"),
        ({"array": 0, "weight_slice": 256}, r"slice = 256 must be from 0 to 255"),
        ({"array": 0, "row": -1}, r"row of a tile = -1"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, message):
    with pytest.raises(ArrayError, match=message):
        part_number(**numbers)


def test_a_tile_keeps_its_noise_when_the_matrix_grows():
    small, large = (TiledCrossbar(shape, RERAM, tile=(2, 2), seed=1) for shape in ((4, 4), (6, 9)))
    for i, j in product(range(2), range(2)):
        W = uniform(2, 2)
        for array in (small, large):
            array.tiles[i][j].program(W)
        np.testing.assert_array_equal(small.tiles[i][j].forward(W), large.tiles[i][j].forward(W))


def test_aside_is_not_part_of_the_run():
    one, other = (programmed((7, 5), noisy(adc=ADC(bits=6, y_max=0.5)), tile=(3, 2), seed=5) for _ in range(2))
    x = uniform(4, 7)
    before, clipped = one.events, one.clipped
    with one.aside():
        first, second = one.forward(x), one.forward(x)
        one.backward(uniform(2, 5))
        assert one.events["digital.add"] == 2 * 2 * 4 * 5 + 2 * 2 * 7
    assert not np.array_equal(first, second)
    assert one.events == before == other.events
    assert one.clipped == clipped
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    assert one.events == other.events


def test_an_error_aside_leaves_the_run_as_it_was():
    array = programmed((7, 5), RERAM, tile=(3, 2))
    before = array.events
    with pytest.raises(ZeroDivisionError), array.aside():
        array.forward(uniform(4, 7))
        1 / 0  # noqa: B018
    assert array.events == before
    array.forward(uniform(4, 7))
    assert array.events != before


# -- programming -----------------------------------------------------------------------------------------------------


def made_singly(array: TiledCrossbar, W: np.ndarray, scheme, **config) -> tuple[list[list[np.ndarray]], Events]:
    """What the cells of each tile show when it is programmed on its own, ``[down][across]``, and all events."""
    shown, events = [], Events()
    for i, row in enumerate(array.tiles):
        shown.append([])
        for j, tile in enumerate(row):
            twin = Crossbar(tile.shape, array.config, array=part_number(0, row=i, column=j), **config)
            block = W[3 * i : 3 * i + 3, 2 * j : 2 * j + 2]
            shown[-1].append(twin.program(block, scheme=scheme).achieved)
            events += twin.events
    return shown, events


@pytest.mark.parametrize("side", ["two-sided", "offset"])
@pytest.mark.parametrize("scheme", [None, WriteVerify(tolerance=0.03, max_pulses=40)], ids=["open loop", "verified"])
def test_reports_of_tiles_lie_as_the_tiles_do(scheme, side):
    config = ArrayConfig(device="pcm-nandakumar2019", mapping=side)
    array, W = TiledCrossbar((4, 3), config, tile=(3, 2), seed=2), uniform(4, 3)
    report = array.program(W, scheme=scheme)
    shown, events = made_singly(array, W, scheme, seed=2)
    np.testing.assert_array_equal(report.achieved, np.block(shown))
    assert array.events == events
    assert report.target.shape == (4, 6 if side == "two-sided" else 3 + 2)
    assert (report.tolerance is None) == (scheme is None)
    assert (report.verify_reads.sum() > 0) == (scheme is not None)


@pytest.mark.parametrize("tile", [None, (3, 2)])
def test_reports_of_slices_are_stacked(tile):
    array = SlicedCrossbar((4, 3), ArrayConfig("pcm-nandakumar2019"), slices=2, bits_per_slice=2, tile=tile)
    report = array.program(uniform(4, 3), scheme=WriteVerify(tolerance=0.05, max_pulses=40))
    assert report.achieved.shape == (2, 4, 6)
    assert report.verify_reads.sum() > 0
    assert report.clipped == 0


def test_clipped_weights_are_counted():
    W = np.full((4, 3), 0.5)
    W[0, 0], W[3, 2] = 1.5, -3.0
    clipped = np.clip(W, -1, 1)
    tiled = TiledCrossbar((4, 3), tile=(3, 2))
    assert tiled.program(W, clip=True).clipped == 2
    np.testing.assert_allclose(tiled.read(), clipped, rtol=0, atol=1e-6)
    sliced = SlicedCrossbar((4, 3), slices=2, bits_per_slice=4)
    assert sliced.program(W, clip=True).clipped == 2
    np.testing.assert_allclose(sliced.read(), clipped, rtol=0, atol=sliced.step)
    assert sliced.quantisation is not None
    assert sliced.quantisation.worst <= sliced.step / 2 * (1 + 1e-6)
