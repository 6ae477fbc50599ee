"""Bills as an interactive figure of plotly: stacked bars inside a boundary, by role or component, in joules or shares."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from ...devices.base.printable import printable
from ..errors import PriceError
from ..prices.bill import SCOPES, Bill, Interval, Scope
from ..prices.vocabulary import EVENTS, ROLE_OF
from .bills import COLOURS, SURROUNDINGS, By, in_order, parts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_PATTERNS = ("", "/", ".", "x")
_BAR, _AROUND = 76, 170  # pixels of a bar with its name, and of axis, legend and margins
_LINE = 46  # characters of a name that a phone shows in one line
_PART = ": %{customdata[0]:.3~s}J (90 %: %{customdata[1]:.2~s}J to %{customdata[2]:.2~s}J), %{customdata[3]:.1%}"
_INSIDE: Mapping[str, Scope] = {kind.component: kind.boundary for kind in EVENTS.values()}


def bills_figure(
    bills: Mapping[str, Bill], *, scope: Scope = "chip", by: By = "role", relative: bool = False
) -> Figure:
    """One horizontal bar for each bill, with the interval of every part under the pointer.

    Parameters
    ----------
    bills : mapping of str to Bill
        Title of a bar to its bill.
    scope : {"array", "macro", "chip", "node", "facility"}
        Inside which boundary.
    by : {"role", "component"}
        What the parts are.
    relative : bool
        Shares of each bill instead of joules, for bills that lie decades apart.

    Returns
    -------
    plotly.graph_objects.Figure
        It shows itself in a notebook; ``.write_html`` and ``.write_image`` keep it.

    Raises
    ------
    PriceError
        No bills, or a scope or `by` that does not exist.

    Examples
    --------
    >>> from revpath.energy_models import load_chip, price
    >>> figure = bills_figure({"a read": price({"sram.byte_read": 10}, load_chip("reram-32nm"))})
    >>> figure.layout.xaxis.title.text
    'joules (chip)'
    """
    from plotly.graph_objects import Bar, Figure, Scatter

    check_view(bills, scope, by)
    stacks = {label: parts(bill, scope, by) for label, bill in bills.items()}
    whole = {label: sum(stack.values()) for label, stack in stacks.items()}
    places = list(range(len(bills)))
    figure = Figure()
    for n, name in enumerate(in_order(stacks.values(), by)):
        joules = [stack.get(name, 0.0) for stack in stacks.values()]
        spans = [part_interval(bill, name, scope, by) for bill in bills.values()]
        shares = [value / whole[label] if whole[label] else 0.0 for label, value in zip(bills, joules, strict=True)]
        figure.add_trace(
            Bar(
                x=shares if relative else joules,
                y=places,
                orientation="h",
                name=name,
                width=0.36,
                marker={
                    "color": COLOURS[n % len(COLOURS)],
                    "pattern": {"shape": _PATTERNS[n // len(COLOURS) % len(_PATTERNS)]},
                },
                customdata=[
                    [span.nominal, span.low, span.high, share] for span, share in zip(spans, shares, strict=True)
                ],
                hovertemplate=f"{name}{_PART}<extra></extra>",
            )
        )
    if not relative:
        totals = [bill.up_to(scope) for bill in bills.values()]
        figure.add_trace(
            Scatter(
                x=[total.nominal for total in totals],
                y=places,
                mode="markers",
                name="90 %",
                marker={"color": "black", "size": 1},
                error_x={
                    "array": [max(total.high - total.nominal, 0.0) for total in totals],
                    "arrayminus": [max(total.nominal - total.low, 0.0) for total in totals],
                    "color": "black",
                    "thickness": 1,
                },
                hoverinfo="skip",
            )
        )
    _lay_out(figure, list(bills), list(whole.values()), scope, relative)
    return figure


def _lay_out(figure: Figure, labels: list[str], whole: list[float], scope: Scope, relative: bool) -> None:
    """Names stand above their bars, so that a phone shows them whole."""
    for place, (label, joules) in enumerate(zip(labels, whole, strict=True)):
        said = printable(label) + ("" if joules else f" (none of its prices is inside the {scope})")
        figure.add_annotation(
            text="<br>".join(map(escape, wrap(said, _LINE)[:2])),
            x=0,
            xref="paper",
            y=place,
            yshift=15,
            yanchor="bottom",
            showarrow=False,
            xanchor="left",
            align="left",
            font={"size": 12},
        )
    figure.update_layout(
        barmode="stack",
        template="none",
        height=_BAR * len(labels) + _AROUND,
        margin={"l": 8, "r": 16, "t": 32, "b": 110},
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        font={"family": "system-ui, sans-serif"},
        dragmode=False,
    )
    figure.update_yaxes(showticklabels=False, ticks="", showline=False, range=[len(labels) - 0.6, -0.6])
    axis = {"title": f"share of joules ({scope})", "tickformat": ".0%", "range": [0, 1], "dtick": 0.25}
    figure.update_xaxes(axis if relative else {"title": f"joules ({scope})", "tickformat": "~s", "ticksuffix": "J"})
    figure.update_xaxes(rangemode="tozero", nticks=5, title_standoff=6)


def part_interval(bill: Bill, name: str, scope: Scope, by: By) -> Interval:
    """Joules of one part of a bill inside a boundary, with their central 90 %."""
    if name == SURROUNDINGS:
        chip = bill.samples_up_to("chip")
        return Interval.of(bill.up_to(scope).nominal - bill.joules, bill.samples_up_to(scope) - chip)
    rank = min(SCOPES.index(scope), SCOPES.index("chip"))
    inside = [part for part in bill.components if SCOPES.index(_INSIDE[part]) <= rank]
    taken = [part for part in inside if (ROLE_OF[part] if by == "role" else part) == name]
    if not taken:
        return Interval(0.0, 0.0, 0.0, 0.0)
    return Interval.of(sum(map(bill.nominal, taken)), np.sum([bill.samples[part] for part in taken], axis=0))


def check_view(bills: Mapping[str, Bill], scope: str, by: str) -> None:
    """PriceError where there is nothing to show, or no such boundary or division."""
    if not bills:
        raise PriceError("bills is empty: there is nothing to plot")
    if scope not in SCOPES:
        raise PriceError(f"scope = {scope!r} is not one of {', '.join(SCOPES)}")
    if by not in ("role", "component"):
        raise PriceError(f"by = {by!r} is not one of role, component")
