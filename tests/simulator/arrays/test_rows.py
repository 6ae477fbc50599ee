"""Reads and updates of listed rows have the outputs, noise, states and events of one-hot inputs, bit for bit."""

import numpy as np
import pytest
from helpers.pulse_devices import LAWS, with_law

from revpath.devices import load_device
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, CircuitNoise, Crossbar, Refresh
from revpath.simulator.operands import one_hot
from revpath.simulator.reads.some_rows import SomeRows
from revpath.simulator.wires import Wires

RERAM = load_device("reram-sb-gong2018")
PROPORTIONAL = RERAM.replaced(read_noise={"law": "proportional", "relative": 0.05}, name="proportional")
CONFIGS = {
    "ideal": ArrayConfig(),
    "reram": ArrayConfig(RERAM, dac=DAC(bits=8), adc=ADC(bits=8, y_max=1.0)),
    "finds its range": ArrayConfig(RERAM, dac=DAC(bits=8), adc=ADC(bits=8, range="auto")),
    "scaled inputs": ArrayConfig(RERAM, dac=DAC(bits=8, x_max=0.5, range="scale")),
    "noise in proportion": ArrayConfig(PROPORTIONAL, adc=ADC(bits=6, y_max=1.0)),
    "shared reference": ArrayConfig(PROPORTIONAL, mapping="offset"),
    "stochastic": ArrayConfig(RERAM, pulses="stochastic"),
    "mean field": ArrayConfig(RERAM, pulses="mean-field"),
    "constant steps": ArrayConfig("idealized-rasch2019"),
    **{law: ArrayConfig(with_law(law)) for law in LAWS},
    "sampled cells": ArrayConfig(RERAM, cell_noise="sampled"),
    "thermal noise": ArrayConfig(RERAM, circuit_noise=CircuitNoise(temperature=300.0)),
    "mismatched": ArrayConfig(RERAM, dac=DAC(bits=8, gain_error=0.05)),
    "repeats": ArrayConfig(RERAM, dac=DAC(bits=8), adc=ADC(bits=8, y_max=0.1, repeats=3)),
    "range without a sign": ArrayConfig(RERAM, dac=DAC(bits=8, signed=False), adc=ADC(bits=8, y_min=0.0, y_max=0.3)),
    "cut inputs": ArrayConfig(RERAM, dac=DAC(bits=8, x_max=0.5, range="clip")),
    "pairs on one line": ArrayConfig(RERAM, layout="paired"),
    "pulse lengths": ArrayConfig(RERAM, inputs="duration", dac=DAC(bits=8)),
    "raised cells": ArrayConfig(
        "pcm-nandakumar2020", mapping="one-sided", pulse_directions="up", refresh=Refresh(every=10)
    ),
    "leaking cells": ArrayConfig("capacitor-li2018"),
    "wires": ArrayConfig(RERAM, wires=Wires(word_resistance=1.0, bit_resistance=1.0)),
    "digital subtraction": ArrayConfig(RERAM, subtraction="digital"),
}


def pair(config: ArrayConfig, shape=(40, 7)) -> tuple[Crossbar, Crossbar]:
    """Two arrays that are the same."""
    arrays = Crossbar(shape, config, seed=3), Crossbar(shape, config, seed=3)
    weights = np.random.default_rng(0).uniform(-0.3, 0.3, shape)
    for array in arrays:
        array.program(weights)
    return arrays


def alike(short: Crossbar, long: Crossbar) -> None:
    assert np.array_equal(short.cells.state, long.cells.state)
    assert np.array_equal(short.cells.shown, long.cells.shown)
    assert np.array_equal(short.cells.wear, long.cells.wear)
    assert short.events == long.events
    assert (short.clipped, short.held, short.cut) == (long.clipped, long.held, long.cut)
    assert short.refreshed == long.refreshed


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_rows_are_one_hot_inputs(config):
    short, long = pair(config)
    rng = np.random.default_rng(1)
    for rate in (0.01, 1.0, 0.3):
        rows = rng.integers(0, 40, 24)
        x = one_hot(rows, 40)
        assert np.array_equal(short.forward_rows(rows), long.forward(x))
        d = rng.normal(size=(24, 7))
        if config.device.response.law != "none":
            short.update_rows(rows, d, rate)
            long.update(x, d, rate)
        alike(short, long)
    assert np.array_equal(short.backward(np.ones((2, 7))), long.backward(np.ones((2, 7))))


def test_many_coincidences_on_few_rows_are_summed_as_ever():
    """Rows that are hit so often that pulses are taken in sums, beside rows that are hit once."""
    short, long = pair(ArrayConfig(RERAM, longest_train=31), shape=(200, 5))
    rng = np.random.default_rng(2)
    rows = np.concatenate([np.full(60, 3), rng.integers(0, 200, 68)])
    d = rng.normal(size=(128, 5))
    for _ in range(2):
        short.update_rows(rows, d, 2.0)
        long.update(one_hot(rows, 200), d, 2.0)
        alike(short, long)


def test_aged_and_compensated_arrays_are_read_the_same():
    short, long = pair(ArrayConfig("pcm-joshi2020", mapping="one-sided"))
    for array in (short, long):
        array.remember_drift()
        array.age(1000.0)
        array.compensate_drift()
    rows = np.array([3, 3, 39, 0])
    assert np.array_equal(short.forward_rows(rows), long.forward(one_hot(rows, 40)))
    alike(short, long)


def test_reads_aside_are_not_counted():
    short, long = pair(CONFIGS["reram"])
    with short.aside(), long.aside():
        assert np.array_equal(short.forward_rows([1, 2]), long.forward(one_hot(np.array([1, 2]), 40)))
    alike(short, long)
    assert short.forward_rows(np.empty(0, np.int64)).shape == (0, 7)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([40], "rows holds 40 to 40; the array has rows 0 to 39"),
        ([-1], "rows holds -1 to -1"),
        ([0.5], "1 dimensions of float64"),
        ([[1]], "2 dimensions of int64"),
    ],
)
def test_rows_that_are_none_are_refused(rows, message):
    array = Crossbar((40, 7))
    with pytest.raises(ArrayError, match=message):
        array.forward_rows(rows)
    with pytest.raises(ArrayError, match=message):
        array.update_rows(rows, np.zeros((1, 7)), 0.1)


def test_as_many_errors_as_rows_are_needed():
    with pytest.raises(ArrayError, match="2 rows are listed and d has 1"):
        Crossbar((40, 7)).update_rows([1, 2], np.zeros((1, 7)), 0.1)


def test_a_transposed_read_leaves_no_line_out():
    with pytest.raises(ArrayError, match="senses all word lines"):
        SomeRows(Crossbar((40, 7)).cells, np.array([1])).backward_weights  # noqa: B018
