"""The command line: `revpath compare`, `revpath records`, `revpath claims` and the like. Heavy imports wait inside the
commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import active, equal_quality, fit, gpu_app, rules_app, sweep
from .options import Csv, Doubts, Json, Latex, check_place, chosen_form, print_version, say_last

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help in a third of the time
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does training energy-based models on analog in-memory computing beat a GPU-trained transformer?",
)
_INTERRUPTED = 130


@app.callback(help=app.info.help)
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


@app.command()
def compare(
    text: Annotated[
        Path | None,
        typer.Option(
            help="A UTF-8 text file; default: Moby Dick, shipped. On another text no transformer was trained yet: "
            "with --retrain one is, and without it there is nothing to compare with."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for results; what is there is not repeated: delete its runs to train anew.")
    ] = Path("revpath-results"),
    characters: Annotated[
        int, typer.Option(min=2_000, help="Characters that each EBM sees; with fewer the verdict is another.")
    ] = 200_000,
    seed: Annotated[int, typer.Option(min=0, help="Root of all random numbers; the first of the seeds.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Trainings of each EBM, with seeds that follow; one seed is no verdict.")
    ] = 3,
    chip: Annotated[
        str, typer.Option(help="Which prices the analog events get: a chip's name, or its TOML file.")
    ] = "reram-32nm",
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the transformer anew (needs the extra `transformer`).")
    ] = False,
    images: Annotated[
        str | None,
        typer.Option(
            help="The second task, in a folder of its name: digits (the default), mnist, fashion-mnist, or none (the default "
            "with --text)."
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Train energy-based models on ideal and analog synapses, price every event, and set them beside digital rivals.

    Twice: on a text, beside a transformer, and on images, where a dense vector meets a dense layer, beside digital networks.
    """
    from ...devices.base.errors import unknown
    from ..tasks.images import NAMES
    from .compare import contenders_frame, print_comparison, watch
    from .forms import print_frames

    form, frames = chosen_form(as_json, as_csv, as_latex), []
    images = images or ("digits" if text is None else "none")
    if images not in (*NAMES, "none"):
        raise unknown("images", images, (*NAMES, "none"))

    def run(tell, note):
        from ..compare.job import compare as run_comparison

        return run_comparison(
            out,
            text_path=text,
            characters=characters,
            seed=seed,
            seeds=seeds,
            retrain_baseline=retrain,
            chip=chip,
            tell=tell,
            note=note,
        )

    def run_images(tell, note):
        from ..compare.job import compare_images

        return compare_images(out / images, name=images, seed=seed, seeds=seeds, chip=chip, tell=tell, note=note)

    try:
        for job, unit in ((run, "bits/char"), (run_images, "% error"))[: 1 if images == "none" else 2]:
            found = watch(job, unit)
            if form == "table" or not found.complete:
                print_comparison(found)
            else:
                frames.append(contenders_frame(found))
            if not found.complete:
                raise typer.Exit(_INTERRUPTED)
        if form != "table":
            print_frames(frames, form)
    except KeyboardInterrupt:
        print("revpath: interrupted; checkpoints are kept, run again to go on", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(help="Folder of `revpath compare`.")] = Path("revpath-results"),
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """List the results that a folder of `revpath compare` keeps, each with its settings and its sentence."""
    from .forms import print_frame
    from .results import print_results, results_frame

    form = chosen_form(as_json, as_csv, as_latex)
    print_results(folder) if form == "table" else print_frame(results_frame(folder), form)


@app.command()
def devices(
    name: Annotated[str | None, typer.Argument(help="A device of the library, or a TOML file; or `check`.")] = None,
    file: Annotated[Path | None, typer.Argument(help="After `check`: the file to check.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """List the devices of the library, or show one with the source of every number; `check FILE` says what a file lacks."""
    from .checks import checked, device_report
    from .devices import device_frame, devices_frame, print_device, print_devices
    from .forms import print_frame

    if checked(name, file, device_report):
        return
    form = chosen_form(as_json, as_csv, as_latex)
    if form != "table":
        print_frame(devices_frame() if name is None else device_frame(name), form)
        return
    print_devices() if name is None else print_device(name)


@app.command()
def records(
    text: Annotated[str, typer.Argument(help="A record's id, or text in ids, units, sources and notes.")] = "",
    evidence: Annotated[
        str | None, typer.Option(help="exact, measured, post-layout, simulated, projected or assumed.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="What it can be read as, such as pJ/op.")] = None,
    source: Annotated[str | None, typer.Option(help="Text in the citation or its key.")] = None,
    shaky: Annotated[
        bool, typer.Option("--shaky", help="Only what is assumed or was read nowhere to point at.")
    ] = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
    bib: Annotated[Path | None, typer.Option(help="Write the sources of what is listed as BibTeX.")] = None,
) -> None:
    """List the library's numbers with evidence and source, or show one in full."""
    from .records import choose_records, print_records, records_frame, write_bib

    asked: dict[str, Any] = {"evidence": evidence, "unit": unit, "source": source, "shaky": shaky}
    form = chosen_form(as_json, as_csv, as_latex)
    if form == "table":
        print_records(text, **asked)
    else:
        from .forms import print_frame

        print_frame(records_frame(choose_records(text, **asked)), form)
    if bib is not None:
        print(write_bib(bib, [record.source for record in choose_records(text, **asked)]))


@app.command()
def cite(
    result: Annotated[Path, typer.Argument(help="A folder of `revpath compare`, or a result.json.")] = Path(
        "revpath-results"
    ),
    bib: Annotated[Path | None, typer.Option(help="Write them as BibTeX into this file, such as refs.bib.")] = None,
    as_bib: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX instead of a list.")] = False,
    as_json: Json = False,
) -> None:
    """Print the references that a result used, each with the records taken from it; or write them as a .bib file."""
    from .records import print_citations, print_citations_as, write_bib_of

    if as_bib or as_json:
        print_citations_as(result, "bibtex" if as_bib else "json")
    else:
        print_citations(result)
    if bib is not None:
        print(write_bib_of(bib, result))


@app.command()
def sensitivity(
    results: Annotated[Path, typer.Argument(help="A folder of `revpath compare`, or a result.json.")] = Path(
        "revpath-results"
    ),
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Say which single number, changed by how much, would reverse the verdict, and draw the tornado."""
    from ..compare.leverage import leverage, leverage_frame, run_sensitivity
    from .console import say_paths
    from .forms import print_frame

    form = chosen_form(as_json, as_csv, as_latex)
    if form != "table":
        print_frame(leverage_frame(leverage(results)), form)
        return
    say_paths(run_sensitivity(results))


@app.command()
def claims(
    name: Annotated[
        str | None, typer.Argument(help="One claim in full: a key (C7a), a number (C7) or a work (puma2019).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for claims.csv, claims.pdf and claims.png.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of the draws.")] = 0,
    doubts: Doubts = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Compute published advantage factors again: under their own numbers, and against today's baselines."""
    from .claims import run_claims
    from .console import say_paths

    check_place(out)

    form = chosen_form(as_json, as_csv, as_latex)
    say_paths(run_claims(name, out, seed=seed, form=form, doubts=doubts))


@app.command()
def barrier(
    results: Annotated[
        Path | None,
        typer.Option(help="A folder of `revpath compare`, or a result.json, for the revolutionary path's own factor."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for barrier.pdf and barrier.png.")] = Path("revpath-results"),
    doubts: Doubts = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Draw who can afford to train which model, by year and by step of the evolutionary road."""
    from ..doubts import doubts_of_barrier
    from .barrier import print_levers, run_barrier
    from .console import say_paths

    form = chosen_form(as_json, as_csv, as_latex)
    if form != "table":
        print_levers(form)
        return
    check_place(out)
    paths = run_barrier(out, results)
    say_last(doubts_of_barrier(whole=doubts))
    say_paths(paths)


@app.command()
def chips(
    name: Annotated[str | None, typer.Argument(help="A chip of the library, or its TOML file; or `check`.")] = None,
    file: Annotated[Path | None, typer.Argument(help="After `check`: the file to check.")] = None,
    doubts: Doubts = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """List the chips that price events, or show what one makes of its published workloads; `check FILE` says what a file lacks."""
    from ..doubts import doubts_of_chips
    from .checks import checked, chip_report
    from .chips import chip_frame, chips_frame, print_chip, print_chips
    from .forms import print_frame

    if checked(name, file, chip_report):
        return
    form = chosen_form(as_json, as_csv, as_latex)
    if form != "table":
        print_frame(chips_frame() if name is None else chip_frame(name), form)
        return
    print_chips() if name is None else print_chip(name)
    say_last(doubts_of_chips(name, whole=doubts))


@app.command()
def validate(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file of a chip of your own, which enters the table.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for validation.csv, validation.pdf and validation.png.")
    ] = None,
    doubts: Doubts = False,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Set the chips' modelled energy beside what was published of the silicon, calibrated and left out."""
    from ..doubts import doubts_of_validation
    from .chips import run_validation
    from .console import say_paths

    check_place(out)
    form = chosen_form(as_json, as_csv, as_latex)
    paths = run_validation(out, file, form)
    if form == "table":
        say_last(doubts_of_validation(file, whole=doubts))
    say_paths(paths)


@app.command()
def network(
    source: Annotated[
        str, typer.Argument(help="Sizes such as 784x256x10, a .toml file of [[layer]] tables, or an .onnx file.")
    ],
    training: Annotated[bool, typer.Option("--training", help="A training step instead of inference.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Examples for one reading of the weights on a GPU.")] = 1,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Price one's own network on every chip and GPU: joules, seconds and area, and by name what is not priced."""
    from .network import run_network

    run_network(source, training=training, batch=batch, form=chosen_form(as_json, as_csv, as_latex))


for _command in (
    rules_app.rules,
    fit.fit,
    equal_quality.study,
    equal_quality.report,
    sweep.sweep,
    sweep.collate,
    sweep.plot,
    sweep.price,
    active.contour,
    active.front,
):
    app.command()(_command)
app.add_typer(sweep.store_app, name="store")
app.add_typer(gpu_app.app, name="gpu")


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and whether the kernels compile and cache."""
    from .doctor import print_report

    raise typer.Exit(print_report())


def main() -> None:
    """Entry point: a user's mistake is one line on standard error and exit code 2, never a traceback."""
    from .streams import end_without_output, prepare_streams

    prepare_streams()
    try:
        try:
            app(prog_name="revpath")
        finally:
            sys.stdout.flush()
    except OSError as error:
        end_without_output(error)
        raise
    except Exception as error:
        from ...devices.base.errors import (
            RevpathError,  # here, because `revpath --help` needs neither numpy nor pydantic
        )

        if not isinstance(error, RevpathError):
            raise
        from ...devices.base.printable import one_line

        print(f"revpath: {one_line(error)}", file=sys.stderr)
        raise SystemExit(2) from None
