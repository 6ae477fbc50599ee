"""`revpath gpu compare`: the GPU model beside a measured file, as a table and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...energy_models.validation.measured import Compared, compare_measured

if TYPE_CHECKING:
    import pandas as pd


def show_measured(path: Path, console: Console, gpu: str | None = None, out: Path | None = None) -> list[Path]:
    """Print measured and modelled watts of each workload of a file, and draw them into a folder where one is given.

    Parameters
    ----------
    gpu : str, optional
        the model's GPU by name, where the file's own is not one that the library describes.
    """
    found = compare_measured(path, gpu)
    console.print(_table(found))
    for one in found:
        if one.model_W is None:
            console.print(escape(f"{one.workload}: not modelled: {one.why}"), highlight=False, soft_wrap=True)
    return [] if out is None else _draw(found, out / path.stem)


def measured_frame(path: Path, gpu: str | None = None) -> pd.DataFrame:
    """A row for each workload; parameters and errors as of `show_measured`."""
    import pandas as pd

    rows = []
    for one in compare_measured(path, gpu):
        model = None if one.model_W is None else one.model_W.interval
        watts = (None, None, None) if model is None else (model.nominal, model.low, model.high)
        rows.append((one.workload, one.measured_W, *watts, one.error, one.why or None))
    heads = ["workload", "measured_W", "model_W", "model_low_W", "model_high_W", "error", "not_modelled"]
    return pd.DataFrame(rows, columns=heads)


def _table(found: list[Compared]) -> Table:
    grid = Table(title="The GPU model beside the meter: mean watts of the GPU")
    for heading in ("workload", "meter W", "model W", "90 %", "model over meter"):
        grid.add_column(heading, justify="left" if heading == "workload" else "right")
    for one in found:
        cells = ("not modelled", "", "")
        if one.model_W is not None and one.error is not None:
            interval = one.model_W.interval
            cells = (f"{interval.nominal:.0f}", f"{interval.low:.0f} to {interval.high:.0f}", f"{one.error:+.0%}")
        grid.add_row(escape(one.workload), f"{one.measured_W:.0f}", *cells)
    return grid


def _draw(found: list[Compared], where: Path) -> list[Path]:
    from matplotlib.figure import Figure

    from ...devices.base.files import results_folder
    from ...devices.base.style import save_figure, style
    from ...energy_models.figures.measured import plot_measured

    results_folder(where.parent)
    with style():
        figure = Figure(figsize=(6.0, 1.2 + 0.4 * len(found)), layout="constrained")
        plot_measured(found, figure.subplots(), where.name.replace("_", " "))
    return save_figure(figure, where, provenance="revpath gpu compare")
