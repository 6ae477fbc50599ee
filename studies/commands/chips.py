"""What `revpath chips` and `revpath validate` show: prices made of records, and how well they foretell silicon."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...devices.base.files import results_folder, write_whole
from ..compare.wording import plain_number

if TYPE_CHECKING:
    import pandas as pd

    from ...energy_models import Chip
    from .forms import Form

_CAPTION = (
    "Modelled against published efficiency of chips, one mark an operating point. Hollow: foretold from the other chips, with the "
    "5 % to 95 % of the model by the uncertainties of the records; small, filled: calibrated on the chip itself; crosses: chips that "
    "their authors simulated. Band: within a factor of 2."
)


def chips_frame() -> pd.DataFrame:
    """One row a chip of the library: kind, node, what it is, records, how many are assumed or unverified, workloads."""
    import pandas as pd

    from ...energy_models import chip_names, load_chip

    chips = [load_chip(name) for name in chip_names()]
    return pd.DataFrame(
        {
            "chip": chip.name,
            "kind": chip.kind,
            "node (nm)": chip.node_nm,
            "what it is": chip.title,
            "records": len(chip.records),
            "shaky": sum(record.shaky for record in chip.records.values()),
            "workloads": ", ".join(work.name for work in chip.workloads),
        }
        for chip in chips
    )


def chip_frame(name: str) -> pd.DataFrame:
    """One row a workload of a chip: energy, speed and area, beside what was published."""
    import pandas as pd

    from ...energy_models import load_chip, performance

    chip = load_chip(name)
    rows = []
    for work in chip.workloads:
        efficiency = chip.records.get(work.efficiency)
        found = asdict(performance(chip, work.name))
        rows.append(
            {"workload": work.name, **found, "tops_per_watt_published": efficiency and efficiency.to("op/J") / 10**12}
        )
    return pd.DataFrame(rows)


def print_chips(console: Console | None = None) -> None:
    """The chips of the library: what each is, and how many of its prices are assumed or unverified."""
    console = console or _console()
    frame = chips_frame()
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("chip", no_wrap=True)  # never cut: it is to be typed
    for heading, right in (
        ("kind", False),
        ("what it is", False),
        ("records", True),
        ("shaky", True),
        ("workloads", False),
    ):
        grid.add_column(heading, justify="right" if right else "left")
    for row in frame.to_dict("records"):
        names = ("chip", "kind", "what it is", "records", "shaky", "workloads")
        grid.add_row(*(escape(str(row[name])) for name in names))
    console.print(grid)
    console.print("shaky: assumed, or read nowhere that can be pointed at", soft_wrap=True, highlight=False)


def print_chip(name: str, console: Console | None = None) -> None:
    """Energy, speed and area of a chip on each of its workloads, beside what was published."""
    from ...energy_models import load_chip, performance, price

    console = console or _console()
    chip = load_chip(name)
    console.print(f"[bold]{escape(chip.name)}[/] {escape(chip.title)}", soft_wrap=True)
    _print_guesses(console, chip)
    if not chip.workloads:
        console.print("no published workload: nothing to set it beside", soft_wrap=True)
        return
    grid = Table()
    headings = ("workload", "TOPS/W", "90 %", "published", "TOPS", "W", "mm2", "TOPS/mm2", "W/mm2")
    for heading in headings:
        grid.add_column(heading, justify="left" if heading == "workload" else "right")
    for workload in chip.workloads:
        found = performance(chip, workload.name)
        efficiency = chip.records.get(workload.efficiency)
        published = None if efficiency is None else efficiency.to("op/J") / 10**12
        numbers = (
            found.tops_per_watt,
            published,
            found.tops,
            found.watts,
            found.mm2,
            found.tops_per_mm2,
            found.watts_per_mm2,
        )
        joules = price(workload.events, chip, overrides=workload.models).interval()
        ends = [plain_number(workload.ops / j / 10**12) for j in (joules.high, joules.low)]
        first, *rest = ("not known" if n is None else plain_number(n) for n in numbers)
        grid.add_row(escape(workload.name), first, " to ".join(ends), *rest)
    console.print(grid)
    if chip.area_lacks:
        console.print(f"mm2 is the sum of parts with a figure; without: {escape(chip.area_lacks)}", soft_wrap=True)
    _print_floors(console, chip)


def _print_guesses(console: Console, chip: Chip) -> None:
    """Which numbers of the chip's file are guesses: drivers of components, and prices whose structure is one."""
    from ...energy_models.validation.report import guessed_drivers

    for line in guessed_drivers(chip):
        console.print(f"guessed: {escape(line)}", soft_wrap=True, highlight=False)
    for price in chip.prices.values():
        if price.assumed:
            console.print(f"assumed: {price.event}: {escape(price.why)}", soft_wrap=True, highlight=False)


def _print_floors(console: Console, chip: Chip) -> None:
    """Where the joules of the first workload go, and how far each row is above what physics charges at least."""
    from ...energy_models import price, why_no_floor

    work = chip.workloads[0]
    bill = price(work.events, chip, overrides=work.models)
    grid = Table(title=f"one unit of {work.name}")
    for heading in ("component", "J", "90 %", "share", "over its floor"):
        grid.add_column(heading, justify="left" if heading == "component" else "right")
    for name in bill.components:
        joules, eta = bill.interval(name), bill.eta(name)
        floor = f"none: {why_no_floor(name)}" if math.isnan(eta) else f"{plain_number(eta)} times"
        ends = f"{plain_number(joules.low)} to {plain_number(joules.high)}"
        grid.add_row(name, plain_number(joules.nominal), ends, f"{joules.nominal / bill.joules:.1%}", floor)
    console.print(grid)


def run_validation(out: Path | None, file: Path | None = None, form: Form = "table") -> list[Path]:
    """Print the validation report, or its table in another form; with a folder, write table and figure and return their paths.

    Parameters
    ----------
    file : Path, optional
        a chip of one's own, which enters the table beside those of the library.
    """
    from ...energy_models import load_chip, plot_validation, validation_table
    from ...energy_models.validation.chips import beside_the_library, cases
    from ...energy_models.validation.report import report

    chips = None if file is None else beside_the_library(load_chip(file))
    points = cases(chips)
    content = validation_table(points)
    if form == "table":
        print(report(content, chips))
    else:
        from .forms import print_frame

        print_frame(content, form)
    if out is None:
        return []
    from matplotlib.figure import Figure

    from ...devices.base.style import save_figure, style

    folder = results_folder(out)
    table = folder / "validation.csv"
    write_whole(table, content.to_csv(index=False).encode())
    with style():
        figure = Figure(figsize=(7.0, 5.0), layout="constrained")
        plot_validation(figure.subplots(), content)
    return [table, *save_figure(figure, folder / "validation", provenance="revpath validate", caption=_CAPTION)]


def _console() -> Console:
    from .console import wide_console

    return wide_console()
