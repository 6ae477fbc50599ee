"""The main job: train the EBM on ideal and on analog synapses, price every event, set it beside a transformer."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
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
from ..baselines.ngram import witten_bell_bits
from ..baselines.transformer import load_baseline, retrain, save_baseline
from ..identity import strong_id
from ..tasks.text import Text, load_text
from .contenders import CHIP, CHOSEN, Contender, contenders
from .figure import compare_figure, save
from .floors import training_floor_of
from .learn import Run, forget, learn, one_batch, read_run, run_path
from .recipes import Recipe, recipes
from .result import FILE, kept_in, show_as_last
from .verdict import CHARACTERS, Verdict, judge, table
from .work import ebm_work
from .workers import train_side_by_side

SCHEMA = 1
NGRAM_ORDER = 6
_BASELINE = "baseline.json"
NO_TRANSFORMER = (
    "no transformer was trained on this text, so the EBM will be compared with none; "
    "--retrain trains one (it needs the extra `transformer`)"
)
INTERRUPTED = "Interrupted: not every run is complete, so nothing is judged; run it again to go on."

Told = Callable[[str, int, int, float | None], None]
"""(run, characters done, characters in all, bits per character if just scored)."""


@dataclass(frozen=True)
class Comparison:
    """Everything that `revpath compare` found, and where it wrote it.

    Attributes
    ----------
    complete : bool
        Whether every run came to its end. If not, there are no contenders, no files, and the verdict says only that.
    notes : tuple of str
        What a user should know beside it, such as runs of other code that were not used.
    """

    text: Text
    seed: int
    chip: str
    runs: tuple[Run, ...]
    baseline: Baseline | None
    contenders: tuple[Contender, ...]
    verdict: Verdict
    ngram_bits: float
    complete: bool
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def compare(
    folder: str | Path,
    *,
    text_path: str | Path | None = None,
    characters: int = CHARACTERS,
    seed: int = 1,
    retrain_baseline: bool = False,
    chip: str = CHIP,
    tell: Told | None = None,
    side_by_side: bool = True,
    note: Callable[[str], None] | None = None,
) -> Comparison:
    """Run the comparison and write ``result.json``, ``compare.pdf``, ``compare.png`` and ``bills.html`` into `folder`.

    Each result has a folder of its own in ``results``, named by a digest of its settings; those four are copies of the
    last one. Runs that are already in the folder are not repeated, and interrupted ones go on where they stopped. Ctrl-C
    keeps the runs as far as they are, and judges nothing.

    Parameters
    ----------
    side_by_side: train in one process for each run; False: one after the other in this process.
    note: is given lines that a user should read before the training, such as that nothing can be compared.

    Raises
    ------
    RevpathError: a text, a folder, a result file or an argument that cannot be used; it names which, and what is
        allowed. All that can be refused is refused before anything is trained.
    """
    text_path = None if text_path is None else Path(text_path)
    text = load_text(text_path)
    todo = _recipes(characters, seed)
    _check_chip(chip)
    _check_prices(text, todo, chip)
    if retrain_baseline and find_spec("torch") is None:
        raise TorchMissing('training a transformer needs PyTorch: pip install -e ".[transformer]"')
    folder = writable_folder(folder)
    runs_folder = results_folder(folder / "runs")
    baseline = None if retrain_baseline else _baseline_for(text, folder)
    notes: list[str] = []

    def remark(line: str) -> None:
        notes.append(line)
        if note:
            note(line)

    if baseline is None and not retrain_baseline:
        remark(NO_TRANSFORMER)
    strangers = runs_of_other_code(text, todo, runs_folder)
    if strangers:
        remark(f"{strangers} runs of other code, or of another version, are not used; they stay in {runs_folder}")
    said = tell or (lambda *_: None)
    _train(text, text_path, todo, runs_folder, said, side_by_side, remark)
    runs = [run for run in (_run_there(text, recipe, runs_folder) for recipe in todo) if run]
    ngram = float(witten_bell_bits(text.train, text.validation, NGRAM_ORDER)[-1])
    complete = len(runs) == len(todo) and all(run.complete for run in runs)
    if retrain_baseline and complete:
        baseline = retrain(
            text,
            tokens=characters,
            seed=seed,
            progress=lambda done, all_, p: said("transformer", done, all_, p.validation_bits if p else None),
        )
        complete = not any(curve.stopped for curve in baseline.curves)
        if complete:
            save_baseline(baseline, folder / _BASELINE)
    if not complete:
        verdict = Verdict(INTERRUPTED)
        return Comparison(text, seed, chip, tuple(runs), None, (), verdict, ngram, False, notes=tuple(notes))
    curves = contenders(runs, baseline, chip)
    verdict = judge(curves, ngram, characters)
    done = Comparison(text, seed, chip, tuple(runs), baseline, tuple(curves), verdict, ngram, True, notes=tuple(notes))
    return replace(done, files=tuple(_write(done, folder, characters)))


def runs_of_other_code(text: Text, todo: Sequence[Recipe], folder: Path) -> int:
    """How many runs in `folder` are of these recipes and this text, and were made by other code or other numbers."""
    here = {run_path(text, recipe, folder) for recipe in todo}
    count = 0
    for path in folder.glob("*.json"):
        if path in here:
            continue
        try:
            run = read_run(path)
        except RevpathError:
            continue  # no run: it is nobody's
        count += run.text_sha256 == text.sha256 and run.recipe in todo
    return count


def _recipes(characters: int, seed: int) -> list[Recipe]:
    try:
        return recipes(characters, seed)
    except ValidationError as error:
        raise RevpathError(explain(error)) from None


def _check_chip(chip: str) -> None:
    kind = load_chip(chip).kind
    if kind != "analog":
        raise RevpathError(f"chip = {chip!r} is {kind}: the EBM's arrays need the prices of an analog one")


def _check_prices(text: Text, todo: Sequence[Recipe], chip: str) -> None:
    """Price one batch of the analog runs, so that a chip that cannot is refused before hours of training, not after."""
    if chip == CHIP:
        return  # a test holds that it can
    for recipe in todo:
        if recipe.hardware is not None:
            work = ebm_work(one_batch(text, recipe), recipe, recipe.batch, CHOSEN, "arrays")
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


def _train(
    text: Text,
    text_path: Path | None,
    todo: Sequence[Recipe],
    folder: Path,
    said: Told,
    side_by_side: bool,
    note: Callable[[str], None],
) -> None:
    """Train what is not complete yet."""
    left, totals = [], {}
    for recipe in todo:
        run = _run_there(text, recipe, folder)
        at = run.checkpoints[-1] if run and run.checkpoints else None
        said(recipe.name, at.characters if at else 0, recipe.characters, at.validation_bits if at else None)
        totals[recipe.name] = recipe.characters
        if run and run.complete:
            forget(run_path(text, recipe, folder))
        else:
            left.append(recipe)
    if side_by_side and left:
        train_side_by_side(text_path, left, folder, lambda name, done, bits: said(name, done, totals[name], bits))
        return
    for recipe in left:
        learn(text, recipe, folder, _always(said, recipe), note)


def _always(said: Told, recipe: Recipe) -> Callable[[int, float | None], bool]:
    def progress(done: int, bits: float | None) -> bool:
        said(recipe.name, done, recipe.characters, bits)
        return True

    return progress


def _run_there(text: Text, recipe: Recipe, folder: Path) -> Run | None:
    """What there is of a run: None before its first checkpoint."""
    path = run_path(text, recipe, folder)
    return read_run(path) if path.exists() else None


def _identity(done: Comparison, characters: int) -> dict[str, Any]:
    """What a result depends on beside the code that prices: its digest names the folder of the result."""
    file = Path(done.chip)
    baseline = done.baseline
    return {
        "text_sha256": done.text.sha256,
        "seed": done.seed,
        "characters": characters,
        "chip": done.chip,
        "schedule": CHOSEN.name,
        "chip_sha256": hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "",
        "runs": [run.key for run in done.runs],
        "baseline": baseline and hashlib.sha256(baseline.model_dump_json().encode()).hexdigest(),
    }


def _write(done: Comparison, folder: Path, characters: int) -> list[Path]:
    """Write all files into the result's own folder, and copies of them into `folder`, whose paths are returned."""
    identity = _identity(done, characters)
    own = kept_in(folder, strong_id(identity))
    baseline = done.baseline
    result = {
        "schema": SCHEMA,
        "complete": done.complete,
        "identity": identity,
        "text": {"name": done.text.name, "sha256": done.text.sha256, "symbols": done.text.symbols},
        "seed": done.seed,
        "characters": characters,
        "chip": done.chip,
        "schedule": asdict(CHOSEN),
        "versions": _versions(),
        "runs": [json.loads(r.model_dump_json()) for r in done.runs],
        "baseline": baseline and {"made_on": baseline.made_on, "torch": baseline.torch, "note": baseline.note},
        "ngram": {"order": NGRAM_ORDER, "bits": done.ngram_bits},
        "contenders": [_contender(c) for c in done.contenders],
        "verdict": asdict(done.verdict),
        "table": table(done.contenders, done.verdict.bits),
        "records": sorted({id for c in done.contenders for s in c.stops for id in s.bill.all_records}),
    }
    content = json.dumps(_plain(result), indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_whole(own / FILE, content)
    figure = compare_figure(done.contenders, done.verdict, done.ngram_bits, done.text.name)
    written = [own / FILE, *save(figure, own / "compare"), _bills(done, own / "bills.html")]
    return show_as_last(written, folder)


def _bills(done: Comparison, path: Path) -> Path:
    """Where the joules of each contender go, at the quality compared or at its best, as interactive stacked bars."""
    from ...energy_models import bills_page

    bits = done.verdict.bits
    stops = {c.title: c.compared_at(bits) for c in done.contenders if c.stops}
    title = f"Where the joules go: training on {done.text.name}, analog arrays priced by {done.chip}"
    when = "Joules of training" + (f" to {bits:g} bits/char" if bits else " to each contender's best quality")
    unreached = [c.title for c in done.contenders if c.stops and bits and not c.first_at(bits)]
    if unreached:
        when += f"; to its best quality, which is worse, for {' and '.join(unreached)}"
    notes = [done.verdict.sentence, f"{when}."]
    bills = {title: stop.bill for title, stop in stops.items()}
    doubted = {id for c in done.contenders for id in c.shaky}
    return bills_page(bills, path, relative=True, title=title, notes=notes, doubted=doubted)


def _contender(c: Contender) -> dict[str, Any]:
    bill = c.stops[-1].bill if c.stops else None
    return {
        "name": c.name,
        "title": c.title,
        "kind": c.kind,
        "parameters": c.parameters,
        "hypothetical": c.hypothetical,
        "stops": [
            {
                "characters": s.characters,
                "validation_bits": s.validation_bits,
                "test_bits": s.test_bits,
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
