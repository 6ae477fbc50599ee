"""What `revpath barrier` draws: the barrier to entry, by year and by step."""

from __future__ import annotations

from pathlib import Path

from .files import results_folder


def run_barrier(out: Path, results: Path | None) -> list[Path]:
    """Write the figure into a folder; with results of a comparison, its measured factor is drawn as one more step."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from ..energy_models import revolution
    from ..energy_models.barrier import plot_by_step, plot_by_year
    from .figures import STYLE, save

    factor = None if results is None else revolution(results / "result.json")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.0, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_by_year(left)
        plot_by_step(right, factor)
    return save(figure, results_folder(out) / "barrier")
