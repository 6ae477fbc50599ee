"""Write-verify against laws that can be written down: truncated normals, geometric attempts, steps counted by formula."""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_counts, p_of_law, p_of_mean, plausible
from scipy.stats import norm, truncnorm

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise, PolynomialProgramming
from revpath.simulator import Stream
from revpath.simulator.programming.write_verify import PURPOSE, WriteVerify, write_verify

PCM = load_device("pcm-nandakumar2019")
RERAM = load_device("reram-sb-gong2018")
WIDTH = PCM.window.g_max - PCM.window.g_min
SIGMA = 0.05  # of the window, whatever the target
LEVEL = PCM.model_copy(
    update={
        "programming": PolynomialProgramming(c0=SIGMA * WIDTH, c1=0, c2=0),
        "read_noise": ConstantReadNoise(relative=0.03),
    }
)
TARGET = 0.5 * WIDTH  # ten standard deviations from zero conductance
CELLS = 20_000

pytestmark = pytest.mark.jit  # tens of thousands of cells


def writes(scheme: WriteVerify, seed: int = 0, cells: int = CELLS):
    state = np.zeros(cells, np.float32)
    targets = np.full(cells, TARGET)
    return write_verify(state, state.copy(), None, targets, LEVEL, scheme, Stream(seed, PURPOSE))


def attempts_are_geometric(attempts: np.ndarray, p: float) -> float:
    """p-value: number of the first success of independent trials of chance p, the tail in one class."""
    longest = int(np.log(10 / (p * len(attempts))) / np.log1p(-p))  # no class has fewer than 10 expected
    expected = p * (1 - p) ** np.arange(longest)
    expected = np.append(expected, (1 - p) ** longest) * len(attempts)
    return p_of_counts(np.bincount(np.minimum(attempts, longest + 1), minlength=longest + 2)[1:], expected)


def test_accepted_writes_are_a_truncated_normal_after_geometric_attempts():
    tolerance = 0.4 * SIGMA
    report = writes(WriteVerify(tolerance=tolerance, max_pulses=10_000, read_noise=False))
    assert not report.failed.any()
    assert not report.misjudged.any()
    assert np.abs(report.error).max() <= report.tolerance * (1 + 1e-5)
    law = truncnorm(-0.4, 0.4, scale=SIGMA * WIDTH)
    plausible(p_of_law(report.error, law.cdf))
    p = 2 * norm.cdf(0.4) - 1
    plausible(attempts_are_geometric(report.writes, p))
    implausible(attempts_are_geometric(report.writes, 1.1 * p))
    np.testing.assert_array_equal(report.verify_reads, report.writes)
    wider = norm(scale=0.25 * SIGMA * WIDTH)  # the power: a normal of nearly the same spread is told apart
    implausible(p_of_law(report.error, wider.cdf))


def test_the_budget_is_missed_as_often_as_it_must():
    tolerance, budget = 0.2 * SIGMA, 6
    report = writes(WriteVerify(tolerance=tolerance, max_pulses=budget, read_noise=False), seed=1)
    miss = (2 * norm.sf(0.2)) ** budget
    plausible(p_of_counts([report.failed.sum(), (~report.failed).sum()], [CELLS * miss, CELLS * (1 - miss)]))
    assert (report.writes[report.failed] == budget).all()


@pytest.mark.parametrize("reads", [1, 9])
def test_read_noise_misjudges_by_its_law(reads):
    """The read is the sum of two normals; given that it was accepted, the error has the product of their laws."""
    tolerance, read_sigma = 0.6 * SIGMA, 0.03 / np.sqrt(reads)
    report = writes(WriteVerify(tolerance=tolerance, max_pulses=10_000, reads_per_verify=reads), seed=2)
    total = np.hypot(SIGMA, read_sigma)
    p = 2 * norm.cdf(tolerance / total) - 1
    plausible(attempts_are_geometric(report.writes, p))
    x = np.linspace(-8 * SIGMA, 8 * SIGMA, 20_001)
    density = norm.pdf(x, scale=SIGMA) * (
        norm.cdf((tolerance - x) / read_sigma) - norm.cdf((-tolerance - x) / read_sigma)
    )
    cumulated = np.cumsum(density)
    cumulated /= cumulated[-1]
    plausible(p_of_law(report.error / WIDTH, lambda e: np.interp(e, x, cumulated)))
    outside = density[np.abs(x) > tolerance].sum() / density.sum()
    plausible(p_of_mean(report.misjudged, outside, np.sqrt(outside * (1 - outside))))
    np.testing.assert_array_equal(report.verify_reads, reads * report.writes)
    if reads == 1:
        implausible(p_of_law(report.error / WIDTH, truncnorm(-0.6, 0.6, scale=SIGMA).cdf))


def test_soft_bounds_without_noise_take_the_pulses_of_the_formula():
    """From w = 0: b - w shrinks by 1 - s / b a pulse, until the error is at most the tolerance; both directions."""
    step, tolerance = 0.01, 0.004  # of a window of width 2: at least half a step
    quiet = RERAM.replaced(response__step=step, response__step_noise=0, response__write_noise=0)
    aims = np.linspace(-0.7, 1.2, 3001)
    state = np.zeros(aims.size, np.float32)
    traits = np.tile(np.array([step, step, 1.25, -0.75], np.float32), (aims.size, 1))
    siemens = quiet.window.g_min + (aims + 0.75) / 2 * (quiet.window.g_max - quiet.window.g_min)
    scheme = WriteVerify(tolerance=tolerance, max_pulses=1000, read_noise=False)
    report = write_verify(state, state.copy(), traits, siemens, quiet, scheme, Stream(0, PURPOSE))
    assert not report.failed.any()
    assert np.abs(report.error).max() <= report.tolerance * (1 + 1e-4)
    bound = np.where(aims > 0, 1.25, 0.75)
    near = np.maximum(np.abs(aims) - 2 * tolerance, 0)  # the near edge of the band
    exact = np.log1p(-near / bound) / np.log1p(-step / bound)
    pulses = np.ceil(exact)
    sure = np.abs(exact - np.rint(exact)) > 1e-3  # float32 states: the edge itself is a matter of rounding
    assert sure.mean() > 0.98
    np.testing.assert_array_equal(np.where(aims > 0, report.pulses_up, report.pulses_down)[sure], pulses[sure])
    assert not np.where(aims > 0, report.pulses_down, report.pulses_up).any()


def test_write_noise_is_accepted_by_luck_and_the_state_is_not():
    """What is shown has fresh write noise after each pulse: accepted cells show their target and hold another state."""
    # write noise of 0.1, and next to no motion
    device = RERAM.replaced(response__step=1e-6, response__step_noise=0, response__write_noise=1e5)
    state = np.zeros(CELLS, np.float32)
    shown = state.copy()
    traits = np.tile(np.array([1e-6, 1e-6, 1.25, -0.75], np.float32), (CELLS, 1))
    aim = np.full(CELLS, device.window.g_min + (0.75 + 0.1) / 2 * (device.window.g_max - device.window.g_min))
    scheme = WriteVerify(tolerance=0.01, max_pulses=100_000, read_noise=False)
    report = write_verify(state, shown, traits, aim, device, scheme, Stream(4, PURPOSE))
    assert not report.failed.any()
    p = norm.cdf(1.2) - norm.cdf(0.8)  # the target is one standard deviation away, the tolerance a fifth of one
    plausible(attempts_are_geometric(report.wear, p))
    plausible(p_of_law(shown, truncnorm(0.8, 1.2, scale=0.1).cdf))
    assert np.abs(state).max() < 1e-3
