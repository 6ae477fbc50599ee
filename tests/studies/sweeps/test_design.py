"""Points of designs: what is drawn, and what is refused with the axis and the value named."""

import numpy as np
import pytest

from revpath.studies.sweeps.design import DesignError, points, read_axis, read_together


def test_a_grid_is_the_product_in_order():
    axes = [read_axis("x", [1, 2]), read_axis("y", {"linear": [0, 4, 3]})]
    found = points(axes, "grid", None, 0)
    assert found == [{"x": x, "y": y} for x in (1, 2) for y in (0, 2, 4)]


def test_axes_that_move_together_are_one_dimension():
    axes = [read_together(0, {"rows": [64, 128], "columns": [32, 64]}), read_axis("x", [1, 2])]
    assert [p for p in points(axes, "grid", None, 0) if p["x"] == 1] == [
        {"rows": 64, "columns": 32, "x": 1},
        {"rows": 128, "columns": 64, "x": 1},
    ]


@pytest.mark.parametrize("sampler", ["random", "sobol", "saltelli", "morris"])
def test_drawn_points_lie_in_their_ranges_and_come_from_the_seed(sampler):
    if sampler in ("saltelli", "morris"):
        pytest.importorskip("SALib", reason="needs the extra `sensitivity`")
    axes = [
        read_axis("a", {"uniform": [2.0, 3.0]}),
        read_axis("b", {"loguniform": [1e-3, 1e3]}),
        read_axis("n", {"integers": [1, 4]}),
    ]
    found = points(axes, sampler, 8, 5)
    assert found == points(axes, sampler, 8, 5)
    assert found != points(axes, sampler, 8, 6)
    assert all(2.0 <= p["a"] <= 3.0 and 1e-3 <= p["b"] <= 1e3 and p["n"] in (1, 2, 3, 4) for p in found)


def test_a_sobol_sample_fills_the_cube_more_evenly_than_chance():
    axes = [read_axis(name, {"uniform": [0.0, 1.0]}) for name in "ab"]
    cells = {(int(8 * p["a"]), int(8 * p["b"])) for p in points(axes, "sobol", 64, 1)}
    assert len(cells) == 64  # a (0, 6, 2)-net has one point in each of the 64 squares


def test_loguniform_is_even_in_the_logarithm():
    axis = read_axis("b", {"loguniform": [1e-2, 1e2]})
    assert np.log10([axis.at(u) for u in (0.0, 0.25, 0.5, 0.75)]) == pytest.approx([-2, -1, 0, 1], abs=1e-9)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "axis 'x' is empty"),
        ([1, 2, 1], "axis 'x' holds 1 twice"),
        ({"linear": [0, 1]}, r"linear = \[0, 1\] must be \[low, high, number\]"),
        ({"linear": [0, 1, 1]}, "number of steps must be an integer of 2 or more"),
        ({"log": [0, 1, 3]}, "both ends must be above 0"),
        ({"log": [1, float("inf"), 3]}, "finite numbers"),
        ({"uniform": [1, 1]}, "a low and a higher end"),
        ({"loguniform": [0, 1]}, "a low and a higher end above 0"),
        ({"linaer": [0, 1, 2]}, "did you mean 'linear'"),
        ({"linear": [0, 1, 2], "log": [1, 2, 3]}, "a table with one of"),
        (3, "must be a list or a table"),
        ("abc", "must be a list or a table"),
    ],
)
def test_a_bad_axis_is_named(entry, message):
    with pytest.raises(DesignError if "mean" not in message else ValueError, match=message):
        read_axis("x", entry)


def test_bad_designs_are_named():
    with pytest.raises(DesignError, match=r"lists of \[1, 2\] values move together only if equally long"):
        read_together(0, {"a": [1], "b": [1, 2]})
    grid, drawn = read_axis("x", [1, 2]), read_axis("y", {"uniform": [0, 1]})
    with pytest.raises(DesignError, match="path 'x' stands on two axes"):
        points([grid, grid], "grid", None, 0)
    with pytest.raises(DesignError, match="axis 'y' is a range: a grid needs a list"):
        points([drawn], "grid", None, 0)
    with pytest.raises(DesignError, match="axis 'x' is a list"):
        points([grid], "saltelli", 4, 0)
    with pytest.raises(DesignError, match="samples = None must be a positive integer"):
        points([drawn], "random", None, 0)
    with pytest.raises(DesignError, match="samples = 5: a grid has the points of its axes"):
        points([grid], "grid", 5, 0)


def test_entries_of_lists_are_drawn_as_often_as_one_another_and_move_together():
    axes = [read_axis("y", {"uniform": [0, 1]}), read_together(0, {"a": [1, 2], "b": ["one", "two"]})]
    drawn = points(axes, "sobol", 16, 0)
    assert [point["a"] for point in drawn].count(1) == 8
    assert {(point["a"], point["b"]) for point in drawn} == {(1, "one"), (2, "two")}
    assert sorted(p["x"] for p in points([read_axis("x", [1, 2, 3])], "random", 50, 0)) == [1, 2, 3]  # each once
