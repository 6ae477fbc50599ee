"""A small causal transformer for characters, in PyTorch. The only file of revpath that imports torch.

Pre-norm GPT (Radford et al. 2019; the layout of nanoGPT), with choices that made it better per floating-point
operation on short runs: rotary positions (Su et al. 2021), squared ReLU (So et al. 2021), no biases and no dropout,
weights started at 1/sqrt(fan-in), the read-out at zero, and a learned relative-position bias of the attention (as in
T5) that starts local: head h begins by looking h characters back. Batch order, initial weights and therefore the whole
run are a function of the seed.
"""
# torch is an extra:
# pyright: reportMissingImports=false

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ..tasks.text import SYMBOLS, Text, scored
from .curves import Hyper, Shape, TrainingDiverged

_ROTARY_BASE = 1000.0
_LOCAL_BIAS = 6.0  # initial logit of "look h back"; the head then gives it most of its weight
_RESIDUAL_GAIN = 0.5  # initial scale of what a block adds to the stream
_WINDOWS_AT_ONCE = 250  # of an evaluation, to bound its memory


class Block(nn.Module):
    """Attention, then a two-layer network, each added to the stream: (B, T, width) to (B, T, width)."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width, bias=False)
        self.mix_norm = nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.join = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        self.bias = nn.Parameter(torch.zeros(heads, context))
        with torch.no_grad():
            for layer, gain in (
                (self.qkv, 1.0),
                (self.up, 1.0),
                (self.join, _RESIDUAL_GAIN),
                (self.down, _RESIDUAL_GAIN),
            ):
                layer.weight.normal_(std=gain * layer.in_features**-0.5)
            for head in range(heads):
                self.bias[head, (head + 1) % context] = _LOCAL_BIAS

    def forward(self, x: torch.Tensor, rotate: torch.Tensor, behind: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        b, t, width = x.shape
        size = width // self.heads
        q, k, v = self.qkv(self.attention_norm(x)).view(b, t, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        logits = _rotated(q, rotate) @ _rotated(k, rotate).transpose(-1, -2) * size**-0.5
        weights = F.softmax(logits + self.bias[:, behind] + mask, -1)
        x = x + self.join((weights @ v).transpose(1, 2).reshape(b, t, width))
        return x + self.down(F.relu(self.up(self.mix_norm(x))).square())


class Transformer(nn.Module):
    """Codes (B, context) to logits (B, context, 27) of each next character."""

    def __init__(self, width: int, layers: int, heads: int, context: int) -> None:
        super().__init__()
        self.context = context
        self.embed = nn.Embedding(len(SYMBOLS), width)
        self.blocks = nn.ModuleList(Block(width, heads, context) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        self.read_out = nn.Linear(width, len(SYMBOLS), bias=False)
        nn.init.zeros_(self.read_out.weight)
        size = width // heads
        angle = torch.outer(torch.arange(context).float(), _ROTARY_BASE ** -(torch.arange(0, size, 2) / size))
        behind = torch.arange(context)[:, None] - torch.arange(context)[None, :]
        self.register_buffer("rotate", torch.stack((angle.cos(), angle.sin())))
        self.register_buffer("behind", behind.clamp(min=0))
        self.register_buffer("mask", torch.zeros(context, context).masked_fill(behind < 0, -math.inf))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = self.embed(codes)
        for block in self.blocks:
            x = block(x, self.rotate, self.behind, self.mask)
        return self.read_out(self.norm(x))


def _rotated(x: torch.Tensor, rotate: torch.Tensor) -> torch.Tensor:
    cosine, sine = rotate
    a, b = x.chunk(2, -1)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), -1)


def bits_per_character(model: Transformer, split: np.ndarray, n: int | None = None) -> float:
    """Exact mean of -log2 p(next | context) over `revpath.studies.text.scored(split, 64, n)`.

    Windows advance by a quarter of the context and score their last quarter, so a scored character has at least
    three quarters of the context (and one character more) before it: 49 to 64 characters for a context of 64.
    """
    context = model.context
    stride = max(1, context // 4)
    positions = np.asarray(scored(split, context, n))
    # A last window that would reach past the scored span is moved back, and its old part not counted.
    starts = np.minimum(positions[::stride], positions[-1] - stride + 1) if positions.size >= stride else positions
    stride = stride if positions.size >= stride else 1
    fresh = np.ones((starts.size, stride), dtype=bool)
    if positions.size % stride:
        fresh[-1, : stride - positions.size % stride] = False
    windows = torch.from_numpy(split[starts[:, None] + np.arange(stride - 1 - context, stride)].astype(np.int64))
    total = 0.0
    with torch.inference_mode():
        for rows, counted in zip(
            windows.split(_WINDOWS_AT_ONCE), torch.from_numpy(fresh).split(_WINDOWS_AT_ONCE), strict=True
        ):
            logits = model(rows[:, :-1])[:, -stride:]
            nats = F.cross_entropy(logits.reshape(-1, len(SYMBOLS)), rows[:, -stride:].reshape(-1), reduction="none")
            total += float(nats.double()[counted.reshape(-1)].sum())
    return total / positions.size / math.log(2)


def batches(split: np.ndarray, context: int, batch: int, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless (inputs, targets), each (batch, context): every epoch cuts the split anew and shuffles the pieces."""
    generator = np.random.Generator(np.random.Philox(seed))
    while True:
        starts = np.arange(generator.integers(context), split.size - context, context)
        generator.shuffle(starts)
        for first in range(0, starts.size - batch + 1, batch):
            piece = split[starts[first : first + batch, None] + np.arange(context + 1)].astype(np.int64)
            codes = torch.from_numpy(piece)
            yield codes[:, :-1], codes[:, 1:]


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread: at these sizes more threads are slower, and the result does not depend on the machine's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Run:
    """A training run that can be stepped and scored. `tokens` characters have been learnt from in `seconds`."""

    def __init__(self, text: Text, shape: Shape, hyper: Hyper, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = Transformer(shape.width, shape.layers, shape.heads, shape.context)
        self.averaged = copy.deepcopy(self.model)
        self.text, self.hyper = text, hyper
        self.tokens, self.seconds = 0, 0.0
        self._weights = list(self.model.parameters())
        self._averages = list(self.averaged.parameters())
        self._optimiser = torch.optim.AdamW(
            self._weights,
            lr=hyper.learning_rate,
            betas=(hyper.beta1, hyper.beta2),
            weight_decay=hyper.weight_decay,
            fused=True,
        )
        self._batches = batches(text.train, shape.context, hyper.batch, seed)

    def step(self, learning_rate: float) -> None:
        """Learn from one batch."""
        began = time.perf_counter()
        inputs, targets = next(self._batches)
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate
        loss = F.cross_entropy(self.model(inputs).flatten(0, 1), targets.flatten())
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(
                f"the loss is {loss.item()} after {self.tokens:,} tokens: "
                f"learning_rate = {self.hyper.learning_rate} is too large"
            )
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self.tokens += inputs.numel()
        share = min(1.0, inputs.numel() / (self.hyper.average * self.tokens))
        with torch.no_grad():
            for average, weight in zip(self._averages, self._weights, strict=True):
                average.lerp_(weight, share)
        self.seconds += time.perf_counter() - began

    def score(self, last: bool) -> tuple[float, float, float]:
        """Validation and test bits per character of the averaged (or the last) weights; validation of the last."""
        validation_last = bits_per_character(self.model, self.text.validation)
        if last:
            return validation_last, bits_per_character(self.model, self.text.test), validation_last
        return (
            bits_per_character(self.averaged, self.text.validation),
            bits_per_character(self.averaged, self.text.test),
            validation_last,
        )
