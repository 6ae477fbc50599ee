"""Lines, and laws of a cell's current, that are defined outside of the package: arrays, files and models know them. Toys."""

from dataclasses import dataclass

import numpy as np
import pytest

from revpath.ebm import RBM
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, TiledCrossbar, read_config, write_config
from revpath.simulator.reads.lines import Lines, Signal, kind_of_lines
from revpath.simulator.reads.ohmic_lines import OhmicLines
from revpath.simulator.wires import CellLaw, Sinh, Wires
from revpath.simulator.wires.iv import CELL_LAWS

LONG = Wires(word_resistance=0, bit_resistance=0, driver_resistance=7.0)
X = np.random.default_rng(1).uniform(-1, 1, (5, 6)).astype(np.float32)
WEIGHTS = np.random.default_rng(2).uniform(-1, 1, (6, 4)).astype(np.float32)


@pytest.fixture
def toy_lines():
    """Lines that lose half of what they carry, whatever drives them."""

    class Lossy(Lines):
        @classmethod
        def serves(cls, config):
            return config.wires == LONG

        def read(self, x, totals, noise, *, transposed):
            cells = self._cells
            y = x @ (cells.backward_weights.T if transposed else cells.weights)
            return Signal((y / 2).astype(np.float32), totals)

    yield Lossy
    Lines.kinds.remove(Lossy)


@pytest.fixture
def toy_law():
    @dataclass(frozen=True)
    class Halved(CellLaw):
        """I = share G V."""

        share: float = 0.5

        def current(self, conductance, drop):
            return self.share * conductance * drop

        def slope(self, conductance, drop):
            return self.share * conductance * np.ones_like(drop)

    yield Halved
    del CELL_LAWS["Halved"]


def made(config: ArrayConfig) -> Crossbar:
    array = Crossbar((6, 4), config, seed=1)
    array.program(WEIGHTS)
    return array


@pytest.mark.parametrize("subtraction", ["analog", "digital"])
def test_toy_lines_carry_the_reads_of_every_kind_of_array(toy_lines, subtraction):
    config = ArrayConfig("ideal", wires=LONG, subtraction=subtraction)
    assert kind_of_lines(config) is toy_lines
    assert kind_of_lines(ArrayConfig("ideal")) is OhmicLines
    array = made(config)
    np.testing.assert_allclose(array.forward(X), X @ WEIGHTS / 2, atol=2e-6)
    np.testing.assert_allclose(array.backward(X[:, :4]), X[:, :4] @ WEIGHTS.T / 2, atol=2e-6)
    rows = np.array([4, 0, 4])
    np.testing.assert_allclose(array.forward_rows(rows), WEIGHTS[rows] / 2, atol=2e-6)
    tiled = TiledCrossbar((6, 4), config, tile=(3, 2), seed=1)
    tiled.program(WEIGHTS)
    np.testing.assert_allclose(tiled.forward(X), X @ WEIGHTS / 2, atol=2e-6)
    assert array.events["array.read"] > 0


def test_rows_are_read_alone_only_on_lines_that_are_known_to_allow_it(toy_lines, monkeypatch):
    array = made(ArrayConfig("ideal", wires=LONG))
    seen = []
    monkeypatch.setattr(
        toy_lines,
        "read",
        lambda self, x, totals, noise, *, transposed: seen.append(x.shape) or Signal(x[:, :4], totals),
    )
    array.forward_rows(np.array([1, 2]))
    assert seen == [(2, 6)]  # all word lines, driven or not


def test_a_model_learns_on_toy_lines(toy_lines):
    config = ArrayConfig("reram-sb-gong2018", wires=LONG, adc=ADC(8), dac=DAC(8))
    model = RBM(3, n_iter=1, synapses=config, random_state=0).fit((X > 0).astype(float))
    assert model.events_["array.read"] > 0


def test_without_its_class_no_kind_serves_more_than_it_did():
    assert [kind.__name__ for kind in Lines.kinds] == ["OhmicLines", "WiredLines"]
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (Lines,), {})(None, None, seed=0, array=0)


def test_a_toy_law_of_current_is_read_written_and_read_from_a_file(toy_law, tmp_path):
    config = ArrayConfig("ideal", cell_law=toy_law(0.25))
    np.testing.assert_allclose(made(config).forward(X), X @ WEIGHTS / 4, atol=2e-6)
    write_config(config, tmp_path / "array.toml")
    assert read_config(tmp_path / "array.toml") == config
    wired = made(ArrayConfig("ideal", cell_law=toy_law(0.25), wires=Wires(word_resistance=1.0, bit_resistance=1.0)))
    assert np.abs(wired.forward(X) - X @ WEIGHTS / 4).max() < 0.02
    (tmp_path / "wrong.toml").write_text('schema = 1\n[cell_law]\nlaw = "Halve"\n')
    with pytest.raises(ArrayError, match=r"law is one of \[.*'Cubic', 'Halved', 'Ohmic', 'Selector', 'Sinh'\]"):
        read_config(tmp_path / "wrong.toml")


def test_a_law_without_a_name_reads_and_is_not_written(tmp_path):
    class Alone:
        def current(self, conductance, drop):
            return conductance * drop

        def slope(self, conductance, drop):
            return conductance * np.ones_like(drop)

    config = ArrayConfig("ideal", cell_law=Alone())
    np.testing.assert_allclose(made(config).forward(X), X @ WEIGHTS, atol=2e-6)
    with pytest.raises(ArrayError, match="cannot be written: it is not one of"):
        write_config(config, tmp_path / "array.toml")
    assert CELL_LAWS["Sinh"] is Sinh
