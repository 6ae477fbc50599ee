"""The commands of designs that ask, from a study file to a figure."""

import re
import sys

import pytest

from revpath.studies.commands import cli
from revpath.studies.sweeps import Study
from revpath.studies.sweeps.active import to_toml

pytest.importorskip("adaptive")
pytest.importorskip("optuna")
pytestmark = pytest.mark.usefixtures("disc")


def test_the_commands_ask_draw_and_go_on(tmp_path, monkeypatch, capsys):
    content = {"name": "disc", "task": "disc", "design": "sobol", "samples": 4, "quality": "far", "target": 0.6}
    content["axes"] = {"x": {"uniform": [0.0, 1.0]}, "y": {"loguniform": [0.01, 1.0]}}
    (tmp_path / "disc.toml").write_text(to_toml(Study(**content)))
    monkeypatch.chdir(tmp_path)

    def revpath(*arguments):
        monkeypatch.setattr(sys, "argv", ["revpath", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return capsys.readouterr().out

    said = revpath("contour", "disc.toml", "--workers", "1", "--points", "12")
    assert "not yet so well known as was asked, of far at 0.6: 12 runs" in said
    assert re.search(r"a grid with fields of that size has \d+ runs", said)
    assert "disc-contour.pdf" in revpath("plot", "disc-contour.toml")
    assert "0 runs made" in revpath("sweep", "disc-contour.toml", "--workers", "1")
    said = revpath(
        "front", "disc.toml", "--value", "far", "--value", "cost", "--trials", "5", "--workers", "1", "--quiet"
    )
    assert "of 5 points are not beaten" in said
