"""`revpath sweep`, `collate`, `plot`, `price` and `store`: a study from its file to a figure."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Csv, Json, Latex, chosen_form

if TYPE_CHECKING:
    from ..sweeps.engine import Summary
    from ..sweeps.pilot import Pilot
    from ..sweeps.store import Store
    from ..sweeps.study import Study

INTERRUPTED = 130
STORE = Path("revpath-store")
StoreOption = Annotated[Path, typer.Option(help="Folder of the store; several studies may share one.")]
StudyArgument = Annotated[
    str, typer.Argument(help="A study file, or one that is shipped; `revpath sweep` without one lists these.")
]
store_app = typer.Typer(no_args_is_help=True, help="Look after a store.", rich_markup_mode=None)


def sweep(
    study: Annotated[str | None, typer.Argument(help="A study file, or the name of one that is shipped.")] = None,
    store: StoreOption = STORE,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    shard: Annotated[str, typer.Option(help="i/n: the i-th of n shares, for array jobs.")] = "0/1",
    timeout: Annotated[float | None, typer.Option(help="Seconds that one run may take.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://...")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run, and how long it would take.")
    ] = False,
    pilot: Annotated[float, typer.Option(min=0.1, help="Seconds that --dry-run may spend on trying one run.")] = 30.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed or timed out.")] = False,
    tasks: Annotated[Path | None, typer.Option(help="A Python file of tasks of your own: it is run.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No bar; one line at the end.")] = False,
) -> None:
    """Run what a study lacks; interrupted at any moment, it goes on from there."""
    from ..sweeps.engine import run
    from ..sweeps.store import Store

    if study is None:
        _list_studies()
        return
    plan = read(study, tasks)
    place = Store(store)
    share = _shard(shard)
    if dry_run:
        _dry_run(plan, place, share, pilot, workers)
        return
    with _bar(quiet) as tell:
        summary = run(
            plan,
            place,
            workers=workers,
            shard=share,
            timeout_s=timeout,
            retry_failed=retry_failed,
            cluster=cluster,
            tell=tell,
        )
    print(_sentence(plan, summary))
    for failure in summary.failures[:5]:
        print(f"  failed: {_plain(failure)}", file=sys.stderr)
    if summary.stopped:
        raise typer.Exit(INTERRUPTED)
    if summary.failures:
        raise typer.Exit(1)


def collate(
    study: StudyArgument,
    store: StoreOption = STORE,
    out: Annotated[Path | None, typer.Option(help=".nc (xarray), .parquet or .csv; default: STUDY.nc.")] = None,
    chip: Annotated[str | None, typer.Option(help="Add joules, by the prices of this chip.")] = None,
    tasks: Annotated[Path | None, typer.Option(help="A Python file of tasks of your own: it is run.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Write what the store holds of a study as one labelled file, or print it, a row a run."""
    from ..sweeps.collate import save, to_frame
    from ..sweeps.store import Store
    from .forms import print_frame

    form, plan = chosen_form(as_json, as_csv, as_latex), read(study, tasks)
    path = out or Path(f"{plan.name}.nc")
    options: dict[str, Any] = {"priced": True, "chip": chip} if chip else {}
    if form != "table":
        print_frame(to_frame(plan, Store(store), **options), form)
        return
    print(f"wrote {save(plan, Store(store), path, **options)}")


def plot(
    study: StudyArgument,
    store: StoreOption = STORE,
    out: Annotated[Path, typer.Option(help="Folder for the figure and its caption.")] = Path("."),
    kind: Annotated[str | None, typer.Option(help="line, heatmap, pareto, parallel or sensitivity.")] = None,
    x: Annotated[str | None, typer.Option(help="Axis along the figure.")] = None,
    y: Annotated[str | None, typer.Option(help="Axis up a heat map.")] = None,
    lines: Annotated[str | None, typer.Option(help="Axis with a line for each value.")] = None,
    panels: Annotated[str | None, typer.Option(help="Axis with a panel for each value.")] = None,
    value: Annotated[str | None, typer.Option(help="Quantity that is shown; joules prices the runs.")] = None,
    width: Annotated[str, typer.Option(help="column (3.4 in), page (7 in) or slide (10 in).")] = "page",
    chip: Annotated[str | None, typer.Option(help="Whose prices joules are.")] = None,
    tasks: Annotated[Path | None, typer.Option(help="A Python file of tasks of your own: it is run.")] = None,
) -> None:
    """Draw a study from its store; nothing is simulated."""
    from ...devices.base.files import results_folder
    from ..sweeps.figure import caption, save
    from ..sweeps.figure import plot as draw
    from ..sweeps.store import Store

    plan, place = read(study, tasks), Store(store)
    drawn: dict[str, Any] = {"kind": kind, "x": x, "y": y, "lines": lines, "panels": panels, "value": value}
    figure = draw(plan, place, width=width, chip=chip, **drawn)
    stem = results_folder(out) / "-".join(part for part in (plan.name, kind, value) if part)
    written = save(figure, stem, plan, caption=caption(plan, place, value=value, chip=chip))
    print(f"wrote {', '.join(map(str, written))}")


def price(
    study: StudyArgument,
    store: StoreOption = STORE,
    chip: Annotated[list[str] | None, typer.Option(help="A chip of the library or a file; may be given again.")] = None,
    scope: Annotated[str, typer.Option(help="array, macro, chip, node or facility.")] = "chip",
    draws: Annotated[int, typer.Option(min=100, help="Draws over the uncertainties of the records.")] = 1_000,
    out: Annotated[Path | None, typer.Option(help="A CSV file with a row for each run.")] = None,
    tasks: Annotated[Path | None, typer.Option(help="A Python file of tasks of your own: it is run.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Price the stored runs of a study again, on one chip or several; nothing is trained."""
    import pandas as pd

    from ...devices.base.errors import RevpathError
    from ...devices.base.files import write_whole
    from ..sweeps.pricing import CHIP, price_study
    from ..sweeps.store import Store
    from .forms import print_frame

    form = chosen_form(as_json, as_csv, as_latex)
    plan, place = read(study, tasks), Store(store)
    paths = [path for axis in plan.dimensions for path in axis.paths]
    if "chip" in paths:
        raise RevpathError(f"study = {plan.name!r} has chips on an axis and prices itself: see `revpath collate`")
    started, tables = time.monotonic(), []
    options: dict[str, Any] = {"scope": scope, "n_draws": draws}
    for name in chip or [CHIP]:
        tables.append(price_study(plan, place, chip=name, **options).assign(chip=name))
    table = pd.concat(tables, ignore_index=True)
    if out is not None:
        write_whole(out, table.to_csv(index=False).encode())
        print(f"wrote {out}", file=None if form == "table" else sys.stderr)
    shown: Any = table.groupby(["chip", *paths], sort=False)[
        [plan.measured, "joules", "joules_low", "joules_high"]
    ].mean()
    if form != "table":  # a paper's table has a row a point, as the one that is printed; other programs get every run
        print_frame(shown.reset_index() if form == "latex" else table, form)
        return
    print(shown.map("{:.3g}".format).to_string())
    unpriced = table[table["unpriced"] != ""]
    print(f"{len(table)} runs priced in {time.monotonic() - started:.1f} s, {len(unpriced)} of them without a price")
    for reason, rows in unpriced.groupby("unpriced"):
        print(f"  {len(rows)} runs: {_plain(str(reason))}")


@store_app.command()
def status(store: StoreOption = STORE) -> None:
    """How many runs are in which state."""
    for name, number in _existing(store).status().items():
        print(f"{name:10} {number}")


@store_app.command()
def check(store: StoreOption = STORE) -> None:
    """Read every record against its digest."""
    damage = _existing(store).check()
    print(
        f"{damage.records} records whole, {len(damage.torn)} torn, {damage.doubled} doubled, {len(damage.different)} differ"
    )
    for line in damage.torn:
        print(f"  torn: {line}")
    for id in damage.different:
        print(f"  differ: two results of the run {id}")
    if damage.torn or damage.different:
        raise typer.Exit(1)


@store_app.command()
def pack(store: StoreOption = STORE) -> None:
    """Put all segments into one."""
    print(f"{_existing(store).pack()} records in one segment")


@store_app.command()
def merge(
    other: Annotated[Path, typer.Argument(help="The store that is read.")],
    store: StoreOption = STORE,
) -> None:
    """Take over the records of another store."""
    from ..sweeps.store import Store

    print(f"{Store(store).merge(_existing(other))} records taken over")


def _existing(folder: Path) -> Store:
    from ...devices.base.errors import RevpathError
    from ..sweeps.store import Store

    if not (folder / "segments").is_dir():
        raise RevpathError(f"store = {str(folder)!r} is not there")
    return Store(folder)


def read(study: str, tasks: Path | None) -> Study:
    from ...devices.base.errors import RevpathError
    from ..sweeps.study import read_study

    if tasks is not None:
        import runpy

        try:
            runpy.run_path(str(tasks))
        except OSError as error:
            raise RevpathError(f"tasks = {str(tasks)!r} cannot be read: {error.strerror}") from None
    return read_study(study)


def _shard(text: str) -> tuple[int, int]:
    from ...devices.base.errors import RevpathError

    first, _, second = text.partition("/")
    if not (first.isdecimal() and second.isdecimal()):
        raise RevpathError(f"shard = {text!r} must be i/n, such as 0/4")
    return int(first), int(second)


def _list_studies() -> None:
    from ..sweeps.study import read_study, study_names

    for name in study_names():
        plan = read_study(name)
        print(f"{name:24} {len(plan.points) * plan.replicates:5} runs  {plan.title}")


def _dry_run(plan: Study, store: Store, shard: tuple[int, int], seconds: float, workers: int | None) -> None:
    """What would be done; the time from one pilot run, which is not kept."""
    from ..sweeps.engine import missing
    from ..sweeps.parallel import cores
    from ..sweeps.pilot import pilot

    todo = missing(plan, store, shard=shard)
    total = sum(1 for _ in plan.runs())
    print(
        f"{plan.name}: {total} runs in {len(plan.points)} points, {total - len(todo)} there or not of this share, {len(todo)} to do"
    )
    if todo:
        said = pilot(todo[len(todo) // 2], seconds)
        processes = min(workers or cores(), len(todo))
        whole = _minutes(said.seconds * -(-len(todo) // processes))
        print(f"{_of_pilot(said)}: {'at least' if said.at_least else 'about'} {whole} in {processes} processes")


def _of_pilot(said: Pilot) -> str:
    each = f"{said.seconds:.2g} s" if said.seconds >= 0.01 else f"{1e3 * said.seconds:.2g} ms"
    if said.error:
        return f"a pilot run failed after {each} ({_plain(said.error)})"
    if not said.cut:
        return f"a pilot run took {each}"
    done = (
        f"when {said.share:.0%} of it was done"
        if said.share
        else "before it came to a checkpoint that says how much was done"
    )
    return f"a pilot run was cut after {said.spent:.2g} s, {done}"


def _minutes(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{seconds / 60:.0f} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


@contextmanager
def _bar(quiet: bool):
    """A live bar with rate and time left; in a pipe a line at each tenth."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    if quiet:
        yield None
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None, rate="")

        def tell(summary: Summary) -> None:
            rate = f"{summary.done / summary.seconds:.2g} runs/s" if summary.seconds and summary.done else ""
            done = summary.present + summary.done + summary.failed
            progress.update(task, total=summary.total, completed=done, rate=rate)

        yield tell


def _lines() -> Callable[[Summary], None]:
    told = [-1]

    def tell(summary: Summary) -> None:
        done = summary.present + summary.done + summary.failed
        tenth = 10 * done // max(1, summary.total)
        if tenth > told[0]:
            told[0] = tenth
            print(f"{done} of {summary.total} runs", file=sys.stderr, flush=True)

    return tell


def _sentence(plan: Study, summary: Summary) -> str:
    parts = [f"{plan.name}: {summary.done} runs made in {_minutes(summary.seconds)}, {summary.present} were there"]
    parts += [f"{summary.failed} failed"] if summary.failed else []
    parts += [f"{summary.elsewhere} are being made by another sweep"] if summary.elsewhere else []
    parts += [f"stopped with {summary.left} to do: run again to go on"] if summary.stopped else []
    return "; ".join(parts)


def _plain(text: str) -> str:
    """Text of a task or a file without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)
