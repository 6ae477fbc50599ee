"""Both sides' lower envelopes at every quality, and the two factors between them: what the study says, as tables.

A family of our own (an energy, whatever its size, its budget and what holds its weights) meets the rivals of its task. Every
side of a ratio is the cheapest of its contenders that reach the quality with every seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...energy_models import price
from ...energy_models.gpu.price import BASES
from ...energy_models.prices.bill import Interval
from ...energy_models.prices.schedule import SCHEDULES, completed
from ..baselines.kneser_ney import counting_events, kneser_ney_bits
from ..baselines.rivals import Rival, RivalPoint
from ..compare.contenders import CHOSEN, N_DRAWS, TWIN, Contender, contenders
from ..compare.learn import Checkpoint, LearningRun
from ..compare.verdict import Ruler, Verdict, headline, judge
from ..tasks.loading import load_task
from ..tasks.next_character import NextCharacter
from .protocol import Protocol, StudyTask
from .results import Found

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Judged:
    """What was found on a task, priced.

    Attributes
    ----------
    task : StudyTask
    curves : tuple of Contender
        Of every contender on every hardware, at the checkpoints that matter.
    rulers : mapping of float to Ruler
        By quality.
    verdicts : mapping of (str, float) to Verdict
        By family of our own and quality.
    """

    task: StudyTask
    curves: tuple[Contender, ...]
    rulers: Mapping[float, Ruler]
    verdicts: Mapping[tuple[str, float], Verdict]

    @property
    def families(self) -> list[str]:
        """Of our own."""
        return list(dict.fromkeys(family for family, _ in self.verdicts))

    def headline(self, family: str, quality: float) -> str:
        """One sentence: the whole, both factors, and the arrays against digital lanes."""
        verdict = self.verdicts[family, quality]
        analog = next((c.title for c in self.curves if c.name == verdict.analog), "")
        return headline(verdict, self.rulers[quality], analog)

    def hardest(self, family: str) -> float | None:
        """The lowest loss at which there is a ratio."""
        there = [q for (name, q), verdict in self.verdicts.items() if name == family and verdict.ratio]
        return min(there, default=None)


def judged(
    protocol: Protocol,
    name: str,
    found: Found,
    *,
    chip: str | None = None,
    schedule: str | None = None,
    n_draws: int = N_DRAWS,
    counted: Counting | None = None,
) -> Judged:
    """Price and judge what was found on a task.

    Parameters
    ----------
    protocol : Protocol
    name : str
        Of the task.
    found : Found
    chip, schedule : str, optional
        Other ones than the protocol's.
    n_draws : int
        Of the prices.
    counted : Counting, optional
        The model that counts.
    """
    asked = protocol.tasks[name]
    runs = [shortened(run, asked.qualities) for run in found.runs]
    rivals = [fewer_points(rival, asked.qualities) for rival in found.rivals]
    curves = contenders(runs, rivals, chip or protocol.chip, SCHEDULES[schedule or protocol.schedule], n_draws)
    task = load_task(asked.source.source)
    rival = "transformer" if task.kind == "text" else "MLP"
    ruler = Ruler.of(task, counted and counted.validation, f"A {counted.title}" if counted else "", 1, rival)
    rulers = {q: replace(ruler, qualities=(q,)) for q in asked.qualities}
    families = list(dict.fromkeys(run.recipe.model.family for run in runs))
    verdicts = {(family, q): judge(curves, rulers[q], family=family) for family in families for q in asked.qualities}
    return Judged(asked, tuple(curves), rulers, verdicts)


@dataclass(frozen=True)
class Counting:
    """The model that counts, on the whole training split.

    Attributes
    ----------
    order : int
    validation, test : float
        Bits per character.
    counts : float
        Numbers that it keeps.
    lanes, gpu : Interval
        Joules of counting, with the table in slow memory of the digital lanes, and in that of a GPU.
    """

    order: int
    validation: float
    test: float
    counts: float
    lanes: Interval
    gpu: Interval

    @property
    def title(self) -> str:
        return f"{self.order}-gram that counts (modified Kneser-Ney)"


def counting(asked: StudyTask) -> Counting | None:
    """The model that counts on a task; None where the protocol names none."""
    if not asked.counting_order:
        return None
    task = load_task(asked.source.source)
    assert isinstance(task, NextCharacter)
    bits = kneser_ney_bits(task.text, asked.counting_order)
    events = counting_events(len(task.text.train), asked.counting_order, bits["counts"])
    on_lanes = price(completed(events, TWIN, CHOSEN), TWIN).interval()
    in_hbm = {full: n for full, n in events.items() if not full.startswith("table.")}
    for way in ("read", "written"):
        moved = sum(n for full, n in events.items() if full.startswith(f"table.byte_{way}"))
        in_hbm[f"hbm.byte_{way}"] = in_hbm.get(f"hbm.byte_{way}", 0.0) + moved
    on_gpu = price(in_hbm, BASES["run"]).interval()
    return Counting(asked.counting_order, bits["validation"], bits["test"], bits["counts"], on_lanes, on_gpu)


def factors(judgements: Mapping[str, Judged]) -> pd.DataFrame:
    """One row for each task, family and quality: the whole ratio and its factors, rival over analog joules.

    Parameters
    ----------
    judgements : mapping of str to Judged
        By task.
    """
    import pandas as pd

    return pd.DataFrame(list(_factor_rows(judgements)))


_RATIOS = ("ratio", "algorithm", "hardware", "same_node", "ratio_bound")


def _factor_rows(judgements: Mapping[str, Judged]) -> Iterator[dict[str, Any]]:
    for task, judgement in judgements.items():
        by = {c.name: c for c in judgement.curves}
        for (family, quality), verdict in judgement.verdicts.items():
            row: dict[str, Any] = {"task": task, "family": family, "quality": quality}
            row |= {"analog": verdict.analog, "rival": verdict.rival, "seeds": verdict.seeds, "limit": verdict.limit}
            for name in _RATIOS:
                interval: Interval | None = getattr(verdict, name)
                row[name] = interval.nominal if interval else np.nan
                row[f"{name}_low"] = interval.low if interval else np.nan
                row[f"{name}_high"] = interval.high if interval else np.nan
            analog = by.get(verdict.analog or "")
            stops = analog.passages(quality) if analog else ()
            row["joules"] = float(np.median([s.bill.joules for s in stops])) if stops else np.nan
            row["test"] = float(np.mean([s.test for s in stops])) if stops else np.nan
            row["why_not"] = "" if verdict.ratio else verdict.sentence
            yield row


def envelope(judgement: Judged) -> pd.DataFrame:
    """The cheapest of each side at each quality: joules with the interval of the first seed, median over seeds.

    Parameters
    ----------
    judgement : Judged
    """
    import pandas as pd

    rows = []
    for side, members in sides(judgement.curves).items():
        for quality in judgement.task.qualities:
            there = [c for c in members if c.passages(quality)]
            if not there:
                continue
            best = min(there, key=lambda c: _median(c, quality))
            bills = [stop.bill.interval() for stop in best.passages(quality)]
            rows.append(
                {
                    "side": side,
                    "quality": quality,
                    "contender": best.name,
                    "joules": _median(best, quality),
                    "low": min(bill.low for bill in bills),
                    "high": max(bill.high for bill in bills),
                    "unseen": best.passed_unseen(quality),
                    "test": float(np.mean([stop.test for stop in best.passages(quality)])),
                    "examples": float(np.median([stop.examples for stop in best.passages(quality)])),
                    "seconds": float(np.median([stop.seconds or np.nan for stop in best.passages(quality)])),
                }
            )
    return pd.DataFrame(rows, columns=_ENVELOPE)


_ENVELOPE = ["side", "quality", "contender", "joules", "low", "high", "unseen", "test", "examples", "seconds"]


def sides(curves: Sequence[Contender]) -> dict[str, list[Contender]]:
    """Contenders by what they are and what they run on, in words; devices and chips that do not exist are left out."""
    out: dict[str, list[Contender]] = {}
    for c in curves:
        if c.kind == "analog" and not c.hypothetical:
            cell = c.title.split(", ")[-2]
            out.setdefault(f"{c.model}, {cell}", []).append(c)
        elif c.kind == "gpu":
            out.setdefault(f"{c.model}, GPU", []).append(c)
        elif c.kind == "gpu-bound" and not c.ours:
            out.setdefault(f"{c.model}, GPU, best matrix product", []).append(c)
        elif c.kind == "same-node" and c.ours and "digital lanes" in c.title:
            out.setdefault(f"{c.model}, digital lanes at 32 nm", []).append(c)
    return out


def _median(contender: Contender, quality: float) -> float:
    return float(np.median([stop.bill.joules for stop in contender.passages(quality)]))


def _matter(losses: Sequence[float], qualities: Sequence[float]) -> list[int]:
    """Places of the checkpoints that matter: the first, the best, the last, and the first at each quality."""
    passages = (next((n for n, loss in enumerate(losses) if loss <= q), None) for q in qualities)
    return sorted({0, int(np.argmin(losses)), len(losses) - 1, *(n for n in passages if n is not None)})


def shortened(run: LearningRun, qualities: Sequence[float]) -> LearningRun:
    """A run at the checkpoints that matter to a comparison at these qualities."""
    kept: list[Checkpoint] = [run.checkpoints[n] for n in _matter([c.validation for c in run.checkpoints], qualities)]
    return run.model_copy(update={"checkpoints": tuple(kept)})


def _those(points: Sequence[RivalPoint], qualities: Sequence[float]) -> tuple[RivalPoint, ...]:
    return tuple(points[n] for n in _matter([p.validation for p in points], qualities))


def fewer_points(rival: Rival, qualities: Sequence[float]) -> Rival:
    """A rival at the checkpoints that matter to a comparison at these qualities."""
    fewer = copy(rival)
    fewer.points, fewer.again = _those(rival.points, qualities), tuple(_those(p, qualities) for p in rival.again)
    return fewer
