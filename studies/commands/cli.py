"""The command line: `revpath compare`, `revpath records`, `revpath claims` and the like. Heavy imports wait inside the
commands."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import fit, sweep

if TYPE_CHECKING:
    from .forms import Form

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help in a third of the time
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does training energy-based models on analog in-memory computing beat a GPU-trained transformer?",
)
_INTERRUPTED = 130
_Doubts = Annotated[bool, typer.Option("--doubts", help="Name every assumed or unverified record behind it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]
_Latex = Annotated[bool, typer.Option("--latex", help="Print a LaTeX tabular instead of a table.")]
_NOTHING_MEASURED = 3


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"revpath {version('revpath')}")
        raise typer.Exit


@app.callback(help=app.info.help)
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
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
    ] = 500_000,
    seed: Annotated[int, typer.Option(min=0, help="Root of all random numbers.")] = 1,
    chip: Annotated[
        str, typer.Option(help="Which prices the analog events get: a chip's name, or its TOML file.")
    ] = "reram-32nm",
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the transformer anew (needs the extra `transformer`).")
    ] = False,
) -> None:
    """Train an energy-based model on ideal and analog synapses, price every event, and set it beside a transformer."""
    from .compare import print_comparison, watch

    def run(tell, note):
        from ..compare.job import compare as run_comparison

        return run_comparison(
            out,
            text_path=text,
            characters=characters,
            seed=seed,
            retrain_baseline=retrain,
            chip=chip,
            tell=tell,
            note=note,
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
def results(
    folder: Annotated[Path, typer.Argument(help="Folder of `revpath compare`.")] = Path("revpath-results"),
) -> None:
    """List the results that a folder of `revpath compare` keeps, each with its settings and its sentence."""
    from .results import print_results

    print_results(folder)


@app.command()
def rules(
    out: Annotated[Path, typer.Option(help="Folder for results; what is there already is not repeated.")] = Path(
        "revpath-results/rules"
    ),
    fast: Annotated[bool, typer.Option("--fast", help="Two rules on one device, under a minute.")] = False,
    full: Annotated[bool, typer.Option("--full", help="More devices, longer training, three seeds: hours.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one for each core.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; can be given several times.")] = None,
) -> None:
    """Train two energy-based models by every update rule on several devices, and say which rule trains which device."""
    from ..rules.study import FAST, MORE_DEVICES, Plan
    from .rules import run_and_print

    if fast and full:
        raise typer.BadParameter("--fast and --full exclude each other")
    plan = FAST if fast else Plan(devices=MORE_DEVICES, seeds=3, size="full") if full else Plan()
    plan = replace(plan, rules=tuple(rule)) if rule else plan
    try:
        run_and_print(plan, out, workers)
    except KeyboardInterrupt:
        print("revpath: interrupted; complete runs are kept, run again to go on", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None


@app.command()
def devices(
    name: Annotated[str | None, typer.Argument(help="A device of the library, or a TOML file.")] = None,
) -> None:
    """List the devices of the library, or show one with the source of every number."""
    from .devices import print_device, print_devices

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
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
    bib: Annotated[Path | None, typer.Option(help="Write the sources of what is listed as BibTeX.")] = None,
) -> None:
    """List the library's numbers with evidence and source, or show one in full."""
    from .records import choose_records, print_records, records_frame, write_bib

    asked: dict[str, Any] = {"evidence": evidence, "unit": unit, "source": source, "shaky": shaky}
    form = _form(as_json, as_csv, as_latex)
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
    as_json: _Json = False,
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
) -> None:
    """Say which single number, changed by how much, would reverse the verdict, and draw the tornado."""
    from ..compare.leverage import run_sensitivity
    from .console import say_paths

    say_paths(run_sensitivity(results))


@app.command()
def claims(
    name: Annotated[
        str | None, typer.Argument(help="One claim in full: a key (C7a), a number (C7) or a work (puma2019).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for claims.csv, claims.pdf and claims.png.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of the draws.")] = 0,
    doubts: _Doubts = False,
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
) -> None:
    """Compute published advantage factors again: under their own numbers, and against today's baselines."""
    from .claims import run_claims
    from .console import say_paths

    _place(out)

    form = _form(as_json, as_csv, as_latex)
    say_paths(run_claims(name, out, seed=seed, form=form, doubts=doubts))


@app.command()
def barrier(
    results: Annotated[
        Path | None,
        typer.Option(help="A folder of `revpath compare`, or a result.json, for the revolutionary path's own factor."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for barrier.pdf and barrier.png.")] = Path("revpath-results"),
    doubts: _Doubts = False,
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
) -> None:
    """Draw who can afford to train which model, by year and by step of the evolutionary road."""
    from ..doubts import doubts_of_barrier
    from .barrier import print_levers, run_barrier
    from .console import say_paths

    form = _form(as_json, as_csv, as_latex)
    if form != "table":
        print_levers(form)
        return
    _place(out)
    paths = run_barrier(out, results)
    _last(doubts_of_barrier(whole=doubts))
    say_paths(paths)


@app.command()
def chips(
    name: Annotated[str | None, typer.Argument(help="A chip of the library, or its TOML file.")] = None,
    doubts: _Doubts = False,
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
) -> None:
    """List the chips that price events, or show what one makes of its published workloads."""
    from ..doubts import doubts_of_chips
    from .chips import chip_frame, chips_frame, print_chip, print_chips
    from .forms import print_frame

    form = _form(as_json, as_csv, as_latex)
    if form != "table":
        print_frame(chips_frame() if name is None else chip_frame(name), form)
        return
    print_chips() if name is None else print_chip(name)
    _last(doubts_of_chips(name, whole=doubts))


@app.command()
def validate(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file of a chip of your own, which enters the table.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for validation.csv, validation.pdf and validation.png.")
    ] = None,
    doubts: _Doubts = False,
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
) -> None:
    """Set the chips' modelled energy beside what was published of the silicon, calibrated and left out."""
    from ..doubts import doubts_of_validation
    from .chips import run_validation
    from .console import say_paths

    _place(out)
    form = _form(as_json, as_csv, as_latex)
    paths = run_validation(out, file, form)
    if form == "table":
        _last(doubts_of_validation(file, whole=doubts))
    say_paths(paths)


@app.command()
def network(
    source: Annotated[
        str, typer.Argument(help="Sizes such as 784x256x10, a .toml file of [[layer]] tables, or an .onnx file.")
    ],
    training: Annotated[bool, typer.Option("--training", help="A training step instead of inference.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Examples for one reading of the weights on a GPU.")] = 1,
    as_json: _Json = False,
    as_csv: _Csv = False,
    as_latex: _Latex = False,
) -> None:
    """Price one's own network on every chip and GPU: joules, seconds and area, and by name what is not priced."""
    from .network import run_network

    run_network(source, training=training, batch=batch, form=_form(as_json, as_csv, as_latex))


gpu = typer.Typer(no_args_is_help=False, invoke_without_command=True, help="GPUs: what they are, and the one at hand.")
app.add_typer(gpu, name="gpu")


@gpu.callback()
def gpus(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder for gpu_validation.csv, gpu_validation.pdf and gpu_validation.png.")
    ] = None,
    doubts: _Doubts = False,
) -> None:
    """The GPUs of the library, and how well their energy model foretells trainings whose power was metered."""
    if context.invoked_subcommand is None:
        from ..doubts import doubts_of_gpus
        from .gpu import print_gpus

        _place(out)
        print_gpus(out=out)
        _last(doubts_of_gpus(whole=doubts))


@gpu.command()
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


@gpu.command("compare")
def against_the_meter(
    file: Annotated[Path, typer.Argument(help="A file of `revpath gpu measure`.")],
    model: Annotated[
        str | None, typer.Option(help="The library's GPU to compare with; the file's own unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the figure.")] = None,
) -> None:
    """Set the GPU model beside a measured file: watts of each workload."""
    from .gpu import run_gpu_compare

    run_gpu_compare(file, model, out)


def _form(as_json: bool, as_csv: bool, as_latex: bool) -> Form:
    """The one form of output that was asked for; exit 2 where several were."""
    from .forms import form_of

    try:
        return form_of(as_json=as_json, as_csv=as_csv, as_latex=as_latex)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _last(doubts: str) -> None:
    """What a report leans on, after it; nothing where it leans on nothing doubtful."""
    if doubts:
        from ...devices.base.printable import printable

        print(printable(doubts))


def _place(out: Path | None) -> None:
    """Refuse a folder in which nothing can be written before the work, not after."""
    if out is not None:
        from ...devices.base.files import writable_folder

        writable_folder(out)


for _command in (fit.fit, sweep.sweep, sweep.collate, sweep.plot, sweep.price):
    app.command()(_command)
app.add_typer(sweep.store_app, name="store")


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
