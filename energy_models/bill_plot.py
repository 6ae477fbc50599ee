"""Bills as stacked bars: one bill at its boundaries, several bills side by side, and a page where bars tell their joules.

The page is one HTML file with an SVG inside: every segment has a ``title`` element, which browsers show on hovering.
Nothing is loaded from elsewhere and no script runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .bill import SCOPES, Bill, Scope
from .errors import PriceError
from .vocabulary import EVENTS, ROLE_OF, ROLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

By = Literal["role", "component"]

# Okabe and Ito, "Color universal design" (2008); neighbours differ in lightness too, and segments are hatched in turn
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#666666")
_HATCHES = ("", "///", "...", "xxx")
_SURROUNDINGS = "around the chip"
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "revpath",
}
_CHARACTERS = 40  # that fit below an axis side by side
_GID = "segment"


def parts(bill: Bill, scope: Scope = "chip", by: By = "role") -> dict[str, float]:
    """Nominal joules inside a boundary, by role or component, what node and facility add last; they sum to `up_to`."""
    if by not in ("role", "component"):
        raise PriceError(f"by = {by!r} is not one of role, component")
    total = bill.up_to(scope).nominal
    rank = min(SCOPES.index(scope), SCOPES.index("chip"))
    boundary = {kind.component: SCOPES.index(kind.boundary) for kind in EVENTS.values()}
    names = ROLES if by == "role" else bill.components
    found = dict.fromkeys(names, 0.0)
    for component in bill.components:
        if boundary[component] <= rank:
            found[ROLE_OF[component] if by == "role" else component] += bill.nominal(component)
    found[_SURROUNDINGS] = max(total - sum(found.values()), 0.0) if scope in ("node", "facility") else 0.0
    return {name: joules for name, joules in found.items() if joules > 0}


def plot_bill(bill: Bill, ax: Axes, *, by: By = "role") -> Axes:
    """One stacked bar for each boundary (array, macro, chip, node, facility), in joules, with its 90 % interval."""
    stacks = {scope: parts(bill, scope, by) for scope in SCOPES}
    _bars(ax, stacks, {scope: bill.up_to(scope) for scope in SCOPES}, _order(stacks.values(), by))
    ax.set_title(bill.chip, loc="left")
    return ax


def plot_bills(
    bills: Mapping[str, Bill], ax: Axes, *, scope: Scope = "chip", by: By = "role", relative: bool = False
) -> Axes:
    """One stacked bar for each bill inside the same boundary.

    relative: shares of each bill's total instead of joules, for bills that lie decades apart (bars have no logarithm).
    """
    if not bills:
        raise PriceError("bills is empty: there is nothing to plot")
    stacks = {label: parts(bill, scope, by) for label, bill in bills.items()}
    order = _order(stacks.values(), by)
    if relative:
        sums = {label: sum(stack.values()) for label, stack in stacks.items()}
        empty = [label for label, total in sums.items() if total <= 0]
        if empty:
            raise PriceError(f"bill {empty[0]!r} has no joules inside boundary {scope!r}: it has no shares")
        stacks = {label: {k: v / sums[label] for k, v in stack.items()} for label, stack in stacks.items()}
        _bars(ax, stacks, None, order)
        ax.set_ylabel(f"share of joules ({scope})")
    else:
        _bars(ax, stacks, {label: bill.up_to(scope) for label, bill in bills.items()}, order)
        ax.set_ylabel(f"joules ({scope})")
    return ax


def bills_page(
    bills: Mapping[str, Bill], path: str | Path, *, scope: Scope = "chip", by: By = "role", relative: bool = False
) -> Path:
    """Write the comparison as one self-contained HTML file whose segments show their joules on hovering."""
    figure = _figure(len(bills))
    plot_bills(bills, figure.subplots(), scope=scope, by=by, relative=relative)
    path = Path(path)
    title = escape(f"{scope}: " + ", ".join(bills))
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>\n{hover_svg(figure)}\n</html>\n'
    )
    path.write_text(page, encoding="utf-8")
    return path


def hover_svg(figure: Figure) -> str:
    """The figure as SVG, with a ``title`` in every segment that `plot_bill` or `plot_bills` drew."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        buffer = StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    for axes in figure.axes:
        for patch in axes.patches:
            gid, label = patch.get_gid(), getattr(patch, "revpath_title", "")
            if gid:
                svg, found = re.subn(
                    rf'(<g id="{re.escape(gid)}">)', rf"\1<title>{_literal(escape(label))}</title>", svg
                )
                if found != 1:
                    raise PriceError(f"segment {gid!r} stands {found} times in the figure")
    return svg[svg.index("<svg") :]


def _literal(text: str) -> str:
    return text.replace("\\", r"\\")


def _figure(bars: int) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        return Figure(figsize=(max(bars, 2) + 4, 4), layout="constrained")


def _order(stacks: Any, by: By) -> list[str]:
    """The names that occur, in the order of the vocabulary, surroundings last."""
    seen = {name for stack in stacks for name in stack}
    known = ROLES if by == "role" else tuple(dict.fromkeys(kind.component for kind in EVENTS.values()))
    return [name for name in (*known, _SURROUNDINGS) if name in seen]


def _bars(ax: Axes, stacks: Mapping[str, Mapping[str, float]], totals: Any, order: Sequence[str]) -> None:
    places = np.arange(len(stacks))
    below = np.zeros(len(stacks))
    first = len(ax.patches)
    place = ax.figure.axes.index(ax)  # an address would differ from run to run
    for n, name in enumerate(order):
        heights = np.array([stack.get(name, 0.0) for stack in stacks.values()])
        bars = ax.bar(
            places,
            heights,
            bottom=below,
            label=name,
            color=_COLOURS[n % len(_COLOURS)],
            hatch=_HATCHES[n // len(_COLOURS) % len(_HATCHES)],
            edgecolor="white",
            linewidth=0.5,
        )
        for label, bar, height in zip(stacks, bars, heights, strict=True):
            bar.set_gid(f"{_GID}-{place}-{first}")
            bar.revpath_title = f"{label}: {name} {height:.3g}"
            first += 1
        below += heights
    if totals is not None:
        means = list(totals.values())
        low = np.array([min(t.low, t.nominal) for t in means])
        high = np.array([max(t.high, t.nominal) for t in means])
        ax.errorbar(places, below, yerr=[below - low, high - below], fmt="none", ecolor="black", capsize=3, linewidth=1)
        ax.set_ylabel("joules")
    ax.set_xticks(places, list(stacks))
    if max(map(len, stacks)) * len(stacks) > _CHARACTERS:
        ax.tick_params(axis="x", labelrotation=30)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
