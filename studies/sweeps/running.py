"""What a running task is given beside its configuration: a seed, and a place for checkpoints, from which another worker goes on.

A checkpoint is an npz file of arrays and JSON with a digest (`revpath.studies.snapshot`): a crafted one can run nothing, and
a damaged one is named in the record of the run, which then begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ...devices.base.files import results_folder, write_whole
from ..snapshot import SnapshotError, from_bytes, to_bytes

CHECKPOINT_EVERY_S = 60.0
"""Seconds of work that the end of a process may cost."""
_OF_ITS_TIME = 0.25
"""Share of the time of a run that its end may cost: so a run that is cut by every limit comes to its end all the same."""
_FILE = "checkpoint.npz"
Thing = TypeVar("Thing")


class RunTimeout(BaseException):
    """A run took longer than it was given. No Exception, so that a task which goes on after errors of its own ends all the same."""


class RunStopped(BaseException):
    """A run was asked to stop, and has kept a checkpoint; no Exception, as `RunTimeout`."""


@dataclass
class Run:
    """One run of a task.

    Parameters
    ----------
    seed : int
        Root seed of all its randomness, below 2**63.
    checkpoints : Path or None
        A folder of this run alone, made when something is kept; None where nothing is.
    stop : Path or None
        A file that is there once the run should stop.
    words : callable or None
        Is told how far the run is, see `say`.
    until : float or None
        On the clock of `time.monotonic`: when its time is over. Where no alarm can ring, as in a thread of a Dask
        worker, a run that never comes to `checkpoint` notices at its end.

    Examples
    --------
    A task that can be cut after each step, and goes on there in whatever process runs it next:

    >>> import numpy as np
    >>> def task(config, run):
    ...     total, about = run.restore(lambda: np.zeros(3))
    ...     for step in range(about.get("steps", 0), 10):
    ...         total += step
    ...         run.checkpoint(total, {"steps": step + 1})
    ...     return total
    >>> task(None, Run(seed=1)).tolist()
    [45.0, 45.0, 45.0]
    """

    seed: int
    checkpoints: Path | None = None
    stop: Path | None = None
    until: float | None = None
    words: Callable[..., object] | None = None
    notes: list[str] = field(default_factory=list)
    """What a user should read in the record."""
    share: float | None = None
    """Of the whole work, how much was done at the last checkpoint, if the task says so."""

    def __post_init__(self) -> None:
        self._kept_at = time.monotonic()
        self._limit = float("inf") if self.until is None else _OF_ITS_TIME * (self.until - self._kept_at)

    def say(self, *words: Any) -> None:
        """Tell who watches the sweep, where somebody does: what JSON holds, such as how many steps are done."""
        if self.words is not None:
            self.words(*words)

    def checkpoint(self, state: object, about: Mapping[str, Any], share: float | None = None) -> None:
        """Here the run may be cut: keep what it needs to go on, where it is time for that.

        Parameters
        ----------
        state : object
            Numbers: arrays, generators, or an object made of them, such as a model.
        about : mapping
            What JSON holds, such as how many steps are done.
        share : float, optional
            How much of the work is done, 0 to 1: `revpath sweep --dry-run` foretells the time from it.

        Raises
        ------
        RunStopped
            The sweep stops; the checkpoint has been written.
        RunTimeout
            The time of the run is over; the checkpoint has been written.
        RevpathError
            The checkpoint cannot be written.
        """
        now, self.share = time.monotonic(), share
        over = self.until is not None and now > self.until
        stopped = self.stop is not None and self.checkpoints is not None and self.stop.exists()
        late = now - self._kept_at >= min(CHECKPOINT_EVERY_S, self._limit)
        if self.checkpoints is not None and (stopped or over or late):
            content = to_bytes(state, {"run": self.checkpoints.name, "about": dict(about)})
            write_whole(results_folder(self.checkpoints) / _FILE, content)
            self._kept_at = time.monotonic()
        if over:
            raise RunTimeout("time is over")
        if stopped:
            raise RunStopped("stopped at a checkpoint")

    def restore(
        self, make: Callable[[], Thing], fresh: Callable[[], Thing] | None = None
    ) -> tuple[Thing, dict[str, Any]]:
        """What the last checkpoint held, or what is made anew and {}.

        Parameters
        ----------
        make : callable
            Gives an object of the make of that which was kept, into which the numbers are poured.
        fresh : callable, optional
            Gives what the run begins with, where that is not what `make` gives.
        """
        fresh = fresh or make
        path = None if self.checkpoints is None else self.checkpoints / _FILE
        if path is None or not path.exists():
            return fresh(), {}
        thing = make()
        try:
            kept = from_bytes(path.read_bytes(), thing)
            if kept["run"] != path.parent.name:
                raise SnapshotError("it is of another run")
            return thing, dict(kept["about"])
        except (SnapshotError, OSError, LookupError, TypeError, ValueError) as error:
            self.notes.append(f"a checkpoint could not be used, and the run began anew: {' '.join(str(error).split())}")
            return fresh(), {}
