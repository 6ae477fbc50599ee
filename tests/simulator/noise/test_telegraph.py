"""Traps of an array: two levels, their share of time, their memory. False-alarm rates are 1e-7 a check."""

import math

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_counts, p_of_covariance, p_of_law, p_of_mean, plausible, relative
from scipy import stats
from twins.arrays import philox4x32_10

from revpath.devices import RevpathError
from revpath.devices.laws.read_noise import ConstantReadNoise, TelegraphReadNoise
from revpath.simulator import ArrayError, Stream
from revpath.simulator.noise.telegraph import Traps, _threshold

LAW = TelegraphReadNoise(amplitude=0.1, amplitude_spread=0.5, occupancy=0.3, switching_time=1e-3)
WIDE = LAW.model_copy(update={"amplitude": 0.9, "amplitude_spread": 1.0})


def drawn(n_cells: int, step: int, key: np.ndarray) -> np.ndarray:
    """The 64-bit number of each cell, from the scalar generator: two cells for each counter."""
    numbers = []
    for lane in range((n_cells + 1) // 2):
        w = [int(v) for v in philox4x32_10((lane, 0, step & 0xFFFFFFFF, step >> 32), key)]
        numbers += [w[0] << 32 | w[1], w[2] << 32 | w[3]]
    return np.array(numbers[:n_cells], dtype=np.uint64)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (9, 29)])
def test_traps_are_their_scalar_twin(shape):
    traps = Traps(LAW, shape, seed=4, array=2)
    key = Stream(4, "traps", 2).key
    state = np.zeros(2 * shape[0] * shape[1], bool)
    p = LAW.occupancy
    for step, (seconds, renewed) in enumerate([(None, 1.0), (2e-4, -math.expm1(-0.2)), (3e-3, -math.expm1(-3.0))]):
        number = drawn(state.size, step, key) / 2.0**64
        after = np.where(number < renewed * p, True, np.where(number < renewed, False, state))
        if seconds is not None:
            assert traps.advance(seconds) == (after != state).sum()
        state = after
        if seconds is not None:
            np.testing.assert_array_equal(traps.occupied.ravel(), state)
    again = Traps(LAW, shape, seed=4, array=2)
    again.advance(2e-4)
    again.advance(3e-3)
    np.testing.assert_array_equal(again.occupied, traps.occupied)
    if state.size > 100:
        assert (Traps(LAW, shape, seed=5, array=2).occupied != Traps(LAW, shape, seed=4, array=2).occupied).any()


def test_no_time_changes_nothing_and_takes_no_draw():
    traps, other = Traps(LAW, (4, 4)), Traps(LAW, (4, 4))
    assert traps.advance(0.0) == 0
    np.testing.assert_array_equal(traps.occupied, other.occupied)
    assert traps.advance(1e-3) == other.advance(1e-3)


def test_what_happens_aside_changes_nothing():
    traps, other = Traps(LAW, (20, 20)), Traps(LAW, (20, 20))
    with traps.aside():
        assert traps.advance(1e-3) > 0
    with pytest.raises(ZeroDivisionError), traps.aside():
        first = traps.occupied.copy()
        traps.advance(1e-3)
        1 / 0  # noqa: B018
    np.testing.assert_array_equal(first, other.occupied)
    np.testing.assert_array_equal(traps.occupied, other.occupied)
    assert traps.advance(1e-3) == other.advance(1e-3)
    np.testing.assert_array_equal(traps.occupied, other.occupied)


def test_two_levels_with_the_mean_of_the_cell():
    traps = Traps(LAW, (6, 7), seed=1)
    siemens = np.random.default_rng(0).uniform(1e-6, 25e-6, (6, 7, 2))
    shown, below = traps.show(siemens)
    a, p = traps.amplitude, LAW.occupancy
    empty, occupied = siemens * (1 + a * p), siemens * (1 - a * (1 - p))
    np.testing.assert_allclose(shown, np.where(traps.occupied, occupied, empty), rtol=1e-6)
    np.testing.assert_allclose(p * occupied + (1 - p) * empty, siemens, rtol=1e-12)
    assert below == 0
    assert 0 < traps.occupied.sum() < traps.occupied.size
    np.testing.assert_array_equal(
        Traps(LAW.model_copy(update={"amplitude": 0.0}), (6, 7)).factors(), 1.0
    )  # off is exact


def test_steps_beyond_the_cell_are_cut_off_and_counted():
    traps = Traps(WIDE, (30, 30), seed=1)
    shown, below = traps.show(np.full((30, 30, 2), 1e-6))
    assert below == (shown == 0).sum() == (traps.factors() < 0).sum() > 0
    assert (shown >= 0).all()
    reads, cut = traps.sampled_read(np.ones((2, 30)), np.full((30, 30, 2), 1e-6), 1e-6)
    assert np.isfinite(reads).all()
    assert cut > 0


@pytest.mark.jit
def test_stationary_share_and_amplitudes():
    traps = Traps(LAW, (300, 200), seed=3)
    n = traps.occupied.size

    def share():
        k = int(traps.occupied.sum())
        return p_of_counts([k, n - k], [n * LAW.occupancy, n * (1 - LAW.occupancy)])

    plausible(share())
    for seconds in (1e-5, 1e-3, math.inf):
        traps.advance(seconds)
        plausible(share())
    k = int(traps.occupied.sum())
    implausible(p_of_counts([k, n - k], [n * 0.315, n * 0.685]))
    plausible(p_of_law(np.log(traps.amplitude / 0.1) / 0.5, stats.norm.cdf))


@pytest.mark.jit
@pytest.mark.parametrize("seconds", [2e-5, 5e-4, 2e-3])
def test_autocorrelation_is_exponential(seconds):
    """Over cells, at one and at three steps: exp(-t / tau); traps of different cells know nothing of each other."""
    traps = Traps(LAW, (300, 300), seed=8)
    p, sd = LAW.occupancy, math.sqrt(LAW.occupancy * (1 - LAW.occupancy))
    states = [traps.occupied.ravel().astype(float)]
    for _ in range(3):
        traps.advance(seconds)
        states.append(traps.occupied.ravel().astype(float))
    for lag in (1, 3):
        expected = sd * sd * math.exp(-lag * seconds / LAW.switching_time)
        plausible(p_of_covariance(states[0], states[lag], expected, (p, p), (sd, sd)))
        implausible(p_of_covariance(states[0], states[lag], expected + 0.03 * sd * sd, (p, p), (sd, sd)))
        plausible(p_of_covariance(states[0][:-lag], states[0][lag:], 0.0, (p, p), (sd, sd)))


@pytest.mark.jit
def test_rare_switching_is_resolved():
    """Reads half a millionth of a switching time apart: numbers of 24 bits come in steps of a quarter of that."""
    assert int(_threshold(1e-15)) == 18446
    assert int(_threshold(1.0)) == 2**64 - 1
    law = LAW.model_copy(update={"switching_time": 10.0})
    traps = Traps(law, (400, 400), seed=1)
    steps, seconds = 40, 5e-6
    switched = sum(traps.advance(seconds) for _ in range(steps))
    expected = traps.occupied.size * steps * 2 * law.occupancy * (1 - law.occupancy) * seconds / law.switching_time
    assert expected == relative(2.688)
    plausible(float(stats.poisson.sf(switched - 1, expected)))
    plausible(float(stats.poisson.cdf(switched, expected)))
    sure = sum(traps.advance(1e-3) for _ in range(steps))
    plausible(float(min(stats.poisson.sf(sure - 1, 200 * expected), stats.poisson.cdf(sure, 200 * expected))))
    implausible(float(stats.poisson.cdf(sure, 300 * expected)))


def test_reads_are_those_of_the_cells_shown():
    siemens = np.random.default_rng(2).uniform(1e-6, 25e-6, (5, 4, 2))
    for transposed in (False, True):
        x = np.random.default_rng(3).normal(size=(6, 4 if transposed else 5))
        traps, twin = Traps(LAW, (5, 4), seed=6), Traps(LAW, (5, 4), seed=6)
        y, below = traps.sampled_read(x, siemens, 3e-4, transposed=transposed)
        assert below == 0
        assert y.dtype == np.float32
        for s in range(6):
            twin.advance(3e-4)
            shown = siemens * (1 + twin.amplitude * (0.3 - twin.occupied))
            pairs = shown[..., 0] - shown[..., 1]
            np.testing.assert_allclose(y[s], pairs @ x[s] if transposed else x[s] @ pairs, rtol=1e-5, atol=1e-11)


@pytest.mark.jit
def test_reads_have_the_variance_but_not_the_law_of_normal_noise():
    """Why there is no collapsed law: one cell has two levels, and reads remember."""
    one = LAW.model_copy(update={"amplitude_spread": 0.0})
    siemens = np.array([[[20e-6, 0.0]]])
    traps = Traps(one, (1, 1), seed=2)
    y, _ = traps.sampled_read(np.ones((20_000, 1)), siemens, 5e-4)
    levels = np.unique(y)
    assert levels.size == 2
    assert levels == relative(np.array([20e-6 * 0.93, 20e-6 * 1.03]), rel=1e-6)
    z = (y[:, 0] - 20e-6) / one.sigma(siemens, 25e-6)[0, 0, 0]
    implausible(p_of_law(z, stats.norm.cdf))
    implausible(p_of_covariance(z[:-1], z[1:], 0.0, (0, 0), (1, 1)))
    far = z[::20]  # ten switching times apart
    plausible(p_of_mean(far, 0.0, 1.0))
    plausible(p_of_covariance(far[:-1], far[1:], 0.0, (0, 0), (1, 1)))
    assert (far**2).mean() == pytest.approx(1, abs=0.15)


@pytest.mark.jit
def test_sigma_is_what_an_array_shows():
    traps = Traps(LAW, (400, 300), seed=9)
    shown, _ = traps.show(np.full((400, 300, 2), 1e-5))
    noise = (shown.astype(float) / 1e-5 - 1) / LAW.sigma(np.array([1.0]), 1.0)[0]
    spread = np.square(noise).std() / math.sqrt(noise.size)
    plausible(float(2 * stats.norm.sf(abs(np.square(noise).mean() - 1) / spread)))
    assert spread < 0.02


def test_bad_input_is_refused():
    traps = Traps(LAW, (3, 2))
    siemens = np.ones((3, 2, 2))
    for seconds in (-1.0, math.nan):
        with pytest.raises(ArrayError, match=r"seconds = .* must be 0 or more"):
            traps.advance(seconds)
    with pytest.raises(ArrayError, match=r"siemens has shape \(3, 2\); it must be \(3, 2, 2\)"):
        traps.show(np.ones((3, 2)))
    with pytest.raises(ArrayError, match=r"x has shape \(1, 2\); it must be \(batch, 3\)"):
        traps.sampled_read(np.ones((1, 2)), siemens, 1e-6)
    with pytest.raises(RevpathError, match="must be below switching_time"):
        traps.sampled_read(np.ones((1, 3)), siemens, 1e-3)
    with pytest.raises(ArrayError, match="must be a TelegraphReadNoise"):
        Traps(ConstantReadNoise(relative=0.1), (3, 2))  # type: ignore[arg-type]
    with pytest.raises(ArrayError, match=r"shape = \(0, 2\)"):
        Traps(LAW, (0, 2))
