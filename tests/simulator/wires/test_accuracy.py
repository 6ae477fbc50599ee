"""`tolerance` bounds the error of the currents that flow: against LU in 80-bit floats, for arrays nobody would build."""

import warnings

import numpy as np
import pytest
from twins.wires import exact_currents

import revpath.simulator.wires.circuit as circuit
import revpath.simulator.wires.kernels as kernels
import revpath.simulator.wires.refine as refine
from revpath.simulator.wires import WireError, Wires, solve

SHORT = 1e3  # S: one milliohm


def errors(g, volts, wires, transposed, found):
    """Largest error of an output relative to the largest output, and to the current through the cells of the line."""
    rest = np.zeros((len(volts), g.shape[0 if transposed else 1]))
    rows, columns, row_flow, column_flow = exact_currents(g, *((rest, volts) if transposed else (volts, rest)), wires)
    exact, flow = (-rows, row_flow) if transposed else (columns, column_flow)
    off = np.abs(found.currents - exact)
    largest = np.abs(exact).max(axis=1, keepdims=True)
    # Along a chain of milliohms and gigaohms currents fall below 1e-60 A, where the reference has no digits either.
    least = np.maximum(flow, 1e-12 * flow.max(axis=1, keepdims=True))
    return tuple(
        float(np.divide(off, scale, out=np.zeros_like(off), where=scale > 0).max()) for scale in (largest, least)
    )


@pytest.mark.parametrize("tolerance", [1e-10, 1e-13])
def test_two_cells_that_differ_by_eleven_decades(tolerance):
    g = 1 / np.array([[1e-3, 217994426.8236325]])
    wires = Wires(word_resistance=712.142, bit_resistance=1.60988, tolerance=tolerance)
    volts = np.array([[-0.18736921597529]])
    assert max(errors(g, volts, wires, False, solve(g, volts, wires))) <= tolerance


def test_wide_array_of_shorts():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        g = 10 ** -rng.uniform(0, 9, (5, 40))
        g[rng.random(g.shape) < 0.05] = SHORT
        wires = Wires(word_resistance=377.0, bit_resistance=48.7)
        volts = rng.uniform(-1, 1, (1, 5))
        assert max(errors(g, volts, wires, False, solve(g, volts, wires))) <= wires.tolerance


def test_lines_without_resistance_are_refined_too():
    """One node each, or held by their terminal: against the same array on wires of a millionth of the smallest resistance."""
    rng = np.random.default_rng(1)
    g = 10 ** -rng.uniform(0, 9, (6, 5))
    g[2, 3] = SHORT
    volts = rng.uniform(-1, 1, (2, 6))
    for zero in ({"word_resistance": 0.0}, {"bit_resistance": 0.0}):
        values = {"word_resistance": 300.0, "bit_resistance": 200.0, "driver_resistance": 40.0, "sense_resistance": 9.0}
        for terminal in (9.0, 0.0):
            given = values | zero | ({"sense_resistance": terminal} if "bit_resistance" in zero else {})
            found = solve(g, volts, Wires(**given))
            near = solve(g, volts, Wires(**{k: v or 1e-9 for k, v in given.items()}, tolerance=1e-12))
            np.testing.assert_allclose(found.currents, near.currents, rtol=0, atol=1e-7 * np.abs(near.currents).max())
            assert found.currents.sum() == pytest.approx(found.source_currents.sum(), rel=1e-12, abs=1e-18)


def test_what_is_beyond_float64_says_so():
    g = np.array([[1e14, 1e-14], [1e14, 1e14]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WireError, match=r"conductances times wire resistances reach 1e\+20"):
            solve(g, [1.0, -0.3], Wires(word_resistance=1e6, bit_resistance=1e-6))


@pytest.mark.parametrize("bit", [1e6, 1.0])
def test_shorts_whose_currents_cancel_in_every_digit_do_not_come_out_as_nothing(bit):
    """Interpreted arithmetic gives 0 A with no miss here, compiled arithmetic what its fused sums leave."""
    g, volts = np.full((2, 2), 1e14), np.array([[1.0, 0.5]])
    wires = Wires(word_resistance=1e6, bit_resistance=bit)
    try:
        worst = max(errors(g, volts, wires, False, solve(g, volts, wires)))
    except WireError:  # refused
        worst = 0.0
    assert worst <= wires.tolerance


def test_driven_cells_that_carry_nothing_are_known_to_no_digit():
    none, spread = np.zeros(2), np.ones(2)
    assert kernels.uncertainty(np.array([1.0, 0.0]), none, spread, 1e-16) == np.inf
    assert kernels.uncertainty(none, none, spread, 1e-16) == 0.0


def test_what_is_too_large_to_be_factorised_says_so(monkeypatch):
    monkeypatch.setattr(refine, "MOST_CELLS", 1)
    monkeypatch.setattr(refine, "_FACTORISED_AT_ONCE", 0)
    monkeypatch.setattr(refine, "PATIENCE", 1)
    monkeypatch.setattr(circuit, "PATIENCE", 1)
    g = 10 ** -np.random.default_rng(0).uniform(0, 9, (9, 9))
    with pytest.raises(WireError, match="81 cells are too many to be factorised"):
        solve(g, np.ones(9), Wires(word_resistance=100, bit_resistance=100))
