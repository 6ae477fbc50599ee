"""The main job: train the EBM on ideal and on analog synapses, price every event, set it beside a transformer."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import results_folder, writable_folder, write_whole
from ...energy_models import load_chip, price, pulse_prices
from ...energy_models.prices.bill import SCOPES
from ...energy_models.prices.schedule import completed
from ...energy_models.prices.vocabulary import ROLES
from ..baselines.curves import Baseline, BaselineError, TorchMissing
from ..baselines.mlp import SIZES, train_mlp
from ..baselines.ngram import witten_bell_bits
from ..baselines.transformer import load_baseline, retrain, save_baseline
from ..identity import strong_id
from ..tasks.contract import LearningTask
from ..tasks.images import load_images
from ..tasks.images_task import ImagesTask
from ..tasks.loading import Source
from ..tasks.text import Text, load_text
from ..tasks.text_task import TextTask
from .contenders import CHIP, CHOSEN, Contender, contenders
from .extent import extent, recipe_of
from .figure import compare_figure, save
from .floors import training_floor_of
from .influence import Influence, influences
from .learn import Run, forget, learn, marks, one_batch, read_run, run_path
from .recipes import PASSES, Recipe, image_recipes, text_recipes
from .result import FILE, kept_in, show_as_last
from .rivals import MLPRival, Rival, transformers
from .verdict import Ruler, Verdict, headline, judge, table
from .work import STORED, WORD, ebm_work
from .workers import train_side_by_side

SCHEMA = 2
SEEDS = 3
"""Of every run of an EBM: what one seed says, another may turn."""
_MOST_SEEDS = 100
CHARACTERS = 200_000
"""That each EBM sees of a text, unless asked otherwise; with fewer the verdict is another."""
NGRAM_ORDER = 6
_BASELINE = "baseline.json"
NO_TRANSFORMER = (
    "no transformer was trained on this text, so the EBM will be compared with none; "
    "--retrain trains one (it needs the extra `transformer`)"
)
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


def compare(
    folder: str | Path,
    *,
    text_path: str | Path | None = None,
    characters: int = CHARACTERS,
    seed: int = 1,
    seeds: int = SEEDS,
    retrain_baseline: bool = False,
    chip: str = CHIP,
    tell: Told | None = None,
    side_by_side: bool = True,
    note: Note | None = None,
) -> Comparison:
    """Compare on a text, and write ``result.json``, ``compare.pdf``, ``compare.png`` and ``bills.html`` into `folder`.

    Each result has a folder of its own in ``results``, named by a digest of its settings; those four are copies of the
    last one. Runs that are already in the folder are not repeated, and interrupted ones go on where they stopped. Ctrl-C
    keeps the runs as far as they are, and judges nothing.

    Parameters
    ----------
    folder : str or Path
    text_path : str or Path, optional
        A UTF-8 text; Moby Dick unless given.
    characters : int
        That each run sees.
    seed, seeds : int
        The first seed, and how many follow each other.
    retrain_baseline : bool
        Train the transformer anew.
    chip : str
        That prices the arrays: a name or a file.
    tell : callable, optional
        Is told of every step.
    side_by_side : bool
        Train in one process for each run; False: one after the other in this process.
    note : callable, optional
        Is given lines that a user should read before the training, such as that nothing can be compared.

    Raises
    ------
    RevpathError
        A text, a folder, a result file or an argument that cannot be used; it names which, and what is allowed. All that
        can be refused is refused before anything is trained.
    """
    text_path = None if text_path is None else Path(text_path)
    text = load_text(text_path)
    chosen = _seeds(seed, seeds)
    if isinstance(characters, bool) or not hasattr(characters, "__index__") or characters < 1:
        raise RevpathError(f"characters = {characters!r} must be a positive integer")
    todo = _checked(lambda: text_recipes(characters, chosen))
    if retrain_baseline and find_spec("torch") is None:
        raise TorchMissing('training a transformer needs PyTorch: pip install -e ".[transformer]"')
    _check_chip(chip)
    source, task = Source("text", text_path), TextTask(text)
    _check_prices(task, todo, chip)
    folder = writable_folder(folder)
    said = tell or (lambda *_: None)
    known = None if retrain_baseline else _baseline_for(text, folder)
    if known is None and not retrain_baseline and note:
        note(NO_TRANSFORMER)
    baselines = [known] if known else []

    def rivals() -> Sequence[Rival] | None:
        if retrain_baseline:
            new = retrain(
                text,
                tokens=characters,
                seed=seed,
                progress=lambda done, all_, p: said("transformer", done, all_, p.validation_bits if p else None),
            )
            if any(curve.stopped for curve in new.curves):
                return None
            save_baseline(new, folder / _BASELINE)
            baselines.append(new)
        return transformers(baselines[0] if baselines else None)

    def provenance() -> dict[str, Any] | None:
        return {name: getattr(baselines[0], name) for name in ("made_on", "torch", "note")} if baselines else None

    counting = float(witten_bell_bits(text.train, text.validation, NGRAM_ORDER)[-1])
    ruler = Ruler.of(task, counting, f"A {NGRAM_ORDER}-gram that counts", CHARACTERS, "transformer")
    subject = Subject(source, task, ruler, tuple(todo), characters, rivals, provenance)
    notes = () if known or retrain_baseline else (NO_TRANSFORMER,)
    return carry_out(subject, folder, chosen, chip, said, side_by_side, note, notes)


def compare_images(
    folder: str | Path,
    *,
    name: str = "digits",
    images: int | None = None,
    seed: int = 1,
    seeds: int = SEEDS,
    chip: str = CHIP,
    tell: Told | None = None,
    side_by_side: bool = True,
    note: Note | None = None,
) -> Comparison:
    """The same on images, where a dense vector meets a dense layer: networks trained in place, beside digital ones.

    Parameters
    ----------
    folder : str or Path
    name : str
        "digits", "mnist" or "fashion-mnist".
    images : int, optional
        That each run sees; `PASSES` over the training images unless given.
    seed, seeds, chip, tell, side_by_side, note
        As for `compare`.

    Raises
    ------
    RevpathError
        As `compare`; images that are not at hand.
    """
    chosen = _seeds(seed, seeds)
    source = Source("images", name=name)
    task = ImagesTask(load_images(name))
    pixels, labels = task.images.train
    default = PASSES * len(labels)
    images = default if images is None else images
    if isinstance(images, bool) or not hasattr(images, "__index__") or images < 1:
        raise RevpathError(f"images = {images!r} must be a positive integer")
    todo = _checked(lambda: image_recipes(images, chosen, pixels.shape[1]))
    _check_chip(chip)
    _check_prices(task, todo, chip)
    said = tell or (lambda *_: None)

    def rivals() -> Sequence[Rival]:
        run = marks(task, images)
        return [MLPRival([train_mlp(task.images, hidden, s, run) for s in chosen]) for hidden in SIZES]

    ruler = Ruler.of(task, None, "", default, "MLP")
    subject = Subject(source, task, ruler, tuple(todo), images, rivals)
    return carry_out(subject, writable_folder(folder), chosen, chip, said, side_by_side, note)


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
    """Train what is not there yet, judge, and write; see `compare`."""
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
    done = Comparison(
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
    return replace(done, files=tuple(_write(done, folder, subject)))


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


def _seeds(first: int, seeds: int) -> list[int]:
    if isinstance(seeds, bool) or not hasattr(seeds, "__index__") or not 1 <= seeds <= _MOST_SEEDS:
        raise RevpathError(f"seeds = {seeds!r} must be an integer from 1 to {_MOST_SEEDS}")
    return [first + k for k in range(seeds)]


def _checked(make: Callable[[], list[Recipe]]) -> list[Recipe]:
    try:
        return make()
    except ValidationError as error:
        raise RevpathError(explain(error)) from None


def _check_chip(chip: str) -> None:
    kind = load_chip(chip).kind
    if kind != "analog":
        raise RevpathError(f"chip = {chip!r} is {kind}: the EBM's arrays need the prices of an analog one")


def _check_prices(task: LearningTask, todo: Sequence[Recipe], chip: str) -> None:
    """Price one batch of the analog runs, so that a chip that cannot is refused before hours of training, not after."""
    if chip == CHIP:
        return  # a test holds that it can
    for recipe in {recipe.name: recipe for recipe in todo}.values():
        if recipe.hardware is not None:
            work = ebm_work(one_batch(task, recipe), recipe, recipe.batch, CHOSEN, "arrays")
            price(
                completed(work, load_chip(chip), CHOSEN),
                load_chip(chip),
                overrides=pulse_prices(recipe.hardware.cell()),
            )


def _baseline_for(text: Text, folder: Path) -> Baseline | None:
    """A transformer trained on this text: by an earlier ``--retrain`` into the folder, or the shipped one, or none."""
    if (folder / _BASELINE).exists():
        earlier = load_baseline(folder / _BASELINE)
        if earlier.text_sha256 == text.sha256:
            return earlier
    try:
        return load_baseline(text=text)
    except BaselineError:
        if load_text().sha256 == text.sha256:
            raise
        return None


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


def _identity(done: Comparison, subject: Subject) -> dict[str, Any]:
    """What a result depends on beside the code that prices: its digest names the folder of the result."""
    file = Path(done.chip)
    curves = [[r.model, r.name, r.parameters, [astuple(point) for point in r.points]] for r in done.rivals]
    return {
        "task": done.task.kind,
        "data_sha256": done.task.sha256,
        "seeds": list(done.seeds),
        "examples": subject.examples,
        "chip": done.chip,
        "schedule": CHOSEN.name,
        "chip_sha256": hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "",
        "runs": [run.key for run in done.runs],
        "rivals": hashlib.sha256(json.dumps(curves).encode()).hexdigest() if curves else None,
    }


def _write(done: Comparison, folder: Path, subject: Subject) -> list[Path]:
    """Write all files into the result's own folder, and copies of them into `folder`, whose paths are returned."""
    identity = _identity(done, subject)
    own = kept_in(folder, strong_id(identity))
    task, quality = done.task, done.verdict.quality
    result = {
        "schema": SCHEMA,
        "complete": done.complete,
        "identity": identity,
        "task": {
            "kind": task.kind,
            "name": task.name,
            "sha256": task.sha256,
            "unit": task.unit,
            "example": task.example,
        },
        "seeds": list(done.seeds),
        "examples": subject.examples,
        "chip": done.chip,
        "schedule": {**asdict(CHOSEN), "word_bytes": WORD, "gpu_bytes": STORED},
        "versions": _versions(),
        "runs": [json.loads(r.model_dump_json()) for r in done.runs],
        "baseline": subject.provenance(),
        "counting": {"what": done.ruler.counted, "loss": done.ruler.counting},
        "contenders": [_contender(c) for c in done.contenders],
        "headline": headline(done.verdict, done.ruler, done.analog.title if done.analog else ""),
        "verdict": asdict(done.verdict),
        "beside": [asdict(verdict) for verdict in done.beside],
        "extents": {
            c.name: asdict(extent(c, c.compared_at(quality), recipe_of(done.runs, c.name)))
            for c in done.contenders
            if c.stops
        },
        "influences": [asdict(influence) for influence in done.influences],
        "table": table(done.contenders, quality, task.unit, task.example),
        "records": sorted({id for c in done.contenders for s in c.stops for id in s.bill.all_records}),
    }
    content = json.dumps(_plain(result), indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_whole(own / FILE, content)
    figure = compare_figure(done.contenders, done.verdict, done.ruler, task.name)
    written = [own / FILE, *save(figure, own / "compare"), _bills(done, own / "bills.html")]
    return show_as_last(written, folder)


def _bills(done: Comparison, path: Path) -> Path:
    """Where the joules of each contender go, at the quality compared or at its best, as interactive stacked bars."""
    from ...energy_models import bills_page

    quality = done.verdict.quality
    stops = {c.title: c.compared_at(quality) for c in done.contenders if c.stops}
    title = f"Where the joules go: training on {done.task.name}, analog arrays priced by {done.chip}"
    when = (
        f"Joules of training to {quality:g} {done.task.unit}"
        if quality
        else "Joules of training to each contender's best quality"
    )
    unreached = [c.title for c in done.contenders if c.stops and quality and not c.first_at(quality)]
    if unreached:
        when += f"; to its best quality, which is worse, for {' and '.join(unreached)}"
    notes = [done.verdict.sentence, f"{when}. Of the first seed."]
    bills = {title: stop.bill for title, stop in stops.items()}
    doubted = {id for c in done.contenders for id in c.shaky}
    return bills_page(bills, path, relative=True, title=title, notes=notes, doubted=doubted)


def _contender(c: Contender) -> dict[str, Any]:
    bill = c.stops[-1].bill if c.stops else None
    return {
        "name": c.name,
        "title": c.title,
        "model": c.model,
        "ours": c.ours,
        "kind": c.kind,
        "parameters": c.parameters,
        "hypothetical": c.hypothetical,
        "stops": [
            {
                "examples": s.examples,
                "validation": s.validation,
                "test": s.test,
                "seconds": s.seconds,
                "events": dict(s.events),
                "joules": asdict(s.bill.interval()),
                "training_floor_J": training_floor_of(c, s),
                "boundaries": {scope: asdict(s.bill.up_to(scope)) for scope in SCOPES},
                "roles": {role: asdict(s.bill.attributed(role)) for role in ROLES},
                "components": {name: asdict(s.bill.interval(name)) for name in s.bill.components},
            }
            for s in c.stops
        ],
        "other_seeds": [
            [
                {
                    "examples": s.examples,
                    "validation": s.validation,
                    "test": s.test,
                    "joules": asdict(s.bill.interval()),
                }
                for s in stops
            ]
            for stops in c.again
        ],
        "floors": bill.to_frame("floor").to_dict("records") if bill else [],
        "citations": bill.citations() if bill else [],
        "assumed_structures": bill.assumptions if bill else [],
        "shaky_records": c.shaky,
    }


def _plain(value: Any) -> Any:
    """JSON without infinities or NaN: what is not a number is null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def _versions() -> dict[str, str]:
    names = ("revpath", "numpy", "numba", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
