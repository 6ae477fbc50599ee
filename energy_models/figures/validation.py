"""The validation as a figure: published against modelled efficiency of every chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..validation.chips import GOAL, validation_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Okabe and Ito; a marker of its own for each chip, so that colour is not needed.
_STYLES = (("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#D55E00", "D"), ("#CC79A7", "v"))
_SIMULATED = (("#666666", "x"), ("#000000", "+"))


def plot_validation(ax: Axes, table: pd.DataFrame | None = None) -> Axes:
    """Published against modelled TOPS/W, both logarithmic: open markers predicted without the chip, filled calibrated.

    Bars: 5 % to 95 % of the model's records. The band is the goal, a factor of 2. Simulated designs, which are never
    fitted to, are crosses.
    """
    table = validation_table() if table is None else table
    ends = np.array([table["published"].min() / GOAL, table["published"].max() * GOAL])
    ax.fill_between(ends, ends / GOAL, ends * GOAL, color="0.92", label=f"within a factor of {GOAL:g}")
    ax.plot(ends, ends, color="0.4", linewidth=1)
    styles = {True: iter(_STYLES), False: iter(_SIMULATED)}
    for chip, part in table.groupby("chip", sort=False):
        real = bool(part["measured"].all())
        colour, marker = next(styles[real], ("#666666", "."))
        x, left_out = part["published"], part["published"] / part["leave_one_out"]
        scale = left_out / part["model"]  # the factors move the model's interval with it
        ax.vlines(x, part["low"] * scale, part["high"] * scale, color=colour, linewidth=0.8, alpha=0.5)
        label = f"{chip}{'' if real else ' (simulated)'}, left out"
        ax.plot(x, left_out, marker, color=colour, markerfacecolor="none", linestyle="none", label=label)
        if real:
            ax.plot(x, x / part["calibrated"], marker, color=colour, markersize=3, linestyle="none")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("published TOPS/W")
    ax.set_ylabel("modelled TOPS/W")
    ax.plot([], [], "o", color="0.4", markersize=3, linestyle="none", label="small, filled: calibrated on the chip")
    ax.plot([], [], "|", color="0.4", markersize=9, label="bar: 5 % to 95 % of the model by its records")
    ax.legend(frameon=False, fontsize="x-small")
    return ax
