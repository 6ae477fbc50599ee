"""`revpath contour` and `revpath front`: designs that ask, over the store of a study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .sweep import INTERRUPTED, STORE, StoreOption, StudyArgument, read

if TYPE_CHECKING:
    from ..sweeps.active import Questions
    from ..sweeps.engine import Summary
    from ..sweeps.study import Study

WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Processes, and points asked at a time; default: one a core.")
]
TasksOption = Annotated[Path | None, typer.Option(help="A Python file of tasks of your own: it is run.")]
OutOption = Annotated[Path | None, typer.Option(help="The study file that is written; default: in this folder.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No line a batch.")]


def contour(
    study: StudyArgument,
    level: Annotated[float | None, typer.Option(help="Default: the target of the study, or 1 of a ratio.")] = None,
    value: Annotated[str | None, typer.Option(help="Quantity; joules and ratio price the runs.")] = None,
    points: Annotated[int, typer.Option(min=4, help="At most so many points are asked.")] = 200,
    resolution: Annotated[float, typer.Option(help="Of the range of an axis: how well the contour is known.")] = 1 / 32,
    store: StoreOption = STORE,
    workers: WorkersOption = None,
    chip: Annotated[str | None, typer.Option(help="Whose prices joules are.")] = None,
    out: OutOption = None,
    tasks: TasksOption = None,
    quiet: QuietOption = False,
) -> None:
    """Find where a quantity has a level in two ranges, with few runs (extra: active); writes a study of the points asked."""
    from ..sweeps.contour import find_contour

    plan = read(study, tasks)
    name = value or plan.measured
    with _questions(plan, store, (name,), chip, workers, quiet) as questions:
        found = _asked(
            lambda: find_contour(questions, level, points=points, resolution=resolution, together=_many(workers))
        )
    kind = "contour" if found.field <= resolution else "contour, not yet so well known as was asked,"
    print(
        f"{plan.name}: {kind} of {name} at {found.level:g}: {found.runs} runs; known to {found.field:.2g} of the ranges;"
    )
    print(f"  a grid with fields of that size has {found.runs_of_the_grid} runs")
    _write(found.study, out)


def front(
    study: StudyArgument,
    trials: Annotated[int, typer.Option(min=1, help="Points in all, those of earlier calls among them.")] = 40,
    value: Annotated[
        list[str] | None, typer.Option(help="Quantities; default: joules and the study's quality.", show_default=False)
    ] = None,
    store: StoreOption = STORE,
    workers: WorkersOption = None,
    chip: Annotated[str | None, typer.Option(help="Whose prices joules are.")] = None,
    out: OutOption = None,
    tasks: TasksOption = None,
    quiet: QuietOption = False,
) -> None:
    """Search what no other point beats in two quantities (extra: active); goes on from its journal in the store."""
    from ..sweeps.front import find_front

    plan = read(study, tasks)
    values = tuple(value or ("joules", plan.measured))
    with _questions(plan, store, values, chip, workers, quiet) as questions:
        found = _asked(lambda: find_front(questions, trials=trials, together=_many(workers)))
    print("  ".join(f"{name:>12}" for name in values) + "  point")
    for point, numbers in found.points:
        print("  ".join(f"{number:12.4g}" for number in numbers) + f"  {_words(point)}")
    print(f"{plan.name}: {len(found.points)} of {len(found.study.points)} points are not beaten")
    _write(found.study, out)


def _questions(
    plan: Study, store: Path, values: tuple[str, ...], chip: str | None, workers: int | None, quiet: bool
) -> Questions:
    from ..sweeps.active import Questions
    from ..sweeps.pricing import CHIP
    from ..sweeps.store import Store

    return Questions(plan, Store(store), values, chip or CHIP, workers, tell=None if quiet else _counter())


def _asked(ask: Callable[[], Any]) -> Any:
    from ..sweeps.active import Stopped

    try:
        return ask()
    except Stopped as stopped:
        print(f"{stopped}: run again to go on")
        raise typer.Exit(INTERRUPTED) from None


def _counter() -> Callable[[Summary], None]:
    """A line a batch of points on the standard error."""
    import sys

    runs = 0

    def tell(summary: Summary) -> None:
        nonlocal runs
        if summary.left == 0 and summary.total:
            runs += summary.total
            print(f"{runs} runs asked", file=sys.stderr, flush=True)

    return tell


def _many(workers: int | None) -> int:
    from ..sweeps.parallel import cores

    return workers or cores()


def _words(point: dict[str, Any]) -> str:
    return ", ".join(
        f"{path} = {number:.4g}" if isinstance(number, float) else f"{path} = {number}"
        for path, number in point.items()
    )


def _write(made: Study, out: Path | None) -> None:
    from ...devices.base.files import write_whole
    from ..sweeps.active import to_toml

    path = out or Path(f"{made.name}.toml")
    write_whole(path, to_toml(made).encode())
    print(f"wrote {path}: revpath plot {path}")
