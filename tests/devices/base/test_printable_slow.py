"""The tests of `test_printable.py` that take long."""

import pytest

from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare.verdict import Verdict, contenders
from tests.devices.base.test_printable import HOSTILE


@pytest.fixture(scope="module")
def curves():
    return contenders([], load_baseline())[:2]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_figure_shows_it_as_text(text, tmp_path, curves):
    from revpath.studies.compare.figure import compare_figure, save

    save(compare_figure(curves, Verdict(text[:300]), 2.0, text), tmp_path / "f")
    assert (tmp_path / "f.png").stat().st_size > 0
