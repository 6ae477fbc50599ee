"""Training runs side by side, one process and one thread each: two runs never fight over cores, and any may be interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty

from ..devices.errors import RevpathError
from .recipes import Recipe
from .text import load_text

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Told = Callable[[str, int, float | None], None]
"""(name of the run, characters done, bits per character if just scored)."""


def train_side_by_side(
    text_path: Path | None, recipes: Sequence[Recipe], folder: Path, tell: Told, workers: int | None = None
) -> bool:
    """Train all recipes in at most `workers` processes (default: one for each core that we may use).

    Ctrl-C asks the runs to stop; they keep their last checkpoint. Returns whether all were completed.

    Raises
    ------
    RevpathError: what a run raised, with its name.
    """
    context = multiprocessing.get_context("spawn")
    workers = workers or max(
        1, min(len(recipes), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    )
    news, stop = context.Queue(), context.Event()
    waiting = list(recipes)
    running: dict[str, multiprocessing.process.BaseProcess] = {}
    complete, failures = set(), []
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        while waiting or running:
            while waiting and len(running) < workers and not stop.is_set():
                recipe = waiting.pop(0)
                process = context.Process(target=_work, args=(text_path, recipe, folder, news, stop), daemon=True)
                process.start()
                running[recipe.name] = process
            if stop.is_set():
                waiting.clear()
            try:
                kind, name, *rest = _next(news, running)
                if kind == "at":
                    tell(name, *rest)
                else:
                    running.pop(name).join()
                    if kind == "failed":
                        failures.append(f"{name}: {rest[0]}")
                        stop.set()
                    elif rest[0]:
                        complete.add(name)
            except KeyboardInterrupt:
                stop.set()
    finally:
        stop.set()
        for process in running.values():
            process.join(timeout=30)
            process.terminate()
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    if failures:
        raise RevpathError("; ".join(failures))
    return complete == {r.name for r in recipes}


def _next(news, running):
    """The next message; a process that died without a word (killed, out of memory) is a failure."""
    while True:
        try:
            return news.get(timeout=0.5)
        except Empty:
            for name, process in running.items():
                if not process.is_alive() and news.empty():
                    return "failed", name, f"its process ended with code {process.exitcode}"


def _work(text_path: Path | None, recipe: Recipe, folder: Path, news, stop) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and asks us to stop at a clean point
    from .learn import learn

    def progress(done: int, bits: float | None) -> bool:
        news.put(("at", recipe.name, done, bits))
        return not stop.is_set()

    try:
        run = learn(load_text(text_path), recipe, folder, progress)
        news.put(("ended", recipe.name, run.complete))
    except RevpathError as error:
        news.put(("failed", recipe.name, str(error)))
    except Exception as error:  # a bug must reach the user with its name, not hang the parent
        news.put(("failed", recipe.name, f"{type(error).__name__}: {error}"))
