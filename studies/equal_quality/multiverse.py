"""Every reasonable choice made the other way, all at once: in which share of them does either side need fewer joules?

A universe is one chip, one schedule of digital work, one way to use the GPU, one seed. In each, both sides are the cheapest of
their contenders that reach the quality with that seed. Prices are at their stated values; their intervals are in the factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base.errors import RevpathError
from ...energy_models import chip_names, load_chip
from ...energy_models.prices.schedule import SCHEDULES
from ..compare.contenders import CHIP, SAME_NODE, TWIN, Contender, contenders
from .frontier import fewer_points, shortened
from .protocol import Protocol
from .results import Found

if TYPE_CHECKING:
    import pandas as pd

ROWS = {
    "gpu": "the rival, GPU in long runs",
    "gpu-bound": "the rival, GPU at its best product",
    "gpu-many": "the rival, many at once on a GPU",
    "gpu-alone": "the rival, alone on a GPU",
}
"""Ways to use a GPU: kind of contender, and in words."""
LANES = "the same model, digital lanes at 32 nm"
_NO_CHIPS = ("thermal-limit",)
_GROUP = ["family", "opponent", "quality"]
_COLUMNS = ["chip", "schedule", *_GROUP, "seed", "analog_there", "opponent_there", "ratio"]
_FEW = 100  # draws of a bill of which the nominal joules are wanted


def multiverse(protocol: Protocol, name: str, found: Found, chips: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each universe, family and quality.

    Parameters
    ----------
    protocol : Protocol
    name : str
        Of the task.
    found : Found
    chips : sequence of str, optional
        Analog chips of the library; all that can price the runs unless given.

    Returns
    -------
    DataFrame
        chip, schedule, opponent (the rival on a GPU in one of its ways, or the same family on digital lanes), seed, family, quality,
        analog_there and opponent_there (who comes to the quality), and ratio, opponent over analog joules; NaN unless both do.
    """
    import pandas as pd

    qualities = protocol.tasks[name].qualities
    runs = [shortened(run, qualities) for run in found.runs]
    rivals = [fewer_points(rival, qualities) for rival in found.rivals]
    arrays = [run for run in runs if run.recipe.hardware is not None]
    digital = [run for run in runs if run.recipe.hardware is None]
    rows: list[dict[str, Any]] = []
    for schedule, chosen in SCHEDULES.items():
        others = contenders(digital, rivals, CHIP, chosen, _FEW)
        for chip in chips or _analog_chips():
            try:
                analog = contenders(arrays, [], chip, chosen, _FEW) if arrays else []
            except RevpathError:
                continue  # a chip that does not price these events is no choice
            universe = {"chip": chip, "schedule": schedule}
            analog = [c for c in analog if c.kind == "analog"]
            rows += [universe | row for row in _of_seeds(analog, others, qualities, protocol.seeds)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """For each family, opponent and quality: shares of the universes.

    Parameters
    ----------
    table : DataFrame
        Of `multiverse`.

    Returns
    -------
    DataFrame
        universes; analog_only and opponent_only, shares in which one side alone comes to the quality; both; of these analog_less, the
        share in which the analog side needs fewer joules, with the median, the lowest and the highest ratio.
    """
    import pandas as pd

    rows = []
    for family, opponent, quality in table[_GROUP].drop_duplicates().itertuples(index=False):
        of = (table["family"] == family) & (table["opponent"] == opponent) & (table["quality"] == quality)
        ours, other, ratios = (table.loc[of, name].to_numpy() for name in ("analog_there", "opponent_there", "ratio"))
        ratio = ratios[np.isfinite(ratios)]
        there = ratio if len(ratio) else np.full(1, np.nan)
        rows.append(
            {
                "family": family,
                "opponent": opponent,
                "quality": quality,
                "universes": len(ratios),
                "analog_only": float(np.mean(ours & ~other)),
                "opponent_only": float(np.mean(other & ~ours)),
                "both": len(ratio) / len(ratios),
                "analog_less": float(np.mean(ratio > 1)) if len(ratio) else np.nan,
                "median": float(np.median(there)),
                "lowest": float(there.min()),
                "highest": float(there.max()),
            }
        )
    return pd.DataFrame(rows)


def _analog_chips() -> list[str]:
    names = [name for name in chip_names() if name not in _NO_CHIPS and load_chip(name).kind == "analog"]
    return [CHIP, *SAME_NODE, *(name for name in names if name not in (CHIP, *SAME_NODE))]


def _of_seeds(
    analog: Sequence[Contender], others: Sequence[Contender], qualities: Sequence[float], seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    families = list(dict.fromkeys(c.model for c in analog))
    for family in families:
        analog_of = [c for c in analog if c.model == family]
        opponents = {words: [c for c in others if not c.ours and c.kind == kind] for kind, words in ROWS.items()}
        opponents[LANES] = [c for c in others if c.model == family and c.name.endswith(f"-{TWIN}")]
        for opponent, theirs in opponents.items():
            for place, seed in enumerate(seeds):
                for quality in qualities:
                    ours, other = _least(analog_of, quality, place), _least(theirs, quality, place)
                    both = np.isfinite(ours) and np.isfinite(other)
                    yield {
                        "family": family,
                        "opponent": opponent,
                        "seed": seed,
                        "quality": quality,
                        "analog_there": bool(np.isfinite(ours)),
                        "opponent_there": bool(np.isfinite(other)),
                        "ratio": other / ours if both else np.nan,
                    }


def _least(contenders_: Sequence[Contender], quality: float, place: int) -> float:
    """The fewest joules of any of them at a quality, with the seed at a place; infinite where none comes to it."""
    joules = [np.inf]
    for c in contenders_:
        stops = (c.stops, *c.again)
        those = stops[place] if place < len(stops) else c.stops  # of kinds of which one seed is priced, that one
        joules += [stop.bill.joules for stop in those if stop.validation <= quality][:1]
    return min(joules)
