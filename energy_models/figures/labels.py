"""Labels beside points that overprint neither one another nor the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

_PLACES = (
    ((6, 0), "left", "center"),
    ((-6, 0), "right", "center"),
    ((0, 7), "center", "bottom"),
    ((0, -7), "center", "top"),
    ((6, 9), "left", "bottom"),
    ((-6, 9), "right", "bottom"),
    ((6, -9), "left", "top"),
    ((-6, -9), "right", "top"),
    ((-6, 18), "right", "bottom"),
    ((6, -18), "left", "top"),
)
"""Offset in points, and which side of the text stands there; the first that is free is taken."""


def label_points(
    ax: Axes,
    labels: Sequence[tuple[float, float, str]],
    points: Sequence[tuple[float, float]] = (),
    *,
    fontsize: float = 6.0,
    color: str = "#222222",
) -> None:
    """Write each label (x, y, text) at the first place about its point that hits no other label, no point and no edge.

    Where none is free the first is taken. To be called last: limits and scales of the axes must be set.

    Parameters
    ----------
    ax : Axes
        Where to write.
    labels : sequence of (x, y, text)
        In data coordinates, the most important first.
    points : sequence of (x, y)
        Other marks that are kept clear.
    fontsize, color : float, str
        Of all labels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    figure = ax.get_figure(root=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # a layout must have found where the axes are
    renderer = canvas.get_renderer()
    marks = [(x, y) for x, y, _ in labels] + list(points)
    corners = [ax.transData.transform(mark) - 6 for mark in marks]
    taken = [Bbox.from_bounds(float(x), float(y), 12, 12) for x, y in corners]
    frame = ax.get_window_extent(renderer)
    for x, y, text in labels:
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": color, "shrinkA": 0, "shrinkB": 3}
        written = ax.annotate(
            text, (x, y), (0, 0), textcoords="offset points", fontsize=fontsize, color=color, arrowprops=line
        )
        for offset, ha, va in _PLACES:
            _place(written, offset, ha, va)
            box = _text_box(written, renderer)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                break
        else:
            _place(written, *_PLACES[0])
            box = _text_box(written, renderer)
        taken.append(box)


def _text_box(written: Annotation, renderer: RendererBase) -> Bbox:
    """Of the text alone: the line to its point may cross others."""
    from matplotlib.text import Text

    written.update_positions(renderer)
    return Text.get_window_extent(written, renderer)


def _place(written: Annotation, offset: tuple[float, float], ha: str, va: str) -> None:
    written.set_position(offset)
    written.set(horizontalalignment=ha, verticalalignment=va)
