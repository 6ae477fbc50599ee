"""Stochastic pulse trains of arrays against aihwkit's: mean, variance and shared-line covariance of coincidences.

Lines fire for all cells on them, so that counts on one line are correlated: Cov(n_ij, n_i'j) = slots p_j q_i q_i'
(1 - p_j). Both simulators are held to these formulas and to each other. False-alarm rate of each check: `ALARM`.
"""

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_mean, p_of_variance, plausible
from twins import aihwkit_laws as theirs

from revpath.devices import Device
from revpath.devices.laws import Window
from revpath.devices.response import SoftBounds
from revpath.simulator import ArrayConfig, Crossbar
from revpath.simulator.pulses.plan import train_length

SAMPLES = 4000
LONGEST = 31
STEP = 0.001
# x, d, rate: random; a train cut short by management; one that management must stretch
CASES = {
    f"random-{k}": (rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 4), float(rng.uniform(0.004, 0.03)))
    for k, rng in enumerate(map(np.random.default_rng, range(4)))
} | {
    "short": (np.array([0.5, -0.3]), np.array([0.19, 0.15, -0.1]), 0.01),
    "long": (np.array([1.0, 0.4]), np.array([1.0, -0.7, 0.2]), 0.1),
}


def probabilities(x: np.ndarray, d: np.ndarray, rate: float) -> tuple[int, np.ndarray, np.ndarray]:
    """Slots, and firing probabilities of word and bit lines, by the management of pulse lengths."""
    slots, x_gain, d_gain = train_length(rate, [np.abs(x).max()], [np.abs(d).max()], STEP, LONGEST)
    return int(slots[0]), np.minimum(x_gain[0] * np.abs(x), 1), np.minimum(d_gain[0] * np.abs(d), 1)


@pytest.fixture(scope="module")
def answers():
    jobs = [
        {"job": "trains", "longest": LONGEST, "management": True, "step": STEP, "rate": rate,
         "x": x.tolist(), "d": d.tolist(), "samples": SAMPLES}
        for x, d, rate in CASES.values()
    ]  # fmt: skip
    return dict(zip(CASES, (answer["counts"] for answer in theirs.ask(jobs)), strict=True))


def our_counts(x: np.ndarray, d: np.ndarray, rate: float) -> np.ndarray:
    """Coincidences (samples, columns, rows) of an array whose cells count them: hardly bounded, and without noise."""
    still = dict.fromkeys(
        ("step_spread", "asymmetry_spread", "w_max_spread", "w_min_spread", "step_noise", "write_noise"), 0.0
    )
    law = SoftBounds(step=STEP, w_min=-1000, w_max=1000, **still)
    device = Device(name="counter", title="counter", window=Window(g_min=1e-6, g_max=2e-6), response=law)
    array = Crossbar((len(x), len(d)), ArrayConfig(device, weight_max=2000), seed=4)
    counts = np.empty((SAMPLES, len(d), len(x)))
    zeros = np.zeros((len(x) * len(d), 2))
    for k in range(SAMPLES):
        array.cells.hold(zeros)
        # a coincidence moves both cells of a pair, so that a weight moves by two steps
        array.update(np.float32(x[None]), np.float32(d[None]), 2 * rate)
        counts[k] = np.rint(array.cells.state[:, 0].reshape(array.shape).T / STEP)
    return counts


@pytest.mark.jit
@pytest.mark.parametrize("side", ["aihwkit", "ours"])
@pytest.mark.parametrize("name", CASES)
def test_mean_variance_and_covariance_of_coincidences(answers, name, side):
    x, d, rate = CASES[name]
    slots, p, q = probabilities(x, d, rate)
    counts = answers[name] if side == "aihwkit" else our_counts(x, d, rate)
    both = p * q[:, None]  # (columns, rows)
    mean, variance = slots * both, slots * both * (1 - both)
    n = counts * np.sign(np.outer(d, x))
    kurtosis = 3 + (1 - 6 * both * (1 - both)) / np.maximum(variance, 1e-12)  # of a binomial
    plausible(p_of_mean(n, mean, np.sqrt(variance)))
    moving = variance > 0
    plausible(p_of_variance(n[:, moving], variance[moving], kurtosis[moving]))
    implausible(p_of_mean(n * 1.1, mean, np.sqrt(variance)))
    sds = np.sqrt(variance)
    pairs = [((0, j), (1, j), slots * p[j] * q[0] * q[1] * (1 - p[j])) for j in range(len(x))]  # on one word line
    pairs += [((i, 0), (i, 1), slots * q[i] * p[0] * p[1] * (1 - q[i])) for i in range(len(d))]  # on one bit line
    pairs += [((0, 0), (1, 1), 0.0)]  # cells that share no line are independent
    for a, b, expected in pairs:
        if sds[a] * sds[b] > 0:  # a line that always fires moves its cells without chance
            samples = n[:, *a], n[:, *b]
            plausible(p_of_covariance(*samples, expected, (mean[a], mean[b]), (sds[a], sds[b])))


@pytest.mark.jit
def test_the_covariance_would_be_missed_if_it_were_not_there(answers):
    x, d, rate = CASES["random-0"]
    slots, p, q = probabilities(x, d, rate)
    n = answers["random-0"] * np.sign(np.outer(d, x))
    j = int(np.argmax(p * (1 - p)))
    a, b = np.argsort(q)[-2:]
    mean = slots * p[j] * q
    sd = np.sqrt(slots * p[j] * q * (1 - p[j] * q))
    implausible(p_of_covariance(n[:, a, j], n[:, b, j], 0.0, (mean[a], mean[b]), (sd[a], sd[b])))


@pytest.mark.jit
@pytest.mark.parametrize("name", CASES)
def test_both_simulators_agree(answers, name):
    x, d, rate = CASES[name]
    for p in theirs.p_of_same_moments(answers[name], our_counts(x, d, rate)):
        plausible(p)
