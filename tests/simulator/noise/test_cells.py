"""Cells drawn one by one against a plain twin, and the collapsed law against the cells: in law, with stated rates.

Every statistical check has a false-alarm rate of 1e-7, see `helpers.statistics`.
"""

import math

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible, relative
from scipy import stats

from revpath.devices.laws.read_noise import (
    ConstantReadNoise,
    FlickerReadNoise,
    NoReadNoise,
    OneOverFReadNoise,
    ProportionalReadNoise,
    TelegraphReadNoise,
)
from revpath.simulator import ArrayError, Stream
from revpath.simulator.compile import threads
from revpath.simulator.noise.cells import is_exact, pair_variance, perturbed_cells, read_variance, sampled_read

G_MAX = 25e-6
LAWS = [
    ConstantReadNoise(relative=0.03),
    ProportionalReadNoise(relative=0.05),
    FlickerReadNoise(q_scale=0.0088, q_power=0.65, q_floor=1e-3, q_cap=0.2, t_read=250e-9, t0=20),
    OneOverFReadNoise(k=1e-4, t_read=250e-9, t0=20),
]
TELEGRAPH = TelegraphReadNoise(amplitude=0.1, switching_time=1.0)


def stream(step: int = 0) -> Stream:
    return Stream(7, "cells", 3, step)


def cells(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(5e-6, G_MAX, (rows, columns, 2)).astype(np.float32)


def inputs(batch: int, width: int, seed: int = 1) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(batch, width)).astype(np.float32)
    x[0, : width // 2] = 0
    return x


def twin(x, siemens, sigma, step, *, transposed, hold):
    """One read after the other from stored, perturbed cells, in float64."""
    source, y, below = stream(step), [], 0
    for row in x:
        shown = siemens + np.float32(sigma) * source.normals(siemens.shape)
        driven = shown[:, row != 0] if transposed else shown[row != 0]
        below += int((driven < 0).sum())
        if hold:
            shown = np.maximum(shown, 0)
        pairs = shown[..., 0].astype(float) - shown[..., 1]
        y.append(pairs @ row.astype(float) if transposed else row.astype(float) @ pairs)
    return np.array(y), below


# -- in value ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (5, 4), (13, 90), (3, 700)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("hold", [False, True])
def test_sampled_reads_are_the_twin(shape, transposed, hold):
    siemens, x = cells(*shape), inputs(3, shape[1 if transposed else 0])
    sigma = np.float32(6e-6)
    y, below = sampled_read(x, siemens, sigma, stream(40), transposed=transposed, hold=hold)
    expected, count = twin(x, siemens, sigma, 40, transposed=transposed, hold=hold)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-11)
    assert y.dtype == np.float32
    assert below == count
    if siemens.size > 1000:
        assert below > 0


def test_undriven_rows_cost_nothing_and_change_nothing():
    siemens, x = cells(40, 60), inputs(2, 40)
    x[1] = 0
    x[1, 33] = 1.5
    y, _ = sampled_read(x, siemens, 1e-6, stream())
    expected, _ = twin(x, siemens, 1e-6, 0, transposed=False, hold=False)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-11)
    silent, below = sampled_read(np.zeros((1, 40)), siemens, 1e-5, stream())
    assert not silent.any()
    assert below == 0


@pytest.mark.parametrize("transposed", [False, True])
def test_off_is_exact(transposed):
    siemens, x = cells(6, 5), inputs(4, 5 if transposed else 6)
    y, below = sampled_read(x, siemens, 0.0, stream(), transposed=transposed)
    pairs = siemens[..., 0].astype(float) - siemens[..., 1]
    np.testing.assert_allclose(y, x @ (pairs.T if transposed else pairs), rtol=1e-7, atol=1e-16)
    assert below == 0
    shown, below = perturbed_cells(siemens, 0.0, stream())
    np.testing.assert_array_equal(shown, siemens)
    assert below == 0


def test_a_read_sees_the_cells_that_perturbed_cells_gives():
    siemens, x = cells(8, 5), inputs(3, 8)
    source = stream(11)
    y, _ = sampled_read(x, siemens, 5e-6, source, hold=True)
    assert source.step == 14
    for s in range(3):
        shown, below = perturbed_cells(siemens, 5e-6, stream(11 + s))
        assert shown.dtype == np.float32
        assert (shown == 0).sum() == below
        np.testing.assert_allclose(y[s], x[s] @ (shown[..., 0].astype(float) - shown[..., 1]), rtol=1e-6, atol=1e-11)


def test_perturbed_cells_are_held_at_zero_and_counted():
    siemens = np.full((30, 20, 2), 1e-6)
    free, below = perturbed_cells(siemens, 2e-6, stream(), hold=False)
    held, count = perturbed_cells(siemens, 2e-6, stream())
    assert below == count == (free < 0).sum() > 100
    np.testing.assert_array_equal(held, np.maximum(free, 0))
    plausible(float(stats.binomtest(below, free.size, stats.norm.cdf(-0.5)).pvalue))


@pytest.mark.jit
@pytest.mark.parametrize("transposed", [False, True])
def test_bits_depend_on_neither_threads_nor_batches(transposed):
    siemens = cells(60, 50)
    x = inputs(21, 50 if transposed else 60)
    with threads(1):
        one, below = sampled_read(x, siemens, 4e-6, stream(), transposed=transposed)
    with threads(2):
        two, below_two = sampled_read(x, siemens, 4e-6, stream(), transposed=transposed)
    np.testing.assert_array_equal(one, two)
    assert below == below_two
    source = stream()
    parts = [sampled_read(x[a:b], siemens, 4e-6, source, transposed=transposed) for a, b in ((0, 1), (1, 9), (9, 21))]
    np.testing.assert_array_equal(np.concatenate([y for y, _ in parts]), one)
    assert sum(n for _, n in parts) == below


def test_reads_differ_and_repeat():
    siemens, x = cells(4, 4), np.ones((3, 4))
    a, _ = sampled_read(x, siemens, 1e-6, stream())
    b, _ = sampled_read(x, siemens, 1e-6, stream())
    np.testing.assert_array_equal(a, b)
    assert len(np.unique(a)) == a.size


# -- the collapsed law ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [NoReadNoise(), *LAWS], ids=lambda law: law.law)
@pytest.mark.parametrize("transposed", [False, True])
def test_collapsed_variance_is_the_sum_over_cells(law, transposed):
    siemens, x = cells(5, 4), inputs(3, 4 if transposed else 5)
    variance = pair_variance(law, siemens, G_MAX, seconds=60.0, per_siemens=3e4)
    got = read_variance(x, variance, transposed=transposed)
    if law.law == "none":
        assert len(variance) == len(got) == 0
        return
    sigma = law.sigma(siemens.astype(float), G_MAX, 60.0) * 3e4
    expected = np.zeros((3, 5 if transposed else 4))
    for s in range(3):
        for i in range(5):
            for j in range(4):
                pair = sigma[i, j, 0] ** 2 + sigma[i, j, 1] ** 2
                driven, sensed = (j, i) if transposed else (i, j)
                expected[s, sensed] += float(x[s, driven]) ** 2 * pair
    assert got.dtype == np.float32
    assert got.shape == ((3, 1) if law.uniform else expected.shape)
    assert np.broadcast_to(got, expected.shape) == relative(expected, rel=2e-6)


def test_the_band_of_the_read_reaches_the_variance():
    short, long = (pair_variance(LAWS[3], cells(2, 2), G_MAX, per_siemens=1e4, t_read=t) for t in (1e-7, 1e-3))
    assert (short > 1.5 * long).all()


def many_reads(law, transposed=False, n=40_000, **options):
    """Outputs of n reads of one input, what they are without noise, and the collapsed variance; all in units of G_MAX."""
    siemens = cells(6, 4, seed=3)
    x = inputs(2, 4 if transposed else 6, seed=8)[1:]
    y, below = sampled_read(
        np.repeat(x, n, axis=0), siemens, law.sigma(siemens, G_MAX), stream(), transposed=transposed, **options
    )
    pairs = (siemens[..., 0].astype(float) - siemens[..., 1]) / G_MAX
    variance = read_variance(x, pair_variance(law, siemens, G_MAX, per_siemens=1 / G_MAX), transposed=transposed)
    mean = x[0] @ (pairs.T if transposed else pairs)
    return y / G_MAX, mean, np.broadcast_to(variance, (1, mean.size))[0].astype(float), below


@pytest.mark.jit
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
@pytest.mark.parametrize("transposed", [False, True])
def test_collapsed_law_is_that_of_the_cells(law, transposed):
    y, mean, variance, _ = many_reads(law, transposed)
    sd = np.sqrt(variance)
    plausible(p_of_mean(y, mean, sd))
    plausible(p_of_variance(y, variance))
    implausible(p_of_variance(y, 1.06 * variance))
    z = (y - mean) / sd
    for j in range(z.shape[1]):
        plausible(z.shape[1] * p_of_law(z[:, j], stats.norm.cdf))
    kurtosis = stats.kurtosis(z, axis=0)
    plausible(float(z.shape[1] * 2 * stats.norm.sf(np.abs(kurtosis).max() / math.sqrt(24 / len(z)))))
    for lag in (1, 2):  # across outputs of a read, and from read to read
        plausible(p_of_covariance(z, np.roll(z, lag, axis=1), 0.0, (0, 0), (1, 1)))
        plausible(p_of_covariance(z[:-lag], z[lag:], 0.0, (0, 0), (1, 1)))


@pytest.mark.jit
def test_cells_that_are_held_have_another_law():
    """Why `is_exact` says no where cells are held at zero: with a wide law the mean of a pair moves."""
    law = ConstantReadNoise(relative=0.8)
    free, mean, variance, below = many_reads(law)
    held, _, _, count = many_reads(law, hold=True)
    assert below == count > 0
    plausible(p_of_mean(free, mean, np.sqrt(variance)))
    plausible(p_of_variance(free, variance))
    implausible(p_of_mean(held, mean, np.sqrt(variance)))
    implausible(p_of_variance(held, variance))


@pytest.mark.jit
def test_a_shared_reference_couples_the_outputs():
    """One reference line for all: its noise is in every output, and one more normal number for it is exact."""
    rows, n = 5, 40_000
    siemens = cells(rows, 4, seed=4)
    siemens[:, :, 1] = 0.0  # three columns of cells and a line of references, each sensed by itself
    x = inputs(2, rows)[1:]
    sigma = np.float32(1e-6) * np.array([1, 0], np.float32)
    y, _ = sampled_read(np.repeat(x, n, axis=0), siemens, sigma, stream())
    noise = (y - x @ siemens[..., 0].astype(float)) / 1e-6
    outputs = noise[:, :3] - noise[:, 3:]
    power = float((x.astype(float) ** 2).sum())
    sd = math.sqrt(2 * power)
    plausible(p_of_variance(outputs, 2 * power))
    plausible(p_of_covariance(outputs[:, 0], outputs[:, 2], power, (0, 0), (sd, sd)))
    implausible(p_of_covariance(outputs[:, 0], outputs[:, 2], 0.0, (0, 0), (sd, sd)))


@pytest.mark.parametrize(
    ("law", "conditions", "said"),
    [
        (LAWS[0], {}, ""),
        (LAWS[2], {}, ""),
        (NoReadNoise(), {"wires": True, "linear": False, "hold": True, "shared": True}, ""),
        (TELEGRAPH, {}, "telegraph noise is not normal"),
        (LAWS[1], {"wires": True}, "with wire resistance"),
        (LAWS[1], {"linear": False}, "not proportional to its voltage"),
        (LAWS[1], {"hold": True}, "held at zero"),
        (LAWS[1], {"shared": True}, "an output of its own"),
    ],
)
def test_is_exact_says_why_not(law, conditions, said):
    exact, why = is_exact(law, **{"wires": False, "linear": True, **conditions})
    assert exact == (said == "")
    assert said in why
    assert len(why) > 10


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "siemens", "sigma", "said"),
    [
        (np.ones((2, 3)), cells(4, 5), 0.0, r"x has shape \(2, 3\); it must be \(batch, 4\)"),
        (np.full((1, 4), np.nan), cells(4, 5), 0.0, "x must be finite"),
        (np.ones((1, 4)), np.ones((4, 5)), 0.0, r"siemens has shape \(4, 5\); it must be \(rows, columns, 2\)"),
        (np.ones((1, 4)), np.ones((4, 5, 3)), 0.0, "siemens has shape"),
        (np.ones((1, 0)), np.ones((0, 5, 2)), 0.0, "siemens has shape"),
        (np.ones((1, 4)), np.ones((4, 5, 2), complex), 0.0, "siemens has type complex128"),
        (np.ones((1, 4)), -cells(4, 5), 0.0, r"siemens\[0, 0, 0\] = -.* must be finite and not negative"),
        (np.ones((1, 4)), cells(4, 5), -1e-6, r"sigma\[0, 0, 0\] = -1e-06 must be finite and not negative"),
        (np.ones((1, 4)), cells(4, 5), np.inf, "sigma.* = inf must be finite"),
        (np.ones((1, 4)), cells(4, 5), np.ones((2, 5, 2)), r"sigma has shape \(2, 5, 2\); it must be \(4, 5, 2\)"),
    ],
)
def test_bad_input_is_refused(x, siemens, sigma, said):
    source = stream()
    with pytest.raises(ArrayError, match=said):
        sampled_read(x, siemens, sigma, source)
    assert source.step == 0


def test_an_empty_batch_is_an_empty_answer():
    y, below = sampled_read(np.ones((0, 4)), cells(4, 5), 1e-6, stream())
    assert y.shape == (0, 5)
    assert below == 0
