"""Figures: every contender drawn, everything labelled, the same bytes every time."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from revpath.devices.base.style import save_figure
from revpath.energy_models import Bill
from revpath.energy_models.prices.bill import Line
from revpath.energy_models.records import get
from revpath.studies.compare.contenders import Stop
from revpath.studies.compare.figure import compare_caption, compare_figure, plot_energy_curves
from revpath.studies.compare.floors import floors_sentence, orders_above_floor
from revpath.studies.compare.verdict import Contender, Ruler, judge

ONES = np.ones(101)  # draws of what surrounds the chip, which no figure here shows


def bill(joules):
    return Bill(
        chip="hand-made",
        temperature_K=300.0,
        lines=(Line("adc.conversion", "adc", "macro", 1.0, joules, ()),),
        samples={"adc": joules * np.linspace(0.5, 2.0, 101)},
        records={},
        surroundings={"node": (get("node.h100.power_over_gpu"), ONES), "facility": (get("pue.google2021"), ONES)},
        assumptions=(),
        n_draws=101,
        seed=0,
    )


def curve(name, title, model, kind, first, **more):
    stops = tuple(Stop(1000 * i, 4.0 - 0.3 * i, 4.1 - 0.3 * i, bill(first * 2**i)) for i in range(1, 5))
    return Contender(name, title, model, kind, 10, stops, ours=model == "EBM", **more)


ALL = [
    curve("analog", "EBM, analog", "EBM", "analog", 1e-3),
    curve("finer", "EBM, analog, hypothetical", "EBM", "analog", 1e-4, hypothetical=True),
    curve("digital-gpu", "EBM (ideal), H100", "EBM", "gpu", 1e-2),
    curve("digital-gpu-bound", "EBM (ideal), H100, lower bound", "EBM", "gpu-bound", 5e-3),
    curve("t64-gpu", "transformer d64, H100", "transformer", "gpu", 2e-2),
    curve("t64-gpu-bound", "transformer d64, H100, lower bound", "transformer", "gpu-bound", 1e-2),
    curve("t128-gpu", "transformer d128, H100", "transformer", "gpu", 4e-2),
    curve("t128-gpu-bound", "transformer d128, H100, lower bound", "transformer", "gpu-bound", 2e-2),
]
RULER = Ruler("bits/char", tuple(4 - 0.05 * k for k in range(45)), 0.2, 1.9, "A 6-gram that counts", 4000, "character")
VERDICT = judge(ALL, RULER)


@pytest.fixture
def axes():
    return compare_figure(ALL, VERDICT, RULER, "moby_dick").axes[0]


def lines_of(axes):
    return {line.get_label().removeprefix("_"): line for line in axes.get_lines()}


def test_each_curve_says_how_far_it_is_above_the_floor_of_training(axes):
    drawn = {text.get_text() for text in axes.texts}
    for c in ALL:
        joules = c.best.bill.joules
        orders = np.log10(joules / (2 * c.parameters * c.best.examples * 1.380649e-23 * 300))
        assert orders_above_floor(c, c.best) == pytest.approx(orders)
        if c.kind != "gpu-bound":
            assert (f"+{orders:.1f}" in drawn) == c.ours
    said = floors_sentence(ALL)
    assert "EBM, analog 13.7;" in said
    assert "lower bound" not in said
    assert "+n: orders of magnitude above 2 N D k T" in {t.get_text() for t in axes.figure.legends[0].get_texts()}


def test_every_contender_is_drawn(axes):
    lines = lines_of(axes)
    for c in ALL:
        x, y = lines[c.title].get_data()
        np.testing.assert_allclose(x, [s.bill.joules for s in c.stops])
        np.testing.assert_allclose(y, [s.validation for s in c.stops])


def test_axes_and_legend_say_what_is_drawn(axes):
    assert axes.get_xscale() == "log"
    assert "(J)" in axes.get_xlabel()
    assert "energy of training" in axes.get_xlabel()
    assert axes.get_ylabel() == "bits/char (validation)"
    shown = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert shown == [
        *(c.title for c in ALL if c.kind != "gpu-bound"),
        "same, best matrix product (lower bound)",
        "90 % interval of the prices",
        "+n: orders of magnitude above 2 N D k T",
        f"compared here: {VERDICT.quality:g} bits/char",
    ]
    title = axes.get_title(loc="left")
    assert title.endswith("moby_dick")
    assert VERDICT.sentence not in title  # it stands in the caption, beside the figure
    assert VERDICT.sentence in compare_caption(VERDICT, RULER, "moby_dick")


def test_curves_can_be_told_apart_without_colour(axes):
    lines = lines_of(axes)
    looks = [
        (lines[c.title].get_marker(), lines[c.title].get_linestyle(), lines[c.title].get_markerfacecolor()) for c in ALL
    ]
    assert len({look for look, c in zip(looks, ALL, strict=True) if c.kind != "gpu-bound"}) == 5
    for c in ALL:
        if c.kind == "gpu-bound":
            stem = next(o for o in ALL if o.name == c.name.removesuffix("-bound"))
            assert lines[c.title].get_color() == lines[stem.title].get_color()
            assert lines[c.title].get_linestyle() == ":"
    assert lines["EBM, analog, hypothetical"].get_markerfacecolor() == "white"


def test_bands_are_the_intervals(axes):
    bands = [b for b in axes.collections if len(b.get_paths())]
    assert len(bands) == 5  # none for lower bounds
    for band, c in zip(bands, [c for c in ALL if c.kind != "gpu-bound"], strict=True):
        x = band.get_paths()[0].vertices[:, 0]
        intervals = [s.bill.interval() for s in c.stops]
        assert x.min() == pytest.approx(intervals[0].low)
        assert x.max() == pytest.approx(intervals[-1].high)


def test_the_ngram_line_and_all_curves_are_in_view(axes):
    low, high = axes.get_ylim()
    assert low < 1.9 < high
    assert any(np.allclose(line.get_ydata(), 1.9) for line in axes.get_lines())
    assert any("6-gram that counts: 1.90" in text.get_text() for text in axes.texts)
    far = curve("deep", "Deep", "EBM", "analog", 1.0)
    below = plot_energy_curves([far], replace(RULER, counting=5.0), Figure().subplots())
    assert below.get_ylim()[0] < far.best.validation


def test_a_figure_without_a_verdict_is_drawn():
    lone = [ALL[0], Contender("empty", "Nothing yet", "EBM", "analog", 1, ())]
    figure = compare_figure(lone, judge(lone, RULER), RULER, "a $text_1$ of {mine")
    figure.draw_without_rendering()
    assert "Nothing yet" not in lines_of(figure.axes[0])


@pytest.mark.slow
def test_the_same_result_gives_the_same_bytes(tmp_path):
    written = [
        save_figure(compare_figure(ALL, VERDICT, RULER, "moby_dick"), tmp_path / name) for name in ("one", "v1.2")
    ]
    for one, two in zip(*written, strict=True):
        assert one.suffix == two.suffix
        assert one.read_bytes() == two.read_bytes()
        assert len(one.read_bytes()) > 10_000
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{name}.{end}" for name in ("one", "v1.2") for end in ("pdf", "png", "svg")
    ]


def test_text_stays_inside_the_figure():
    """Title and legend against the edges and against each other, as drawn."""
    figure = compare_figure(ALL, VERDICT, RULER, "a_text_with_a_rather_long_name_indeed")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    for box in (axes.get_tightbbox(), axes._left_title.get_window_extent()):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
