"""The published advantage factors that revpath tests again, in the order of the project's notes.

Each is a function of records: see `claim` for the verdict, `parts` for today's baselines. A module of this folder adds
claims by a function marked with `registry.publishes`.
"""

from __future__ import annotations

import re

from ...devices.base.errors import unknown
from .claim import Claim, Tested, compute
from .parts import PARTS
from .registry import registered


def claims() -> tuple[Claim, ...]:
    """All claims, those without a factor included."""
    return tuple(sorted(registered(), key=_order))


def retest(name: str | None = None, *, n_draws: int = 10_000, seed: int = 0) -> list[Tested]:
    """All claims, computed, or those of one name.

    Parameters
    ----------
    name : str, optional
        a key such as ``C7a``, a number such as ``C7`` with all that belongs to it, or a work such as ``puma2019``.

    Raises
    ------
    UnknownName
        no claim is called so.
    """
    chosen = claims() if name is None else _called(name)
    return [compute(claim, PARTS, n_draws=n_draws, seed=seed) for claim in chosen]


def _called(name: str) -> tuple[Claim, ...]:
    wanted = name.strip().casefold()
    every = claims()
    for names in (
        lambda claim: (claim.key,),
        lambda claim: (claim.name, f"C{_order(claim)[0]}"),
    ):
        found = tuple(claim for claim in every if wanted in (known.casefold() for known in names(claim)))
        if found:
            return found
    raise unknown("claim", name, [*(claim.key for claim in every), *dict.fromkeys(claim.name for claim in every)])


def _order(claim: Claim) -> tuple[int, str]:
    found = re.fullmatch(r"C(\d+)(.*)", claim.key)
    if found is None:
        raise ValueError(f"claim key = {claim.key!r} must be C, a number, and a suffix")
    return int(found[1]), found[2]
