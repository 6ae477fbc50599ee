"""A kind of converter that is defined is known everywhere: settings, files, arrays, models, events and bills. Toy kinds."""

from typing import Literal

import numpy as np
import pytest

from revpath.ebm import RBM
from revpath.energy_models import load_chip, price
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, read_config, write_config
from revpath.simulator.converters.contract import Converter
from revpath.simulator.converters.effective_bits import enob, measured_enob


@pytest.fixture
def toys():
    class Companding(ADC):
        """Codes that are the closer the smaller the output: uniform in the square root of its size."""

        kind: Literal["companding"] = "companding"

        def rounded(self, values):
            full = self.step * self.levels
            share = np.sqrt(np.clip(np.abs(values) / full, 0, 1))
            return np.sign(values) * full * (np.rint(share * self.levels) / self.levels) ** 2

    class Ternary(DAC):
        """Full voltage one way or the other from half the range on, else none."""

        kind: Literal["ternary"] = "ternary"

        def rounded(self, values):
            return self.x_max * np.sign(values) * (np.abs(values) >= self.x_max / 2)

    yield Companding, Ternary
    del ADC.kinds["companding"], DAC.kinds["ternary"]


X = np.random.default_rng(1).uniform(-1, 1, (5, 6)).astype(np.float32)
WEIGHTS = np.random.default_rng(2).uniform(-1, 1, (6, 4)).astype(np.float32)


@pytest.mark.parametrize("mapping", ["two-sided", "offset"])
def test_toys_convert_what_an_array_reads_either_way(toys, mapping):
    companding, ternary = toys
    adc, dac = companding(bits=6, y_max=4.0), ternary(bits=4)
    array = Crossbar((6, 4), ArrayConfig("ideal", adc=adc, dac=dac, mapping=mapping), seed=1)
    array.program(WEIGHTS)
    held = array.read().astype(float)
    inputs = np.where(np.abs(X) >= 0.5, np.sign(X), 0.0)
    np.testing.assert_allclose(array.forward(X), adc.rounded(inputs @ held), atol=1e-6)
    if mapping == "two-sided":
        d = X[:, :4]
        np.testing.assert_allclose(
            array.backward(d), adc.rounded(np.where(np.abs(d) >= 0.5, np.sign(d), 0.0) @ held.T), atol=1e-6
        )


def test_toys_are_chosen_by_tables_and_come_back_from_files(toys, tmp_path):
    companding, ternary = toys
    config = ArrayConfig("ideal", adc={"kind": "companding", "bits": 6}, dac={"kind": "ternary"})  # type: ignore[arg-type]
    assert type(config.adc) is companding
    assert type(config.dac) is ternary
    write_config(config, tmp_path / "array.toml")
    assert 'kind = "companding"' in (tmp_path / "array.toml").read_text()
    assert read_config(tmp_path / "array.toml") == config
    assert ADC.of({"kind": "uniform", "bits": 6}) == ADC(bits=6)
    assert "kind" not in ADC(bits=6).model_dump()


def test_their_range_is_found_their_noise_is_added_and_saturation_counted(toys):
    companding, _ = toys
    array = Crossbar((6, 4), ArrayConfig("ideal", adc=companding(bits=8, noise_lsb=0.5)), seed=1)
    array.program(WEIGHTS)
    first, again = array.forward(X), array.forward(X)
    assert array.adc().y_max > 1
    assert not np.array_equal(first, again)
    low = Crossbar((6, 4), ArrayConfig("ideal", adc=companding(bits=6, y_max=0.25)), seed=1)
    low.program(WEIGHTS)
    said = low.forward(X)
    assert np.abs(said).max() == np.float32(0.25)
    assert low.clipped == np.count_nonzero(np.abs(X @ low.read()) > 0.25 * (31.5 / 31))


def test_effective_bits_follow_from_the_law_and_price_the_conversions(toys):
    companding, _ = toys
    adc = companding(bits=6, y_max=4.0)
    values = np.linspace(-4, 4, 100_001)
    assert adc.variance == pytest.approx(np.mean((adc.rounded(values) - values) ** 2), rel=0.01)
    # steps of width 2 sqrt(share of the range): their mean square is 2, and of a sine 4 x 2 / pi
    assert ADC(bits=6, y_max=4.0).enob - enob(adc) == pytest.approx(0.5 * np.log2(2), abs=0.01)
    assert 6 - measured_enob(adc) == pytest.approx(0.5 * np.log2(8 / np.pi), abs=0.1)
    array = Crossbar((6, 4), ArrayConfig("reram-sb-gong2018", adc=adc, dac=DAC(bits=8)), seed=1)
    array.program(WEIGHTS)
    before = array.events
    array.forward(X)
    done = array.events - before
    name = f"adc.conversion{{enob={enob(adc):.2f}}}"
    assert done[name] == 20
    assert price({name: done[name]}, load_chip("reram-32nm")).joules > 0


def test_a_model_learns_through_them(toys):
    config = ArrayConfig("reram-sb-gong2018", adc={"kind": "companding"}, dac={"kind": "ternary"})  # type: ignore[arg-type]
    model = RBM(3, n_iter=1, synapses=config, random_state=0).fit((X > 0).astype(float))
    assert any(name.startswith("adc.conversion") for name in model.events_.counts)


@pytest.mark.parametrize(("kind", "fields", "said"), [
    (ADC, {"kind": "compandin"}, r"ADC: kind = 'compandin' is not one of \['companding', 'uniform'\]"),
    (DAC, {"kind": "companding"}, r"DAC: kind = 'companding' is not one of \['ternary', 'uniform'\]"),
    (ADC, {"kind": ["x"]}, r"kind = \['x'\] is not one of"),
    (ADC, {"kind": "companding", "inl_lsb": 0.5}, "inl_lsb = 0.5 is known for converters with uniform steps alone"),
    (ADC, {"kind": "companding", "stochastic_rounding": True}, "stochastic_rounding = True is known for"),
    (DAC, {"kind": "ternary", "noise_lsb": 0.5}, "noise_lsb = 0.5 is known for"),
    (DAC, {"kind": "ternary", "slice_bits": 1}, "slice_bits = 1 is known for a DAC with uniform steps alone"),
    (ADC, {"kind": "companding", "bitz": 3}, "bitz"),
])  # fmt: skip
def test_messages_name_them(toys, kind, fields, said):
    with pytest.raises(ArrayError, match=said):
        kind.of(fields)


def test_two_kinds_of_one_name_are_refused(toys):
    with pytest.raises(ArrayError, match=r"kind = 'companding' is that of .*Companding already: give .*Other another"):

        class Other(ADC):
            kind: Literal["companding"] = "companding"


def test_a_law_that_gives_something_else_is_refused():
    class Broken(ADC):
        def rounded(self, values):
            return values[:1] * np.nan

    with pytest.raises(ArrayError, match=r"Broken.rounded gave .*: it must be finite, of shape"):
        Crossbar((6, 4), ArrayConfig("ideal", adc=Broken(bits=6, y_max=4.0)), seed=1).forward(X)


def test_what_the_uniform_law_says_is_what_the_kernel_does():
    adc = ADC(bits=5, y_max=2.0)
    array = Crossbar((6, 4), ArrayConfig("ideal", adc=adc), seed=1)
    array.program(WEIGHTS)
    np.testing.assert_allclose(array.forward(X), adc.rounded(X @ array.read()), atol=1e-6)
    assert adc.uniform
    assert DAC().uniform
    assert issubclass(ADC, Converter)
