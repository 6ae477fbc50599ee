"""The runs of a protocol, each a run of the sweep engine, the early ones first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from ..compare.learn import planned
from ..compare.recipes import Recipe
from ..sweeps.study import Planned
from ..tasks.loading import load_task
from .protocol import Protocol, StudyTask
from .rivals import MLP, TRANSFORMER, MLPConfig, TransformerConfig

Side = Literal["ours", "mlp", "transformer"]


@dataclass(frozen=True)
class Job:
    """One run of the study.

    Attributes
    ----------
    task : str
        Name in the protocol.
    side : str
    name : str
        Of the contender: runs of one name differ in their seed.
    run : Planned
    recipe : Recipe or None
        Of the runs of our own.
    late : int
    """

    task: str
    side: Side
    name: str
    run: Planned
    recipe: Recipe | None = None
    late: int = 0


def jobs(protocol: Protocol, tasks: Sequence[str] | None = None) -> list[Job]:
    """All runs, in the order in which they are made.

    Parameters
    ----------
    protocol : Protocol
    tasks : sequence of str, optional
        Only those of these tasks.

    Raises
    ------
    RevpathError
        Data that are not at hand.
    """
    made = [
        job for name, task in protocol.tasks.items() if not tasks or name in tasks for job in _of(protocol, name, task)
    ]
    return sorted(made, key=lambda job: job.late)  # stable: otherwise in the order of the protocol


def _of(protocol: Protocol, name: str, asked: StudyTask) -> Iterator[Job]:
    source = asked.source.source
    task = load_task(source)
    data = {"source": source, "data_sha256": task.sha256, "first_checkpoint": task.first_checkpoint}
    for plan in protocol.contenders:
        if name not in plan.tasks:
            continue
        for examples in plan.examples:
            for place in plan.places:
                for seed in protocol.seeds:
                    recipe = plan.recipe(place, protocol.cells, task.kind, examples, seed)
                    run = planned(task, source, recipe)
                    yield Job(name, "ours", recipe.name, run, recipe, plan.late)
    for mlps in protocol.mlps:
        if name in mlps.tasks:
            for hidden, how in product(mlps.hidden, mlps.settings):
                config = MLPConfig(**data, examples=mlps.examples, hidden=hidden, batch=how.batch, rate=how.rate)
                label = f"mlp-{'-'.join(map(str, hidden)) or 'none'}-b{how.batch}-r{how.rate:g}"
                for seed in protocol.seeds:
                    yield Job(name, "mlp", label, Planned(MLP, {"run": label}, 0, seed, config), late=mlps.late)
    for plans in protocol.transformers:
        if name in plans.tasks:
            for tuned in plans.shapes:
                config = TransformerConfig(**data, examples=plans.examples, shape=tuned.shape, hyper=tuned.hyper)
                label = tuned.shape.name
                for seed in protocol.seeds:
                    run = Planned(TRANSFORMER, {"run": label}, 0, seed, config)
                    yield Job(name, "transformer", label, run, late=plans.late)
