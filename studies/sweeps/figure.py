"""Figures of a study from its store alone: nothing is simulated to draw one.

A figure is a function of the collated study and writes the same bytes twice. What it cannot show (runs that are missing or
failed, and the policy for these) stands in its caption, which `caption` gives as text for a file beside the figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ...devices.base.errors import RevpathError, unknown
from ...devices.base.style import WIDTHS, save_figure, style
from .collate import priced_quantities, records_used, to_frame
from .drawings import DRAWN, Table
from .store import Store
from .study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

Kind = Literal["line", "heatmap", "points", "pareto", "parallel", "sensitivity"]
_NUMBER = re.compile(r"\b\d[\d.]*(e[-+]?\d+)?")


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
    kind : "line", "heatmap", "points", "pareto", "parallel" or "sensitivity"
        "points" is a map of points that lie on no grid, as a sample or a contour search leaves them.
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
    RevpathError
        an axis, a quantity, a kind or a width that the study does not have; nothing to draw.
    """
    wanted: dict[str, Any] = {**study.figure}
    given = {"kind": kind, "x": x, "y": y, "lines": lines, "panels": panels, "value": value}
    wanted |= {name: choice for name, choice in given.items() if choice is not None}
    strange = wanted.keys() - given.keys()
    if strange:
        raise unknown("figure", min(strange), given)
    if width not in WIDTHS:
        raise unknown("width", width, WIDTHS)
    chosen = wanted.pop("kind", "line")
    if chosen not in DRAWN:
        raise unknown("kind of figure", chosen, DRAWN)
    value = wanted.pop("value", None) or study.measured
    prices = priced_quantities(study)
    quantities = {**study.kind.quantities, **prices}
    if value not in quantities:
        raise unknown("quantity", value, quantities)
    axes = _axes(study, wanted)
    priced = value in prices or chosen == "pareto"
    frame: Table = to_frame(study, store, priced=priced, **({"chip": chip} if chip and priced else {}))
    if frame[value].notna().sum() == 0:
        why = next((text for text in frame.get("unpriced", ()) if text), "no run is done")
        raise RevpathError(f"study {study.name!r}: nothing to draw of {value!r}: {why}")
    with style(width):
        return DRAWN[chosen](study, frame, axes, value, quantities, WIDTHS[width])


def save(figure: Figure, stem: Path, study: Study, *, caption: str = "") -> list[Path]:
    """Write the figure and its caption beside it, as `save_figure`; the metadata say which study it is, and its records."""
    records = " ".join(records_used(study))
    provenance = f"study {study.name} {study.digest}" + (f"; records: {records}" if records else "")
    return save_figure(figure, stem, provenance=provenance, caption=caption)


def caption(study: Study, store: Store, *, value: str | None = None, chip: str | None = None) -> str:
    """What a reader must know beside the figure: how often, with which seeds, what is missing or has no price, who is cited.

    Parameters
    ----------
    study : Study
    store : Store
    value, chip : str, optional
        The quantity that is shown and whose prices it is of, as `plot` takes them.
    """
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
    if (value or study.figure.get("value")) in priced_quantities(study) and done:
        parts += _about_prices(to_frame(study, store, priced=True, **({"chip": chip} if chip else {})))
    parts.append(f"Study {study.digest}; task {study.task}.")
    return " ".join(parts)


def _about_prices(frame: Table) -> list[str]:
    """Runs that are left out since they have no price, by reason, and ratios that are bounds."""
    why = frame.loc[frame["unpriced"].fillna("") != "", "unpriced"]
    kinds = why.map(lambda text: _NUMBER.sub("...", re.split(r" \(|; |\. ", text)[0])).value_counts()
    lines = [f"{n} runs have no price and are not shown: {text}." for text, n in kinds.items()]
    bounds = int((frame["bound"] == "at most").sum()) if "bound" in frame else 0
    return lines + ([f"{bounds} ratios are upper bounds: the transformer began below that quality."] if bounds else [])


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
