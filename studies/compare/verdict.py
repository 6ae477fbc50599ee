"""Equal quality or no comparison: curves of joules against bits per character, and the one sentence they support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...energy_models import Bill
from ...energy_models.prices.bill import SCOPES, Interval, Scope, ratio
from .contenders import CHIP as CHIP
from .contenders import Contender, Stop
from .contenders import contenders as contenders

CHARACTERS = 500_000
"""That each EBM sees, unless asked otherwise; with fewer the verdict is another."""
QUALITIES = tuple(round(4.0 - 0.05 * k, 2) for k in range(45))
"""Bits per character at which joules are compared, 4.0 to 1.8: so fine that the verdict is taken at the best quality
that the analog side reaches, not at a coarser one that flatters it."""
COARSER = 0.2
"""How many bits worse the second comparison is, which shows where the ratio is going."""


Bound = Literal["at most", "at least", "about"] | None
"""How a ratio of two first passages is to be read where a curve began below the quality; None: as it is."""


@dataclass(frozen=True)
class Verdict:
    """The comparison at one quality.

    short: how the sentence begins where the budget was below that by default; "" where it was not.
    bits: the lowest listed quality that both the measured analog EBM and some transformer reached, or None.
    ratio: transformer joules over analog joules there (above 1 the analog side wins), chip against GPU.
    ratio_bound: the same, with the transformer at the best matrix product.
    ratio_gpu_ebm: joules of the EBM on the GPU over analog joules.
    limit, limit_gpu_ebm: how `ratio` (with `ratio_bound`) and `ratio_gpu_ebm` are to be read.
    coarser: (bits, ratio) at a quality `COARSER` bits worse, or None where that is not listed; limit_coarser: as `limit`.
    dominant, dominant_share: the largest component of the analog bill.
    not_reached: listed qualities that a transformer reached and the analog EBM did not.
    warnings: what the bills lean on without proof, one line each.
    ratio_at: `ratio` at the boundaries that both have joules in (chip, node, facility; the GPU's prices hold no smaller).
    """

    sentence: str
    short: str = ""
    bits: float | None = None
    ratio: Interval | None = None
    ratio_bound: Interval | None = None
    ratio_gpu_ebm: Interval | None = None
    limit: Bound = None
    limit_gpu_ebm: Bound = None
    coarser: tuple[float, Interval] | None = None
    limit_coarser: Bound = None
    transformer: str | None = None
    dominant: str | None = None
    dominant_share: float | None = None
    not_reached: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    ratio_at: Mapping[str, Interval] = field(default_factory=dict)


def judge(all_of_them: Sequence[Contender], ngram_bits: float, characters: int = CHARACTERS) -> Verdict:
    """What the curves say at the lowest quality that both sides reached.

    characters: that each EBM was to see. With fewer than by default the sentence begins by saying so, since the verdict
    depends on them: a short run is compared at a quality that is reached early.
    """
    analog = next((c for c in all_of_them if c.kind == "analog" and not c.hypothetical), None)
    if analog is None or not analog.stops:
        return Verdict("The analog EBM has no checkpoint yet: nothing to compare.")
    warnings = _warnings(analog, all_of_them)
    best = f"the analog EBM came to {analog.best.validation_bits:.2f} bits/char"
    transformers = [c for c in all_of_them if c.model == "transformer" and c.kind == "gpu"]
    if not transformers:
        return Verdict(f"No transformer was trained on this text, so nothing is compared; {best}.", warnings=warnings)
    theirs = [q for q in QUALITIES if any(t.first_at(q) for t in transformers)]
    missed = tuple(q for q in theirs if not analog.first_at(q))
    reached = [q for q in theirs if analog.first_at(q)]
    if not reached:
        sentence = f"No listed quality was reached by both sides: {best}."
        return Verdict(_short(characters) + sentence, _short(characters), not_reached=missed, warnings=warnings)
    bits = min(reached)
    ours = _passage(analog, bits)
    cheapest = min((t for t in transformers if t.first_at(bits)), key=lambda t: _passage(t, bits).bill.joules)
    bound = next(c for c in all_of_them if c.name == cheapest.name.removesuffix("gpu") + "gpu-bound")
    twin = next((c for c in all_of_them if c.model == "EBM" and c.kind == "gpu" and c.first_at(bits)), None)
    against = ratio(_passage(cheapest, bits).bill, ours.bill)
    limit = _limit(cheapest, analog, bits)
    top = max(ours.bill.components, key=ours.bill.nominal)
    coarser, limit_coarser = _coarser(analog, transformers, bits, reached)
    return Verdict(
        sentence=_short(characters)
        + _sentence((bits, against, limit), coarser and (*coarser, limit_coarser), missed, ngram_bits),
        short=_short(characters),
        coarser=coarser,
        limit_coarser=limit_coarser,
        bits=bits,
        ratio=against,
        ratio_at=_at_boundaries(_passage(cheapest, bits).bill, ours.bill),
        ratio_bound=ratio(_passage(bound, bits).bill, ours.bill),
        ratio_gpu_ebm=ratio(_passage(twin, bits).bill, ours.bill) if twin else None,
        limit=limit,
        limit_gpu_ebm=_limit(twin, analog, bits) if twin else None,
        transformer=cheapest.name,
        dominant=top,
        dominant_share=ours.bill.nominal(top) / ours.bill.joules,
        not_reached=missed,
        warnings=warnings,
    )


def _short(characters: int) -> str:
    if characters >= CHARACTERS:
        return ""
    return (
        f"A short run, of {characters:,} characters where {CHARACTERS:,} are the default, and the verdict depends on "
        "that. "
    )


def _passage(contender: Contender, bits: float) -> Stop:
    stop = contender.first_at(bits)
    assert stop is not None
    return stop


def _at_boundaries(other: Bill, ours: Bill) -> dict[str, Interval]:
    scopes: list[Scope] = [
        scope for scope in SCOPES if other.up_to(scope).nominal > 0 and ours.up_to(scope).nominal > 0
    ]
    return {scope: ratio(other, ours, scope) for scope in scopes}


def _limit(other: Contender, analog: Contender, bits: float) -> Bound:
    """A curve that began below `bits` spent at most what its first checkpoint had spent."""
    match other.passed_unseen(bits), analog.passed_unseen(bits):
        case True, False:
            return "at most"
        case False, True:
            return "at least"
        case True, True:
            return "about"
    return None


def _coarser(
    analog: Contender, transformers: Sequence[Contender], bits: float, reached: Sequence[float]
) -> tuple[tuple[float, Interval] | None, Bound]:
    """The same ratio at a quality `COARSER` bits worse, if that is listed: (bits, transformer over analog joules)."""
    easier = round(bits + COARSER, 2)
    if easier not in reached:
        return None, None
    cheapest = min((t for t in transformers if t.first_at(easier)), key=lambda t: _passage(t, easier).bill.joules)
    against = ratio(_passage(cheapest, easier).bill, _passage(analog, easier).bill)
    return (easier, against), _limit(cheapest, analog, easier)


_Finding = tuple[float, Interval, Bound]
"""Bits per character, transformer over analog joules there, and how that is to be read."""


def _sentence(found: _Finding, coarser: _Finding | None, missed: Sequence[float], ngram_bits: float) -> str:
    bits, against, limit = found
    finding = f"the analog EBM needs {in_words(against, limit)} energy than the transformer on a GPU"
    finding += f" (90 % interval {interval_in_words(against)})"
    if against.low < 1 < against.high:  # a point estimate would say more than is known
        low, high = plain_number(1 / against.high), plain_number(1 / against.low)
        finding = f"the analog EBM needs {low} to {high} times the training energy of the transformer on a GPU"
        finding += " (90 % interval): no difference is shown"
    text = f"At {bits:g} bits/char {finding}"
    if limit:
        who = {"at most": "the transformer", "at least": "the analog EBM", "about": "each of them"}[limit]
        text += f"; it is a limit, since {who} was below that at its first checkpoint"
    rest = []
    if coarser:
        rest.append(f"at {coarser[0]:g}, an easier quality, the analog EBM needs {in_words(coarser[1], coarser[2])}")
    if missed:
        rest.append(f"it does not reach {max(missed):g} bits/char, which the transformer does")
    if bits > ngram_bits:
        rest.append(f"a 6-gram has {ngram_bits:.2f} for next to no energy, so this is a small-model regime")
    second = "; ".join(rest)
    return f"{text}. {second[0].upper()}{second[1:]}." if rest else f"{text}."


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


def plain_number(value: float) -> str:
    """Two significant digits without an exponent: 0.031, 7.6, 18, 1,200."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _warnings(analog: Contender, all_of_them: Sequence[Contender]) -> tuple[str, ...]:
    """What is assumed or unverified behind the analog bill, and behind those of the GPU, one line each."""
    out = []
    if analog.shaky:
        out.append(
            f"the analog bill leans on {len(analog.shaky)} assumed or unverified numbers: {', '.join(analog.shaky)}"
        )
    guessed = [a.partition(":")[0] for a in analog.stops[-1].bill.assumptions]
    if guessed:
        out.append(f"and on {len(guessed)} prices of assumed structure: {', '.join(guessed)}")
    others = [c for c in all_of_them if c.kind != "analog" and c.stops]
    shaky = sorted({id for c in others for id in c.shaky})
    guessed = sorted({a.partition(":")[0] for c in others for a in c.stops[-1].bill.assumptions})
    for what, names in (("assumed or unverified numbers", shaky), ("prices of assumed structure", guessed)):
        if names:
            out.append(f"the bills of the GPU lean on {len(names)} {what}: {', '.join(names)}")
    return tuple(out)


def table(all_of_them: Sequence[Contender], bits: float | None) -> list[dict[str, Any]]:
    """One row a contender: what it reached, and what it cost at `bits`."""
    rows = []
    for c in all_of_them:
        at = c.first_at(bits) if bits is not None and c.stops else None
        joules = at.bill.interval() if at else None
        best = c.best.bill.interval() if c.stops else None
        rows.append(
            {
                "contender": c.title,
                "parameters": c.parameters,
                "best bits/char (validation)": c.best.validation_bits if c.stops else np.nan,
                "best bits/char (test)": c.best.test_bits if c.stops else np.nan,
                "joules at best": best.nominal if best else np.nan,
                "low at best": best.low if best else np.nan,
                "high at best": best.high if best else np.nan,
                "characters to Q": at.characters if at else None,
                "test bits/char at Q": at.test_bits if at else None,
                "joules to Q": joules.nominal if joules else None,
                "low": joules.low if joules else None,
                "high": joules.high if joules else None,
            }
        )
    return rows
