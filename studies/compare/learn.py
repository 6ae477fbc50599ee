"""One training run with checkpoints: characters, events and exact bits per character, saved as it goes, resumable."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import results_folder, write_whole
from ...ebm import ConditionalRBM
from ...simulator import Events
from ..tasks.text import Text, scored
from .recipes import Recipe

FIRST_CHECKPOINT = 2_000  # as for the transformer: a quality that a curve had at its start cannot be priced
CHECKPOINTS = 24
_SLICE = 2_048  # characters between two looks at the stop signal

Progress = Callable[[int, float | None], bool]
"""(characters done, bits per character if just scored) -> go on? False stops at the last checkpoint."""


class Checkpoint(BaseModel):
    """What a run had spent and reached. Bits are exact, through the array as it reads; `stored` ones, which no hardware
    sees, are of the stored weights without read noise, at the last checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    characters: int
    validation_bits: float
    test_bits: float
    validation_bits_stored: float | None = None
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
    text_sha256: str
    version: str
    parameters: int
    saturated: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()

    @property
    def complete(self) -> bool:
        return bool(self.checkpoints) and self.checkpoints[-1].characters >= self.recipe.characters

    def first_at(self, bits: float) -> Checkpoint | None:
        """The first checkpoint whose validation bits are at or below `bits`."""
        return next((c for c in self.checkpoints if c.validation_bits <= bits), None)

    @property
    def best(self) -> Checkpoint:
        return min(self.checkpoints, key=lambda c: c.validation_bits)


@dataclass
class _State:
    """Where a run stands at a checkpoint: all that it needs to go on. It is what is pickled."""

    model: ConditionalRBM
    done: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    saturated: int = 0


def learn(text: Text, recipe: Recipe, folder: Path, progress: Progress | None = None) -> Run:
    """Train `recipe` on `text`, keeping results in `folder`; goes on from the last checkpoint it finds there.

    An interrupted run that goes on gives the same bits as one that was never interrupted.

    Raises
    ------
    RevpathError: the text is too short for the context, or a file of that run is corrupt.
    """
    result = run_path(text, recipe, results_folder(folder))
    memory = result.with_suffix(".pickle")
    if result.exists():
        found = read_run(result)
        if found.complete:
            memory.unlink(missing_ok=True)
            return found
    state = _read_state(memory) if memory.exists() else _State(_model(recipe))
    splits = {
        name: _contexts(split, scored(split, recipe.context), recipe.context)
        for name, split in (("validation", text.validation), ("test", text.test))
    }
    train = text.train.astype(np.int64)
    order = np.random.default_rng(recipe.seed).permutation(np.arange(recipe.context, len(train)))
    for mark in _marks(recipe):
        if mark <= state.done:
            continue  # done before an interruption, or stepped over by a large batch
        while state.done < mark:
            n = max(recipe.batch, min(_SLICE, mark - state.done) // recipe.batch * recipe.batch)
            positions = order[np.arange(state.done, state.done + n) % len(order)]
            rate = 1 - (1 - recipe.last_rate) * min(1.0, state.done / recipe.characters)
            x, y = _contexts(train, positions, recipe.context)
            state.model.partial_fit(x, y, slowdown=1 / rate)
            state.done += n
            if progress and not progress(state.done, None):
                return _run(text, recipe, state)
        last = state.done >= recipe.characters
        state.checkpoints += (_score(state, splits, last),)
        state.saturated = _clipped(state)
        if not last:
            write_whole(memory, pickle.dumps(state))
        write_whole(result, _run(text, recipe, state).model_dump_json(indent=1).encode())
        if progress and not progress(state.done, state.checkpoints[-1].validation_bits):
            break
    run = _run(text, recipe, state)
    if run.complete:
        memory.unlink(missing_ok=True)
    return run


def one_batch(text: Text, recipe: Recipe) -> Events:
    """What happens in the first mini-batch of a run: every kind of event that training has."""
    model = _model(recipe)
    train = text.train.astype(np.int64)
    model.partial_fit(*_contexts(train, np.arange(recipe.context, recipe.context + recipe.batch), recipe.context))
    return model.events_


def run_path(text: Text, recipe: Recipe, folder: Path) -> Path:
    """The result file of a run in `folder`."""
    return folder / f"{recipe.name}-{recipe.key(text.sha256, version('revpath'))}.json"


def read_run(path: Path) -> Run:
    """A result file of `learn`; RevpathError naming it where it is not one."""
    try:
        return Run.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RevpathError(f"result = {str(path)!r} cannot be read: {error}; delete it to train anew") from None
    except ValidationError as error:
        raise RevpathError(
            f"result = {str(path)!r} is not a run: {explain(error)[:300]}; delete it to train anew"
        ) from None


def _read_state(path: Path) -> _State:
    try:
        state = pickle.loads(path.read_bytes())
    except Exception as error:  # a damaged pickle can raise anything
        raise RevpathError(
            f"checkpoint = {str(path)!r} cannot be read: {type(error).__name__}: {error}; delete it to train anew"
        ) from None
    if not isinstance(state, _State):
        raise RevpathError(f"checkpoint = {str(path)!r} is not one of a run; delete it to train anew")
    return state


def _run(text: Text, recipe: Recipe, state: _State) -> Run:
    release, symbols = version("revpath"), len(text.symbols)
    return Run(
        recipe=recipe,
        key=recipe.key(text.sha256, release),
        text_sha256=text.sha256,
        version=release,
        parameters=((recipe.context + 1) * symbols + 1) * recipe.hidden + symbols,
        saturated=state.saturated,
        checkpoints=state.checkpoints,
    )


def _model(recipe: Recipe) -> ConditionalRBM:
    return ConditionalRBM(
        recipe.hidden,
        learning_rate=recipe.learning_rate,
        label_learning_rate=recipe.label_learning_rate,
        bias_learning_rate=recipe.bias_learning_rate,
        batch_size=recipe.batch,
        rule=recipe.rule,
        synapses=recipe.hardware.synapses(recipe.seed) if recipe.hardware else None,
        random_state=recipe.seed,
    )


def _marks(recipe: Recipe) -> list[int]:
    first = min(FIRST_CHECKPOINT, recipe.characters)
    return sorted({round(m) for m in np.geomspace(first, recipe.characters, CHECKPOINTS)})


def _contexts(codes: np.ndarray, positions, context: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, context) symbols before each position, the nearest first, and the symbols there."""
    at = np.asarray(positions)
    x = codes[at[:, None] - 1 - np.arange(context)]
    return x.astype(np.int64), codes[at].astype(np.int64)


def _score(state: _State, splits: dict[str, tuple[np.ndarray, np.ndarray]], last: bool) -> Checkpoint:
    model = state.model
    return Checkpoint(
        characters=state.done,
        validation_bits=model.bits_per_symbol(*splits["validation"]),
        test_bits=model.bits_per_symbol(*splits["test"]),
        validation_bits_stored=model.bits_per_symbol(*splits["validation"], stored=True) if last else None,
        events=model.events_.to_json(),
    )


def _clipped(state: _State) -> int:
    arrays = (getattr(s, "array", None) for s in (state.model.context_synapses_, state.model.label_synapses_))
    return sum(a.clipped for a in arrays if a is not None)
