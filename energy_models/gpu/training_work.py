"""From a transformer's configuration to the work that GPUs do to train it: FLOPs, hours, bytes of memory, bytes of links."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PriceError
from ..records import get
from .model import Gpu, Work, hours_needed
from .transformer import Recompute, TransformerShape
from .transformer_memory import MIXED, Formats, training_traffic

_ALL_REDUCES = 4  # of a layer's activations under tensor parallelism: two forward, two backward (Megatron-LM)


@dataclass(frozen=True)
class Split:
    """How a training is spread: ``data`` replicas, each of ``tensor`` x ``pipeline`` GPUs.

    Attributes
    ----------
    batch : int
        windows in a micro-batch of one replica.
    micro_batches : int
        of one replica in one optimizer step.
    """

    data: int = 1
    tensor: int = 1
    pipeline: int = 1
    batch: int = 1
    micro_batches: int = 1

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PriceError(f"{field} = {value!r} must be a positive integer")

    @property
    def gpus(self) -> int:
        return self.data * self.tensor * self.pipeline


def link_traffic(shape: TransformerShape, split: Split, formats: Formats = MIXED) -> float:
    """Bytes that all GPUs together send in one optimizer step.

    A ring all-reduce of n bytes over k devices makes each send 2 n (k - 1) / k (Narayanan et al. 2021, section 3). Data
    parallelism reduces all gradients over the replicas once a step. Tensor parallelism reduces a layer's activations
    `_ALL_REDUCES` times a micro-batch, over the GPUs that share the layer. Pipelines hand activations from stage to
    stage and gradients back.
    """
    gradients = 2 * (split.data - 1) * shape.parameters() * formats.gradient
    one = split.batch * shape.context * shape.d_model * formats.activation
    each = 2 * (split.tensor - 1) * one * shape.layers * _ALL_REDUCES + 2 * (split.pipeline - 1) * one
    return gradients + split.data * split.micro_batches * each


def training_work(
    shape: TransformerShape,
    tokens: int,
    gpu: Gpu | str,
    split: Split,
    *,
    utilisation: float | None = None,
    recompute: Recompute = "none",
    dropout: bool = False,
    formats: Formats = MIXED,
    format: str = "bf16",
) -> Work:
    """The work of training on `tokens` tokens.

    Parameters
    ----------
    utilisation : float, optional
        model FLOPs (without what is recomputed) over the best matrix product, while it runs; the record
        ``gpu.utilisation`` unless given. Restarts come on top. Bytes are the least that a step moves
        (`training_traffic`).
    """
    chosen = Gpu(gpu) if isinstance(gpu, str) else gpu
    u = get("gpu.utilisation").value if utilisation is None else utilisation
    per_step = split.data * split.micro_batches * split.batch * shape.context
    steps = tokens / per_step
    traffic = split.data * training_traffic(
        shape, split.batch, split.micro_batches, recompute=recompute, dropout=dropout, formats=formats
    )
    return Work(
        flops=float(shape.training_flops(tokens, recompute=recompute)),
        hours=hours_needed(chosen, float(shape.training_flops(tokens)), u, format),
        format=format,
        bytes=steps * traffic,
        link_bytes=steps * link_traffic(shape, split, formats),
    )
