"""The roads to cheaper training: the evolutionary one, lever by lever, and the revolutionary one, as measured.

Faraboschi et al. (2024, arXiv:2404.08811) name seven items, each to about halve the cost. Here each item is one or more
levers with its published effect, where it enters the cost, and whether today's baseline has taken it already. The
factors are best cases against baselines of their own; that they multiply is the paper's assumption, not a finding.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...devices.base.errors import RecordError, unknown
from ...devices.base.record import Record
from ..prices.bill import Interval
from ..records import get
from ..sensitivity import Quantity, Take, Value

if TYPE_CHECKING:
    import pandas as pd

Item = Literal[
    "supercomputing optimizations",
    "data reduction",
    "model partitioning",
    "training algorithms",
    "data formats",
    "efficient hardware",
    "competitive accelerators",
]
ITEMS: tuple[Item, ...] = Item.__args__  # type: ignore[attr-defined]
Enters = Literal["time", "tokens", "parameters per token", "energy per FLOP", "memory", "nothing"]
Stage = Literal["training", "fine-tuning", "inference"]


@dataclass(frozen=True)
class Step:
    """One lever.

    item: the paper's item it belongs to, or None for a lever of the levers' list alone.
    enters: the term of the cost it divides. ``memory`` lowers how many devices a model needs, not what it costs.
    stage: what it makes cheaper. in_baseline: the best training run of record (Llama 3.1 on H100) has it already.
    counts: it stands in the road's product: one lever an item, so that alternatives are not multiplied.
    """

    name: str
    record: str
    enters: Enters
    stage: Stage = "training"
    item: Item | None = None
    in_baseline: bool = False
    counts: bool = False

    def factor(self) -> Record:
        return get(f"lever.{self.record}")


_STEPS = (
    Step("selective recompute", "selective_recompute", "time", "training", ITEMS[0], True, True),
    Step("FlashAttention", "flash_attention", "time", "training", ITEMS[0], True, False),
    Step("interleaved pipeline", "pipeline_schedule", "time", "training", ITEMS[0], True, False),
    Step("semantic deduplication", "data_reduction", "tokens", "training", ITEMS[1], False, True),
    Step("experts", "experts_energy", "parameters per token", "training", ITEMS[2], False, True),
    Step("experts, speed", "experts_speed", "parameters per token", "training", ITEMS[2], False, False),
    Step("second-order optimizer", "second_order", "tokens", "training", ITEMS[3], False, True),
    Step("8-bit formats", "eight_bit", "time", "training", ITEMS[4], False, True),
    Step("mixed precision", "mixed_precision", "time", "training", ITEMS[4], True, False),
    Step("newer GPU, A100 to H100", "newer_gpu", "energy per FLOP", "training", ITEMS[5], True, True),
    Step("newest GPU, H100 to B200", "newest_gpu", "energy per FLOP", "training", ITEMS[5], False, False),
    Step("custom accelerator, training", "accelerator", "energy per FLOP", "training", ITEMS[6], False, True),
    Step("data parallelism", "neutral", "nothing"),
    Step("tensor parallelism", "neutral", "memory"),
    Step("pipeline parallelism", "neutral", "memory"),
    Step("expert parallelism", "neutral", "memory"),
    Step("gradient accumulation", "neutral", "memory"),
    Step("selective recompute, memory", "selective_recompute_memory", "memory"),
    Step("8-bit formats, memory", "eight_bit_memory", "memory"),
    Step("full activation recompute", "full_recompute", "time"),
    Step("adapters (LoRA), FLOPs", "adapters_flops", "parameters per token", "fine-tuning"),
    Step("adapters (LoRA), memory", "adapters_memory", "memory", "fine-tuning"),
    Step("adapters (LoRA), trained parameters", "adapters_parameters", "memory", "fine-tuning"),
    Step("quantization", "quantization", "time", "inference"),
    Step("pruning", "pruning", "parameters per token", "inference"),
    Step("distillation", "distillation", "parameters per token", "inference"),
    Step("custom accelerator, inference", "accelerator_inference", "energy per FLOP", "inference"),
)


def levers() -> tuple[Step, ...]:
    """Every lever, those of the paper's seven items first."""
    return _STEPS


def road() -> tuple[Step, ...]:
    """The evolutionary road: for each of the paper's seven items the lever that stands for it, in the paper's order."""
    return tuple(step for step in _STEPS if step.counts)


def lever(name: str) -> Step:
    """A lever by name; UnknownName lists them."""
    for step in _STEPS:
        if step.name == name:
            return step
    raise unknown("lever", name, [step.name for step in _STEPS])


def saving(steps: Sequence[Step]) -> Quantity:
    """How many times cheaper training becomes with all of `steps`, if their factors multiply.

    Levers of other stages, and those that enter memory alone, do not make training cheaper and are left out.
    """

    def quantity(take: Take) -> Value:
        total: Value = 1.0
        for step in steps:
            if step.stage == "training" and step.enters not in ("memory", "nothing"):
                total = total * take(f"lever.{step.record}")
        return total

    return quantity


def levers_table() -> pd.DataFrame:
    """One row a lever: item, stage, where it enters, factor with its range, evidence and source."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for step in _STEPS:
        record = step.factor()
        rows.append(
            {
                "lever": step.name,
                "item of the paper": step.item or "",
                "stage": step.stage,
                "enters": step.enters,
                "factor": record.value,
                "low": getattr(record.uncertainty, "low", None),
                "high": getattr(record.uncertainty, "high", None),
                "in baseline": step.in_baseline,
                "evidence": str(record.evidence),
                "source": record.source.citation,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Factor:
    """How many times less energy the analog model needed, with its central 90 %; below 1, it needed more.

    against: what it was compared with. quality: bits per character at which both stood. limit: ``at most``, ``at least``
    or ``about`` where a curve began below that quality, or None.
    """

    against: str
    quality: float
    times: Interval
    limit: str | None = None


@dataclass(frozen=True)
class Revolution:
    """What our own comparison measured: joules of the transformer over joules of the analog model, at equal quality.

    factor: at the best quality that both reached, against the transformer as it would train. others: against a best
    case of the GPU, against the same model on the GPU, and at an easier quality, where the comparison gave them.
    not_reached: better qualities, which the transformer reaches and the analog model does not.
    """

    factor: Factor
    others: tuple[Factor, ...]
    sentence: str
    not_reached: tuple[float, ...]
    warnings: tuple[str, ...]


def revolution(result: str | Path) -> Revolution:
    """The revolutionary path's factor from a ``result.json`` of ``revpath compare``.

    Raises
    ------
    RecordError: the file is no such result, or its comparison found no quality that both sides reach.
    """
    path = Path(result)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        verdict = content["verdict"]
        quality = verdict["bits"]
        if verdict["ratio"] is None or quality is None:
            raise RecordError(f"{path}: the comparison has no quality that both sides reach, so no factor")
        main = Factor(
            "the transformer on the GPU", float(quality), _interval(path, verdict, "ratio"), verdict.get("limit")
        )
        others = []
        for field, against, limit in (
            ("ratio_bound", "the transformer at the GPU's best matrix product", None),
            ("ratio_gpu_ebm", "the same EBM on the GPU", verdict.get("limit_gpu_ebm")),
        ):
            if verdict.get(field) is not None:
                others.append(Factor(against, float(quality), _interval(path, verdict, field), limit))
        if verdict.get("coarser") is not None:
            easier, _ = verdict["coarser"]
            found = _interval(path, {"coarser": verdict["coarser"][1]}, "coarser")
            others.append(Factor(main.against, float(easier), found, verdict.get("limit_coarser")))
        return Revolution(
            main,
            tuple(others),
            str(verdict["sentence"]),
            tuple(float(b) for b in verdict["not_reached"]),
            tuple(str(w) for w in verdict["warnings"]),
        )
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path}: not a result.json of `revpath compare`: {error!r}") from None


def _interval(path: Path, verdict: dict[str, Any], field: str) -> Interval:
    numbers = {name: float(verdict[field][name]) for name in ("nominal", "mean", "low", "high")}
    if not all(math.isfinite(v) and v > 0 for v in numbers.values()):
        raise RecordError(f"{path}: verdict.{field} = {verdict[field]!r} must hold positive numbers")
    return Interval(**numbers)
