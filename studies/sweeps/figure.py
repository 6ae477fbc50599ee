"""Figures of a study from its store alone: nothing is simulated to draw one.

A figure is a function of the collated study and writes the same bytes twice. What it cannot show (runs that are missing or
failed, and the policy for these) stands in its caption, which `caption` gives as text for a file beside the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...devices.base.errors import RevpathError, unknown
from .collate import JOULES, records_used, to_frame, unit_of
from .registry import Quantity
from .store import Store
from .study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Table = Any  # a DataFrame: what its groups give is typed as a union of twenty classes
Kind = Literal["line", "heatmap", "pareto", "parallel", "sensitivity"]
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#666666")
MARKERS = "osD^vPX"
WIDTHS = {"column": 3.4, "page": 7.0, "slide": 10.0}
_PRETTY = {"pt": 8.0, "small": 7.0}
_STYLE: dict[Any, Any] = {
    "font.size": _PRETTY["pt"],
    "axes.labelsize": _PRETTY["pt"],
    "axes.titlesize": _PRETTY["pt"],
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": _PRETTY["small"],
    "ytick.labelsize": _PRETTY["small"],
    "legend.fontsize": _PRETTY["small"],
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "revpath",
    "savefig.dpi": 300,
}


def plot(
    study: Study,
    store: Store,
    *,
    kind: Kind | None = None,
    x: str | None = None,
    y: str | None = None,
    lines: str | None = None,
    panels: str | None = None,
    value: str | None = None,
    width: str = "page",
    chip: str | None = None,
) -> Figure:
    """The figure of a study; what is not given comes from the `[figure]` table of the study, or from its axes in order.

    Parameters
    ----------
    study : Study
    store : Store
    kind : "line", "heatmap", "pareto", "parallel" or "sensitivity"
    x, y, lines, panels : str
        Axes of the study: along the figure, up the figure (heat maps), one line or marker each, one panel each.
    value : str
        The quantity that is shown; the study's quality where None. "joules" prices the runs.
    width : "column", "page" or "slide"
        3.4, 7.0 or 10 inches.
    chip : str
        Whose prices joules are.

    Raises
    ------
    RevpathError: an axis, a quantity, a kind or a width that the study does not have; nothing to draw.
    """
    import matplotlib as mpl

    wanted: dict[str, Any] = {**study.figure}
    given = {"kind": kind, "x": x, "y": y, "lines": lines, "panels": panels, "value": value}
    wanted |= {name: choice for name, choice in given.items() if choice is not None}
    strange = wanted.keys() - given.keys()
    if strange:
        raise unknown("figure", min(strange), given)
    if width not in WIDTHS:
        raise unknown("width", width, WIDTHS)
    chosen = wanted.pop("kind", "line")
    if chosen not in KINDS:
        raise unknown("kind of figure", chosen, KINDS)
    value = wanted.pop("value", None) or study.measured
    quantities = {**study.kind.quantities, **JOULES}
    if value not in quantities:
        raise unknown("quantity", value, quantities)
    axes = _axes(study, wanted)
    priced = value in JOULES or chosen == "pareto"
    frame: Table = to_frame(study, store, priced=priced, **({"chip": chip} if chip and priced else {}))
    if frame[value].notna().sum() == 0:
        why = next((text for text in frame.get("unpriced", ()) if text), "no run is done")
        raise RevpathError(f"study {study.name!r}: nothing to draw of {value!r}: {why}")
    drawing = {
        "line": _line,
        "heatmap": _heatmap,
        "pareto": _pareto,
        "parallel": _parallel,
        "sensitivity": _sensitivity,
    }
    with mpl.rc_context(_STYLE):
        return drawing[chosen](study, frame, axes, value, quantities, WIDTHS[width])


def save(figure: Figure, stem: Any, study: Study, formats: tuple[str, ...] = ("pdf", "png", "svg")) -> list[Any]:
    """Write the figure and its caption beside it; equal figures give equal bytes, and metadata say which study it is."""
    from io import BytesIO
    from pathlib import Path

    import matplotlib as mpl

    from ...devices.base.files import write_whole

    stem, subject = Path(stem), f"revpath study {study.name} {study.digest}"
    metadata: dict[str, dict[str, Any]] = {
        "pdf": {"CreationDate": None, "ModDate": None, "Subject": subject, "Keywords": " ".join(records_used(study))},
        "png": {"Software": None, "Description": subject},
        "svg": {"Date": None, "Description": subject},
    }
    written = []
    for ending in formats:
        content = BytesIO()
        with mpl.rc_context(_STYLE):
            figure.savefig(content, format=ending, metadata=metadata[ending])
        path = stem.with_name(f"{stem.name}.{ending}")
        write_whole(path, content.getvalue())
        written.append(path)
    return written


def caption(study: Study, store: Store) -> str:
    """What a reader must know beside the figure: how often, with which seeds, what is missing, who is cited."""
    frame_states = {run.id: store.state(run.id) for run in study.runs()}
    done = sum(state == "done" for state in frame_states.values())
    failed = sum(state in ("failed", "timeout") for state in frame_states.values())
    seeds = "the same seeds at every point" if study.paired else "seeds of their own at every point"
    parts = [
        f"{study.title or study.name}. {study.replicates} runs a point, {seeds}; bands: 90 % of the mean (Student)."
    ]
    if done < len(frame_states):
        parts.append(f"{done} of {len(frame_states)} runs are done.")
    if failed:
        policy = f"penalty {study.penalty:g}" if study.penalty is not None else study.failures
        parts.append(f"{failed} failed; policy: {policy}.")
    parts.append(f"Study {study.digest}; task {study.task}.")
    return " ".join(parts)


# -- what stands where -------------------------------------------------------------------------------------------------


def _axes(study: Study, wanted: Mapping[str, str]) -> dict[str, str]:
    """Axis by place, in the order x, y or lines, panels for those that are not named."""
    names = [path for axis in study.dimensions for path in axis.paths[:1]]
    known = {path for axis in study.dimensions for path in axis.paths}
    for place, path in wanted.items():
        if path not in known:
            raise unknown(f"figure: {place}", path, sorted(known))
    free = [name for name in names if name not in wanted.values()]
    axes = dict(wanted)
    for place in ("x", "y", "panels"):
        if place not in axes and free and not (place == "y" and "lines" in axes):
            axes[place] = free.pop(0)
    axes.setdefault("lines", axes.get("y", ""))
    axes.setdefault("y", axes["lines"])
    if "x" not in axes:
        raise RevpathError(f"study {study.name!r} has no axis to draw along")
    return axes


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
    parts = _panels(frame, axes)
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
        if study.target is not None and value == study.measured:
            ax.axhline(study.target, color="#666666", lw=0.8, ls=":", label="target")
        _name_panel(study, ax, axes, panel)
        _scale(ax, frame[value].dropna().to_numpy(), "y")
    figure.supxlabel(label(study, axes["x"]), fontsize=_PRETTY["pt"])
    places[0].set_ylabel(_title(quantities[value]))
    if axes.get("lines") or study.target is not None:
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
    from matplotlib.colors import LogNorm, Normalize

    if not axes.get("y"):
        raise RevpathError(f"study {study.name!r} has one axis: a heat map needs two")
    parts = _panels(frame, axes)
    figure, places = _grid_of(width, len(parts), 2.5)
    means = frame.groupby([axes["x"], axes["y"], *([axes["panels"]] if axes.get("panels") else [])])[value].mean()
    low, high = float(means.min()), float(means.max())
    norm = LogNorm(low, high) if low > 0 and high / low > 30 else Normalize(low, high)
    mesh: Any = None
    for ax, (panel, part) in zip(places, parts, strict=True):
        table = part.pivot_table(
            index=axes["y"], columns=axes["x"], values=value, aggfunc="mean", sort=False, dropna=False
        )
        shown = table.to_numpy(float)
        mesh = ax.pcolormesh(shown, cmap="viridis", norm=norm, rasterized=False)
        ax.set_xticks(np.arange(shown.shape[1]) + 0.5, [_tick(v) for v in table.columns])
        ax.set_yticks(np.arange(shown.shape[0]) + 0.5, [_tick(v) for v in table.index])
        if study.target is not None and value == study.measured and min(shown.shape) > 1:
            _contour(ax, shown, study.target)
        _name_panel(study, ax, axes, panel)
    figure.supxlabel(label(study, axes["x"]), fontsize=_PRETTY["pt"])
    places[0].set_ylabel(label(study, axes["y"]))
    bar = figure.colorbar(mesh, ax=places, label=_title(quantities[value]), aspect=28)
    if study.target is not None and value == study.measured:
        bar.ax.axhline(study.target, color="white", lw=1.6)
        bar.ax.axhline(study.target, color="black", lw=0.8)
    return figure


def _contour(ax: Axes, shown: np.ndarray, target: float) -> None:
    """Where the quality is the target, between the middles of the fields; white under black shows on every colour."""
    if np.isfinite(shown).sum() < 4 or not np.nanmin(shown) < target < np.nanmax(shown):
        return
    grid = np.arange(shown.shape[1]) + 0.5, np.arange(shown.shape[0]) + 0.5
    for colour, thickness in (("white", 2.2), ("black", 1.0)):
        ax.contour(*grid, np.ma.masked_invalid(shown), [target], colors=colour, linewidths=thickness)


def _pareto(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    """Joules against quality; the front joins what no other point beats in both."""
    quality = study.measured if value in JOULES else value
    paths = [path for axis in study.dimensions for path in axis.paths]
    priced = frame.dropna(subset=["joules", quality])
    if priced.empty:
        why = next((text for text in frame["unpriced"] if text), "none is done")
        raise RevpathError(f"study {study.name!r}: no run has a price: {why}")
    rows = priced.groupby(paths, sort=False)[["joules", "joules_low", "joules_high", quality]].mean().reset_index()
    figure, (ax,) = _grid_of(width, 1, 3.0)
    series = axes.get("lines") or axes["x"]
    for k, (name, part) in enumerate(rows.groupby(series, sort=False)):
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
    _legend(figure, ax, label(study, series), width)
    return figure


def _parallel(study: Study, frame: Table, axes, value, quantities, width: float) -> Figure:
    """One line a point over all axes, coloured by the quality."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    paths = [path for axis in study.dimensions for path in axis.paths]
    rows = frame.dropna(subset=[value]).groupby(paths, sort=False)[value].mean().reset_index()
    figure, (ax,) = _grid_of(width, 1, 3.0)
    norm = Normalize(float(rows[value].min()), float(rows[value].max()))
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
    figure.colorbar(ScalarMappable(norm, "viridis"), ax=ax, label=_title(quantities[value]))
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
    x = values.astype(float)
    if x.min() > 0 and x.max() / x.min() > 30:
        x = np.log(x)
    return (x - x.min()) / (np.ptp(x) or 1.0)


def _ends(values: np.ndarray) -> list[tuple[str, float]]:
    if not np.issubdtype(values.dtype, np.number):
        known = list(dict.fromkeys(values))
        return [(str(known[0]), 0.0), (str(known[-1]), 1.0)]
    return [(_tick(float(values.min())), 0.0), (_tick(float(values.max())), 1.0)]


_DRAWN = {"line": _line, "heatmap": _heatmap, "pareto": _pareto, "parallel": _parallel, "sensitivity": _sensitivity}
KINDS: tuple[str, ...] = tuple(_DRAWN)
