"""The command line: `revpath compare`, `revpath doctor`, `revpath devices`. Heavy imports wait inside the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help in a third of the time
    help="Does training energy-based models on analog in-memory computing beat a GPU-trained transformer?",
)
_INTERRUPTED = 130


@app.command()
def compare(
    text: Annotated[Path | None, typer.Option(help="A UTF-8 text file; default: Moby Dick, shipped.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for results; what is there already is not repeated.")] = Path(
        "revpath-results"
    ),
    characters: Annotated[int, typer.Option(min=2_000, help="Characters that each EBM sees.")] = 500_000,
    seed: Annotated[int, typer.Option(min=0, help="Root of all random numbers.")] = 1,
    chip: Annotated[
        str, typer.Option(help="Which prices the analog events get: a chip's name, or its TOML file.")
    ] = "reram-32nm",
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the transformer anew (needs the extra `transformer`).")
    ] = False,
) -> None:
    """Train an energy-based model on ideal and analog synapses, price every event, and set it beside a transformer."""
    from .report import print_comparison, watch

    def run(tell):
        from .compare import compare as run_comparison

        return run_comparison(
            out, text_path=text, characters=characters, seed=seed, retrain_baseline=retrain, chip=chip, tell=tell
        )

    try:
        found = watch(run)
        print_comparison(found)
    except KeyboardInterrupt:
        print("revpath: interrupted; checkpoints are kept, run again to go on", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
    if not found.complete:
        raise typer.Exit(_INTERRUPTED)


@app.command()
def devices(
    name: Annotated[str | None, typer.Argument(help="A device of the library, or a TOML file.")] = None,
) -> None:
    """List the devices of the library, or show one with the source of every number."""
    from .report import print_device, print_devices

    print_devices() if name is None else print_device(name)


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and whether the kernels compile and cache."""
    from .doctor import print_report

    raise typer.Exit(print_report())


def main() -> None:
    """Entry point: a user's mistake is one line on standard error and exit code 2, never a traceback."""
    try:
        app(prog_name="revpath")
    except Exception as error:
        from ..devices.errors import RevpathError  # here, because `revpath --help` needs neither numpy nor pydantic

        if not isinstance(error, RevpathError):
            raise
        print(f"revpath: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
