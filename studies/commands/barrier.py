"""What `revpath barrier` prints and draws: the road lever by lever, and who can afford which model by year and by step."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...devices.base.files import results_folder, write_whole

if TYPE_CHECKING:
    from ...energy_models.framework.barrier import Affordable
    from ...energy_models.prices.bill import Interval
    from ..compare.revolution import Factor, Revolution
    from .forms import Form

_CAPTION = (
    "The largest model that a budget trains. Left: by year, on the cheapest GPU priced that year; stars: models of record, hollow "
    "where their size is rumoured, sparse or of another kind. Right: after each step that today's baseline has not taken, at the "
    "median of the levers' ranges; hollow markers at the right, where there are any: our own comparison, with its 90 %. Cost law and "
    "steps: Faraboschi et al., arXiv:2404.08811 (2024)."
)


def run_barrier(out: Path, results: Path | None, console: Console | None = None) -> list[Path]:
    """Print the road and what it buys, and write barrier.csv and the figure into a folder.

    Parameters
    ----------
    results : Path, optional
        a result.json of `revpath compare`, or the folder of one, whose measured factor is the revolutionary path;
        without one, it is left out.
    """
    from matplotlib.figure import Figure

    from ...devices.base.style import save_figure, style
    from ...energy_models.figures.barrier import plot_by_step, plot_by_year
    from ...energy_models.framework.barrier import by_step, by_year
    from ..compare.result import read_result, result_file
    from ..compare.revolution import revolution
    from .console import wide_console

    console = console or wide_console()
    factor = None
    if results is not None:
        read_result(results)  # refuses what is not complete
        factor = revolution(result_file(results))
    rows = by_step(revolutionary=factor.factor.times.nominal if factor else None)
    console.print(_levers())
    for line in [*_product(), *_revolution(factor)]:
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print(_affordable(rows))
    console.print(_beside())
    folder = results_folder(out)
    write_whole(folder / "barrier.csv", _as_csv([*by_year(), *rows]).encode())
    with style():
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_by_year(left)
        plot_by_step(right, factor)
    return [
        folder / "barrier.csv",
        *save_figure(figure, folder / "barrier", provenance="revpath barrier", caption=_CAPTION),
    ]


def print_levers(form: Form) -> None:
    """The levers alone, as JSON, CSV or LaTeX."""
    from ...energy_models.framework.road import levers_table
    from .forms import print_frame

    print_frame(levers_table(), form)


def _levers() -> Table:
    from rich import box

    from ...energy_models.framework.road import levers

    title = "The levers: published effects, each against a baseline of its own (those of the road: *, taken already: +)"
    grid = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("lever", "stage", "enters", "times", "range", "evidence"):
        grid.add_column(
            heading,
            justify="right" if heading in ("times", "range") else "left",
            overflow="fold",
            min_width=16 if heading == "lever" else 0,
        )
    for step in levers():
        record = step.factor()
        low, high = (getattr(record.uncertainty, end, None) for end in ("low", "high"))
        mark = (" *" if step.counts else "") + (" +" if step.in_baseline else "")
        grid.add_row(
            escape(step.name) + mark,
            step.stage,
            step.enters,
            f"{record.value:.4g}",
            "" if low is None else f"{low:.3g} to {high:.3g}",
            f"{record.evidence}, {record.read_in}",
        )
    return grid


def _product() -> list[str]:
    import numpy as np

    from ...energy_models.framework.road import road, saving
    from ...energy_models.sensitivity import propagate

    lines = []
    for title, steps in (
        ("all seven items", road()),
        ("those that today's best run has not taken", [step for step in road() if not step.in_baseline]),
    ):
        found = propagate(saving(steps))
        lines.append(f"Evolutionary road, {title}: {_times(float(np.median(found.samples)), found.interval)}.")
    return [*lines, "That they multiply is the paper's assumption, not a finding; a change of machine counts once."]


def _times(median: float, product: Interval) -> str:
    """How many times cheaper over the ranges of the levers, and at the published figures as stated."""
    return (
        f"{median:.0f} times cheaper ({product.low:.0f} to {product.high:.0f}, 90 %) over the ranges of the levers; "
        f"{product.nominal:.0f} at the published figures as stated"
    )


def _revolution(found: Revolution | None) -> list[str]:
    if found is None:
        return ["Revolutionary path: no comparison given. `revpath compare` makes one; then --results DIR."]
    lines = [f"Revolutionary path, as our own comparison measured it: {found.sentence}"]
    lines += [f"- against {_factor(one)}" for one in (found.factor, *found.others)]
    if found.not_reached:
        lines.append(
            f"- not reached by the analog EBM, though by the rival: {', '.join(f'{b:g}' for b in found.not_reached)}"
        )
    return [
        *lines,
        "- one small text, models of some 1e5 parameters: that it holds at the sizes drawn is nobody's finding; and it is of "
        "energy, drawn as if dollars went with energy.",
    ]


def _factor(one: Factor) -> str:
    limit = f"{one.limit} " if one.limit else ""
    return (
        f"{one.against}, at a loss of {one.quality:g}: its joules over those of the analog EBM {limit}"
        f"{one.times.nominal:.2g} (90 %: {one.times.low:.2g} to {one.times.high:.2g})"
    )


def _affordable(rows: list[Affordable]) -> Table:
    from rich import box

    places = list(dict.fromkeys(row.where for row in rows))
    title = "Largest model, in 1e9 parameters at 20 tokens each, by budget (median over the levers' ranges)"
    grid = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("step", *dict.fromkeys(f"{row.budget.replace('_', ' ')}\n${row.dollars:,.0f}" for row in rows)):
        grid.add_column(heading, justify="left" if heading == "step" else "right")
    for place in places:
        grid.add_row(place.replace("\n", " "), *(f"{row.parameters / 1e9:.3g}" for row in rows if row.where == place))
    return grid


def _beside() -> Table:
    from rich import box

    from ...energy_models.framework.beside import beside

    grid = Table(title="Beside the compute", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("what", "the number is", "", "90 %"):
        grid.add_column(heading, justify="right" if heading in ("", "90 %") else "left")
    for row in beside():
        i = row.found.interval
        grid.add_row(row.name, row.what, f"{i.nominal:.3g}", f"{i.low:.2g} to {i.high:.2g}")
    return grid


def _as_csv(rows: list[Affordable]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("where", "budget", "dollars", "parameters", "as_published"))
    table.writerows(
        (
            row.where.replace("\n", " "),
            row.budget,
            f"{row.dollars:g}",
            f"{row.parameters:.4g}",
            f"{row.as_published:.4g}",
        )
        for row in rows
    )
    return text.getvalue()
