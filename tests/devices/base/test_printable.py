"""Text of others reaches a terminal, a figure or a page as text, whatever it holds."""

import io
import os

import pytest
from rich.table import Table

from revpath.devices.base.printable import figure_text, one_line, printable
from revpath.studies.commands.console import SafeConsole, say

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "a\rb\x08c",
    "\x9b31m",
    "\u202eright to left",
    os.fsdecode(b"caf\xe9"),
    "[red]markup[/] [link=x]",
    "<script>alert(1)</script>",
    "$\\frac{$",
    "x" * 20_000,
    "\ufeff\x00",
]
ACTS = {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0xFEFF)}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_acts_and_everything_can_be_encoded(text):
    for shown in (printable(text), one_line(text), figure_text(text)):
        assert not ACTS & set(shown)
        shown.encode("utf-8")


def test_what_is_harmless_stays_as_it_is():
    for text in ("plain", "\u00b5S, \u03a9, \u65e5\u672c", "two\nlines\tand a tab", "[brackets] <angles> & $"):
        assert printable(text) == text
    assert printable(os.fsdecode(b"\xe9")) == "\\xe9"
    assert printable("\x1b") == "\\x1b"
    assert len(printable("x" * 500, 60)) <= 60
    assert one_line("a\n b\t\tc") == "a b c"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_console_shows_it_as_text(text):
    out = io.StringIO()
    console = SafeConsole(file=out, width=100)
    say(console, text)
    grid = Table(title="t")
    grid.add_column("c")
    from rich.markup import escape

    grid.add_row(escape(text[:200]))
    console.print(grid)
    assert not ACTS & set(out.getvalue())
    if "markup" in text:
        assert text in out.getvalue().replace("\\[", "[")
    out.getvalue().encode("utf-8")


def test_a_console_still_has_colours():
    out = io.StringIO()
    SafeConsole(file=out, force_terminal=True, color_system="standard").print("[red]warm[/]")
    assert "\x1b[31mwarm" in out.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_page_shows_it_as_text(text, tmp_path):
    from revpath.energy_models import bills_page, load_chip, price
    from revpath.simulator import Events

    bill = price(Events({"sram.byte_read": 1}), load_chip("reram-32nm"))
    page = bills_page({text: bill}, tmp_path / "p.html", title=text, notes=[text]).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert not ACTS & set(page)


def test_a_text_of_any_file_name_has_a_name_that_can_be_shown(tmp_path):
    from revpath.studies.tasks.text import load_text

    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9\x1b[31m" + b"x" * 150 + b".txt")
    try:
        with open(path, "w") as file:
            file.write("whale " * 10_000)
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    name = load_text(os.fsdecode(path)).name
    assert name.startswith("caf\\xe9\\x1b[31mx")
    assert len(name) <= 80 + 6
    name.encode("utf-8")
