"""Making the runs of the study: resumable at any moment, into a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from ..sweeps.engine import Summary, make
from ..sweeps.store import Store
from ..sweeps.study import Planned
from .plan import Job, jobs
from .protocol import Protocol

Told = Callable[[Job, int, float | None], None]
"""(run, examples done, loss if just scored)."""


def run_study(
    protocol: Protocol,
    store: Store,
    *,
    tasks: Sequence[str] | None = None,
    workers: int | None = None,
    told: Told | None = None,
    tell: Callable[[Summary], None] | None = None,
) -> tuple[Summary, list[str]]:
    """Make what is missing.

    Parameters
    ----------
    protocol : Protocol
    store : Store
    tasks : sequence of str, optional
        Only those of these tasks.
    workers : int, optional
        Processes of one thread each; all cores unless given.
    told, tell : callable, optional
        Are told how far a run and the study are.

    Returns
    -------
    summary : Summary
    left_out : list of str
        Contenders that cannot be trained here, and why.

    Raises
    ------
    RevpathError
        Data that are not at hand.
    """
    todo, left_out = makeable(jobs(protocol, tasks), store)
    of = {job.run.id: job for job in todo}

    def hear(run: Planned, words: Sequence[Any]) -> None:
        if told:
            told(of[run.id], *words)

    return make([job.run for job in todo], store, workers=workers, retry_failed=True, tell=tell, hear=hear), left_out


def makeable(todo: Sequence[Job], store: Store) -> tuple[list[Job], list[str]]:
    """The runs that can be made here or are there already, and words on the others."""
    if find_spec("torch") is not None:
        return list(todo), []
    lacking = [job for job in todo if job.side == "transformer" and job.run.id not in store]
    words = [f"{len(lacking)} runs of transformers need PyTorch: pip install -e '.[transformer]'"] if lacking else []
    lost = {job.run.id for job in lacking}
    return [job for job in todo if job.run.id not in lost], words
