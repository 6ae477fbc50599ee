"""What a transformer baseline is made of: shape, hyperparameters, points, curves, and the result file.

Floating-point operations are those of the matrix products, forward plus twice that for the backward pass, with the
attention products in full (not halved for causality, since dense kernels compute both halves). The optimiser's and
other element-wise operations are not counted; the count is therefore a lower bound, in the transformer's favour.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...devices.base.errors import RevpathError
from ...energy_models.gpu.transformer import TransformerShape
from ..tasks.text import SYMBOLS

SCHEMA = 1


class BaselineError(RevpathError):
    """The baseline cannot be read or trained."""


class TorchMissing(BaselineError):
    """Training a transformer needs the extra ``transformer``."""


class TrainingDiverged(BaselineError):
    """The loss is no longer finite."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Shape(_Frozen):
    """The size of a causal transformer with a four times wider inner layer, no biases, and an untied read-out."""

    width: int = Field(ge=2)
    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=4, ge=1)
    context: int = Field(default=64, ge=4, le=64)

    @model_validator(mode="after")
    def _heads_divide(self) -> Shape:
        if self.width % (2 * self.heads):
            raise ValueError(f"width = {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        return self

    @property
    def name(self) -> str:
        return f"d{self.width} L{self.layers} ctx{self.context}"

    def matrices(self) -> TransformerShape:
        """The same shape as the energy models know it (they know no relative-position bias)."""
        return TransformerShape(
            layers=self.layers,
            d_model=self.width,
            heads=self.heads,
            d_ff=4 * self.width,
            context=self.context,
            vocab=len(SYMBOLS),
            tied_embeddings=False,
            bias=False,
            learned_positions=False,
        )

    def parameters(self) -> int:
        """All trainable numbers, the relative-position bias of every head included."""
        return self.matrices().parameters() + self.layers * self.heads * self.context

    def training_flops(self, tokens: int) -> int:
        """Forward, and twice that backward, in windows of the full context."""
        return self.matrices().training_flops(tokens)


class Hyper(_Frozen):
    """How a transformer is trained: AdamW, a linear warm-up, then a constant learning rate.

    `average` is the share of the tokens seen so far over which the weights are averaged (exponentially) before they are
    scored. It stands in for the decay of the learning rate at every checkpoint, and costs no matrix product.
    """

    learning_rate: float = Field(default=2e-3, gt=0)
    batch: int = Field(default=4, ge=1, description="windows per step")
    warmup_tokens: int = Field(default=20_000, ge=0)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.99, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    average: float = Field(default=0.1, gt=0, le=1)
    decay: float = Field(
        default=0.2, ge=0, le=1, description="linear decay to zero after the end, as a share of the tokens"
    )


class Point(_Frozen):
    """One checkpoint: what was spent, and exact bits per character of the averaged and of the last weights."""

    tokens: int = Field(ge=1)
    flops: int = Field(ge=1)
    validation_bits: float = Field(gt=0)
    test_bits: float = Field(gt=0)
    validation_bits_last: float = Field(gt=0)
    wall_s: float = Field(ge=0, description="training only, without the scoring")


class Curve(_Frozen):
    """The learning curve of one run. `decayed` continues it: the learning rate goes to zero, the last weights count."""

    shape: Shape
    hyper: Hyper
    seed: int
    parameters: int
    points: tuple[Point, ...] = Field(min_length=1)
    decayed: Point | None = None
    stopped: bool = Field(default=False, description="interrupted before the last checkpoint")

    @model_validator(mode="after")
    def _is_one_run(self) -> Curve:
        points = (*self.points, self.decayed) if self.decayed else self.points
        tokens = [point.tokens for point in points]
        if any(b <= a for a, b in pairwise(tokens)):
            raise ValueError(f"tokens = {tokens} must grow from point to point")
        if self.parameters != self.shape.parameters():
            raise ValueError(f"parameters = {self.parameters} must be {self.shape.parameters()} for {self.shape.name}")
        for point in points:
            if point.flops != self.shape.training_flops(point.tokens):
                raise ValueError(f"flops = {point.flops} do not follow from shape and tokens = {point.tokens}")
        return self


class Trial(_Frozen):
    """One run of the tuning; None where the training diverged."""

    shape: Shape
    hyper: Hyper
    tokens: int
    seed: int
    question: str
    validation_bits: float | None


class Baseline(_Frozen):
    """The result file: curves and where they come from."""

    schema_number: Literal[1]
    text_name: str
    text_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_on: str
    torch: str
    cpu: str
    note: str
    tuning: tuple[Trial, ...]
    curves: tuple[Curve, ...] = Field(min_length=1)

    def frame(self):
        """All points as a pandas table, one row each; ``schedule`` is ``constant`` or ``decayed``."""
        import pandas as pd

        rows = []
        for curve in self.curves:
            run = {"model": curve.shape.name, "parameters": curve.parameters, "seed": curve.seed}
            rows += [{**run, "schedule": "constant", **point.model_dump()} for point in curve.points]
            if curve.decayed:
                rows.append({**run, "schedule": "decayed", **curve.decayed.model_dump()})
        return pd.DataFrame(rows)
