"""How the transformer baseline was tuned: trials of one question at a time, for five shapes that make a lower envelope.

A trial is a run with a constant learning rate, judged by the validation bits per character at its end; the best answer to
a question is kept for the next one. Seven trials of 500,000 characters go to the small shape and five to the large one,
which starts from the small one's best: as many as every contender family has. Three tiny shapes, which reach poor
qualities for a hundredth of the cost, are tuned for those: six trials of 32,000 characters each, after which their
curves are 500,000 long. Dropout is zero throughout: the runs see the
text at most some ten times, and validation never rose.

The architecture (rotary positions, local start of the attention, squared ReLU, averaged weights, initial scales) was
fixed before, by 38 runs of 250,000 to 1,000,000 characters that were judged on validation. They are not in the table
and not in that budget: the baseline had that much more attention, on purpose. Most of the gain is from the rotary
positions and the local start (at 250,000 characters 2.5 bits per character, 3.2 for an untuned nanoGPT layout).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ..tasks.text import Text
from .curves import Baseline, Curve, Hyper, Point, Shape, TrainingDiverged, Trial
from .transformer import LARGE, SMALL, Progress, assemble, train_transformer

Change = Callable[[Hyper], Hyper]


def _scaled(rate: float) -> Change:
    return lambda hyper: hyper.model_copy(update={"learning_rate": hyper.learning_rate * rate})


def _batch(factor: float) -> Change:
    """Another batch, the learning rate with its square root (the rule for Adam)."""
    return lambda hyper: hyper.model_copy(
        update={"batch": max(1, round(hyper.batch * factor)), "learning_rate": hyper.learning_rate * factor**0.5}
    )


def _set(**values: float) -> Change:
    return lambda hyper: hyper.model_copy(update=values)


# (question, changes to try on the best so far)
_SMALL_QUESTIONS: tuple[tuple[str, tuple[Change, ...]], ...] = (
    ("start", (_set(),)),
    ("learning rate x1/2, x2", (_scaled(0.5), _scaled(2.0))),
    ("batch x1/2, x2", (_batch(0.5), _batch(2.0))),
    ("beta2 = 0.999", (_set(beta2=0.999),)),
    ("weight decay = 0.1", (_set(weight_decay=0.1),)),
)
_LARGE_QUESTIONS: tuple[tuple[str, tuple[Change, ...]], ...] = (
    ("start from the small shape's best", (_set(),)),
    ("learning rate x1/2, x1/sqrt 2", (_scaled(0.5), _scaled(0.5**0.5))),
    ("batch x2", (_batch(2.0),)),
    ("warm-up = 5,000", (_set(warmup_tokens=5_000),)),
)
TINY = (
    Shape(width=16, layers=1, heads=2, context=16),
    Shape(width=32, layers=1, context=16),
    Shape(width=64, layers=1, context=16),
)
TINY_TRIAL, TINY_TOKENS = 32_000, 500_000
_TINY_START = Hyper(learning_rate=8e-3, batch=8, warmup_tokens=2_000)
_TINY_QUESTIONS: tuple[tuple[str, tuple[Change, ...]], ...] = (
    ("start", (_set(),)),
    ("learning rate x1/2, x2", (_scaled(0.5), _scaled(2.0))),
    ("batch x1/2, x2", (_batch(0.5), _batch(2.0))),
    ("warm-up = 500", (_set(warmup_tokens=500),)),
)


def tune(
    text: Text,
    tokens: int,
    seed: int,
    say: Callable[[Trial], None],
    known: Collection[Shape] = (),
) -> tuple[tuple[Trial, ...], dict[Shape, Hyper]]:
    """All trials, and the best hyperparameters of each shape that is not known.

    Parameters
    ----------
    tokens : int
        Of a trial; a tiny shape's has `TINY_TRIAL` at most.
    say : callable
        Is told of each trial as it ends.
    known : collection of Shape
        Shapes that have been tuned before.
    """
    trials: list[Trial] = []
    best: dict[Shape, Hyper] = {}
    series: list[tuple[Shape, Hyper | None, int, tuple[tuple[str, tuple[Change, ...]], ...]]] = [
        (SMALL, Hyper(), tokens, _SMALL_QUESTIONS),
        (LARGE, None, tokens, _LARGE_QUESTIONS),
        *((shape, _TINY_START, min(tokens, TINY_TRIAL), _TINY_QUESTIONS) for shape in TINY),
    ]
    hyper = Hyper()
    for shape, start, of_trial, questions in series:
        if shape in known:
            continue
        hyper = start or hyper  # the large shape starts from the small one's best
        lowest = float("inf")
        for question, changes in questions:
            asked = hyper
            for change in changes:
                trial = _try(text, shape, change(asked), of_trial, seed, question)
                trials.append(trial)
                say(trial)
                if trial.validation_bits is not None and trial.validation_bits < lowest:
                    lowest, hyper = trial.validation_bits, trial.hyper
        best[shape] = hyper
    return tuple(trials), best


def make_baseline(
    text: Text, trial_tokens: int, tokens: int, seed: int, known: Baseline | None = None
) -> Iterator[Baseline]:
    """Tune, then train one long curve of each shape. Yields the baseline so far after every curve.

    `known`: a baseline on the same text, whose shapes are kept as they are. Ctrl-C during a long curve keeps its checkpoints
    and ends the series.
    """
    before = known.curves if known else ()
    shapes = [curve.shape for curve in before]
    trials, best = tune(text, trial_tokens, seed, lambda trial: print(_line(trial), flush=True), shapes)
    trials = (*(known.tuning if known else ()), *trials)
    curves: list[Curve] = list(before)
    for shape, hyper in best.items():
        length = min(tokens, TINY_TOKENS) if shape in TINY else tokens
        curves.append(train_transformer(text, shape, hyper, length, seed, _tell(shape)))
        yield assemble(text, trials, curves, " ".join((__doc__ or "").split()))
        if curves[-1].stopped:
            return


def _try(text: Text, shape: Shape, hyper: Hyper, tokens: int, seed: int, question: str) -> Trial:
    try:
        curve = train_transformer(text, shape, hyper.model_copy(update={"decay": 0.0}), tokens, seed, marks=(tokens,))
        bits = curve.points[-1].validation_bits
    except TrainingDiverged:
        bits = None
    return Trial(shape=shape, hyper=hyper, tokens=tokens, seed=seed, question=question, validation_bits=bits)


def _tell(shape: Shape) -> Progress:
    def tell(seen: int, end: int, point: Point | None) -> None:
        if point:
            print(f"{shape.name} {seen:,} of {end:,}: {point.model_dump()}", flush=True)

    return tell


def _line(trial: Trial) -> str:
    return f"trial {trial.shape.name} [{trial.question}] {trial.hyper.model_dump()}: {trial.validation_bits}"
