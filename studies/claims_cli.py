"""`revpath claims`: the published advantage factors, computed again, as a table, a CSV file and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..energy_models.claim import Tested

_STYLES = {"reproduced": "green", "explained": "yellow", "refuted": "red"}


def run_claims(out: Path | None = None, *, seed: int = 0, console: Console | None = None) -> list[Path]:
    """Compute the claims, print them, and write ``claims.csv``, ``claims.pdf`` and ``claims.png`` into a folder if given."""
    from ..energy_models.claims import retest
    from .report import wide_console

    tested = retest(seed=seed)
    print_claims(tested, console or wide_console())
    return [] if out is None else write_claims(tested, out)


def print_claims(tested: Sequence[Tested], console: Console) -> None:
    """The table, with what it leans on first and the sources last."""
    from ..energy_models.claim import OWN_TOLERANCE, SAME
    from ..energy_models.claims import NO_FACTOR

    shaky = sorted({id for t in tested for id in t.shaky})
    if shaky:
        _say(console, f"These claims lean on {len(shaky)} assumed or unverified records: {', '.join(shaky)}.")
    grid = Table()
    for heading in ("claim", "about", "published", "own numbers", "today", "90 %", "verdict", "why"):
        numeric = heading in ("published", "own numbers", "today", "90 %")
        grid.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for t in tested:
        interval = t.today.interval
        grid.add_row(
            escape(t.claim.title),
            t.claim.about,
            f"{t.published:,.4g}",
            "" if t.own is None else f"{t.own:,.3g}",
            f"{t.factor:,.3g}",
            f"{interval.low:,.2g} to {interval.high:,.2g}",
            f"[{_STYLES[t.verdict]}]{t.verdict}[/]",
            escape(t.why),
        )
    console.print(grid)
    _say(
        console,
        f"refuted: no advantage is left, or its own numbers miss it by more than {OWN_TOLERANCE:g} times; "
        f"reproduced: within {SAME:g} times of what was published; explained: what is between, and where it went.",
    )
    for _, why in NO_FACTOR:
        _say(console, f"not tested: {why}.")
    sources = sorted({source for t in tested for source in t.sources})
    for number, source in enumerate(sources, 1):
        _say(console, f"[{number}] {source}")


def write_claims(tested: Sequence[Tested], folder: Path) -> list[Path]:
    """``claims.csv`` and the figure."""
    from ..energy_models.claims_report import claims_table
    from .figures import save
    from .files import results_folder, write_whole

    folder = results_folder(folder)
    table = folder / "claims.csv"
    write_whole(table, claims_table(tested).to_csv(index=False, lineterminator="\n").encode())
    return [table, *save(claims_figure(tested), folder / "claims")]


def claims_figure(tested: Sequence[Tested]) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from ..energy_models.claims_report import plot_claims
    from .figures import STYLE

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.8), layout="constrained")
        plot_claims(tested, figure.subplots())
    return figure


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)
