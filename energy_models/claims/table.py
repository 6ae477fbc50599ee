"""The tested claims as a table and as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...devices.base.lazy import lazily
from .claim import AGREES, BOUNDARIES, SAME, Basis, Tested, apart

if TYPE_CHECKING:
    import pandas as pd

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


def short(value: float, digits: int = 3) -> str:
    """A factor for a narrow column: as `figure`, with an exponent from 10 000 on, ``3e4``."""
    if not 1e-3 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return figure(float(f"{value:.{digits}g}"))


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
    rest = "" if t.certain or t.verdict == "conditional" else " Its interval straddles 1."
    return f"{first} {_today(t, t.today)}{rest}{knife(t)}"


def knife(tested: Tested) -> str:
    """Where the verdict stands on a knife's edge, as a sentence that begins with a space; "" where it does not."""
    return f" On a knife's edge: {'; '.join(tested.edges)}." if tested.edges else ""


def _today(tested: Tested, today: float) -> str:
    left, share = f"Today {figure(today)} times are left", f"{tested.reasons:.0%}"
    match tested.verdict:
        case "conditional":
            return f"It holds under a condition: {tested.claim.condition}. Without it {figure(today)} times are left."
        case "outdated":
            return f"Today no advantage is left, over baselines that its authors could not have: {figure(today)} times."
        case "reproduced":
            return f"{left}, within {SAME:g} times of the claim or with it inside their interval."
        case "explained":
            return f"{left}; steps with a reason make {share} of the way there."
        case "not explained":
            return f"{left}, but of another machine: steps with a reason make only {share} of the way there."
        case _:
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
                "edge": "; ".join(t.edges),
                "reasons": None if t.published is None else t.reasons,
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


# Where it was until 0.2.
__getattr__, __dir__ = lazily(__name__, {"...figures.claims": ("plot_claims",)})
