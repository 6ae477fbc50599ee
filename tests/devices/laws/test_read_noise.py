"""Laws of read noise: against integrals of their spectral densities, and against the processes that they summarise."""

import math
from itertools import pairwise

import numpy as np
import pytest
from helpers.statistics import relative
from scipy import integrate, linalg, stats

from revpath.devices import Device, RecordError, RevpathError, laws, load_device, read_device
from revpath.devices.laws.read_noise import (
    ConstantReadNoise,
    FlickerReadNoise,
    NoReadNoise,
    OneOverFReadNoise,
    ProportionalReadNoise,
    TelegraphReadNoise,
)

G = np.array([0.0, 2e-6, 5e-6, 25e-6])
G_MAX = 25e-6
ONE_OVER_F = OneOverFReadNoise(k=1e-6, t_read=250e-9, t0=20.0)
TELEGRAPH = TelegraphReadNoise(amplitude=0.04, amplitude_spread=0.7, occupancy=0.3, switching_time=1e-3)
EVERY = [
    NoReadNoise(),
    ConstantReadNoise(relative=0.01),
    ProportionalReadNoise(relative=0.02),
    FlickerReadNoise(q_scale=0.0088, q_power=0.65, q_floor=1e-3, q_cap=0.2, t_read=250e-9, t0=20),
    ONE_OVER_F,
    TELEGRAPH,
]


def test_a_device_takes_every_law_and_laws_names_it():
    assert {type(law) for law in EVERY} <= set(laws.ReadNoise.variants.values())
    for law in EVERY:
        assert getattr(laws, type(law).__name__) is type(law)


@pytest.mark.parametrize("law", EVERY, ids=lambda law: law.law)
def test_flags_say_what_sigma_does(law):
    sigma = law.sigma(G, G_MAX, 3.0)
    assert sigma.dtype == np.float64
    assert sigma.shape == G.shape
    assert (sigma >= 0).all()
    assert law.uniform == (np.ptp(sigma) == 0)
    assert law.gaussian == (law.law != "telegraph")
    np.testing.assert_array_equal(law.sigma(G, G_MAX), law.sigma(G, G_MAX, 0.0))


@pytest.mark.parametrize("law", EVERY, ids=lambda law: law.law)
def test_whole_numbers_of_siemens_are_not_truncated(law):
    """`full_like` and `zeros_like` of integers would be integers."""
    np.testing.assert_array_equal(law.sigma(np.array([1, 2]), 2), law.sigma(np.array([1.0, 2.0]), 2))


def test_simple_laws():
    assert not NoReadNoise().sigma(G, G_MAX).any()
    assert ConstantReadNoise(relative=0.01).sigma(G, G_MAX) == relative(np.full(4, 0.25e-6))
    assert ProportionalReadNoise(relative=0.02).sigma(G, G_MAX) == relative(0.02 * G)


# -- 1/f ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "t_read"), [(0.0, None), (3600.0, None), (86400.0, 1e-3)])
def test_one_over_f_is_the_integral_of_its_density_over_the_band(seconds, t_read):
    high = 1 / (2 * (t_read or 250e-9))
    low = 1 / (seconds + 20.0 + (t_read or 250e-9))
    # S df = S f d(ln f)
    variance, _ = integrate.quad(lambda u: ONE_OVER_F.k / math.exp(u) * math.exp(u), math.log(low), math.log(high))
    assert ONE_OVER_F.sigma(np.array([5e-6]), G_MAX, seconds, t_read)[0] == relative(5e-6 * math.sqrt(variance))


def test_one_over_f_against_the_average_that_a_read_is():
    """The power response of an average over t is sinc^2(f t): the sharp band is right to the stated 0.222 in the logarithm."""
    t_read, low = 1e-3, 1 / (20.0 + 1e-3)
    # u = ln f; 400 zeros of the sinc are integrated one by one, the rest is below 1e-6
    zeros = np.log(np.arange(1, 400) / t_read)
    edges = [math.log(low), *zeros]
    exact = sum(integrate.quad(lambda u: np.sinc(math.exp(u) * t_read) ** 2, a, b)[0] for a, b in pairwise(edges))
    sharp = ONE_OVER_F.relative(0.0, t_read) ** 2 / ONE_OVER_F.k
    assert exact - sharp == pytest.approx(1.5 - np.euler_gamma - math.log(math.pi), abs=2e-6)
    assert exact / sharp == pytest.approx(1, abs=0.03)


def test_one_over_f_grows_with_observation_and_shrinks_with_longer_reads():
    assert ONE_OVER_F.relative(1e6) > ONE_OVER_F.relative(1.0) > ONE_OVER_F.relative(1.0, t_read=1e-6) > 0
    doubled = ONE_OVER_F.relative(20.0 + 250e-9) ** 2 - ONE_OVER_F.relative() ** 2
    assert doubled == relative(ONE_OVER_F.k * math.log(2), rel=1e-7)  # twice the time, one octave more


def test_flicker_and_one_over_f_share_their_band():
    flicker = EVERY[3]
    for seconds, t_read in ((0.0, 250e-9), (7.0, 1e-4)):
        assert flicker.growth(seconds, t_read) * 1e-3 == relative(ONE_OVER_F.relative(seconds, t_read))
    assert flicker.sigma(G, G_MAX, 7.0, 1e-4) == relative(G * flicker.q(G / G_MAX) * flicker.growth(7.0, 1e-4))


@pytest.mark.parametrize("law", EVERY[3:5], ids=lambda law: law.law)
def test_a_read_longer_than_the_observation_is_refused(law):
    with pytest.raises(RevpathError, match=r"t_read = 30 s must not be longer than the 25 s since"):
        law.sigma(G, G_MAX, 5.0, 30.0)
    assert (law.sigma(G, G_MAX, 10.0, 30.0) == 0).all()  # as long as the observation: nothing is left of the band
    with pytest.raises(RevpathError, match="t_read = -1.0 must be a positive"):
        law.sigma(G, G_MAX, 5.0, -1.0)
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(RevpathError, match=r"seconds = .* must be finite and not negative"):
            law.sigma(G, G_MAX, bad)


# -- random telegraph -------------------------------------------------------------------------------------------------


def test_telegraph_sigma_is_the_mean_square_over_cells_and_levels():
    law, p = TELEGRAPH, TELEGRAPH.occupancy
    amplitudes = stats.lognorm(s=law.amplitude_spread, scale=law.amplitude)

    def square(a):  # mean over the two levels of (shown - g)^2 / g^2; their mean is 0
        empty, occupied = a * p, -a * (1 - p)
        assert (1 - p) * empty + p * occupied == pytest.approx(0, abs=1e-15)
        return (1 - p) * empty**2 + p * occupied**2

    mean_square, _ = integrate.quad(lambda a: square(a) * amplitudes.pdf(a), 0, 10, limit=500, points=[0.04, 0.5])
    assert law.sigma(np.array([5e-6]), G_MAX)[0] == relative(5e-6 * math.sqrt(mean_square), rel=1e-6)


def test_telegraph_amplitudes_are_lognormal():
    assert TELEGRAPH.amplitudes(np.array([0.0, 1.0, -1.0])) == relative(0.04 * np.exp([0, 0.7, -0.7]))
    assert not TelegraphReadNoise(amplitude=0, switching_time=1).amplitudes(np.array([1.0])).any()


def test_telegraph_process_follows_from_two_rates():
    """Occupancy and autocorrelation of the docstring, from the generator of the process with those rates."""
    capture, emission = 3.1, 1.7  # seconds
    rate = np.array([[-1 / capture, 1 / capture], [1 / emission, -1 / emission]])  # from empty, from occupied
    p = emission / (capture + emission)
    switching = 1 / (1 / capture + 1 / emission)
    for t in (0.01, 0.8, 5.0):
        move = linalg.expm(rate * t)
        np.testing.assert_allclose([1 - p, p] @ move, [1 - p, p], rtol=1e-12)  # stationary
        both = p * move[1, 1]  # occupied now and after t
        assert (both - p * p) / (p * (1 - p)) == relative(math.exp(-t / switching), rel=1e-9)
        keep = math.exp(-t / switching)  # and it is the mixture that the simulator draws
        np.testing.assert_allclose(move, keep * np.eye(2) + (1 - keep) * np.array([[1 - p, p]] * 2), rtol=1e-9)


def test_telegraph_read_must_see_one_level():
    TELEGRAPH.sigma(G, G_MAX, 0.0, 0.9e-3)
    with pytest.raises(RevpathError, match=r"t_read = 0.001 s must be below switching_time = 0.001 s"):
        TELEGRAPH.sigma(G, G_MAX, 0.0, 1e-3)
    with pytest.raises(RevpathError, match="t_read = 0 must be a positive"):
        TELEGRAPH.check(0)
    # what the blur of the longest read takes off: the variance of the average of exp(-|t|) over unit time
    blur = integrate.dblquad(lambda a, b: math.exp(-abs(a - b)), 0, 1, 0, 1)[0]
    assert 2 / 3 < blur < 1


# -- refusals and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "fields", "said"),
    [
        (ProportionalReadNoise, {"relative": -0.1}, "greater than or equal to 0"),
        (ProportionalReadNoise, {"relative": 2}, "less than or equal to 1"),
        (OneOverFReadNoise, {"k": -1, "t_read": 1, "t0": 2}, "greater than or equal to 0"),
        (OneOverFReadNoise, {"k": 1e-6, "t_read": 0, "t0": 2}, "greater than 0"),
        (OneOverFReadNoise, {"k": 1e-6, "t_read": 3, "t0": 2}, "t_read = 3 s must not be longer than the 2 s"),
        (TelegraphReadNoise, {"amplitude": 1.2, "switching_time": 1}, "less than or equal to 1"),
        (TelegraphReadNoise, {"amplitude": 0.1, "switching_time": 0}, "greater than 0"),
        (TelegraphReadNoise, {"amplitude": 0.1, "switching_time": 1, "occupancy": 1}, "less than 1"),
        (TelegraphReadNoise, {"amplitude": 0.1, "switching_time": 1, "amplitude_spread": -1}, "greater than or equal"),
        (TelegraphReadNoise, {"amplitude": 0.1}, "required"),
    ],
)
def test_laws_refuse(law, fields, said):
    with pytest.raises(RevpathError, match=said):
        law(**fields)


FILE = """
schema = 1
name = "noisy-cell"
title = "a cell for tests"
[sources.nobody2026]
citation = "no paper: numbers made up for a test"
[defaults]
source = "nobody2026"
evidence = "assumed"
read_in = "memory"
uncertainty = { kind = "lognormal", sigma_ln = 0.5 }
[window]
g_min = { value = 1, unit = "uS" }
g_max = { value = 25, unit = "uS" }
[read_noise]
law = "telegraph"
amplitude = { value = 0.05, unit = "dimensionless" }
switching_time = { value = 2, unit = "ms" }
"""


def test_a_device_file_may_have_the_new_laws(tmp_path):
    path = tmp_path / "noisy-cell.toml"
    path.write_text(FILE)
    law = read_device(path).read_noise
    assert law == TelegraphReadNoise(amplitude=0.05, switching_time=2e-3)
    path.write_text(FILE.replace('unit = "ms"', 'unit = "mS"'))
    with pytest.raises(RecordError, match=r"switching_time.*'mS' cannot be read as 's'"):
        read_device(path)


def test_a_device_can_be_given_any_law_and_swept():
    window = load_device("ideal").window
    for law in EVERY:
        assert Device(name="x", title="x", window=window, read_noise=law).read_noise is law
    device = Device(name="x", title="x", window=window, read_noise=ONE_OVER_F)
    assert device.replaced(read_noise__k=4e-6).read_noise.relative() == relative(2 * ONE_OVER_F.relative())
    with pytest.raises(RevpathError, match="must not be longer than"):
        device.replaced(read_noise__t_read=30.0)
