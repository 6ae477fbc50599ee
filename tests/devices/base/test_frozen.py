"""Every description refuses by an error of the house, in one line, with the path of what is nested."""

import pickle

import pytest

from revpath.devices import Device, Record, RecordError, RevpathError, load_device
from revpath.devices.laws import Window
from revpath.devices.laws.read_noise import ConstantReadNoise
from revpath.devices.response.soft_bounds import SoftBounds
from revpath.energy_models import load_chip
from revpath.energy_models.errors import PriceError
from revpath.energy_models.prices.chip import Chip, Price, Term
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, CircuitNoise, Refresh, WriteVerify
from revpath.simulator.rules import MixedPrecisionConfig
from revpath.simulator.wires import WireError, Wires

REFUSED = [
    (lambda: Window(g_min=-1, g_max="x"), RevpathError, "Window: g_min = -1.0: .*; g_max = 'x': must be a number"),
    (lambda: ConstantReadNoise(relative=2), RevpathError, "ConstantReadNoise: relative = 2"),
    (lambda: SoftBounds(), RevpathError, "SoftBounds: step: Field required"),
    (lambda: Device(name="x", title="y", window={"g_min": 0, "g_max": -1}), RevpathError, r"Device: window.g_max = -1"),
    (lambda: Record(id="x"), RecordError, "Record: value: Field required"),
    (lambda: Term(records=3), PriceError, "Term: records = 3"),
    (lambda: Price(event="digital.add"), PriceError, "Price: .*why"),
    (lambda: Chip(name="no name"), PriceError, "Chip: name = 'no name'"),
    (lambda: ADC(bits=99), ArrayError, "ADC: bits = 99: .* bits = None is an ideal converter"),
    (lambda: DAC(bitz=9), ArrayError, "DAC: bitz = 9: .* did you mean 'bits'"),
    (lambda: ADC.model_validate({"bits": 99}), ArrayError, "ADC: bits = 99"),
    (lambda: WriteVerify.model_validate_json('{"max_pulses": -1}'), ArrayError, "WriteVerify: max_pulses = -1"),
    (lambda: Refresh(every=0), ArrayError, "Refresh: every = 0"),
    (lambda: Refresh(scheme={"max_pulses": -1}), ArrayError, r"Refresh: scheme.max_pulses = -1"),
    (lambda: Wires(word_resistance=-1), WireError, "Wires: word_resistance = -1"),
    (lambda: MixedPrecisionConfig(nonsense=1), ArrayError, "MixedPrecisionConfig: nonsense = 1"),
    (lambda: ArrayConfig(read_voltag=0.2), ArrayError, "ArrayConfig: there is no read_voltag .*'read_voltage'"),
    (
        lambda: CircuitNoise(heat=True),
        ArrayError,
        "CircuitNoise: there is no heat to set to True; there are temperature",
    ),
    (lambda: ArrayConfig(wires={"word_resistance": -1}), WireError, "wires: word_resistance = -1"),
    (lambda: ArrayConfig(transposed_adc={"bits": 99}), ArrayError, "transposed_adc: bits = 99"),
    (lambda: ArrayConfig(circuit_noise={"temperature": -1}), ArrayError, "temperature = -1"),
]


@pytest.mark.parametrize(("made", "kind", "said"), REFUSED)
def test_what_cannot_be_is_refused_in_one_line(made, kind, said):
    with pytest.raises(kind, match=said) as refused:
        made()
    assert isinstance(refused.value, RevpathError)
    assert "\n" not in str(refused.value)
    assert "pydantic" not in str(refused.value)


THINGS = [
    load_device("ideal"),
    load_chip("reram-32nm"),
    ADC(8),
    Wires(),
    MixedPrecisionConfig(),
    Window(g_min=0, g_max=1),
]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_nothing_can_be_set(thing):
    field = next(iter(type(thing).model_fields))
    with pytest.raises(RevpathError, match=f"{type(thing).__name__}: {field} cannot be set: it is frozen"):
        setattr(thing, field, getattr(thing, field))


def test_what_is_refused_inside_names_the_whole_path_once():
    with pytest.raises(RevpathError) as refused:
        Device(name="x", title="y", window=Window(g_min=0, g_max=1e-6), read_noise={"law": "constant", "relative": -1})
    assert str(refused.value).count("relative") == 1
    assert "ConstantReadNoise" not in str(refused.value)


def test_parts_of_an_array_may_be_tables():
    table = ArrayConfig(adc={"bits": 8}, dac={"bits": 6}, wires={"word_resistance": 2}, circuit_noise={"thermal": True})
    assert table == ArrayConfig(
        adc=ADC(8), dac=DAC(6), wires=Wires(word_resistance=2), circuit_noise=CircuitNoise(thermal=True)
    )
    assert pickle.loads(pickle.dumps(table)) == table
