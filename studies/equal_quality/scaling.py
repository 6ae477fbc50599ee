"""How joules grow with quality: a power law on each side's frontier, with its interval over seeds.

A frontier is E(L), the joules of the cheapest contender of a side at each quality L of the protocol. Fitted is log E = c - k log L;
L falls as E^(-1/k). Seeds are drawn with replacement, a thousand times, and the frontier is taken anew for each draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..compare.contenders import Contender
from .frontier import Judged, sides

if TYPE_CHECKING:
    import pandas as pd

_DRAWS = 1_000
_FEWEST = 3
"""Qualities of a frontier that a line through is worth fitting."""


def scaling(judgement: Judged, seed: int = 0) -> pd.DataFrame:
    """The exponent of every side that comes to three qualities or more.

    Parameters
    ----------
    judgement : Judged
    seed : int
        Of the draws of seeds.

    Returns
    -------
    DataFrame
        side, qualities (how many), hardest, joules there, and exponent (L falls as E to the minus that) with its 90 % interval;
        `low` and `high` are NaN where a side has one seed.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    rows = []
    for side, members in sides(judgement.curves).items():
        table = _passages(members, judgement.task.qualities)
        all_of_it = _frontier(table, np.arange(table.shape[1]))
        there = np.isfinite(all_of_it)
        if there.sum() < _FEWEST:
            continue
        qualities = np.asarray(judgement.task.qualities)
        draws = [
            _exponent(qualities, _frontier(table, rng.integers(table.shape[1], size=table.shape[1])))
            for _ in range(_DRAWS)
        ]
        held = np.asarray([b for b in draws if np.isfinite(b)])
        several = table.shape[1] > 1 and held.size > _DRAWS // 2
        low, high = np.quantile(held, (0.05, 0.95)) if several else (np.nan, np.nan)
        rows.append(
            {
                "side": side,
                "qualities": int(there.sum()),
                "hardest": float(qualities[there].min()),
                "joules": float(all_of_it[there][np.argmin(qualities[there])]),
                "exponent": _exponent(qualities, all_of_it),
                "low": float(low),
                "high": float(high),
            }
        )
    return pd.DataFrame(rows)


def _passages(members: Sequence[Contender], qualities: Sequence[float]) -> np.ndarray:
    """Joules of each contender, seed and quality, (contenders, seeds, qualities); infinite where it does not come there."""
    seeds = max((1 + len(c.again) for c in members), default=1)
    table = np.full((len(members), seeds, len(qualities)), np.inf)
    for i, c in enumerate(members):
        curves = (c.stops, *c.again)
        for s in range(seeds):
            for q, quality in enumerate(qualities):
                stops = curves[min(s, len(curves) - 1)]
                first = next((stop for stop in stops if stop.validation <= quality), None)
                table[i, s, q] = first.bill.joules if first else np.inf
    return table


def _frontier(table: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The least over contenders of the median over seeds, of those that come there with every one."""
    if not table.size:
        return np.zeros(0)
    chosen = table[:, seeds]
    return np.where(np.isfinite(chosen).all(axis=1), np.median(chosen, axis=1), np.inf).min(axis=0)


def _exponent(qualities: np.ndarray, joules: np.ndarray) -> float:
    there = np.isfinite(joules) & (joules > 0)
    if there.sum() < _FEWEST:
        return np.nan
    slope = np.polyfit(np.log(qualities[there]), np.log(joules[there]), 1)[0]
    return float(-1 / slope) if slope else np.nan
