"""The evolutionary road to cheaper training, lever by lever; the revolutionary one is studies/compare/revolution.py.

Faraboschi et al. (2024, arXiv:2404.08811) name seven items, each to about halve the cost. Here each item is one or more
levers with its published effect, where it enters the cost, and whether today's baseline has taken it already. The
factors are best cases against baselines of their own; that they multiply is the paper's assumption, not a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...devices.base.errors import unknown
from ...devices.base.lazy import lazily
from ...devices.base.record import Record
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
class RoadStep:
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
    RoadStep("selective recompute", "selective_recompute", "time", "training", ITEMS[0], True, True),
    RoadStep("FlashAttention", "flash_attention", "time", "training", ITEMS[0], True, False),
    RoadStep("interleaved pipeline", "pipeline_schedule", "time", "training", ITEMS[0], True, False),
    RoadStep("semantic deduplication", "data_reduction", "tokens", "training", ITEMS[1], False, True),
    RoadStep("experts", "experts_energy", "parameters per token", "training", ITEMS[2], False, True),
    RoadStep("experts, speed", "experts_speed", "parameters per token", "training", ITEMS[2], False, False),
    RoadStep("second-order optimizer", "second_order", "tokens", "training", ITEMS[3], False, True),
    RoadStep("8-bit formats", "eight_bit", "time", "training", ITEMS[4], False, True),
    RoadStep("mixed precision", "mixed_precision", "time", "training", ITEMS[4], True, False),
    RoadStep("newer GPU, A100 to H100", "newer_gpu", "energy per FLOP", "training", ITEMS[5], True, True),
    RoadStep("newest GPU, H100 to B200", "newest_gpu", "energy per FLOP", "training", ITEMS[5], False, False),
    RoadStep("custom accelerator, training", "accelerator", "energy per FLOP", "training", ITEMS[6], False, True),
    RoadStep("data parallelism", "neutral", "nothing"),
    RoadStep("tensor parallelism", "neutral", "memory"),
    RoadStep("pipeline parallelism", "neutral", "memory"),
    RoadStep("expert parallelism", "neutral", "memory"),
    RoadStep("gradient accumulation", "neutral", "memory"),
    RoadStep("selective recompute, memory", "selective_recompute_memory", "memory"),
    RoadStep("8-bit formats, memory", "eight_bit_memory", "memory"),
    RoadStep("full activation recompute", "full_recompute", "time"),
    RoadStep("adapters (LoRA), FLOPs", "adapters_flops", "parameters per token", "fine-tuning"),
    RoadStep("adapters (LoRA), memory", "adapters_memory", "memory", "fine-tuning"),
    RoadStep("adapters (LoRA), trained parameters", "adapters_parameters", "memory", "fine-tuning"),
    RoadStep("quantization", "quantization", "time", "inference"),
    RoadStep("pruning", "pruning", "parameters per token", "inference"),
    RoadStep("distillation", "distillation", "parameters per token", "inference"),
    RoadStep("custom accelerator, inference", "accelerator_inference", "energy per FLOP", "inference"),
)


def levers() -> tuple[RoadStep, ...]:
    """Every lever, those of the paper's seven items first."""
    return _STEPS


def road() -> tuple[RoadStep, ...]:
    """The evolutionary road: for each of the paper's seven items the lever that stands for it, in the paper's order."""
    return tuple(step for step in _STEPS if step.counts)


def lever(name: str) -> RoadStep:
    """A lever by name; UnknownName lists them."""
    for step in _STEPS:
        if step.name == name:
            return step
    raise unknown("lever", name, [step.name for step in _STEPS])


def saving(steps: Sequence[RoadStep]) -> Quantity:
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


# Where these names were until 0.2.
Step = RoadStep
__getattr__, __dir__ = lazily(__name__, {"revpath.studies.compare.revolution": ("Factor", "Revolution", "revolution")})
