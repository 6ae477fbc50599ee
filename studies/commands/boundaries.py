"""Joules at every boundary and of every role, contender by contender, each with its central 90 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import say, two_lines

if TYPE_CHECKING:
    from ...energy_models import Bill
    from ..compare.comparison import Comparison

_SIGNS = {"at most": "≤ ", "at least": "≥ ", "about": "≈ ", None: ""}


def compared(found: Comparison) -> dict[str, Bill]:
    """Title -> bill at the quality compared, or at the best where that was not reached; rows beside the headline are left out."""
    quality = found.verdict.quality
    return {c.title: c.compared_at(quality).bill for c in found.contenders if c.stops and c.kind in ("analog", "gpu")}


def print_boundaries(found: Comparison, console: Console) -> None:
    """Joules inside array, macro, chip, node and facility; and at each the transformer's over those of the analog EBM."""
    from ...energy_models.prices.bill import SCOPES

    grid = Table()
    grid.add_column("J inside the boundary (90 %)")
    for scope in SCOPES:
        grid.add_column("facility\n(node x PUE)" if scope == "facility" else scope, justify="right")
    for title, bill in compared(found).items():
        whole = [bill.up_to(scope) for scope in SCOPES]
        grid.add_row(escape(title), *(two_lines(joules) if joules.nominal else "no price" for joules in whole))
    ratios = found.verdict.ratio_at
    if ratios:
        sign = _SIGNS[found.verdict.limit]
        cells = [two_lines(ratios[scope], sign) if scope in ratios else "" for scope in SCOPES]
        grid.add_row(f"{found.ruler.rival} over analog EBM", *cells)
    console.print(grid)
    say(console, "no price: the prices of a GPU are those of the whole chip, so nothing smaller can be told apart.")


def print_roles(found: Comparison, console: Console) -> None:
    """Joules of the chip by what they were spent on."""
    from ...energy_models.prices.vocabulary import ROLES

    bills = compared(found)
    grid = Table()
    grid.add_column("J spent on\n(90 %)\nshare")
    for title in bills:
        grid.add_column(escape(title), justify="right")
    for role in ROLES:
        cells = []
        for bill in bills.values():
            joules = bill.attributed(role)
            cells.append(f"{two_lines(joules)}\n{joules.nominal / bill.joules:.1%}" if joules.nominal else "0")
        grid.add_row(role, *cells)
    console.print(grid)
