"""One comparison, whatever it is about: train what is not there yet, judge, and say what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from ..baselines.rivals import Rival
from ..sweeps.engine import make
from ..sweeps.store import Store
from ..sweeps.study import Planned
from ..tasks.contract import LearningTask
from ..tasks.loading import Source
from .contenders import Contender, contenders
from .influence import Influence, influences
from .learn import KIND, LearningRun, planned, run_of
from .recipes import Recipe
from .verdict import Ruler, Verdict, judge

STORE = "store"
"""Folder of the runs, in the folder of a comparison."""
INTERRUPTED = "Interrupted: not every run is complete, so nothing is judged; run it again to go on."

Told = Callable[[str, int, int, float | None], None]
"""(run, examples done, examples in all, loss if just scored)."""
Note = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison found, and where it wrote it.

    Attributes
    ----------
    task : LearningTask
        What was learned.
    ruler : Ruler
        By what it was judged.
    seeds : tuple of int
    chip : str
    runs : tuple of LearningRun
        Those of one name differ in their seed.
    rivals : tuple of Rival
    contenders : tuple of Contender
    verdict : Verdict
    complete : bool
        Whether every run came to its end. If not, there are no contenders, no files, and the verdict says only that.
    files : tuple of Path
    notes : tuple of str
        What a user should know beside it, such as runs of other code that were not used.
    influences : tuple of Influence
        What else than prices moves the ratio, the widest first.
    beside : tuple of Verdict
        On other families of our own models, which are no EBM.
    """

    task: LearningTask
    ruler: Ruler
    seeds: tuple[int, ...]
    chip: str
    runs: tuple[LearningRun, ...]
    rivals: tuple[Rival, ...]
    contenders: tuple[Contender, ...]
    verdict: Verdict
    complete: bool
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    influences: tuple[Influence, ...] = ()
    beside: tuple[Verdict, ...] = ()

    @property
    def analog(self) -> Contender | None:
        """The analog contender that the verdict is about, or the first measured one."""
        measured = [c for c in self.contenders if c.kind == "analog" and not c.hypothetical and c.stops]
        return next((c for c in measured if c.name == self.verdict.analog), next(iter(measured), None))


@dataclass(frozen=True)
class Subject:
    """What one comparison is about.

    Attributes
    ----------
    source : Source
        Of the task.
    task : LearningTask
    ruler : Ruler
    recipes : tuple of Recipe
        Of the EBM.
    examples : int
        That each of them sees.
    rivals : callable
        () -> the rivals, or None where their training was interrupted; asked once the EBM's runs are complete.
    provenance : callable
        () -> what the result tells of them.
    """

    source: Source
    task: LearningTask
    ruler: Ruler
    recipes: tuple[Recipe, ...]
    examples: int
    rivals: Callable[[], Sequence[Rival] | None]
    provenance: Callable[[], dict[str, Any] | None] = lambda: None


def carry_out(
    subject: Subject,
    folder: Path,
    seeds: Sequence[int],
    chip: str,
    said: Told,
    side_by_side: bool,
    note: Note | None,
    notes: Sequence[str] = (),
) -> Comparison:
    """Train what is not there yet, and judge; what was found is not written yet."""
    remarks = list(notes)

    def remark(line: str) -> None:
        remarks.append(line)
        if note:
            note(line)

    runs = _trained(subject, Store(folder / STORE), said, side_by_side, remark)
    rivals = subject.rivals() if len(runs) == len(subject.recipes) else None
    if rivals is None:
        return Comparison(
            subject.task,
            subject.ruler,
            tuple(seeds),
            chip,
            runs,
            (),
            (),
            Verdict(INTERRUPTED),
            False,
            notes=tuple(remarks),
        )
    curves = contenders(runs, rivals, chip)
    families = list(dict.fromkeys(recipe.model.family for recipe in subject.recipes))
    verdict, *beside = (judge(curves, subject.ruler, subject.examples, family) for family in families)
    return Comparison(
        subject.task,
        subject.ruler,
        tuple(seeds),
        chip,
        runs,
        tuple(rivals),
        tuple(curves),
        verdict,
        True,
        notes=tuple(remarks),
        influences=influences(runs, rivals, chip, verdict, subject.ruler.qualities),
        beside=tuple(beside),
    )


def _trained(subject: Subject, store: Store, said: Told, side_by_side: bool, note: Note) -> tuple[LearningRun, ...]:
    """All runs, those that are not in the store made by the sweep engine; where that was interrupted, those that are there.

    Raises
    ------
    RevpathError
        A run failed, or another comparison is making it.
    """
    runs = [planned(subject.task, subject.source, recipe) for recipe in subject.recipes]
    of = {run.id: recipe for recipe, run in zip(subject.recipes, runs, strict=True)}
    strangers = _runs_of_other_code(runs, store)
    if strangers:
        note(
            f"{strangers} runs of other code, or of other numbers of a device, are not used; they stay in {store.folder}"
        )
    for recipe, run in zip(subject.recipes, runs, strict=True):
        last = store.get(run.id)["values"]["validation"] if run.id in store else None
        said(recipe.label, 0 if last is None else recipe.examples, recipe.examples, last)

    def hear(run: Planned, words: Sequence[Any]) -> None:
        done, loss = words
        said(of[run.id].label, done, of[run.id].examples, loss)

    def keep(record: Mapping[str, Any]) -> None:
        for line in record.get("notes", ()):
            note(f"{of[record['id']].label}: {line}")

    workers = None if side_by_side else 1
    summary = make(runs, store, workers=workers, retry_failed=True, hear=hear, on_record=keep)
    failed = [f"{of[run.id].label}: {store.get(run.id)['error']}" for run in runs if store.state(run.id) in _FAILED]
    if failed:
        raise RevpathError("; ".join(failed))
    if summary.elsewhere:
        raise RevpathError(
            f"{summary.elsewhere} runs are being made by another comparison in {str(store.folder)!r}: wait until that has "
            "ended, or name another folder"
        )
    return tuple(
        run_of(recipe, store.get(run.id)) for recipe, run in zip(subject.recipes, runs, strict=True) if run.id in store
    )


_FAILED = ("failed", "timeout")


def _runs_of_other_code(runs: Iterable[Planned], store: Store) -> int:
    """How many records are of these runs, and made by other code or with other numbers of a device."""
    wanted = {_content(run.identity): run.id for run in runs}
    return sum(
        wanted.get(_content(record["identity"]), record["id"]) != record["id"]
        for record in store.records()
        if record.get("identity", {}).get("task") == KIND
    )


def _content(identity: Mapping[str, Any]) -> str:
    """What a run is of, whatever code and device."""
    return json.dumps([identity["config"], identity["seed"]], sort_keys=True)
