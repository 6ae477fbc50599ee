"""Thermal and shot noise: against the physics they summarise (counts of electrons, integrals over energies) and the floor."""

import math
from itertools import pairwise

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_mean, p_of_variance, plausible, relative
from scipy import integrate

from revpath.energy_models.physics import column_read_floor, thermal_energy
from revpath.energy_models.records import get
from revpath.simulator.errors import ArrayError
from revpath.simulator.noise.circuit import (
    BOLTZMANN,
    CHARGE,
    CircuitNoise,
    circuit_variance,
    crossover_density,
    read_bandwidth,
    shot_variance,
    thermal_variance,
)

T, T_READ, G = 300.0, 100e-9, 20e-6
V_T = BOLTZMANN * T / CHARGE  # 26 mV


def test_constants_are_those_of_the_energy_room():
    assert get("constants.boltzmann").to("J/K") == BOLTZMANN
    assert thermal_energy(300.0) == relative(BOLTZMANN * T)
    assert float(CHARGE) == 1.602176634e-19


def test_bandwidth_of_an_average():
    """The integral of the power response sinc^2(f t) over f > 0."""
    u = np.linspace(0, 2000, 2_000_001)  # f t; the rest of the integral is 1 / (2 pi^2 2000)
    integral = integrate.simpson(np.sinc(u) ** 2, x=u) + 1 / (2 * math.pi**2 * 2000)
    assert integral == pytest.approx(0.5, abs=1e-8)
    assert read_bandwidth(T_READ) == relative(0.5 / T_READ)


def test_golden_values():
    """20 uS at 300 K: 0.58 pA/sqrt(Hz), hence 1.29 nA in the 5 MHz of a read of 100 ns; full shot noise of 4 uA: 2.53 nA."""
    assert math.sqrt(4 * BOLTZMANN * T * G) == relative(0.5756e-12, rel=1e-4)
    assert float(thermal_variance(G, T, 5e6)) ** 0.5 == relative(1.287e-9, rel=1e-3)
    assert float(shot_variance(4e-6, 5e6)) ** 0.5 == relative(2.532e-9, rel=1e-3)


# -- the law of both --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("volts", [0.0, 1e-7, 5e-3, 0.026, 0.2, 1.0])
@pytest.mark.parametrize("fano", [0.0, 1 / 3, 1.0])
def test_crossover_from_the_integral_over_energies(volts, fano):
    """Landauer and Buettiker: S = 2 G int [f_l (1 - f_l) + f_r (1 - f_r) + F (f_l - f_r)^2] dE, with dE = k T du.

    (f_l and f_r are the occupations of the two leads; F is 1 minus the transmission where all channels have the same.)
    """
    bias = volts / V_T

    def fermi(u):
        return 1 / (1 + math.exp(u)) if u < 700 else 0.0

    def integrand(u):
        left, right = fermi(u - bias), fermi(u)
        return left * (1 - left) + right * (1 - right) + fano * (left - right) ** 2

    edges = np.linspace(-45, bias + 45, 60)
    total = sum(integrate.quad(integrand, a, b)[0] for a, b in pairwise(edges))
    assert float(crossover_density(volts, T, fano)) == relative(2 * BOLTZMANN * T * total, rel=1e-8)


@pytest.mark.parametrize("volts", [0.002, 0.03, 0.3])
def test_one_barrier_from_counts_of_electrons(volts):
    """Electrons jump over a barrier both ways as Poisson processes with rates in the ratio exp(qV/kT): F = 1.

    The current averaged over a read is (forward - backward) q / t. False-alarm rate 2e-7 (mean and variance).
    """
    rng = np.random.default_rng(round(1000 * volts))
    net = G * volts / CHARGE * T_READ
    backward = net / math.expm1(volts / V_T)
    n = 200_000
    current = (rng.poisson(net + backward, n) - rng.poisson(backward, n)) * (CHARGE / T_READ)
    variance = float(crossover_density(volts, T, 1.0)) * G * read_bandwidth(T_READ)
    plausible(p_of_mean(current, G * volts, math.sqrt(variance)))
    plausible(p_of_variance(current, variance))
    implausible(p_of_variance(current, 1.05 * variance))
    if volts == 0.03:  # between the limits neither noise alone will do, nor their sum
        thermal = float(thermal_variance(G, T, read_bandwidth(T_READ)))
        shot = float(shot_variance(G * volts, read_bandwidth(T_READ)))
        for wrong in (thermal, shot, thermal + shot):
            implausible(p_of_variance(current, wrong))


def test_limits():
    thermal = 4 * BOLTZMANN * T
    for fano in (0.0, 0.2, 1.0):
        assert float(crossover_density(0.0, T, fano)) == relative(thermal, rel=1e-15)
        assert float(crossover_density(5.0, T, fano)) == relative(thermal * (1 - fano) + 2 * CHARGE * fano * 5.0)
    volts = np.array([-0.3, 1e-9, 0.3])
    assert crossover_density(volts, T, 0.0) == relative(np.full(3, thermal))
    assert crossover_density(-volts, T, 0.5) == relative(crossover_density(volts, T, 0.5))
    step = 2e-4 * V_T  # no jump where the series takes over
    near = crossover_density(np.array([step * (1 - 1e-9), step * (1 + 1e-9)]), T, 1.0)
    assert near[0] == relative(near[1], rel=1e-12)
    assert np.isfinite(crossover_density(np.array([1e-300, 1e3]), T, 1.0)).all()


def test_switches():
    volts = np.array([[0.0, 0.1], [0.3, -0.2]])
    assert CircuitNoise().off
    assert CircuitNoise(shot=True, fano=0.0).off
    assert not CircuitNoise(shot=True).off
    assert (CircuitNoise().density(volts) == 0).all()
    assert CircuitNoise(thermal=True).density(volts) == relative(np.full((2, 2), 4 * BOLTZMANN * T))
    assert CircuitNoise(shot=True, fano=0.5).density(volts) == relative(CHARGE * np.abs(volts))
    both = CircuitNoise(thermal=True, shot=True, fano=0.5, temperature=77.0)
    assert both.density(volts) == relative(crossover_density(volts, 77.0, 0.5))
    # shot noise alone is what is left of both at temperature zero
    cold = CircuitNoise(thermal=True, shot=True, fano=0.5, temperature=1e-6)
    assert cold.density(volts)[1] == relative(CircuitNoise(shot=True, fano=0.5).density(volts)[1], rel=1e-6)


# -- the array ------------------------------------------------------------------------------------------------------


def small_array():
    rng = np.random.default_rng(5)
    return rng.uniform(-0.2, 0.2, (4, 6)), rng.uniform(1e-6, 5e-5, (6, 3))


@pytest.mark.parametrize(
    "noise", [CircuitNoise(thermal=True), CircuitNoise(shot=True), CircuitNoise(310.0, True, True)]
)
@pytest.mark.parametrize("transposed", [False, True])
def test_variance_is_the_sum_over_cells(noise, transposed):
    volts, siemens = small_array()
    twin = np.zeros((4, 3))
    for s in range(4):
        for i in range(6):
            for j in range(3):
                twin[s, j] += float(noise.density(volts[s, i])) * siemens[i, j] / (2 * T_READ)
    cells = siemens.T if transposed else siemens
    got = circuit_variance(volts, cells, noise, T_READ, transposed=transposed)
    assert got.shape == ((1, 3) if not noise.shot else (4, 3))
    assert np.broadcast_to(got, (4, 3)) == relative(twin, rel=1e-12)


def test_shot_alone_is_the_noise_of_the_currents():
    volts, siemens = small_array()
    got = circuit_variance(volts, siemens, CircuitNoise(shot=True, fano=1.0), T_READ)
    assert got == relative(shot_variance(np.abs(volts) @ siemens, read_bandwidth(T_READ)))


def test_off_is_nothing():
    volts, siemens = small_array()
    assert len(circuit_variance(volts, siemens, CircuitNoise(), T_READ)) == 0


@pytest.mark.slow
@pytest.mark.jit
def test_sampled_cells_have_the_collapsed_law():
    """A current of its own for every cell, drawn and summed, against one number for each line; rate 3e-7."""
    volts, siemens = small_array()
    noise = CircuitNoise(thermal=True, shot=True, fano=1.0)
    n = 100_000
    rng = np.random.default_rng(11)
    sigma = np.sqrt(noise.density(volts[0])[:, None] * siemens * read_bandwidth(T_READ))
    lines = np.stack([(volts[0][:, None] * siemens + sigma * rng.standard_normal((6, 3))).sum(0) for _ in range(n)])
    variance = circuit_variance(volts[:1], siemens, noise, T_READ)[0]
    plausible(p_of_mean(lines, volts[0] @ siemens, np.sqrt(variance)))
    plausible(p_of_variance(lines, variance))
    implausible(p_of_variance(lines, circuit_variance(volts[:1], siemens, CircuitNoise(thermal=True), T_READ)[0]))


def test_thermal_noise_pays_the_floor_exactly():
    """A column whose lines all have the same voltage dissipates 2 k T SNR, and no column less: `column_read_floor`."""
    rng = np.random.default_rng(3)
    siemens = rng.uniform(1e-6, 5e-5, (256, 1))
    for temperature in (77.0, 300.0, 400.0):
        noise = CircuitNoise(temperature, thermal=True)
        for volts, exact in ((np.full((1, 256), 0.2), True), (rng.uniform(0, 0.2, (1, 256)), False)):
            energy = float((np.square(volts) @ siemens)[0, 0]) * T_READ
            variance = float(circuit_variance(volts, siemens, noise, T_READ)[0, 0])
            eta = energy / column_read_floor(float((volts @ siemens)[0, 0]) ** 2 / variance, temperature)
            assert eta == relative(1.0) if exact else 1.05 < eta < 2
            shot = circuit_variance(volts, siemens, CircuitNoise(temperature, True, True), T_READ)
            assert float(shot[0, 0]) > variance  # shot noise only lowers the ratio: the floor still holds


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"temperature": 0}, "temperature = 0 must be a positive"),
        ({"temperature": math.nan}, "temperature = nan must be a positive"),
        ({"temperature": "warm"}, "temperature = 'warm' must be a positive"),
        ({"thermal": 1}, "thermal = 1 must be True or False"),
        ({"shot": None}, "shot = None must be True or False"),
        ({"fano": 1.5}, "fano = 1.5 must be from 0 to 1"),
        ({"fano": math.nan}, "fano = nan must be from 0 to 1"),
        ({"fano": True}, "fano = True must be from 0 to 1"),
    ],
)
def test_configurations_that_cannot_be(fields, said):
    with pytest.raises(ArrayError, match=said):
        CircuitNoise(**fields)


def test_bad_input_is_refused():
    volts, siemens = small_array()
    noise = CircuitNoise(thermal=True, shot=True)
    for arguments, said in (
        ((volts[:, :5], siemens, noise, T_READ), r"volts has shape \(4, 5\); it must be \(batch, 6\)"),
        ((volts[0], siemens, noise, T_READ), r"volts has shape \(6,\)"),
        ((volts, siemens[0], noise, T_READ), r"siemens has shape \(3,\); it must be \(rows, columns\)"),
        ((volts, -siemens, noise, T_READ), "siemens must be finite and not negative"),
        ((volts * np.nan, siemens, noise, T_READ), "volts must be finite"),
        ((volts, siemens, noise, 0.0), "t_read = 0.0 must be a positive"),
        ((volts, siemens, CircuitNoise(), -1.0), "t_read = -1.0 must be a positive"),
    ):
        with pytest.raises(ArrayError, match=said):
            circuit_variance(*arguments)
    with pytest.raises(ArrayError, match="bandwidth = -5 must be"):
        thermal_variance(siemens, T, -5)
    with pytest.raises(ArrayError, match="fano = 2 must be"):
        shot_variance(siemens, 1e6, 2)
