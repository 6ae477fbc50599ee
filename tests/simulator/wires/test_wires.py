"""The wire solver against a nodal analysis written from the circuit alone, and against the laws every circuit obeys."""

from itertools import pairwise

import numba
import numpy as np
import pytest
from helpers.statistics import relative
from twins.wires import dense_residual, solve_linear

from revpath.simulator.compile import threads
from revpath.simulator.wires import Wires, effective_matrix, solve

SIDES = [(drive, sense) for drive in ("left", "right", "both") for sense in ("bottom", "top", "both")]


def random_case(seed: int, largest: int = 7):
    """Conductances with open cells, wires with zeros among their resistances, and which way to read."""
    rng = np.random.default_rng(seed)
    m, n = (int(k) for k in rng.integers(1, largest + 1, 2))
    drive, sense = SIDES[seed % 9]
    wires = Wires(
        word_resistance=rng.choice([0, 1.0, 50.0]),
        bit_resistance=rng.choice([0, 2.0, 30.0]),
        driver_resistance=rng.choice([0, 5.0, 500.0]),
        sense_resistance=rng.choice([0, 3.0, 100.0]),
        drive_side=drive,
        sense_side=sense,
        tolerance=1e-12,
    )
    g = 10 ** rng.uniform(-6, -2.5, (m, n)) * (rng.random((m, n)) > 0.15)
    return g, wires, bool(rng.integers(2)), rng


def close(found, expected, rel=1e-10):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rel * (np.abs(expected).max() + 1e-300))


def arrays(m: int, n: int, low: float = 1e4, high: float = 1e6, seed: int = 0):
    """Conductances (m, n) of log-uniform resistances, and voltages (m,)."""
    rng = np.random.default_rng(seed)
    return 1 / np.exp(rng.uniform(np.log(low), np.log(high), (m, n))), rng.uniform(0, 1, m)


# -- against the twin ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(72))
def test_equals_nodal_analysis(seed):
    g, wires, transposed, rng = random_case(seed)
    m, n = g.shape
    v = rng.normal(size=(2, n if transposed else m))
    found = solve(g, v, wires, transposed=transposed, keep_nodes=True, power=True)
    for k in range(2):
        word, bit = (np.zeros(m), v[k]) if transposed else (v[k], np.zeros(n))
        twin = solve_linear(g, word, bit, wires)
        out, into = (-twin["rows"], -twin["columns"]) if transposed else (twin["columns"], twin["rows"])
        close(found.currents[k], out)
        close(found.source_currents[k], into)
        close(found.word_voltages[k], twin["word"])
        close(found.bit_voltages[k], twin["bit"])
    close(found.power_cells + found.power_wires, found.power_in, 1e-9)
    assert (found.residual <= 1e-12).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 30), (30, 2), (5, 6), (13, 4)])
@pytest.mark.parametrize("ohm", [1.0, 100.0])
def test_shapes_that_do_not_fill_a_block(shape, ohm):
    g, v = arrays(*shape, 1e3, 1e5)
    wires = Wires(word_resistance=ohm, bit_resistance=ohm)
    close(solve(g, v, wires).currents, solve_linear(g, v, np.zeros(shape[1]), wires)["columns"], 1e-9)


@pytest.mark.parametrize(("drive", "sense"), SIDES)
@pytest.mark.jit
def test_smooth_modes_change_the_path_and_not_the_answer(drive, sense):
    """Wires that weigh as much as cells switch the coarse correction on; it must cut iterations and leave the solution."""
    import revpath.simulator.wires.coarse as coarse

    g, v = arrays(48, 40, 200, 2000)
    wires = Wires(
        word_resistance=80,
        bit_resistance=120,
        driver_resistance=1000,
        sense_resistance=10,
        drive_side=drive,
        sense_side=sense,
    )
    assert len(coarse.smooth_modes(g, wires.lines)[0]) == coarse.MODES
    found = solve(g, v, wires)
    close(found.currents, solve_linear(g, v, np.zeros(40), wires)["columns"], 1e-8)
    large = coarse._LARGE
    try:
        coarse._LARGE = np.inf
        without = solve(g, v, wires)
    finally:
        coarse._LARGE = large
    assert found.iterations < without.iterations
    close(found.currents, without.currents, 1e-8)


def test_equals_badcrossbar():
    """badcrossbar 1.1.0: compute(V, R, r_i_word_line=2.0, r_i_bit_line=3.0), its output currents for two vectors."""
    resistances = np.array(
        [[1000.0, 2000.0, 1500.0], [800.0, 50000.0, 1200.0], [np.inf, 3000.0, 700.0], [900.0, 1000.0, 1100.0]]
    )
    voltages = np.array([[0.2, 0.1, 0.3, -0.1], [0.0, 0.4, -0.2, 0.1]])
    output = np.array(GOLDEN)
    found = solve(1 / resistances, voltages, Wires(word_resistance=2.0, bit_resistance=3.0, tolerance=1e-13))
    np.testing.assert_allclose(found.currents, output, rtol=1e-11)


GOLDEN = [
    [0.00020625262784048306, 0.00010025724295607092, 0.000536689235097962],
    [0.0005958158540791892, 4.0699476273952044e-05, 0.00013439036332766095],
]


# -- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_residual_is_what_kirchhoff_misses(seed):
    """Also for a budget, where it is the error estimate."""
    g, wires, _, rng = random_case(seed)
    v = rng.normal(size=len(g))
    ideal_bits = wires.model_copy(update={"bit_resistance": 0.0, "sense_resistance": 0.0})
    for budget in (1, 2, None):
        given = wires.model_copy(update={"budget": budget})
        found = solve(g, v, given, keep_nodes=True)
        missed = dense_residual(g, v, np.zeros(g.shape[1]), wires, found.word_voltages, found.bit_voltages)
        grounded = solve_linear(g, v, np.zeros(g.shape[1]), ideal_bits)
        scale = np.linalg.norm(g * (grounded["word"] - grounded["bit"]))
        assert abs(found.residual * scale - missed) <= 1e-12 * scale + 1e-6 * missed


@pytest.mark.parametrize("seed", range(9))
def test_reciprocity(seed):
    g, wires, _, rng = random_case(seed)
    effective = effective_matrix(g, wires)
    v, w = rng.normal(size=(3, g.shape[0])), rng.normal(size=(3, g.shape[1]))
    forward, backward = solve(g, v, wires), solve(g, w, wires, transposed=True)
    close(v @ effective.matrix, forward.currents)
    close(w @ effective.matrix.T, backward.currents)
    close(v @ effective.drive_admittance, forward.source_currents)
    close(effective.drive_admittance, effective.drive_admittance.T)
    close(effective.power(v), forward.power_in)
    assert (effective.residual <= wires.tolerance).all()


def test_no_resistance_is_exactly_ohms_law():
    g, v = arrays(6, 5)
    none = Wires(word_resistance=0, bit_resistance=0)
    found = solve(g, v, none, power=True)
    np.testing.assert_allclose(found.currents, v @ g, rtol=1e-15)
    assert found.iterations == 0
    assert found.residual == 0
    assert found.power_wires == 0
    assert found.power_cells == relative(float(v**2 @ g.sum(axis=1)), 1e-14)


@pytest.mark.filterwarnings("ignore:tolerance = 1e-13")  # asked for more than rounding allows, on purpose
@pytest.mark.parametrize("zero", ["word_resistance", "bit_resistance"])
def test_small_resistance_approaches_none(zero):
    """The drop is proportional to r: the limit r -> 0 is continuous, and reached exactly at 0."""
    g, v = arrays(6, 5, 1e3, 1e4)
    wires = Wires(word_resistance=1, bit_resistance=1, driver_resistance=7, sense_resistance=5, tolerance=1e-13)
    limit = solve(g, v, wires.model_copy(update={zero: 0.0})).currents
    gaps = [np.abs(solve(g, v, wires.model_copy(update={zero: r})).currents - limit).max() for r in (1e-2, 1e-4, 1e-6)]
    assert gaps[1] == relative(gaps[0] / 100, 0.05)
    assert gaps[2] == relative(gaps[1] / 100, 0.05)


def test_open_array_carries_nothing_and_floats_nowhere():
    found = solve(np.zeros((3, 4)), np.ones(3), Wires(), keep_nodes=True)
    assert not found.currents.any()
    assert found.residual == 0
    np.testing.assert_array_equal(found.word_voltages, 1.0)
    np.testing.assert_array_equal(found.bit_voltages, 0.0)


def test_shorted_cells_draw_what_the_wires_allow():
    g, v = arrays(5, 4)
    g[2, 1] = 1e4  # 0.1 milliohm
    wires = Wires()
    found = solve(g, v, wires)
    close(found.currents, solve_linear(g, v, np.zeros(4), wires)["columns"], 1e-9)
    assert found.currents[1] > 0.9 * v[2] / (2 + 3)  # two word segments and three bit segments in series


def test_no_voltage_no_current():
    found = solve(arrays(3, 4)[0], np.zeros((2, 3)), Wires())
    assert not found.currents.any()
    assert not found.residual.any()


@pytest.mark.parametrize("factor", [2.0**-300, 2.0**300])
def test_linear_in_voltage_to_the_bit(factor):
    g, v = arrays(5, 4)
    np.testing.assert_array_equal(solve(g, v * factor, Wires()).currents, solve(g, v, Wires()).currents * factor)


def test_charge_is_conserved_at_any_budget():
    g, v = arrays(12, 9, 200, 2000)
    for budget in (1, 2, 5):
        found = solve(g, v, Wires(word_resistance=10, bit_resistance=10, budget=budget))
        assert found.currents.sum() == relative(found.source_currents.sum(), 1e-13)
        assert found.iterations <= budget


def test_budget_buys_accuracy():
    g, v = arrays(24, 20, 500, 5000)
    wires = Wires(word_resistance=5, bit_resistance=5, tolerance=1e-13)
    exact = solve(g, v, wires).currents
    some = [solve(g, v, wires.model_copy(update={"budget": k})) for k in (1, 2, 4, 8)]
    errors = [np.abs(s.currents - exact).max() for s in some]
    residuals = [float(s.residual) for s in some]
    assert [int(s.iterations) for s in some] == [1, 2, 4, 8]
    assert all(b < 0.5 * a for a, b in pairwise(errors))
    assert all(b < 0.5 * a for a, b in pairwise(residuals))


def test_initial_solution_saves_iterations():
    g, v = arrays(16, 12, 1e3, 1e4)
    wires = Wires(word_resistance=5, bit_resistance=5)
    for transposed, drives in ((False, v), (True, v[:12])):
        first = solve(g, drives, wires, keep_nodes=True, transposed=transposed)
        again = solve(g * 1.0001, drives, wires, initial=first, transposed=transposed)
        fresh = solve(g * 1.0001, drives, wires, transposed=transposed)
        assert again.iterations < fresh.iterations
        close(again.currents, fresh.currents, 1e-8)


def test_batches_may_be_split():
    g, _ = arrays(9, 7)
    v = np.random.default_rng(1).normal(size=(11, 9))
    whole = solve(g, v, Wires(), keep_nodes=True, power=True)
    for k in range(11):
        one = solve(g, v[k], Wires(), keep_nodes=True, power=True)
        for name in ("currents", "source_currents", "residual", "power_cells", "power_wires", "bit_voltages"):
            np.testing.assert_array_equal(getattr(one, name), getattr(whole, name)[k])
    assert solve(g, np.zeros((0, 9)), Wires()).currents.shape == (0, 7)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
@pytest.mark.jit
def test_threads_change_no_bit():
    g, _ = arrays(64, 48, 1e3, 1e4)
    v = np.random.default_rng(1).normal(size=(33, 64))
    with threads(1):
        one = solve(g, v, Wires(), keep_nodes=True)
    with threads(2):
        two = solve(g, v, Wires(), keep_nodes=True)
    for name in ("currents", "source_currents", "residual", "iterations", "word_voltages", "bit_voltages"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def kirchhoff_misses(g, wires, v, found):
    """2-norm of the node equations for plain wires on the default sides, in vectorised numpy."""
    top = np.hstack([v[:, None], found.word_voltages])
    low = np.vstack([found.bit_voltages, np.zeros(g.shape[1])])
    cells = g * (found.word_voltages - found.bit_voltages)
    along, down = -np.diff(top, axis=1) / wires.word_resistance, -np.diff(low, axis=0) / wires.bit_resistance
    words = along - cells - np.pad(along, ((0, 0), (0, 1)))[:, 1:]
    bits = np.pad(down, ((1, 0), (0, 0)))[:-1] + cells - down
    return np.sqrt((words**2).sum() + (bits**2).sum()), np.linalg.norm(cells)


@pytest.mark.jit
@pytest.mark.parametrize(("low", "high"), [(1e4, 1e6), (1e3, 1e4)])
def test_kirchhoff_at_512(low, high):
    g, v = arrays(512, 512, low, high)
    found = solve(g, v, Wires(), keep_nodes=True, power=True)
    missed, cells = kirchhoff_misses(g, Wires(), v, found)
    assert missed < 1e-9 * cells
    assert found.residual <= 1e-10
    assert found.power_cells + found.power_wires == relative(float(found.power_in), 1e-9)


@pytest.mark.jit
def test_hard_case():
    """1024 x 1024 cells of 1 k to 10 k ohm on 1 ohm wires: 12 iterations to 1e-10 of all of Kirchhoff's law (goal: 40)."""
    g, v = arrays(1024, 1024, 1e3, 1e4)
    found = solve(g, v, Wires())
    assert found.iterations <= 16
    assert found.residual <= 1e-10
