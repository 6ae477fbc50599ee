"""The tests of `test_printable.py` that take long."""

import pytest

from revpath.studies.baselines.rivals import transformers
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare.contenders import contenders
from revpath.studies.compare.verdict import Ruler, Verdict
from tests.devices.base.test_printable import HOSTILE


@pytest.fixture(scope="module")
def curves():
    return contenders([], transformers(load_baseline()))[:2]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_figure_shows_it_as_text(text, tmp_path, curves):
    from revpath.devices.base.style import save_figure
    from revpath.studies.compare.figure import compare_figure

    save_figure(
        compare_figure(
            curves, Verdict(text[:300]), Ruler("bits/char", (3.0, 2.0), 0.2, 2.0, "What counts", 1, "character"), text
        ),
        tmp_path / "f",
    )
    assert (tmp_path / "f.png").stat().st_size > 0
