"""The transformer baseline: tuned, trained on the same text, scored on the same characters, shipped as learning curves.

`load_baseline` reads the curves that ship with the package and needs no torch. `train_transformer` and `retrain` make
new ones and do (the extra ``transformer``). ``python -m revpath.studies.baselines --out FILE`` makes the shipped file.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from ...devices.base.errors import explain
from ...devices.base.files import write_whole
from ..tasks.text import Text
from .curves import SCHEMA, Baseline, BaselineError, Curve, Hyper, Point, Shape, TorchMissing, Trial

FIRST_CHECKPOINT = 2_000
CHECKPOINTS = 35
_FILE = "transformer_baseline.json"

Progress = Callable[[int, int, Point | None], None]

SMALL = Shape(width=64)
LARGE = Shape(width=128)


def checkpoints(tokens: int, count: int = CHECKPOINTS) -> tuple[int, ...]:
    """Token counts at which a run is scored: geometric from 2,000 (or `tokens`, if fewer) to `tokens`."""
    first = min(FIRST_CHECKPOINT, tokens)
    return tuple(sorted({round(x) for x in np.geomspace(first, tokens, count)}))


def train_transformer(
    text: Text,
    shape: Shape,
    hyper: Hyper,
    tokens: int,
    seed: int,
    progress: Progress | None = None,
    marks: Sequence[int] | None = None,
) -> Curve:
    """Train on `tokens` characters of the training split and score at every checkpoint.

    Parameters
    ----------
    progress : Progress, optional
        called after every step with tokens seen, tokens to come to in all, and the point just scored or None.
    marks : sequence of int, optional
        token counts to score at, the last one `tokens`; None: `checkpoints(tokens)`.

    Notes
    -----
    Ctrl-C after the first checkpoint returns what is done, with ``stopped`` set.

    Raises
    ------
    TorchMissing; TrainingDiverged; BaselineError: no tokens, or fewer windows in the training split than a batch.
    """
    if tokens < 1:
        raise BaselineError(f"tokens = {tokens} must be at least 1")
    gpt = _gpt()
    marks = tuple(marks or checkpoints(tokens))
    windows = text.train.size // shape.context - 1
    if windows < hyper.batch:
        raise BaselineError(f"batch = {hyper.batch} windows of {shape.context}: the training split holds {windows}")
    points: list[Point] = []
    decayed, stopped = None, False
    with gpt.one_thread():
        run = gpt.Run(text, shape, hyper, seed)
        end = round(tokens * (1 + hyper.decay))
        try:
            for mark in (*marks, *([end] if end > tokens else [])):
                while run.tokens < mark:
                    run.step(_rate(hyper, run.tokens, tokens, end))
                    if progress and run.tokens < mark:
                        progress(run.tokens, end, None)
                if points and points[-1].tokens == run.tokens:
                    continue  # a large batch can step over two marks at once
                point = _point(run, shape, last=mark > tokens)
                if mark > tokens:
                    decayed = point
                else:
                    points.append(point)
                if progress:
                    progress(run.tokens, end, point)
        except KeyboardInterrupt:
            if not points:
                raise
            stopped = True
    return Curve(
        shape=shape,
        hyper=hyper,
        seed=seed,
        parameters=shape.parameters(),
        points=tuple(points),
        decayed=decayed,
        stopped=stopped,
    )


def retrain(
    text: Text,
    tokens: int = 1_000_000,
    seed: int = 1,
    progress: Progress | None = None,
    shapes: Sequence[Shape] = (SMALL,),
    reference: Baseline | None = None,
) -> Baseline:
    """New curves on another text, with the hyperparameters of the shipped baseline (no tuning of their own).

    Ctrl-C keeps the curves, and the checkpoints of the curve at work, that are done.
    """
    reference = reference or load_baseline()
    curves: list[Curve] = []
    for shape in shapes:
        try:
            curves.append(train_transformer(text, shape, _hyper_of(reference, shape), tokens, seed, progress))
        except KeyboardInterrupt:
            if not curves:
                raise
            break
        if curves[-1].stopped:
            break
    note = f"Retrained on {text.name} with the hyperparameters found on {reference.text_name}."
    return assemble(text, (), curves, note)


def load_baseline(path: str | Path | None = None, text: Text | None = None) -> Baseline:
    """The curves in `path`, or those that ship with the package; `text`, if given, must be the one they were made on.

    Raises
    ------
    BaselineError
        no such file, not a baseline, a baseline of another schema or another text.
    """
    source = files("revpath.studies.data").joinpath(_FILE) if path is None else Path(path)
    try:
        content = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BaselineError(f"baseline = '{source}': no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"baseline = '{source}' cannot be read: {error}") from None
    try:
        baseline = Baseline.model_validate_json(content)
    except ValidationError as error:
        problems = explain(error)
        raise BaselineError(
            f"baseline = '{source}' is not a transformer baseline of schema {SCHEMA}: "
            f"{problems if len(problems) < 400 else problems[:400] + ' ...'}"
        ) from None
    if text is not None and text.sha256 != baseline.text_sha256:
        raise BaselineError(
            f"baseline = '{source}' was trained on {baseline.text_name!r} (sha256 {baseline.text_sha256[:12]}), "
            f"not on {text.name!r} (sha256 {text.sha256[:12]}): compare on that text, or train a baseline on this one"
        )
    return baseline


def save_baseline(baseline: Baseline, path: str | Path) -> None:
    """Write the result file; an existing one is replaced only once the new one is complete."""
    write_whole(path, baseline.model_dump_json(indent=1) + "\n")


def assemble(text: Text, tuning: Sequence[Trial], curves: Sequence[Curve], note: str) -> Baseline:
    """Curves and trials with their provenance: text, date, torch, processor."""
    return Baseline(
        schema_number=SCHEMA,
        text_name=text.name,
        text_sha256=text.sha256,
        made_on=time.strftime("%Y-%m-%d"),
        torch=_gpt().torch.__version__,
        cpu=_processor(),
        note=note,
        tuning=tuple(tuning),
        curves=tuple(curves),
    )


def _point(run, shape: Shape, last: bool) -> Point:
    """Score a run; `last` for the last weights in place of the averaged ones."""
    validation, test, validation_last = run.score(last)
    return Point(
        tokens=run.tokens,
        flops=shape.training_flops(run.tokens),
        validation_bits=validation,
        test_bits=test,
        validation_bits_last=validation_last,
        wall_s=round(run.seconds, 3),
    )


def _rate(hyper: Hyper, seen: int, tokens: int, end: int) -> float:
    """The learning rate of the next step."""
    if seen >= tokens:
        return hyper.learning_rate * (end - seen) / (end - tokens)
    step = 1 if not hyper.warmup_tokens else min(1.0, (seen + 1) / hyper.warmup_tokens)
    return hyper.learning_rate * step


def _hyper_of(baseline: Baseline, shape: Shape) -> Hyper:
    """Of the curve with the nearest width."""
    return min(baseline.curves, key=lambda curve: abs(math.log(curve.shape.width / shape.width))).hyper


def _gpt():
    try:
        from . import gpt
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise TorchMissing('training a transformer needs PyTorch: pip install -e ".[transformer]"') from None
    return gpt


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
