"""Arrays with wires, through the front door: reads, energy, noise, non-linear cells, training."""

import numpy as np
import pytest
import scipy.sparse.linalg as sla
from helpers.statistics import p_of_covariance, p_of_variance, plausible, relative
from scipy.constants import Boltzmann

from revpath.devices import load_device
from revpath.devices.laws.read_noise import ProportionalReadNoise, TelegraphReadNoise
from revpath.simulator import ArrayConfig, ArrayError, CircuitNoise, Crossbar
from revpath.simulator.wires import Cubic, Selector, Sinh, Wires, solve

RNG = np.random.default_rng(11)
W = RNG.uniform(-1, 1, (9, 6)).astype(np.float32)
STRONG = Wires(word_resistance=40.0, bit_resistance=25.0, driver_resistance=300.0, sense_resistance=100.0)
LAYOUTS = [
    ("two-sided", "separate"),
    ("two-sided", "interleaved"),
    ("one-sided", "interleaved"),
    ("offset", "separate"),
]


def device(**parts):
    """An ideal cell of 10 kohm to 1 Mohm."""
    cell = load_device("ideal").replaced(window__g_min=1e-6, window__g_max=1e-4)
    return cell.model_copy(update=parts)


def made(weights=W, seed=0, **config) -> Crossbar:
    array = Crossbar(weights.shape, ArrayConfig(**{"device": device(), "wires": STRONG, **config}), seed=seed)
    array.program(weights)
    return array


def by_hand(array: Crossbar, x: np.ndarray, *, transposed: bool) -> tuple[np.ndarray, float]:
    """Outputs and joules, one vector and one line at a time, from the solver of one array of cells."""
    config, mapping = array.config, array.mapping
    plus, minus = array.cells.planes()
    y, joules = [], 0.0
    for row in np.asarray(x, float) * config.read_voltage:
        if mapping.shared:
            bits = np.append(row, 0.0) if transposed else None
            arrays = [(np.concatenate([plus, minus], axis=1), row if not transposed else bits)]
        elif config.layout == "interleaved":
            g = np.empty((len(plus), 2 * plus.shape[1]))
            g[:, ::2], g[:, 1::2] = plus, minus
            arrays = [(g, np.column_stack([row, -row]).ravel() if transposed else row)]
        else:
            arrays = [(plus, row), (minus, -row if transposed else row)]
        found = [solve(g, v, config.wires, transposed=transposed, cells=config.cell_law) for g, v in arrays]
        joules += sum(float(s.power_in) for s in found) * config.read_time
        if transposed:
            out = sum(s.currents for s in found)
        elif mapping.shared:
            out = found[0].currents[:-1] - found[0].currents[-1]
        elif config.layout == "interleaved":
            out = found[0].currents[::2] - found[0].currents[1::2]
        else:
            out = found[0].currents - found[1].currents
        if mapping.shared and transposed:
            out = out - row.sum() * mapping.zero[1]
        y.append(out * mapping.per_siemens / config.read_voltage)
    return np.array(y), joules


@pytest.mark.parametrize(("mapping", "layout"), LAYOUTS)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("batch", [1, 40])  # solved one by one, and by unit responses
def test_reads_are_those_of_the_circuit(mapping, layout, transposed, batch):
    array = made(mapping=mapping, layout=layout)
    x = RNG.uniform(-1, 1, (batch, 6 if transposed else 9)).astype(np.float32)
    y = array.backward(x) if transposed else array.forward(x)
    expected, joules = by_hand(array, x, transposed=transposed)
    np.testing.assert_allclose(y, expected, atol=2e-6 * np.abs(expected).max())
    assert array.events["array.read_energy_J"] == relative(joules, 1e-6)
    assert np.abs(y - x @ (W.T if transposed else W)).max() > 0.05  # the wires are felt
    assert 0 < array.wire_residual < 1e-10


def test_a_wired_array_is_a_linear_operator_and_its_transpose():
    array = made()
    x, d = np.eye(9, dtype=np.float32), np.eye(6, dtype=np.float32)
    np.testing.assert_allclose(array.forward(x), array.backward(d).T, atol=1e-6)  # reciprocity
    assert isinstance(array, sla.LinearOperator)


def test_no_resistance_is_no_wires():
    wires = Wires(word_resistance=0, bit_resistance=0)
    x = RNG.uniform(-1, 1, (4, 9))
    np.testing.assert_array_equal(made(wires=wires).forward(x), made(wires=None).forward(x))
    tiny = Wires(word_resistance=1e-6, bit_resistance=1e-6)
    np.testing.assert_allclose(made(wires=tiny).forward(x), made(wires=None).forward(x), atol=1e-5)


def test_wires_are_one_argument():
    x = RNG.uniform(-1, 1, (4, 9))
    outputs = []
    for array in (
        Crossbar(W.shape, ArrayConfig(device()), wires=STRONG),
        Crossbar(W.shape, ArrayConfig(device(), wires=STRONG)),
    ):
        array.program(W)
        outputs.append(array.forward(x))
    np.testing.assert_array_equal(*outputs)
    with pytest.raises(ArrayError, match=r"wires = 3 must be a Wires or None"):
        Crossbar(W.shape, wires=3)


def test_programming_and_updates_are_seen_by_the_next_read():
    """Unit responses belong to one set of contents."""
    array = made()
    x = RNG.uniform(-1, 1, (30, 9)).astype(np.float32)
    array.forward(x)
    array.program(-W)
    np.testing.assert_allclose(array.forward(x), by_hand(array, x, transposed=False)[0], atol=1e-5)
    array.update(np.ones((1, 9)), np.ones((1, 6)), 0.1)
    np.testing.assert_allclose(array.forward(x), by_hand(array, x, transposed=False)[0], atol=1e-5)


def test_a_budget_is_kept_and_its_residual_told():
    exact, rough = made(), made(wires=STRONG.model_copy(update={"budget": 1}))
    x = RNG.uniform(-1, 1, (20, 9))
    difference = np.abs(exact.forward(x) - rough.forward(x)).max()
    assert 0 < difference < 0.05
    assert rough.wire_residual > 1e-6 > exact.wire_residual


@pytest.mark.parametrize("law", [Sinh(0.15), Cubic(5.0), Selector(0.1, 0.02)])
@pytest.mark.parametrize("wired", [False, True])
def test_cells_that_are_not_ohmic(law, wired):
    array = made(cell_law=law, wires=STRONG if wired else None)
    x = RNG.uniform(-1, 1, (3, 9)).astype(np.float32)
    y = array.forward(x)
    if wired:
        expected, joules = by_hand(array, x, transposed=False)
    else:
        volts = np.asarray(x, float) * array.config.read_voltage
        seen = law.current(np.ones(1), volts)
        expected = seen @ W / array.config.read_voltage
        joules = (volts * seen @ array.conductances().sum(axis=(1, 2))).sum() * array.config.read_time
    np.testing.assert_allclose(y, expected, atol=3e-6 * max(1, np.abs(expected).max()))
    assert array.events["array.read_energy_J"] == relative(joules, 1e-5)
    assert np.abs(y - x @ W).max() > 0.05


def test_telegraph_noise_under_wires():
    law = TelegraphReadNoise(amplitude=0.3, occupancy=0.5, switching_time=1e-6)
    array = made(W[:1, :1], device=device(read_noise=law), mapping="one-sided")
    y = array.forward(np.ones((300, 1)))[:, 0]
    assert len(np.unique(np.round(y, 6))) <= 4  # two traps
    assert np.ptp(y) > 0.01


@pytest.mark.parametrize("transposed", [False, True])
def test_thermal_noise_under_wires_is_that_of_the_network(transposed):
    """A voltmeter's view: with every terminal grounded, the covariance is 2 k T / t times the admittance, not 2 k T / t
    times the conductances of the cells: resistance in series with a cell takes noise away."""
    config = {
        "circuit_noise": CircuitNoise(thermal=True),
        "read_time": 1e-9,
        "read_voltage": 0.01,
        "layout": "interleaved",
    }
    array = made(W[:4, :3], **config)
    sensed = 4 if transposed else 3
    y = (array.backward if transposed else array.forward)(np.zeros((4000, 7 - sensed))).astype(float)
    plus, minus = array.cells.planes()
    g = np.stack([plus, minus], -1).reshape(4, -1)
    admittance = solve(g, np.eye(4 if transposed else 6), STRONG, transposed=not transposed).source_currents
    join = np.eye(4) if transposed else np.stack([np.eye(3), -np.eye(3)], 1).reshape(-1, 3)
    unit = 2 * Boltzmann * 300 / 1e-9 * (array.mapping.per_siemens / 0.01) ** 2
    covariance = unit * join.T @ admittance @ join
    plausible(p_of_variance(y, np.diag(covariance)))
    sd = np.sqrt(np.diag(covariance))
    plausible(p_of_covariance(y[:, 0], y[:, 1], covariance[0, 1], (0, 0), sd[:2]))
    free = unit * g.sum(axis=1) if transposed else unit * (plus + minus).sum(axis=0)
    assert np.all(np.diag(covariance) < free)


def test_refusals():
    with pytest.raises(ArrayError, match="wires = 1.0 must be a Wires or None"):
        ArrayConfig(wires=1.0)
    with pytest.raises(ArrayError, match="cell_law = 'sinh' must be a CellLaw or None"):
        ArrayConfig(cell_law="sinh")
    with pytest.raises(ArrayError, match="cell_noise = 'collapsed' is not exact with wires"):
        made(device=device(read_noise=ProportionalReadNoise(relative=0.01)), cell_noise="collapsed")
    with pytest.raises(ArrayError, match="shot = True has no known law under wire resistance"):
        made(circuit_noise=CircuitNoise(shot=True))
