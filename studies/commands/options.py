"""Options that several commands share, and what they do with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .forms import Form

Doubts = Annotated[bool, typer.Option("--doubts", help="Name every assumed or unverified record behind it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]
Latex = Annotated[bool, typer.Option("--latex", help="Print a LaTeX tabular instead of a table.")]


def chosen_form(as_json: bool, as_csv: bool, as_latex: bool) -> Form:
    """The one form of output that was asked for; exit 2 where several were."""
    from .forms import form_of

    try:
        return form_of(as_json=as_json, as_csv=as_csv, as_latex=as_latex)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def say_last(doubts: str) -> None:
    """What a report leans on, after it; nothing where it leans on nothing doubtful."""
    if doubts:
        from ...devices.base.printable import printable

        print(printable(doubts))


def check_place(out: Path | None) -> None:
    """Refuse a folder in which nothing can be written before the work, not after."""
    if out is not None:
        from ...devices.base.files import writable_folder

        writable_folder(out)


def print_version(wanted: bool) -> None:
    """What --version does."""
    if wanted:
        from importlib.metadata import version

        print(f"revpath {version('revpath')}")
        raise typer.Exit
