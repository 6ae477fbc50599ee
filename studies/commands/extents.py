"""Seconds, mm2, TOPS/W, TOPS/mm2 and joule-seconds of every contender, and of the parts of the analog one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .console import say

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from ..compare.contenders import Contender, Stop
    from ..compare.recipes import Recipe


def print_extents(found: Comparison, console: Console) -> None:
    """Three tables: contenders at the quality compared (or at their best); of the measured analog EBM, parts and upkeep."""
    from ..compare.extent import extent, recipe_of

    quality = found.verdict.quality
    grid = Table()
    for heading in ("time and area", "s", "mm2", "TOPS/W", "TOPS/mm2", "J s"):
        grid.add_column(heading, justify="left" if heading == "time and area" else "right")
    parts = Table()
    for heading in ("part of the analog EBM", "mm2", "s it works", "assumed"):
        parts.add_column(heading, justify="right" if heading in ("mm2", "s it works") else "left")
    kept = None
    for c in found.contenders:
        if not c.stops or c.kind == "gpu-bound":
            continue
        stop, recipe = c.compared_at(quality), recipe_of(found.runs, c.name)
        e = extent(c, stop, recipe)
        cells = (e.seconds, e.mm2, e.tops_per_watt, e.tops_per_mm2, e.joule_seconds)
        grid.add_row(escape(c.title), *(_short(value) for value in cells))
        if c is found.analog:
            for part in e.parts:
                parts.add_row(part.name, _short(part.mm2), _short(part.seconds), part.assumed)
            kept = None if recipe is None else _upkeep(c, stop, recipe)
    console.print(grid)
    if parts.row_count:
        console.print(parts)
    if kept is not None:
        console.print(kept)
    say(
        console,
        "?: nobody has published it. Areas are sums of the parts that are known, so lower bounds; arrays and lanes take turns.",
    )


def _upkeep(contender: Contender, stop: Stop, recipe: Recipe) -> Table | None:
    """What keeping its arrays takes beside the training; None where it has none."""
    from ...energy_models.prices.upkeep import upkeep
    from ..compare.extent import CELLS_PER_WEIGHT

    if recipe.hardware is None:
        return None
    cells, device = contender.parameters * CELLS_PER_WEIGHT, recipe.hardware.cell()
    rows = upkeep(stop.events, stop.bill.chip, device, cells=cells, joules=stop.bill.joules, seconds=stop.seconds)
    grid = Table()
    for heading in ("upkeep of its arrays", "value", "unit", "assumed"):
        grid.add_column(heading, justify="right" if heading == "value" else "left")
    for row in rows:
        grid.add_row(row.name, _short(row.value), "" if row.unit == "1" else row.unit, row.assumed)
    return grid


def _short(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
