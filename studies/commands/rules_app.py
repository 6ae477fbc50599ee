"""`revpath rules`: its options."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .options import Csv, Json, Latex, chosen_form

_INTERRUPTED = 130


def rules(
    out: Annotated[Path, typer.Option(help="Folder for results; what is there already is not repeated.")] = Path(
        "revpath-results/rules"
    ),
    fast: Annotated[bool, typer.Option("--fast", help="Two rules on one device, under a minute.")] = False,
    full: Annotated[bool, typer.Option("--full", help="More devices, longer training, three seeds: hours.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one for each core.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; can be given several times.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_latex: Latex = False,
) -> None:
    """Train two energy-based models by every update rule on several devices, and say which rule trains which device."""
    from ..rules.study import FAST, MORE_DEVICES, Plan
    from .rules import run_and_print

    if fast and full:
        raise typer.BadParameter("--fast and --full exclude each other")
    form = chosen_form(as_json, as_csv, as_latex)
    plan = FAST if fast else Plan(devices=MORE_DEVICES, seeds=3, size="full") if full else Plan()
    plan = replace(plan, rules=tuple(rule)) if rule else plan
    try:
        run_and_print(plan, out, workers, form)
    except KeyboardInterrupt:
        print("revpath: interrupted; complete runs are kept, run again to go on", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
