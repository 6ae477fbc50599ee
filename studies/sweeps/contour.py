"""Where in two numbers a quantity has a level: points are put where the contour may run, by the package `adaptive`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...devices.base.errors import RevpathError
from .active import Questions, asked, ranged
from .design import Axis
from .isoline import crossings
from .study import Study

EXPLORED = 0.02
"""Share of the loss of a triangle that the contour crosses, that one of its size has which it does not cross: islands are found."""
RESOLUTION = 1 / 32
"""Of the range of either axis: how small the triangles across the contour are at the end."""
_CORNERS = 4


@dataclass(frozen=True)
class Contour:
    """A contour, and what it took.

    Parameters
    ----------
    study : Study
        The points that were asked, as a study.
    value : str
        The quantity.
    level : float
    pieces : ndarray (pieces, 2, 2)
        First and last point of each piece of the contour, in the numbers of the two axes.
    field : float
        Side of the largest square, half of which is as long as a triangle across the contour, in ranges of the axes.
    """

    study: Study
    value: str
    level: float
    pieces: np.ndarray = field(repr=False)
    field: float

    @property
    def runs(self) -> int:
        """Runs that were asked, replicates among them."""
        return len(self.study.points) * self.study.replicates

    @property
    def runs_of_the_grid(self) -> int:
        """Runs of a grid whose fields are as small everywhere as these are along the contour."""
        return (math.ceil(1 / self.field) + 1) ** 2 * self.study.replicates


def find_contour(
    questions: Questions,
    level: float | None = None,
    *,
    points: int = 200,
    resolution: float = RESOLUTION,
    together: int = 1,
) -> Contour:
    """Ask until the contour lies in triangles of that size, or so many points have been asked.

    Parameters
    ----------
    questions : Questions
        Of a study of two ranges, and one value.
    level : float, optional
        The study's target unless given; 1 of a ratio of joules.
    points : int
        At most.
    resolution : float
        Of the range of either axis.
    together : int
        Points that are asked at a time, one a worker.

    Raises
    ------
    RevpathError
        Not two ranges, no level, a point without a value, no contour among the points; `adaptive` is missing.
    """
    study, value = questions.study, questions.values[0]
    axes = ranged(study)
    if len(axes) != 2 or len(questions.values) != 1:
        raise RevpathError(f"study {study.name!r}: a contour needs two axes, and it has {len(axes)}")
    level = _level(questions, level)
    if points < _CORNERS or not 0 < resolution < 1:
        raise RevpathError(
            f"points = {points} must be at least {_CORNERS}, and resolution = {resolution!r} between 0 and 1"
        )
    learner, known = _learner(level), {}
    while len(known) < points and not (len(known) >= _CORNERS and _field(*_triangles(known), level) <= resolution):
        places, _ = learner.ask(min(together, points - len(known)))
        for place, (answer,) in zip(places, questions([_point(axes, place) for place in places]), strict=True):
            learner.tell(place, answer)
            known[tuple(place)] = answer
    triangles, corners, values = _triangles(known)
    pieces = crossings(corners, triangles, values, level)
    if not len(pieces):
        raise RevpathError(
            f"study {study.name!r}: {value} is between {values.min():.3g} and {values.max():.3g} at all {len(known)} points, and "
            f"never {level:g}"
        )
    figure = {"kind": "points", "x": axes[0].name, "y": axes[1].name, "value": value}
    made = asked(study, "contour", [_point(axes, place) for place in known], figure)
    scaled = np.stack([_numbers(axis, pieces[..., k]) for k, axis in enumerate(axes)], axis=-1)
    return Contour(made, value, level, scaled, _field(triangles, corners, values, level))


def _level(questions: Questions, level: float | None) -> float:
    from .drawings import level_of

    value = questions.values[0]
    level = level_of(questions.study, value) if level is None else level
    if level is None or not math.isfinite(level):
        raise RevpathError(
            f"level = {level!r}: name the level of {value} whose contour is asked for, or the study's target"
        )
    return level


def _learner(level: float) -> Any:
    try:
        from adaptive import Learner2D
    except ModuleNotFoundError:
        raise RevpathError('a contour needs the package adaptive: pip install "revpath[active]"') from None

    def loss(interpolator: Any) -> np.ndarray:
        triangles, values = interpolator.tri.simplices, interpolator.values[:, 0]
        long = _longest(interpolator.tri.points, triangles)
        return long**2 * np.where(_is_crossed(triangles, values, level), 1.0, EXPLORED)

    def nothing(place: Any) -> float:
        raise AssertionError("points are asked and told")

    return Learner2D(nothing, bounds=((0.0, 1.0), (0.0, 1.0)), loss_per_triangle=loss)


def _triangles(known: dict[tuple[float, ...], float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles, corners and values of the points in the unit square."""
    from scipy.spatial import Delaunay

    corners = np.array(list(known))
    return Delaunay(corners).simplices, corners, np.array(list(known.values()))


def _field(triangles: np.ndarray, corners: np.ndarray, values: np.ndarray, level: float) -> float:
    """The largest of the triangles across the contour, as the side of a square of which it is half; infinite without a contour."""
    crossed = triangles[_is_crossed(triangles, values, level)]
    return float(_longest(corners, crossed).max() / math.sqrt(2)) if len(crossed) else math.inf


def _is_crossed(triangles: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    above = values[triangles] >= level
    return np.asarray(above.any(axis=1) & ~above.all(axis=1))


def _longest(corners: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Longest side of each triangle."""
    sides = corners[triangles] - corners[np.roll(triangles, 1, axis=1)]
    return np.linalg.norm(sides, axis=-1).max(axis=1)


def _point(axes: tuple[Axis, ...], place: Any) -> dict[str, Any]:
    return {axis.name: axis.at(float(u)) for axis, u in zip(axes, place, strict=True)}


def _numbers(axis: Axis, places: np.ndarray) -> np.ndarray:
    """Numbers of an axis at places between 0 and 1; between integers too."""
    assert axis.range is not None
    kind, low, high = axis.range
    return low * (high / low) ** places if kind == "loguniform" else low + (high - low) * places
