"""Laws of the stochastic-pulse update: means, variances, covariances, spreads.

Formulas: Gokmen & Vlasov, Front. Neurosci. 10:333 (2016), as IBM aihwkit has them (Rasch et al., arXiv:2104.02184 (2021)).
"""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible
from scipy import stats

from revpath.devices import load_device
from revpath.simulator import ArrayConfig, Crossbar

RERAM = load_device("reram-sb-gong2018")
# bounds so far away that a step does not depend on the state: weight_max of the span gives a scale of 1
FAR = {"response__w_min": -1000.0, "response__w_max": 1000.0}
NO_SPREAD = {f"response__{name}": 0 for name in ("step_spread", "asymmetry_spread", "w_max_spread", "w_min_spread")}
NO_NOISE = {"response__step_noise": 0, "response__write_noise": 0}


def steady(shape, *, seed=0, longest_train=31, **changes) -> Crossbar:
    """Cells whose every pulse is one nominal step, whatever happened before; one coincidence changes W by 0.004."""
    device = RERAM.replaced(**FAR, **NO_SPREAD, **changes)
    array = Crossbar(shape, ArrayConfig(device=device, weight_max=2000.0, longest_train=longest_train), seed=seed)
    assert 2 * device.response.step * array.mapping.scale == 0.004
    return array


def changes_of(array: Crossbar, x, d, rate, repeats: int) -> np.ndarray:
    """(repeats, rows, columns): the change of W by each of many like updates, every time from rest."""
    out = np.empty((repeats, *array.shape))
    for r in range(repeats):
        array.program(np.zeros(array.shape))
        array.update(x, d, rate)
        out[r] = array.read()
    return out


X, D = np.array([[1.0, -0.5, 0.0, 0.25]]), np.array([[0.75, -0.125, 0.25]])


def probabilities(rate, longest=31):
    """Slots, and firing probabilities of word and bit lines for X and D, by the formulas of the reference."""
    k = rate * 1.0 * 0.75 / 0.004
    slots = min(int(np.ceil(k)), longest)
    gain, ratio = np.sqrt(rate / (0.004 * slots)), np.sqrt(1.0 / 0.75)
    return slots, np.abs(X[0]) * gain / ratio, np.abs(D[0]) * gain * ratio


@pytest.mark.slow
@pytest.mark.jit
def test_variance_and_covariance_of_coincidences():
    """Var n = BL p (1 - p); lines are shared: counts of one column covary by BL p_d q q' (1 - p_d), of a row alike."""
    rate, repeats = 0.06, 8000
    array = steady((4, 3), seed=2, **NO_NOISE)
    n = np.abs(changes_of(array, X, D, rate, repeats)) / 0.004
    np.testing.assert_allclose(n, np.rint(n), atol=1e-3)  # float32 states
    n = np.rint(n)
    slots, p_x, p_d = probabilities(rate)
    assert slots == 12
    p = np.outer(p_x, p_d)
    variance = slots * p * (1 - p)
    live = p > 0
    kurtosis = 3 + (1 - 6 * p * (1 - p))[live] / variance[live]
    plausible(p_of_variance(n[:, live], variance[live], kurtosis))
    implausible(p_of_variance(n[:, live], 1.2 * variance[live], kurtosis))
    sd = np.sqrt(variance)
    for j in range(3):
        q = p_x[0], p_x[1]
        shared = slots * p_d[j] * q[0] * q[1] * (1 - p_d[j])
        a, b = n[:, 0, j], n[:, 1, j]
        plausible(p_of_covariance(a, b, shared, (slots * p[0, j], slots * p[1, j]), (sd[0, j], sd[1, j])))
    for i in (0, 1, 3):
        shared = slots * p_x[i] * p_d[0] * p_d[2] * (1 - p_x[i])
        a, b = n[:, i, 0], n[:, i, 2]
        plausible(p_of_covariance(a, b, shared, (slots * p[i, 0], slots * p[i, 2]), (sd[i, 0], sd[i, 2])))
    # a bit line shared by two word lines: without the covariance the check fails, so it is seen
    a, b = n[:, 0, 2], n[:, 1, 2]
    implausible(p_of_covariance(a, b, 0, (slots * p[0, 2], slots * p[1, 2]), (sd[0, 2], sd[1, 2])))
    # no shared line: independent
    a, b = n[:, 0, 0], n[:, 1, 2]
    plausible(p_of_covariance(a, b, 0, (slots * p[0, 0], slots * p[1, 2]), (sd[0, 0], sd[1, 2])))


@pytest.mark.jit
def test_counted_bits_and_pulses_have_their_means():
    rate, repeats = 0.06, 4000
    array = steady((4, 3), seed=3, **NO_NOISE)
    array.update(np.repeat(X, repeats, axis=0), np.repeat(D, repeats, axis=0), rate)
    slots, p_x, p_d = probabilities(rate)
    done = array.events
    assert done["update.slot"] == slots * repeats
    assert done["random.bit"] == 16 * slots * 6 * repeats  # three word lines and three bit lines may fire
    lines = np.concatenate([p_x, p_d])
    mean, variance = lines.sum(), (lines * (1 - lines)).sum()
    n = slots * repeats
    z = (done["line.pulse"] - n * mean) / np.sqrt(n * variance)
    plausible(2 * stats.norm.sf(abs(z)))
    pairs = np.outer(p_x, p_d).sum()
    z = (done["pulse.up"] - n * pairs) / np.sqrt(n * 12 * 0.25)  # at most the variance of 12 fair coins a slot, shared
    assert done["pulse.up"] == done["pulse.down"]
    plausible(2 * stats.norm.sf(abs(z) / np.sqrt(12)))


@pytest.mark.jit
def test_long_trains_saturate():
    """Where more is wanted than the longest train can do, the larger side fires always and the mean is what fits."""
    array = steady((1, 1), longest_train=10, **NO_NOISE)
    dw = changes_of(array, [[1.0]], [[1.0]], 1.0, 5)
    np.testing.assert_allclose(dw, 10 * 0.004, rtol=1e-3)


def test_law_of_step_and_write_noise():
    """One sure pulse a cell: W moves by 2 step + step x step_noise (xi + xi'), and a read adds its own write noise."""
    c, write, step = 0.4, 3.0, 0.002
    array = steady((60, 60), seed=5, response__step_noise=c, response__write_noise=write)
    array.update(np.ones((1, 60)), np.ones((1, 60)), 0.004)
    assert array.events["pulse.up"] == 3600
    state = array.cells.state.astype(float)
    up, down = state[:, 0], -state[:, 1]
    for moved in (up, down):
        plausible(p_of_mean(moved, step, step * c))
        plausible(p_of_variance(moved, (step * c) ** 2))
        plausible(p_of_law((moved - step) / (step * c), stats.norm.cdf))
    plausible(p_of_covariance(up, down, 0, (step, step), (step * c, step * c)))
    error = array.cells.shown.astype(float) - state
    plausible(p_of_mean(error, 0, write * step))
    plausible(p_of_variance(error, (write * step) ** 2))
    plausible(p_of_covariance(error[:, 0], error[:, 1], 0, (0, 0), (write * step,) * 2))
    plausible(p_of_covariance(error[:, 0], up, 0, (0, step), (write * step, c * step)))


def test_write_noise_does_not_disturb_the_state():
    loud, quiet = (
        steady((3, 3), seed=1, response__step_noise=0.3, response__write_noise=noise) for noise in (5.0, 0.0)
    )
    for array in (loud, quiet):
        array.update(np.ones((20, 3)), np.ones((20, 3)) * 0.5, 0.01)
    np.testing.assert_array_equal(loud.cells.state, quiet.cells.state)
    np.testing.assert_array_equal(quiet.cells.shown, quiet.cells.state)
    assert np.any(loud.cells.shown != loud.cells.state)


def test_device_to_device_spreads():
    """Moments of the traits, drawn once: s = |1 + 0.1 xi -+ 0.05 xi'| step, bounds spread by 8 % and 5 %.

    The spreads are small enough that no absolute value and no floor at zero conductance is felt (6 sigma).
    """
    spreads = {"step_spread": 0.1, "asymmetry_spread": 0.05, "w_max_spread": 0.08, "w_min_spread": 0.05}
    device = RERAM.replaced(**{f"response__{name}": value for name, value in spreads.items()})
    array = Crossbar((60, 60), ArrayConfig(device=device), seed=6)
    s_up, s_down, high, low = array.cells.traits.reshape(-1, 4).astype(float).T
    spread = np.hypot(0.1, 0.05)
    for s in (s_up, s_down):
        plausible(p_of_mean(s / 0.002, 1, spread))
        plausible(p_of_variance(s / 0.002, spread**2))
        plausible(p_of_law((s / 0.002 - 1) / spread, stats.norm.cdf))
    plausible(p_of_covariance(s_up / 0.002, s_down / 0.002, 0.1**2 - 0.05**2, (1, 1), (spread, spread)))
    plausible(p_of_mean(high, 1.25, 0.08 * 1.25))
    plausible(p_of_variance(high, (0.08 * 1.25) ** 2))
    plausible(p_of_mean(low, -0.75, 0.05 * 0.75))
    plausible(p_of_variance(low, (0.05 * 0.75) ** 2))
    for a, b in ((high, low), (high, s_up), (low, s_down)):
        plausible(p_of_covariance(a, b, 0, (a.mean(), b.mean()), (a.std(), b.std())))
    np.testing.assert_array_equal(
        array.cells.traits, Crossbar((60, 60), ArrayConfig(device=device), seed=6).cells.traits
    )
    assert not np.any(array.cells.traits == Crossbar((60, 60), ArrayConfig(device=device), seed=7).cells.traits)


def test_traits_of_the_shipped_device_are_physical():
    array = Crossbar((60, 60), ArrayConfig(device=RERAM), seed=6)
    s_up, s_down, high, low = array.cells.traits.reshape(-1, 4).T
    floor = np.float32(array.mapping.floor)
    assert np.all(s_up >= 0)
    assert np.all(s_down >= 0)
    assert np.all(high >= 0)
    assert np.all(low <= 0)
    assert low.min() == floor  # a lower bound beyond zero conductance is held there
    share = stats.norm.sf((array.mapping.floor / -0.75 - 1) / 0.4)
    plausible(p_of_mean(low == floor, share, np.sqrt(share * (1 - share))))


@pytest.mark.jit
def test_pulses_drift_to_the_symmetry_point():
    """As many ups as downs: a cell goes to where both steps are alike, w (1/b_max - 1/b_min) = 0, that is to 0."""
    device = RERAM.replaced(**NO_SPREAD, response__step=0.02, response__step_noise=0.3, response__write_noise=0)
    array = Crossbar((30, 30), ArrayConfig(device=device), seed=1)
    array.program(np.full((30, 30), 0.8))
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], (3000, 30))
    array.update(np.ones((3000, 30)), signs, 2 * 0.02 * array.mapping.scale)
    assert abs(array.cells.state.mean()) < 0.02
    assert array.cells.state.std() < 0.3
