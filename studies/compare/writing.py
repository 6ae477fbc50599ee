"""What a comparison leaves on the disk: the result, the figure, and where the joules go."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, astuple
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

from ...devices.base.files import write_whole
from ...devices.base.style import save_figure
from ...energy_models.prices.bill import SCOPES
from ...energy_models.prices.vocabulary import ROLES
from ..identity import strong_id
from .comparison import Comparison, Subject
from .contenders import CHOSEN, Contender
from .extent import extent, recipe_of
from .figure import compare_caption, compare_figure
from .floors import training_floor_of
from .result import FILE, kept_in, show_as_last
from .verdict import headline, table
from .work import STORED, WORD

SCHEMA = 2


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


def write(done: Comparison, folder: Path, subject: Subject) -> list[Path]:
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
    caption = compare_caption(done.verdict, done.ruler, task.name)
    drawn = save_figure(figure, own / "compare", provenance=f"revpath compare, result {own.name}", caption=caption)
    written = [own / FILE, *drawn, _bills(done, own / "bills.html")]
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
