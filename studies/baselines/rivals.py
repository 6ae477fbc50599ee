"""What an EBM is compared with: digital models with a learning curve, and all the work that training them is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...energy_models.gpu.small import transformer_kernels
from ...energy_models.prices.schedule import Schedule
from ...energy_models.records import get
from .curves import Baseline, Curve
from .mlp import MLPCurve, mlp_events
from .work import training_events


@dataclass(frozen=True)
class RivalPoint:
    """A checkpoint: examples seen, and losses in the unit of the task."""

    examples: int
    validation: float
    test: float


class Rival(ABC):
    """A digital model that was trained on the same task.

    Attributes
    ----------
    model : str
        What it is, in a word.
    name : str
        Which of them.
    parameters : int
    points : tuple of RivalPoint
    kernels : float
        That a GPU launches for a step of training.
    again : tuple of tuple of RivalPoint
        The same with other seeds.
    """

    model: ClassVar[str]
    name: str
    parameters: int
    points: tuple[RivalPoint, ...]
    kernels: float
    again: tuple[tuple[RivalPoint, ...], ...] = ()

    @abstractmethod
    def work(self, examples: int, chosen: Schedule) -> dict[str, float]:
        """Events of training on so many examples, by a schedule."""

    @abstractmethod
    def steps(self, examples: int) -> float:
        """Mini-batches in so many examples."""


class TransformerRival(Rival):
    """A transformer of the baseline.

    Parameters
    ----------
    curve : Curve
        Its shape, how it was trained, and its points.
    others : Curve
        The same with other seeds.
    """

    model: ClassVar = "transformer"

    def __init__(self, curve: Curve, *others: Curve) -> None:
        self.curve = curve
        self.name = curve.shape.name
        self.parameters = curve.parameters
        self.points, *again = (
            tuple(RivalPoint(p.tokens, p.validation_bits, p.test_bits) for p in each.points)
            for each in (curve, *others)
        )
        self.again = tuple(again)
        self.kernels = transformer_kernels(curve.shape.layers)

    def work(self, examples: int, chosen: Schedule) -> dict[str, float]:
        return training_events(self.curve.shape, self.curve.hyper, examples, chosen)

    def steps(self, examples: int) -> float:
        return examples / (self.curve.hyper.batch * self.curve.shape.context)


class MLPRival(Rival):
    """A digital network on images.

    Parameters
    ----------
    curves : sequence of MLPCurve
        Of one size, with different seeds.
    """

    model: ClassVar = "MLP"

    def __init__(self, curves: Sequence[MLPCurve]) -> None:
        self.sizes, self.batch, self.name = curves[0].sizes, curves[0].batch, curves[0].name
        self.parameters = curves[0].parameters
        self.points, *again = (
            tuple(RivalPoint(p.images, p.validation, p.test) for p in curve.points) for curve in curves
        )
        self.again = tuple(again)
        self.kernels = get("gpu.small.kernels_ebm_step").value

    def work(self, examples: int, chosen: Schedule) -> dict[str, float]:
        return mlp_events(self.sizes, examples, chosen, self.batch)

    def steps(self, examples: int) -> float:
        return examples / self.batch


def transformers(baseline: Baseline | None) -> Sequence[Rival]:
    """The transformers of a baseline; none without one."""
    return [TransformerRival(curve) for curve in baseline.curves] if baseline else []
