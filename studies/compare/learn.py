"""One training run with checkpoints: examples, events and loss on held-out data, saved as it goes, resumable.

What an unfinished run needs to go on is kept as numbers alone (`snapshot`): a file that was handed on cannot run anything.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import results_folder, write_whole
from ...devices.base.printable import one_line
from ...simulator import Events
from ..identity import code_digest
from ..snapshot import SnapshotError, from_bytes, to_bytes
from ..tasks.contract import LearningTask, Rows
from .recipes import CODE, Recipe

CHECKPOINTS = 16
_SLICE = 2_048  # examples between two looks at the stop signal

Progress = Callable[[int, float | None], bool]
"""(examples done, loss if just scored) -> go on? False stops at the last checkpoint."""

Note = Callable[[str], None]
"""Is given a line that a user should read."""


class BegunAnew(UserWarning):
    """The checkpoint of an unfinished run could not be used."""


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


class Run(BaseModel):
    """A recipe and how far it came."""

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

    @property
    def complete(self) -> bool:
        return bool(self.checkpoints) and self.checkpoints[-1].examples >= self.recipe.examples

    def first_at(self, loss: float) -> Checkpoint | None:
        """The first checkpoint whose validation loss is at or below `loss`."""
        return next((c for c in self.checkpoints if c.validation <= loss), None)

    @property
    def best(self) -> Checkpoint:
        return min(self.checkpoints, key=lambda c: c.validation)


@dataclass
class _State:
    """Where a run stands at a checkpoint: all that it needs to go on."""

    model: Any
    done: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    saturated: int = 0


def learn(
    task: LearningTask, recipe: Recipe, folder: Path, progress: Progress | None = None, note: Note | None = None
) -> Run:
    """Train `recipe` on `task`, keeping results in `folder`; goes on from the last checkpoint it finds there.

    An interrupted run that goes on gives the same bits as one that was never interrupted. A checkpoint that is damaged,
    or no checkpoint of that run, is named in a line for `note` (a warning `BegunAnew` unless given), and the run begins
    anew.

    Raises
    ------
    RevpathError
        the data are too few for the model, or the result of that run is corrupt.
    """
    result = run_path(task, recipe, results_folder(folder))
    memory = _memory(result)
    if result.exists():
        run = read_run(result)
        if run.complete:
            forget(result)
            return run
    state = _State(_model(recipe))
    if memory.exists():
        try:
            state = _read_state(memory, task, recipe)
        except (SnapshotError, OSError) as error:
            line = f"checkpoint = {str(memory)!r} cannot be used: {error}; {recipe.name} begins anew"
            note(line) if note else warnings.warn(line, BegunAnew, stacklevel=2)
    context = recipe.model.context
    splits: dict[str, Rows] = {split: task.scored(split, context) for split in ("validation", "test")}
    order = np.random.default_rng(recipe.seed).permutation(task.places(context))
    for mark in marks(task, recipe.examples):
        if mark <= state.done:
            continue  # done before an interruption, or stepped over by a large batch
        while state.done < mark:
            n = max(recipe.batch, min(_SLICE, mark - state.done) // recipe.batch * recipe.batch)
            places = order[np.arange(state.done, state.done + n) % len(order)]
            rate = 1 - (1 - recipe.last_rate) * min(1.0, state.done / recipe.examples)
            recipe.model.learn(state.model, *task.take(places, context), slowdown=1 / rate)
            state.done += n
            if progress and not progress(state.done, None):
                return _run(task, recipe, state)
        last = state.done >= recipe.examples
        state.checkpoints += (_score(task, state, splits, last),)
        state.saturated = _clipped(recipe, state)
        if not last:
            write_whole(memory, _as_bytes(state, result.stem))
        write_whole(result, _run(task, recipe, state).model_dump_json(indent=1).encode())
        if progress and not progress(state.done, state.checkpoints[-1].validation):
            break
    run = _run(task, recipe, state)
    if run.complete:
        forget(result)
    return run


def one_batch(task: LearningTask, recipe: Recipe) -> Events:
    """What happens in the first mini-batch of a run: every kind of event that training has."""
    model = _model(recipe)
    context = recipe.model.context
    recipe.model.learn(model, *task.take(task.places(context)[: recipe.batch], context))
    return model.events_


def run_path(task: LearningTask, recipe: Recipe, folder: Path) -> Path:
    """The result file of a run in `folder`."""
    return folder / f"{recipe.name}-{recipe.key(task.sha256, version('revpath'))}.json"


def forget(result: Path) -> None:
    """Remove the checkpoint beside a complete run: nothing needs it. One of revpath 0.1 was a pickle, and is not opened."""
    for memory in (_memory(result), result.with_suffix(".pickle")):
        memory.unlink(missing_ok=True)


def _memory(result: Path) -> Path:
    return result.with_suffix(".npz")


def read_run(path: Path) -> Run:
    """A result file of `learn`; RevpathError naming it where it is not one."""
    try:
        return Run.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise RevpathError(
            f"result = {str(path)!r} is not a run: {one_line(explain(error), 300)}; delete it to train anew"
        ) from None
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deep
        raise RevpathError(f"result = {str(path)!r} cannot be read: {error}; delete it to train anew") from None


def _as_bytes(state: _State, name: str) -> bytes:
    about = {
        "run": name,
        "done": state.done,
        "saturated": state.saturated,
        "checkpoints": [c.model_dump(mode="json") for c in state.checkpoints],
    }
    return to_bytes(state.model, about)


def _read_state(path: Path, task: LearningTask, recipe: Recipe) -> _State:
    """SnapshotError where the file is not the checkpoint of that run."""
    model = _model(recipe)
    context = recipe.model.context
    first = task.take(task.places(context)[:2], context)
    recipe.model.learn(model, *first)
    task.loss(model, first)  # a read and an update make all that a model has: the mould
    about = from_bytes(path.read_bytes(), model)
    try:
        checkpoints = tuple(Checkpoint.model_validate(c) for c in about["checkpoints"])
        state = _State(model, about["done"], checkpoints, about["saturated"])
        fits = about["run"] == path.stem and state.done == checkpoints[-1].examples
        _run(task, recipe, state)
    except (ValidationError, LookupError, TypeError) as error:
        raise SnapshotError(f"it does not say how far the run was: {type(error).__name__}") from None
    if not fits:
        raise SnapshotError("it is of another run")
    return state


def _run(task: LearningTask, recipe: Recipe, state: _State) -> Run:
    release = version("revpath")
    return Run(
        recipe=recipe,
        key=recipe.key(task.sha256, release),
        data_sha256=task.sha256,
        version=release,
        code=code_digest(*CODE),
        parameters=recipe.model.parameters,
        saturated=state.saturated,
        checkpoints=state.checkpoints,
    )


def _model(recipe: Recipe) -> Any:
    synapses = recipe.hardware.synapses(recipe.seed) if recipe.hardware else None
    return recipe.model.estimator(synapses, recipe.batch, recipe.seed)


def marks(task: LearningTask, examples: int) -> list[int]:
    """Numbers of examples at which a run of so many is looked at: the same for every contender, evenly in their logarithm."""
    first = min(task.first_checkpoint, examples)
    return sorted({round(m) for m in np.geomspace(first, examples, CHECKPOINTS)})


def _score(task: LearningTask, state: _State, splits: dict[str, Rows], last: bool) -> Checkpoint:
    model = state.model
    return Checkpoint(
        examples=state.done,
        validation=task.loss(model, splits["validation"]),
        test=task.loss(model, splits["test"]),
        validation_stored=task.loss(model, splits["validation"], stored=True) if last else None,
        events=model.events_.to_json(),
    )


def _clipped(recipe: Recipe, state: _State) -> int:
    arrays = (getattr(s, "array", None) for s in recipe.model.synapses(state.model))
    return sum(a.clipped for a in arrays if a is not None)
