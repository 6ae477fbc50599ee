"""Reads of an array: exact when ideal, a linear operator, the same cells both ways, and the law of their noise."""

import numpy as np
import pytest
import scipy.sparse.linalg as sla
from helpers.statistics import implausible, p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible
from scipy import stats
from twins.arrays import quantise, sampled_read

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Stream
from revpath.simulator.compile import threads
from revpath.simulator.converters import readout as readout_module
from revpath.simulator.converters.readout import drive

SIDES = ["one-sided", "two-sided"]
WIDE = DAC(bits=None, x_max=100.0)  # solvers multiply by more than unit vectors


def ideal(shape, weights=None, **config) -> Crossbar:
    array = Crossbar(shape, ArrayConfig(**{"dac": WIDE, **config}))
    if weights is not None:
        array.program(weights)
    return array


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (7, 5))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (6, 7)).astype(np.float32)


@pytest.mark.parametrize("device", ["ideal", "pcm-nandakumar2019", "reram-sb-gong2018"])
@pytest.mark.parametrize("side", SIDES)
def test_off_is_exact(device, side, weights, x):
    """Without programming noise, read noise and converters, an array is its matrix to float32 rounding."""
    cell = load_device(device)
    if device == "reram-sb-gong2018":
        cell = cell.replaced(response__w_max_spread=0, response__w_min_spread=0)
    cell = cell.model_copy(update={"programming": _none("programming"), "read_noise": _none("read_noise")})
    array = Crossbar((7, 5), ArrayConfig(device=cell, mapping=side, weight_max=4.0))
    array.program(weights)
    np.testing.assert_allclose(array.read(), weights, rtol=0, atol=4e-6)
    shown = array.read()
    np.testing.assert_allclose(array.forward(x), x @ shown, rtol=0, atol=1e-6)
    np.testing.assert_allclose(x @ array, x @ shown, rtol=0, atol=1e-6)
    y = x[:, :5]
    np.testing.assert_allclose(array.backward(y), y @ shown.T, rtol=0, atol=1e-6)
    np.testing.assert_allclose(array @ y.T, shown @ y.T, rtol=0, atol=1e-6)
    assert array.forward(x).dtype == np.float32
    assert array.clipped == 0


def _none(section: str):
    return getattr(load_device("ideal"), section)


def test_fresh_arrays_hold_nothing():
    for device in ("ideal", "reram-sb-gong2018"):
        assert not Crossbar((3, 4), ArrayConfig(device=device)).read().any()


def test_linear_operator_interface(weights):
    array = ideal((7, 5), weights)
    assert isinstance(array, sla.LinearOperator)
    assert array.shape == (7, 5)
    assert array.dtype == np.float32
    W = array.read()
    v, u = np.linspace(-1, 1, 5), np.linspace(-1, 1, 7)
    V, U = np.stack([v, v**2], axis=1), np.stack([u, u**2], axis=1)
    for got, want in (
        (array.matvec(v), W @ v),
        (array @ v, W @ v),
        (array.matvec(v[:, None]), (W @ v)[:, None]),
        (array.rmatvec(u), W.T @ u),
        (u @ array, u @ W),
        (array.matmat(V), W @ V),
        (array.rmatmat(U), W.T @ U),
        (U.T @ array, U.T @ W),
        (array.T @ u, W.T @ u),
        (array.H @ u, W.T @ u),
        (array.T @ U, W.T @ U),
        (array.T.T @ v, W @ v),
        ((2 * array) @ v, 2 * W @ v),
        ((array.T @ array) @ v, W.T @ (W @ v)),
        (array * v, W @ v),
    ):
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=0, atol=3e-6)


def test_adjoint_dot_test(weights):
    array = ideal((7, 5), weights)
    rng = np.random.default_rng(2)
    for _ in range(5):
        u, v = rng.uniform(-1, 1, 7), rng.uniform(-1, 1, 5)
        assert u @ (array @ v) == pytest.approx((array.T @ u) @ v, abs=1e-5)


def test_scipy_solves_with_an_array(weights):
    array = ideal((7, 5), weights)
    solution = np.linspace(-0.5, 0.5, 5)
    found = sla.lsqr(array, weights @ solution, atol=1e-7, btol=1e-7)[0]
    np.testing.assert_allclose(found, solution, atol=1e-4)
    singular = np.sort(sla.svds(array, k=2, return_singular_vectors=False))
    np.testing.assert_allclose(singular, np.linalg.svd(weights)[1][:2][::-1], rtol=1e-4)


def test_operators_are_reads_and_are_counted(weights):
    array = ideal((7, 5), weights)
    np.ones(7) @ array
    array @ np.ones((5, 3))
    assert array.events["array.read"] == 4
    assert array.events["line.drive"] == 7 + 15


def test_both_directions_read_the_same_cells():
    cell = load_device("pcm-nandakumar2019").model_copy(update={"read_noise": _none("read_noise")})
    array = Crossbar((6, 4), ArrayConfig(device=cell), seed=3)
    target = np.random.default_rng(0).uniform(-1, 1, (6, 4))
    array.program(target)
    W = array.forward(np.eye(6))
    np.testing.assert_array_equal(W, array.backward(np.eye(4)).T)
    np.testing.assert_array_equal(W, array.read())
    assert np.abs(W - target).max() > 0.01  # programming noise is there


def test_converters_in_a_read(weights, x):
    array = Crossbar((7, 5), ArrayConfig(dac=DAC(bits=4), adc=ADC(bits=6, y_max=1.5)))
    array.program(weights)
    seen = quantise(x, 1.0, 4)
    expected = quantise(seen @ array.read(), 1.5, 6)
    got = array.forward(x)
    step = 1.5 / 31
    same = np.isclose(got, expected, atol=1e-5)
    assert same.mean() > 0.9
    np.testing.assert_allclose(got, expected, atol=1.001 * step)  # a half step may fall on either side in float32
    assert array.clipped == np.sum(np.abs(seen @ array.read()) > 1.5 + step / 2)
    assert array.clipped > 0


def constant_noise(relative: float, **config) -> ArrayConfig:
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=relative)})
    return ArrayConfig(device=device, **config)


def test_law_of_constant_read_noise():
    """Every output is normal with variance sum_i 2 sigma^2 x_i^2 (two cells a pair), independent of the others."""
    relative, weight_max, n = 0.01, 2.0, 10_000
    array = Crossbar((4, 3), constant_noise(relative, weight_max=weight_max), seed=1)
    W = np.random.default_rng(0).uniform(-1, 1, (4, 3))
    array.program(W)
    x = np.array([0.9, -0.4, 0.0, 0.2])
    noise = array.forward(np.tile(x, (n, 1))) - x @ array.read()
    sigma = relative * weight_max  # a weight of weight_max is one full conductance range, here g_max
    variance = 2 * sigma**2 * np.sum(x**2)
    plausible(p_of_mean(noise, 0, np.sqrt(variance)))
    plausible(p_of_variance(noise, variance))
    implausible(p_of_variance(noise, variance * 1.2))
    plausible(p_of_law(noise / np.sqrt(variance), stats.norm.cdf))
    plausible(p_of_covariance(noise[:, 0], noise[:, 1], 0, (0, 0), (variance**0.5,) * 2))
    plausible(p_of_covariance(noise[:-1, 0], noise[1:, 0], 0, (0, 0), (variance**0.5,) * 2))


@pytest.mark.parametrize("side", SIDES)
def test_law_of_flicker_read_noise(side):
    """PCM: each cell has its own sigma(g), and an output adds up sigma^2 x^2 over its cells, in both directions."""
    n = 4000
    array = Crossbar((4, 3), ArrayConfig(device="pcm-nandakumar2019", mapping=side), seed=1)
    array.program(np.random.default_rng(0).uniform(-1, 1, (4, 3)))
    law, g_max = array.device.read_noise, array.device.window.g_max
    sigma = law.sigma(array.conductances(), g_max, 0.0) / g_max  # scale / slope = 1 / g_max
    for x, read, axis in (
        (np.array([0.9, -0.4, 0.0, 0.2]), array.forward, 0),
        (np.array([0.3, 0.0, -1.0]), array.backward, 1),
    ):
        weights = array.read() if axis == 0 else array.read().T
        squares = (sigma**2).sum(axis=-1) if axis == 0 else (sigma**2).sum(axis=-1).T
        noise = read(np.tile(x, (n, 1))) - x @ weights
        variance = x**2 @ squares
        plausible(p_of_mean(noise, 0, np.sqrt(variance)))
        plausible(p_of_variance(noise, variance))
        plausible(p_of_law(noise / np.sqrt(variance), stats.norm.cdf))


@pytest.mark.parametrize("device", ["constant", "pcm-nandakumar2019"])
def test_one_draw_an_output_is_one_draw_a_cell_in_law(device):
    """The fast path beside its twin, which draws the noise of every cell and multiplies."""
    n = 4000
    config = constant_noise(0.02) if device == "constant" else ArrayConfig(device=device)
    array = Crossbar((3, 2), config, seed=4)
    array.program(np.random.default_rng(0).uniform(-1, 1, (3, 2)))
    g = array.conductances()
    sigma = array.device.read_noise.sigma(g, array.device.window.g_max, 0.0)
    x = np.array([0.7, -0.2, 0.5])
    rng = np.random.default_rng(5)
    scale, slope = array.mapping.scale, array.mapping.slope
    twin = np.array([sampled_read(g, sigma, x, scale, slope, rng) for _ in range(n)])
    fast = array.forward(np.tile(x, (n, 1)))
    for column in range(2):
        plausible(stats.ks_2samp(fast[:, column], twin[:, column]).pvalue)
        implausible(stats.ks_2samp(fast[:, column] + 0.5 * twin[:, column].std(), twin[:, column]).pvalue)
    both = np.concatenate([fast, twin])
    spread = both.std(axis=0)
    plausible(p_of_mean(fast - twin.mean(axis=0), 0, spread * np.sqrt(2)))
    plausible(p_of_variance(fast, twin.var(axis=0), kurtosis=5))  # 5: twice the error, for the twin has one of its own


def test_converter_noise_adds_to_cell_noise():
    n = 10_000
    adc = ADC(bits=12, y_max=4.0, noise_lsb=3.0)
    array = Crossbar((2, 1), constant_noise(0.001, adc=adc), seed=1)
    x = np.array([0.5, -0.5])
    noise = array.forward(np.tile(x, (n, 1)))
    variance = 2 * 0.001**2 * 0.5 + adc.variance
    plausible(p_of_mean(noise, 0, variance**0.5))
    plausible(p_of_variance(noise, variance))


@pytest.mark.parametrize("transposed", [False, True])
def test_variance_of_a_read_to_the_digit(transposed):
    """What the noise is scaled by is sum_i sigma_ij^2 x_i^2 of the programmed cells, at the time of verification."""
    array = Crossbar((4, 3), ArrayConfig(device="pcm-nandakumar2019"), seed=1)
    array.program(np.random.default_rng(0).uniform(-1, 1, (4, 3)))
    g, g_max = array.conductances(), array.device.window.g_max
    sigma = (
        g * array.device.read_noise.q(g / g_max) * array.device.read_noise.growth(0.0, array.config.read_time) / g_max
    )
    squares = (sigma**2).sum(axis=-1)
    x = np.array([[0.9, -0.4, 0.2]] if transposed else [[0.9, -0.4, 0.0, 0.2]], np.float32)
    expected = x**2 @ (squares.T if transposed else squares)
    totals = drive(x, np.ones(x.shape[1]), array.config.dac)[1]
    np.testing.assert_allclose(
        array._phases[0].lines.read(x, totals, Stream(0, "read"), transposed=transposed).to_come.independent,
        expected,
        rtol=1e-5,
    )


def test_no_input_no_noise():
    array = Crossbar((3, 2), constant_noise(0.1), seed=1)
    assert not array.forward(np.zeros((4, 3))).any()


@pytest.mark.parametrize("target", [0.3, 0.8])
def test_law_of_programming_noise(target):
    """PCM cells land on g with the standard deviation sigma(g); the other cell, at zero, is a rectified normal."""
    array = Crossbar((100, 100), ArrayConfig(device="pcm-nandakumar2019", mapping="one-sided"), seed=2)
    array.program(np.full((100, 100), target))
    g_max, law = array.device.window.g_max, array.device.programming
    up, down = array.conductances().reshape(-1, 2).T
    sigma = float(law.sigma(np.array([target * g_max]), g_max)[0])
    plausible(p_of_mean(up, target * g_max, sigma))
    plausible(p_of_variance(up, sigma**2))
    plausible(p_of_law((up - target * g_max) / sigma, stats.norm.cdf))
    assert down.min() >= -1e-12
    zero = float(law.sigma(np.zeros(1), g_max)[0])
    plausible(p_of_mean(down < 1e-12, 0.5, 0.5))
    plausible(p_of_law(down[down > 1e-12] / zero, stats.halfnorm.cdf))


def test_programming_draws_afresh():
    array = Crossbar((10, 10), ArrayConfig(device="pcm-nandakumar2019"), seed=2)
    array.program(np.full((10, 10), 0.5))
    first = array.read()
    array.program(np.full((10, 10), 0.5))
    assert not np.any(first == array.read())


def test_noise_is_addressed():
    """Same seed and array: same bits, however the batch is cut; other seed or array: other noise."""
    x = np.random.default_rng(1).uniform(-1, 1, (6, 4))

    def reads(seed=0, array=0, batches=(6,)):
        crossbar = Crossbar((4, 3), constant_noise(0.1), seed=seed, array=array)
        return [crossbar.forward(part) for part in np.split(x, np.cumsum(batches)[:-1])]

    np.testing.assert_array_equal(reads()[0], reads()[0])
    np.testing.assert_array_equal(reads(batches=(2, 4))[0], reads()[0][:2])  # a shorter batch is a prefix
    assert not np.any(reads(seed=1)[0] == reads()[0])
    assert not np.any(reads(array=1)[0] == reads()[0])


@pytest.mark.jit
@pytest.mark.parametrize("device", ["constant", "pcm-nandakumar2019"])
def test_bits_of_a_read_do_not_depend_on_threads(device, monkeypatch):
    config = {"dac": DAC(), "adc": ADC(y_max=12.0)}
    config = constant_noise(0.02, **config) if device == "constant" else ArrayConfig(device=device, **config)
    x = np.random.default_rng(0).uniform(-1, 1, (300, 300))
    results = []
    for n, parallel_from in ((1, None), (2, None), (2, 0), (2, 1 << 30)):
        if parallel_from is not None:
            monkeypatch.setattr(readout_module, "_PARALLEL_FROM", parallel_from)
        with threads(n):
            array = Crossbar((300, 257), config, seed=1)
            array.program(np.random.default_rng(1).uniform(-1, 1, (300, 257)))
            array.cells.weights = np.round(array.cells.weights * 64) / 64  # exact products: BLAS may add in any order
            results.append((array.forward(x), array.clipped, array.events))
    for y, clipped, events in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        assert clipped == results[0][1]
        assert events == results[0][2]
    assert results[0][1] > 0


def test_reads_aside_leave_no_trace(x):
    config = constant_noise(0.1)
    plain, watched = (Crossbar((7, 5), config, seed=1) for _ in range(2))
    plain.forward(x)
    watched.forward(x)
    with watched.aside():
        aside = watched.forward(x)
        assert watched.events["array.read"] == 6
    with pytest.raises(ArrayError), watched.aside():
        watched.forward(10 * x)
    assert watched.events == plain.events
    np.testing.assert_array_equal(watched.forward(x), plain.forward(x))
    assert np.abs(aside).max() > 0


def test_empty_batches():
    array = Crossbar((3, 2), constant_noise(0.1, dac=DAC(), adc=ADC()))
    assert array.forward(np.zeros((0, 3))).shape == (0, 2)
    assert array.backward(np.zeros((0, 2))).shape == (0, 3)
    assert not array.events
