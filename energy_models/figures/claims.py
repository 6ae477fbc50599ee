"""The tested claims as a figure: published, computed again, and what is left today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..claims.claim import Tested, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito, "Color universal design" (2008); verdicts differ in marker as well
_LOOKS: Mapping[Verdict, tuple[str, str]] = {
    "reproduced": ("#009E73", "o"),
    "explained": ("#0072B2", "s"),
    "not explained": ("#56B4E9", "D"),
    "conditional": ("#E69F00", "P"),
    "outdated": ("#D55E00", "<"),
    "refuted": ("#000000", "X"),
    "not recomputable": ("#888888", "v"),
}
_PUBLISHED, _OWN, _OTHER = "as published", "again, own numbers", "again, memory or independent"
_ORDER = [_PUBLISHED, _OWN, _OTHER, *(f"today: {verdict}" for verdict in _LOOKS)]
_UP = 0.22  # how far above its row the factor computed again stands, and today's below


def plot_claims(tested: Sequence[Tested], ax: Axes) -> Axes:
    """Published factor (open circle), computed again (diamond), and today's by verdict; bars are 90 % intervals.

    One row a claim, those without a factor left out.
    """
    shown = [(t, t.published, t.today) for t in tested if t.published is not None and t.today is not None]
    labels: set[str] = set()

    def once(label: str) -> str:
        return "_" if label in labels or labels.add(label) else label

    for row, (t, published, today) in enumerate(reversed(shown)):
        colour, marker = _LOOKS[t.verdict]
        ax.axhline(row, color="#EEEEEE", linewidth=0.8, zorder=0)
        if t.own is not None:
            span = t.own.interval
            ax.plot([span.low, span.high], [row + _UP] * 2, color="#CC79A7", linewidth=2.5, alpha=0.45, zorder=2)
            full = t.claim.basis == "own"
            ax.plot(
                t.own.interval.nominal,
                row + _UP,
                "D",
                markerfacecolor="#CC79A7" if full else "white",
                markeredgecolor="#CC79A7",
                markersize=4.5,
                zorder=4,
                label=once(_OWN if full else _OTHER),
            )
        now = t.boundaries["facility"].interval
        ax.plot([now.low, now.high], [row - _UP] * 2, color=colour, linewidth=2.5, alpha=0.45, zorder=2)
        ax.plot(
            today,
            row - _UP,
            marker,
            color=colour,
            markersize=5.5,
            zorder=4,
            linestyle="",
            label=once(f"today: {t.verdict}"),
        )
        ax.plot(
            published,
            row,
            "o",
            markerfacecolor="white",
            markeredgecolor="#222222",
            markersize=5.5,
            zorder=3,
            label=once(_PUBLISHED),
        )
    ax.axvline(1.0, color="#444444", linewidth=0.9, linestyle="--")
    ax.set_xscale("log")
    ax.set_yticks(range(len(shown)), [f"{t.claim.title}  {t.claim.key}" for t, *_ in reversed(shown)], fontsize=8)
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel("advantage over digital hardware, times (1: none); bars: 90 %", fontsize=9)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    names = sorted(found, key=_ORDER.index)
    ax.legend(
        [found[n] for n in names],
        names,
        fontsize=8,
        frameon=False,
        loc="lower center",
        bbox_to_anchor=(0.35, 1.0),
        ncols=3,
    )
    return ax
