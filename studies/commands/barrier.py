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


def run_barrier(out: Path, results: Path | None, console: Console | None = None) -> list[Path]:
    """Print the road and what it buys, and write barrier.csv and the figure into a folder.

    results: a result.json of `revpath compare`, or the folder of one, whose measured factor is the revolutionary
        path; without one, it is left out.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from ...energy_models.figures.barrier import plot_by_step, plot_by_year
    from ...energy_models.framework.barrier import by_step, by_year
    from ..compare.figure import STYLE, save
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
    folder = results_folder(out)
    write_whole(folder / "barrier.csv", _as_csv([*by_year(), *rows]).encode())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.0, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_by_year(left)
        plot_by_step(right, factor)
    return [folder / "barrier.csv", *save(figure, folder / "barrier")]


def _levers() -> Table:
    from ...energy_models.framework.road import levers

    grid = Table(title="The levers: published effects, each against a baseline of its own")
    for heading in ("lever", "item of the paper", "stage", "enters", "times", "range", "in the road", "evidence"):
        grid.add_column(heading, justify="right" if heading in ("times", "range") else "left")
    for step in levers():
        record = step.factor()
        low, high = (getattr(record.uncertainty, end, None) for end in ("low", "high"))
        place = ("baseline has it" if step.in_baseline else "yes") if step.counts else ""
        grid.add_row(
            escape(step.name),
            step.item or "",
            step.stage,
            step.enters,
            f"{record.value:g}",
            "" if low is None else f"{low:g} to {high:g}",
            place,
            f"{record.evidence}, read in {record.read_in}",
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
    """How many times cheaper over the ranges of the levers, and with every best case at once."""
    return (
        f"{median:.0f} times cheaper ({product.low:.0f} to {product.high:.0f}, 90 %) over the ranges of the levers; "
        f"{product.nominal:.0f} if every best published case held at once"
    )


def _revolution(found: Revolution | None) -> list[str]:
    if found is None:
        return ["Revolutionary path: no comparison given. `revpath compare` makes one; then --results DIR."]
    lines = [f"Revolutionary path, as our own comparison measured it: {found.sentence}"]
    lines += [f"- against {_factor(one)}" for one in (found.factor, *found.others)]
    if found.not_reached:
        lines.append(
            f"- not reached by the analog EBM, though by the transformer: {', '.join(f'{b:g}' for b in found.not_reached)} bits/char"
        )
    return [
        *lines,
        "- one small text, models of some 1e5 parameters: that it holds at the sizes drawn is nobody's finding; and it is of "
        "energy, drawn as if dollars went with energy.",
    ]


def _factor(one: Factor) -> str:
    limit = f"{one.limit} " if one.limit else ""
    return (
        f"{one.against}, at {one.quality:g} bits/char: its joules over those of the analog EBM {limit}"
        f"{one.times.nominal:.2g} (90 %: {one.times.low:.2g} to {one.times.high:.2g})"
    )


def _affordable(rows: list[Affordable]) -> Table:
    places = list(dict.fromkeys(row.where for row in rows))
    grid = Table(title="Largest model, in 1e9 parameters at 20 tokens each, by budget")
    for heading in ("step", *dict.fromkeys(f"{row.budget.replace('_', ' ')} ${row.dollars:,.0f}" for row in rows)):
        grid.add_column(heading, justify="left" if heading == "step" else "right")
    for place in places:
        grid.add_row(place.replace("\n", " "), *(f"{row.parameters / 1e9:.3g}" for row in rows if row.where == place))
    return grid


def _as_csv(rows: list[Affordable]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("where", "budget", "dollars", "parameters", "at_best"))
    table.writerows(
        (row.where.replace("\n", " "), row.budget, f"{row.dollars:g}", f"{row.parameters:.4g}", f"{row.at_best:.4g}")
        for row in rows
    )
    return text.getvalue()
