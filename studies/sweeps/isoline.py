"""Where a function of two numbers has a level, from its values at points that lie anywhere: lines across triangles."""

from __future__ import annotations

import numpy as np


def crossings(places: np.ndarray, triangles: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """Ends of the pieces of the contour, one a triangle that it crosses, each edge interpolated linearly.

    Parameters
    ----------
    places : ndarray (points, 2)
    triangles : ndarray (triangles, 3) of int
        Rows of `places`, such as of a Delaunay triangulation.
    values : ndarray (points,)
    level : float
        A value that is the level counts as above it.

    Returns
    -------
    ndarray (pieces, 2, 2)
        First and last place of each piece.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> crossings(corners, np.array([[0, 1, 2]]), np.array([0.0, 1.0, 1.0]), 0.25).tolist()
    [[[0.25, 0.0], [0.0, 0.25]]]
    """
    above = values[triangles] >= level
    crossed = triangles[above.any(axis=1) & ~above.all(axis=1)]
    side = values[crossed] >= level
    alone = np.where(side.sum(axis=1)[:, None] == 1, side, ~side).argmax(axis=1)
    rows = np.arange(len(crossed))
    apex = crossed[rows, alone]
    ends = []
    for step in (1, 2):
        other = crossed[rows, (alone + step) % 3]
        share = (level - values[apex]) / (values[other] - values[apex])
        ends.append(places[apex] + share[:, None] * (places[other] - places[apex]))
    return np.stack(ends, axis=1) if len(crossed) else np.empty((0, 2, 2))
