"""Published advantage factors, computed again: under their own numbers, and against today's baselines and boundaries.

A claim is a function of records. Its verdict follows from what is computed and from two stated thresholds:

- *refuted*: no advantage is left (today's factor is at most 1), or the claim's own numbers do not give it within 2 times;
- *reproduced*: today's factor is within 3 times of the published one;
- *explained*: an advantage is left, but less than a third (or more than three times) of what was published, and the
  steps say where the rest went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..devices.record import Record
from .sensitivity import Propagated, Quantity, Take, Value, nominal, propagate

Verdict = Literal["reproduced", "explained", "refuted"]
OWN_TOLERANCE = 2.0
"""A claim's own numbers must give its factor within so many times."""
SAME = 3.0
"""Today's factor is the published one where they differ by no more than so many times."""


@dataclass(frozen=True)
class Change:
    """What the advantage is multiplied by when something is counted that the claim did not count."""

    name: str
    factor: Quantity


@dataclass(frozen=True)
class Claim:
    """A published factor, how to compute it again, and what has become of it.

    published: the factor. own: the same from the claim's own numbers, where it gives enough of them.
    changes: what turns the published factor into today's, one by one. today: today's factor where it follows from
        absolute numbers rather than from changes; then the changes only explain.
    context: further numbers that the reader should see beside the verdict.
    """

    key: str
    title: str
    about: str
    published: Quantity
    own: Quantity | None = None
    changes: tuple[Change, ...] = ()
    today: Quantity | None = None
    context: tuple[Change, ...] = ()

    def today_quantity(self) -> Quantity:
        if self.today is not None:
            return self.today

        def quantity(take: Take) -> Value:
            factor = self.published(take)
            for change in self.changes:
                factor = factor * change.factor(take)
            return factor

        return quantity


@dataclass(frozen=True)
class Tested:
    """A claim, computed."""

    claim: Claim
    published: float
    own: float | None
    today: Propagated
    changes: tuple[tuple[str, float], ...]
    context: tuple[tuple[str, float], ...]
    records: Mapping[str, Record]

    @property
    def verdict(self) -> Verdict:
        if self.own is not None and _apart(self.own, self.published) > OWN_TOLERANCE:
            return "refuted"
        if self.factor <= 1:
            return "refuted"
        return "reproduced" if _apart(self.factor, self.published) <= SAME else "explained"

    @property
    def factor(self) -> float:
        """Today's factor: the median over the draws, since published inputs are often best cases."""
        return float(np.median(self.today.samples))

    @property
    def certain(self) -> bool:
        """The 90 % interval of today's factor lies on one side of 1."""
        return self.today.interval.low > 1 or self.today.interval.high <= 1

    @property
    def why(self) -> str:
        """The reason in a sentence, from the computed numbers."""
        parts = []
        if self.own is None:
            parts.append("too few numbers were read to compute it anew under its own assumptions")
        else:
            parts.append(f"its own numbers give {self.own:.3g}")
        parts += [f"{name}: x {factor:.2g}" for name, factor in self.changes]
        parts += [f"{name}: {value:.3g}" for name, value in self.context]
        if not self.certain:
            parts.append("the interval straddles 1")
        return "; ".join(parts)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(sorted({record.source.citation for record in self.records.values()}))

    @property
    def shaky(self) -> tuple[str, ...]:
        """Ids of the records behind any of its numbers that are assumed or were read nowhere we can point at."""
        return tuple(id for id, record in self.records.items() if record.shaky)


def compute(claim: Claim, *, n_draws: int = 10_000, seed: int = 0) -> Tested:
    """The claim, computed with intervals."""

    used: dict[str, Record] = {}

    def value(quantity: Quantity) -> float:
        found, records = nominal(quantity)
        used.update(records)
        return found

    today = propagate(claim.today_quantity(), n_draws=n_draws, seed=seed)
    used.update(today.records)
    return Tested(
        claim,
        published=value(claim.published),
        own=value(claim.own) if claim.own else None,
        today=today,
        changes=tuple((change.name, value(change.factor)) for change in claim.changes),
        context=tuple((change.name, value(change.factor)) for change in claim.context),
        records=used,
    )


def _apart(a: float, b: float) -> float:
    return max(a / b, b / a)
