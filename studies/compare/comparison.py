"""One comparison, whatever it is about: train what is not there yet, judge, and say what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder
from ..baselines.rivals import Rival
from ..sweeps.alone import alone_in
from ..tasks.contract import LearningTask
from ..tasks.loading import Source
from .contenders import Contender, contenders
from .influence import Influence, influences
from .learn import Run, forget, learn, read_run, run_path
from .recipes import Recipe
from .verdict import Ruler, Verdict, judge
from .workers import train_side_by_side

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
    runs : tuple of Run
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
    runs: tuple[Run, ...]
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
    task, todo = subject.task, subject.recipes
    runs_folder, remarks = results_folder(folder / "runs"), list(notes)

    def remark(line: str) -> None:
        remarks.append(line)
        if note:
            note(line)

    strangers = runs_of_other_code(task, todo, runs_folder)
    if strangers:
        remark(f"{strangers} runs of other code, or of another version, are not used; they stay in {runs_folder}")
    _train(subject, runs_folder, said, side_by_side, remark)
    runs = tuple(run for run in (_run_there(task, recipe, runs_folder) for recipe in todo) if run)
    complete = len(runs) == len(todo) and all(run.complete for run in runs)
    rivals = subject.rivals() if complete else None
    if rivals is None:
        nothing = Verdict(INTERRUPTED)
        return Comparison(task, subject.ruler, tuple(seeds), chip, runs, (), (), nothing, False, notes=tuple(remarks))
    curves = contenders(runs, rivals, chip)
    families = list(dict.fromkeys(recipe.model.family for recipe in todo))
    verdict, *beside = (judge(curves, subject.ruler, subject.examples, family) for family in families)
    return Comparison(
        task,
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


def runs_of_other_code(task: LearningTask, todo: Sequence[Recipe], folder: Path) -> int:
    """How many runs in `folder` are of these recipes and these data, and were made by other code or other numbers."""
    here = {run_path(task, recipe, folder) for recipe in todo}
    count = 0
    for path in folder.glob("*.json"):
        if path in here:
            continue
        try:
            run = read_run(path)
        except RevpathError:
            continue  # no run: it is nobody's
        count += run.data_sha256 == task.sha256 and run.recipe in todo
    return count


def _train(subject: Subject, folder: Path, said: Told, side_by_side: bool, note: Note) -> None:
    """Train what is not complete yet."""
    task = subject.task
    left, totals = [], {}
    for recipe in subject.recipes:
        run = _run_there(task, recipe, folder)
        at = run.checkpoints[-1] if run and run.checkpoints else None
        said(recipe.label, at.examples if at else 0, recipe.examples, at.validation if at else None)
        totals[recipe.label] = recipe.examples
        if run and run.complete:
            forget(run_path(task, recipe, folder))
        else:
            left.append(recipe)
    if side_by_side and left:
        train_side_by_side(subject.source, left, folder, lambda name, done, loss: said(name, done, totals[name], loss))
        return
    with alone_in(folder):
        for recipe in left:
            learn(task, recipe, folder, _always(said, recipe), note)


def _always(said: Told, recipe: Recipe) -> Callable[[int, float | None], bool]:
    def progress(done: int, loss: float | None) -> bool:
        said(recipe.label, done, recipe.examples, loss)
        return True

    return progress


def _run_there(task: LearningTask, recipe: Recipe, folder: Path) -> Run | None:
    """What there is of a run: None before its first checkpoint."""
    path = run_path(task, recipe, folder)
    return read_run(path) if path.exists() else None
