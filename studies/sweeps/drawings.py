"""The drawings of a study's collated runs, one function a kind: a frame, its axes and a value to a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base.errors import RevpathError
from .collate import BREAK_EVEN, RATIO, unit_of
from .isoline import crossings
from .registry import Quantity
from .study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Table = Any  # a DataFrame: what its groups give is typed as a union of twenty classes
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#666666")
MARKERS = "osD^vPX"
TEXT = {"normal": 8.0, "small": 7.0}
"""Points."""


def label(study: Study, path: str) -> str:
    """A path as people read it, with its unit."""
    unit = unit_of(study, path).get("units", "")
    words = path.removeprefix("device.").removeprefix("array.").replace(".", " ").replace("_", " ")
    words = " ".join(word.upper() if word in ("adc", "dac") else word for word in words.split())
    return f"{words} ({unit})" if unit and unit != "1" else words


def _title(quantity: Quantity) -> str:
    return quantity.title if quantity.unit == "1" else f"{quantity.title} ({quantity.unit})"


def _panels(frame: Table, axes: Mapping[str, str]) -> list[tuple[Any, Table]]:
    path = axes.get("panels")
    return [(None, frame)] if not path else list(frame.groupby(path, sort=False))


def _grid_of(width: float, n: int, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(n, 1 if width < 5 else 3)
    rows = -(-n // columns)
    figure = Figure(figsize=(width, height * rows), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for place in places[n:]:
        place.set_visible(False)
    return figure, list(places[:n])


def _means(frame: Table, by: str, value: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Along an axis: its values, the mean over replicates, and half the width of its 90 % interval (0 for one run)."""
    from scipy.stats import t

    groups = frame.groupby(by, sort=False)[value]
    mean, n, spread = groups.mean(), groups.count(), groups.std(ddof=1)
    half = np.where(n > 1, spread / np.sqrt(n) * t.ppf(0.95, np.maximum(n - 1, 1)), 0.0)
    return mean.index.to_numpy(), mean.to_numpy(), np.nan_to_num(half)


def _scale(ax: Axes, values: np.ndarray, which: str) -> None:
    """A logarithmic axis where numbers span more than thirty-fold and none is zero."""
    numbers = [v for v in values if isinstance(v, int | float | np.number)]
    if len(numbers) > 2 and min(numbers) > 0 and max(numbers) / min(numbers) >= 30:
        getattr(ax, f"set_{which}scale")("log")


def _line(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    parts, level = _panels(frame, axes), level_of(study, value)
    figure, places = _grid_of(width, len(parts), 2.6)
    for ax, (panel, part) in zip(places, parts, strict=True):
        series = axes.get("lines")
        for k, (name, rows) in enumerate(part.groupby(series, sort=False) if series else [(None, part)]):
            x, mean, half = _means(rows, axes["x"], value)
            texts = not np.issubdtype(np.asarray(x).dtype, np.number)
            at = np.arange(len(x)) if texts else x
            colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
            ax.plot(at, mean, color=colour, marker=marker, label=None if name is None else _tick(name))
            ax.fill_between(at, mean - half, mean + half, color=colour, alpha=0.18, lw=0)
            if texts:
                ax.set_xticks(at, [str(text) for text in x], rotation=20, ha="right")
            else:
                _scale(ax, x, "x")
        if level is not None:
            ax.axhline(level, color="#666666", lw=0.8, ls=":", label="target")
        _name_panel(study, ax, axes, panel)
        _scale(ax, frame[value].dropna().to_numpy(), "y")
    figure.supxlabel(label(study, axes["x"]), fontsize=TEXT["normal"])
    places[0].set_ylabel(_title(quantities[value]))
    if axes.get("lines") or level is not None:
        _legend(figure, places[0], label(study, axes["lines"]) if axes.get("lines") else "", width)
    return figure


def _legend(figure: Figure, ax: Axes, title: str, width: float) -> None:
    """Beside the panels, or below them where a column leaves no room beside."""
    narrow = width < 5
    figure.legend(
        *ax.get_legend_handles_labels(),
        title=title,
        loc="outside lower center" if narrow else "outside right upper",
        ncols=4 if narrow else 1,
    )


def _heatmap(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    if not axes.get("y"):
        raise RevpathError(f"study {study.name!r} has one axis: a heat map needs two")
    parts, level = _panels(frame, axes), level_of(study, value)
    figure, places = _grid_of(width, len(parts), 2.5)
    means = frame.groupby([axes["x"], axes["y"], *([axes["panels"]] if axes.get("panels") else [])])[value].mean()
    norm = _norm(means.to_numpy(float))
    mesh: Any = None
    for ax, (panel, part) in zip(places, parts, strict=True):
        table = part.pivot_table(
            index=axes["y"], columns=axes["x"], values=value, aggfunc="mean", sort=False, dropna=False
        )
        shown = table.to_numpy(float)
        mesh = ax.pcolormesh(shown, cmap="viridis", norm=norm, rasterized=False)
        ax.set_xticks(np.arange(shown.shape[1]) + 0.5, [_tick(v) for v in table.columns])
        ax.set_yticks(np.arange(shown.shape[0]) + 0.5, [_tick(v) for v in table.index])
        if level is not None and min(shown.shape) > 1:
            _contour(ax, shown, level)
        _name_panel(study, ax, axes, panel)
    figure.supxlabel(label(study, axes["x"]), fontsize=TEXT["normal"])
    places[0].set_ylabel(label(study, axes["y"]))
    bar = figure.colorbar(mesh, ax=places, label=_title(quantities[value]), aspect=28)
    _mark(bar, level)
    return figure


def _contour(ax: Axes, shown: np.ndarray, target: float) -> None:
    """Where the quality is the target, between the middles of the fields; white under black shows on every colour."""
    if np.isfinite(shown).sum() < 4 or not np.nanmin(shown) < target < np.nanmax(shown):
        return
    grid = np.arange(shown.shape[1]) + 0.5, np.arange(shown.shape[0]) + 0.5
    for colour, thickness in _CONTOUR:
        ax.contour(*grid, np.ma.masked_invalid(shown), [target], colors=colour, linewidths=thickness)


def _points(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    """Each point where it lies in two numbers, coloured by the value, and the contour between their neighbours."""
    from matplotlib.collections import LineCollection
    from matplotlib.tri import Triangulation

    if not axes.get("y"):
        raise RevpathError(f"study {study.name!r} has one axis: a map of points needs two")
    paths, level = (axes["x"], axes["y"]), level_of(study, value)
    for path in paths:
        if not np.issubdtype(frame[path].to_numpy().dtype, np.number):
            raise RevpathError(f"figure: {path} holds texts: a map of points needs two axes of numbers")
    rows = frame.dropna(subset=[value]).groupby(list(paths), sort=False)[value].mean().reset_index()
    figure, (ax,) = _grid_of(width, 1, 3.4)
    shown = rows[value].to_numpy(float)
    look = {"cmap": "viridis", "norm": _norm(shown), "s": 16, "edgecolors": "white", "linewidths": 0.4, "zorder": 3}
    drawn = ax.scatter(rows[paths[0]], rows[paths[1]], c=shown, **look)
    if level is not None and len(rows) > 2 and shown.min() < level < shown.max():
        place = np.column_stack([_unit_places(rows[path].to_numpy()) for path in paths])
        pieces = crossings(place, Triangulation(*place.T).triangles, shown, level)
        ends = [_from_unit(rows[path].to_numpy(float), pieces[..., k]) for k, path in enumerate(paths)]
        for colour, thickness in _CONTOUR:
            ax.add_collection(
                LineCollection(list(np.stack(ends, axis=-1)), colors=colour, linewidths=thickness, zorder=2)
            )
    for path, which in zip(paths, "xy", strict=True):
        _scale(ax, rows[path].to_numpy(), which)
        getattr(ax, f"set_{which}label")(label(study, path))
    _mark(figure.colorbar(drawn, ax=ax, label=_title(quantities[value]), aspect=28), level)
    return figure


_CONTOUR = (("white", 2.2), ("black", 1.0))
"""White under black shows on every colour."""


def level_of(study: Study, value: str) -> float | None:
    """The level that is drawn: the target of the quality, and 1 of a ratio of joules, where a run begins to pay."""
    return study.target if value == study.measured else BREAK_EVEN if value in RATIO else None


def _mark(bar: Any, level: float | None) -> None:
    """The level on a bar of colours."""
    if level is not None:
        bar.ax.axhline(level, color="white", lw=1.6)
        bar.ax.axhline(level, color="black", lw=0.8)


def _norm(values: np.ndarray) -> Any:
    """Colours by the logarithm where values span more than thirty-fold."""
    from matplotlib.colors import LogNorm, Normalize

    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return LogNorm(low, high) if low > 0 and high / low > 30 else Normalize(low, high)


def _pareto(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    """Joules against quality; the front joins what no other point beats in both."""
    quality = value if value in study.kind.quantities else study.measured
    paths = [path for axis in study.dimensions for path in axis.paths]
    priced = frame.dropna(subset=["joules", quality])
    if priced.empty:
        why = next((text for text in frame["unpriced"] if text), "none is done")
        raise RevpathError(f"study {study.name!r}: no run has a price: {why}")
    rows = priced.groupby(paths, sort=False)[["joules", "joules_low", "joules_high", quality]].mean().reset_index()
    figure, (ax,) = _grid_of(width, 1, 3.0)
    series = axes.get("lines") or axes["x"]
    parts = list(rows.groupby(series, sort=False))
    if len(parts) > len(COLOURS):  # numbers of a sample: no colour can tell them apart
        parts, series = [("points", rows)], ""
    for k, (name, part) in enumerate(parts):
        look = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ls": "", "lw": 0.7}
        reach = [part["joules"] - part["joules_low"], part["joules_high"] - part["joules"]]
        ax.errorbar(part["joules"], part[quality], xerr=np.maximum(reach, 0), label=_tick(name), **look)
    sign = -1.0 if quantities[quality].better == "higher" else 1.0
    ordered = rows.sort_values("joules")
    front = ordered[sign * ordered[quality] <= (sign * ordered[quality]).cummin()]
    ax.step(front["joules"], front[quality], where="post", color="#666666", lw=0.9, zorder=0, label="front")
    ax.set_xscale("log")
    _scale(ax, rows[quality].to_numpy(), "y")
    ax.set_xlabel(_title(quantities["joules"]))
    ax.set_ylabel(_title(quantities[quality]))
    _legend(figure, ax, label(study, series) if series else "", width)
    return figure


def _parallel(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    """One line a point over all axes, coloured by the quality."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    paths = [axis.paths[0] for axis in study.dimensions]  # those that move with it say the same
    rows = frame.dropna(subset=[value]).groupby(paths, sort=False)[value].mean().reset_index()
    figure, (ax,) = _grid_of(width, 1, 3.0)
    norm = _norm(rows[value].to_numpy(float))
    places = np.column_stack([_unit_places(rows[path].to_numpy()) for path in (*paths, value)])
    for place, quality in zip(places, rows[value], strict=True):
        ax.plot(np.arange(len(paths) + 1), place, color=colormaps["viridis"](norm(quality)), lw=0.8, alpha=0.8)
    for k, path in enumerate((*paths, value)):
        for text, at in _ends(rows[path].to_numpy()):
            look = {"va": "bottom", "xytext": (0, 2)} if at else {"va": "top", "xytext": (0, -2)}
            ax.annotate(text, (k, at), fontsize=6.5, ha="center", textcoords="offset points", **look)
        ax.axvline(k, color="#999999", lw=0.6)
    names = [*(label(study, path) for path in paths), quantities[value].title]
    ax.set_xticks(np.arange(len(paths) + 1), [fill(name, 16) for name in names])
    ax.set_yticks([])
    ax.set_ylim(-0.12, 1.12)
    ax.spines["left"].set_visible(False)
    _mark(
        figure.colorbar(ScalarMappable(norm, "viridis"), ax=ax, label=fill(_title(quantities[value]), 44)),
        level_of(study, value),
    )
    return figure


def _sensitivity(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    from .sensitivity import analyse

    table = analyse(study, frame, value)
    shares = "total" in table
    figure, (ax,) = _grid_of(width, 1, 0.6 + 0.3 * len(table))
    at = np.arange(len(table))[::-1]
    bars = (("total", "total order"), ("first", "first order")) if shares else (("mu_star", "mean elementary effect"),)
    for k, (name, title) in enumerate(bars):
        look = {"color": COLOURS[k], "label": title, "error_kw": {"lw": 0.8}}
        ax.barh(at - 0.38 * k, table[name], 0.36, xerr=table[f"{name}_error"], **look)
    ax.set_yticks(at - (0.19 if shares else 0), [label(study, path) for path in table["parameter"]])
    title = quantities[value].title
    ax.set_xlabel(f"share of the variance of: {title}" if shares else f"effect on: {_title(quantities[value])}")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _name_panel(study: Study, ax: Axes, axes: Mapping[str, str], panel: Any) -> None:
    if panel is not None:
        ax.set_title(f"{label(study, axes['panels'])} = {_tick(panel)}")


def _tick(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _unit_places(values: np.ndarray) -> np.ndarray:
    """Places of values between 0 and 1: by size, by logarithm over three decades and more, texts by their order."""
    if not np.issubdtype(values.dtype, np.number):
        known = list(dict.fromkeys(values))
        return np.array([known.index(v) for v in values]) / max(1, len(known) - 1)
    x = np.log(values.astype(float)) if _is_logarithmic(values) else values.astype(float)
    return (x - x.min()) / (np.ptp(x) or 1.0)


def _from_unit(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What lies at places between 0 and 1 among numbers: the way back from `_unit_places`."""
    low, high = float(values.min()), float(values.max())
    return low * (high / low) ** places if _is_logarithmic(values) else low + (high - low) * places


def _is_logarithmic(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and values.max() / values.min() >= 30)


def _ends(values: np.ndarray) -> list[tuple[str, float]]:
    if not np.issubdtype(values.dtype, np.number):
        known = list(dict.fromkeys(values))
        return [(str(known[0]), 0.0), (str(known[-1]), 1.0)]
    return [(_tick(float(values.min())), 0.0), (_tick(float(values.max())), 1.0)]


DRAWN = {
    "line": _line,
    "heatmap": _heatmap,
    "points": _points,
    "pareto": _pareto,
    "parallel": _parallel,
    "sensitivity": _sensitivity,
}
"""Drawing by the name of its kind."""
