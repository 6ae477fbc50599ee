"""What a notebook shows of a record, a chip and a bill: short, and with nothing of a file acting on the page."""

import re
from html.parser import HTMLParser

from revpath.energy_models import get, load_chip, price


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        assert not attributes
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def tags(html):
    parser = _Tags()
    parser.feed(html)
    assert not parser.open
    return parser.seen


def test_each_is_one_short_line():
    chip = load_chip("reram-32nm")
    bill = price({"digital.add": 1e6, "sram.byte_read": 1e6}, chip, n_draws=200)
    record = get("adc.kull2013.energy")
    assert repr(record) == "Record(adc.kull2013.energy = 2.55e-12 J/conversion, measured, kull2013)"
    assert re.fullmatch(r"Chip\(reram-32nm: analog, 32 nm, \d+ prices from \d+ records, 0 workloads\)", repr(chip))
    assert repr(bill).startswith(f"Bill(reram-32nm: {bill.joules:.3g} J, ")
    assert max(len(repr(one)) for one in (record, chip, bill)) < 120


def test_html_is_a_balanced_table_and_escapes():
    chip = load_chip("reram-32nm")
    bill = price({"digital.add": 1e6, "sram.byte_read": 1e6}, chip, n_draws=200)
    hostile = get("adc.kull2013.energy").model_copy(update={"note": "<script>alert(1)</script>"})
    for one in (hostile, chip, bill):
        assert set(tags(one._repr_html_())) <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert "&lt;script&gt;" in hostile._repr_html_()
    assert tags(bill._repr_html_()).count("tr") == 1 + len(bill.components)


def test_a_bill_of_nothing_is_shown():
    assert "Bill(reram-32nm: 0 J" in repr(price({}, load_chip("reram-32nm"), n_draws=200))
