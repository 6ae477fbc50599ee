"""Laws of the library against golden values, computed by hand from the published coefficients."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError
from revpath.devices.laws import ConstantReadNoise, FlickerReadNoise, NoProgrammingNoise, NoReadNoise, Window
from revpath.devices.laws.retention import clipped_log
from revpath.devices.response import IdealResponse, SoftBounds

R = np.array([0, 0.05, 0.1, 0.25, 0.5, 0.75, 1])
PCM = load_device("pcm-nandakumar2019")
G_MAX = PCM.window.g_max


def test_pcm_programming_noise_golden_values():
    sigma_us = PCM.programming.sigma(R * G_MAX, G_MAX) * 1e6
    np.testing.assert_allclose(
        sigma_us, [0.263480, 0.358797, 0.448249, 0.681411, 0.952705, 1.077361, 1.055380], atol=6e-7
    )


def test_pcm_programming_noise_is_never_negative():
    assert PCM.programming.sigma(np.array([3 * G_MAX]), G_MAX)[0] == 0


def test_pcm_drift_exponent_golden_values():
    np.testing.assert_allclose(
        PCM.drift.exponent_mean(R * G_MAX, G_MAX), [0.1, 0.070834, 0.060090, 0.049, 0.049, 0.049, 0.049], atol=6e-7
    )
    np.testing.assert_allclose(
        PCM.drift.exponent_spread(R * G_MAX, G_MAX),
        [0.045, 0.031547, 0.022882, 0.011429, 0.008, 0.008, 0.008],
        atol=6e-7,
    )


@pytest.mark.parametrize(
    ("seconds", "factor"), [(0, 1.0), (1, 0.997563), (3600, 0.771110), (86400, 0.657992), (31536000, 0.489904)]
)
def test_pcm_drift_factor_golden_values(seconds, factor):
    assert PCM.drift.t0 == 20
    assert PCM.drift.factor(0.05, seconds) == pytest.approx(factor, abs=6e-7)


def test_pcm_read_noise_golden_values():
    np.testing.assert_allclose(
        PCM.read_noise.q(R), [0.2, 0.061681, 0.039308, 0.021668, 0.013809, 0.010609, 0.008800], atol=6e-7
    )


@pytest.mark.parametrize(
    ("seconds", "growth"), [(0, 4.183825), (1, 4.189652), (3600, 4.764755), (86400, 5.086810), (31536000, 5.636958)]
)
def test_pcm_read_noise_growth_golden_values(seconds, growth):
    assert PCM.read_noise.growth(seconds) == pytest.approx(growth, abs=6e-7)


def test_pcm_read_noise_is_the_product_of_its_factors():
    g = R * G_MAX
    np.testing.assert_allclose(PCM.read_noise.sigma(g, G_MAX, 3600.0), g * PCM.read_noise.q(R) * 4.764755, rtol=2e-7)


def test_pcm_window_and_response():
    assert (PCM.window.g_min, PCM.window.g_max) == (0, relative(25e-6))
    assert PCM.response.law == "unknown"


def test_soft_bounds_golden_value():
    law = SoftBounds(
        step=0.01, w_min=-0.6, w_max=0.6, step_spread=0, asymmetry_spread=0, w_max_spread=0, w_min_spread=0,
        step_noise=0, write_noise=0,
    )  # fmt: skip
    w = 0.0
    for _ in range(100):
        w += float(law.mean_up(w))
    assert w == pytest.approx(0.4882551861877284, abs=1e-15)
    for _ in range(5000):
        w += float(law.mean_down(w))
    assert w == pytest.approx(-0.6, abs=1e-9)


def test_reram_sb_parameters():
    reram = load_device("reram-sb-gong2018")
    assert reram.response == SoftBounds(
        step=0.002, w_min=-0.75, w_max=1.25, step_spread=0.3, asymmetry_spread=0.01, w_max_spread=0.24,
        w_min_spread=0.4, step_noise=3.75, write_noise=56,
    )  # fmt: skip
    assert reram.window.g_min == relative(9e-6)
    assert reram.window.g_max == relative(88.2e-6)
    assert reram.read_noise == ConstantReadNoise(relative=0.002)
    assert reram.pulse.voltage == 2
    assert reram.pulse.duration == relative(10e-9)
    assert reram.pulse.energy_up == relative(0.6e-12)
    assert reram.pulse.energy_down == relative(0.6e-12)


def test_off_is_exact():
    g = np.array([0.0, 1e-6, 25e-6])
    assert not NoProgrammingNoise().sigma(g, 25e-6).any()
    assert not NoReadNoise().sigma(g, 25e-6, 0.0).any()


def test_constant_read_noise_does_not_depend_on_conductance():
    np.testing.assert_array_equal(ConstantReadNoise(relative=0.01).sigma(np.array([0.0, 5.0]), 20.0, 1.0), [0.2, 0.2])


@pytest.mark.parametrize(
    ("law", "fields", "said"),
    [
        (Window, {"g_min": -1e-6, "g_max": 1e-6}, "greater than or equal to 0"),
        (Window, {"g_min": 2e-6, "g_max": 1e-6}, "g_min = 2e-06 S must be below g_max = 1e-06 S"),
        (Window, {"g_min": 1e-6, "g_max": 1e-6}, "must be below"),
        (Window, {"g_min": 0, "g_max": float("nan")}, "finite"),
        (Window, {"g_min": 0, "g_max": float("inf")}, "finite"),
        (Window, {"g_min": 0, "g_max": 1e-6, "g_mid": 1}, "Extra"),
        (ConstantReadNoise, {"relative": 1.5}, "less than or equal to 1"),
        (IdealResponse, {"w_min": 1, "w_max": -1}, "w_min = 1.0 must be below w_max = -1.0"),
        (FlickerReadNoise, {"q_scale": 1, "q_power": 1, "q_floor": 0, "q_cap": 1, "t_read": 1, "t0": 1}, "greater"),
    ],
)
def test_laws_refuse(law, fields, said):
    with pytest.raises(RevpathError, match=said):
        law(**fields)


def test_laws_are_frozen():
    with pytest.raises(RevpathError, match="frozen"):
        PCM.window.g_max = 1.0


def test_a_flat_law_has_no_trouble_at_zero():
    np.testing.assert_array_equal(clipped_log(np.array([0.0, 0.5]), 0.0, 0.05, 0.01, 0.1), 0.05)
    np.testing.assert_array_equal(clipped_log(np.array([0.0]), -1.0, 0.05, 0.01, 0.1), 0.1)
