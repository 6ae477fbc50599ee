"""Bytes of a transformer: what training must hold, what inference must read, exactly, from its configuration.

Activations follow Korthikanti et al. (2022, arXiv:2205.05198), section 4: every tensor that the backward pass needs is
stored once, in 16 bits, and dropout masks in 8; for a GPT layer that is s b h (34 + 5 a s / h) bytes. Weights,
gradients and optimizer states follow Rajbhandari et al. (2020, arXiv:1910.02054), section 3.1: 16 bytes a parameter
for Adam in mixed precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import PriceError
from .transformer import RECOMPUTES, Recompute, TransformerShape


@dataclass(frozen=True)
class Formats:
    """Bytes per number of each thing that training stores.

    Attributes
    ----------
    weight, gradient, activation : float
        in the working format.
    master : float
        of the full-precision copy of the weights (0 without).
    moments : float
        of all the optimizer's states together (Adam: two of 4).
    mask : float
        of a dropout mask's element.
    """

    weight: float = 2
    gradient: float = 2
    master: float = 4
    moments: float = 8
    activation: float = 2
    mask: float = 1

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 16:
                raise PriceError(f"{field} = {value!r} bytes must be 0 to 16")

    @property
    def state(self) -> float:
        """Bytes per parameter of weights, gradients and optimizer states."""
        return self.weight + self.gradient + self.master + self.moments


MIXED = Formats()
"""Mixed precision with Adam: 16 bytes a parameter."""
FULL = Formats(weight=4, gradient=4, master=0, moments=8, activation=4)
"""32-bit training with Adam: 16 bytes a parameter too, but twice the activations."""


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes that training holds at its peak, on all devices together."""

    weights: float
    gradients: float
    optimizer: float
    activations: float

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations


def layer_activation_bytes(
    shape: TransformerShape,
    batch: int,
    length: int | None = None,
    *,
    recompute: Recompute = "none",
    dropout: bool = True,
    formats: Formats = MIXED,
    tensor: int = 1,
    sequence: bool = False,
) -> float:
    """Bytes of activations that one layer keeps for its backward pass, on each of the devices that share it.

    Parameters
    ----------
    batch : int
        windows of `length` tokens that are in flight at once (a micro-batch).
    recompute : Recompute
        ``selective`` drops the three tensors of attention's core that grow with length squared; ``full`` keeps the
        layer's input alone.
    dropout : bool
        the layer has dropout after softmax, after attention and after the MLP (GPT: yes; Llama: no).
    tensor : int
        devices that share the layer (tensor parallelism). What lies between its two blocks is kept by each of them,
        unless ``sequence`` splits that too (sequence parallelism).
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise PriceError(f"batch = {batch!r} must be a positive integer")
    if isinstance(tensor, bool) or not isinstance(tensor, int) or tensor < 1:
        raise PriceError(f"tensor = {tensor!r} must be a positive integer")
    if recompute not in RECOMPUTES:
        raise PriceError(f"recompute = {recompute!r} is not one of {', '.join(RECOMPUTES)}")
    n = shape._length(length)
    tokens, d = batch * n, shape.d_model
    around = tensor if sequence else 1
    if recompute == "full":
        return formats.activation * tokens * d / around
    # numbers per token that every device keeps: inputs of two norms, of query, key and value, and of the MLP
    whole = formats.activation * tokens * 4 * d
    if dropout:
        whole += formats.mask * tokens * 2 * d
    # that they share: query, key and value, input of the projection; per expert visited: before and after the
    # nonlinearity; gated: gate, its nonlinearity, the other branch, and their product
    numbers = 2 * shape.query_width + 2 * shape.kv_width + shape.active_experts * (4 if shape.gated else 2) * shape.d_ff
    shared = formats.activation * tokens * numbers
    if recompute == "none":
        pairs = shape.heads * n * tokens
        shared += pairs * (formats.activation * (2 if dropout else 1) + (formats.mask if dropout else 0))
    return whole / around + shared / tensor


Sharded = Literal["nothing", "optimizer", "gradients", "weights"]
_SHARDED: tuple[Sharded, ...] = ("nothing", "optimizer", "gradients", "weights")


def state_bytes(parameters: float, devices: int = 1, sharded: Sharded = "nothing", formats: Formats = MIXED) -> float:
    """Bytes of weights, gradients and optimizer states on each of the devices of data parallelism.

    Parameters
    ----------
    sharded : Sharded
        what is spread over them instead of repeated: the optimizer's states; gradients too; weights too (the three
        stages of Rajbhandari et al. 2020, arXiv:1910.02054, section 5).
    """
    if isinstance(devices, bool) or not isinstance(devices, int) or devices < 1:
        raise PriceError(f"devices = {devices!r} must be a positive integer")
    if sharded not in _SHARDED:
        raise PriceError(f"sharded = {sharded!r} is not one of {', '.join(_SHARDED)}")
    if not 0 <= parameters < float("inf"):
        raise PriceError(f"parameters = {parameters!r} must be finite and not negative")
    stage = _SHARDED.index(sharded)
    parts = (formats.master + formats.moments, formats.gradient, formats.weight)
    return parameters * sum(size / (devices if i < stage else 1) for i, size in enumerate(parts))


def training_memory(
    shape: TransformerShape,
    batch: int,
    length: int | None = None,
    *,
    recompute: Recompute = "none",
    dropout: bool = True,
    formats: Formats = MIXED,
) -> TrainingMemory:
    """What training holds with `batch` windows in flight, all layers together.

    Not counted: the logits, the embeddings' activations, and workspaces, which are small beside the layers'.
    """
    parameters = shape.parameters()
    one = layer_activation_bytes(shape, batch, length, recompute=recompute, dropout=dropout, formats=formats)
    working = 0.0
    if recompute == "full":  # one layer at a time is computed again, and is then held whole
        working = layer_activation_bytes(shape, batch, length, dropout=dropout, formats=formats)
    return TrainingMemory(
        weights=parameters * (formats.weight + formats.master),
        gradients=parameters * formats.gradient,
        optimizer=parameters * formats.moments,
        activations=shape.layers * one + working,
    )


def training_traffic(
    shape: TransformerShape,
    batch: int,
    micro_batches: int = 1,
    length: int | None = None,
    *,
    recompute: Recompute = "none",
    dropout: bool = True,
    formats: Formats = MIXED,
) -> float:
    """Least bytes to and from memory of one optimizer step over `micro_batches` micro-batches of `batch` windows.

    Weights are read once forward and once backward a micro-batch (again for a full recompute), gradients are written
    and read back to accumulate, activations are written once and read once, and the optimizer reads and writes its
    states, the master weights and the working weights. Real kernels that are not fused move several times more.
    """
    if isinstance(micro_batches, bool) or not isinstance(micro_batches, int) or micro_batches < 1:
        raise PriceError(f"micro_batches = {micro_batches!r} must be a positive integer")
    parameters = shape.parameters()
    reads = 3 if recompute == "full" else 2
    # a full recompute writes and reads each layer's activations too, when it makes them again
    kept = layer_activation_bytes(shape, batch, length, recompute=recompute, dropout=dropout, formats=formats)
    if recompute == "full":
        kept += layer_activation_bytes(shape, batch, length, dropout=dropout, formats=formats)
    each = parameters * (reads * formats.weight + 2 * formats.gradient) + 2 * shape.layers * kept
    step = parameters * (formats.gradient + 2 * (formats.master + formats.moments) + formats.weight)
    return micro_batches * each + step


def cache_bytes(shape: TransformerShape, length: int, bytes_per_number: float = 2) -> float:
    """Bytes of the keys and values of `length` tokens, all layers."""
    return 2 * shape.layers * shape.kv_width * shape._length(length) * bytes_per_number


def decode_traffic(shape: TransformerShape, batch: int, length: int, formats: Formats = MIXED) -> float:
    """Least bytes read to generate one token for each of `batch` sequences that are `length` tokens long.

    Dense weights are read once for the whole batch; the batch's tokens read at most as many experts as there are.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise PriceError(f"batch = {batch!r} must be a positive integer")
    visited = min(shape.experts, batch * shape.active_experts)
    layer = shape.attention_parameters() + shape.router_parameters() + visited * shape.mlp_parameters()
    weights = shape.layers * layer + shape.vocab * shape.d_model
    return formats.weight * weights + batch * cache_bytes(shape, length, formats.activation)
