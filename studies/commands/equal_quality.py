"""`revpath study` makes the runs of the study, `revpath report` its figures and pages from the runs that are kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .sweep import INTERRUPTED, _bar

if TYPE_CHECKING:
    from ..equal_quality.plan import Job
    from ..sweeps.store import Store

STORE = Path("revpath-study")
Tasks = Annotated[list[str] | None, typer.Option("--task", help="Only this task of the protocol; may be given again.")]
ProtocolFile = Annotated[
    Path | None, typer.Option("--protocol", help="Another protocol; that of the study unless given.")
]


def study(
    store: Annotated[Path, typer.Option(help="Folder of the runs; what is there is not repeated.")] = STORE,
    task: Tasks = None,
    protocol: ProtocolFile = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores unless given.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the table of runs is kept; default: STORE/runs.parquet.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No bar; one line at the end.")] = False,
) -> None:
    """Make what the study of equal quality lacks (hours; interrupted at any moment, it goes on from there), and keep its table."""
    from ..equal_quality.plan import jobs
    from ..equal_quality.protocol import read_protocol
    from ..equal_quality.results import FILE, collate, write
    from ..equal_quality.run import makeable, run_study
    from ..sweeps.store import Store

    plan = read_protocol(protocol)
    asked = _known(task, plan.tasks)
    place = Store(store)
    if dry_run:
        _outlook(*makeable(jobs(plan, asked), place), place)
        return
    with _bar(quiet) as tell:
        summary, left_out = run_study(plan, place, tasks=asked, workers=workers, tell=tell)
    for line in left_out:
        print(f"note: {line}", file=sys.stderr)
    for failure in summary.failures[:5]:
        print(f"failed: {failure}", file=sys.stderr)
    print(f"{plan.name}: {summary.present + summary.done} of {summary.total} runs are there")
    print(f"wrote {write(collate(plan, place, asked), out or store / FILE)}")
    if summary.stopped:
        raise typer.Exit(INTERRUPTED)
    if summary.failures:
        raise typer.Exit(1)


def report(
    runs: Annotated[Path | None, typer.Argument(help="A table of runs; that of the study unless given.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for pages, figures and tables.")] = Path("revpath-report"),
    protocol: ProtocolFile = None,
) -> None:
    """Judge, draw and write the report of the study from the runs that are kept; nothing is trained."""
    from ..equal_quality.protocol import read_protocol
    from ..equal_quality.report import findings, write
    from ..equal_quality.results import read
    from ..equal_quality.words import gist

    plan = read_protocol(protocol)
    found = findings(plan, read(runs), told=lambda title: print(f"pricing and judging {title}", file=sys.stderr))
    for line in gist(found.judgements, found.counted):
        print(line)
    page, pdf, *others = write(found, out)
    print(f"wrote {page}, {pdf} and {len(others)} figures and tables")


def _known(asked: list[str] | None, tasks: Iterable[str]) -> list[str] | None:
    from ...devices.base.errors import unknown

    names = list(tasks)
    for name in asked or ():
        if name not in names:
            raise unknown("task", name, names)
    return asked or None


def _outlook(todo: list[Job], left_out: list[str], store: Store) -> None:
    """How many runs there are of each contender, and how many of them are there."""
    there = {job.run.id for job in todo if job.run.id in store}
    for task, name in dict.fromkeys((job.task, job.name) for job in todo):
        of = [job for job in todo if (job.task, job.name) == (task, name)]
        print(f"{task:12} {name:58} {sum(job.run.id in there for job in of)} of {len(of)}")
    print(f"{len(there)} of {len(todo)} runs are there")
    for line in left_out:
        print(f"note: {line}")
