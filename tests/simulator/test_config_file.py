"""Configurations survive the way to a TOML file and back."""

import numpy as np
import pytest

from revpath.devices import device_names, load_device
from revpath.devices.laws.read_noise import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, CircuitNoise, Crossbar
from revpath.simulator.config_file import read_config, write_config
from revpath.simulator.wires import Cubic, Selector, Sinh, Wires

CONFIGS = {
    "default": ArrayConfig(),
    "everything": ArrayConfig(
        load_device("reram-sb-gong2018").replaced(response__step=0.01, window__g_max=5e-5),
        weight_max=3.5,
        dac=DAC(bits=8, slice_bits=2, shift_add="analog", gain_error=0.01),
        adc=ADC(bits=9, y_max=7.25, noise_lsb=0.5, inl_lsb=0.3),
        transposed_adc=ADC(bits=6, range="maximum"),
        read_voltage=0.1,
        read_time=3e-7,
        mapping="offset",
        cell_noise="sampled",
        circuit_noise=CircuitNoise(thermal=True, temperature=350.0),
        wires=Wires(word_resistance=2.5, budget=3, drive_side="both"),
        longest_train=17,
    ),
    "other law": ArrayConfig(
        load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=0.01)}), layout="interleaved"
    ),
    **{type(law).__name__: ArrayConfig(cell_law=law) for law in (Sinh(0.3), Cubic(1.25), Selector(0.2, 0.02))},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_round_trip(name, tmp_path):
    config = CONFIGS[name]
    write_config(config, tmp_path / "array.toml")
    again = read_config(tmp_path / "array.toml")
    for field in vars(config):
        if field != "device":
            assert getattr(again, field) == getattr(config, field), field
    assert again.device.model_dump(exclude={"records"}) == config.device.model_dump(exclude={"records"})
    write_config(again, tmp_path / "twice.toml")
    assert (tmp_path / "array.toml").read_bytes() == (tmp_path / "twice.toml").read_bytes()


def test_the_array_is_the_same_to_the_bit(tmp_path):
    config = CONFIGS["everything"]
    write_config(config, tmp_path / "array.toml")
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5))
    outputs = []
    for c in (config, read_config(tmp_path / "array.toml")):
        array = Crossbar((5, 4), c, seed=2)
        array.program(np.full((5, 4), 0.4))
        outputs.append(array.forward(x))
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("name", device_names())
def test_every_device_of_the_library_is_its_name(name, tmp_path):
    write_config(ArrayConfig(name), tmp_path / "array.toml")
    assert "device_laws" not in (tmp_path / "array.toml").read_text()
    assert read_config(tmp_path / "array.toml").device == load_device(name)


def test_changed_numbers_lose_their_source(tmp_path):
    write_config(CONFIGS["everything"], tmp_path / "array.toml")
    records = read_config(tmp_path / "array.toml").device.records
    assert not [name for name in records if name.startswith(("response.", "window."))]
    assert records  # the others keep theirs


def test_what_is_left_out_has_its_default(tmp_path):
    (tmp_path / "a.toml").write_text('schema = 1\ndevice = "reram-sb-gong2018"\n[adc]\nbits = 8\n')
    config = read_config(tmp_path / "a.toml")
    assert config.adc == ADC(bits=8)
    assert config.dac == DAC(bits=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema = 2", "a.toml: schema must be 1"),
        ("schema = ", "not a readable TOML file"),
        ("schema = 1\nbits = 8", "'bits' is not one of"),
        ("schema = 1\nadc = 8", "adc = 8 must be a table"),
        ("schema = 1\n[adc]\nbits = 99", "a.toml: .*bits"),
        ("schema = 1\n[wires]\nword_resistance = -1", "word_resistance"),
        ("schema = 1\n[circuit_noise]\nkelvin = 300", "circuit_noise: .*kelvin"),
        ('schema = 1\ndevice = "unobtainium"', "unobtainium"),
        ('schema = 1\n[cell_law]\nlaw = "tanh"', "must be a table whose law is one of"),
        ('schema = 1\n[cell_law]\nlaw = ["Sinh"]', "must be a table whose law is one of"),
        ("schema = 1\n[device_laws.colour]\nred = 1", "device_laws = .* must be tables named by"),
        ('schema = 1\n[device_laws.response]\nlaw = "soft-bounds"', "a.toml: response"),
    ],
)
def test_bad_files_are_named(text, words, tmp_path):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ArrayError, match=words):
        read_config(tmp_path / "a.toml")


def test_a_device_of_ones_own_is_written_whole(tmp_path):
    """With its records, so that its pulses keep their price."""
    mine = load_device("reram-sb-gong2018").replaced(window__g_max=5e-5, pulse__energy_up=1e-12, name="mine")
    write_config(ArrayConfig(mine), tmp_path / "a.toml")
    again = read_config(tmp_path / "a.toml").device
    assert again == mine
    assert again.records["pulse.energy_up"].evidence == "assumed"
    (tmp_path / "b.toml").write_text((tmp_path / "a.toml").read_text() + "[device_laws.pulse]\nvoltage = 1.0\n")
    with pytest.raises(ArrayError, match="change its own sections"):
        read_config(tmp_path / "b.toml")
    (tmp_path / "c.toml").write_text((tmp_path / "a.toml").read_text().replace("g_max = 5e-05", "g_max = 88.0"))
    with pytest.raises(ArrayError, match=r"c.toml: device: .*g_max = 88 S is not plausible"):
        read_config(tmp_path / "c.toml")
