"""Names of aihwkit, without aihwkit: a law that is translated anywhere goes both ways, as those of the package do."""

from typing import Literal

import pytest

from revpath.devices.aihwkit.parameters import LAWS, from_parameters, read_parameters, to_parameters, translate
from revpath.devices.base.errors import RevpathError
from revpath.devices.laws import Window
from revpath.devices.laws.fields import Ratio
from revpath.devices.response import ConstantStep, IdealResponse, LinearStep, Response, SoftBounds

WINDOW = Window(g_min=1e-6, g_max=1e-5)


@pytest.fixture
def toy():
    """A law of a user's own, and a class of aihwkit's with it."""

    class TiltedStep(ConstantStep):
        law: Literal["tilted-step"] = "tilted-step"  # pyright: ignore[reportIncompatibleVariableOverride]
        tilt: Ratio = 0.0

    translate("TiltedStepDevice", TiltedStep, {"tilt_std": ("tilt", 0.25)})
    yield TiltedStep
    del LAWS["TiltedStepDevice"], Response.variants["tilted-step"]


def test_a_law_that_is_translated_elsewhere_goes_both_ways(toy):
    device = from_parameters("TiltedStepDevice", {"dw_min": 0.01, "dw_min_std": 0.0}, window=WINDOW)
    assert type(device.response) is toy
    assert (device.response.tilt, device.response.step) == (0.25, 0.01)
    kind, fields = to_parameters(device)
    assert kind == "TiltedStepDevice"
    assert fields["tilt_std"] == 0.25
    assert from_parameters(kind, fields, window=WINDOW).response == device.response
    with pytest.raises(RevpathError, match="'PowStepDevize' .*PowStepDevice"):
        read_parameters("PowStepDevize", {})


def test_nothing_is_translated_twice(toy):
    for kind, law in (("TiltedStepDevice", IdealResponse), ("OtherDevice", toy), ("OtherDevice", SoftBounds)):
        with pytest.raises(RevpathError, match="is translated already"):
            translate(kind, law, {})


@pytest.mark.parametrize("kind", [*LAWS, "SoftBoundsPmaxDevice"])
def test_defaults_come_back(kind):
    """Of every class of the package: what aihwkit means where nothing is said, here and back, as a response."""
    device = from_parameters(kind, {}, window=WINDOW)
    again, fields = to_parameters(device)
    assert to_parameters(from_parameters(again, fields, window=WINDOW)) == (again, fields)
    response = device.response
    assert LAWS[again].law is type(response)
    linear = kind in (
        "SoftBoundsDevice",
        "SoftBoundsPmaxDevice",
    )  # multiplicative noise: no soft bounds in the narrow sense
    assert type(response) is (LinearStep if linear else LAWS[kind].law)
