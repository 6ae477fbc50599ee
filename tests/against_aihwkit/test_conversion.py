"""aihwkit devices as ours and back: from dictionaries without aihwkit, and with its own objects where it can be asked."""

import importlib.util
import json
import sys
from dataclasses import asdict, make_dataclass

import numpy as np
import pytest
from helpers.statistics import relative
from twins import aihwkit_laws as theirs

from revpath.devices import RevpathError, UnknownName, device_names, load_device
from revpath.devices.aihwkit import presets as aihwkit
from revpath.devices.aihwkit.parameters import LAWS
from revpath.devices.aihwkit.presets import PRESETS, from_parameters, read_parameters, to_parameters, untranslated
from revpath.devices.laws import Window
from revpath.devices.laws.sections import Yields
from revpath.devices.response import IdealResponse, LinearStep, NoResponse, SoftBounds, TableStep

WINDOW = Window(g_min=1e-6, g_max=2e-5)
KINDS = [*LAWS, "IdealDevice", "SoftBoundsPmaxDevice"]
# The library has another, narrower law for this preset, with the note that it is a loose fit.
OTHERWISE = {"ReRamSBPresetDevice"}
LOSSES = {
    "CapacitorPresetDevice": {"lifetime": 1e6, "lifetime_dtod": 0.3},
    "PCMPresetDevice": {"reset": 0.01, "reset_dtod": 0.02},
}


@pytest.fixture(scope="module")
def described():
    """Class of the law and fields of every class and preset, as aihwkit has them."""
    (answer,) = theirs.ask([{"job": "configurations", "names": [*KINDS, *PRESETS]}])
    return {name: json.loads(str(text)) for name, text in answer.items()}


def same_numbers(a, b) -> None:
    """Two laws with the same parameters, where what is not known is 0."""
    assert type(a) is type(b)
    for field in type(a).model_fields:
        one, two = getattr(a, field), getattr(b, field)
        if isinstance(one, float | int) or isinstance(two, float | int):
            assert (one or 0.0) == relative(two or 0.0), field
        elif isinstance(one, tuple):
            assert one == relative(two), field
        else:
            assert (one or "none") == (two or "none"), field


def trainable() -> list[str]:
    return [name for name in device_names() if not isinstance(load_device(name).response, NoResponse)]


# -- without aihwkit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", trainable())
def test_library_devices_come_back(name):
    device = load_device(name)
    kind, fields = to_parameters(device, lossy=True)
    back = read_parameters(kind, json.loads(json.dumps(fields)))
    assert not back.lost
    if isinstance(device.response, IdealResponse):
        assert back.response == IdealResponse()
        return
    same_numbers(back.response, device.response)
    assert (back.yields.stuck_between or 0) == relative(device.yields.stuck_between or 0)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_alone_make_a_law(kind):
    found = read_parameters(kind, {})
    assert not found.lost
    assert found.yields == Yields()


def test_a_law_says_what_its_fields_say():
    fields = {"dw_min": 0.01, "w_max": 1.5, "w_min": -0.5, "gamma_up": 0.2, "gamma_up_dtod": 0.0, "mult_noise": False}
    law = read_parameters(
        "LinearStepDevice", fields | {"dw_min_dtod_log_normal": True, "mean_bound_reference": False}
    ).response
    assert isinstance(law, LinearStep)
    assert law.noise == "additive"
    assert law.spread_law == "lognormal"
    assert law.slopes_refer_to == "own"
    assert float(law.mean_up(np.array(0.75))) == relative(0.01 * (1 - 0.2 * 0.5))


def test_soft_bounds_in_the_narrow_sense_and_in_the_wide():
    """Additive noise and no asymmetry: our SoftBounds. Anything else: linear steps that end at the own bound."""
    narrow = read_parameters("SoftBoundsDevice", {"mult_noise": False}).response
    assert isinstance(narrow, SoftBounds)
    for fields in ({}, {"mult_noise": False, "up_down": 0.1}, {"mult_noise": False, "dw_min_dtod_log_normal": True}):
        wide = read_parameters("SoftBoundsDevice", fields).response
        assert isinstance(wide, LinearStep)
        w = np.linspace(-0.6, 0.6, 7)
        s_up = wide.nominal.s_up
        np.testing.assert_allclose(wide.mean_up(w), s_up * (1 - w / 0.6), atol=1e-15)


def test_soft_bounds_by_a_number_of_pulses():
    """Its fields as it documents their translation: w_min, w_max = w_min + B, dw_min = B alpha, up_down = 1 + 2 w_min / B.

    (What comes of them is not what it documents: `test_trap_T2_takes_p_max_pulses_too_far`.)
    """
    law = read_parameters("SoftBoundsPmaxDevice", {"p_max": 500, "alpha": 0.004}).response
    assert isinstance(law, LinearStep)
    b = 2 / (1 - np.exp(-2))
    assert (law.w_min, law.w_max) == relative((-1.0, b - 1))
    assert law.step == relative(0.004 * b)
    assert law.asymmetry == relative(1 - 2 / b)


def test_a_single_node_is_a_constant_table():
    law = read_parameters("PiecewiseStepDevice", {"piecewise_up": [2], "piecewise_down": [1]}).response
    assert isinstance(law, TableStep)
    assert law.up_steps == (2.0, 2.0)


def test_negative_slopes_are_those_that_aihwkit_uses():
    """Without `allow_increasing` it takes the magnitude; with it and a spread, slopes of either sign are a loss."""
    positive = read_parameters("LinearStepDevice", {"gamma_up": -0.3}).response
    assert isinstance(positive, LinearStep)
    assert positive.gamma_up == 0.3
    still = {"gamma_up": -0.3, "allow_increasing": True, "gamma_up_dtod": 0.0, "gamma_down_dtod": 0.0}
    found = read_parameters("LinearStepDevice", still)
    assert isinstance(found.response, LinearStep)
    assert found.response.gamma_up == -0.3
    assert not found.lost
    assert read_parameters("LinearStepDevice", still | {"gamma_up_dtod": 0.1}).lost == {"allow_increasing": True}


def test_corrupt_devices_are_cells_stuck_between():
    found = read_parameters("ConstantStepDevice", {"corrupt_devices_prob": 0.13, "corrupt_devices_range": 0.01})
    assert found.yields == Yields(stuck_between=0.13, stuck_range=0.01)
    device = from_parameters("ConstantStepDevice", {"corrupt_devices_prob": 0.13}, window=WINDOW)
    _, fields = to_parameters(device)
    assert (fields["corrupt_devices_prob"], fields["corrupt_devices_range"]) == (0.13, 0.1)
    assert "yields" in from_parameters("ConstantStepDevice", {}, window=WINDOW).unknowns


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"lifetime": 100.0}, {"lifetime": 100.0}),
        ({"lifetime_dtod": 0.3}, {}),
        ({"diffusion": 0.1, "diffusion_dtod": 0.2}, {"diffusion": 0.1, "diffusion_dtod": 0.2}),
        ({"reset_dtod": 0.02}, {"reset_dtod": 0.02}),
        ({"enforce_consistency": False}, {"enforce_consistency": False}),
        ({"drift": {"nu": 0.05}}, {"drift": {"nu": 0.05}}),
        ({"drift": {"nu": 0.0}}, {}),
        ({"construction_seed": 7, "count_pulses": True}, {}),
    ],
)
def test_what_has_no_counterpart_is_lost_aloud(fields, lost):
    assert read_parameters("ConstantStepDevice", fields).lost == lost
    if not lost:
        from_parameters("ConstantStepDevice", fields, window=WINDOW)
        return
    with pytest.raises(RevpathError, match=f"{next(iter(lost))} = .* cannot be converted; convert with lossy=True"):
        from_parameters("ConstantStepDevice", fields, window=WINDOW)
    assert from_parameters("ConstantStepDevice", fields, window=WINDOW, lossy=True).name == "aihwkit-device"


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"noise": "additive"}, "response.noise = additive"), ({"write_noise": 2.0}, "response.write_noise = 2")],
)
def test_what_aihwkit_does_not_have_is_lost_aloud(changes, said):
    device = load_device("gokmen-vlasov2016")
    law = type(device.response).model_validate(device.response.model_dump() | changes)
    other = device.model_copy(update={"response": law})
    with pytest.raises(RevpathError, match=f"{said}.* cannot be converted"):
        to_parameters(other)
    assert to_parameters(other, lossy=True)[0] == "ConstantStepDevice"


def test_sections_that_stay_behind_are_named():
    assert untranslated(load_device("reram-sb-gong2018"))[-1] == "window"
    assert "drift" in untranslated(load_device("pcm-nandakumar2019"))


def test_bad_input_is_named():
    with pytest.raises(UnknownName, match="aihwkit device = 'PowStepReferenceDevice' is not known"):
        read_parameters("PowStepReferenceDevice", {})
    with pytest.raises(UnknownName, match="'dw_mim' is not known; did you mean 'dw_min'"):
        read_parameters("ConstantStepDevice", {"dw_mim": 0.1})
    with pytest.raises(RevpathError, match="aihwkit ConstantStepDevice: step = -1"):
        read_parameters("ConstantStepDevice", {"dw_min": -1})
    with pytest.raises(RevpathError, match="no device with response law = 'unknown'"):
        to_parameters(load_device("pcm-nandakumar2019"))
    with pytest.raises(RevpathError, match="must be positive, and in order"):
        read_parameters("SoftBoundsPmaxDevice", {"alpha": 0.0})


@pytest.mark.skipif(
    importlib.util.find_spec("aihwkit") is not None, reason="aihwkit is at hand: it has no error to give"
)
def test_without_aihwkit_an_error_says_how_to_get_it():
    for call in (lambda: aihwkit.from_preset("ReRamES"), lambda: aihwkit.to_aihwkit(load_device("reram-sb-gong2018"))):
        with pytest.raises(RevpathError, match="aihwkit cannot be imported .*pip install 'revpath\\[aihwkit\\]'"):
            call()


# -- with aihwkit's numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_those_of_aihwkit(described, name):
    """Every field that it has is known here, and one that is not given means what it means there."""
    kind, fields = described[name]
    assert kind == name
    given = read_parameters(name, {k: v for k, v in fields.items() if v is not None})
    assert given == read_parameters(name, {})


@pytest.mark.parametrize("label", PRESETS)
def test_presets_are_the_devices_of_the_library(described, label):
    """Read through aihwkit or through our files, a device is the same to the last parameter."""
    kind, fields = described[label]
    found = read_parameters(kind, fields)
    assert found.lost == LOSSES.get(label, {})
    if label not in OTHERWISE:
        same_numbers(found.response, load_device(PRESETS[label]).response)


@pytest.fixture(scope="module")
def made(described):
    """Fields of aihwkit devices that were made from ours, and put into a tile: of presets, and of the library."""
    ours = {label: from_parameters(*described[label], window=WINDOW, lossy=True) for label in PRESETS}
    ours |= {name: load_device(name) for name in trainable() if name != "ideal"}
    jobs = {name: to_parameters(device, lossy=True) for name, device in ours.items()}
    answers = theirs.ask([{"job": "accepts", "device": kind, "fields": fields} for kind, fields in jobs.values()])
    return {
        name: (*job, json.loads(str(answer["fields"])))
        for (name, job), answer in zip(jobs.items(), answers, strict=True)
    }


@pytest.mark.parametrize("label", PRESETS)
def test_presets_go_back_to_aihwkit(described, made, label):
    """ours(preset) as an aihwkit device has the fields of the preset, but for what was said to be lost."""
    kind, fields = described[label]
    there, _, back = made[label]
    assert there == kind
    left = set(LOSSES.get(label, {})) | {"corrupt_devices_range"}  # which says nothing where no device is corrupt
    for name, value in fields.items():
        if name not in left:
            assert back[name] == (relative(value) if isinstance(value, float) else value), name


@pytest.mark.parametrize("name", [name for name in trainable() if name != "ideal"])
def test_aihwkit_takes_every_device_of_the_library(made, name):
    _, fields, back = made[name]
    assert all(back[key] == value for key, value in fields.items())


@pytest.fixture
def stand_in(described, monkeypatch):
    """Modules with aihwkit's names and dataclasses with its fields: what `from_preset` needs of it, without torch."""
    from types import ModuleType

    devices, presets = ModuleType("aihwkit.simulator.configs.devices"), ModuleType("aihwkit.simulator.presets.devices")
    for name, (kind, fields) in described.items():
        home = devices if name in KINDS else presets
        own = [(key, object, default(value)) for key, value in fields.items()]
        bases = () if home is devices else (getattr(devices, kind),)
        made = make_dataclass(name, own, bases=bases)
        made.__module__ = home.__name__
        setattr(home, name, made)
    configs, all_presets = ModuleType("aihwkit.simulator.configs"), ModuleType("aihwkit.simulator.presets")
    configs.devices, all_presets.devices = devices, presets
    for module in (ModuleType("aihwkit"), ModuleType("aihwkit.simulator"), configs, all_presets, devices, presets):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return presets


def default(value):
    from copy import deepcopy
    from dataclasses import field

    return field(default_factory=lambda: deepcopy(value))


def test_presets_by_name_by_class_and_as_objects(stand_in):
    by_name = aihwkit.from_preset("ReRamES")
    assert by_name == aihwkit.from_preset(stand_in.ReRamESPresetDevice)
    assert by_name == aihwkit.from_preset(stand_in.ReRamESPresetDevice())
    assert by_name == aihwkit.from_preset("ReRamESPresetDevice")
    twin = load_device("reram-es-gong2018")
    assert by_name.name == "aihwkit-reram-es-gong2018"
    assert by_name.window == twin.window
    record = by_name.records["response.step"]
    assert record.value == 0.00135
    assert record.source.citation.startswith("IBM aihwkit 1.1.0, class ReRamESPresetDevice")
    assert record.evidence == twin.records["response.step"].evidence
    assert record.read_in == "primary"
    assert by_name.records["window.g_max"] == twin.records["window.g_max"]
    assert {"pulse", "programming", "drift", "endurance"} <= set(by_name.unknowns)
    changed = stand_in.ReRamESPresetDevice(dw_min=0.01)
    assert "response.step" not in aihwkit.from_preset(changed).records


def test_presets_that_lose_something_say_so(stand_in):
    with pytest.raises(RevpathError, match="lifetime = 1000000.0, lifetime_dtod = 0.3 cannot be converted"):
        aihwkit.from_preset("Capacitor")
    assert aihwkit.losses("Capacitor") == LOSSES["CapacitorPresetDevice"]
    same_numbers(aihwkit.from_preset("Capacitor", lossy=True).response, load_device("capacitor-li2018").response)


def test_devices_that_are_no_preset_need_a_window(stand_in):
    device = sys.modules["aihwkit.simulator.configs.devices"].ConstantStepDevice(dw_min=0.02)
    with pytest.raises(RevpathError, match="window is missing"):
        aihwkit.from_preset(device)
    ours = aihwkit.from_preset(device, window=WINDOW, name="mine")
    assert (ours.name, ours.response.step, ours.records) == ("mine", 0.02, {})
    again = aihwkit.to_aihwkit(ours)
    assert type(again) is type(device)
    assert asdict(again) == asdict(device)
    with pytest.raises(RevpathError, match="is no aihwkit device"):
        aihwkit.from_preset(3.0)
    with pytest.raises(UnknownName, match="aihwkit preset = 'ReRamEXPresetDevice' is not known; did you mean"):
        aihwkit.from_preset("ReRamEX")


def test_tiles_of_one_device_are_read_as_that_device(stand_in):
    tile = make_dataclass("ReRamESPreset", [("device", object)])
    assert aihwkit.from_preset(tile(stand_in.ReRamESPresetDevice())) == aihwkit.from_preset("ReRamES")
    assert aihwkit.from_preset("ReRamESPreset") == aihwkit.from_preset("ReRamES")
    compound = make_dataclass("ChoppedTransferCompound", [("unit_cell_devices", object)])
    with pytest.raises(
        RevpathError,
        match="^preset = ReRamESPreset holds ChoppedTransferCompound, which is no aihwkit device: convert one of its devices",
    ):
        aihwkit.from_preset(tile(compound([stand_in.ReRamESPresetDevice()] * 2)))
    unlike = make_dataclass("PowStepReferenceDevice", [("n_estimation_steps", int, 50)])
    unlike.__module__ = sys.modules["aihwkit.simulator.configs.devices"].__name__
    with pytest.raises(UnknownName, match="aihwkit device = 'PowStepReferenceDevice' is not known"):
        aihwkit.from_preset(unlike())
