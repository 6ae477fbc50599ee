"""`revpath devices`: the devices of the library, and one with the source of every number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from ...devices.response import NoResponse
from .console import say, say_styled, wide_console

if TYPE_CHECKING:
    import pandas as pd


def devices_frame() -> pd.DataFrame:
    """A row for each device of the library."""
    import pandas as pd

    from ...devices import device_names, load_device

    rows = []
    for name in device_names():
        device = load_device(name)
        law = None if isinstance(device.response, NoResponse) else device.response.law
        window = device.window
        rows.append((name, device.title, law, window.g_min, window.g_max, device.read_noise.law, len(device.records)))
    heads = ["device", "title", "response", "g_min_S", "g_max_S", "read_noise", "records"]
    return pd.DataFrame(rows, columns=heads)


def device_frame(name: str | Path) -> pd.DataFrame:
    """A row for each number of a device; errors as of `print_device`."""
    from ...devices import load_device
    from .records import records_frame

    device = load_device(name)
    frame = records_frame(list(device.records.values()))
    frame.insert(0, "number", list(device.records))
    return frame


def print_devices() -> None:
    """The devices of the library: what each is, and whether it trains in place."""
    from ...devices import device_names, load_device

    grid = Table()
    names = device_names()
    grid.add_column("device", min_width=max(map(len, names)))  # never cut: it is to be typed
    for heading in ("what it is", "trains in place"):
        grid.add_column(heading)
    for name in names:
        device = load_device(name)
        law = "no" if isinstance(device.response, NoResponse) else device.response.law
        grid.add_row(escape(name), escape(device.title), law)
    wide_console().print(grid)


def print_device(name: str | Path) -> None:
    """One device: every number with its evidence and source, and what is not known of it.

    Raises
    ------
    RevpathError
        There is no such device, or its file cannot be read.
    """
    from ...devices import load_device

    device = load_device(name)
    console = wide_console()
    say_styled(console, f"[bold]{escape(device.name)}[/] {escape(device.title)}")
    grid = Table()
    grid.add_column("number", min_width=max([6, *map(len, device.records)]))
    for heading in ("value", "unit", "evidence", "read in", "source"):
        grid.add_column(heading, overflow="fold")
    for field, record in device.records.items():
        evidence = f"[bold yellow]{record.evidence}[/]" if record.shaky else str(record.evidence)
        cells = (field, f"{record.value:g}", record.unit), (str(record.read_in), record.source.key)
        grid.add_row(*map(escape, cells[0]), evidence, *map(escape, cells[1]))
    console.print(grid)
    say_styled(console, f"[bold]not known[/] {escape(', '.join(device.unknowns) or 'nothing')}")
    for source in device.sources.values():
        say(console, f"{source.key}: {source.citation} {source.url}")
