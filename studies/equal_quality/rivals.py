"""What the energy-based models are compared with, as tasks of the sweep engine: digital networks and transformers."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ..baselines.curves import Curve, Hyper, Shape
from ..baselines.mlp import MLPCurve, MLPPoint, train_mlp
from ..baselines.transformer import train_transformer
from ..compare.learn import CHECKPOINTS, geometric
from ..sweeps.registry import Quantity, Result, SweepConfig, sweep_task
from ..sweeps.running import Run
from ..tasks.image_class import ImageClass
from ..tasks.loading import Source, the_data
from ..tasks.next_character import NextCharacter

MLP, TRANSFORMER = "mlp-curve", "transformer-curve"
"""Names of the sweep tasks."""


class _RivalConfig(SweepConfig):
    source: Source = Field(default=Source("images"), exclude=True)
    data_sha256: str = ""
    examples: int = Field(default=24_000, ge=1)
    first_checkpoint: int = Field(default=1_000, ge=1)
    checkpoints: int = Field(default=CHECKPOINTS, ge=1)

    @property
    def marks(self) -> list[int]:
        return geometric(min(self.first_checkpoint, self.examples), self.examples, self.checkpoints)


class MLPConfig(_RivalConfig):
    """A network on images: units of its hidden layers, none of them being logistic regression."""

    code: ClassVar[tuple[str, ...]] = ("studies/baselines/mlp.py", "studies/equal_quality/rivals.py")

    hidden: tuple[int, ...] = (64,)
    batch: int = Field(default=32, ge=1)
    rate: float = Field(default=0.1, gt=0)


class TransformerConfig(_RivalConfig):
    """A transformer on a text."""

    code: ClassVar[tuple[str, ...]] = ("studies/baselines/gpt.py", "studies/equal_quality/rivals.py")

    source: Source = Field(default=Source("text"), exclude=True)
    shape: Shape = Shape(width=64)
    hyper: Hyper = Hyper(decay=0.0)


_VALIDATION = Quantity("loss on validation data", better="lower")
_TEST = Quantity("loss on test data", better="lower")
_PARAMETERS = Quantity("trained numbers")


@sweep_task(
    MLP,
    title="learning curve of a digital network",
    validation=_VALIDATION,
    test=_TEST,
    parameters=_PARAMETERS,
)
def mlp_curve(config: MLPConfig, run: Run) -> Result:
    """Train on images, with a look at the errors at every mark."""
    task = the_data(config.source, config.data_sha256)
    assert isinstance(task, ImageClass)
    curve = train_mlp(task.images, config.hidden, run.seed, config.marks, batch=config.batch, rate=config.rate)
    points = [[p.images, p.validation, p.test] for p in curve.points]
    last = curve.points[-1]
    values = {"validation": last.validation, "test": last.test, "parameters": curve.parameters}
    return Result(
        values, detail={"sizes": list(curve.sizes), "points": points, "batch": curve.batch, "rate": curve.rate}
    )


@sweep_task(
    TRANSFORMER,
    title="learning curve of a transformer",
    validation=_VALIDATION,
    test=_TEST,
    parameters=_PARAMETERS,
)
def transformer_curve(config: TransformerConfig, run: Run) -> Result:
    """Train on a text, with a look at the bits at every mark; needs the extra `transformer`."""
    task = the_data(config.source, config.data_sha256)
    assert isinstance(task, NextCharacter)

    def progress(seen: int, end: int, point: Any) -> None:
        run.say(seen, point.validation_bits if point else None)

    curve = train_transformer(
        task.text, config.shape, config.hyper, config.examples, run.seed, progress, marks=config.marks
    )
    last = curve.points[-1]
    values = {"validation": last.validation_bits, "test": last.test_bits, "parameters": curve.parameters}
    return Result(values, detail=curve.model_dump(mode="json"))


def mlp_of(detail: dict[str, Any], seed: int) -> MLPCurve:
    """The curve that a record holds."""
    points = tuple(MLPPoint(int(n), *losses) for n, *losses in detail["points"])
    return MLPCurve(tuple(detail["sizes"]), seed, points, detail["batch"], detail["rate"])


def transformer_of(detail: dict[str, Any]) -> Curve:
    """The curve that a record holds."""
    return Curve.model_validate(detail)
