"""The other side of a comparison at equal quality: joules of the cheapest transformer on a GPU that comes as far.

The frontier is that of all trained shapes at their checkpoints, priced as `revpath compare` prices them: all work counted, by
the schedule of a register tile, run-level energy. Nothing is interpolated. Where a curve began below the quality, its first checkpoint
is an upper bound of what it would have taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ...energy_models import load_chip, price
from ...energy_models.gpu.price import BASES
from ...energy_models.prices.schedule import SCHEDULES
from .rivals import Rival, transformers
from .transformer import load_baseline

_DRAWS = 100
"""Of the interval, which is not used here: nominal joules do not depend on it."""


@dataclass(frozen=True)
class Passage:
    """What the cheapest transformer took.

    Parameters
    ----------
    joules : float
        Nominal, on the GPU.
    tokens : int
        Seen until then.
    name : str
        Its shape.
    at_most : bool
        Its curve began below the quality already.
    """

    joules: float
    tokens: int
    name: str
    at_most: bool


def cheapest_transformer(bits: float) -> Passage | None:
    """The cheapest shape at its first checkpoint with at most so many bits per character on validation; None where none came there.

    Parameters
    ----------
    bits : float
        Validation bits per character of the shipped text.

    Examples
    --------
    >>> passage = cheapest_transformer(3.0)
    >>> passage.name, passage.at_most
    ('d16 L1 ctx16', False)
    """
    passages = [passage for rival, joules in _priced() if (passage := _first(rival, joules, bits))]
    return min(passages, key=lambda passage: passage.joules, default=None)


def _first(rival: Rival, joules: tuple[float, ...], bits: float) -> Passage | None:
    for n, (point, spent) in enumerate(zip(rival.points, joules, strict=True)):
        if point.validation <= bits:
            return Passage(spent, point.examples, rival.name, at_most=n == 0)
    return None


@lru_cache(maxsize=1)
def _priced() -> tuple[tuple[Rival, tuple[float, ...]], ...]:
    """Every shape of the shipped baseline, and the joules of its checkpoints."""
    gpu, tiled = load_chip(BASES["run"]), SCHEDULES["register-tile"]
    return tuple(
        (rival, tuple(price(rival.work(p.examples, tiled), gpu, n_draws=_DRAWS).joules for p in rival.points))
        for rival in transformers(load_baseline())
    )
