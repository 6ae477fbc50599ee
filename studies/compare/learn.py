"""One training run with checkpoints: characters, events and exact bits per character, saved as it goes, resumable.

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

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import results_folder, write_whole
from ...devices.base.printable import one_line
from ...ebm import ConditionalRBM
from ...simulator import Events
from ..identity import code_digest
from ..snapshot import SnapshotError, from_bytes, to_bytes
from ..tasks.text import Text, scored
from .recipes import CODE, Recipe

FIRST_CHECKPOINT = 2_000  # as for the transformer: a quality that a curve had at its start cannot be priced
CHECKPOINTS = 24
_SLICE = 2_048  # characters between two looks at the stop signal

Progress = Callable[[int, float | None], bool]
"""(characters done, bits per character if just scored) -> go on? False stops at the last checkpoint."""

Note = Callable[[str], None]
"""Is given a line that a user should read."""


class BegunAnew(UserWarning):
    """The checkpoint of an unfinished run could not be used."""


class Checkpoint(BaseModel):
    """What a run had spent and reached. Bits are exact, through the array as it reads; `stored` ones, which no hardware
    sees, are of the stored weights without read noise, at the last checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    characters: int = Field(ge=0)
    validation_bits: float = Field(ge=0)
    test_bits: float = Field(ge=0)
    validation_bits_stored: float | None = Field(default=None, ge=0)
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
    code: str = ""
    parameters: int = Field(ge=1)
    saturated: int = Field(default=0, ge=0)
    checkpoints: tuple[Checkpoint, ...] = ()

    @field_validator("checkpoints")
    @classmethod
    def _characters_rise(cls, checkpoints: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...]:
        characters = [c.characters for c in checkpoints]
        if any(b <= a for a, b in pairwise(characters)):
            raise ValueError(f"characters = {characters} must rise from checkpoint to checkpoint")
        return checkpoints

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
    """Where a run stands at a checkpoint: all that it needs to go on."""

    model: ConditionalRBM
    done: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    saturated: int = 0


def learn(text: Text, recipe: Recipe, folder: Path, progress: Progress | None = None, note: Note | None = None) -> Run:
    """Train `recipe` on `text`, keeping results in `folder`; goes on from the last checkpoint it finds there.

    An interrupted run that goes on gives the same bits as one that was never interrupted. A checkpoint that is damaged,
    or no checkpoint of that run, is named in a line for `note` (a warning `BegunAnew` unless given), and the run begins
    anew.

    Raises
    ------
    RevpathError: the text is too short for the context, or the result of that run is corrupt.
    """
    result = run_path(text, recipe, results_folder(folder))
    memory = _memory(result)
    if result.exists():
        run = read_run(result)
        if run.complete:
            forget(result)
            return run
    state = _State(_model(recipe))
    if memory.exists():
        try:
            state = _read_state(memory, text, recipe)
        except (SnapshotError, OSError) as error:
            line = f"checkpoint = {str(memory)!r} cannot be used: {error}; {recipe.name} begins anew"
            note(line) if note else warnings.warn(line, BegunAnew, stacklevel=2)
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
            write_whole(memory, _as_bytes(state, result.stem))
        write_whole(result, _run(text, recipe, state).model_dump_json(indent=1).encode())
        if progress and not progress(state.done, state.checkpoints[-1].validation_bits):
            break
    run = _run(text, recipe, state)
    if run.complete:
        forget(result)
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


def _read_state(path: Path, text: Text, recipe: Recipe) -> _State:
    """SnapshotError where the file is not the checkpoint of that run."""
    model = _model(recipe)
    first = _contexts(text.train.astype(np.int64), np.arange(recipe.context, 2 * recipe.context + 1), recipe.context)
    model.partial_fit(*first)
    model.bits_per_symbol(*first)  # a read and an update make all that a model has: the mould
    about = from_bytes(path.read_bytes(), model)
    try:
        checkpoints = tuple(Checkpoint.model_validate(c) for c in about["checkpoints"])
        state = _State(model, about["done"], checkpoints, about["saturated"])
        fits = about["run"] == path.stem and state.done == checkpoints[-1].characters
        _run(text, recipe, state)
    except (ValidationError, LookupError, TypeError) as error:
        raise SnapshotError(f"it does not say how far the run was: {type(error).__name__}") from None
    if not fits:
        raise SnapshotError("it is of another run")
    return state


def _run(text: Text, recipe: Recipe, state: _State) -> Run:
    release, symbols = version("revpath"), len(text.symbols)
    return Run(
        recipe=recipe,
        key=recipe.key(text.sha256, release),
        text_sha256=text.sha256,
        version=release,
        code=code_digest(*CODE),
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
