"""What the command line shows: live progress while runs train, then the table and the sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from .compare import Comparison, Told


def watch(run: Callable[[Told], Comparison]) -> Comparison:
    """Run with one progress bar for each training run."""
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:>9,.0f} of {task.total:,.0f} characters"),
        TextColumn("{task.fields[bits]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    console.print("training; the first run also compiles kernels (half a minute)", highlight=False)
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int, bits: float | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total, bits="")
            fields = {} if bits is None else {"bits": f"{bits:.3f} bits/char"}
            progress.update(tasks[name], completed=done, **fields)

        return run(tell)


def print_comparison(found: Comparison) -> None:
    """The table, the warnings, the sentence, and where the files are."""
    from .verdict import table

    console = _console()
    q = found.verdict.bits
    for warning in found.verdict.warnings:
        console.print(f"[bold yellow]note[/] {warning}", highlight=False)
    grid = Table(title=f"Energy of training to {q:g} bits/char" if q else "Energy of training", title_justify="left")
    for heading, justify in (
        ("contender", "left"),
        ("parameters", "right"),
        ("best bits/char\nval / test", "right"),
        ("J at best", "right"),
        (f"characters\nto {q:g}" if q else "characters", "right"),
        (f"J to {q:g}" if q else "J", "right"),
        ("90 % interval", "right"),
    ):
        grid.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for row in table(found.contenders, q):
        reached = row["joules to Q"] is not None
        grid.add_row(
            row["contender"],
            f"{row['parameters']:,}",
            f"{row['best bits/char (validation)']:.3f} / {row['best bits/char (test)']:.3f}",
            f"{row['joules at best']:.3g}",
            f"{row['characters to Q']:,}" if reached else "not reached",
            f"{row['joules to Q']:.3g}" if reached else "",
            f"{row['low']:.2g} to {row['high']:.2g}" if reached else "",
        )
    console.print(grid)
    console.print(f"Witten-Bell 6-gram on the same characters: {found.ngram_bits:.3f} bits/char.", highlight=False)
    _print_breakdown(console, found)
    if found.baseline is None:
        console.print("[bold yellow]note[/] no transformer was trained on this text: use --retrain", highlight=False)
    if not found.complete:
        console.print("[bold yellow]note[/] interrupted: judged on what is done; run again to go on", highlight=False)
    console.print(f"[bold]{found.verdict.sentence}[/]", highlight=False)
    console.print("wrote " + ", ".join(str(path) for path in found.files), highlight=False, soft_wrap=True)


def _print_breakdown(console: Console, found: Comparison) -> None:
    """Where the joules of the analog run go, and how far each is from its thermal floor."""
    analog = next((c for c in found.contenders if c.kind == "analog" and not c.hypothetical and c.stops), None)
    if analog is None:
        return
    bill = analog.stops[-1].bill
    grid = Table(
        title=f"{analog.title}: {bill.joules:.3g} J after {analog.stops[-1].characters:,} characters",
        title_justify="left",
    )
    for heading in ("component", "J", "share", "90 % interval"):
        grid.add_column(heading, justify="left" if heading == "component" else "right")
    for component in sorted(bill.components, key=bill.nominal, reverse=True):
        i = bill.interval(component)
        grid.add_row(component, f"{i.nominal:.3g}", f"{i.nominal / bill.joules:.1%}", f"{i.low:.2g} to {i.high:.2g}")
    console.print(grid)
    floors = ", ".join(f"{f.component} {f.eta:,.0f} times" for f in bill.floors)
    console.print(f"Above the thermal floor of its simulated noise: {floors}.", highlight=False)


def _console() -> Console:
    """Standard output; wide enough for the table where it is a file or a pipe."""
    return Console() if sys.stdout.isatty() else Console(width=132)


def print_devices() -> None:
    from ..devices import device_names, load_device

    grid = Table()
    for heading in ("device", "what it is", "trains in place"):
        grid.add_column(heading)
    for name in device_names():
        device = load_device(name)
        grid.add_row(name, device.title, "no" if device.response.law == "unknown" else device.response.law)
    _console().print(grid)


def print_device(name: str | Path) -> None:
    from ..devices import load_device

    device = load_device(name)
    console = _console()
    console.print(f"[bold]{device.name}[/] {device.title}", highlight=False)
    grid = Table()
    for heading in ("number", "value", "unit", "evidence", "read in", "source"):
        grid.add_column(heading)
    for field, record in device.records.items():
        evidence = f"[bold yellow]{record.evidence}[/]" if record.shaky else str(record.evidence)
        grid.add_row(field, f"{record.value:g}", record.unit, evidence, record.read_in, record.source.key)
    console.print(grid)
    for source in device.sources.values():
        console.print(f"{source.key}: {source.citation} {source.url}", highlight=False)
