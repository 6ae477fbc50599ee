"""Bills as one interactive page: stacked bars at every boundary, in joules or shares, by role or component.

The page is one HTML file that loads nothing: its policy forbids the browser to ask anybody for anything. The numbers
stand in it twice, as data for the bars and as a table for readers without a script.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ...devices.base.files import write_whole
from ...devices.base.printable import printable
from ..errors import PriceError
from ..prices.bill import SCOPES, Bill, Interval, Scope
from ..prices.vocabulary import EVENTS, ROLE_OF, ROLES
from .bills import COLOURS, SURROUNDINGS, By
from .bills_page_script import SCRIPT, STYLE

_WITHIN: tuple[Scope, ...] = ("array", "macro", "chip")
_SMALLEST = {kind.component: kind.boundary for kind in EVENTS.values()}
_TITLE = "Where the joules go"


def bills_page(
    bills: Mapping[str, Bill],
    path: str | Path,
    *,
    scope: Scope = "chip",
    by: By = "role",
    relative: bool = False,
    title: str = _TITLE,
    notes: Sequence[str] = (),
    doubted: Iterable[str] = (),
) -> Path:
    """Write the comparison as one self-contained interactive HTML file.

    Parameters
    ----------
    bills : mapping of str to Bill
        title of a bar -> its bill.
    scope, by, relative : Scope, By, bool
        what is shown first: inside which boundary, by role or component, joules or shares.
    title, notes : str, sequence of str
        its heading, and lines below it.
    doubted : iterable of str
        ids of assumed or unverified records behind the events rather than the prices, such as a device's.

    Notes
    -----
    The first line says on how many assumed or unverified records the bills lean, if they do.

    Raises
    ------
    PriceError
        no bills, or a scope or `by` that does not exist.
    """
    if not bills:
        raise PriceError("bills is empty: there is nothing to plot")
    if scope not in SCOPES:
        raise PriceError(f"scope = {scope!r} is not one of {', '.join(SCOPES)}")
    if by not in ("role", "component"):
        raise PriceError(f"by = {by!r} is not one of role, component")
    shaky = sorted({*doubted, *(id for bill in bills.values() for id in bill.shaky)})
    doubt = f"These bills lean on {len(shaky)} assumed or unverified records: {', '.join(shaky)}." if shaky else ""
    data = {
        "bills": [_data(label, bill) for label, bill in bills.items()],
        "scopes": SCOPES,
        "roles": [*ROLES, SURROUNDINGS],
        "colours": dict(zip([*ROLES, SURROUNDINGS], [*COLOURS[: len(ROLES)], COLOURS[-1]], strict=True)),
        "first": {"scope": scope, "by": by, "shares": relative},
    }
    content = json.dumps(data, allow_nan=False, sort_keys=True).replace("<", "\\u003c")
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_html(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{_paragraph("doubt", doubt)}
<h1>{_html(title)}</h1>
{"".join(_paragraph("note", note) for note in notes)}
<div id="controls"></div>
<div id="chart"></div>
<div id="legend"></div>
<div id="tip" role="status"></div>
<noscript><p>The bars need JavaScript; the table does not.</p></noscript>
{_table(bills)}
<script type="application/json" id="data">{content}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""
    path = Path(path)
    write_whole(path, page)
    return path


def _html(text: str) -> str:
    return escape(printable(text))


def _paragraph(kind: str, text: str) -> str:
    return f'<p class="{kind}">{_html(text)}</p>' if text else ""


def _data(label: str, bill: Bill) -> dict[str, Any]:
    """A bill at its boundaries: totals, roles inside each of them, and components with role and smallest boundary."""
    chip = bill.samples_up_to("chip")
    around = {
        scope: _numbers(Interval.of(bill.up_to(scope).nominal - bill.joules, bill.samples_up_to(scope) - chip))
        for scope in ("node", "facility")
    }
    return {
        "label": label,
        "totals": {scope: _numbers(bill.up_to(scope)) for scope in SCOPES},
        "roles": {scope: _roles(bill, scope) for scope in _WITHIN},
        "around": around,
        "components": [
            {"name": name, "role": ROLE_OF[name], "scope": _SMALLEST[name], "joules": _numbers(bill.interval(name))}
            for name in bill.components
        ],
    }


def _roles(bill: Bill, scope: Scope) -> dict[str, list[float]]:
    """Joules of each role that has components inside a boundary within the chip."""
    names: dict[str, list[str]] = {}
    for name in bill.components:
        if _WITHIN.index(_SMALLEST[name]) <= _WITHIN.index(scope):
            names.setdefault(ROLE_OF[name], []).append(name)
    return {
        role: _numbers(Interval.of(sum(map(bill.nominal, own)), np.sum([bill.samples[name] for name in own], axis=0)))
        for role, own in names.items()
    }


def _numbers(interval: Interval) -> list[float]:
    """Nominal value and the ends of the central 90 %."""
    return [interval.nominal, interval.low, interval.high]


def _table(bills: Mapping[str, Bill]) -> str:
    """Joules inside each boundary with their central 90 %, one row a bill."""
    head = "".join(f"<th>{scope}</th>" for scope in SCOPES)
    rows = []
    for label, bill in bills.items():
        cells = "".join(f"<td>{_cell(bill.up_to(scope))}</td>" for scope in SCOPES)
        rows.append(f"<tr><th>{_html(label)}</th>{cells}</tr>")
    caption = "Joules inside each boundary, with the central 90 % over the uncertainties of the records"
    return f"<table><caption>{caption}</caption><tr><th></th>{head}</tr>\n{chr(10).join(rows)}\n</table>"


def _cell(joules: Interval) -> str:
    if joules.nominal == 0:
        return "<span>none of its prices</span>"
    return f"{joules.nominal:.3g}<br><span>{joules.low:.2g} to {joules.high:.2g}</span>"
