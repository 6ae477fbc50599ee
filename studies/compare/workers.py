"""The training runs of a comparison side by side, one process and one thread each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ..processes import Job, Say, side_by_side
from ..tasks.text import load_text
from .recipes import Recipe

Told = Callable[[str, int, float | None], None]
"""(name of the run, characters done, bits per character if just scored)."""


def train_side_by_side(
    text_path: Path | None, recipes: Sequence[Recipe], folder: Path, tell: Told, workers: int | None = None
) -> bool:
    """Train all recipes in at most `workers` processes (default: one for each core that we may use).

    Ctrl-C asks the runs to stop; they keep their last checkpoint. A second one ends them at once. Returns whether all
    were completed. A checkpoint that could not be used is a warning `BegunAnew`.

    Raises
    ------
    RevpathError: what a run raised, with its name.
    """

    def heard(name: str, kind: str, *words) -> None:
        if kind == "at":
            tell(name, *words)
        else:
            from .learn import BegunAnew

            warnings.warn(str(words[0]), BegunAnew, stacklevel=2)

    jobs = [Job(recipe.name, (text_path, recipe, folder)) for recipe in recipes]
    with closing(side_by_side(_train, jobs, workers=workers, heard=heard, folder=folder)) as ended:
        complete = {job.name for job, done in ended if done}
    return complete == {recipe.name for recipe in recipes}


def _train(text_path: Path | None, recipe: Recipe, folder: Path, say: Say) -> bool:
    """In a process of its own: train, and return whether the run is complete."""
    from .learn import learn

    def progress(done: int, bits: float | None) -> bool:
        return say("at", done, bits)

    def note(line: str) -> None:
        say("note", line)

    return learn(load_text(text_path), recipe, folder, progress, note).complete
