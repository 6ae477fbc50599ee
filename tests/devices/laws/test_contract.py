"""A law of programming, of read noise or of drift that is defined is known everywhere: files, devices, arrays, cards. Toy laws."""

from typing import ClassVar, Literal

import numpy as np
import pytest

from revpath.devices import Device, RecordError, load_device
from revpath.devices.laws import Drift, Programming, ReadNoise, Window
from revpath.devices.laws.fields import Ratio, Seconds, Variant
from revpath.simulator import ArrayConfig, Crossbar, read_config, write_config
from revpath.studies.commands.devices import print_device

CONTRACTS = {"programming": Programming, "read_noise": ReadNoise, "drift": Drift}


@pytest.fixture
def toys():
    class ToyProgramming(Programming):
        law: Literal["toy-programming"] = "toy-programming"
        share: Ratio

        def sigma(self, g, g_max):
            return np.full_like(g, self.share * g_max)

    class ToyReadNoise(ReadNoise):
        law: Literal["toy-read"] = "toy-read"
        of_programmed: ClassVar[bool] = True
        share: Ratio

        def sigma(self, g, g_max, seconds=0.0, t_read=None):
            return self.share * np.asarray(g, float) ** 2 / g_max

    class ToyDrift(Drift):
        law: Literal["toy-drift"] = "toy-drift"
        half_life: Seconds

        def age(self, g, g_max, seconds, z):
            return g * 0.5 ** (seconds / self.half_life) + 0.0 * z

    yield
    for contract, name in zip(CONTRACTS.values(), ("toy-programming", "toy-read", "toy-drift"), strict=True):
        del contract.variants[name]


TOY = """
schema = 1
name = "toy"
title = "A toy"
[sources.mine]
citation = "Made up for this test"
[defaults]
source = "mine"
evidence = "measured"
read_in = "primary"
unit = "dimensionless"
uncertainty = { kind = "unstated" }
[window.g_min]
value = 1
unit = "uS"
[window.g_max]
value = 10
unit = "uS"
[programming]
law = "toy-programming"
share = { value = 0.02 }
[read_noise]
law = "toy-read"
share = { value = 0.03 }
[drift]
law = "toy-drift"
half_life = { value = 1, unit = "h" }
"""


def test_toy_laws_are_read_drawn_written_swept_listed_and_simulated(toys, tmp_path, capsys):
    path = tmp_path / "toy.toml"
    path.write_text(TOY)
    device = load_device(path)
    assert device.drift.age(np.array([8e-6]), 1e-5, 3600.0, np.zeros(1)) == pytest.approx(4e-6, rel=1e-12, abs=0)
    assert device.numbers["programming.share"] == 0.02
    device.to_toml(path)
    assert load_device(path) == device
    write_config(ArrayConfig(device), tmp_path / "array.toml")
    assert read_config(tmp_path / "array.toml").device == device
    print_device(path)
    shown = capsys.readouterr().out
    assert "programming.share" in shown
    assert "drift.half_life" in shown
    titles = {ax.get_title(loc="left") for ax in device.plot().figure.axes}
    plain = device.replaced(programming={"law": "none"}, read_noise={"law": "none"}, drift={"law": "none"})
    assert titles == {ax.get_title(loc="left") for ax in plain.plot().figure.axes}
    for word in ("toy-programming", "toy-read", "toy-drift"):
        assert word in repr(device)
    assert device.replaced(drift__half_life=60.0).drift.half_life == 60.0
    array = Crossbar((30, 30), ArrayConfig(device, mapping="one-sided"), seed=1)
    report = array.program(np.full((30, 30), 0.5))
    assert 0.01 < report.error[report.target > 2e-6].std() / 1e-5 < 0.03
    before = array.conductances()
    array.age(3600.0)
    np.testing.assert_allclose(array.conductances(), before / 2, rtol=1e-6)
    # sigma / g of what was programmed, of g as it is now
    np.testing.assert_allclose(array.cells.read_sigma(1e-7), 0.03 * (before / 1e-5) * before / 2, rtol=1e-5)
    assert array.forward(np.ones((1, 30))).std() > 0


def test_messages_name_them(toys, tmp_path):
    path = tmp_path / "toy.toml"
    for section, law in (("programming", "toy-programming"), ("read_noise", "toy-read"), ("drift", "toy-drift")):
        path.write_text(TOY.replace(f'"{law}"', '"toy-wrong"'))
        with pytest.raises(RecordError, match=rf"\[{section}\] law = 'toy-wrong' is not one of .*'{law}'"):
            load_device(path)


@pytest.mark.parametrize("section", CONTRACTS)
def test_every_variant_keeps_its_contract(section):
    contract = CONTRACTS[section]
    assert "none" in contract.variants
    assert len(contract.variants) >= 4
    for name, law in contract.variants.items():
        assert issubclass(law, contract)
        assert law.model_fields["law"].default == name
        assert (law.__doc__ or "").strip()
        assert not getattr(law, "__abstractmethods__", None)
    assert not set(contract.variants.values()) & set(Variant.variants.values())


@pytest.mark.parametrize("section", CONTRACTS)
@pytest.mark.parametrize("law", [3, "none", None, {"relative": 1}, {"law": ["none"]}, Window(g_min=0, g_max=1e-6)])
def test_what_is_no_law_is_refused(section, law):
    with pytest.raises(ValueError, match="law"):
        Device(name="x", title="x", window=Window(g_min=0, g_max=1e-6), **{section: law})
