"""Designs that ask, on a toy whose contour is a circle and whose front is a line."""

import math
import tomllib

import numpy as np
import pytest

from revpath.devices import RevpathError
from revpath.studies.sweeps import Store, Study, to_frame
from revpath.studies.sweeps.active import Questions, to_toml
from revpath.studies.sweeps.contour import find_contour
from revpath.studies.sweeps.front import find_front

pytest.importorskip("adaptive")
pytest.importorskip("optuna")
pytestmark = pytest.mark.usefixtures("disc")
RADIUS = 0.6
DISC = {"name": "disc", "task": "disc", "design": "sobol", "samples": 4, "quality": "far"}
AXES = {"x": {"uniform": [0.0, 1.0]}, "y": {"loguniform": [0.01, 1.0]}}


def questions(tmp_path, *values, **content):
    study = Study(**{**DISC, "axes": AXES, **content})
    return Questions(study, Store(tmp_path / "store"), values, workers=1)


def deviation(contour):
    """Largest distance of an end of a piece from the circle, in ranges of the axes."""
    x, v = contour.pieces[..., 0], 1 + np.log10(contour.pieces[..., 1]) / 2
    return np.abs(np.hypot(x, v) - RADIUS).max()


def test_a_contour_is_found_where_it_is_with_fewer_runs_than_the_grid(tmp_path):
    with questions(tmp_path, "far", target=RADIUS) as asked:
        contour = find_contour(asked, together=4, resolution=1 / 16)
    assert Store(tmp_path / "store").status()["segments"] == 1
    assert contour.field <= 1 / 16
    assert (
        deviation(contour) < contour.field**2
    )  # chords of a circle: the arc's height, field^2 / (8 x 0.6) and what is skewed
    assert contour.runs == len(Store(tmp_path / "store"))
    assert contour.runs_of_the_grid >= 17**2
    assert contour.runs < contour.runs_of_the_grid / 3
    angles = np.sort(np.arctan2(1 + np.log10(contour.pieces[..., 1]) / 2, contour.pieces[..., 0]).ravel())
    assert np.diff(np.concatenate([[0.0], angles, [math.pi / 2]])).max() < 0.15  # from one end to the other


def test_it_is_a_study_afterwards_and_asks_nothing_twice(tmp_path):
    first = find_contour(questions(tmp_path, "far"), RADIUS, points=30)
    again = find_contour(questions(tmp_path, "far"), RADIUS, points=30)
    assert len(Store(tmp_path / "store")) == first.runs == 30
    assert np.array_equal(first.pieces, again.pieces)
    content = tomllib.loads(to_toml(first.study))
    assert content.pop("schema") == 1
    read = Study(**content)
    assert read.digest == first.study.digest
    frame = to_frame(read, Store(tmp_path / "store"))
    assert frame["state"].tolist() == ["done"] * 30


def test_two_workers_ask_as_many(tmp_path):
    found = find_contour(questions(tmp_path, "far", replicates=2), RADIUS, points=21, together=2)
    assert found.runs == 42 == len(Store(tmp_path / "store"))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ({"axes": {"x": {"uniform": [0.0, 1.0]}}}, {}, "a contour needs two axes, and it has 1"),
        ({}, {"level": None}, "level = None: name the level of far"),
        ({}, {"level": 9.0, "points": 6}, "far is between 0 and 1.41 at all 6 points, and never 9"),
        ({}, {"points": 3}, "points = 3 must be at least 4"),
        ({}, {"resolution": 0.0}, "resolution = 0.0 between 0 and 1"),
        ({"fixed": {"hole": 0.5}}, {}, "has no far: a hole; an active design needs every point"),
        (
            {"design": "grid", "samples": None, "axes": {"x": [0.1, 0.2], "y": [0.1, 1.0]}},
            {},
            "axis 'x' has values and no range",
        ),
    ],
)
def test_what_cannot_be_asked_is_named(tmp_path, content, options, message):
    with pytest.raises(RevpathError, match=message):
        find_contour(questions(tmp_path, "far", **content), **{"level": RADIUS, **options})


def test_a_penalty_stands_for_a_point_that_fails(tmp_path):
    asked = questions(tmp_path, "far", fixed={"hole": 0.9}, failures="penalty", penalty=2.0)
    assert deviation(find_contour(asked, RADIUS, points=40)) < 0.05


def test_a_front_is_searched_and_goes_on_from_its_journal(tmp_path):
    asked = questions(tmp_path, "far", "cost", axes={"x": {"uniform": [0.0, 1.0]}, "word": ["a", "b"]})
    first = find_front(asked, trials=12)
    assert first.study.points == find_front(asked, trials=12).study.points
    more = find_front(asked, trials=20)
    assert more.study.points[: len(first.study.points)] == first.study.points
    assert {point["word"] for point, _ in more.points} == {"a"}  # b costs more and comes no nearer
    near, cheap = (np.array([values[k] for _, values in more.points]) for k in (0, 1))
    assert np.all(np.diff(near) > 0)
    assert np.all(np.diff(cheap) < 0)
    assert len(list((tmp_path / "store" / "designs").glob("disc-*.journal"))) == 1


def test_a_front_of_what_has_no_better_side_is_refused(tmp_path):
    with pytest.raises(RevpathError, match="other is better neither lower nor higher"):
        find_front(questions(tmp_path, "far", "other"), trials=2)
    with pytest.raises(RevpathError, match="quantity of task 'disc'"):
        questions(tmp_path, "near")
