"""What the study says in words, made from its tables: what is shown, what is not, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..compare.verdict import Verdict
from ..compare.wording import plain_number
from .frontier import Counting, Judged
from .multiverse import LANES, shares

if TYPE_CHECKING:
    from .report import Findings

QUESTION = (
    "Does training energy-based models on analog in-memory computing cost less energy than digital training on a GPU, at equal "
    "quality? Two factors are told apart: the model's (both sides on the same GPU) and the hardware's (the same model on arrays, on "
    "a GPU, and on digital lanes of the arrays' own node)."
)
LIMITS = (
    "Models have up to some 10^6 parameters; what holds at 10^9 and more is not shown, and no trend here reaches there.",
    "Prices of chips that train in place are component prices, many of them assumed; no chip of this kind has been metered.",
    "GPU energies are those of long runs per FLOP, which favours the GPU: no GPU at hand was metered with models of this size.",
    "Digital lanes are priced with 16-bit words and are assumed to come to the quality of 32-bit training.",
    "One array stands for tiles; what idle tiles leak is a row beside the bill, not in it.",
    "Settings were chosen on validation data of Moby Dick and the digits, with unequal numbers of trials; on MNIST and the King James "
    "Bible nothing was chosen, for no side: an MLP that is tuned there may be cheaper.",
    "Not among the contenders yet: vision transformer, LSTM, denoising chain, transformer on arrays; and no binarised MNIST.",
)


def gist(judgements: Mapping[str, Judged], counted: Mapping[str, Counting | None]) -> list[str]:
    """A sentence or two for each task and family, at the hardest quality that both sides come to with every seed.

    Parameters
    ----------
    judgements : mapping of str to Judged
    counted : mapping of str to Counting or None
    """
    out = []
    for name, judgement in judgements.items():
        for family in judgement.families:
            hardest = judgement.hardest(family)
            if hardest is None:
                verdict = judgement.verdicts[family, judgement.task.qualities[-1]]
                out.append(
                    f"{judgement.task.title}, {family}: no quality of the protocol is reached by both sides. {verdict.sentence}"
                )
                continue
            line = f"{judgement.task.title}: {judgement.headline(family, hardest)} {_turns(judgement, family, hardest)}"
            count = counted[name]
            if count is not None and count.validation <= hardest:
                line += (
                    f" A {count.title} has {count.validation:.2f} for {count.lanes.nominal * 1e3:.2g} mJ, so nobody needs either "
                    "model at this quality."
                )
            out.append(line.strip())
    return out


def _turns(judgement: Judged, family: str, hardest: float) -> str:
    """Whether an easier quality says something else."""
    at_hardest = _sign(judgement.verdicts[family, hardest])
    others = {q: _sign(v) for (name, q), v in judgement.verdicts.items() if name == family and v.ratio and q != hardest}
    turned = [f"{q:g}" for q, sign in others.items() if sign != at_hardest]
    if not turned:
        return ""
    words = {1: "less", -1: "more", 0: "no difference"}
    said = sorted({words[others[q]] for q in others if others[q] != at_hardest})
    return f"At {', '.join(turned)} it is otherwise ({' or '.join(said)})."


def _sign(verdict: Verdict) -> int:
    """1 where the analog side needs less, -1 where more, 0 where no difference is shown."""
    ratio = verdict.ratio
    if ratio is None or ratio.low < 1 < ratio.high:
        return 0
    return 1 if ratio.nominal > 1 else -1


def break_even(judgements: Mapping[str, Judged]) -> str:
    """By what factor the hardware must be cheaper than a GPU for each family to break even: the inverse of the model's factor."""
    parts = []
    for judgement in judgements.values():
        for family in judgement.families:
            hardest = judgement.hardest(family)
            algorithm = judgement.verdicts[family, hardest].algorithm if hardest is not None else None
            if algorithm is not None and algorithm.nominal < 1:
                low, high = plain_number(1 / algorithm.high), plain_number(1 / algorithm.low)
                parts.append(
                    f"{family} on {judgement.task.title} {plain_number(1 / algorithm.nominal)} times ({low} to {high})"
                )
    if not parts:
        return "No family needs cheaper hardware than a GPU to break even at the qualities shown."
    return f"To break even a step on the hardware must be cheaper than on a GPU by: {'; '.join(parts)}."


def objections(found: Findings) -> Iterator[tuple[str, str]]:
    """(objection, answer) with what was measured."""
    judgements = found.judgements
    hardest = [
        f"{j.task.title} {j.hardest(f):g}" for j in judgements.values() for f in j.families if j.hardest(f) is not None
    ]
    yield (
        "The quality is useless.",
        f"Judged at the hardest quality that both sides reach: {'; '.join(hardest) or 'none'}.",
    )
    names = sorted({r.model for f in found.found.values() for r in f.rivals})
    sizes = [len(f.rivals) for f in found.found.values()]
    yield (
        "The rival is fat.",
        f"It is the lower envelope of {sum(sizes)} sizes ({', '.join(names) or 'none'}) with every seed.",
    )
    lines = [
        f"{c.title} {c.validation:.2f} bits/char, {c.lanes.nominal * 1e3:.2g} mJ" for c in found.counted.values() if c
    ]
    yield (
        "The n-gram that counts is a straw man.",
        f"It is modified Kneser-Ney, priced: {'; '.join(lines) or 'no text is complete'}.",
    )
    yield (
        "The n-gram EBM is an n-gram in disguise.",
        "It is a log-linear n-gram, and said to be one. Its win over a transformer on a GPU is the model's, as the factors say.",
    )
    yield "One-hot inputs have no matrix product.", _against_lanes(found, text=True)
    yield (
        "Mixed precision is not training in memory.",
        "No contender keeps a digital copy of its weights: all are moved by pulses in place.",
    )
    schedules = {name: _by_schedule(found, name) for name in judgements}
    said = "; ".join(f"{found.protocol.tasks[name].title} {words}" for name, words in schedules.items() if words)
    yield (
        "The schedule of the digital part is invented.",
        f"Shares of universes in which arrays need less than the rival in long runs, by schedule: {said or 'none'}.",
    )
    yield (
        "2 pJ/FLOP is not what a small model takes.",
        "It favours the GPU. One model alone, or many at once, take more: rows of the table of robustness; not metered here.",
    )
    yield (
        "The accounting is asymmetric.",
        "Both sides are billed by one rule: element-wise work, optimizer, data, instructions and leakage; same node beside it. "
        + _against_lanes(found, text=False),
    )
    yield (
        "One seed, one text.",
        f"{len(found.protocol.seeds)} seeds, {len(judgements)} of {len(found.protocol.tasks)} tasks complete enough to be judged.",
    )


def _against_lanes(found: Findings, text: bool) -> str:
    """What the same model on digital lanes of the same node says."""
    parts = []
    for name, judgement in found.judgements.items():
        if (found.protocol.tasks[name].source.kind == "text") != text:
            continue
        for family in judgement.families:
            quality = judgement.hardest(family)
            same = judgement.verdicts[family, quality].same_node if quality is not None else None
            if same is not None:
                parts.append(
                    f"{judgement.task.title}, {family}: {same.nominal:.2g} ({same.low:.2g} to {same.high:.2g})"
                )
    if not parts:
        return "Nothing is complete enough to say."
    return f"Joules on digital lanes of the same node over those on arrays: {'; '.join(parts)}."


def _by_schedule(found: Findings, name: str) -> str:
    table = found.universes[name]
    parts = []
    for schedule, group in table.groupby("schedule", sort=False):
        won = shares(group.loc[group["opponent"] != LANES])
        won = won.loc[won["opponent"].str.contains("long runs")]["analog_less"].dropna()
        if len(won):
            parts.append(f"{schedule} {float(np.mean(won)):.0%}")
    return ", ".join(parts)
