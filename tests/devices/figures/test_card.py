"""Cards and gallery: what they show, what they say of what is not known, and that looking costs nothing before it."""

import subprocess
import sys

import numpy as np
import pytest
from helpers.lanes import representatives
from helpers.statistics import relative
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revpath.devices import Device, RevpathError, UnknownName, gallery, load_device
from revpath.devices.base.style import plain_text, save_figure
from revpath.devices.base.units_shown import counted, percent, prefixed, siemens_unit, times_shown
from revpath.devices.figures.card import key_numbers, pulses_of_a_sweep, response_curves
from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep, PulsedResponse

TITLES = [
    "Response to pulses", "Change by one pulse", "Asymmetry of pulses", "Programming noise", "Read noise",
    "Drift after programming",
]  # fmt: skip


def panels(axes: Axes) -> dict[str, Axes]:
    return {ax.get_title(loc="left"): ax for ax in axes.figure.axes if ax.get_title(loc="left") in TITLES}


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("name", ["reram-om-gong2022", "pcm-hermes2023", "sonos-agrawal2022", "ideal"])
def test_a_card_shows_what_is_known_and_says_what_is_not(name):
    device = load_device(name)
    shown = panels(device.plot())
    sections = dict(zip(TITLES, ["response"] * 3 + ["programming", "read_noise", "drift"], strict=True))
    pulsed = isinstance(device.response, PulsedResponse)
    known = [t for t in TITLES if sections[t] not in device.unknowns and (pulsed or t not in TITLES[1:3])]
    assert list(shown) == known
    for title, ax in shown.items():
        none = getattr(device, sections[title]).law in ("none", "ideal")
        assert bool(ax.lines) == (not none)
        assert bool(ax.lines or ax.texts)
    box = next(text.get_text() for ax in device.plot().figure.axes for text in ax.texts if "window:" in text.get_text())
    for section in device.unknowns:
        assert section in box.replace("\n    ", " ")


def test_a_card_in_a_place_of_ones_own():
    figure = Figure()
    places = figure.subplots(2, 1)
    axes = load_device("fefet-jerry2017").plot(places[0])
    assert axes is places[0]
    place = places[0].get_position()
    own = [ax for ax in figure.axes if ax not in list(places)]
    assert len(own) == 4  # response, step, asymmetry and the numbers: no more is known
    for ax in own:
        box = ax.get_position()
        assert box.y0 >= place.y0 - 1e-9
        assert box.y1 <= place.y1 + 1e-9


def test_a_card_is_drawn_from_the_laws():
    device = load_device("reram-sb-gong2018")
    shown = panels(device.plot())
    x, y = shown["Read noise"].lines[0].get_data()
    np.testing.assert_allclose(y, 1e6 * 0.002 * 88.2e-6)
    assert (x[0], x[-1]) == (pytest.approx(9), pytest.approx(88.2))
    _, y = next(line for line in shown["Response to pulses"].lines if line.get_label() == "nominal cell").get_data()
    assert y[0] == pytest.approx(9)
    assert 0.95 * 88.2 < y.max() < 88.2


def test_steep_steps_have_a_logarithmic_axis():
    assert panels(load_device("pcm-nandakumar2020").plot())["Change by one pulse"].get_yscale() == "log"
    assert panels(load_device("reram-hfo2-gong2022").plot())["Change by one pulse"].get_yscale() == "linear"


def test_gallery():
    own = Device(
        name="mine",
        title="Mine",
        window=Window(g_min=0, g_max=1e-6),
        response=ConstantStep(step=0.1, w_min=-1, w_max=1),
    )
    figure = gallery(["pcm-joshi2020", own, "ideal"])
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[:3] == ["pcm-joshi2020", "mine", "ideal"]
    assert "pulse response not known" in words(figure.axes[0])
    assert "1 number assumed" in words(figure.axes[0]).replace("\n", " ")
    assert figure.axes[0].lines[0].get_linestyle() == "--"
    assert "20 states" in words(figure.axes[1]).replace("\N{NO-BREAK SPACE}", " ")
    with pytest.raises(UnknownName, match="did you mean"):
        gallery(["pcm-joshi202"])


@pytest.mark.parametrize("step", [0.1, 0.0005])
def test_curves_reach_the_top_and_come_back(step):
    """By single pulses and by the mean field alike."""
    law = ConstantStep(step=step, w_min=-1, w_max=1, step_spread=0.1)
    ups = pulses_of_a_sweep(law)
    assert ups == pytest.approx(0.98 * 2 / step, rel=0.025)
    pulses, nominal, cells = response_curves(law, cells=3)
    assert pulses[-1] == 2 * ups
    assert cells.shape == (3, len(pulses))
    assert nominal.max() == relative(-1 + ups * step, 1e-3)
    assert nominal[-1] == pytest.approx(-1, abs=1e-3)
    assert np.ptp(cells[:, len(pulses) // 4]) > 0


def test_a_sweep_that_never_arrives_ends():
    law = load_device("reram-hfo2-gong2022").response
    assert isinstance(law, PulsedResponse)
    stuck = ConstantStep(step=0.1, w_min=-1, w_max=1, asymmetry=-0.99)
    assert pulses_of_a_sweep(stuck) == 100
    assert pulses_of_a_sweep(law) <= 5 * law.states + 1


def test_key_numbers_name_what_is_not_known():
    rows = dict(key_numbers(load_device("gokmen-vlasov2016")))
    assert rows["window"].replace("\N{NO-BREAK SPACE}", " ") == "9.259 nS to 74.07 nS (8 to 1)"
    assert rows["pulse energy"] == "not known"
    assert rows["endurance"] == "not known"
    assert rows["evidence"] == "projected 14"
    assert "yields" in rows["not known"]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(2.5e-9, "s", "2.5 ns"), (0, "S", "0 S"), (1e-6, "S", "1 µS"), (1.0, "V", "1 V"), (3e-21, "J", "0.003 aJ"), (12, "V", "12 V")],
)  # fmt: skip
def test_prefixes(value, unit, shown):
    assert prefixed(value, unit).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_other_numbers():
    assert [times_shown(t) for t in (60.0, 3600.0, 86400.0, 432000.0, 31536000.0)] == [
        "1 min",
        "1 h",
        "1 day",
        "5 days",
        "1 year",
    ]
    assert (counted(21.07), counted(1250.4)) == ("21.1", "1,250")
    assert percent(0.1348) == "13.5 %"
    assert siemens_unit(1e-7) == ("nS", 1e9)


def test_devices_are_light_until_drawn():
    code = "import sys, revpath.devices as d; d.load_device('ideal'); sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MATHEMATICAL = [r"$\frac{$", "$", "$$", "\\alpha $x^2$ \\", "_" * 500, "a $ b" * 50]


@pytest.mark.parametrize("title", representatives(MATHEMATICAL, quick=MATHEMATICAL[:1]))
def test_no_title_is_mathematics(title, tmp_path):
    device = load_device("fefet-jerry2017").replaced(title=title, name="mine")
    save_figure(device.plot().figure, tmp_path / "card", formats=["png"], dpi=30)
    assert len(plain_text("x" * 20_000)) < 400


@pytest.mark.slow
def test_the_same_figure_has_the_same_bytes(tmp_path):
    for k in (1, 2):
        save_figure(load_device("fefet-jerry2017").plot().figure, tmp_path / f"{k}", dpi=100)
    for ending in ("pdf", "png", "svg"):
        assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()
    pdf = (tmp_path / "1.pdf").read_bytes()
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    with pytest.raises(RevpathError, match="formats = .* must be of pdf, svg, png"):
        save_figure(Figure(), tmp_path / "x", formats=["gif"])
