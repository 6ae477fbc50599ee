"""Pairs on one bit line, reads in phases, inputs as pulse lengths: exact without wires, and nodal analysis with them."""

import numpy as np
import pytest
from helpers.statistics import relative
from twins.wires import solve_linear

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise, TelegraphReadNoise
from revpath.energy_models import load_chip, price
from revpath.energy_models.components import component
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, CircuitNoise, Crossbar
from revpath.simulator.config_file import read_config, write_config
from revpath.simulator.reads.durations import mean_power, stretches
from revpath.simulator.wires import Sinh, Wires

RNG = np.random.default_rng(11)
M, N = 4, 3
W = RNG.uniform(-1, 1, (M, N)).astype(np.float32)
X = RNG.uniform(-1, 1, (5, M)).astype(np.float32)
X[2, 1] = 0.0
X[3] = X[3, 0]
D = RNG.uniform(-1, 1, (5, N)).astype(np.float32)
WIRES = Wires(
    word_resistance=300.0, bit_resistance=200.0, driver_resistance=50.0, sense_resistance=20.0, tolerance=1e-12
)
VOLT, READ = 0.2, 100e-9

NEW = [
    {"layout": "paired"},
    {"subtraction": "digital"},
    {"inputs": "duration"},
    {"inputs": "duration", "layout": "paired"},
]
NEW += [{"inputs": "duration", "subtraction": "digital"}]


def programmed(**fields) -> Crossbar:
    array = Crossbar((M, N), ArrayConfig("ideal", read_voltage=VOLT, read_time=READ, **fields))
    array.program(W)
    return array


def nodal(g, word, bit, wires=WIRES):
    """Currents of the cells by row and by column, and watts of the terminals."""
    found = solve_linear(g, word, bit, wires)
    return found["rows"], found["columns"], float(word @ found["rows"] - bit @ found["columns"])


def output(amperes, array):
    return amperes * array.mapping.per_siemens / VOLT


# -- without wires ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", NEW, ids=str)
def test_ideal_lines_give_the_product(fields):
    array = programmed(**fields)
    np.testing.assert_allclose(array.forward(X), X @ W, atol=3e-6)
    np.testing.assert_allclose(array.backward(D), D @ W.T, atol=3e-6)


def test_what_a_pair_on_one_bit_line_counts():
    """Two word lines are driven for each input that is not 0, and one bit line is held for each output."""
    counts = {}
    for layout in ("separate", "paired"):
        array = programmed(layout=layout)
        array.forward(X)
        counts[layout] = array.events.counts
    driven = np.count_nonzero(X)
    assert counts["separate"]["line.drive"] == driven
    assert counts["paired"]["line.drive"] == 2 * driven
    assert counts["separate"]["column.regulate"] == 2 * X.shape[0] * N
    assert counts["paired"]["column.regulate"] == X.shape[0] * N


def test_what_reading_in_phases_counts():
    """Everything twice, but each bit line is held in its own phase alone; and one subtraction for each output."""
    array = programmed(subtraction="digital", adc=ADC(bits=8), dac=DAC(bits=8))
    before = dict(array.events.counts)
    array.forward(X)
    events = array.events
    outputs = X.shape[0] * N
    count = {name: value - before.get(name, 0) for name, value in events.counts.items()}
    assert count["array.read"] == 2 * len(X)
    assert count["line.drive"] == 2 * np.count_nonzero(X)
    assert count["column.regulate"] == 2 * outputs
    assert count["digital.add"] == outputs
    assert sum(v for k, v in count.items() if k.startswith("adc.conversion")) == 2 * outputs
    assert sum(v for k, v in count.items() if k.startswith("dac.conversion")) == 2 * np.count_nonzero(X)
    assert events.integrals["array.busy_s"] == relative(2 * len(X) * READ, 1e-9)


def test_each_phase_is_converted():
    """A 6-bit code of G+ less a 6-bit code of G-, each rounded to its own step."""
    array = programmed(subtraction="digital", adc=ADC(bits=6, y_max=4.0))
    step = array.config.adc.step
    g = array.conductances() * array.mapping.per_siemens
    plus, minus = X.astype(float) @ g[..., 0], X.astype(float) @ g[..., 1]
    codes = [np.clip(np.rint(y / step), -31, 31) for y in (plus, minus)]
    found = array.forward(X)
    near = np.abs(found / step - (codes[0] - codes[1]))
    assert (near < 1e-4).mean() > 0.9  # float32 sums may tip a code at a half
    assert near.max() < 1.01


@pytest.mark.parametrize("fields", [{}, {"layout": "paired"}])
def test_energy_of_pulses_without_wires(fields):
    """A line at V for |x| of the read: sum of G V^2 |x| t, not of G (V x)^2 t."""
    array = programmed(inputs="duration", **fields)
    before = array.events.integrals.get("array.read_energy_J", 0.0)
    array.forward(X)
    total = array.conductances().sum(axis=(1, 2))
    expected = float((np.abs(X.astype(float)) @ total).sum()) * VOLT**2 * READ
    assert array.events.integrals["array.read_energy_J"] - before == relative(expected, 1e-6)


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_a_pulse_of_a_nonlinear_cell_is_at_the_full_voltage(mapping):
    """So every cell carries the same multiple of its ohmic current, and so does the reference that is taken off digitally."""
    law = Sinh(0.1)
    array = programmed(inputs="duration", cell_law=law, mapping=mapping)
    factor = 0.1 * np.sinh(VOLT / 0.1) / VOLT
    np.testing.assert_allclose(array.forward(X), factor * (X @ W), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(array.backward(D), factor * (D @ W.T), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("noise", ["auto", "sampled"])
def test_noise_of_the_phases_adds(noise):
    """Each cell is read once in either way, so the variance of an output is that of the analog subtraction."""
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=0.01)})
    x = np.ones((1, M), np.float32).repeat(20_000, axis=0)
    spreads = []
    for subtraction in ("analog", "digital"):
        array = Crossbar((M, N), ArrayConfig(device, subtraction=subtraction, cell_noise=noise), seed=3)
        array.program(W)
        spreads.append(array.forward(x).astype(float).var(axis=0))
    # The ratio of two variances of 20,000 normal numbers has a standard deviation of 0.014; six of them.
    np.testing.assert_allclose(spreads[1] / spreads[0], 1.0, atol=6 * 0.0142)


def test_pulses_are_priced_as_counters():
    """A row's counter runs 2**7 clocks for a signed 8-bit input, for twice the joules of a 7-bit one."""
    joules = []
    for bits in (7, 8):
        array = programmed(inputs="duration", dac=DAC(bits), adc=ADC(8, y_max=4.0))
        before = array.events
        array.forward(X)
        spent = array.events - before
        driven = spent.counts[f"dac.pulse{{bits={bits}}}"]
        assert driven == spent.counts["line.drive"]
        bill = price(spent, load_chip("reram-32nm"))
        joules.append(next(line.joules for line in bill.lines if line.event.startswith("dac.pulse")))
        model = component("dac.pulse").estimate(bits=bits - 1, clock_Hz=1e9, node_nm=32).value
        assert joules[-1] == relative(driven * model, 1e-9)
    assert joules[1] == relative(2 * joules[0], 1e-9)


# -- with wires ------------------------------------------------------------------------------------------------------


def test_pairs_on_one_bit_line_are_this_circuit():
    """Word lines at + - - + + - - + of the inputs, in both directions, and the power of the drivers."""
    array = programmed(layout="paired", wires=WIRES)
    g = array.conductances()
    signs = np.array([1, -1, -1, 1, 1, -1, -1, 1])
    stacked = np.array([g[i // 2, :, 0 if sign > 0 else 1] for i, sign in enumerate(signs)])
    before = array.events.integrals.get("array.read_energy_J", 0.0)
    found, watts = array.forward(X), 0.0
    for x, y in zip(X.astype(float), found, strict=True):
        word = np.repeat(x * VOLT, 2) * signs
        _, columns, power = nodal(stacked, word, np.zeros(N))
        np.testing.assert_allclose(y, output(columns, array), atol=2e-6)
        watts += power
    assert array.events.integrals["array.read_energy_J"] - before == relative(watts * READ, 1e-6)
    for d, y in zip(D.astype(float), array.backward(D), strict=True):
        rows = -nodal(stacked, np.zeros(2 * M), d * VOLT)[0]
        np.testing.assert_allclose(y, output((rows * signs).reshape(M, 2).sum(axis=1), array), atol=2e-6)


def test_phases_are_two_circuits():
    array = programmed(subtraction="digital", wires=WIRES)
    g = array.conductances()
    for x, y in zip(X.astype(float), array.forward(X), strict=True):
        plus, minus = (nodal(g[..., k], x * VOLT, np.zeros(N))[1] for k in (0, 1))
        np.testing.assert_allclose(y, output(plus - minus, array), atol=2e-6)


@pytest.mark.parametrize("layout", ["separate", "interleaved", "paired"])
@pytest.mark.parametrize("law", [None, Sinh(0.3)], ids=["ohmic", "sinh"])
def test_pulses_by_brute_force(layout, law):
    """Hundreds of instants, each the array with some lines at full voltage; ohmic, sinh, and every layout.

    Inputs are multiples of 1/20, so that 20 equal instants are exact.
    """
    wires = WIRES
    x = np.round(X * 20).astype(np.float32) / np.float32(20)
    pulsed = programmed(inputs="duration", layout=layout, wires=wires, cell_law=law)
    still = programmed(layout=layout, wires=wires, cell_law=law)
    before = pulsed.events.integrals.get("array.read_energy_J", 0.0)
    found = pulsed.forward(x)
    energy = pulsed.events.integrals["array.read_energy_J"] - before
    charge, joules = np.zeros_like(found, float), 0.0
    for instant in (np.arange(20) + 0.5) / 20:
        on = (np.sign(x) * (np.abs(x) > instant)).astype(np.float32)
        was = still.events.integrals.get("array.read_energy_J", 0.0)
        charge += still.forward(on) / 20
        joules += (still.events.integrals["array.read_energy_J"] - was) / 20
    np.testing.assert_allclose(found, charge, atol=5e-6)
    assert energy == relative(joules, 1e-5)


def test_pulses_of_ohmic_cells_carry_what_amplitudes_do():
    """Idle lines stay at 0 V, so the circuit is linear: the same charge, IR drop included, and another energy."""
    by_length, by_height = (programmed(inputs=inputs, wires=WIRES) for inputs in ("duration", "amplitude"))
    np.testing.assert_allclose(by_length.forward(X), by_height.forward(X), atol=2e-6)
    spent = [a.events.integrals["array.read_energy_J"] for a in (by_length, by_height)]
    assert spent[0] > 1.1 * spent[1]


def test_stretches_are_where_pulses_end():
    patterns, shares = stretches(np.array([0.25, -1.0, 0.0, 0.25]))
    assert patterns.tolist() == [[1, -1, 0, 1], [0, -1, 0, 0]]
    assert shares.tolist() == [0.25, 0.75]
    assert not len(stretches(np.zeros(3)).shares)
    a = RNG.uniform(0, 1, (4, 4))
    x = RNG.uniform(-1, 1, (3, 4))
    by_hand = [sum(s * (p @ a @ p) for p, s in zip(*stretches(row), strict=True)) for row in x]
    np.testing.assert_allclose(mean_power(x, a), by_hand, rtol=1e-12)


# -- what goes together ----------------------------------------------------------------------------------------------

TELEGRAPH = load_device("ideal").model_copy(
    update={"read_noise": TelegraphReadNoise(amplitude=0.1, switching_time=1e-3)}
)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layout": "paired", "mapping": "offset"}, "layout = 'paired' needs two cells for each weight"),
        ({"subtraction": "digital", "mapping": "offset"}, "subtraction = 'digital' needs two cells for each weight"),
        ({"subtraction": "digital", "layout": "paired"}, "layout = 'paired' must be 'separate'"),
        ({"subtraction": "digital", "device": TELEGRAPH}, "subtraction = 'digital' with the telegraph noise"),
        ({"inputs": "duration", "device": TELEGRAPH}, "inputs = 'duration' with the telegraph noise"),
        ({"inputs": "duration", "circuit_noise": CircuitNoise(shot=True)}, "inputs = 'duration' with shot noise"),
        ({"inputs": "length"}, "inputs = 'length' must be one of 'amplitude', 'duration'"),
        ({"subtraction": "both"}, "subtraction = 'both' must be one of 'analog', 'digital'"),
    ],
)
def test_refused_together(fields, message):
    with pytest.raises(ArrayError, match=message):
        ArrayConfig(**fields)


@pytest.mark.parametrize("fields", NEW, ids=str)
def test_written_and_read_again(fields, tmp_path):
    config = ArrayConfig("reram-wan2022", wires=Wires(), **fields)
    write_config(config, tmp_path / "array.toml")
    assert read_config(tmp_path / "array.toml") == config
