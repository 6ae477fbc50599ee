"""Figures as journals take them: fonts, sizes, bytes, provenance, captions."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import revpath
from revpath.devices.base.errors import RevpathError, UnknownName


def drawn(width):
    with revpath.style(width):
        figure = Figure(layout="constrained")
        axes = figure.subplots()
        axes.plot([1, 2], [1, 4], label="a line")
        axes.set(xlabel="pulses", ylabel="conductance (S)", title="A cell")
        axes.legend()
    return figure


@pytest.mark.parametrize(("width", "inches"), [("column", 3.4), ("page", 7.0), ("slide", 10.0)])
def test_a_width_is_what_it_says_and_no_text_is_below_six_points(width, inches):
    figure = drawn(width)
    assert figure.get_figwidth() == inches
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    assert min(sizes) >= 6


def test_files_are_those_of_a_journal_and_say_where_they_come_from(tmp_path):
    files = revpath.save_figure(drawn("column"), tmp_path / "cell", provenance="revpath test 42", caption="A cell.")
    assert [file.name for file in files] == ["cell.pdf", "cell.svg", "cell.png", "cell.txt"]
    pdf, svg, png, text = (file.read_bytes() for file in files)
    assert text == b"A cell.\n"
    assert b"/Type3" not in pdf
    assert re.search(rb"/FontFile2|/Subtype /TrueType|/CIDFontType2", pdf)
    said = f"revpath {revpath.__version__}: revpath test 42".encode()
    assert all(said in content for content in (pdf, svg, png))
    width = int.from_bytes(png[16:20], "big")  # IHDR
    assert width == pytest.approx(600 * 3.4, abs=1)
    again = revpath.save_figure(drawn("column"), tmp_path / "again", provenance="revpath test 42")
    assert [file.suffix for file in again] == [".pdf", ".svg", ".png"]
    assert [file.read_bytes() for file in again] == [pdf, svg, png]


def test_settings_of_ones_own_go_before_and_nothing_stays(tmp_path):
    import matplotlib as mpl

    before = mpl.rcParams["font.size"]
    with revpath.style("page", font_size=9.5):
        assert mpl.rcParams["font.size"] == 9.5
    assert mpl.rcParams["font.size"] == before
    with pytest.raises(UnknownName, match="colum.*column"):
        revpath.style("colum")
    with pytest.raises(RevpathError, match="formats"):
        revpath.save_figure(drawn("column"), tmp_path / "x", formats=["gif"])


def test_labels_overprint_neither_one_another_nor_a_point():
    from revpath.energy_models.figures.labels import label_points

    figure = Figure(figsize=(4, 3), dpi=100)
    axes = figure.subplots()
    points = [(x, 1 + 0.01 * k) for k, x in enumerate(np.linspace(0.4, 0.6, 4))]
    axes.plot(*zip(*points, strict=True), "o", markersize=4)
    axes.set(xlim=(0, 1), ylim=(0, 2))
    label_points(axes, [(*point, f"run {k}") for k, point in enumerate(points)])
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert len(boxes) == len(points)
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
    marks = [axes.transData.transform(point) for point in points]
    assert not [1 for box in boxes for mark in marks if box.contains(*mark)]
