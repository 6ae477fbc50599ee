"""One training run with checkpoints: characters, events and exact bits per character, saved as it goes, resumable."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from ..devices.errors import RevpathError, explain
from ..ebm import ConditionalRBM
from ..simulator import Events
from .recipes import Recipe
from .text import Text, scored

FIRST_CHECKPOINT = 10_000
CHECKPOINTS = 14
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
    """Where a run stands between two checkpoints; what is pickled."""

    model: ConditionalRBM
    done: int


def learn(text: Text, recipe: Recipe, folder: Path, progress: Progress | None = None) -> Run:
    """Train `recipe` on `text`, keeping results in `folder`; goes on from the last checkpoint it finds there.

    Raises
    ------
    RevpathError: the text is too short for the context, or a result file of that run is corrupt.
    """
    release = version("revpath")
    key = recipe.key(text.sha256, release)
    folder.mkdir(parents=True, exist_ok=True)
    result, memory = folder / f"{recipe.name}-{key}.json", folder / f"{recipe.name}-{key}.pickle"
    rows = recipe.context * len(text.symbols)
    run = Run(
        recipe=recipe,
        key=key,
        text_sha256=text.sha256,
        version=release,
        parameters=(rows + len(text.symbols) + 1) * recipe.hidden + len(text.symbols),
    )
    state: _State | None = None
    if result.exists():
        found = read_run(result)
        if found.complete:
            return found
        if memory.exists():
            run, state = found, pickle.loads(memory.read_bytes())
    state = state or _State(_model(recipe), 0)
    splits = {
        name: _contexts(split, scored(split, recipe.context), recipe.context)
        for name, split in (("validation", text.validation), ("test", text.test))
    }
    train = text.train.astype(np.int64)
    order = np.random.default_rng(recipe.seed).permutation(np.arange(recipe.context, len(train)))
    for mark in [m for m in _marks(recipe) if m > state.done]:
        while state.done < mark:
            n = max(recipe.batch, min(_SLICE, mark - state.done) // recipe.batch * recipe.batch)
            positions = order[np.arange(state.done, state.done + n) % len(order)]
            rate = 1 - (1 - recipe.last_rate) * min(1.0, state.done / recipe.characters)
            x, y = _contexts(train, positions, recipe.context)
            state.model.partial_fit(x, y, slowdown=1 / rate)
            state.done += n
            if progress and not progress(state.done, None):
                return run
        run = run.model_copy(
            update={
                "checkpoints": (*run.checkpoints, _score(state, splits, last=mark == recipe.characters)),
                "saturated": _clipped(state),
            }
        )
        _write(memory, pickle.dumps(state))
        _write(result, run.model_dump_json(indent=1).encode())
        if progress and not progress(state.done, run.checkpoints[-1].validation_bits):
            return run
    memory.unlink(missing_ok=True)
    return run


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


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
