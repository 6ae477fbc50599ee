"""Equal quality or no comparison: curves of joules against loss, and the few sentences that they support.

Two factors, not one. The algorithm's: the rival and the EBM on the same GPU. The hardware's: the EBM on the GPU and on arrays.
Their product is the whole ratio. A quality that counting reaches is named as one, and what one seed says as what one seed says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...energy_models import Bill, pooled_ratio
from ...energy_models.prices.bill import SCOPES, Interval, Scope
from ..tasks.contract import LearningTask
from .contenders import CHIP as CHIP
from .contenders import TWIN, Contender
from .contenders import contenders as contenders
from .wording import Bound, brief, compared, in_words, share


@dataclass(frozen=True)
class Ruler:
    """By what a comparison is judged.

    Attributes
    ----------
    unit : str
        Of losses.
    qualities : tuple of float
        Losses at which joules are compared, the worst first.
    coarser : float
        How much worse the second quality is.
    counting : float or None
        Loss of a model that counts, and takes next to no energy; None where the task has none.
    counted : str
        What that is.
    examples : int
        That a run sees by default: with fewer the verdict is another.
    example : str
        What one of them is.
    rival : str
        What the EBM is compared with.
    logarithmic : bool
        Whether losses are drawn by their logarithm.
    """

    unit: str
    qualities: tuple[float, ...]
    coarser: float
    counting: float | None
    counted: str
    examples: int
    example: str
    rival: str = "transformer"
    logarithmic: bool = False

    @classmethod
    def of(cls, task: LearningTask, counting: float | None, counted: str, examples: int, rival: str) -> Ruler:
        """For a task."""
        words = (counted, examples, task.example, rival)
        return cls(task.unit, task.qualities, task.coarser, counting, *words, task.logarithmic)


@dataclass(frozen=True)
class Verdict:
    """The comparison at one quality. Ratios are those of joules, the other side over the analog EBM: above 1 the latter wins.

    Attributes
    ----------
    sentence : str
        All that is said.
    short : str
        How it begins where the budget was below that by default; "" where it was not.
    quality : float or None
        The lowest listed loss that both a measured analog EBM, with every seed, and some rival reached.
    analog, rival : str or None
        Names of the two contenders, the cheapest there.
    seeds : int
        Of the analog EBM.
    ratio : Interval or None
        Of the rival on the GPU, over all seeds.
    algorithm, hardware : Interval or None
        The rival on the GPU over the EBM on the GPU; the EBM on the GPU over the EBM on arrays. Their product is `ratio`.
    same_node : Interval or None
        The EBM on digital lanes of the chip's node over the EBM on arrays.
    ratio_bound : Interval or None
        `ratio` with the rival at the best matrix product.
    limit, limit_hardware : str or None
        How `ratio` (with `ratio_bound`) and `hardware` are to be read.
    coarser : tuple or None
        (loss, ratio) at an easier quality; None where that is not listed. limit_coarser: as `limit`.
    dominant, dominant_share : str and float, or None
        The largest component of the analog bill.
    not_reached : tuple of float
        Listed qualities that a rival reached and the analog EBM did not.
    warnings : tuple of str
        What the bills lean on without proof, one line each.
    ratio_at : mapping
        `ratio` at the boundaries that both have joules in (chip, node, facility; the GPU's prices hold no smaller).
    """

    sentence: str
    short: str = ""
    quality: float | None = None
    analog: str | None = None
    rival: str | None = None
    seeds: int = 0
    ratio: Interval | None = None
    algorithm: Interval | None = None
    hardware: Interval | None = None
    same_node: Interval | None = None
    ratio_bound: Interval | None = None
    limit: Bound = None
    limit_hardware: Bound = None
    coarser: tuple[float, Interval] | None = None
    limit_coarser: Bound = None
    dominant: str | None = None
    dominant_share: float | None = None
    not_reached: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    ratio_at: Mapping[str, Interval] = field(default_factory=dict)


def judge(
    all_of_them: Sequence[Contender], ruler: Ruler, examples: int | None = None, family: str | None = None
) -> Verdict:
    """What the curves say at the lowest loss that both sides reached.

    Parameters
    ----------
    all_of_them : sequence of Contender
    ruler : Ruler
    examples : int, optional
        That each EBM was to see. With fewer than by default the sentence begins by saying so, since the verdict depends on
        them: a short run is compared at a quality that is reached early.
    family : str, optional
        Of our own models, the one that is judged; all of them unless given.
    """
    analogs = [c for c in all_of_them if c.kind == "analog" and not c.hypothetical and c.stops]
    analogs = [c for c in analogs if family in (None, c.model)]
    if not analogs:
        return Verdict("The analog side has no checkpoint yet: nothing to compare.")
    warnings = _warnings(analogs, all_of_them)
    lowest = min(analogs, key=lambda c: c.best.validation)
    best = f"the analog side came to {lowest.best.validation:.3g} {ruler.unit}"
    rivals = [c for c in all_of_them if not c.ours and c.kind == "gpu"]
    if not rivals:
        return Verdict(
            f"No {ruler.rival} was trained on these data, so nothing is compared; {best}.", warnings=warnings
        )
    theirs = [q for q in ruler.qualities if _cheapest(rivals, q)]
    missed = tuple(q for q in theirs if not _cheapest(analogs, q))
    reached = [q for q in theirs if _cheapest(analogs, q)]
    short = _short(ruler, examples)
    if not reached:
        return Verdict(
            f"{short}No listed quality was reached by both sides: {best}.", short, not_reached=missed, warnings=warnings
        )
    return _at(min(reached), reached, missed, analogs, rivals, all_of_them, ruler, short, warnings)


def _at(
    quality: float,
    reached: Sequence[float],
    missed: tuple[float, ...],
    analogs: Sequence[Contender],
    rivals: Sequence[Contender],
    all_of_them: Sequence[Contender],
    ruler: Ruler,
    short: str,
    warnings: tuple[str, ...],
) -> Verdict:
    """The verdict at a quality that both sides reached."""
    analog, rival = _cheapest(analogs, quality), _cheapest(rivals, quality)
    assert analog is not None
    assert rival is not None
    ours, theirs = _bills(analog, quality), _bills(rival, quality)
    bound = next((c for c in all_of_them if c.name == rival.name.removesuffix("gpu") + "gpu-bound"), None)
    same = [c for c in all_of_them if c.model == analog.model and c.passages(quality)]
    gpu = _cheapest([c for c in same if c.kind == "gpu"], quality)
    twin = _cheapest([c for c in same if c.name.endswith(f"-{TWIN}")], quality)
    on_gpu = _bills(gpu, quality) if gpu else []
    coarser, limit_coarser = _coarser(analogs, rivals, quality, reached, ruler)
    top = max(ours[0].components, key=ours[0].nominal)
    found = Verdict(
        sentence="",
        short=short,
        quality=quality,
        analog=analog.name,
        rival=rival.name,
        seeds=1 + len(analog.again),
        ratio=pooled_ratio(theirs, ours),
        algorithm=pooled_ratio(theirs, on_gpu) if gpu else None,
        hardware=pooled_ratio(on_gpu, ours) if gpu else None,
        same_node=pooled_ratio(_bills(twin, quality), ours) if twin else None,
        ratio_bound=pooled_ratio(_bills(bound, quality), ours) if bound else None,
        limit=_limit(rival, analog, quality),
        limit_hardware=_limit(gpu, analog, quality) if gpu else None,
        coarser=coarser,
        limit_coarser=limit_coarser,
        dominant=top,
        dominant_share=ours[0].nominal(top) / ours[0].joules,
        not_reached=missed,
        warnings=warnings,
        ratio_at=_at_boundaries(theirs, ours),
    )
    return replace(found, sentence=short + sentences(found, ruler, analog.title))


def headline(found: Verdict, ruler: Ruler, analog: str) -> str:
    """The verdict in one sentence: the whole, both factors, and the arrays against digital lanes of their own node.

    Parameters
    ----------
    found : Verdict
    ruler : Ruler
    analog : str
        Title of the analog contender.
    """
    if found.ratio is None or found.quality is None:
        return found.sentence
    whole = compared(found.ratio, found.limit, f"the cheapest {ruler.rival} on a GPU")
    parts = [f"At {found.quality:g} {ruler.unit} the {analog} {whole}"]
    if found.algorithm is not None and found.hardware is not None:
        parts.append(f"model {brief(found.algorithm)}, arrays {brief(found.hardware, found.limit_hardware)}")
    if found.same_node is not None:
        parts.append(f"arrays against digital lanes: {brief(found.same_node)}")
    return f"{'; '.join(parts)}."


def sentences(found: Verdict, ruler: Ruler, analog: str) -> str:
    """The verdict in words: the whole, its two factors, what is not shown, and what counting does.

    Parameters
    ----------
    found : Verdict
        With a quality and a ratio.
    ruler : Ruler
    analog : str
        Title of the analog contender.
    """
    assert found.quality is not None
    assert found.ratio is not None
    seeds = f"over {found.seeds} seeds" if found.seeds > 1 else "with one seed, which another may turn,"
    whole = compared(found.ratio, found.limit, f"the cheapest {ruler.rival} on a GPU")
    said = [f"At {found.quality:g} {ruler.unit} {seeds} the {analog} {whole}"]
    if found.limit:
        who = {"at most": f"the {ruler.rival}", "at least": "the analog side", "about": "each of them"}[found.limit]
        said[0] += f"; it is a limit, since {who} was below that at its first checkpoint"
    if found.algorithm is not None and found.hardware is not None:
        model, arrays = share(found.algorithm), share(found.hardware, found.limit_hardware)
        both = f"the model, both on the GPU, {model}; the arrays, against the same model on the GPU, {arrays}"
        said.append(f"Two factors make that: {both}")
    if found.same_node is not None:
        said.append(
            f"Against the same model on digital lanes of the chip's own node, the arrays: {share(found.same_node)}"
        )
    if found.coarser is not None:
        easier = in_words(found.coarser[1], found.limit_coarser)
        said.append(f"At {found.coarser[0]:g}, an easier quality, it needs {easier} than the {ruler.rival}")
    if found.not_reached:
        said.append(f"It does not reach {max(found.not_reached):g} {ruler.unit}, which the {ruler.rival} does")
    if ruler.counting is not None and found.quality > ruler.counting:
        said.append(
            f"{ruler.counted} has {ruler.counting:.2f} for next to no energy, so nobody needs either model at this quality"
        )
    return " ".join(f"{sentence}." for sentence in said)


def _short(ruler: Ruler, examples: int | None) -> str:
    if examples is None or examples >= ruler.examples:
        return ""
    return (
        f"A short run, of {examples:,} {ruler.example}s where {ruler.examples:,} are the default, and the verdict depends on "
        "that. "
    )


def _cheapest(contenders: Sequence[Contender], quality: float) -> Contender | None:
    """The one that needs the fewest joules there, over its seeds; None where none comes to it with every seed."""
    there = [c for c in contenders if c.passages(quality)]
    return min(there, key=lambda c: np.median([bill.joules for bill in _bills(c, quality)]), default=None)


def _bills(contender: Contender, quality: float) -> list[Bill]:
    return [stop.bill for stop in contender.passages(quality)]


def _at_boundaries(theirs: Sequence[Bill], ours: Sequence[Bill]) -> dict[str, Interval]:
    scopes: list[Scope] = [scope for scope in SCOPES if all(bill.up_to(scope).nominal > 0 for bill in (*theirs, *ours))]
    return {scope: pooled_ratio(theirs, ours, scope) for scope in scopes}


def _limit(other: Contender, analog: Contender, quality: float) -> Bound:
    """A curve that began below `quality` spent at most what its first checkpoint had spent."""
    match other.passed_unseen(quality), analog.passed_unseen(quality):
        case True, False:
            return "at most"
        case False, True:
            return "at least"
        case True, True:
            return "about"
    return None


def _coarser(
    analogs: Sequence[Contender], rivals: Sequence[Contender], quality: float, reached: Sequence[float], ruler: Ruler
) -> tuple[tuple[float, Interval] | None, Bound]:
    """The same ratio at a quality that is `coarser` worse, if that is listed: (loss, rival over analog joules)."""
    easier = next((q for q in reached if abs(q - quality - ruler.coarser) < 1e-9), None)
    if easier is None:
        return None, None
    analog, rival = _cheapest(analogs, easier), _cheapest(rivals, easier)
    assert analog is not None
    assert rival is not None
    against = pooled_ratio(_bills(rival, easier), _bills(analog, easier))
    return (easier, against), _limit(rival, analog, easier)


def _warnings(analogs: Sequence[Contender], all_of_them: Sequence[Contender]) -> tuple[str, ...]:
    """What is assumed or unverified behind the analog bills, and behind those of the GPU, one line each."""
    out = []
    others = [c for c in all_of_them if c.kind != "analog" and c.stops]
    for whose, group in (("the analog bills", analogs), ("the bills of the GPU", others)):
        shaky = sorted({id for c in group for id in c.shaky})
        guessed = sorted({a.partition(":")[0] for c in group for a in c.stops[-1].bill.assumptions})
        for what, names in (("assumed or unverified numbers", shaky), ("prices of assumed structure", guessed)):
            if names:
                out.append(f"{whose} lean on {len(names)} {what}: {', '.join(names)}")
    return tuple(out)


def table(all_of_them: Sequence[Contender], quality: float | None, unit: str, example: str) -> list[dict[str, Any]]:
    """One row a contender, of its first seed: what it reached, and what it cost at `quality`."""
    rows = []
    for c in all_of_them:
        at = c.first_at(quality) if quality is not None and c.stops else None
        joules = at.bill.interval() if at else None
        best = c.best.bill.interval() if c.stops else None
        rows.append(
            {
                "contender": c.title,
                "parameters": c.parameters,
                f"best {unit} (validation)": c.best.validation if c.stops else np.nan,
                f"best {unit} (test)": c.best.test if c.stops else np.nan,
                "joules at best": best.nominal if best else np.nan,
                "low at best": best.low if best else np.nan,
                "high at best": best.high if best else np.nan,
                f"{example}s to Q": at.examples if at else None,
                f"test {unit} at Q": at.test if at else None,
                "joules to Q": joules.nominal if joules else None,
                "low": joules.low if joules else None,
                "high": joules.high if joules else None,
            }
        )
    return rows
