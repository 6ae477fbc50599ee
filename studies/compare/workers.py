"""The training runs of a comparison side by side, one process and one thread each, on the engine of sweeps."""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder, sweep
from ..sweeps.alone import alone_in
from ..sweeps.channel import Channel
from ..sweeps.parallel import Call, Ended, Raised, in_parallel, stop_on_signals
from ..tasks.loading import Source, load_task
from .recipes import Recipe

Told = Callable[[str, int, float | None], None]
"""(label of the run, examples done, loss if just scored)."""


def train_side_by_side(
    source: Source, recipes: Sequence[Recipe], folder: Path, tell: Told, workers: int | None = None
) -> bool:
    """Train all recipes in at most `workers` processes (default: one for each core that we may use).

    Ctrl-C asks the runs to stop; they keep their last checkpoint. A second one ends them at once. A run whose process was
    ended goes on from its last checkpoint in another, once. Returns whether all were completed. A checkpoint that could not
    be used is a warning `BegunAnew`.

    Raises
    ------
    RevpathError
        what a run raised, with its name; another comparison is training in the folder.
    """
    with (
        alone_in(results_folder(folder)),
        tempfile.TemporaryDirectory(prefix="revpath-") as mail,
        stop_on_signals() as stop,
    ):
        channels = {recipe.label: Channel(Path(mail) / recipe.label) for recipe in recipes}
        for channel in channels.values():
            channel.open()

        processes: set[int] = set()

        def tick() -> None:
            for name, channel in channels.items():
                _hear(name, channel, tell, processes)
                if stop.is_set():
                    channel.ask_to_stop()

        calls = [Call(r.label, (source, r, folder, Path(mail) / r.label)) for r in recipes]
        try:
            return _completed(calls, stop, tick, workers)
        finally:
            for process in processes:
                sweep(folder, process)


def _completed(calls: Sequence[Call], stop: threading.Event, tick: Callable[[], None], workers: int | None) -> bool:
    """Whether all runs were completed; after a failure the others are asked to stop before it is raised."""
    complete, failures = 0, []
    with closing(in_parallel(_train, calls, stop=stop, workers=workers, tick=tick)) as answers:
        for call, answer in answers:
            if isinstance(answer, Ended | Raised):
                failures.append(f"{call.name}: {answer.reason}")
                stop.set()
            else:
                complete += answer
            tick()
    if failures:
        raise RevpathError("; ".join(failures))
    return complete == len(calls)


def _hear(name: str, channel: Channel, tell: Told, processes: set[int]) -> None:
    for kind, *words in channel.heard():
        if kind == "progress":
            tell(name, *words)
        elif kind == "process":
            processes.add(words[0])
        else:
            from .learn import BegunAnew

            warnings.warn(str(words[0]), BegunAnew, stacklevel=2)


def _train(source: Source, recipe: Recipe, folder: Path, mail: Path) -> bool:
    """In a process of its own: train, and return whether the run is complete."""
    from .learn import learn

    channel = Channel(mail)
    channel.say("process", os.getpid())

    def progress(done: int, loss: float | None) -> bool:
        return channel.say("progress", done, loss)

    def note(line: str) -> None:
        channel.say("note", line)

    return learn(load_task(source), recipe, folder, progress, note).complete
