"""One cell a weight and a reference cell for each word line: exact when ideal, and honest about the noise they share."""

import numpy as np
import pytest
from helpers.statistics import p_of_covariance, p_of_variance, plausible, relative
from twins.arrays import pulse, read_energy

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar, MappingError

RNG = np.random.default_rng(7)
W = RNG.uniform(-1, 1, (6, 5)).astype(np.float32)


def offset(**fields) -> ArrayConfig:
    return ArrayConfig(**{"mapping": "offset", **fields})


def test_ideal_is_exact_in_both_directions():
    array = Crossbar(W.shape, offset())
    array.program(W)
    x, d = RNG.uniform(-1, 1, (3, 6)), RNG.uniform(-1, 1, (3, 5))
    np.testing.assert_allclose(array.read(), W, atol=1e-6)
    np.testing.assert_allclose(array.forward(x), x @ W, atol=3e-6)
    np.testing.assert_allclose(array.backward(d), d @ W.T, atol=3e-6)


def test_a_weight_takes_twice_the_swing_of_a_two_sided_pair():
    """The full window of one cell spans -weight_max to weight_max; the reference sits in the middle."""
    array = Crossbar((1, 3), offset(weight_max=2.0))
    array.program(np.array([[-2.0, 0.0, 2.0]]))
    window = array.device.window
    middle = (window.g_min + window.g_max) / 2
    g = array.conductances()[0]
    np.testing.assert_allclose(g[:, 0], [window.g_min, middle, window.g_max], rtol=1e-6)
    np.testing.assert_allclose(g[:, 1], middle, rtol=1e-6)
    np.testing.assert_allclose(array.mapping.zero, [middle, middle], rtol=1e-9)
    assert array.mapping.weight_max == pytest.approx(2.0)
    with pytest.raises(MappingError, match="weight_max = 2"):
        array.program(np.array([[2.1, 0, 0]]))


def test_all_weights_of_a_word_line_share_their_reference():
    array = Crossbar((4, 7), offset(device="pcm-nandakumar2019"), seed=3)
    done = array.program(RNG.uniform(-1, 1, (4, 7)))
    g = array.conductances()
    assert done.target.shape == (4, 8)
    assert array.events["cell.programmed"] == 4 * 8
    assert np.ptp(g[..., 1], axis=1).max() == 0
    assert np.ptp(g[:, 0, 1]) > 0  # but every word line has its own, with its own programming error
    plus, minus = array.cells.planes()
    assert (plus.shape, minus.shape) == ((4, 7), (4, 1))
    np.testing.assert_allclose(
        array.read(), (plus - minus) / (array.device.window.g_max - array.device.window.g_min) * 2, rtol=1e-5, atol=1e-6
    )


def test_dissipation_counts_the_reference_once():
    array = Crossbar((4, 3), offset(device="pcm-nandakumar2019", dac=DAC(bits=None)), seed=1)
    array.program(RNG.uniform(-1, 1, (4, 3)))
    x = RNG.uniform(-1, 1, (1, 4)).astype(np.float32)
    array.forward(x)
    config = array.config
    plus, minus = array.cells.planes()
    cells = np.concatenate([plus, minus], axis=1)
    joules = read_energy(np.stack([cells, 0 * cells], -1), x[0], config.read_voltage, config.read_time)
    assert array.events["array.read_energy_J"] == relative(joules, 1e-5)


def noisy(law: str) -> Crossbar:
    device = load_device("pcm-nandakumar2019")
    if law == "constant":
        device = device.model_copy(update={"read_noise": ConstantReadNoise(relative=0.05)})
    array = Crossbar((6, 4), offset(device=device), seed=5)
    array.program(RNG.uniform(-1, 1, (6, 4)))
    return array


@pytest.mark.parametrize("law", ["constant", "flicker"])
def test_noise_of_the_reference_is_common_to_all_outputs(law):
    """Var y_j = sum (s_ij^2 + s_i,ref^2) x_i^2 and Cov(y_j, y_k) = sum s_i,ref^2 x_i^2, from the cells one by one."""
    array = noisy(law)
    device = array.device
    sigma = device.read_noise.sigma(array.conductances(), device.window.g_max, 0.0) * array.mapping.per_siemens
    x = np.array([0.9, -0.4, 0.2, 0.0, 1.0, -0.7], np.float32)
    y = array.forward(np.tile(x, (4000, 1))).astype(float)
    own, common = (sigma[..., 0] ** 2).T @ x**2, sigma[:, 0, 1] ** 2 @ x**2
    mean = x @ array.read()
    plausible(p_of_variance(y - mean, own + common))
    sds = np.sqrt(own + common)
    plausible(p_of_covariance(y[:, 0], y[:, 3], common, mean[[0, 3]], sds[[0, 3]]))
    d = np.array([1.0, -0.5, 0.25, 0.75], np.float32)
    back = array.backward(np.tile(d, (4000, 1))).astype(float)  # in which the reference takes no part
    plausible(p_of_variance(back - d @ array.cells.backward_weights.T, (sigma[..., 0] ** 2) @ d**2))
    plausible(p_of_covariance(back[:, 1], back[:, 2], 0, back[:, 1:3].mean(axis=0), back[:, 1:3].std(axis=0)))


def test_pulses_move_the_cell_and_not_the_reference():
    device = load_device("reram-sb-gong2018").replaced(
        response__step_noise=0.0, response__write_noise=0.0, response__step_spread=0.0
    )
    array = Crossbar((3, 4), offset(device=device, longest_train=31), seed=2)
    before = array.cells.state.copy()
    step = device.response.step * array.mapping.scale
    array.update(np.array([[0.0, 1.0, 0.0]]), np.array([[1.0, -1.0, 1.0, 0.0]]), step)
    after = array.cells.state.reshape(3, 4, 2)
    start = before.reshape(3, 4, 2)
    np.testing.assert_array_equal(after[..., 1], start[..., 1])
    np.testing.assert_array_equal(after[[0, 2]], start[[0, 2]])
    traits = array.cells.traits.reshape(3, 4, 2, 4)
    for j, rises in ((0, True), (1, False), (2, True)):
        expected = pulse(start[1, j, 0], traits[1, j, 0], rises, np.float32(0), np.float32(0))
        assert after[1, j, 0] == expected
    assert after[1, 3, 0] == start[1, 3, 0]
    assert (array.events["pulse.up"], array.events["pulse.down"]) == (2, 1)


def test_trains_in_place():
    """Gradient descent on a linear map through the array reaches a tenth of its starting error."""
    device = load_device("reram-sb-gong2018").replaced(response__step_noise=0.3, response__write_noise=0.3)
    array = Crossbar((8, 4), offset(device=device), seed=4)
    rng = np.random.default_rng(0)
    target = rng.uniform(-0.3, 0.3, (8, 4))
    first = np.abs(array.read() - target).mean()
    for _ in range(400):
        x = rng.uniform(-1, 1, (1, 8)).astype(np.float32)
        array.update(x, (x @ target - array.forward(x)).astype(np.float32), 0.1)
    assert np.abs(array.read() - target).mean() < 0.1 * first


def test_converters_serve_offset_arrays():
    array = Crossbar(W.shape, offset(dac=DAC(bits=7), adc=ADC(bits=9, y_max=6.0)))
    array.program(W)
    x = RNG.uniform(-1, 1, (8, 6))
    assert np.abs(array.forward(x) - x @ W).max() < 0.5 * 6 / 255 + 6 * 0.5 / 63
