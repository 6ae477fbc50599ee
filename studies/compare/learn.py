"""One training run with checkpoints: examples, events and loss on held-out data, as a task of the sweep engine.

The engine keeps what an unfinished run needs to go on, names runs by all that they depend on, and repeats none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...devices.base.errors import RevpathError, explain
from ...devices.base.printable import one_line
from ...simulator import Events
from ..sweeps.registry import Quantity, Result, SweepConfig, sweep_task
from ..sweeps.running import Run
from ..sweeps.study import Planned
from ..tasks.contract import LearningTask, Rows
from ..tasks.loading import Source, the_data
from .recipes import CODE, Hardware, Model, Recipe, TaskName

KIND = "learning-curve"
"""Name of the sweep task."""
CHECKPOINTS = 16
_SLICE = 2_048  # examples between two looks at the stop signal


class Checkpoint(BaseModel):
    """What a run had spent and reached. Losses are in the unit of the task, through the arrays as they read; the `stored` one,
    which no hardware sees, is of the stored weights without read noise, at the last checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    examples: int = Field(ge=0)
    validation: float = Field(ge=0)
    test: float = Field(ge=0)
    validation_stored: float | None = Field(default=None, ge=0)
    events: str

    @field_validator("events")
    @classmethod
    def _events_parse(cls, events: str) -> str:
        Events.from_json(events)
        return events

    def spent(self) -> Events:
        return Events.from_json(self.events)


class LearningRun(BaseModel):
    """A recipe that was trained, and how far it came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    key: str
    data_sha256: str
    version: str
    code: str = ""
    parameters: int = Field(ge=1)
    saturated: int = Field(default=0, ge=0)
    checkpoints: tuple[Checkpoint, ...] = ()

    @field_validator("checkpoints")
    @classmethod
    def _examples_rise(cls, checkpoints: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...]:
        examples = [c.examples for c in checkpoints]
        if any(b <= a for a, b in pairwise(examples)):
            raise ValueError(f"examples = {examples} must rise from checkpoint to checkpoint")
        return checkpoints

    def first_at(self, loss: float) -> Checkpoint | None:
        """The first checkpoint whose validation loss is at or below `loss`."""
        return next((c for c in self.checkpoints if c.validation <= loss), None)

    @property
    def best(self) -> Checkpoint:
        return min(self.checkpoints, key=lambda c: c.validation)


class CurveConfig(SweepConfig):
    """A recipe as the engine takes it. Where its data are and what it is called are no part of what it is.

    Parameters
    ----------
    source : Source
        Where the data are.
    data_sha256 : str
        Which data they are.
    checkpoints, first_checkpoint : int
        How often the loss is looked at, and after how many examples for the first time.
    others
        As in `Recipe`.
    """

    code: ClassVar[tuple[str, ...]] = CODE

    task: TaskName = "text"
    source: Source = Field(default=Source(), exclude=True)
    data_sha256: str = ""
    model: Model = Field(default_factory=lambda: Recipe.model_fields["model"].get_default(call_default_factory=True))
    hardware: Hardware | None = None
    batch: int = Field(default=256, ge=1)
    last_rate: float = Field(default=0.05, gt=0, le=1)
    examples: int = Field(default=2_000, ge=1)
    checkpoints: int = Field(default=CHECKPOINTS, ge=1)
    first_checkpoint: int = Field(default=2_000, ge=1)

    def numbers(self) -> Any:
        """The device's numbers, not its name alone, so that an edited device file is trained anew."""
        return self.hardware.cell().model_dump_json(exclude={"records"}) if self.hardware else ""

    def records(self) -> tuple[str, ...]:
        return tuple(sorted(record.id for record in self.hardware.cell().records.values())) if self.hardware else ()

    def recipe(self, seed: int) -> Recipe:
        """Without the names that it has elsewhere."""
        kind = "analog" if self.hardware else "digital"
        content = {
            name: getattr(self, name) for name in ("task", "model", "hardware", "batch", "last_rate", "examples")
        }
        return Recipe(name=kind, title=kind, kind=kind, seed=seed, **content)


def planned(task: LearningTask, source: Source, recipe: Recipe) -> Planned:
    """A recipe as a run of the sweep engine."""
    content = {name: getattr(recipe, name) for name in ("task", "model", "hardware", "batch", "last_rate", "examples")}
    first = min(task.first_checkpoint, recipe.examples)
    config = CurveConfig(
        source=source, data_sha256=task.sha256, checkpoints=CHECKPOINTS, first_checkpoint=first, **content
    )
    return Planned(KIND, {"run": recipe.label}, 0, recipe.seed, config)


@sweep_task(
    KIND,
    title="a learning curve",
    validation=Quantity("loss on validation data", better="lower"),
    test=Quantity("loss on test data", better="lower"),
    parameters=Quantity("trained numbers"),
    saturated=Quantity("values that converters cut off"),
)
def learning_curve(config: CurveConfig, run: Run) -> Result:
    """Train, with a look at the loss at every mark."""
    task = the_data(config.source, config.data_sha256)
    looks = geometric(config.first_checkpoint, config.examples, config.checkpoints)
    return train(task, config.recipe(run.seed), looks, run)


def train(task: LearningTask, recipe: Recipe, looks: Sequence[int], run: Run) -> Result:
    """Train a recipe; says how far it is, and can be cut after every slice.

    Parameters
    ----------
    task : LearningTask
    recipe : Recipe
    looks : sequence of int
        Numbers of examples at which the loss is looked at, the last one those of the recipe.
    run : Run
    """
    context = recipe.model.context
    splits: dict[str, Rows] = {split: task.scored(split, context) for split in ("validation", "test")}
    order = np.random.default_rng(recipe.seed).permutation(task.places(context))
    model, about = run.restore(lambda: _mould(task, recipe), lambda: _model(recipe))
    done, points = about.get("done", 0), about.get("points", [])
    for mark in looks:
        if points and mark <= points[-1]["examples"]:
            continue  # done before an interruption, or stepped over by a large batch
        while done < mark:
            n = max(recipe.batch, min(_SLICE, mark - done) // recipe.batch * recipe.batch)
            places = order[np.arange(done, done + n) % len(order)]
            rate = 1 - (1 - recipe.last_rate) * min(1.0, done / recipe.examples)
            recipe.model.learn(model, *task.take(places, context), slowdown=1 / rate)
            done += n
            run.say(done, None)
            run.checkpoint(model, {"done": done, "points": points}, done / max(recipe.examples, done))
        points.append(_scored(task, model, splits, done, last=done >= recipe.examples))
        run.say(done, points[-1]["validation"])
    last, events = points[-1], model.events_
    values = {
        "validation": last["validation"],
        "test": last["test"],
        "parameters": recipe.model.parameters,
        "saturated": _clipped(recipe, model),
    }
    return Result(values, events, {"checkpoints": points})


def run_of(recipe: Recipe, record: Mapping[str, Any]) -> LearningRun:
    """What a record of the store says of a recipe.

    Raises
    ------
    RevpathError
        It holds what no run gives.
    """
    identity, values = record["identity"], record["values"]
    try:
        return LearningRun(
            recipe=recipe,
            key=record["id"],
            data_sha256=identity["config"]["data_sha256"],
            version=record.get("provenance", {}).get("revpath", version("revpath")),
            code=identity["code"],
            parameters=int(values["parameters"]),
            saturated=int(values["saturated"]),
            checkpoints=record["detail"]["checkpoints"],
        )
    except ValidationError as error:
        words = one_line(explain(error), 300)
        raise RevpathError(f"record {record['id']} of {recipe.label} is no learning curve: {words}") from None


def learn(task: LearningTask, recipe: Recipe, run: Run | None = None) -> LearningRun:
    """Train a recipe in this process, on a task that may be nobody's file; where `run` keeps checkpoints it goes on from them."""
    done = train(task, recipe, marks(task, recipe.examples), run or Run(recipe.seed))
    identity = planned(task, Source(), recipe).identity
    return run_of(recipe, {"id": "", "identity": identity, "values": done.values, "detail": done.detail})


def one_batch(task: LearningTask, recipe: Recipe) -> Events:
    """What happens in the first mini-batch of a run: every kind of event that training has."""
    model = _model(recipe)
    context = recipe.model.context
    recipe.model.learn(model, *task.take(task.places(context)[: recipe.batch], context))
    return model.events_


def marks(task: LearningTask, examples: int) -> list[int]:
    """Numbers of examples at which a run of so many is looked at: the same for every contender, evenly in their logarithm."""
    return geometric(min(task.first_checkpoint, examples), examples, CHECKPOINTS)


def geometric(first: int, last: int, count: int) -> list[int]:
    """`count` whole numbers from `first` to `last`, evenly in their logarithm, each once."""
    return sorted({round(m) for m in np.geomspace(first, last, count)})


def _mould(task: LearningTask, recipe: Recipe) -> Any:
    """A model that has read and been updated once: it has all that a checkpoint can hold."""
    model, context = _model(recipe), recipe.model.context
    first = task.take(task.places(context)[:2], context)
    recipe.model.learn(model, *first)
    task.loss(model, first)
    return model


def _model(recipe: Recipe) -> Any:
    synapses = recipe.hardware.synapses(recipe.seed) if recipe.hardware else None
    return recipe.model.estimator(synapses, recipe.batch, recipe.seed)


def _scored(task: LearningTask, model: Any, splits: Mapping[str, Rows], done: int, last: bool) -> dict[str, Any]:
    return Checkpoint(
        examples=done,
        validation=task.loss(model, splits["validation"]),
        test=task.loss(model, splits["test"]),
        validation_stored=task.loss(model, splits["validation"], stored=True) if last else None,
        events=model.events_.to_json(),
    ).model_dump(mode="json")


def _clipped(recipe: Recipe, model: Any) -> int:
    arrays = (getattr(s, "array", None) for s in recipe.model.synapses(model))
    return sum(a.clipped for a in arrays if a is not None)
