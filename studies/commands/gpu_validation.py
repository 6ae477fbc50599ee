"""The GPU model beside the training runs of record: what was metered, how far off the model is, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...energy_models.gpu.metered import SHORTEST, SMALLEST, MeteredRun, fit
from ...energy_models.gpu.runs import runs
from ...energy_models.validation.gpus import (
    LeftOut,
    Named,
    energy_left_out,
    hours_left_out,
    null_blind,
    null_left_out,
    power_blind,
    power_left_out,
    summary,
)

if TYPE_CHECKING:
    import pandas as pd

GOAL = 0.15
"""The leave-one-out error that the project set itself where energy was measured."""
_BASES = {"measured": "metered power x hours", "scaled": "another GPU's power, scaled", "rated": "rated power x hours"}

_CAPTION = (
    "Modelled beside metered energy of published trainings, each run left out of its own fit. Left: from the GPU-hours that were "
    "published; hollow: small models and short runs, which the model is not for. Right: from parameters, tokens and the GPU alone."
)


def print_validation(console: Console, out: Path | None = None) -> list[Path]:
    """Print both tables and their reading; with a folder, write gpu_validation.csv and the figure too."""
    alone, papers = power_left_out("run"), power_left_out("paper")
    console.print(_metered_table(alone, papers))
    for line in [*_reading(alone, papers), *_harder()]:
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print(_blind_table())
    console.print(_record_table())
    return [] if out is None else _write(out, alone)


def _metered_table(alone: Sequence[LeftOut[MeteredRun]], papers: Sequence[LeftOut[MeteredRun]]) -> Table:
    grid = Table(
        show_edge=False,
        pad_edge=False,
        title="Energy in known GPU-hours: mean watts a GPU, every constant fitted without the run",
        caption="meter: around the GPUs alone, or the node; paper: error with the whole paper left out; null: error of rated "
        "power times the median share of the others. * a small model or a short run, for which the model makes no claim; "
        "h: no other node with that GPU was metered, so its host is assumed",
    )
    rows = _metered_rows(alone, papers)
    left = ("run", "GPU", "meter")
    for heading in (*left, "W", "model", "error", "paper", "null"):
        fits = max(len(row[0]) for row in rows) if heading == "run" else None  # names are never cut
        grid.add_column(heading, justify="left" if heading in left else "right", min_width=fits)
    for row in rows:
        grid.add_row(*map(escape, row))
    return grid


def _metered_rows(alone: Sequence[LeftOut[MeteredRun]], papers: Sequence[LeftOut[MeteredRun]]) -> list[tuple[str, ...]]:
    """Cells of the table, runs inside the model's claim first."""
    null, rows = {left.run.name: left for left in null_left_out()}, []
    for one, other in sorted(zip(alone, papers, strict=True), key=lambda pair: not pair[0].run.inside):
        run = one.run
        rows.append(
            (
                run.name + ("" if run.inside else " *"),
                run.gpu.name.upper(),
                "GPU" if run.encloses == "gpu" else "node",
                f"{one.published:.0f}",
                f"{one.model:.0f}",
                *(f"{left.error:+.0%}" + ("h" if left.prior else "") for left in (one, other)),
                f"{null[run.name].error:+.0%}" if run.name in null else "",
            )
        )
    return rows


def _reading(alone: Sequence[LeftOut[MeteredRun]], papers: Sequence[LeftOut[MeteredRun]]) -> list[str]:
    inside = [left for left in alone if left.run.inside]
    outside = [left for left in alone if not left.run.inside]
    apart = [left for left in papers if left.run.inside]
    known = [left for left in inside if left.run.flops]
    constants = fit()
    return [
        f"Goal, a mean error of {GOAL:.0%} leave-one-out where energy was measured, read as: energy in known GPU-hours, the energy "
        "model's own job.",
        f"- run left out: {_brief(inside)}.",
        f"- of these, FLOPs published, so that the utilisation is known: {_brief(known)}.",
        f"- whole paper left out: {_brief(apart)}. Without any metered system of a GPU its host is assumed, and a P100 is then "
        "foretold badly.",
        f"- beside it a model without physics, rated power times the median share of the others: {_brief(null_left_out())}; whole "
        f"paper left out: {_brief(null_left_out('paper'))}. What ours adds is the difference.",
        f"- outside the claim (models below {SMALLEST:.0e} parameters, runs below {SHORTEST:g} minutes: GPUs wait): "
        f"{_brief(outside)}. We drew this line after we had seen them.",
        f"Fitted: busy share {constants.busy:.2f} (median of {_fitted(alone)} runs), hosts "
        + ", ".join(f"{n.upper()} {w:.0f} W" for n, w in constants.hosts.items() if n not in constants.assumed)
        + f", utilisation {constants.utilisation:.2f} where FLOPs are not published.",
        f"Blind, trainings that Zeus metered, to which nothing was fitted: {_brief([b for b in power_blind() if b.run.inside])}; the "
        f"model without physics: {_brief([b for b in null_blind() if b.run.inside])}.",
        f"All runs with GPUs metered alone that were fitted to are by Ai2 and partners, {len(inside)} runs are few, and none is on a "
        "GPU after the H100.",
    ]


def _fitted(found: Sequence[LeftOut[MeteredRun]]) -> int:
    return sum(left.run.inside and left.run.encloses == "gpu" for left in found)


def _harder() -> list[str]:
    return [
        "Harder, and not the goal, from parameters, tokens and GPU alone (the hours are foretold too):",
        f"- energy, utilisation as the mean of the others: {_brief(energy_left_out('mean'))}.",
        f"- energy, utilisation as a power of the parameters (2 constants): {_brief(energy_left_out('size'))}; whole paper "
        f"left out: {_brief(energy_left_out('size', 'paper'))}.",
        f"- GPU-hours, mean of the others: {_brief(hours_left_out('mean'))}; power of the parameters: "
        f"{_brief(hours_left_out('size'))}.",
        "So energy from P, T and GPU alone misses the goal: at one size, groups of people keep GPUs busy to shares that differ "
        "by a factor of two, and nothing published foretells it.",
    ]


def _brief(found: Sequence[LeftOut[Named]]) -> str:
    s = summary(found, GOAL)
    worst = max(found, key=lambda left: abs(left.error))
    sizes = f"median {s.median:.0%}, mean {s.mean:.0%}, worst {s.worst:.0%} ({worst.run.name})"
    return f"{s.within} of {s.count} within {GOAL:.0%}, {sizes}"


def _blind_table() -> Table:
    grid = Table(
        show_edge=False,
        pad_edge=False,
        title="Trainings metered by Zeus, to which nothing was fitted: mean watts a GPU",
        caption="rated: of the board; both models are scaled by it. null: rated power times the median share of the GPUs above "
        "that were metered alone. * a small model",
    )
    for heading in ("run", "GPU", "rated", "W", "model", "error", "null"):
        grid.add_column(heading, justify="left" if heading in ("run", "GPU") else "right")
    for one, null in zip(power_blind(), null_blind(), strict=True):
        name = one.run.name + ("" if one.run.inside else " *")
        watts = (f"{one.run.rated_W:.0f}", f"{one.published:.0f}", f"{one.model:.0f}")
        grid.add_row(escape(name), one.run.gpu.name.upper(), *watts, f"{one.error:+.0%}", f"{null.error:+.0%}")
    return grid


def _record_table() -> Table:
    energy = {left.run.name: left for left in energy_left_out("size")}
    hours = {left.run.name: left for left in hours_left_out("mean")}
    grid = Table(title="Runs of record, from parameters, tokens and GPU alone, each left out")
    for heading in ("run", "GPU", "year", "what the published energy is", "energy", "GPU-hours"):
        grid.add_column(
            heading, justify="right" if heading in ("energy", "GPU-hours", "year") else "left", overflow="fold"
        )
    for run in runs():
        basis = _BASES[run.basis] if run.basis else "none published"
        if run.basis == "measured":
            basis += ", hours not published" if run.hours is None else ""
        cells = [f"{pool[run.name].error:+.0%}" if run.name in pool else "" for pool in (energy, hours)]
        grid.add_row(run.name, run.gpu.name.upper(), str(run.year), basis, *cells)
    return grid


def metered_frame() -> pd.DataFrame:
    """A row for each metered training: watts a GPU as published, by our model, and by the null model without physics.

    Errors are relative, of a model that was fitted without the run, or without its whole paper. ``blind``: nothing was
    fitted to it. ``inside_claim`` is false for small models and short runs, of which the null model says nothing unless it
    is blind. ``host_assumed``: no other node with that GPU was metered.
    """
    import pandas as pd

    null = {left.run.name: left for left in null_left_out()}
    rows = []
    for one, paper in zip(power_left_out("run"), power_left_out("paper"), strict=True):
        run, other = one.run, null.get(one.run.name)
        rows.append(
            {
                "run": run.name,
                "gpu": run.gpu.name,
                "paper": run.paper,
                "encloses": run.encloses,
                "inside_claim": run.inside,
                "blind": False,
                "published_W": one.published,
                "model_W": one.model,
                "error": one.error,
                "error_paper_left_out": paper.error,
                "host_assumed": one.prior,
                "null_model_W": None if other is None else other.model,
                "null_error": None if other is None else other.error,
                "meter": run.meter,
            }
        )
    for one, other in zip(power_blind(), null_blind(), strict=True):
        run = one.run
        rows.append(
            {
                "run": run.name,
                "gpu": run.gpu.name,
                "paper": run.paper,
                "encloses": "gpu",
                "inside_claim": run.inside,
                "blind": True,
                "published_W": one.published,
                "model_W": one.model,
                "error": one.error,
                "null_model_W": other.model,
                "null_error": other.error,
                "meter": run.meter,
            }
        )
    return pd.DataFrame(rows)


def _write(out: Path, alone: Sequence[LeftOut[MeteredRun]]) -> list[Path]:
    from ...devices.base.files import results_folder, write_whole

    folder = results_folder(out)
    path = folder / "gpu_validation.csv"
    write_whole(path, metered_frame().to_csv(index=False, lineterminator="\n").encode())
    return [path, *_figure(folder, alone)]


def _figure(folder: Path, alone: Sequence[LeftOut[MeteredRun]]) -> list[Path]:
    from matplotlib.figure import Figure

    from ...devices.base.style import save_figure, style
    from ...energy_models.figures.runs import plot_modelled

    with style():
        figure = Figure(figsize=(7.0, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_modelled(alone, left, goal=GOAL, unit="W a GPU")
        left.set_title("in known hours (hollow: small, short)")
        plot_modelled(energy_left_out("size"), right, goal=GOAL, unit="MWh", scale=3.6e9)
        right.set_title("from parameters, tokens, GPU alone")
        left.legend(loc="lower right", title=f"band: {GOAL:.0%}")
    return save_figure(figure, folder / "gpu_validation", provenance="revpath gpu", caption=_CAPTION)
