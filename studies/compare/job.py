"""The main job: train the EBM on ideal and on analog synapses, price every event, set it beside a transformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import writable_folder
from ...energy_models import load_chip, price, pulse_prices
from ...energy_models.prices.schedule import completed
from ..baselines.curves import Baseline, BaselineError, TorchMissing
from ..baselines.mlp import SIZES, train_mlp
from ..baselines.ngram import witten_bell_bits
from ..baselines.rivals import MLPRival, Rival, transformers
from ..baselines.transformer import load_baseline, retrain, save_baseline
from ..tasks.contract import LearningTask
from ..tasks.image_class import ImageClass
from ..tasks.images import load_images
from ..tasks.loading import Source
from ..tasks.next_character import NextCharacter
from ..tasks.text import Text, load_text
from .comparison import Comparison as Comparison
from .comparison import Note, Subject, Told, carry_out
from .contenders import CHIP, CHOSEN
from .learn import marks, one_batch
from .recipes import IMAGES, Recipe, image_recipes, text_recipes
from .verdict import Ruler
from .work import ebm_work
from .writing import write

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
    source, task = Source("text", text_path), NextCharacter(text)
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
    return _written(subject, folder, carry_out(subject, folder, chosen, chip, said, side_by_side, note, notes))


def compare_images(
    folder: str | Path,
    *,
    name: str = "digits",
    images: int = IMAGES,
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
    images : int
        That each run sees; `IMAGES` unless given.
    seed, seeds, chip, tell, side_by_side, note
        As for `compare`.

    Raises
    ------
    RevpathError
        As `compare`; images that are not at hand.
    """
    chosen = _seeds(seed, seeds)
    source = Source("images", name=name)
    task = ImageClass(load_images(name))
    if isinstance(images, bool) or not hasattr(images, "__index__") or images < 1:
        raise RevpathError(f"images = {images!r} must be a positive integer")
    todo = _checked(lambda: image_recipes(images, chosen, task.images.train[0].shape[1]))
    _check_chip(chip)
    _check_prices(task, todo, chip)
    said = tell or (lambda *_: None)

    def rivals() -> Sequence[Rival]:
        run = marks(task, images)
        return [MLPRival([train_mlp(task.images, hidden, s, run) for s in chosen]) for hidden in SIZES]

    ruler = Ruler.of(task, None, "", IMAGES, "MLP")
    subject = Subject(source, task, ruler, tuple(todo), images, rivals)
    folder = writable_folder(folder)
    return _written(subject, folder, carry_out(subject, folder, chosen, chip, said, side_by_side, note))


def _written(subject: Subject, folder: Path, done: Comparison) -> Comparison:
    """The same with its files; of what was interrupted there are none."""
    return replace(done, files=tuple(write(done, folder, subject))) if done.complete else done


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
