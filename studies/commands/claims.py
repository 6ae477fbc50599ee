"""`revpath claims`: the published advantage factors, computed again, as a table, a CSV file and a figure; or one in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ...energy_models.claims.claim import Tested
    from ...energy_models.prices.bill import Interval
    from .forms import Form

_STYLES = {
    "reproduced": "green",
    "explained": "blue",
    "not explained": "cyan",
    "conditional": "magenta",
    "outdated": "red",
    "refuted": "bold red",
    "not recomputable": "yellow",
    "no factor": "dim",
}
_MARKS = {"own": "", "memory": " m", "independent": " i", "none": ""}
_INDENT = 6

_CAPTION = (
    "Published advantage factors of analog and other unusual hardware: as published, as computed again, and against today's baselines "
    "at the facility's boundary (bars: central 90 %). Rows that share a machine and a baseline share today's value."
)


def run_claims(
    name: str | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    console: Console | None = None,
    form: Form = "table",
    doubts: bool = False,
) -> list[Path]:
    """Compute the claims, or those of one name, and print them.

    Into a folder, if given, go ``claims.csv``, ``claims.pdf`` and ``claims.png`` of what was computed.

    Raises
    ------
    UnknownName
        no claim is called so.
    """
    from ...energy_models.claims.catalogue import retest
    from .console import wide_console

    tested = retest(name, seed=seed)
    console = console or wide_console()
    if form != "table":
        from ...energy_models.claims.table import claims_table
        from .forms import print_frame

        print_frame(claims_table(tested) if form != "latex" else _for_papers(tested), form)
    elif name is None:
        print_claims(tested, console, doubts=doubts)
    else:
        for each in tested:
            print_claim(each, console, doubts=doubts)
    return [] if out is None else write_claims(tested, out)


def _for_papers(tested: Sequence[Tested]) -> pd.DataFrame:
    """The columns of the printed table."""
    from ...energy_models.claims.table import claims_table

    return claims_table(tested).filter(["claim", "title", "published", "own", "today", "low", "high", "verdict"])


def print_claims(tested: Sequence[Tested], console: Console, *, doubts: bool = True) -> None:
    """The table, the rule, a paragraph a claim, what they lean on, and the sources by number."""
    console.print(_table(tested))
    _rule(console)
    numbers = {source: i for i, source in enumerate(sorted({s for t in tested for s in t.sources}), 1)}
    for t in tested:
        _paragraph(t, console, numbers)
    _lean(tested, console, doubts)
    for source, number in numbers.items():
        _say(console, f"[{number}] {source}")


def print_claim(t: Tested, console: Console, *, doubts: bool = True) -> None:
    """One claim in full: why, the steps and boundaries, GPUs by year, records and sources."""
    from ...energy_models.claims.claim import BOUNDARIES
    from ...energy_models.claims.table import figure

    console.print(_table([t]))
    _paragraph(t, console, {})
    if t.published is not None:
        grid = _grid("boundary", "step", "factor", "product", right=2)
        grid.add_row("", "as published", "", figure(t.published))
        products = list(accumulate((value for _, _, value in t.steps), mul, initial=t.published))[1:]
        for (step, stage, value), product in zip(t.steps, products, strict=True):
            grid.add_row(stage, escape(step), f"{value:.3g}", figure(product))
        console.print(grid)
        grid = _grid("boundary", "factor", "90 %", right=2)
        for boundary in BOUNDARIES:
            at = t.at(boundary)
            if at is not None:
                grid.add_row(boundary, figure(at), _span(t.boundaries[boundary].interval))
        console.print(grid)
        _say(console, "Products are at the records' stated values, factors at boundaries medians of draws.")
    grid = _grid("record", "value", "unit", "evidence", "read in", right=0)
    for id, record in sorted(t.records.items()):
        grid.add_row(id, f"{record.value:.4g}", record.unit, record.evidence.value, record.read_in.value)
    if t.records:
        console.print(grid)
    _lean([t], console, doubts)
    for source in dict(sorted((r.source.citation, r.source) for r in t.records.values())).values():
        _say(console, f"- {source.citation} {source.url}")


def _table(tested: Sequence[Tested]) -> Table:
    from ...energy_models.claims.table import short

    grid = _grid("", "claim", "published", "again", "today", "90 %", "verdict", right=4, first=2)
    for t in tested:
        again = t.recomputed
        grid.add_row(
            t.claim.key,
            escape(t.claim.title),
            "none" if t.published is None else short(t.published),
            "" if again is None else f"{short(again)}{_MARKS[t.claim.basis]}",
            "" if t.today is None else short(t.today),
            "" if t.today is None else _span(t.boundaries["facility"].interval),
            f"[{_STYLES[t.verdict]}]{t.verdict}{'*' if t.edges else ''}[/]",
        )
    return grid


def _grid(*headings: str, right: int, first: int = 2) -> Table:
    """A table without frames; `right` columns from number `first` on stand to the right."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for i, heading in enumerate(headings):
        numeric = first <= i < first + right
        whole = numeric or heading in ("", "verdict")
        grid.add_column(heading, justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
    return grid


def _paragraph(t: Tested, console: Console, numbers: Mapping[str, int]) -> None:
    from ...energy_models.claims.claim import BOUNDARIES
    from ...energy_models.claims.table import because, figure, went

    console.print(
        f"[bold]{t.claim.key}[/] {escape(t.claim.title)} ({t.claim.about}): [{_STYLES[t.verdict]}]{t.verdict}[/]"
    )
    parts = [because(t)]
    if steps := went(t):
        parts.append(f"Steps: {steps}.")
    if t.boundaries:
        parts.append("At " + ", ".join(f"{b} {figure(t.at(b) or 0)}" for b in BOUNDARIES) + ".")
    if t.by_year:
        told = ", ".join(f"{year} {figure(value)}" for year, value in t.by_year)
        parts.append(f"Over the best matrix product of a GPU of {told}.")
    parts += [f"{name[0].upper()}{name[1:]}: {figure(value)}." for name, value in t.notes]
    if t.claim.quality:
        parts.append(f"Quality: {t.claim.quality}.")
    if t.claim.missing:
        parts.append(f"Missing: {t.claim.missing}.")
    if numbers and t.sources:
        parts.append("Sources: " + " ".join(f"[{numbers[source]}]" for source in t.sources))
    console.print(Padding(escape(" ".join(parts)), (0, 0, 0, _INDENT)), highlight=False)


def _rule(console: Console) -> None:
    from ...energy_models.claims.claim import AGREES, EDGE, REASONS, SAME

    _wrapped(
        console,
        "again: computed anew, from the work's own numbers; m: those from memory; i: independent or partial numbers of the "
        f"same kind. today: median over the draws, at the facility's boundary. *: on a knife's edge, within {EDGE - 1:.0%} of a "
        "threshold.",
    )
    _wrapped(
        console,
        f"refuted: its own numbers miss it by more than {AGREES['own']:g} times. conditional: nothing is left where its "
        "condition does not hold. outdated: nothing is left over today's baselines. not recomputable: what was read does not "
        f"give it (m within {AGREES['memory']:g}, i within {AGREES['independent']:g} times), and cannot refute it. reproduced: "
        f"its own numbers give it, and today's is within {SAME:g} times of it or encloses it. explained: steps with a reason "
        f"make {REASONS:.0%} of the way to today's factor. not explained: they do not; the rest is a remainder, or another "
        "machine in place of the claimed one.",
    )


def _lean(tested: Sequence[Tested], console: Console, whole: bool) -> None:
    from ..doubts import leaning

    said = leaning("These claims", {id for t in tested for id in t.shaky}, whole=whole)
    if said:
        _wrapped(console, said)


def _span(interval: Interval) -> str:
    from ...energy_models.claims.table import short

    return f"{short(interval.low, 2)} to {short(interval.high, 2)}"


def write_claims(tested: Sequence[Tested], folder: Path) -> list[Path]:
    """``claims.csv`` and the figure."""
    from ...devices.base.files import results_folder, write_whole
    from ...devices.base.style import save_figure
    from ...energy_models.claims.table import claims_table

    folder = results_folder(folder)
    table = folder / "claims.csv"
    write_whole(table, claims_table(tested).to_csv(index=False, lineterminator="\n").encode())
    return [
        table,
        *save_figure(claims_figure(tested), folder / "claims", provenance="revpath claims", caption=_CAPTION),
    ]


def claims_figure(tested: Sequence[Tested]) -> Figure:
    from matplotlib.figure import Figure

    from ...devices.base.style import style
    from ...energy_models.figures.claims import plot_claims

    rows = sum(t.published is not None for t in tested)
    with style():
        figure = Figure(figsize=(7.0, 1.5 + 0.28 * max(rows, 1)), layout="constrained")
        plot_claims(tested, figure.subplots())
    return figure


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)


def _wrapped(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False)
