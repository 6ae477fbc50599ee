"""The other side of a comparison at equal quality: joules of the cheapest transformer on a GPU that comes as far.

The frontier is that of all trained shapes at their checkpoints, priced as `revpath compare` prices them: all work counted, by
the tiled schedule, run-level energy. Nothing is interpolated. Where a curve began below the quality, its first checkpoint
is an upper bound of what it would have taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ...energy_models import load_chip, price
from ...energy_models.gpu.price import BASES
from .transformer import load_baseline
from .work import training_events

_DRAWS = 100
"""Of the interval, which is not used here: nominal joules do not depend on it."""


@dataclass(frozen=True)
class Rival:
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


def cheapest_transformer(bits: float) -> Rival | None:
    """The cheapest shape at its first checkpoint with at most so many bits per character on validation; None where none came there.

    Parameters
    ----------
    bits : float
        Validation bits per character of the shipped text.

    Examples
    --------
    >>> rival = cheapest_transformer(3.0)
    >>> rival.name, rival.at_most
    ('d16 L1 ctx16', False)
    """
    passages = []
    for stops in _curves():
        first = next((stop for stop in stops if stop[0] <= bits), None)
        if first is not None:
            passages.append(Rival(first[1], first[2], first[3], at_most=first is stops[0]))
    return min(passages, key=lambda rival: rival.joules, default=None)


@lru_cache(maxsize=1)
def _curves() -> tuple[tuple[tuple[float, float, int, str], ...], ...]:
    """Checkpoints of every shape: validation bits, joules, tokens, name."""
    gpu = load_chip(BASES["run"])
    return tuple(
        tuple(
            (
                point.validation_bits,
                price(training_events(curve.shape, curve.hyper, point.tokens), gpu, n_draws=_DRAWS).joules,
                point.tokens,
                curve.shape.name,
            )
            for point in curve.points
        )
        for curve in load_baseline().curves
    )
