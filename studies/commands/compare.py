"""What the command line shows: live progress while runs train, then the table and the sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from .console import SafeConsole, say, say_styled, two_lines, wide_console

if TYPE_CHECKING:
    import pandas as pd

    from ...energy_models.prices.bill import Bill, Interval
    from ..compare.comparison import Comparison, Told
    from ..compare.contenders import Stop
    from ..compare.verdict import Contender
    from ..compare.wording import Bound

_NAMED = 4
"""Names that a warning shows."""
_SMALLEST_SHARE = 0.005  # smaller components of a bill share one row


def watch(run: Callable[[Told, Callable[[str], None]], Comparison], unit: str) -> Comparison:
    """Run with one progress bar for each training run; in a file or a pipe, with one line for each checkpoint.

    Parameters
    ----------
    run : Callable[[Told, Callable[[str], None]], Comparison]
        is given what to call at every step, and what to call with a line that a user should read.
    unit : str
        of losses.
    """
    console = SafeConsole(stderr=True)
    progress = Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:>9,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[loss]}"),
        TimeElapsedColumn(),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    said: list[str] = []

    def begin() -> None:
        """Once, and not before something happens, so that a refused argument is all that is said."""
        if not said:
            said.append("training; the first run also compiles kernels (half a minute)")
            console.print(said[0], highlight=False)

    def note(line: str) -> None:
        begin()
        say(console, f"note: {line}")

    def tell(name: str, done: int, total: int, loss: float | None) -> None:
        begin()
        if not tasks:
            progress.start()
        if name not in tasks:
            tasks[name] = progress.add_task(name, total=total, loss="")
        done = min(done, total)  # the last mini-batch may go a little beyond
        if loss is None:
            progress.update(tasks[name], completed=done)
            return
        score = f"{loss:.3f} {unit}"
        progress.update(tasks[name], completed=done, loss=score)
        if not console.is_terminal:
            console.print(f"{name}: {done:,} of {total:,}, {score}", highlight=False, soft_wrap=True)

    try:
        return run(tell, note)
    finally:
        if tasks and console.is_terminal:
            progress.stop()


def print_comparison(found: Comparison) -> None:
    """The warnings, the tables, the sentence, and where the files are."""
    from .boundaries import print_boundaries, print_roles
    from .extents import print_extents

    console = wide_console()
    verdict = found.verdict
    if not found.complete:
        _print_runs(console, found)
        return
    _print_contenders(console, found)
    analog = found.analog
    if analog is not None:
        at_q = None if verdict.quality is None else analog.first_at(verdict.quality)
        _print_bill(console, analog, at_q or analog.stops[-1], found.task.example)
    print_boundaries(found, console)
    print_roles(found, console)
    print_extents(found, console)
    _print_ratios(console, found)
    _print_influences(console, found)
    if not found.rivals:
        say_styled(console, "[bold yellow]note[/] no transformer was trained on this text: use --retrain")
    if verdict.short:  # on a line of its own, before what depends on it
        say_styled(console, f"[bold red]SHORT[/] {escape(verdict.short.strip())}")
    say_styled(console, f"[bold]{escape(verdict.sentence.removeprefix(verdict.short))}[/]")
    for beside in found.beside:
        say(console, f"Beside it: {beside.sentence}")
    for warning in verdict.warnings:
        say_styled(console, f"[bold red]ASSUMED[/] {escape(_shortened(warning))}")
    say(console, "wrote " + ", ".join(str(path) for path in found.files))


def contenders_frame(found: Comparison) -> pd.DataFrame:
    """A row a contender, of its first seed; columns that mean the same in every task, with its units in columns of their own."""
    import pandas as pd

    from ..compare.verdict import table

    task, quality = found.task, found.verdict.quality
    listed = pd.DataFrame(table(found.contenders, quality, task.unit, task.example))
    same = {name: name.replace(f" {task.unit}", "").replace(f"{task.example}s", "examples") for name in listed}
    listed = listed.rename(columns=same)
    for place, (name, value) in enumerate(
        {"task": task.name, "unit": task.unit, "example": task.example, "Q": quality}.items()
    ):
        listed.insert(place, name, value)
    return listed


def _shortened(warning: str) -> str:
    """A warning with a few of its names; not those of what component models estimated, which are as long as a line."""
    head, _, names = warning.partition(": ")
    known = sorted(names.split(", "))
    shown = [name for name in known if not name.startswith("model.")][:_NAMED]
    if len(known) <= len(shown):
        return warning
    return f"{head}: {', '.join([*shown, ''])}and {len(known) - len(shown)} more (result.json names all)"


def _print_runs(console: Console, found: Comparison) -> None:
    """How far each run of an interrupted comparison is, and no word on what it would show."""
    for run in found.runs:
        at = run.checkpoints[-1]
        say(
            console,
            f"{run.recipe.label}: {at.examples:,} of {run.recipe.examples:,} {found.task.example}s, "
            f"{at.validation:.3f} {found.task.unit}",
        )
    say_styled(console, f"[bold yellow]note[/] {escape(found.verdict.sentence)}")


def _print_contenders(console: Console, found: Comparison) -> None:
    """One row for each model on its hardware; what it would cost at the best matrix product stands beside it."""
    from ..compare.floors import floors_sentence
    from ..compare.verdict import table

    q, task = found.verdict.quality, found.task
    grid = Table()
    to_q = f"to {q:g}" if q else "to Q"
    grid.add_column("contender", justify="left")
    for heading in (
        "parameters",
        f"best {task.unit}\nval / test",
        "J to that\n(90 %)",
        f"{task.example}s\n{to_q}",
        f"J {to_q}\n(90 %)",
        "same at best\nGEMM",
    ):
        grid.add_column(heading, justify="right")
    listed = table(found.contenders, q, task.unit, task.example)
    rows = {c.name: row for c, row in zip(found.contenders, listed, strict=True)}
    bounds = {c.name: c for c in found.contenders}
    for c in found.contenders:
        if c.kind == "gpu-bound" or not c.stops:
            continue
        row, bound = rows[c.name], bounds.get(f"{c.name}-bound")
        reached = row["joules to Q"] is not None
        sign = "≤ " if q and c.passed_unseen(q) else ""
        at_q = None if q is None else c.first_at(q)
        bound_at_q = None if q is None or bound is None else bound.first_at(q)
        grid.add_row(
            escape(c.title),
            f"{c.parameters:,}",
            f"{c.best.validation:.3f} / {c.best.test:.3f}",
            two_lines(c.best.bill.interval()),
            f"{sign}{row[f'{task.example}s to Q']:,}" if reached else ("not reached" if q else ""),
            two_lines(at_q.bill.interval(), sign) if at_q else "",
            two_lines(bound_at_q.bill.interval(), sign) if bound_at_q else "",
        )
    say_styled(
        console,
        f"[bold]Energy of training on {escape(task.name)}[/], first of {len(found.seeds)} seeds (chip or GPU; "
        "≤: its first checkpoint was there)",
    )
    console.print(grid)
    if found.ruler.counting is not None:
        say_styled(console, f"{found.ruler.counted}, on the same data: {found.ruler.counting:.3f} {task.unit}.")
    if floors := floors_sentence(found.contenders):
        say_styled(console, escape(floors))


def _print_bill(console: Console, analog: Contender, stop: Stop, example: str) -> None:
    """Where the joules of the analog run go, and how far each is from its thermal floor."""
    from ...energy_models.prices.bill import Interval
    from ..compare.wording import plain_number

    bill = stop.bill
    grid = Table()
    for heading in ("component", "J", "share", "90 % interval", "over its floor"):
        grid.add_column(heading, justify="left" if heading == "component" else "right")
    shares = {c: bill.nominal(c) / bill.joules for c in bill.components}
    small = [c for c in bill.components if shares[c] < _SMALLEST_SHARE]
    rows = [(c, [c], bill.interval(c)) for c in sorted(shares, key=lambda c: -shares[c]) if c not in small]
    if small:
        draws = np.sum([bill.samples[c] for c in small], axis=0)
        rows.append((f"{len(small)} others", small, Interval.of(sum(bill.nominal(c) for c in small), draws)))
    for name, components, i in rows:
        interval = f"{plain_number(i.low)} to {plain_number(i.high)}"
        share = f"{i.nominal / bill.joules:.1%}"
        grid.add_row(name, plain_number(i.nominal), share, interval, _over_floor(bill, components))
    say_styled(console, f"[bold]{escape(analog.title)}[/]: after {stop.examples:,} {example}s")
    console.print(grid)


def _over_floor(bill: Bill, components: Sequence[str]) -> str:
    """How many times its thermal floor a row of the bill spends (the least of several), or that there is none, and why."""
    from ...energy_models import why_no_floor
    from ..compare.wording import plain_number

    etas = [eta for eta in map(bill.eta, components) if not math.isnan(eta)]
    if not etas:
        return f"none: {why_no_floor(components[0])}"
    return f"{'at least ' if len(components) > 1 else ''}{plain_number(min(etas))} times"


def _print_influences(console: Console, found: Comparison) -> None:
    """What else than prices moves the ratio, and the interval that holds all of it."""
    from ..compare.influence import sentences

    if found.verdict.ratio is not None:
        for line in sentences(found.verdict.ratio.nominal, found.influences):
            say(console, line)


def _print_ratios(console: Console, found: Comparison) -> None:
    """The whole ratio and its two factors, each with its interval."""
    from ..compare.wording import compared

    v = found.verdict
    limits: tuple[tuple[str, Interval | None, Bound], ...] = (
        (f"the {found.ruler.rival} at the best matrix product, a lower bound", v.ratio_bound, v.limit),
        ("the same model on the GPU (the factor of the hardware)", v.hardware, v.limit_hardware),
        ("the same model on digital lanes of the chip's own node", v.same_node, None),
    )
    for other, ratio, limit in limits:
        if ratio is not None:
            say(console, f"Against {other}: the analog one {compared(ratio, limit, 'it')}.")
    if v.algorithm is not None:
        than = f"the {found.ruler.rival} there"
        say(console, f"On the GPU (the factor of the algorithm): our model {compared(v.algorithm, None, than)}.")
