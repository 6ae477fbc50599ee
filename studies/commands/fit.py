"""`revpath fit`: from a file of measured pulse traces to a report, a device file and a figure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ...devices.base.printable import printable
from .options import Csv, Json, Latex, chosen_form

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ...devices.traces.result import TraceFit

_SIEMENS = ("g_min", "g_max", "read_sigma")


def fit(
    traces: Annotated[Path, typer.Argument(help="A CSV or text file: pulse number, conductance, direction, device.")],
    law: Annotated[
        list[str] | None,
        typer.Option("--law", help="A candidate, such as soft-bounds; may be given again. Default: all."),
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of the reads, such as uS, where the file does not say.")] = None,
    read_voltage: Annotated[
        str | None, typer.Option(help="By which currents are divided: 0.2 (volts), or '200 mV'.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="The decimal mark (. or ,) where the numbers do not tell.")
    ] = None,
    cut_turns: Annotated[
        bool, typer.Option("--cut-turns", help="Leave out the change where the direction turns.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Of the device; default: made from the file's name.")] = None,
    out: Annotated[Path | None, typer.Option(help="TOML file for the device, for use as DEVICE elsewhere.")] = None,
    figure: Annotated[Path | None, typer.Option(help="PDF, PNG or SVG file for the traces with the fit.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live progress.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Fit a device to measured pulse traces: which law they support, every number with its error, and what is not known."""
    from ...devices.base.style import save_figure
    from ...devices.traces.fit import fit_traces

    form = chosen_form(as_json, as_csv, as_latex)
    with _progress(quiet) as told:
        result = fit_traces(
            traces,
            unit=unit,
            name=name,
            laws=law,
            read_voltage=read_voltage,
            decimal=decimal,
            cut_turns=cut_turns,
            progress=told,
        )
    if form == "table":
        for line in result.report.splitlines():
            print(printable(line))
    else:
        from .forms import print_frame

        print_frame(numbers_frame(result), form)
    beside = None if form == "table" else sys.stderr  # standard output is the table alone
    if out is not None:
        result.device.to_toml(out)
        print(f"device: {printable(out)}", file=beside)
    if figure is not None:
        endings = [figure.suffix[1:].lower()] if figure.suffix else ["pdf", "png"]
        drawn = cast("Figure", result.plot().figure)
        for path in save_figure(drawn, figure.with_suffix(""), formats=endings, provenance="revpath fit"):
            print(f"figure: {printable(path)}", file=beside)


def numbers_frame(result: TraceFit) -> pd.DataFrame:
    """A row for each number of the law: its value, its standard error and its unit."""
    import pandas as pd

    rows = [
        {
            "law": result.law.name,
            "number": number,
            "value": value,
            "error": result.estimate.error[number],
            "unit": "S" if number in _SIEMENS else "1",
        }
        for number, value in result.estimate.value.items()
    ]
    return pd.DataFrame(rows)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None] | None]:
    """A line on standard error that says what is being done and for how long; in a pipe one line for each thing."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: print(f"revpath: {text}", file=sys.stderr)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        yield lambda text: bar.update(task, description=escape(text))
