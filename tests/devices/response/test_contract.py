"""A law that is defined is known everywhere: no list is kept by hand. Held by toy laws."""

from typing import Literal

import numpy as np
import pytest

from revpath.devices import Device, RecordError, gallery, load_device
from revpath.devices.base.style import save_figure
from revpath.devices.laws import Window
from revpath.devices.laws.fields import Ratio
from revpath.devices.response import CellParameters, NoResponse, PulsedResponse, Response
from revpath.devices.response.pulsed import SpreadResponse


@pytest.fixture
def toy():
    """Steps that shrink with the square of the distance from the middle."""

    class ToyStep(SpreadResponse):
        law: Literal["toy-step"] = "toy-step"
        steepness: Ratio

        def up(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
            return cells.s_up * (1 - self.steepness * w**2)

        def down(self, w: np.ndarray, cells: CellParameters) -> np.ndarray:
            return cells.s_down * (1 - self.steepness * w**2)

    yield ToyStep
    del Response.variants["toy-step"]


TOY = """
[response]
law = "toy-step"
[response.step]
value = 0.05
unit = "dimensionless"
[response.w_min]
value = -1
unit = "dimensionless"
[response.w_max]
value = 1
unit = "dimensionless"
[response.steepness]
value = 0.5
unit = "dimensionless"
"""
HEAD = """
schema = 1
name = "toy"
title = "A toy"
[sources.mine]
citation = "Made up for this test"
[defaults]
source = "mine"
evidence = "measured"
read_in = "primary"
uncertainty = { kind = "unstated" }
[window.g_min]
value = 1
unit = "uS"
[window.g_max]
value = 10
unit = "uS"
"""


def test_a_toy_law_is_read_drawn_written_and_swept(toy, tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(HEAD + TOY)
    device = load_device(path)
    assert type(device.response) is toy
    assert device.response.pulsed
    assert device.numbers["response.steepness"] == 0.5
    assert "response.step_noise" in device.unknowns
    device.to_toml(path)
    assert load_device(path) == device
    titles = [ax.get_title(loc="left") for ax in device.plot().figure.axes]
    assert "Change by one pulse" in titles
    assert "toy step" in " ".join(text.get_text() for ax in device.plot().figure.axes for text in ax.texts)
    save_figure(gallery([device]), tmp_path / "gallery", formats=["png"], dpi=20)
    assert device.replaced(response__steepness=0.25).response.curve(40).max() <= 1
    other = load_device("reram-sb-gong2018").replaced(response=device.response.model_dump(), name="other")
    assert other.response == device.response
    assert "toy-step" in repr(device)


def test_messages_name_it(toy, tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(HEAD + TOY.replace('"toy-step"', '"toy-stop"'))
    with pytest.raises(RecordError, match=r"\[response\] law = 'toy-stop' is not one of .*'toy-step'"):
        load_device(path)
    path.write_text(HEAD + TOY.replace("[response.steepness]", "[response.steepnes]"))
    with pytest.raises(RecordError, match=r"has no field 'steepnes'; it has .*'steepness'"):
        load_device(path)


def test_without_its_class_it_is_not_known(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(HEAD + TOY)
    with pytest.raises(RecordError, match="law = 'toy-step' is not one of"):
        load_device(path)


def test_two_laws_of_one_name_are_refused(toy):
    with pytest.raises(TypeError, match="law = 'toy-step' is that of .*ToyStep already"):

        class Other(NoResponse):
            law: Literal["toy-step"] = "toy-step"


def test_every_variant_keeps_the_contract():
    assert {"unknown", "ideal", "soft-bounds", "linear-step", "table-step"} <= set(Response.variants)
    for name, law in Response.variants.items():
        assert issubclass(law, Response)
        assert law.model_fields["law"].default == name
        assert (law.__doc__ or "").strip()
        assert issubclass(law, PulsedResponse) or name in ("unknown", "ideal")


@pytest.mark.parametrize(
    "response", [3, "soft-bounds", None, {"step": 1}, {"law": ["ideal"]}, Window(g_min=0, g_max=1e-6)]
)
def test_what_is_no_response_is_refused(response):
    with pytest.raises(ValueError, match="law"):
        Device(name="x", title="x", window=Window(g_min=0, g_max=1e-6), response=response)
