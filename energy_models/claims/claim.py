"""Published advantage factors, computed again: from their own numbers, and against today's baselines and full boundaries.

A claim is a function of records. Its verdict follows from `judge`, the only place where the rule stands, and from the
thresholds beside it. Today's factor is the published one times named steps, so nothing of the difference is unaccounted for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...devices.base.record import Record
from ..sensitivity import Propagated, Quantity, Take, Value, nominal, propagate

Verdict = Literal[
    "reproduced", "explained", "not explained", "conditional", "outdated", "refuted", "not recomputable", "no factor"
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Basis = Literal["own", "memory", "independent", "none"]
"""Where the numbers come from that a factor was computed again with.

own: the work's own numbers, read. memory: the work's own numbers, read nowhere that can be pointed at. independent: other
published numbers of the same hardware or kind of hardware, or only part of the work's. none: too few to compute anything.
"""
KINDS_OF_BASIS: tuple[Basis, ...] = get_args(Basis)

AGREES: Mapping[Basis, float] = {"own": 2.0, "memory": 2.0, "independent": 3.0}
"""A factor computed again agrees with the published one where they differ by no more than so many times."""
SAME = 3.0
"""Today's factor is still the published one where they differ by no more than so many times."""

REASONS = 0.5
"""The least share of the way from the published factor to today's, in logarithms, that reasons must account for."""
EDGE = 1.1
"""A number within so many times of a threshold of the rule stands on a knife's edge, and is said to."""

Stage = Literal["own numbers", "baseline", "samples", "array", "macro", "chip", "writes", "node", "facility"]
STAGES: tuple[Stage, ...] = get_args(Stage)
BOUNDARIES: tuple[Stage, ...] = ("array", "macro", "chip", "node", "facility")
"""The boundaries of every report. Programming and verifying (`writes`) count from the node on."""


def judge(
    published: float | None,
    own: float | None,
    basis: Basis,
    today: float | None,
    low: float = 0.0,
    high: float = 0.0,
    *,
    reasons: float = 1.0,
    condition: str = "",
) -> Verdict:
    """The verdict on a claim; the only place where the rule stands.

    Parameters
    ----------
    published : float, optional
        the factor as published; None where the work publishes none.
    own : float, optional
        the factor computed again, by `basis`; None where that could not be done.
    today : float, optional
        median of today's factor at the facility's boundary.
    low, high : float
        its central 90 %.
    reasons : float
        the share of the way from the published factor to today's that steps with a reason make, see `Tested.reasons`.
    condition : str
        under which the work states its factor, where today's is computed without it; "" where there is none.

    Notes
    -----
    The first of these that holds:

    - *no factor*: the work publishes none, so there is nothing to test;
    - *refuted*: the work's own numbers, as read, miss its factor by more than ``AGREES["own"]`` times;
    - *conditional*: nothing is left of it (median at most 1) where the condition does not hold under which it is stated;
    - *outdated*: nothing is left of it over today's baselines; what it said of those of its time stands or falls apart;
    - *not recomputable*: nothing it could be computed from was read, or what was found of other sources, of parts or of
      memory misses the factor by more than ``AGREES``: such numbers cannot refute a work, nor confirm it;
    - *reproduced*: its own numbers, as read, give its factor, and today's factor is within ``SAME`` times of it, or the 90 %
      interval of today's encloses it;
    - *explained*: the factor agrees (numbers from memory or of other sources count here, and only here), an advantage is
      left, and steps with a reason make at least ``REASONS`` of the way to it;
    - *not explained*: the factor agrees, but most of the way is a remainder without a reason, or another machine put in place
      of the claimed one: today's factor is then that machine's, not the claim's.
    """
    if published is None or today is None:
        return "no factor"
    agrees = own is not None and basis != "none" and apart(own, published) <= AGREES[basis]
    if own is not None and basis == "own" and not agrees:
        return "refuted"
    if today <= 1 + _ROUNDING:
        return "conditional" if condition else "outdated"
    if not agrees:
        return "not recomputable"
    stands = apart(today, published) <= SAME or low <= published <= high
    if basis == "own" and stands:
        return "reproduced"
    return "explained" if reasons >= REASONS else "not explained"


_ROUNDING = 1e-9


def apart(a: float, b: float) -> float:
    """How many times the larger is the smaller."""
    return max(a / b, b / a)


def over(above: Quantity, below: Quantity) -> Quantity:
    return lambda take: above(take) / below(take)


@dataclass(frozen=True)
class Step:
    """What the factor is multiplied by on its way from the publication to today, and the boundary where that enters.

    Attributes
    ----------
    reason : bool
        it says why the factor changes. Without one it is a remainder (what was computed again over what was published),
        or it puts another machine in place of the claimed one.
    """

    name: str
    factor: Quantity
    stage: Stage
    reason: bool = True


@dataclass(frozen=True)
class Note:
    """A further number that a reader should see beside the verdict."""

    name: str
    value: Quantity


@dataclass(frozen=True)
class Claim:
    """A published factor, how to compute it again, and what has become of it.

    key, name: how it is asked for. title: what it is, in a table. about: what kind of advantage. published: the factor.
    own, basis: the same computed again, and from which numbers. missing: which numbers could not be read, and where they
    stand. quality: the quality at which the sides were compared. condition: under which the work states the factor, where
    today's is computed without it. steps: what turns the published factor into today's, by stage. hardware: joules an
    operation of the claimed or the measured chip at today's chip boundary, for the table of GPUs by year.
    """

    key: str
    name: str
    title: str
    about: str
    published: Quantity | None = None
    own: Quantity | None = None
    basis: Basis = "none"
    missing: str = ""
    quality: str = ""
    condition: str = ""
    steps: tuple[Step, ...] = ()
    hardware: Quantity | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if (self.own is None) != (self.basis == "none"):
            raise ValueError(f"claim {self.key}: own is given if and only if basis is not 'none'")
        if self.basis != "own" and not self.missing:
            raise ValueError(
                f"claim {self.key}: missing must say which numbers could not be read, and where they stand"
            )
        order = [STAGES.index(step.stage) for step in self.steps]
        if order != sorted(order):
            raise ValueError(f"claim {self.key}: steps must stand in the order {', '.join(STAGES)}")

    def upto(self, boundary: Stage) -> Quantity:
        """The factor with every step up to a boundary; `facility` is today's factor."""
        last = STAGES.index(boundary)
        steps = [step for step in self.steps if STAGES.index(step.stage) <= last]
        published = self.published
        if published is None:
            raise ValueError(f"claim {self.key} publishes no factor, so there is none at the boundary {boundary!r}")

        def quantity(take: Take) -> Value:
            factor = published(take)
            for step in steps:
                factor = factor * step.factor(take)
            return factor

        return quantity


@dataclass(frozen=True)
class Tested:
    """A claim, computed. Numbers are at the records' stated values, but for `today` and `boundaries`: medians of draws."""

    claim: Claim
    published: float | None
    own: Propagated | None
    boundaries: Mapping[Stage, Propagated]
    steps: tuple[tuple[str, Stage, float], ...]
    notes: tuple[tuple[str, float], ...]
    by_year: tuple[tuple[int, float], ...]
    records: Mapping[str, Record]

    @property
    def today(self) -> float | None:
        """Today's factor at full boundary: the median over the draws, since published inputs are often best cases."""
        return self.at("facility")

    def at(self, boundary: Stage) -> float | None:
        """Median factor at a boundary; None where the work publishes no factor."""
        found = self.boundaries.get(boundary)
        return None if found is None else float(np.median(found.samples))

    @property
    def low(self) -> float | None:
        return self.boundaries["facility"].interval.low if self.boundaries else None

    @property
    def high(self) -> float | None:
        return self.boundaries["facility"].interval.high if self.boundaries else None

    @property
    def recomputed(self) -> float | None:
        """The factor computed again, at the records' stated values."""
        return None if self.own is None else self.own.interval.nominal

    @property
    def reasons(self) -> float:
        """The share of the way from the published factor to today's that steps with a reason make.

        Ways are lengths of logarithms: those of the reasons over those of the reasons and of what has none, each summed with
        its sign first, so that a detour does not count twice. 1 where there is no way.
        """
        logs = [
            (step.reason, math.log(value)) for step, (_, _, value) in zip(self.claim.steps, self.steps, strict=True)
        ]
        with_reason, without = (abs(sum(log for reason, log in logs if reason is which)) for which in (True, False))
        way = with_reason + without
        return with_reason / way if way > _ROUNDING else 1.0

    @property
    def verdict(self) -> Verdict:
        return judge(
            self.published,
            self.recomputed,
            self.claim.basis,
            self.today,
            self.low or 0.0,
            self.high or 0.0,
            reasons=self.reasons,
            condition=self.claim.condition,
        )

    @property
    def edges(self) -> tuple[str, ...]:
        """Where the verdict stands on a knife's edge: each number of the rule within ``EDGE`` times of its threshold."""
        if self.published is None or self.today is None:
            return ()
        near = []
        if self.recomputed is not None:
            allowed, off = AGREES[self.claim.basis], apart(self.recomputed, self.published)
            if apart(off, allowed) <= EDGE:
                near.append(f"computed again it differs {off:.2f} times, of {allowed:g} allowed")
        if abs(self.today - 1) > _ROUNDING and apart(self.today, 1.0) <= EDGE:
            near.append(f"{self.today:.2f} times are left, where 1 would be none")
        if self.verdict in ("reproduced", "explained", "not explained"):
            off = apart(self.today, self.published)
            if self.claim.basis == "own" and apart(off, SAME) <= EDGE:
                near.append(f"today's factor differs {off:.2f} times, where {SAME:g} would still reproduce it")
            if self.verdict != "reproduced" and apart(max(self.reasons, _ROUNDING), REASONS) <= EDGE:
                near.append(f"reasons make {self.reasons:.0%} of the way, of {REASONS:.0%} needed")
        return tuple(near)

    @property
    def certain(self) -> bool:
        """The 90 % interval of today's factor lies on one side of 1."""
        return self.low is not None and self.high is not None and (self.low > 1 or self.high <= 1)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(sorted({record.source.citation for record in self.records.values()}))

    @property
    def shaky(self) -> tuple[str, ...]:
        """Ids of the records behind any of its numbers that are assumed or were read nowhere we can point at."""
        return tuple(id for id, record in self.records.items() if record.shaky)


def compute(
    claim: Claim, parts: Mapping[int, Quantity] | None = None, *, n_draws: int = 10_000, seed: int = 0
) -> Tested:
    """The claim, computed with intervals. parts: joules an operation of the best GPU by year, for `Tested.by_year`."""
    used: dict[str, Record] = {}

    def value(quantity: Quantity) -> float:
        found, records = nominal(quantity)
        used.update(records)
        return found

    def spread(quantity: Quantity) -> Propagated:
        found = propagate(quantity, n_draws=n_draws, seed=seed)
        used.update(found.records)
        return found

    by_year = ()
    if (hardware := claim.hardware) is not None:
        by_year = tuple((year, value(over(gpu, hardware))) for year, gpu in (parts or {}).items())
    return Tested(
        claim,
        published=None if claim.published is None else value(claim.published),
        own=None if claim.own is None else spread(claim.own),
        boundaries={} if claim.published is None else {stage: spread(claim.upto(stage)) for stage in BOUNDARIES},
        steps=tuple((step.name, step.stage, value(step.factor)) for step in claim.steps),
        notes=tuple((note.name, value(note.value)) for note in claim.notes),
        by_year=by_year,
        records=used,
    )
