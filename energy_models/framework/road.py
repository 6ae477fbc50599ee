"""The evolutionary road to cheaper training, lever by lever; the revolutionary one is studies/compare/revolution.py.

Faraboschi et al. (2024, arXiv:2404.08811) name seven items, each to about halve the cost. Here each item is one or more
levers with its published effect, where it enters the cost, and whether today's baseline has taken it already. The
factors are published cases, mostly the best ones, against baselines of their own; that they multiply is the paper's
assumption, not a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

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
ITEMS: tuple[Item, ...] = get_args(Item)
Enters = Literal[
    "time", "tokens", "parameters per token", "energy per FLOP", "memory", "utilisation", "whole run", "nothing"
]
Stage = Literal["training", "fine-tuning", "inference"]
_MULTIPLIES: tuple[Enters, ...] = ("time", "tokens", "parameters per token", "energy per FLOP")
TODAY = "h100"
"""The machine that today's baseline, the best training run of record, ran on."""


@dataclass(frozen=True)
class RoadStep:
    """One lever.

    Attributes
    ----------
    item : Item, optional
        the paper's item it belongs to, or None for a lever of the levers' list alone.
    enters : Enters
        the term of the cost it divides. ``memory`` lowers how many devices a model needs, not what it costs;
        ``utilisation`` is held by the baseline's measured utilisation already; ``whole run`` is a ratio of two runs
        that holds machine, data and algorithm at once. None of these three stands in a product.
    stage : Stage
        what it makes cheaper.
    in_baseline : bool
        the best training run of record (Llama 3.1 on H100) has it already.
    counts : bool
        it stands in the road's product: one lever an item, so that alternatives are not multiplied.
    machine : str
        for a change of machine, the one it moves to; its record's condition ``over`` names the one it leaves.
    """

    name: str
    record: str
    enters: Enters
    stage: Stage = "training"
    item: Item | None = None
    in_baseline: bool = False
    counts: bool = False
    machine: str = ""

    def factor(self) -> Record:
        return get(f"lever.{self.record}")

    @property
    def multiplies(self) -> bool:
        """It may stand in a product of levers of training."""
        return self.stage == "training" and self.enters in _MULTIPLIES


_SYSTEMS, _DATA, _PARTS, _ALGORITHMS, _FORMATS, _GPUS, _RIVALS = ITEMS
_TO_TPU = "custom accelerator, training"

_STEPS = (
    RoadStep("selective recompute", "selective_recompute", "time", item=_SYSTEMS, in_baseline=True, counts=True),
    RoadStep("FlashAttention", "flash_attention", "time", item=_SYSTEMS, in_baseline=True),
    RoadStep("interleaved pipeline", "pipeline_schedule", "time", item=_SYSTEMS, in_baseline=True),
    RoadStep("data pipeline, prefetching", "data_pipeline", "utilisation", item=_SYSTEMS, in_baseline=True),
    RoadStep("deduplication of text", "data_reduction_text", "tokens", item=_DATA, counts=True),
    RoadStep("deduplication of images", "data_reduction_images", "nothing", item=_DATA),
    RoadStep("experts", "experts_speed", "parameters per token", item=_PARTS, counts=True),
    RoadStep("experts, active parameters", "experts_active", "parameters per token", item=_PARTS),
    RoadStep("experts, a whole run's energy", "experts_energy", "whole run", item=_PARTS),
    RoadStep("second-order optimizer", "second_order", "tokens", item=_ALGORITHMS, counts=True),
    RoadStep("sparse attention", "sparse_attention", "nothing", item=_ALGORITHMS),
    RoadStep("algorithmic progress, a year", "algorithmic_trend", "whole run", item=_ALGORITHMS),
    RoadStep("8-bit formats", "eight_bit", "time", item=_FORMATS, counts=True),
    RoadStep("8-bit formats, the vendor's", "eight_bit_vendor", "time", item=_FORMATS),
    RoadStep("4-bit formats over 8-bit", "four_bit", "time", item=_FORMATS),
    RoadStep("mixed precision", "mixed_precision", "time", item=_FORMATS, in_baseline=True),
    RoadStep(
        "newer GPU, A100 to H100",
        "newer_gpu",
        "energy per FLOP",
        item=_GPUS,
        in_baseline=True,
        counts=True,
        machine="h100",
    ),
    RoadStep("newest GPU, H100 to B200", "newest_gpu", "energy per FLOP", item=_GPUS, machine="b200"),
    RoadStep(_TO_TPU, "accelerator", "energy per FLOP", item=_RIVALS, counts=True, machine="tpu_v4"),
    RoadStep("data parallelism", "data_and_tensor_parallelism", "utilisation", in_baseline=True),
    RoadStep("tensor parallelism", "data_and_tensor_parallelism", "utilisation", in_baseline=True),
    RoadStep("pipeline parallelism", "pipeline_bubble", "utilisation", in_baseline=True),
    RoadStep("expert parallelism", "expert_parallelism", "utilisation"),
    RoadStep("gradient accumulation", "gradient_accumulation", "memory", in_baseline=True),
    RoadStep("selective recompute, memory", "selective_recompute_memory", "memory"),
    RoadStep("8-bit formats, memory", "eight_bit_memory", "memory"),
    RoadStep("full activation recompute", "full_recompute", "time"),
    RoadStep("adapters (LoRA), FLOPs", "adapters_flops", "parameters per token", "fine-tuning"),
    RoadStep("adapters (LoRA), memory", "adapters_memory", "memory", "fine-tuning"),
    RoadStep("adapters (LoRA), trained parameters", "adapters_parameters", "memory", "fine-tuning"),
    RoadStep("quantization", "quantization", "time", "inference"),
    RoadStep("pruning", "pruning", "parameters per token", "inference"),
    RoadStep("distillation", "distillation", "parameters per token", "inference"),
    RoadStep("state-space hybrid", "state_space_hybrid", "time", "inference"),
    RoadStep("speculative decoding", "speculative_decoding", "time", "inference"),
    RoadStep("custom accelerator, inference", "accelerator_inference", "energy per FLOP", "inference"),
    RoadStep("FPGA, inference", "fpga_inference", "energy per FLOP", "inference"),
)
_BY_MACHINE = {step.machine: step for step in _STEPS if step.machine}


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

    Levers of other stages, and those whose term stands in no product (see `RoadStep`), are left out. A run has one
    machine: of the changes of machine among `steps` the best counts once, from the machine that is left first: that of
    today's baseline, or an older one where a step that the baseline has taken is among them.
    """
    moves = [step for step in steps if step.multiplies and step.machine]
    others = list(dict.fromkeys(step for step in steps if step.multiplies and not step.machine))

    def quantity(take: Take) -> Value:
        total: Value = machines(moves, take) if moves else 1.0
        for step in others:
            total = total * take(f"lever.{step.record}")
        return total

    return quantity


def machines(moves: Sequence[RoadStep], take: Take) -> Value:
    """Joules a FLOP of the machine that is left over those of the best one that is moved to."""
    left = next((str(step.factor().conditions["over"]) for step in moves if step.in_baseline), TODAY)
    best = max((step.machine for step in moves), key=lambda machine: _over_oldest(machine, _stated))
    return _over_oldest(best, take) / _over_oldest(left, take)


def _over_oldest(machine: str, take: Take) -> Value:
    """Joules a FLOP of the oldest machine of the levers over those of this one, along the records' ``over``."""
    step = _BY_MACHINE.get(machine)
    if step is None:
        return 1.0
    return take(f"lever.{step.record}") * _over_oldest(str(step.factor().conditions["over"]), take)


def _stated(id: str, unit: str | None = None) -> float:
    record = get(id)
    return record.value if unit is None else record.to(unit)


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
