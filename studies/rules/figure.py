"""The figure of the study of update rules: quality by rule and device, with pulses per weight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...devices.base.files import results_folder, write_whole
from ...devices.base.printable import figure_text
from ...devices.base.style import save_figure, style
from ...simulator.rules import RULES
from ..compare.result import KEPT, show_as_last
from ..tasks.tasks import TASKS
from .study import DIGITAL, Plan, Tell, learned, study, table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_OF_A_TABLE = ("rules.csv", "rules.pdf", "rules.svg", "rules.png", "rules.txt")
_CAPTION = (
    "Quality of two models by update rule and device, as a share of the ideal model's gain over counting, and pulses a weight "
    "(k: thousands, M: millions). Best of a grid of learning rates, chosen on validation data; mean of the seeds of the plan."
)

_WIDTH, _TITLE = 0.95, 5.0  # inches of a rule's column, and of a map at least, for the title of it


def publish(plan: Plan, folder: Path, *, workers: int | None = None, tell: Tell | None = None) -> pd.DataFrame:
    """Make or complete the study in `folder`, and write ``rules.csv`` and the figure ``rules`` there.

    Those are copies of the last table; that of each plan stands in a folder of its own in ``results``.
    """
    shown = table(study(plan, folder, workers=workers, tell=tell))
    own = results_folder(Path(folder) / KEPT / plan.key)
    write_whole(own / "rules.csv", shown.to_csv(index=False))
    drawn = save_figure(rules_figure(shown), own / "rules", provenance=f"revpath rules {plan.key}", caption=_CAPTION)
    show_as_last([own / "rules.csv", *drawn], Path(folder), _OF_A_TABLE)
    return shown


def rules_figure(table: pd.DataFrame) -> Figure:
    """One map for each task of `training_rules.table`, side by side."""
    from matplotlib.figure import Figure

    tasks = [task for task in TASKS if task in set(table["task"])]
    of_arrays = table.loc[table["device"] != DIGITAL]
    devices, rules = of_arrays["device"].nunique(), of_arrays["rule"].nunique()
    with style():
        width = max(_WIDTH * rules, _TITLE)
        figure = Figure(figsize=(width * len(tasks) + 1.4, 0.62 * devices + 2.6), layout="constrained")
        axes = np.atleast_1d(np.asarray(figure.subplots(1, len(tasks))))
        for ax, task in zip(axes, tasks, strict=True):
            plot_rules(table, task, ax)
        for ax in axes[1:]:
            ax.set_yticklabels([])  # the devices are those of the first map
        colours = axes[0].images[0]
        figure.colorbar(
            colours, ax=list(axes), shrink=0.9, pad=0.01, label="share of the ideal model's gain", extend="min"
        )
    return figure


def plot_rules(table: pd.DataFrame, task: str, ax: Axes) -> Axes:
    """Draw the map of one task on `ax` and return it.

    Colour: how much of the way the model came from what it would reach without weights (0) to the ideal digital model,
    trained alike (1); orange is clearly below 0, made worse; grey where the ideal
    model itself learned nothing. Numbers: quality of the test data, and below it pulses per weight.
    Below each rule stands what of it is digital, as its class says.
    Devices are those of the whole table, so that maps of several tasks have the same rows.
    """
    kind = TASKS[task]
    rows = [row for row in table.to_dict("records") if row["task"] == task]
    best = next((row["quality"] for row in rows if row["device"] == DIGITAL), np.nan)
    rows = [row for row in rows if row["device"] != DIGITAL]
    devices = [device for device in dict.fromkeys(table["device"]) if device != DIGITAL]
    rules = [rule for rule in RULES.names if rule in {row["rule"] for row in rows}]
    floor, is_learned = kind.baseline(), learned(table, task)
    way = np.full((len(devices), len(rules)), np.nan)
    for row in rows:
        i, j = devices.index(row["device"]), rules.index(row["rule"])
        if row["refused"]:
            ax.annotate("not\nsimulated", (j, i), ha="center", va="center", fontsize=7, color="0.45")
            continue
        if is_learned:
            way[i, j] = np.clip((row["quality"] - floor) / (best - floor), -1, 1.5)
        ax.annotate(
            f"{row['quality']:.2f}\n{_short(row['pulses_per_weight'])}",
            (j, i),
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if way[i, j] > 0.75 else "black",
        )
    ax.imshow(np.ma.masked_invalid(way), cmap=_colours(), vmin=-0.02, vmax=1.2, aspect="auto")
    ax.set_xticks(range(len(rules)), [_column(rule) for rule in rules], fontsize=7.5)
    ax.set_yticks(range(len(devices)), [figure_text(device, 40) for device in devices], fontsize=8)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    sign = "higher" if kind.higher_is_better else "lower"
    ax.set_title(
        f"{kind.title}: test {kind.unit} ({sign} is better), and pulses per weight\n"
        f"ideal digital {best:.2f}, {kind.baseline_name} {floor:.2f}{'' if is_learned else ': nothing learned yet'}",
        fontsize=9,
        loc="left",
    )
    return ax


def _column(rule: str) -> str:
    """What a rule is called below its column, and what of it is digital."""
    kind = RULES.named(rule)
    return f"{kind.label()}\n({kind.training})"


def _colours() -> Colormap:
    import matplotlib as mpl

    return mpl.colormaps["Blues"].with_extremes(under="#E69F00", bad="#EEEEEE")


def _short(pulses: float) -> str:
    """A number of pulses in a few characters."""
    if pulses < 1000:
        return f"{pulses:.0f} p" if pulses >= 1 else f"{pulses:.1g} p"
    return f"{pulses / 1000:.1f}k p" if pulses < 1e4 else f"{pulses / 1000:.0f}k p"
