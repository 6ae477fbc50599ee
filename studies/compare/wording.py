"""Ratios of energies in words."""

from __future__ import annotations

from typing import Literal

from ...energy_models.prices.bill import Interval

Bound = Literal["at most", "at least", "about"] | None
"""How a ratio of two first passages is to be read where a curve began below the quality; None: as it is."""


def in_words(other_over_ours: Interval, limit: Bound = None) -> str:
    """A ratio of energies as "12 times less" (or "more"), with its limit."""
    factor = other_over_ours.nominal
    if factor >= 1:
        return f"{limit + ' ' if limit else ''}{plain_number(factor)} times less"
    turned = {"at most": "at least ", "at least": "at most ", "about": "about ", None: ""}[limit]
    return f"{turned}{plain_number(1 / factor)} times more"


def interval_in_words(other_over_ours: Interval) -> str:
    """Its 90 % interval, turned like the ratio in `in_words`."""
    low, high = other_over_ours.low, other_over_ours.high
    if other_over_ours.nominal < 1:
        low, high = 1 / high, 1 / low
    return f"{plain_number(low)} to {plain_number(high)}"


def compared(other_over_ours: Interval, limit: Bound, other: str) -> str:
    """ "needs 3 times less energy than the other (90 % 2 to 5)"; where the interval holds 1, that no difference is shown."""
    if other_over_ours.low < 1 < other_over_ours.high:  # a point estimate would say more than is known
        low, high = plain_number(1 / other_over_ours.high), plain_number(1 / other_over_ours.low)
        return f"needs {low} to {high} times the energy of {other} (90 %): no difference is shown"
    return f"needs {in_words(other_over_ours, limit)} energy than {other} (90 % {interval_in_words(other_over_ours)})"


def share(other_over_ours: Interval, limit: Bound = None) -> str:
    """ "3 times less (2 to 5)"; where the interval holds 1, "no difference shown (0.5 to 2 times the energy)"."""
    if other_over_ours.low < 1 < other_over_ours.high:
        low, high = plain_number(1 / other_over_ours.high), plain_number(1 / other_over_ours.low)
        return f"no difference shown ({low} to {high} times the energy)"
    return f"{in_words(other_over_ours, limit)} ({interval_in_words(other_over_ours)})"


def plain_number(value: float) -> str:
    """Two significant digits without an exponent: 0.031, 7.6, 18, 1,200."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
