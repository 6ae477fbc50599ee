"""The tested claims as a table, as sentences and as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .claim import AGREES, BOUNDARIES, SAME, Basis, Tested, Verdict, apart

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASES: Mapping[Basis, str] = {
    "own": "its own numbers",
    "memory": "its own numbers, from memory,",
    "independent": "independent or partial numbers",
    "none": "no numbers",
}
_MARGIN = 0.01  # steps nearer to 1 than this are not told in the sentence


def figure(value: float) -> str:
    """A factor as it is printed: three digits, thousands apart, no exponent where it can be helped."""
    return f"{float(f'{value:.3g}'):,.12g}" if 1e-3 <= abs(value) < 1e9 else f"{value:.3g}"


def because(tested: Tested) -> str:
    """Why the verdict is what it is, in a sentence or two, from the computed numbers."""
    t = tested
    if t.published is None or t.today is None:
        return "There is no factor to test."
    own, basis = t.recomputed, t.claim.basis
    if own is None:
        first = f"Nothing was read from which {figure(t.published)} times could be computed again."
    else:
        how = "agrees" if apart(own, t.published) <= AGREES[basis] else "does not agree"
        first = f"{BASES[basis][0].upper()}{BASES[basis][1:]} give {figure(own)} times, which {how} with {figure(t.published)}"
        first += f" (within {AGREES[basis]:g} times)."
    return f"{first} {_today(t.verdict, t.today, t.published)}{'' if t.certain else ' Its interval straddles 1.'}"


def _today(verdict: Verdict, today: float, published: float) -> str:
    left = f"Today {figure(today)} times are left"
    if today <= 1 + 1e-9:
        return f"Today no advantage is left: {figure(today)} times."
    if verdict == "reproduced":
        return f"{left}, within {SAME:g} times of the claim or with it inside their interval."
    if verdict == "explained":
        return f"{left}; the steps multiply to the difference."
    return f"{left}, if the claim is taken at its word."


def went(tested: Tested) -> str:
    """The steps from the published factor to today's, as a chain of multiplications; those of about 1 are left out."""
    told = [f"x {value:.2g} {name}" for name, _, value in tested.steps if abs(value - 1) > _MARGIN]
    return "; ".join(told)


def claims_table(tested: Sequence[Tested]) -> pd.DataFrame:
    """One row a claim: published, computed again, today with its interval and at each boundary, verdict and why."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "claim": t.claim.key,
                "name": t.claim.name,
                "title": t.claim.title,
                "about": t.claim.about,
                "published": t.published,
                "own": t.recomputed,
                "own_low": None if t.own is None else t.own.interval.low,
                "own_high": None if t.own is None else t.own.interval.high,
                "basis": t.claim.basis,
                **{f"at_{boundary}": t.at(boundary) for boundary in BOUNDARIES},
                "today": t.today,
                "low": t.low,
                "high": t.high,
                "verdict": t.verdict,
                "why": because(t),
                "steps": went(t),
                "missing": t.claim.missing,
                "quality": t.claim.quality,
                "assumed": ", ".join(t.shaky),
                "sources": " | ".join(t.sources),
            }
            for t in tested
        ]
    )


# Okabe and Ito, "Color universal design" (2008); verdicts differ in marker as well
_LOOKS: Mapping[Verdict, tuple[str, str]] = {
    "reproduced": ("#009E73", "o"),
    "explained": ("#0072B2", "s"),
    "refuted": ("#D55E00", "X"),
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
