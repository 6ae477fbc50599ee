"""The main job: train the EBM on ideal and on analog synapses, price every event, set it beside a transformer."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..energy_models.bill import Interval
from .baseline import load_baseline, retrain, save_baseline
from .baseline_schema import Baseline, BaselineError
from .figures import compare_figure, save
from .learn import Run, learn
from .ngram import witten_bell_bits
from .recipes import Recipe, recipes
from .text import Text, load_text
from .verdict import CHIP, Contender, Verdict, contenders, judge, table
from .workers import train_side_by_side

SCHEMA = 1
CHARACTERS = 500_000
NGRAM_ORDER = 6

Told = Callable[[str, int, int, float | None], None]
"""(run, characters done, characters in all, bits per character if just scored)."""


@dataclass(frozen=True)
class Comparison:
    """Everything that `revpath compare` found, and where it wrote it."""

    text: Text
    runs: tuple[Run, ...]
    baseline: Baseline | None
    contenders: tuple[Contender, ...]
    verdict: Verdict
    ngram_bits: float
    complete: bool
    files: tuple[Path, ...]


def compare(
    folder: Path,
    *,
    text_path: Path | None = None,
    characters: int = CHARACTERS,
    seed: int = 1,
    retrain_baseline: bool = False,
    chip: str = CHIP,
    tell: Told | None = None,
    side_by_side: bool = True,
) -> Comparison:
    """Run the comparison and write ``result.json``, ``compare.pdf`` and ``compare.png`` into `folder`.

    Runs that are already in the folder are not repeated, and interrupted ones go on where they stopped; Ctrl-C keeps what is
    done and judges that.

    Raises
    ------
    RevpathError: a text, a result file or an argument that cannot be used; it names which, and what is allowed.
    """
    text = load_text(text_path)
    todo = recipes(characters, seed)
    baseline = None if retrain_baseline else _baseline_for(text)
    totals = {r.name: r.characters for r in todo}
    said = tell or (lambda *_: None)
    runs_folder = folder / "runs"
    if side_by_side:
        train_side_by_side(text_path, todo, runs_folder, lambda name, done, bits: said(name, done, totals[name], bits))
    else:
        for recipe in todo:
            _learn_here(text, recipe, runs_folder, said)
    runs = _finished(text, todo, runs_folder)
    if retrain_baseline:
        baseline = retrain(
            text,
            tokens=characters,
            seed=seed,
            progress=lambda done, all_, p: said("transformer", done, all_, p.validation_bits if p else None),
        )
        save_baseline(baseline, folder / "baseline.json")
    ngram = float(witten_bell_bits(text.train, text.validation, NGRAM_ORDER)[-1])
    curves = contenders(runs, baseline, chip)
    verdict = judge(curves, ngram)
    complete = len(runs) == len(todo) and all(r.complete for r in runs)
    files = _write_all(folder, text, runs, baseline, curves, verdict, ngram, seed, chip, complete)
    return Comparison(text, tuple(runs), baseline, tuple(curves), verdict, ngram, complete, tuple(files))


def _baseline_for(text: Text) -> Baseline | None:
    """The shipped transformer, where it was trained on this text; None (said in the result) where it was not."""
    try:
        return load_baseline(text=text)
    except BaselineError:
        if load_text().sha256 == text.sha256:
            raise
        return None


def _learn_here(text: Text, recipe: Recipe, folder: Path, said: Told) -> None:
    def progress(done: int, bits: float | None) -> bool:
        said(recipe.name, done, recipe.characters, bits)
        return True

    learn(text, recipe, folder, progress)


def _finished(text: Text, todo: list[Recipe], folder: Path) -> list[Run]:
    """Runs of these recipes that have at least one checkpoint."""
    from .learn import read_run

    release = version("revpath")
    paths = [folder / f"{r.name}-{r.key(text.sha256, release)}.json" for r in todo]
    return [read_run(p) for p in paths if p.exists()]


def _write_all(folder, text, runs, baseline, curves, verdict, ngram, seed, chip, complete) -> list[Path]:
    result = {
        "schema": SCHEMA,
        "complete": complete,
        "text": {"name": text.name, "sha256": text.sha256, "symbols": text.symbols},
        "seed": seed,
        "chip": chip,
        "versions": _versions(),
        "runs": [json.loads(r.model_dump_json()) for r in runs],
        "baseline": None
        if baseline is None
        else {"made_on": baseline.made_on, "torch": baseline.torch, "note": baseline.note},
        "ngram": {"order": NGRAM_ORDER, "bits": ngram},
        "contenders": [_contender(c) for c in curves],
        "verdict": _plain(asdict(verdict)),
        "table": _plain(table(curves, verdict.bits)),
        "records": sorted({id for c in curves for s in c.stops for id in s.bill.records}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / "result.json", folder / "result.json.partial"
    partial.write_text(json.dumps(result, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(partial, path)
    if not curves:
        return [path]
    return [path, *save(compare_figure(curves, verdict, ngram, text.name), folder / "compare")]


def _contender(c: Contender) -> dict[str, Any]:
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
                "joules": asdict(s.bill.interval()),
                "components": {name: s.bill.nominal(name) for name in s.bill.components},
            }
            for s in c.stops
        ],
        "floors": [{**asdict(f), "eta": f.eta} for f in c.stops[-1].bill.floors] if c.stops else [],
        "citations": list(c.stops[-1].bill.citations()) if c.stops else [],
        "shaky_records": list(c.stops[-1].bill.shaky) if c.stops else [],
    }


def _plain(value: Any) -> Any:
    """JSON without infinities or NaN: what is not a number is null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Interval):
        return _plain(asdict(value))
    if isinstance(value, float) and value != value:
        return None
    return value


def _versions() -> dict[str, str]:
    names = ("revpath", "numpy", "numba", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
