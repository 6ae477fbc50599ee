"""Bills as one interactive page, made by plotly: bars at every boundary, in joules or shares, by role or component.

The page is one HTML file that loads nothing: plotly stands in it, and its policy forbids the browser to ask anybody for
anything. The numbers stand in it twice, as figures and as a table for readers without a script.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from itertools import product
from pathlib import Path
from urllib.parse import quote

from ...devices.base.files import write_whole
from ...devices.base.printable import printable
from ..prices.bill import SCOPES, Bill, Interval, Scope
from .bills import By
from .bills_interactive import bills_figure, check_view

_TITLE = "Where the joules go"
_BY: tuple[By, ...] = ("role", "component")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
_SHOWN = {"shares": True, "joules": False}
_STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 12px; max-width: 60rem; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.35rem; margin: 0.4em 0; }
form { display: flex; flex-wrap: wrap; gap: 8px; }
fieldset { border: 1px solid #bbb; border-radius: 6px; padding: 4px 8px; display: flex; flex-wrap: wrap; gap: 4px 12px; margin: 0; }
legend { font-size: 0.8rem; color: #555; }
label { display: inline-flex; gap: 4px; align-items: center; min-height: 32px; }
input:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; padding: 8px 0; }
th, td { padding: 4px 10px; text-align: right; border-top: 1px solid #ddd; }
tr > th:first-child { text-align: left; font-weight: 600; min-width: 9rem; }
td span { color: #666; white-space: nowrap; font-size: 0.85em; }
details.doubt { background: #fff5e0; border-left: 4px solid #E69F00; padding: 6px 10px; overflow-wrap: anywhere; }
@media print { form, .download { display: none; } .scroll { overflow: visible; } body { max-width: none; } }
"""
# All that is not plotly's: which of the figures it draws.
_CHOOSE = """
const made = JSON.parse(document.getElementById("data").textContent), form = document.querySelector("form");
const options = {responsive: true, displaylogo: false, displayModeBar: true, modeBarButtons: [["toImage"]],
  toImageButtonOptions: {format: "svg", filename: "bills"}};
const show = () => {
  const chosen = made[[...new FormData(form).values()].join("/")];
  Plotly.react("chart", chosen.data, chosen.layout, options);
};
form.addEventListener("change", show);
show();
"""


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
    """Write the comparison as one self-contained interactive HTML file (5 MB, nearly all of it plotly).

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
    The first line says on how many assumed or unverified records the bills lean, if they do, and opens to their ids.
    In a notebook `bills_figure` gives the same figure.

    Raises
    ------
    PriceError
        no bills, or a scope or `by` that does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from revpath.energy_models import load_chip, price
    >>> bill = price({"sram.byte_read": 10}, load_chip("reram-32nm"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bills_page({"ten bytes": bill}, f"{folder}/bills.html").name
    'bills.html'
    """
    from plotly.offline import get_plotlyjs

    check_view(bills, scope, by)
    shaky = sorted({*doubted, *(id for bill in bills.values() for id in bill.shaky)})
    library = as_script(get_plotlyjs())
    table = f"data:text/csv;charset=utf-8,{quote(bills_csv(bills))}"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_html(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{_doubt(shaky)}
<h1>{_html(title)}</h1>
{"".join(f"<p>{_html(note)}</p>" for note in notes)}
<form aria-label="What the bars show">
{_choice("inside the", "scope", SCOPES, scope)}
{_choice("by", "by", _BY, by)}
{_choice("in", "shown", tuple(_SHOWN), "shares" if relative else "joules")}
</form>
<div id="chart" role="img" aria-label="Stacked bars; the table below has the same totals"></div>
<noscript><p>The bars need JavaScript; the table does not.</p></noscript>
{_table(bills)}
<p class="download"><a download="bills.csv" href="{table}">Table of all parts as CSV</a></p>
<script type="application/json" id="data">{_figures(bills)}</script>
<script>{library}</script>
<script>{_CHOOSE}</script>
</body>
</html>
"""
    path = Path(path)
    write_whole(path, page)
    return path


def bills_csv(bills: Mapping[str, Bill]) -> str:
    """One row a component of each bill, in joules: bill, component, nominal, and the ends of the central 90 %."""
    written = StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["bill", "component", "joules", "low", "high"])
    for label, bill in bills.items():
        for component in bill.components:
            span = bill.interval(component)
            rows.writerow([printable(label), component, f"{span.nominal:.6g}", f"{span.low:.6g}", f"{span.high:.6g}"])
    return written.getvalue()


def _figures(bills: Mapping[str, Bill]) -> str:
    """All views as plotly's JSON, by scope/by/shown."""
    views = {
        f"{scope}/{by}/{shown}": json.loads(str(bills_figure(bills, scope=scope, by=by, relative=relative).to_json()))
        for scope, by, (shown, relative) in product(SCOPES, _BY, _SHOWN.items())
    }
    return json.dumps(views, allow_nan=False, sort_keys=True).replace("<", "\\u003c")


def as_script(source: str) -> str:
    """A script as it can stand in a page: its end marks nothing, and what no screen shows is written as an escape.

    Such characters stand in literals alone, where the escape means the same.
    """
    shown = re.sub(r"[^\n\t -~]", lambda c: c[0] if c[0].isprintable() else f"\\u{ord(c[0]):04x}", source)
    return shown.replace("</script>", r"<\/script>")


def _html(text: str) -> str:
    return escape(printable(text))


def _doubt(shaky: Sequence[str]) -> str:
    if not shaky:
        return ""
    said = f"These bills lean on {len(shaky)} assumed or unverified records."
    return f'<details class="doubt"><summary>{said}</summary>{_html(", ".join(shaky))}.</details>'


def _choice(legend: str, name: str, values: Sequence[str], chosen: str) -> str:
    """Radio buttons of the browser: they take the keyboard and a finger as they are."""
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{v}"{" checked" if v == chosen else ""}>{v}</label>'
        for v in values
    )
    return f"<fieldset><legend>{legend}</legend>{buttons}</fieldset>"


def _table(bills: Mapping[str, Bill]) -> str:
    """Joules inside each boundary with their central 90 %, one row a bill."""
    head = "".join(f"<th>{scope}</th>" for scope in SCOPES)
    rows = []
    for label, bill in bills.items():
        cells = "".join(f"<td>{_cell(bill.up_to(scope))}</td>" for scope in SCOPES)
        rows.append(f"<tr><th>{_html(label)}</th>{cells}</tr>")
    caption = "Joules inside each boundary, with the central 90 % over the uncertainties of the records"
    body = "\n".join([f"<table><caption>{caption}</caption><tr><th></th>{head}</tr>", *rows, "</table>"])
    return f'<div class="scroll">{body}</div>'


def _cell(joules: Interval) -> str:
    if joules.nominal == 0:
        return "<span>none of its prices</span>"
    return f"{joules.nominal:.3g}<br><span>{joules.low:.2g} to {joules.high:.2g}</span>"
