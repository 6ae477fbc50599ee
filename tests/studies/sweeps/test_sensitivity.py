"""Shares of the variance and effects of a function whose indices are known, and what a failed point does to them (SALib #134)."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices import RevpathError
from revpath.studies.sweeps import Quantity, Result, Run, Store, Study, SweepConfig, sweep_task, to_frame
from revpath.studies.sweeps.registry import TaskKind
from revpath.studies.sweeps.sensitivity import analyse

pytest.importorskip("SALib")
SLOPES = (3.0, 1.0)


class Plane(SweepConfig):
    x: float = 0.0
    y: float = 0.0
    hole: float = 2.0


@pytest.fixture(autouse=True)
def plane():
    """Linear in two numbers: the shares of its variance are the squares of its slopes."""

    @sweep_task("plane", title="plane", height=Quantity("height", "m", "higher"))
    def run(config: Plane, run: Run) -> Result:
        if config.x > config.hole:
            raise RevpathError("a hole")
        return Result({"height": SLOPES[0] * config.x + SLOPES[1] * config.y})

    yield
    TaskKind.KINDS.pop("plane")


def planned(design, samples, **content):
    axes = {"x": {"uniform": [0.0, 1.0]}, "y": {"uniform": [0.0, 1.0]}}
    return Study(name="plane", task="plane", design=design, samples=samples, axes=axes, **content)


def analysed(study, folder):
    study.run(folder, workers=1)
    return analyse(study, to_frame(study, Store(folder)), "height").set_index("parameter")


def test_the_shares_of_a_plane_are_the_squares_of_its_slopes(tmp_path):
    table = analysed(planned("saltelli", 64), tmp_path)
    shares = np.square(SLOPES) / np.square(SLOPES).sum()
    for kind in ("first", "total"):
        assert np.all(np.abs(table.loc[["x", "y"], kind] - shares) <= 2 * table.loc[["x", "y"], f"{kind}_error"] + 1e-9)
    assert table.loc["x", "total"] == relative(shares[0], 0.1)


def test_the_effects_of_a_plane_are_its_slopes(tmp_path):
    table = analysed(planned("morris", 4), tmp_path)
    assert list(table.loc[["x", "y"], "mu_star"]) == relative(list(SLOPES), 1e-9)
    assert np.abs(table["sigma"]).max() < 1e-9  # no curvature and no interaction


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({}, "runs of 'plane' have failed, the first at .*a hole"),
        ({"failures": "drop"}, r"\d+ of \d+ points have no height: a design needs all"),
    ],
)
def test_a_failed_point_does_not_void_an_analysis_in_silence(tmp_path, policy, message):
    study = planned("saltelli", 64, fixed={"hole": 0.9}, **policy)
    with pytest.raises(RevpathError, match=message):
        analysed(study, tmp_path)


def test_a_penalty_takes_the_place_of_a_failed_point(tmp_path):
    table = analysed(planned("saltelli", 64, fixed={"hole": 0.9}, failures="penalty", penalty=0.0), tmp_path)
    assert np.isfinite(table.loc[:, ["first", "total"]].to_numpy()).all()
    variance = 3.702 - 1.665**2  # of (3 x + y) below x = 0.9 and 0 above; that of its mean given y is 0.81 / 12
    assert abs(table.loc["x", "total"] - (1 - 0.81 / 12 / variance)) <= 2 * table.loc["x", "total_error"]


def test_another_design_is_refused(tmp_path):
    with pytest.raises(RevpathError, match='design = "saltelli" or "morris"'):
        analysed(planned("random", 4), tmp_path)
