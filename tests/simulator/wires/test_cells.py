"""Non-linear cells, read noise and refused input of arrays with resistive wires."""

import math

import numpy as np
import pytest
from helpers.statistics import relative
from twins.wires import solve_linear, solve_nonlinear

from revpath.devices import RevpathError
from revpath.simulator import ArrayError
from revpath.simulator.wires import (
    Cubic,
    Ohmic,
    Selector,
    Sinh,
    WireError,
    Wires,
    WireWarning,
    effective_matrix,
    noise_covariance,
    noise_variance,
    solve,
)

LAWS = [Sinh(0.2), Cubic(3.0), Selector(0.3, 0.05)]


def arrays(m: int, n: int, low: float = 1e3, high: float = 1e5, seed: int = 0):
    rng = np.random.default_rng(seed)
    return 1 / np.exp(rng.uniform(np.log(low), np.log(high), (m, n))), rng.uniform(-1, 1, m)


# -- laws of cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [Ohmic(), *LAWS, Cubic(0), Selector(0, 1.0), Selector(0.5, 1e-3)], ids=str)
def test_laws_increase_are_odd_and_have_their_slope(law):
    g, v = np.array(2e-5), np.linspace(-1, 1, 2001)
    current = law.current(g, v)
    assert (np.diff(current) >= 0).all()
    np.testing.assert_allclose(current, -current[::-1], rtol=1e-12, atol=1e-30)
    assert law.current(g, np.zeros(1)) == 0
    h = 1e-6
    places = v + 3e-4  # off the kink that a narrow selector has at 0
    numeric = (law.current(g, places + h) - law.current(g, places - h)) / (2 * h)
    np.testing.assert_allclose(law.slope(g, places), numeric, rtol=2e-5, atol=1e-9 * float(g))
    assert (law.slope(g, v) >= 0).all()
    assert law.current(np.zeros(1), np.array([0.7])) == 0


def test_laws_have_their_formulas():
    g, v = 1e-4, 0.6
    assert Sinh(0.2).current(g, v) == relative(g * 0.2 * math.sinh(3), 1e-12)
    assert Cubic(3.0).current(g, v) == relative(g * (0.6 + 3 * 0.216), 1e-12)
    soft = 0.05 * (math.log1p(math.exp(6)) - math.log1p(math.exp(-6)))
    assert Selector(0.3, 0.05).current(g, v) == relative(g * soft, 1e-12)
    assert Selector(0.3, 0.05).current(g, 1e-9) == relative(g * 1e-9 / (1 + math.exp(6)), 1e-6)
    assert Selector(0.3, 1e-3).current(g, 2.0) == relative(g * 1.7, 1e-12)


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize(
    "wires",
    [
        Wires(word_resistance=20, bit_resistance=10, driver_resistance=50, tolerance=1e-12),
        Wires(word_resistance=0, bit_resistance=40, drive_side="right", sense_side="top", tolerance=1e-12),
        Wires(word_resistance=15, bit_resistance=0, sense_resistance=30, drive_side="both", tolerance=1e-12),
    ],
    ids=["plain", "ideal words", "merged bits"],
)
def test_nonlinear_equals_scipy(law, wires):
    g, v = arrays(4, 3)
    g[1, 2] = 0.0
    expected, drops = solve_nonlinear(g, v, wires, law.current)
    found = solve(g, v, wires, cells=law, keep_nodes=True, power=True)
    np.testing.assert_allclose(found.currents, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(found.word_voltages - found.bit_voltages, drops, rtol=0, atol=1e-8)
    assert found.residual <= 1e-12
    assert found.newton_iterations >= 1
    assert found.power_cells + found.power_wires == relative(float(found.power_in), 1e-9)


def test_nonlinear_far_from_its_tangent():
    """sinh(10) makes the first guess wrong by four decades; the steps are damped and the answer is the circuit's."""
    g, v = arrays(6, 5)
    wires = Wires(word_resistance=30, bit_resistance=30)
    law = Sinh(0.1)
    found = solve(g, v, wires, cells=law, keep_nodes=True)
    drop = found.word_voltages - found.bit_voltages
    assert np.abs(law.current(g, drop)).max() < 0.4 * np.abs(law.current(g, v[:, None])).max()
    as_linear = solve_linear(law.current(g, drop) / drop, v, np.zeros(5), wires)  # the same currents at the same drops
    np.testing.assert_allclose(found.currents, as_linear["columns"], rtol=1e-8)


def test_nonlinear_limits():
    g, v = arrays(5, 4)
    ohmic = solve(g, v, Wires()).currents
    np.testing.assert_array_equal(solve(g, v, Wires(), cells=Ohmic()).currents, ohmic)
    for law in (Sinh(1e4), Cubic(0.0)):
        np.testing.assert_allclose(solve(g, v, Wires(), cells=law).currents, ohmic, rtol=1e-7)
    ideal = Wires(word_resistance=0, bit_resistance=0)
    np.testing.assert_allclose(
        solve(g, v, ideal, cells=Sinh(0.3)).currents, Sinh(0.3).current(g, v[:, None]).sum(axis=0), rtol=1e-13
    )
    batch = solve(g, np.stack([v, 2 * v]), Wires(), cells=Sinh(0.3))
    np.testing.assert_array_equal(batch.currents[1], solve(g, 2 * v, Wires(), cells=Sinh(0.3)).currents)
    again = solve(g, v, Wires(), cells=Sinh(0.3), initial=solve(g, v, Wires(), cells=Sinh(0.3), keep_nodes=True))
    assert again.newton_iterations == 0


# -- noise -----------------------------------------------------------------------------------------------------------

NOISY = Wires(word_resistance=30, bit_resistance=20, driver_resistance=40, sense_side="both", tolerance=1e-13)


def test_noise_is_the_derivative():
    """Against finite differences: the covariance is J diag(sigma^2) J', J from exact solves at G + h and G - h."""
    g, v = arrays(4, 3)
    sigma = 0.02 * g * np.random.default_rng(1).uniform(0.5, 2, g.shape)
    jacobian = np.empty((3, g.size))
    for k in range(g.size):
        h = np.zeros(g.size)
        h[k] = 1e-4 * g.flat[k]
        step = h.reshape(g.shape)
        jacobian[:, k] = (solve(g + step, v, NOISY).currents - solve(g - step, v, NOISY).currents) / (2 * h[k])
    expected = (jacobian * sigma.ravel() ** 2) @ jacobian.T
    found = noise_covariance(g, v, sigma, NOISY)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())
    assert np.abs(found[0, 1]) > 1e-4 * found[0, 0]  # neighbours are correlated through the wires
    np.testing.assert_allclose(noise_variance(g, v, sigma, NOISY), np.diag(found), rtol=1e-12)
    both = noise_covariance(g, np.stack([v, -2 * v]), sigma, NOISY)
    np.testing.assert_allclose(both[1], 4 * found, rtol=1e-9)


def test_noise_without_wires_is_the_plain_sum():
    g, v = arrays(4, 3)
    sigma = 0.1 * g
    found = noise_covariance(g, v, sigma, Wires(word_resistance=0, bit_resistance=0))
    np.testing.assert_allclose(found, np.diag(v**2 @ sigma**2), rtol=1e-12, atol=1e-30)


# -- refused input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("word_resistance", -1.0),
        ("bit_resistance", math.nan),
        ("driver_resistance", math.inf),
        ("sense_resistance", "much"),
        ("drive_side", "top"),
        ("sense_side", "left"),
        ("tolerance", 0.0),
        ("tolerance", 1.0),
        ("budget", 0),
        ("budget", 2.0),
        ("max_iterations", 0),
        ("resistance", 1.0),
    ],
)
def test_wires_refuse(field, value):
    with pytest.raises(WireError, match=f"Wires: {field} = ") as caught:
        Wires(**{field: value})
    assert isinstance(caught.value, ArrayError | RevpathError)


def test_wires_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Wires().word_resistance = 2.0


G = np.full((2, 3), 1e-4)


def with_cell(value):
    g = G.copy()
    g[1, 2] = value
    return g


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: solve(with_cell(-1e-6), np.ones(2), Wires()), r"conductances\[1, 2\] = -1e-06 S"),
        (lambda: solve(with_cell(np.inf), np.ones(2), Wires()), r"conductances\[1, 2\] = inf S .* shorted"),
        (lambda: solve(with_cell(np.nan), np.ones(2), Wires()), r"conductances\[1, 2\] = nan S"),
        (lambda: solve(G[0], np.ones(2), Wires()), r"conductances has shape \(3,\)"),
        (lambda: solve(np.zeros((0, 3)), np.ones(0), Wires()), r"conductances has shape \(0, 3\)"),
        (lambda: solve(G.astype(complex), np.ones(2), Wires()), "conductances = ndarray must be an array of real"),
        (lambda: solve([[1.0], [1.0, 2.0]], np.ones(2), Wires()), "conductances = list must be an array of real"),
        (lambda: solve(G, np.ones(3), Wires()), r"voltages has shape \(3,\); it must be \(2,\)"),
        (lambda: solve(G, np.ones(2), Wires(), transposed=True), r"voltages has shape \(2,\); it must be \(3,\)"),
        (lambda: solve(G, 1.0, Wires()), r"voltages has shape \(\)"),
        (lambda: solve(G, [1.0, np.inf], Wires()), r"voltages\[0, 1\] = inf V"),
        (lambda: solve(G, np.ones(2), 1.0), "wires = 1.0 must be a Wires"),
        (lambda: solve(G, np.ones(2), Wires(), cells="sinh"), "cells = 'sinh' must be"),
        (lambda: solve(G, np.ones(2), Wires(budget=3), cells=Sinh(1.0)), "budget = 3 must be None"),
        (lambda: solve(G, np.ones(2), Wires(), initial=solve(G, np.ones(2), Wires())), "keep_nodes=True"),
        (
            lambda: solve(G, np.ones((2, 2)), Wires(), initial=solve(G, np.ones(2), Wires(), keep_nodes=True)),
            r"bit_voltages of shape \(1, 2, 3\); they must be \(2, 2, 3\)",
        ),
        (lambda: effective_matrix(G, None), "wires = None must be a Wires"),
        (lambda: noise_covariance(G, np.ones(2), -G, Wires()), r"sigma\[0, 0\] = -0.0001 S"),
        (lambda: noise_variance(G, np.ones(2), G[:1], Wires()), r"sigma has shape \(1, 3\)"),
        (lambda: Sinh(0.0), "Sinh: v0 = 0.0 must be a finite number, more than 0"),
        (lambda: Cubic(-0.25), "Cubic: coefficient = -0.25 must be a finite number, at least 0"),
        (lambda: Selector(-0.1, 0.1), "Selector: threshold = -0.1"),
        (lambda: Selector(0.1, math.nan), "Selector: width = nan"),
        (
            lambda: solve(G, np.full(2, 9.0), Wires(), cells=Sinh(0.01)),
            r"Sinh\(v0=0.01\) gives a current or slope that is",
        ),
    ],
)
def test_refused(call, message):
    with pytest.raises(WireError, match=message):
        call()


def test_a_missed_tolerance_is_an_error():
    g, v = arrays(30, 30, 100, 1000)
    wires = Wires(word_resistance=10, bit_resistance=10, max_iterations=3)
    with pytest.raises(WireError, match=r"tolerance = 1e-10 was not reached: after 3 iterations .* max_iterations = 3"):
        solve(g, v, wires)
    assert solve(g, v, Wires(word_resistance=10, bit_resistance=10, budget=3)).residual > 1e-10
    with pytest.raises(WireError, match=r"BackwardSlope.* Newton steps; tolerance"):
        solve(g[:4, :3], v[:4], Wires(word_resistance=1e3, bit_resistance=1e3), cells=BackwardSlope())


class BackwardSlope(Cubic):
    """A law whose slope is wrong: Newton goes nowhere, and says so."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def slope(self, conductance, drop):
        return conductance * 1e-9


def test_terminals_far_above_the_wires_end_at_rounding():
    """A kiloohm terminal on microohm segments: node voltages cannot state the drops between nodes to 1e-10 of a current. The
    residual says how far it got, and bounds the error."""
    g, v = arrays(5, 4)
    wires = Wires(word_resistance=1e-6, bit_resistance=1e-6, driver_resistance=1e3, sense_resistance=1e3)
    with pytest.warns(WireWarning, match=r"tolerance = 1e-10 is below what float64 node voltages"):
        found = solve(g, v, wires)
    assert 1e-10 < found.residual < 1e-4
    limit = solve(
        g, v, Wires(word_resistance=0, bit_resistance=0, driver_resistance=1e3, sense_resistance=1e3)
    ).currents
    assert np.abs(found.currents - limit).max() < found.residual * np.abs(limit).max()
