"""The interactive page of bills: its numbers are the bills', its first line says what they lean on, it asks nobody."""

import json
import re
from io import StringIO
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from helpers.statistics import relative
from plotly.offline import get_plotlyjs

from revpath.energy_models import PriceError, bills_page, load_chip, price
from revpath.energy_models.figures.bills import parts
from revpath.energy_models.figures.bills_page import as_script
from revpath.energy_models.prices.bill import SCOPES

EVENTS_OF_A_RUN = {
    "array.read_energy_J": 3e-9,
    "array.busy_s": 1e-6,
    "adc.conversion{enob=8}": 1000,
    "line.drive": 500,
    "line.pulse": 7,
    "pulse.up": 100,
    "digital.sigmoid": 50,
    "sram.byte_read": 2000,
}
BILL = price(EVENTS_OF_A_RUN, load_chip("reram-32nm"))
GPU = price({"matmul.flop": 10**9}, load_chip("h100-run"))
BILLS = {"a <b> & c": BILL, "on a GPU": GPU}


@pytest.fixture
def page(tmp_path):
    return bills_page(BILLS, tmp_path / "bills.html", notes=["To 3 < 4 bits."], doubted=["x.y"]).read_text("utf-8")


def views_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])


def bars_of(view):
    return {trace["name"]: trace for trace in view["data"] if trace["type"] == "bar"}


def body(page):
    return page.partition("<body>")[2].strip()


def test_the_first_line_says_what_the_bills_lean_on(page):
    assert BILL.shaky
    assert "node.assumed.power_over_analog_chip" in BILL.shaky  # the node's joules are among those shown
    ids = sorted({*BILL.shaky, *GPU.shaky, "x.y"})
    assert body(page).startswith(
        f'<details class="doubt"><summary>These bills lean on {len(ids)} assumed or unverified records.</summary>'
        f"{', '.join(ids)}.</details>"
    )


def test_bills_without_doubts_say_nothing_of_them(tmp_path):
    assert not GPU.shaky
    page = bills_page({"on a GPU": GPU}, tmp_path / "bills.html", title="Plain").read_text("utf-8")
    assert body(page).startswith("<h1>Plain</h1>")


@pytest.mark.parametrize("by", ["role", "component"])
@pytest.mark.parametrize("scope", SCOPES)
def test_its_bars_are_those_of_the_bills(page, scope, by):
    views = views_of(page)
    assert len(views) == 2 * 2 * len(SCOPES)
    joules, shares = (bars_of(views[f"{scope}/{by}/{shown}"]) for shown in ("joules", "shares"))
    for k, bill in enumerate(BILLS.values()):
        expected = parts(bill, scope, by)
        assert {name: bar["x"][k] for name, bar in joules.items() if bar["x"][k] > 0} == relative(expected)
        whole = bill.up_to(scope)
        if whole.nominal:
            drawn = {name: bar["x"][k] for name, bar in shares.items() if bar["x"][k] > 0}
            assert drawn == relative({name: part / whole.nominal for name, part in expected.items()})
        ends = next(trace for trace in views[f"{scope}/{by}/joules"]["data"] if trace["type"] == "scatter")
        assert ends["x"][k] + ends["error_x"]["array"][k] == relative(max(whole.high, whole.nominal))
        assert ends["x"][k] - ends["error_x"]["arrayminus"][k] == relative(min(whole.low, whole.nominal))


def test_every_joule_of_it_has_an_interval(page):
    for view in views_of(page).values():
        spans = [span for bar in bars_of(view).values() for span in bar["customdata"]]
        assert spans
        assert all(len(span) == 4 and span[1] <= span[2] for span in spans)
    roles = bars_of(views_of(page)["macro/role/joules"])
    draws = BILL.samples["adc"] + BILL.samples["line drive"]
    assert roles["conversion"]["customdata"][0][1:3] == relative(list(np.quantile(draws, (0.05, 0.95))))
    lines = BILL.samples["programming lines"] + BILL.samples["programming pulses"]
    assert roles["writes"]["customdata"][0][2] == relative(np.quantile(lines, 0.95))
    inside = bars_of(views_of(page)["array/role/joules"])["writes"]["customdata"][0]
    assert inside[2] == relative(np.quantile(BILL.samples["programming pulses"], 0.95))


def test_all_parts_can_be_taken_as_a_table(page):
    content = unquote(re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', page)[1])
    table = pd.read_csv(StringIO(content))
    for label, bill in BILLS.items():
        rows = table[table["bill"] == label].set_index("component")["joules"]
        assert rows.to_dict() == relative({name: bill.nominal(name) for name in bill.components}, rel=1e-5)


def test_the_table_tells_the_boundaries_to_readers_without_a_script(page):
    rows = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", page.replace("\n", ""))
    table = {label: re.findall(r"<td>(.*?)</td>", cells) for label, cells in rows[1:]}
    assert list(table) == ["a &lt;b&gt; &amp; c", "on a GPU"]
    for cell, scope in zip(table["a &lt;b&gt; &amp; c"], SCOPES, strict=True):
        whole = BILL.up_to(scope)
        assert cell == f"{whole.nominal:.3g}<br><span>{whole.low:.2g} to {whole.high:.2g}</span>"
    assert table["on a GPU"][0] == "<span>none of its prices</span>"


def test_it_asks_nobody_and_labels_are_text(page):
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
    assert f'content="{policy}"' in page  # no connect-src: whatever plotly knows of, nobody is asked
    ours = page.replace(as_script(get_plotlyjs()), "")
    assert re.findall(r"(?:src|href)\s*=\s*.(.{5})", ours) == ["data:"]
    assert not re.findall(r"https?://", ours)
    assert "<b> & c" not in ours
    assert "To 3 &lt; 4 bits." in page
    assert page.count("</script>") == 3
    names = [note["text"] for note in views_of(page)["chip/role/joules"]["layout"]["annotations"]]
    assert names[0] == "a &lt;b&gt; &amp; c"  # plotly reads a few tags in its texts


def test_the_page_is_the_same_every_time(tmp_path):
    pages = [bills_page(BILLS, tmp_path / f"{n}.html").read_bytes() for n in range(2)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("bills", "options", "message"),
    [
        ({}, {}, "bills is empty"),
        (BILLS, {"scope": "town"}, "scope = 'town' is not one of array"),
        (BILLS, {"by": "x"}, "by = 'x'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(bills, options, message, tmp_path):
    with pytest.raises(PriceError, match=message):
        bills_page(bills, tmp_path / "bills.html", **options)
    assert not list(tmp_path.iterdir())
