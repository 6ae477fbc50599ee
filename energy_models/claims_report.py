"""The tested claims as a table and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .claim import Tested

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def claims_table(tested: Sequence[Tested]) -> pd.DataFrame:
    """One row a claim: published, own, today with its interval, verdict and why."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "claim": t.claim.key,
                "title": t.claim.title,
                "about": t.claim.about,
                "published": t.published,
                "own": t.own,
                "today": t.factor,
                "low": t.today.interval.low,
                "high": t.today.interval.high,
                "verdict": t.verdict,
                "why": t.why,
                "assumed": ", ".join(t.shaky),
            }
            for t in tested
        ]
    )


_COLOURS = {"reproduced": "#009E73", "explained": "#E69F00", "refuted": "#D55E00"}
_MARKERS = {"reproduced": "o", "explained": "s", "refuted": "X"}


def plot_claims(tested: Sequence[Tested], ax: Axes) -> Axes:
    """Published factor (open circle) and today's with its 90 % interval (filled), one row a claim."""
    shown: set[str] = set()
    for row, t in enumerate(reversed(tested)):
        colour, interval = _COLOURS[t.verdict], t.today.interval
        ax.plot([t.published, t.factor], [row, row], color="#BBBBBB", linewidth=0.8, zorder=1)
        ax.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.5, alpha=0.5, zorder=2)
        ax.plot(t.published, row, "o", markerfacecolor="white", markeredgecolor="#444444", markersize=5, zorder=3)
        label = "_" if t.verdict in shown else f"today: {t.verdict}"
        ax.plot(t.factor, row, _MARKERS[t.verdict], color=colour, markersize=6, zorder=4, label=label)
        shown.add(t.verdict)
    ax.plot([], [], "o", markerfacecolor="white", markeredgecolor="#444444", markersize=5, label="as published")
    ax.axvline(1.0, color="#666666", linewidth=0.8, linestyle="--")
    ax.set_xscale("log")
    ax.set_yticks(range(len(tested)), [t.claim.title for t in reversed(tested)], fontsize=8)
    ax.set_xlabel("advantage over digital hardware (1: none; bars: 90 %)", fontsize=9)
    ax.legend(fontsize=8, frameon=False, loc="lower right")
    return ax
