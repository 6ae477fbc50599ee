"""The interactive page of bills: its numbers are the bills', its first line says what they lean on, it asks nobody."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, bills_page, load_chip, price
from revpath.energy_models.figures.bills import parts
from revpath.energy_models.figures.bills_page_script import SCRIPT
from revpath.energy_models.prices.bill import SCOPES
from revpath.energy_models.prices.vocabulary import ROLE_OF

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


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])


def body(page):
    return page.partition("<body>")[2].strip()


def test_the_first_line_says_what_the_bills_lean_on(page):
    assert BILL.shaky
    assert "node.assumed.power_over_analog_chip" in BILL.shaky  # the node's joules are among those shown
    ids = ", ".join(sorted({*BILL.shaky, *GPU.shaky, "x.y"}))
    count = len(ids.split(", "))
    assert body(page).startswith(
        f'<p class="doubt">These bills lean on {count} assumed or unverified records: {ids}.</p>'
    )


def test_bills_without_doubts_say_nothing_of_them(tmp_path):
    assert not GPU.shaky
    page = bills_page({"on a GPU": GPU}, tmp_path / "bills.html", title="Plain").read_text("utf-8")
    assert body(page).startswith("<h1>Plain</h1>")


@pytest.mark.parametrize(("label", "bill"), BILLS.items())
def test_its_numbers_are_those_of_the_bills(page, label, bill):
    data = data_of(page)
    (found,) = (b for b in data["bills"] if b["label"] == label)
    for scope in SCOPES:
        whole = bill.up_to(scope)
        assert found["totals"][scope] == relative([whole.nominal, whole.low, whole.high])
        inside = found["roles"][scope if scope in found["roles"] else "chip"]
        drawn = {role: joules[0] for role, joules in inside.items() if joules[0] > 0}
        if scope in found["around"]:
            drawn["around the chip"] = found["around"][scope][0]
        assert drawn == relative(parts(bill, scope))
    assert {c["name"]: c["joules"][0] for c in found["components"]} == relative(
        {name: bill.nominal(name) for name in bill.components}
    )
    assert all(c["role"] == ROLE_OF[c["name"]] for c in found["components"])


def test_every_joule_of_it_has_an_interval(page):
    for bill in data_of(page)["bills"]:
        groups = [bill["totals"], bill["around"], *bill["roles"].values()]
        numbers = [n for group in groups for n in group.values()] + [c["joules"] for c in bill["components"]]
        assert all(len(n) == 3 and n[1] <= n[2] for n in numbers)
    (found,) = (b for b in data_of(page)["bills"] if b["label"] == "a <b> & c")
    draws = BILL.samples["adc"] + BILL.samples["line drive"]
    assert found["roles"]["macro"]["conversion"][1:] == relative(list(np.quantile(draws, (0.05, 0.95))))
    lines = BILL.samples["programming lines"] + BILL.samples["programming pulses"]
    assert found["roles"]["macro"]["writes"][2] == relative(np.quantile(lines, 0.95))
    assert found["roles"]["array"]["writes"][2] == relative(np.quantile(BILL.samples["programming pulses"], 0.95))


def test_the_table_tells_the_boundaries_to_readers_without_a_script(page):
    rows = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", page.replace("\n", ""))
    table = {label: re.findall(r"<td>(.*?)</td>", cells) for label, cells in rows[1:]}
    assert list(table) == ["a &lt;b&gt; &amp; c", "on a GPU"]
    for cell, scope in zip(table["a &lt;b&gt; &amp; c"], SCOPES, strict=True):
        whole = BILL.up_to(scope)
        assert cell == f"{whole.nominal:.3g}<br><span>{whole.low:.2g} to {whole.high:.2g}</span>"
    assert table["on a GPU"][0] == "<span>none of its prices</span>"


def test_it_asks_nobody_and_labels_are_text(page):
    assert """content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"""" in page
    assert not re.search(r"(src|href)\s*=", page)
    assert re.findall(r"https?://[^/]*", page) == ["http://www.w3.org"]  # the name of SVG, which nobody fetches
    assert "<b> & c" not in page.replace(SCRIPT, "")
    assert "To 3 &lt; 4 bits." in page
    assert page.count("</script>") == 2


def test_the_page_is_the_same_every_time(tmp_path):
    pages = [bills_page(BILLS, tmp_path / f"{n}.html").read_bytes() for n in range(2)]
    assert pages[0] == pages[1]


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript here")
def test_the_script_parses(tmp_path):
    (tmp_path / "page.js").write_text(SCRIPT, encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "page.js"], check=True, capture_output=True)


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
