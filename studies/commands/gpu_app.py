"""`revpath gpu`, `revpath gpu measure` and `revpath gpu compare`. Heavy imports wait inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Csv, Doubts, Json, Latex, check_place, chosen_form, say_last

_NOTHING_MEASURED = 3

app = typer.Typer(no_args_is_help=False, invoke_without_command=True, help="GPUs: what they are, and the one at hand.")


@app.callback()
def gpus(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder for gpu_validation.csv, gpu_validation.pdf and gpu_validation.png.")
    ] = None,
    trainings: Annotated[
        bool, typer.Option("--trainings", help="With --json and the like: the metered trainings in place of the GPUs.")
    ] = False,
    doubts: Doubts = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """The GPUs of the library, and how well their energy model foretells trainings whose power was metered."""
    if context.invoked_subcommand is None:
        from ..doubts import doubts_of_gpus
        from .forms import print_frame
        from .gpu import gpus_frame, print_gpus
        from .gpu_validation import metered_frame

        check_place(out)
        form = chosen_form(as_json, as_csv, as_latex)
        if form != "table":
            print_frame(metered_frame() if trainings else gpus_frame(), form)
            return
        print_gpus(out=out)
        say_last(doubts_of_gpus(whole=doubts))


@app.command()
def measure(
    out: Annotated[Path, typer.Option(help="Folder or TOML file for the measured records.")] = Path("revpath-results"),
    workload: Annotated[
        list[str] | None, typer.Option(help="gemm, copy, gibbs or transformer; all unless given.")
    ] = None,
    index: Annotated[int, typer.Option(min=0, help="Which GPU, as CUDA counts those it shows.")] = 0,
    seconds: Annotated[float, typer.Option(min=1, help="Of each trial.")] = 10.0,
    trials: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """Measure energy on the GPU at hand by its own meter (NVML) and write records.

    Exit code 3 where this machine has no GPU, driver or package to measure with; 2 for a mistake or a failure.
    """
    from .gpu import run_gpu_measure

    names = workload or ["gemm", "copy", "gibbs", "transformer"]
    if run_gpu_measure(out, names, index=index, seconds=seconds, trials=trials) is None:
        raise typer.Exit(_NOTHING_MEASURED)


@app.command("compare")
def against_the_meter(
    file: Annotated[Path, typer.Argument(help="A file of `revpath gpu measure`.")],
    model: Annotated[
        str | None, typer.Option(help="The library's GPU to compare with; the file's own unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the figure.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Set the GPU model beside a measured file: watts of each workload."""
    from .forms import print_frame
    from .gpu import run_gpu_compare
    from .gpu_measured import measured_frame

    form = chosen_form(as_json, as_csv, as_latex)
    run_gpu_compare(file, model, out) if form == "table" else print_frame(measured_frame(file, model), form)
