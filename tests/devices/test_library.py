"""The device library as a whole: what every file must say, and numbers that come from somewhere else by a formula."""

import math
import pickle

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import Device, Evidence, RecordError, device_names, load_device, read_device
from revpath.devices.base.record import evaluate_derivation
from revpath.devices.laws import NoDrift, NoProgrammingNoise, Window
from revpath.devices.laws.sections import Yields
from revpath.devices.response import ConstantStep, LinearStep, PulsedResponse, SoftBoundsReference, TableStep

EVERY = pytest.mark.parametrize("name", device_names())
SECTIONS = {
    "window",
    "programming",
    "read_noise",
    "drift",
    "response",
    "pulse",
    "yields",
    "endurance",
    "retention",
}
VOLATILE = "leak"  # a section that only files of volatile cells have  # fmt: skip


def test_the_library_is_broad():
    families = {name.partition("-")[0] for name in device_names()}
    assert len(device_names()) >= 14
    assert families >= {"pcm", "reram", "ecram", "capacitor", "fefet", "sonos", "idealized", "gokmen", "ideal"}
    laws = {load_device(name).response.law for name in device_names()}
    assert laws >= {"soft-bounds", "soft-bounds-reference", "linear-step", "constant-step", "exponential-step", "ideal"}


@EVERY
def test_a_section_is_known_or_said_to_be_unknown(name):
    device = load_device(name)
    said = {path.partition(".")[0] for path in device.unknowns if "." not in path}
    for section in SECTIONS - said:
        law = getattr(device, section)
        known = [path for path in device.numbers if path.startswith(f"{section}.")]
        assert known or getattr(law, "law", None) in ("none", "ideal"), section
    for path in device.unknowns:
        section, _, field = path.partition(".")
        assert section in SECTIONS or (section == VOLATILE and device.leak.known)
        assert not any(number.startswith(f"{path}.") or number == path for number in device.numbers)
        if field:
            assert getattr(getattr(device, section), field) is None


@EVERY
def test_derivations_give_the_numbers(name):
    for record in load_device(name).records.values():
        if record.derivation:
            assert evaluate_derivation(record.derivation) == relative(record.value, 1e-6)


@EVERY
def test_records_are_honest(name):
    device = load_device(name)
    for record in device.records.values():
        assert record.boundary == "device"
        assert record.note or record.evidence is Evidence.EXACT
        if record.source.key in ("nvsim", "lee2009", "neurosim2020", "neurramcell"):  # another cell than this one
            assert record.evidence in (Evidence.ASSUMED, Evidence.PROJECTED, Evidence.SIMULATED, Evidence.MEASURED)
            assert record.uncertainty.kind == "lognormal"


@EVERY
def test_pulsed_devices_work(name):
    """Steps up and down at the middle of the range, bounds that enclose it, and a copy by pickle that is the same."""
    device = load_device(name)
    law = device.response
    assert pickle.loads(pickle.dumps(device)).unknowns == device.unknowns
    if not isinstance(law, PulsedResponse):
        return
    middle = np.asarray(0.5 * (law.w_min + law.w_max))
    assert law.mean_up(middle) > 0
    assert law.mean_down(middle) < 0
    assert law.granularity > 0
    cells = law.draw_cell_parameters(np.random.default_rng(0).standard_normal((500, law.draws)))
    assert np.all(np.isfinite(np.stack([np.broadcast_to(v, (500,)) for v in vars(cells).values()])))


@pytest.mark.parametrize("name", ["capacitor-li2018", "ecram-li-tang2018", "ecram-mo-kim2019"])
def test_ranges_shifted_to_the_symmetry_point(name):
    assert load_device(name).response.symmetry_point() == pytest.approx(0, abs=1e-12)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "pulses", "up", "down"),
    [
        ("fefet-jerry2017", 32, 0.702081, 0.848677),
        ("reram-alox-woo2016", 40, 0.629249, -2.063266),
        ("reram-agsi-jo2010", 97, 0.499181, -0.200303),
    ],
)
def test_exponentials_of_neurosim(name, pulses, up, down):
    """MLP+NeuroSim V3.0: G(p) = B (1 - exp(-p / A)) + G_min, B = range / (1 - exp(-N / A)), p from 0 to N up and back.

    A negative A (nonlinearity of opposite sign) gives the curve that depression follows from the top.
    """
    law = load_device(name).response
    assert isinstance(law, LinearStep)

    def place(p: np.ndarray, a: float) -> np.ndarray:
        return (1 - np.exp(-p / (a * pulses))) / (1 - math.exp(-1 / a))

    states = (law.curve(pulses) + 1) / 2
    p = np.arange(pulses + 1)
    np.testing.assert_allclose(states[: pulses + 1], place(p, up), atol=2e-5)
    np.testing.assert_allclose(states[pulses:], place(p[::-1], down), atol=2e-5)


def test_windows_of_the_fefet():
    device = load_device("fefet-jerry2017")
    assert 1 / device.window.g_max == relative(559.28e3, 1e-6)
    assert device.window.g_max / device.window.g_min == relative(45, 1e-6)
    assert isinstance(device.response, LinearStep)
    assert device.response.step_noise * device.response.step == relative(0.005 * 2, 1e-6)  # 0.5 % of the window


def test_states_of_the_specifications():
    assert load_device("idealized-rasch2019").response.states == relative(10_000)
    assert load_device("gokmen-vlasov2016").response.states == relative(1_250)
    window = load_device("gokmen-vlasov2016").window
    assert 2 / (window.g_min + window.g_max) == relative(24e6, 1e-6)
    assert window.g_max / window.g_min == relative(8, 1e-6)


def test_arrays_of_gong():
    om, hfo2 = (load_device(f"reram-{m}-gong2022") for m in ("om", "hfo2"))
    assert isinstance(om.response, SoftBoundsReference)
    assert om.response.spread_law == "lognormal"
    assert om.response.noise == "additive"
    assert om.response.at_symmetry_point is True
    assert (om.yields.stuck_between, hfo2.yields.stuck_between) == (0.1348, 0.0977)


# -- the loader: choices, lists and sections that are not there ------------------------------------------------------------


GOOD = """
schema = 1
name = "test-cell"
title = "A cell for tests"
[sources.paper2020]
citation = "A. Author, 'A paper about cells', Journal 1, 1 (2020)"
[defaults]
source = "paper2020"
evidence = "measured"
read_in = "primary"
uncertainty = { kind = "exact" }
[window.g_min]
value = 1
unit = "uS"
[window.g_max]
value = 20
unit = "uS"
"""
RESPONSE = """
[response]
law = "table-step"
noise = "additive"
[response.step]
value = 1
unit = "percent"
[response.w_min]
value = -1
unit = "dimensionless"
[response.w_max]
value = 1
unit = "dimensionless"
[response.up_steps]
value = [2, 1.5, 1]
unit = "dimensionless"
[response.down_steps]
value = [50, 100, 200]
unit = "percent"
[yields.stuck_off]
value = 3
unit = "percent"
[endurance.cycles]
value = 1e6
unit = "dimensionless"
[retention.duration]
value = 10
unit = "year"
"""


def read(tmp_path, text: str) -> Device:
    path = tmp_path / "cell.toml"
    path.write_text(text, encoding="utf-8")
    return read_device(path)


def test_choices_and_lists_are_read(tmp_path):
    device = read(tmp_path, GOOD + RESPONSE)
    law = device.response
    assert isinstance(law, TableStep)
    assert law.noise == "additive"
    assert law.step == relative(0.01)
    assert law.up_steps == (2, 1.5, 1)
    assert law.down_steps == relative((0.5, 1, 2))
    assert device.records["response.down_steps.2"].id == "test-cell.response.down_steps.2"
    assert set(device.records) == set(device.numbers)
    assert device.yields == Yields(stuck_off=0.03)
    assert device.endurance.cycles == 1e6
    assert device.retention.duration == relative(10 * 365.25 * 86400)
    assert "retention.temperature" in device.unknowns
    assert "endurance" not in device.unknowns
    assert {"yields.stuck_on", "drift", "programming", "pulse", "response.step_noise"} <= set(device.unknowns)


def test_replacing_a_list_drops_its_records(tmp_path):
    device = read(tmp_path, GOOD + RESPONSE)
    changed = device.replaced(response__up_steps=(1, 1, 1))
    assert set(device.records) - set(changed.records) == {f"response.up_steps.{k}" for k in range(3)}
    assert changed.unknowns == device.unknowns


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('law = "table-step"', 'law = "step-table"', r"\[response\] law = 'step-table' is not one of \['constant-step'"),
        ('noise = "additive"', 'noise = "pink"', "noise = 'pink'"),
        ('noise = "additive"', 'noise = "additive"\nstep = 3', "Cannot (overwrite|declare)|step = 3 must be a record"),
        ("value = [2, 1.5, 1]", "value = [2, 1.5]", "up_steps has 2 nodes and down_steps 3"),
        ("value = [2, 1.5, 1]", 'value = [2, "a", 1]', "record 'test-cell.response.up_steps.1': value = 'a'"),
        ("value = [2, 1.5, 1]", "value = [2, -1, 1]", "must not be negative"),
        ("value = [2, 1.5, 1]", 'value = [2, 1, 1]\nderivation = "2"', "a list of numbers cannot have one derivation"),
        ("value = [2, 1.5, 1]", "value = 2", "up_steps"),
        ("value = -1\n", "value = 0.5\n", "w_min = 0.5"),
        ("[yields.stuck_off]\nvalue = 3", "[yields.stuck_off]\nvalue = 103", "stuck_off = 1.03"),
        ("[endurance.cycles]\nvalue = 1e6", "[endurance.cycles]\nvalue = 0", "cycles = 0"),
        ("[retention.duration]", "[retention.length]", r"\[retention\] has no field 'length'"),
    ],
)  # fmt: skip
def test_what_a_file_must_not_say(tmp_path, old, new, said):
    assert old in RESPONSE
    with pytest.raises(RecordError, match=said):
        read(tmp_path, GOOD + RESPONSE.replace(old, new, 1))


def test_yields_that_add_up_to_too_much():
    with pytest.raises(ValueError, match=r"add up to 1.1; they must not exceed 1"):
        Yields(stuck_on=0.5, stuck_off=0.6)


def test_a_law_that_is_not_given_is_unknown_and_one_that_is_none_is_not():
    window = Window(g_min=0, g_max=1e-6)
    silent = Device(name="cell", title="A cell", window=window)
    assert set(silent.unknowns) == SECTIONS - {"window"}
    said = Device(name="cell", title="A cell", window=window, drift=NoDrift(), programming=NoProgrammingNoise())
    assert set(silent.unknowns) - set(said.unknowns) == {"drift", "programming"}
    assert said.replaced(window__g_max=2e-6).unknowns == said.unknowns
    trained = Device(name="cell", title="A cell", window=window, response=ConstantStep(step=0.1, w_min=-1, w_max=1))
    assert "response" not in trained.unknowns
    assert "response.step_spread" in trained.unknowns
