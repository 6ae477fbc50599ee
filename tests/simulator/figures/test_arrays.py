"""Pictures show the numbers they claim to show, on the axes they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from revpath.simulator import ADC, ArrayConfig, ArrayError, Crossbar
from revpath.simulator.figures.arrays import (
    _wire_currents,
    plot_conductances,
    plot_currents,
    plot_output_error,
    plot_voltages,
)
from revpath.simulator.wires import Sinh, Wires, solve

RNG = np.random.default_rng(2)


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


def drawn(ax) -> np.ndarray:
    return np.asarray(ax.images[0].get_array(), float)


def numbers(ax) -> list[float]:
    return [float(t.get_text()) for t in ax.texts]


@pytest.mark.parametrize("plane", ["plus", "minus", "weights"])
def test_conductances_of_a_small_array_have_their_numbers(ax, plane):
    array = Crossbar((3, 4), ArrayConfig(device="pcm-nandakumar2019"), seed=1)
    array.program(RNG.uniform(-1, 1, (3, 4)))
    assert plot_conductances(array, ax, plane=plane) is ax
    g = array.conductances()
    expected = {"plus": 1e6 * g[..., 0], "minus": 1e6 * g[..., 1], "weights": array.read()}[plane]
    np.testing.assert_allclose(drawn(ax), expected, rtol=1e-6)
    np.testing.assert_allclose(numbers(ax), expected.ravel(), rtol=5e-3, atol=1e-4)
    label = ax.figure.axes[-1].get_ylabel()
    assert ("µS" in label) == (plane != "weights")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("bit line", "word line")


def test_large_arrays_are_heat_maps_without_numbers(ax):
    array = Crossbar((1024, 600), ArrayConfig(mapping="offset"))
    plot_conductances(array, ax, plane="plus")
    assert drawn(ax).shape == (1024, 600)
    assert not ax.texts


@pytest.mark.parametrize("layer", ["word", "bit", "cell"])
@pytest.mark.parametrize("batch", [False, True])
def test_voltages(ax, layer, batch):
    g, wires = RNG.uniform(1e-6, 1e-4, (14, 5)), Wires(word_resistance=20, bit_resistance=20)
    v = RNG.uniform(0, 0.2, (3, 14))
    found = solve(g, v if batch else v[2], wires, keep_nodes=True)
    plot_voltages(found, ax, layer=layer, vector=2 if batch else 0)
    word, bit = (nodes.reshape(-1, 14, 5)[-1] for nodes in (found.word_voltages, found.bit_voltages))
    np.testing.assert_allclose(drawn(ax), 1e3 * {"word": word, "bit": bit, "cell": word - bit}[layer], rtol=1e-9)
    assert "mV" in ax.figure.axes[-1].get_ylabel()


@pytest.mark.parametrize("law", [None, Sinh(0.1)])
@pytest.mark.parametrize("drive", ["left", "right", "both"])
@pytest.mark.parametrize("sense", ["bottom", "top", "both"])
def test_wires_carry_what_cells_and_terminals_say(law, drive, sense):
    """Kirchhoff on the picture: pieces of wire add up to cells at every node, and to the solver's terminal currents."""
    g = RNG.uniform(1e-6, 1e-4, (4, 3))
    wires = Wires(word_resistance=30.0, bit_resistance=20.0, drive_side=drive, sense_side=sense)
    found = solve(g, RNG.uniform(0, 0.2, 4), wires, keep_nodes=True, cells=law)
    drop = found.word_voltages - found.bit_voltages
    cells = g * drop if law is None else law.current(g, drop)
    along = _wire_currents(cells, found.word_voltages, 30.0, {"left": "start", "right": "end"}.get(drive))
    down = _wire_currents(-cells.T, found.bit_voltages.T, 20.0, {"top": "start", "bottom": "end"}.get(sense)).T
    np.testing.assert_allclose(along[:, 1:-1], -np.diff(found.word_voltages, axis=1) / 30.0, atol=1e-12)
    np.testing.assert_allclose(down[1:-1], -np.diff(found.bit_voltages, axis=0) / 20.0, atol=1e-12)
    np.testing.assert_allclose(along[:, 0] - along[:, -1], found.source_currents, atol=1e-12)
    np.testing.assert_allclose(down[-1] - down[0], found.currents, atol=1e-12)
    ax = plt.subplots()[1]
    assert plot_currents(found, g, wires, ax, law=law) is ax
    np.testing.assert_allclose(numbers(ax), 1e6 * cells.ravel(), rtol=5e-3, atol=1e-3)
    widths = np.array([line.get_linewidth() for line in ax.lines[: along.size]])
    np.testing.assert_array_equal(np.argsort(widths, kind="stable"), np.argsort(np.abs(along).ravel(), kind="stable"))
    plt.close("all")


def test_currents_of_a_large_array(ax):
    g = RNG.uniform(1e-6, 1e-4, (30, 20))
    found = solve(g, RNG.uniform(0, 0.2, 30), Wires(), keep_nodes=True)
    plot_currents(found, g, Wires(), ax)
    np.testing.assert_allclose(drawn(ax), 1e6 * g * (found.word_voltages - found.bit_voltages), rtol=1e-9)


@pytest.mark.parametrize("transposed", [False, True])
def test_output_error(ax, transposed):
    array = Crossbar((6, 5), ArrayConfig(adc=ADC(bits=6, y_max=4.0)))
    array.program(RNG.uniform(-1, 1, (6, 5)))
    before = array.events
    x = RNG.uniform(-1, 1, (40, 5 if transposed else 6))
    plot_output_error(array, x, ax, transposed=transposed)
    ideal = x @ (array.read().T if transposed else array.read())
    points = ax.lines[0]
    np.testing.assert_allclose(points.get_xdata(), ideal.ravel(), atol=1e-6)
    error = (array.backward(x) if transposed else array.forward(x)) - ideal
    np.testing.assert_allclose(points.get_ydata(), error.ravel(), atol=1e-6)
    rms = np.sqrt(np.mean(error**2))
    assert ax.get_legend().get_texts()[0].get_text() == f"rms {rms:.3g}"
    assert before["array.read"] == 0


def test_axes_are_made_where_none_are_given():
    ax = plot_conductances(Crossbar((2, 2), ArrayConfig()))
    assert ax.figure is not None
    plt.close("all")


def test_refusals(ax):
    g = np.full((2, 3), 1e-5)
    bare, full = (solve(g, np.ones(2), Wires(), keep_nodes=keep) for keep in (False, True))
    with pytest.raises(ArrayError, match="keep_nodes=True"):
        plot_voltages(bare, ax)
    with pytest.raises(ArrayError, match="vector = 1 must be from 0 to 0"):
        plot_voltages(full, ax, vector=1)
    with pytest.raises(ArrayError, match="layer = 'both' must be one of"):
        plot_voltages(full, ax, layer="both")
    with pytest.raises(ArrayError, match=r"conductances has shape \(3, 2\)"):
        plot_currents(full, g.T, Wires(), ax)
    with pytest.raises(ArrayError, match="plane = 'both' must be"):
        plot_conductances(Crossbar((2, 2)), ax, plane="both")
